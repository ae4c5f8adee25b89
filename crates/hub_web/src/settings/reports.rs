//! `/settings/reports`: what a person reported, and decisions about what is theirs, with their appeal; and the form by
//! which something is reported.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use hub_community::{
    Community, NewReport, PieceKind, RemarkId, Report, ReportId, ReportReason, ReportSubject, Reported, SubjectKind,
    ThreadEventId,
};
use hub_core::{Code, RepoAddr, RepoKind, ThreadNumber, Timestamp, UserError};
use hub_http::{ApiRouter, JsonOrForm, Query};
use serde::Deserialize;

use super::{get, post};
use crate::WebState;
use crate::error::{Answer, PageError, is_mendable, sentence};
use crate::page::go_to;
use crate::shell::Shell;
use crate::visit::Visit;

pub(super) fn routes() -> ApiRouter<WebState> {
    ApiRouter::new()
        .route(get("/settings/reports").to(show))
        .route(get("/settings/reports/new").to(form))
        .route(post("/settings/reports/new").to(report))
        .route(post("/settings/reports").to(appeal))
}

#[derive(Template)]
#[template(path = "settings/reports/page.html")]
struct ReportsPage {
    shell: Shell,
    made: Vec<MadeLine>,
    about: Vec<AboutLine>,
    problem: Option<String>,
}

/// A report of the reader's.
struct MadeLine {
    label: String,
    reason: &'static str,
    state: &'static str,
    text: String,
    at: Timestamp,
}

/// A decision about something of the reader's.
struct AboutLine {
    id: String,
    label: String,
    reason: &'static str,
    decision: &'static str,
    state: &'static str,
    note: String,
    appeal: Option<String>,
    answer: Option<(&'static str, String)>,
    can_appeal: bool,
    at: Timestamp,
}

/// A word of a closed vocabulary as pages say it.
pub(crate) fn said(visit: &Visit, group: &str, word: &str) -> &'static str {
    visit.words.find(&format!("report.{group}.{word}")).unwrap_or_default()
}

/// `GET /settings/reports`
async fn show(visit: Visit, State(community): State<Community>) -> Answer {
    visit.person()?;
    reports_page(&visit, &community, StatusCode::OK, None).await
}

async fn reports_page(visit: &Visit, community: &Community, status: StatusCode, problem: Option<String>) -> Answer {
    let own = community.own_reports(&visit.caller).await?;
    let made = |report: Report| MadeLine {
        reason: said(visit, "reason", report.reason.word()),
        state: match (report.decision.is_some(), report.has_effect()) {
            (false, _) => visit.words.get("report.waits"),
            (true, true) => visit.words.get("report.acted"),
            (true, false) => visit.words.get("report.notacted"),
        },
        label: report.subject.label,
        text: report.text,
        at: report.created,
    };
    let about = |report: Report| AboutLine {
        id: report.id.wire(),
        reason: said(visit, "reason", report.reason.word()),
        decision: report.decision.map_or("", |decision| said(visit, "decision", decision.word())),
        state: said(visit, "state", report.state.word()),
        can_appeal: report.can_appeal(),
        answer: report.outcome.map(|outcome| (said(visit, "outcome", outcome.word()), report.answer)),
        label: report.subject.label,
        note: report.note,
        appeal: report.appeal,
        at: report.changed,
    };
    let view = ReportsPage {
        shell: visit.shell("reports"),
        made: own.made.into_iter().map(made).collect(),
        about: own.about.into_iter().map(about).collect(),
        problem,
    };
    community.mark_reports_read(&visit.caller).await?;
    Ok(visit.page(status, &view))
}

/// Against which decision, and why.
#[derive(Deserialize)]
struct AppealBody {
    form_token: String,
    report: String,
    #[serde(default)]
    text: String,
}

/// `POST /settings/reports`
async fn appeal(visit: Visit, State(community): State<Community>, JsonOrForm(body): JsonOrForm<AppealBody>) -> Answer {
    visit.check(&body.form_token)?;
    visit.person()?;
    let id = ReportId::of_wire(&body.report).ok_or_else(|| missing(&visit))?;
    match community.appeal(&visit.caller, id, &body.text).await {
        Ok(_) => Ok(go_to("/settings/reports?done=appealed")),
        Err(error) if is_mendable(&error) => {
            let problem = Some(sentence(error.message()));
            reports_page(&visit, &community, StatusCode::UNPROCESSABLE_ENTITY, problem).await
        }
        Err(error) => Err(error.into()),
    }
}

fn missing(visit: &Visit) -> PageError {
    PageError::told(Code::NotFound, visit.words.get("error.nothing"))
}

/// What is reported, as the controls of pages name it.
#[derive(Deserialize, Default, Clone)]
#[serde(default)]
struct Named {
    /// The kind of the repository and its name.
    kind: String,
    repo: String,
    /// A comment in it.
    num: i64,
    comment: String,
    /// A person.
    user: String,
    /// A post or article: `posts/{owner}/{slug}`.
    post: String,
}

impl Named {
    fn reported(&self) -> Option<Reported> {
        if !self.user.is_empty() {
            return Some(Reported::User(self.user.parse().ok()?));
        }
        if !self.post.is_empty() {
            let [root, owner, slug] = self.post.split('/').collect::<Vec<_>>().try_into().ok()?;
            let kind = PieceKind::ALL.iter().copied().find(|kind| kind.root() == root)?;
            let remark = match self.comment.is_empty() {
                true => None,
                false => Some(RemarkId::of_wire(&self.comment)?),
            };
            return Some(Reported::Piece { kind, owner: owner.parse().ok()?, slug: slug.to_owned(), remark });
        }
        let (namespace, name) = self.repo.split_once('/')?;
        let kind = RepoKind::from_word(&self.kind).filter(|kind| kind.word() == self.kind)?;
        let repo = RepoAddr { kind, namespace: namespace.parse().ok()?, name: name.parse().ok()? };
        if self.comment.is_empty() {
            return Some(Reported::Repo(repo));
        }
        let comment = ThreadEventId::of_wire(&self.comment)?;
        Some(Reported::Comment { repo, number: ThreadNumber::new(self.num), comment })
    }
}

#[derive(Template)]
#[template(path = "settings/reports/new.html")]
struct FormPage {
    shell: Shell,
    named: Named,
    label: String,
    /// Word, label, and whether it is chosen.
    reasons: Vec<(&'static str, &'static str, bool)>,
    text: String,
    problem: Option<String>,
}

fn form_page(visit: &Visit, subject: ReportSubject, body: &ReportBody, problem: Option<String>) -> FormPage {
    let reasons = ReportReason::ALL
        .iter()
        .filter(|reason| **reason != ReportReason::Malware || subject.kind != SubjectKind::User)
        .map(|reason| (reason.word(), said(visit, "reason", reason.word()), reason.word() == body.reason))
        .collect();
    FormPage {
        shell: visit.shell("reports"),
        named: body.named(),
        label: subject.label,
        reasons,
        text: body.text.clone(),
        problem,
    }
}

/// `GET /settings/reports/new`
async fn form(visit: Visit, State(community): State<Community>, Query(named): Query<Named>) -> Answer {
    visit.person()?;
    let what = named.reported().ok_or_else(|| missing(&visit))?;
    let subject = community.reported(&visit.caller, &what).await?;
    let Named { kind, repo, num, comment, user, post } = named;
    let body = ReportBody { kind, repo, num, comment, user, post, ..ReportBody::default() };
    Ok(visit.page(StatusCode::OK, &form_page(&visit, subject, &body, None)))
}

/// What is reported, why, and what is said about it.
#[derive(Deserialize, Default)]
#[serde(default)]
struct ReportBody {
    form_token: String,
    kind: String,
    repo: String,
    num: i64,
    comment: String,
    user: String,
    post: String,
    reason: String,
    text: String,
}

impl ReportBody {
    fn named(&self) -> Named {
        Named {
            kind: self.kind.clone(),
            repo: self.repo.clone(),
            num: self.num,
            comment: self.comment.clone(),
            user: self.user.clone(),
            post: self.post.clone(),
        }
    }
}

/// `POST /settings/reports/new`
async fn report(visit: Visit, State(community): State<Community>, JsonOrForm(body): JsonOrForm<ReportBody>) -> Answer {
    visit.check(&body.form_token)?;
    visit.person()?;
    let what = body.named().reported().ok_or_else(|| missing(&visit))?;
    let subject = community.reported(&visit.caller, &what).await?;
    let refused = |problem: String| {
        visit.page(StatusCode::UNPROCESSABLE_ENTITY, &form_page(&visit, subject, &body, Some(problem)))
    };
    let Some(reason) = ReportReason::from_word(&body.reason) else {
        return Ok(refused(visit.words.get("report.choose").to_owned()));
    };
    match community.report(&visit.caller, &what, &NewReport { reason, text: body.text.clone() }).await {
        Ok(_) => Ok(go_to("/settings/reports?done=reported")),
        Err(error) if is_mendable(&error) => Ok(refused(sentence(error.message()))),
        Err(error) => Err(error.into()),
    }
}
