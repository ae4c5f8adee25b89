//! Reports: made by people, decided by administrators of the instance, appealed against by whoever is affected.

use axum::Json;
use axum::extract::State;
use hub_community::{
    AppealOutcome, Community, Decision, Moderation, NewReport, OwnReports, PieceKind, RemarkId, Report, ReportId,
    ReportReason, ReportState, ReportView, Reported, SubjectKind, ThreadEventId,
};
use hub_core::{Code, RepoKind, ThreadNumber};
use hub_http::{AccessClass, ApiError, ApiRouter, Caller, JsonBody, Path, Query, SiteAdmin, get, post};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::ApiState;
use crate::community::collections::repo_addr;
use crate::community::discussions::done;
use crate::failure::{Answer, Failed};

pub(super) fn routes() -> ApiRouter<ApiState> {
    let draft = |draft: hub_http::RouteDraft, access: AccessClass, id: &'static str, summary: &'static str| {
        draft.access(access).tag("reports").id(id).summary(summary)
    };
    let one = "/api/admin/reports/{report}";
    ApiRouter::new()
        .route(
            draft(post("/api/reports"), AccessClass::Login, "create_report", "Reports a repository, comment or person")
                .body::<ReportBody>()
                .answer::<Value>()
                .to(report),
        )
        .route(
            draft(
                get("/api/settings/reports"),
                AccessClass::Login,
                "list_own_reports",
                "Lists one's reports, and decisions about what is one's own",
            )
            .answer::<Value>()
            .to(own),
        )
        .route(
            draft(
                post("/api/settings/reports/{report}/appeal"),
                AccessClass::Login,
                "appeal_report",
                "Appeals against a decision about what is one's own",
            )
            .body::<AppealBody>()
            .answer::<Value>()
            .to(appeal),
        )
        .route(
            draft(
                get("/api/admin/reports"),
                AccessClass::SiteAdmin,
                "list_reports",
                "Lists reports for administrators, the latest first",
            )
            .query::<QueueQuery>()
            .answer::<Value>()
            .to(queue),
        )
        .route(
            draft(get(one), AccessClass::SiteAdmin, "get_report", "Shows a report with what was done with it")
                .answer::<Value>()
                .to(show),
        )
        .route(
            draft(post(one), AccessClass::SiteAdmin, "moderate_report", "Takes, decides, answers or closes a report")
                .body::<ModerateBody>()
                .answer::<Value>()
                .to(moderate),
        )
}

/// One of the words of a closed vocabulary.
fn word<T>(name: &str, text: &str, all: &[T], spelling: impl Fn(&T) -> &'static str) -> Answer<T>
where
    T: Copy,
{
    let known = || all.iter().map(&spelling).collect::<Vec<_>>().join(", ");
    let found = all.iter().find(|one| spelling(one) == text).copied();
    Ok(found.ok_or_else(|| ApiError::bad_request(format!("`{name}` is one of {}", known())))?)
}

fn id_of(text: &str) -> Answer<ReportId> {
    Ok(ReportId::of_wire(text).ok_or_else(|| ApiError::new(Code::NotFound, "there is no such report"))?)
}

/// What is reported, and why.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct ReportBody {
    /// `repo`, `comment`, `user`, `post` (which an article is as well) or `post_comment`.
    subject: String,
    /// The kind of the repository, `model` if nothing is said.
    repo_type: Option<String>,
    /// The repository, or that of the comment: `namespace/name`.
    repo_name: Option<String>,
    /// The discussion of the comment.
    discussion_num: Option<i64>,
    /// The comment.
    comment_id: Option<String>,
    /// The post or article, or that of the comment: `posts/{namespace}/{slug}` or `blog/{namespace}/{slug}`.
    post: Option<String>,
    /// The person.
    user_name: Option<String>,
    /// `spam`, `abuse`, `malware`, `privacy`, `copyright`, `illegal`, `sensitive` or `other`.
    reason: String,
    /// In one's own words, at most 4000 characters.
    #[serde(default)]
    text: String,
}

impl ReportBody {
    fn reported(&self) -> Answer<Reported> {
        let needs = |field: &str| ApiError::bad_request(format!("say what is reported: `{field}` is missing"));
        let subject = word("subject", &self.subject, SubjectKind::ALL, |kind| kind.word())?;
        if subject == SubjectKind::User {
            let name = self.user_name.as_ref().ok_or_else(|| needs("userName"))?;
            let missing = || ApiError::new(Code::NotFound, format!("there is no user called {name}"));
            return Ok(Reported::User(name.parse().map_err(|_| missing())?));
        }
        if matches!(subject, SubjectKind::Piece | SubjectKind::Remark) {
            return self.reported_piece(subject);
        }
        let kind = word("repoType", self.repo_type.as_deref().unwrap_or("model"), &RepoKind::ALL, |kind| kind.word())?;
        let name = self.repo_name.as_ref().ok_or_else(|| needs("repoName"))?;
        let repo = repo_addr(kind, name).ok_or_else(Failed::no_repo)?;
        if subject == SubjectKind::Repo {
            return Ok(Reported::Repo(repo));
        }
        let number = ThreadNumber::new(self.discussion_num.ok_or_else(|| needs("discussionNum"))?);
        let comment = self.comment_id.as_ref().ok_or_else(|| needs("commentId"))?;
        let missing = || ApiError::new(Code::NotFound, "there is no such comment in this discussion");
        let comment = ThreadEventId::of_wire(comment).ok_or_else(missing)?;
        Ok(Reported::Comment { repo, number, comment })
    }

    fn reported_piece(&self, subject: SubjectKind) -> Answer<Reported> {
        let needs = |field: &str| ApiError::bad_request(format!("say what is reported: `{field}` is missing"));
        let missing = || ApiError::new(Code::NotFound, "there is no such post or article");
        let post = self.post.as_ref().ok_or_else(|| needs("post"))?;
        let [root, owner, slug] = post.split('/').collect::<Vec<_>>().try_into().map_err(|_| missing())?;
        let kind = PieceKind::ALL.iter().find(|kind| kind.root() == root).copied().ok_or_else(missing)?;
        let remark = match subject {
            SubjectKind::Remark => {
                let id = self.comment_id.as_ref().ok_or_else(|| needs("commentId"))?;
                let missing = || ApiError::new(Code::NotFound, "there is no such comment");
                Some(RemarkId::of_wire(id).ok_or_else(missing)?)
            }
            _ => None,
        };
        Ok(Reported::Piece { kind, owner: owner.parse().map_err(|_| missing())?, slug: slug.to_owned(), remark })
    }
}

/// `POST /api/reports`
async fn report(
    State(community): State<Community>,
    Caller(caller): Caller,
    JsonBody(body): JsonBody<ReportBody>,
) -> Answer<Json<Value>> {
    let reason = word("reason", &body.reason, ReportReason::ALL, |reason| reason.word())?;
    let new = NewReport { reason, text: body.text.clone() };
    let made = community.report(&caller, &body.reported()?, &new).await?;
    Ok(Json(made_view(&made)))
}

/// What its reporter sees of a report.
fn made_view(report: &Report) -> Value {
    let decided = report.decision.is_some();
    json!({
        "id": report.id.wire(),
        "subject": report.subject.kind.word(),
        "label": report.subject.label,
        "reason": report.reason.word(),
        "text": report.text,
        "state": if decided { "decided" } else { report.state.word() },
        "actionTaken": if decided { report.has_effect().into() } else { Value::Null },
        "createdAt": report.created.to_string(),
    })
}

/// What the affected sees of one.
fn about_view(report: &Report) -> Value {
    json!({
        "id": report.id.wire(),
        "subject": report.subject.kind.word(),
        "label": report.subject.label,
        "reason": report.reason.word(),
        "state": report.state.word(),
        "decision": report.decision.map(Decision::word),
        "note": report.note,
        "canAppeal": report.can_appeal(),
        "appeal": report.appeal,
        "outcome": report.outcome.map(AppealOutcome::word),
        "answer": report.answer,
        "updatedAt": report.changed.to_string(),
    })
}

/// `GET /api/settings/reports`
async fn own(State(community): State<Community>, Caller(caller): Caller) -> Answer<Json<Value>> {
    let OwnReports { made, about } = community.own_reports(&caller).await?;
    let made: Vec<Value> = made.iter().map(made_view).collect();
    let about: Vec<Value> = about.iter().map(about_view).collect();
    Ok(Json(json!({ "reports": made, "decisions": about })))
}

/// Why the decision is wrong.
#[derive(Deserialize, JsonSchema)]
struct AppealBody {
    text: String,
}

/// `POST /api/settings/reports/{report}/appeal`
async fn appeal(
    State(community): State<Community>,
    Caller(caller): Caller,
    Path(report): Path<String>,
    JsonBody(body): JsonBody<AppealBody>,
) -> Answer<Json<Value>> {
    let report = community.appeal(&caller, id_of(&report)?, &body.text).await?;
    Ok(Json(about_view(&report)))
}

/// Which reports.
#[derive(Deserialize, JsonSchema)]
struct QueueQuery {
    /// `open`, `under_review`, `decided`, `appealed` or `closed`; all if nothing is said.
    state: Option<String>,
    /// Only those before that one: what `next` of the page before said.
    before: Option<String>,
}

/// `GET /api/admin/reports`
async fn queue(
    State(community): State<Community>,
    SiteAdmin(caller): SiteAdmin,
    Query(query): Query<QueueQuery>,
) -> Answer<Json<Value>> {
    let state = query.state.as_deref().filter(|text| !text.is_empty());
    let state = state.map(|text| word("state", text, ReportState::ALL, |state| state.word())).transpose()?;
    let before = query.before.as_deref().map(id_of).transpose()?;
    let (found, next) = community.reports(&caller, state, before).await?;
    let reports: Vec<Value> = found.iter().map(admin_view).collect();
    Ok(Json(json!({ "reports": reports, "next": next.map(ReportId::wire) })))
}

/// What administrators see of a report.
fn admin_view(view: &ReportView) -> Value {
    let report = &view.report;
    let name = |id| view.people.get(id).map(|person| person.name.to_string());
    let step = |step: &hub_community::ReportStep| json!({ "at": step.at.to_string(), "actor": name(step.actor), "what": step.what.word(), "detail": step.detail });
    let mut shown = about_view(report);
    shown["text"] = report.text.clone().into();
    shown["evidence"] = report.subject.evidence.clone().into();
    shown["reporter"] = name(report.reporter).into();
    shown["affected"] = name(report.subject.affected).into();
    shown["place"] = view.place.clone().into();
    shown["createdAt"] = report.created.to_string().into();
    shown["steps"] = view.steps.iter().map(step).collect();
    shown
}

/// `GET /api/admin/reports/{report}`
async fn show(
    State(community): State<Community>,
    SiteAdmin(caller): SiteAdmin,
    Path(report): Path<String>,
) -> Answer<Json<Value>> {
    Ok(Json(admin_view(&community.report_for_moderation(&caller, id_of(&report)?).await?)))
}

/// What an administrator does with a report.
#[derive(Deserialize, JsonSchema)]
struct ModerateBody {
    /// `take`, `decide`, `answer` or `close`.
    action: String,
    /// To decide: `no_action`, `hide_comment`, `hide_post`, `mark_not_for_all_audiences`, `disable_repository` or `suspend_person`.
    #[serde(default)]
    decision: String,
    /// To answer an appeal: `upheld` or `reversed`.
    #[serde(default)]
    outcome: String,
    /// Why; whoever is affected reads it.
    #[serde(default)]
    note: String,
}

/// `POST /api/admin/reports/{report}`
async fn moderate(
    State(community): State<Community>,
    SiteAdmin(caller): SiteAdmin,
    Path(report): Path<String>,
    JsonBody(body): JsonBody<ModerateBody>,
) -> Answer<Json<Value>> {
    let what = match body.action.as_str() {
        "take" => Moderation::Take,
        "decide" => Moderation::Decide(word("decision", &body.decision, Decision::ALL, |one| one.word())?, body.note),
        "answer" => {
            Moderation::Answer(word("outcome", &body.outcome, AppealOutcome::ALL, |one| one.word())?, body.note)
        }
        "close" => Moderation::Close,
        _ => return Err(ApiError::bad_request("`action` is one of take, decide, answer, close").into()),
    };
    community.moderate(&caller, id_of(&report)?, &what).await?;
    Ok(done())
}
