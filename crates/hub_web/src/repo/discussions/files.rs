//! `…/discussions/{num}/files` and `…/line`: what a pull request changes, line by line, with what people say of the lines.

use std::collections::HashMap;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use hub_community::{Community, CommunityError, NewLineComment, Side};
use hub_core::{Access, ThreadNumber, Timestamp, UserError};
use hub_http::{AccessClass, Addr, ApiRouter, JsonOrForm, Path, Query};
use hub_repo::{Attention, LineRange, RepoError, Repos};
use serde::Deserialize;

use super::notes::{NoteView, notes};
use super::thread::{Num, rendered};
use crate::WebState;
use crate::address::{RepoUrls, escape_value};
use crate::error::{Answer, PageError, is_mendable, sentence};
use crate::markdown::SafeHtml;
use crate::page::go_to;
use crate::repo::commit::{FILES_MAX, FileDiff, file_diffs};
use crate::repo::{Opened, RepoHead, for_each_kind, get, post};
use crate::shell::Shell;
use crate::visit::Visit;

pub(super) fn routes() -> ApiRouter<WebState> {
    let router =
        for_each_kind(ApiRouter::new(), "/discussions/{num}/files", |path| get(AccessClass::Read, path).to(show));
    let propose = AccessClass::Propose;
    let router = for_each_kind(router, "/discussions/{num}/line", |path| get(propose, path).to(line_form));
    for_each_kind(router, "/discussions/{num}/line", |path| post(propose, path).to(comment))
}

#[derive(Template)]
#[template(path = "repo/discussions/files.html")]
struct FilesPage {
    shell: Shell,
    head: RepoHead,
    number: i64,
    here: String,
    title: String,
    files: Vec<FileView>,
    total: u64,
    is_cut: bool,
    can_comment: bool,
}

/// A file that differs.
struct FileView {
    diff: FileDiff,
    rows: Vec<RowView>,
    /// Comments on lines that are not shown.
    rest: Vec<SaidView>,
}

/// A line of a difference.
struct RowView {
    class: &'static str,
    text: String,
    old: Option<u32>,
    new: Option<u32>,
    /// Where to comment on it.
    href: Option<String>,
    said: Vec<SaidView>,
}

/// A comment on lines.
struct SaidView {
    id: String,
    author: Option<String>,
    at: Timestamp,
    html: Option<SafeHtml>,
    note: NoteView,
}

/// `GET …/discussions/{num}/files`
async fn show(
    visit: Visit,
    State(repos): State<Repos>,
    State(community): State<Community>,
    Addr(addr): Addr,
    Path(num): Path<Num>,
) -> Answer {
    let number = num.parse(&visit)?;
    let opened = Opened::open(&repos, &visit, &addr, Access::Metadata).await?;
    let repo = &opened.repo;
    let thread = community.thread(repo, number).await?;
    let pull = community.pull_of(repo, number).await?;
    let changes = match repo.pull_changes(&pull).await {
        Err(RepoError::TooLarge(_)) => Vec::new(),
        changes => changes?,
    };
    let head = opened.head("discussions");
    let here = format!("{}/{number}", head.discussions());
    let diffs = file_diffs(&visit, &opened, &head, &changes, number.pull_ref().as_str()).await?;
    let is_live = matches!(thread.discussion.status, hub_community::Status::Open | hub_community::Status::Draft);
    let can_comment = is_live
        && visit.caller.user().is_some()
        && repo.may_discuss()
        && repo.permits(Access::Read)
        && (!thread.discussion.locked || repo.permits(Access::Write));
    let texts = rendered(RepoUrls::of(repo.addr()), &thread, &community).await?;
    let mut notes = notes(&visit, &community, repo, (number, &thread), is_live).await?;
    let mut by_path: HashMap<String, Vec<SaidView>> = HashMap::new();
    for (event, html) in thread.events.iter().zip(texts) {
        let Some(note) = notes.remove(&event.id) else { continue };
        let author = event.author.and_then(|id| thread.people.get(id)).map(|author| author.name.to_string());
        let said = SaidView { id: event.id.clone(), author, at: event.at, html, note };
        by_path.entry(said.note.comment.path.clone()).or_default().push(said);
    }
    let view = FilesPage {
        shell: visit.shell(repo.addr().kind.plural()),
        number: number.get(),
        title: thread.discussion.title.clone(),
        total: changes.len() as u64,
        is_cut: changes.len() > FILES_MAX,
        files: diffs.into_iter().map(|diff| file_view(diff, &mut by_path, can_comment.then_some(&here))).collect(),
        here,
        head,
        can_comment,
    };
    Ok(visit.page(StatusCode::OK, &view))
}

fn file_view(mut diff: FileDiff, by_path: &mut HashMap<String, Vec<SaidView>>, here: Option<&String>) -> FileView {
    let old_path = diff.old_path.clone().unwrap_or_else(|| diff.path.clone());
    let mut said = by_path.remove(&diff.path).unwrap_or_default();
    if old_path != diff.path {
        said.extend(by_path.remove(&old_path).unwrap_or_default());
    }
    let (mut old, mut new) = (0, 0);
    let mut rows = Vec::new();
    for line in std::mem::take(&mut diff.lines) {
        let mut row =
            RowView { class: line.class, text: line.text, old: None, new: None, href: None, said: Vec::new() };
        if row.class == "place" {
            (old, new) = starts(&row.text);
        } else if !row.text.starts_with('\\') {
            if row.class != "added" {
                row.old = Some(old);
                old += 1;
            }
            if row.class != "removed" {
                row.new = Some(new);
                new += 1;
            }
        }
        // A line that stayed is commented on as it is now.
        let place =
            row.new.map(|line| (Side::New, line, &diff.path)).or(row.old.map(|line| (Side::Old, line, &old_path)));
        if let (Some(here), Some((side, line, path))) = (here, place) {
            row.href = Some(format!("{here}/line?side={}&line={line}&path={}", side.word(), escape_value(path)));
        }
        let is_here = |said: &SaidView| {
            let last = said.note.comment.place.map(|place| place.last);
            last.is_some() && last == if said.note.comment.side == Side::New { row.new } else { row.old }
        };
        let (here, rest) = said.into_iter().partition(is_here);
        row.said = here;
        said = rest;
        rows.push(row);
    }
    FileView { diff, rows, rest: said }
}

/// Where a hunk begins on both sides.
fn starts(text: &str) -> (u32, u32) {
    let number = |sign: char| {
        let word = text.split(' ').find_map(|word| word.strip_prefix(sign));
        word.and_then(|word| word.split(',').next()).and_then(|word| word.parse().ok()).unwrap_or(0)
    };
    (number('-'), number('+'))
}

/// Which line.
#[derive(Deserialize)]
struct LineQuery {
    path: String,
    side: String,
    line: u32,
}

#[derive(Template)]
#[template(path = "repo/discussions/line.html")]
struct LinePage<'a> {
    shell: Shell,
    head: RepoHead,
    here: String,
    body: &'a LineBody,
    lines: Vec<(u32, String)>,
    /// A suggestion that changes nothing yet.
    fence: String,
    problem: Option<String>,
}

/// The filled form.
#[derive(Deserialize, Default)]
#[serde(default)]
struct LineBody {
    form_token: String,
    path: String,
    side: String,
    first: u32,
    last: u32,
    text: String,
    commit: String,
}

/// `GET …/discussions/{num}/line`
async fn line_form(
    visit: Visit,
    State(repos): State<Repos>,
    State(community): State<Community>,
    Addr(addr): Addr,
    Path(num): Path<Num>,
    Query(query): Query<LineQuery>,
) -> Answer {
    let number = num.parse(&visit)?;
    visit.person()?;
    let opened = Opened::open(&repos, &visit, &addr, Access::Read).await?;
    let body =
        LineBody { path: query.path, side: query.side, first: query.line, last: query.line, ..LineBody::default() };
    line_page(&visit, (&community, &opened), number, body, StatusCode::OK, None).await
}

async fn line_page(
    visit: &Visit,
    (community, opened): (&Community, &Opened),
    number: ThreadNumber,
    mut body: LineBody,
    status: StatusCode,
    problem: Option<String>,
) -> Answer {
    let side = Side::from_word(&body.side).unwrap_or(Side::New);
    let context = community.line_context(&opened.repo, number, (&body.path, side, body.last)).await?;
    body.commit = context.commit.to_string();
    let own = context.lines.iter().find(|(number, _)| *number == body.last).map(|(_, text)| text.as_str());
    let head = opened.head("discussions");
    let view = LinePage {
        shell: visit.shell(opened.repo.addr().kind.plural()),
        here: format!("{}/{number}", head.discussions()),
        fence: format!("```suggestion\n{}\n```", own.unwrap_or_default()),
        lines: context.lines,
        head,
        body: &body,
        problem,
    };
    Ok(visit.page(status, &view))
}

/// `POST …/discussions/{num}/line`
async fn comment(
    visit: Visit,
    State(repos): State<Repos>,
    State(community): State<Community>,
    Addr(addr): Addr,
    Path(num): Path<Num>,
    JsonOrForm(body): JsonOrForm<LineBody>,
) -> Answer {
    let number = num.parse(&visit)?;
    visit.check(&body.form_token)?;
    visit.person()?;
    let opened = Opened::open(&repos, &visit, &addr, Access::Read).await?;
    let new = NewLineComment {
        path: body.path.clone(),
        side: Side::from_word(&body.side).unwrap_or(Side::New),
        lines: LineRange { first: body.first, last: body.last },
        text: body.text.clone(),
        commit: body.commit.parse().ok(),
    };
    match community.comment_line(&opened.repo, number, &new).await {
        Ok((event, _)) => {
            opened.repo.notice(Attention::Word, visit.peer).await;
            Ok(go_to(&format!("{}/{number}/files#{}", opened.head("discussions").discussions(), event.id)))
        }
        Err(CommunityError::Repo(error)) => Err(error.into()),
        Err(error) if is_mendable(&error) => {
            let problem = Some(sentence(error.message()));
            line_page(&visit, (&community, &opened), number, body, StatusCode::UNPROCESSABLE_ENTITY, problem).await
        }
        Err(error) => Err(PageError::from(error)),
    }
}
