//! `…/discussions/{num}`: everything that happened in a discussion, and what a pull request changes.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use hub_account::NamespaceId;
use hub_community::{
    Comment, Community, Happening, Missing, Opinion, PullThread, Standing, Status, Thread, ThreadEvent, Verdict,
};
use hub_core::{Access, Code, ThreadNumber, Timestamp};
use hub_http::{AccessClass, Addr, ApiRouter, Path};
use hub_repo::{RepoError, Repos};
use serde::Deserialize;

use super::list::status_words;
use super::notes::{NoteView, notes};
use crate::WebState;
use crate::address::RepoUrls;
use crate::error::{Answer, PageError};
use crate::markdown::{self, Place, SafeHtml};
use crate::reactions::FACES;
use crate::repo::commit::{FILES_MAX, FileDiff, file_diffs};
use crate::repo::{Opened, RepoHead, for_each_kind, get};
use crate::shell::Shell;
use crate::visit::Visit;

/// How many paths one line names.
const PATHS_MAX: usize = 10;

pub(super) fn routes() -> ApiRouter<WebState> {
    for_each_kind(ApiRouter::new(), "/discussions/{num}", |path| get(AccessClass::Read, path).to(show))
}

/// The number in the address.
#[derive(Deserialize)]
pub(super) struct Num {
    num: String,
}

impl Num {
    pub(super) fn parse(&self, visit: &Visit) -> Result<ThreadNumber, PageError> {
        self.num.parse().map_err(|_| PageError::told(Code::NotFound, visit.words.get("error.nothing")))
    }
}

#[derive(Template)]
#[template(path = "repo/discussions/thread.html")]
struct ThreadPage {
    shell: Shell,
    head: RepoHead,
    number: i64,
    here: String,
    title: String,
    status: &'static str,
    status_class: &'static str,
    author: Option<String>,
    created: Timestamp,
    pinned: bool,
    locked: bool,
    events: Vec<EventView>,
    pull: Option<PullView>,
    review: Option<ReviewView>,
    files: Vec<FileDiff>,
    total: u64,
    is_cut: bool,
    can_speak: bool,
    can_change: bool,
    can_write: bool,
    is_live: bool,
    is_merged: bool,
    is_draft: bool,
    /// Whether the reader hears no more of it; `None` for strangers.
    is_muted: Option<bool>,
    problem: Option<String>,
}

/// What a pull request has beside its discussion.
struct PullView {
    base: String,
    branch: String,
    conflicts: Vec<String>,
    merge: Option<String>,
    is_ref_deleted: bool,
    can_merge: bool,
    can_delete_ref: bool,
}

/// What people think of a pull request, and what it lacks.
struct ReviewView {
    opinions: Vec<OpinionView>,
    missing: Vec<String>,
    /// Where the pull request is that a review is about; `None` for those who cannot give one.
    commit: Option<String>,
    can_judge: bool,
}

/// What a person thinks.
struct OpinionView {
    id: String,
    author: Option<String>,
    verdict: &'static str,
    verdict_class: &'static str,
    is_stale: bool,
    counts: bool,
}

/// Something that happened.
struct EventView {
    id: String,
    author: Option<String>,
    at: Timestamp,
    /// The text of a comment.
    html: Option<SafeHtml>,
    raw: String,
    /// The lines that a comment is about.
    note_on: Option<NoteView>,
    /// The verdict of a review, and its colour.
    verdict: Option<(&'static str, &'static str)>,
    /// What is told of everything else.
    note: Option<String>,
    edits: u64,
    can_edit: bool,
    can_hide: bool,
    can_report: bool,
    can_react: bool,
    /// The word, the picture and the number of those who feel so, and whether the reader does.
    reactions: Vec<(&'static str, &'static str, u64, bool)>,
}

/// `GET …/discussions/{num}`
async fn show(
    visit: Visit,
    State(repos): State<Repos>,
    State(community): State<Community>,
    Addr(addr): Addr,
    Path(num): Path<Num>,
) -> Answer {
    let number = num.parse(&visit)?;
    let opened = Opened::open(&repos, &visit, &addr, Access::Metadata).await?;
    thread_page(&visit, &community, &opened, number, StatusCode::OK, None).await
}

/// The page of a discussion, perhaps with what went wrong.
pub(super) async fn thread_page(
    visit: &Visit,
    community: &Community,
    opened: &Opened,
    number: ThreadNumber,
    status: StatusCode,
    problem: Option<String>,
) -> Answer {
    let repo = &opened.repo;
    let thread = community.thread(repo, number).await?;
    community.saw_discussion(&visit.caller, &thread.discussion).await?;
    let head = opened.head("discussions");
    let me = visit.caller.user().map(|user| user.id);
    let can_write = repo.permits(Access::Write);
    let can_speak = me.is_some() && repo.may_discuss() && (!thread.discussion.locked || can_write);
    let can_change = me == Some(thread.discussion.author) && repo.may_discuss() || can_write;
    let (mut files, mut total) = (Vec::new(), 0);
    if let Some(found) = thread.pull.as_ref().filter(|found| found.pull.head.is_some()) {
        let changes = match repo.pull_changes(&found.pull).await {
            Err(RepoError::TooLarge(_)) => Vec::new(),
            changes => changes?,
        };
        total = changes.len();
        files = file_diffs(visit, opened, &head, &changes, number.pull_ref().as_str()).await?;
    }
    let state = thread.discussion.status;
    let live = matches!(state, Status::Open | Status::Draft);
    let (words, status_class) = status_words(state);
    let mut notes = notes(visit, community, repo, (number, &thread), live).await?;
    let texts = rendered(RepoUrls::of(repo.addr()), &thread, community).await?;
    let standing = match thread.pull {
        Some(_) => Some(community.standing(repo, number).await?),
        None => None,
    };
    let can_review = can_speak && live && repo.permits(Access::Read);
    let head_commit = thread.pull.as_ref().and_then(|found| found.pull.head).filter(|_| can_review);
    let is_author = me == Some(thread.discussion.author);
    let review = standing.as_ref().map(|standing| ReviewView {
        opinions: standing.opinions.iter().map(|opinion| opinion_view(visit, standing, opinion)).collect(),
        missing: match live {
            true => standing.missing.iter().map(|missing| missing_words(visit, standing, missing)).collect(),
            false => Vec::new(),
        },
        commit: head_commit.map(|head| head.to_string()),
        can_judge: !is_author,
    });
    let reviewed = standing.as_ref().is_none_or(|standing| standing.missing.is_empty());
    let reader = Reader { visit, thread: &thread, me, can_write, can_speak };
    let view = ThreadPage {
        shell: visit.shell(repo.addr().kind.plural()),
        number: number.get(),
        here: format!("{}/{number}", head.discussions()),
        title: thread.discussion.title.clone(),
        status: visit.words.get(words),
        status_class,
        author: thread.people.get(thread.discussion.author).map(|author| author.name.to_string()),
        created: thread.discussion.created,
        pinned: thread.discussion.pinned,
        locked: thread.discussion.locked,
        events: thread
            .events
            .iter()
            .zip(texts)
            .map(|(event, html)| EventView { note_on: notes.remove(&event.id), ..reader.event(event, html) })
            .collect(),
        pull: thread.pull.as_ref().map(|found| pull_view(found, state, can_change, can_write && reviewed)),
        review,
        total: total as u64,
        is_cut: total > FILES_MAX,
        files,
        can_speak,
        can_change,
        can_write,
        is_live: live,
        is_merged: state == Status::Merged,
        is_draft: state == Status::Draft,
        is_muted: match me {
            Some(_) => Some(community.has_muted(repo, &thread.discussion).await?),
            None => None,
        },
        problem,
        head,
    };
    Ok(visit.page(status, &view))
}

/// The word of a verdict, and its colour.
fn verdict_words(verdict: Verdict) -> (&'static str, &'static str) {
    match verdict {
        Verdict::Comment => ("review.comment", ""),
        Verdict::Approve => ("review.approve", "good"),
        Verdict::RequestChanges => ("review.changes", "bad"),
    }
}

fn opinion_view(visit: &Visit, standing: &Standing, opinion: &Opinion) -> OpinionView {
    let (word, verdict_class) = verdict_words(opinion.review.verdict);
    OpinionView {
        id: opinion.review.event.wire(),
        author: standing.people.get(opinion.review.reviewer).map(|person| person.name.to_string()),
        verdict: visit.words.get(word),
        verdict_class,
        is_stale: opinion.is_stale,
        counts: opinion.counts,
    }
}

/// What is missing, as a line of the page.
fn missing_words(visit: &Visit, standing: &Standing, missing: &Missing) -> String {
    match missing {
        Missing::Approvals { given, wanted } => visit.words.fill("review.missing.approvals", &[given, wanted]),
        Missing::Changes { by } => {
            let names = by.iter().filter_map(|id| standing.people.get(*id)).map(|person| person.name.to_string());
            visit.words.fill("review.missing.changes", &[&names.collect::<Vec<_>>().join(", ")])
        }
        Missing::Unknown { reason } => visit.words.fill("review.missing.unknown", &[reason]),
        Missing::Owners { owners, paths } => {
            let owners = owners.iter().map(|name| format!("@{name}")).collect::<Vec<_>>().join(", ");
            let mut told = paths.iter().take(PATHS_MAX).cloned().collect::<Vec<_>>().join(", ");
            if paths.len() > PATHS_MAX {
                told.push_str(", …");
            }
            let line = if told.is_empty() { owners } else { format!("{owners} ({told})") };
            visit.words.fill("review.missing.owners", &[&line])
        }
    }
}

fn pull_view(found: &PullThread, state: Status, can_change: bool, can_write: bool) -> PullView {
    let pull = &found.pull;
    let is_live = matches!(state, Status::Open | Status::Draft);
    PullView {
        base: pull.base.short().to_owned(),
        branch: pull.number.pull_ref().to_string(),
        conflicts: found.conflicts.clone(),
        merge: pull.merged.map(|merged| merged.commit.to_string()),
        is_ref_deleted: pull.head.is_none(),
        can_merge: can_write && state == Status::Open && found.conflicts.is_empty() && pull.head.is_some(),
        can_delete_ref: can_change && !is_live && pull.head.is_some(),
    }
}

/// Renders the comments, away from the threads that serve requests; other events have no text.
pub(super) async fn rendered(
    urls: RepoUrls,
    thread: &Thread,
    community: &Community,
) -> Result<Vec<Option<SafeHtml>>, PageError> {
    let text = |event: &ThreadEvent| match &event.what {
        Happening::Comment(comment) if comment.hidden_by.is_none() => Some(comment.body.clone()),
        _ => None,
    };
    let texts: Arc<[Option<String>]> = thread.events.iter().map(text).collect();
    let known = community.mentioned(texts.iter().flatten().map(String::as_str)).await?;
    let render = move || -> Vec<Option<SafeHtml>> {
        let place = Place { urls, revision: "main".to_owned(), folder: String::new() };
        texts
            .iter()
            .map(|text| text.as_ref().map(|text| markdown::render(text, &place).html.with_mentions(&known)))
            .collect()
    };
    let rendered = tokio::task::spawn_blocking(render).await;
    rendered.map_err(|error| PageError::from(hub_http::ApiError::internal(error)))
}

/// Who reads the page, and what they may do.
struct Reader<'a> {
    visit: &'a Visit,
    thread: &'a Thread,
    me: Option<NamespaceId>,
    can_write: bool,
    can_speak: bool,
}

impl Reader<'_> {
    fn event(&self, event: &ThreadEvent, html: Option<SafeHtml>) -> EventView {
        let words = self.visit.words;
        let mut view = EventView {
            id: event.id.clone(),
            author: event.author.and_then(|id| self.thread.people.get(id)).map(|author| author.name.to_string()),
            at: event.at,
            html,
            raw: String::new(),
            note_on: None,
            verdict: None,
            note: None,
            edits: 0,
            can_edit: false,
            can_hide: false,
            can_report: false,
            can_react: false,
            reactions: Vec::new(),
        };
        view.note = match &event.what {
            Happening::Comment(comment) => return self.comment(event, comment, view),
            Happening::Status(status) => {
                let (word, _) = status_words(*status);
                Some(words.fill("talk.became", &[&words.get(word)]))
            }
            Happening::Title { from, to } => Some(words.fill("talk.renamed", &[from, to])),
            Happening::Pinned(true) => Some(words.get("talk.didpin").to_owned()),
            Happening::Pinned(false) => Some(words.get("talk.didunpin").to_owned()),
            Happening::Locked(true) => Some(words.get("talk.didlock").to_owned()),
            Happening::Locked(false) => Some(words.get("talk.didunlock").to_owned()),
            Happening::RefDeleted => Some(words.get("talk.didref").to_owned()),
            Happening::Commit { oid, subject } => {
                let short: String = oid.to_string().chars().take(7).collect();
                Some(words.fill("talk.committed", &[&short, subject]))
            }
        };
        view
    }

    fn comment(&self, event: &ThreadEvent, comment: &Comment, mut view: EventView) -> EventView {
        let is_mine = self.me.is_some() && self.me == event.author;
        if comment.hidden_by.is_some() {
            view.note = Some(self.visit.words.get("talk.washidden").to_owned());
            return view;
        }
        view.verdict = comment.review.map(|review| {
            let (word, class) = verdict_words(review.verdict);
            (self.visit.words.get(word), class)
        });
        view.raw = comment.body.clone();
        view.edits = comment.history.len() as u64;
        view.can_edit = is_mine && self.can_speak;
        view.can_report = !is_mine;
        view.can_hide = self.can_speak && (is_mine || self.can_write);
        view.can_react = self.can_speak;
        for (reaction, face) in FACES {
            let found = comment.reactions.iter().find(|known| known.reaction == reaction);
            let people = found.map(|known| known.people.as_slice()).unwrap_or_default();
            let mine = self.me.is_some_and(|me| people.contains(&me));
            if self.can_speak || !people.is_empty() {
                view.reactions.push((reaction.word(), face, people.len() as u64, mine));
            }
        }
        view
    }
}
