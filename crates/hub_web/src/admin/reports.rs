//! `/admin/reports`: the queue of reports, and one of them with what may be decided.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use hub_community::{AppealOutcome, Community, Decision, Moderation, ReportId, ReportState, ReportView, Step};
use hub_core::{Code, Timestamp, UserError};
use hub_http::{ApiRouter, JsonOrForm, Path, Query};
use serde::Deserialize;

use super::{get, post};
use crate::WebState;
use crate::error::{Answer, PageError, is_mendable, sentence};
use crate::page::go_to;
use crate::settings::reports::said;
use crate::shell::Shell;
use crate::visit::Visit;

pub(super) fn routes() -> ApiRouter<WebState> {
    ApiRouter::new()
        .route(get("/admin/reports").to(queue))
        .route(get("/admin/reports/{report}").to(show))
        .route(post("/admin/reports/{report}").to(moderate))
}

/// Which of them.
#[derive(Deserialize, Default)]
#[serde(default)]
struct QueueQuery {
    state: String,
    before: String,
}

#[derive(Template)]
#[template(path = "admin/reports/queue.html")]
struct QueuePage {
    shell: Shell,
    /// Word, label, and whether it is the one in force.
    states: Vec<(&'static str, &'static str, bool)>,
    lines: Vec<Line>,
    next: Option<String>,
    problem: Option<String>,
}

/// A report in the queue.
struct Line {
    id: String,
    label: String,
    reason: &'static str,
    state: &'static str,
    reporter: Option<String>,
    at: Timestamp,
}

impl Line {
    fn of(visit: &Visit, view: &ReportView) -> Self {
        let report = &view.report;
        Self {
            id: report.id.wire(),
            label: report.subject.label.clone(),
            reason: said(visit, "reason", report.reason.word()),
            state: said(visit, "state", report.state.word()),
            reporter: view.people.get(report.reporter).map(|person| person.name.to_string()),
            at: report.created,
        }
    }
}

/// `GET /admin/reports`
async fn queue(visit: Visit, State(community): State<Community>, Query(query): Query<QueueQuery>) -> Answer {
    visit.administers()?;
    let state = ReportState::from_word(&query.state);
    let (found, next) = community.reports(&visit.caller, state, ReportId::of_wire(&query.before)).await?;
    let chosen = state.map_or("", ReportState::word);
    let all = ("", visit.words.get("report.state.all"), chosen.is_empty());
    let word = |state: &ReportState| (state.word(), said(&visit, "state", state.word()), state.word() == chosen);
    let view = QueuePage {
        shell: visit.shell("admin-reports"),
        states: std::iter::once(all).chain(ReportState::ALL.iter().map(word)).collect(),
        lines: found.iter().map(|view| Line::of(&visit, view)).collect(),
        next: next.map(|id| format!("/admin/reports?state={chosen}&before={}", id.wire())),
        problem: None,
    };
    Ok(visit.page(StatusCode::OK, &view))
}

#[derive(Template)]
#[template(path = "admin/reports/page.html")]
struct ReportPage {
    shell: Shell,
    line: Line,
    place: Option<String>,
    affected: Option<String>,
    text: String,
    evidence: String,
    decision: Option<&'static str>,
    steps: Vec<StepLine>,
    /// What may be done now.
    can_take: bool,
    can_close: bool,
    decisions: Vec<(&'static str, &'static str)>,
    outcomes: Vec<(&'static str, &'static str)>,
    note: String,
    problem: Option<String>,
}

/// What was done with the report.
struct StepLine {
    at: Timestamp,
    actor: Option<String>,
    what: &'static str,
    detail: String,
}

fn id_of(visit: &Visit, text: &str) -> Result<ReportId, PageError> {
    ReportId::of_wire(text).ok_or_else(|| PageError::told(Code::NotFound, visit.words.get("error.nothing")))
}

/// `GET /admin/reports/{report}`
async fn show(visit: Visit, State(community): State<Community>, Path(report): Path<String>) -> Answer {
    visit.administers()?;
    report_page(&visit, &community, id_of(&visit, &report)?, StatusCode::OK, "", None).await
}

async fn report_page(
    visit: &Visit,
    community: &Community,
    id: ReportId,
    status: StatusCode,
    note: &str,
    problem: Option<String>,
) -> Answer {
    let found = community.report_for_moderation(&visit.caller, id).await?;
    let report = &found.report;
    let can = |step: Step| report.state.after(step).is_some();
    let name = |id| found.people.get(id).map(|person| person.name.to_string());
    let fitting = Decision::ALL.iter().filter(|one| can(Step::Decided) && one.fits(report.subject.kind));
    let outcomes = AppealOutcome::ALL.iter().filter(|_| can(Step::Answered));
    let view = ReportPage {
        shell: visit.shell("admin-reports"),
        line: Line::of(visit, &found),
        place: found.place.clone(),
        affected: name(report.subject.affected),
        text: report.text.clone(),
        evidence: report.subject.evidence.clone(),
        decision: report.decision.map(|decision| said(visit, "decision", decision.word())),
        steps: found
            .steps
            .iter()
            .map(|step| StepLine {
                at: step.at,
                actor: name(step.actor),
                what: said(visit, "step", step.what.word()),
                detail: step.detail.clone(),
            })
            .collect(),
        can_take: can(Step::Taken),
        can_close: can(Step::Closed),
        decisions: fitting.map(|one| (one.word(), said(visit, "decision", one.word()))).collect(),
        outcomes: outcomes.map(|one| (one.word(), said(visit, "outcome", one.word()))).collect(),
        note: note.to_owned(),
        problem,
    };
    Ok(visit.page(status, &view))
}

/// What is done with the report.
#[derive(Deserialize)]
struct ModerateBody {
    form_token: String,
    act: String,
    #[serde(default)]
    choice: String,
    #[serde(default)]
    note: String,
}

/// `POST /admin/reports/{report}`
async fn moderate(
    visit: Visit,
    State(community): State<Community>,
    Path(report): Path<String>,
    JsonOrForm(body): JsonOrForm<ModerateBody>,
) -> Answer {
    visit.check(&body.form_token)?;
    visit.administers()?;
    let id = id_of(&visit, &report)?;
    let missing = || PageError::told(Code::NotFound, visit.words.get("error.nothing"));
    let note = body.note.clone();
    let what = match body.act.as_str() {
        "take" => Moderation::Take,
        "decide" => Moderation::Decide(Decision::from_word(&body.choice).ok_or_else(missing)?, note),
        "answer" => Moderation::Answer(AppealOutcome::from_word(&body.choice).ok_or_else(missing)?, note),
        "close" => Moderation::Close,
        _ => return Err(missing()),
    };
    match community.moderate(&visit.caller, id, &what).await {
        Ok(()) => Ok(go_to(&format!("/admin/reports/{}?done=saved", id.wire()))),
        Err(error) if is_mendable(&error) || error.code() == Code::NotFound => {
            let problem = Some(sentence(error.message()));
            report_page(&visit, &community, id, StatusCode::UNPROCESSABLE_ENTITY, &body.note, problem).await
        }
        Err(error) => Err(error.into()),
    }
}
