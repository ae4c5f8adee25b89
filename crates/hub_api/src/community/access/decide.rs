//! `…/user-access-request/{status}`, `/handle`, `/batch` and `/grant`: for those who may write to the repository.

use axum::Json;
use axum::extract::State;
use hub_account::{Accounts, NamespaceId, NamespaceKind};
use hub_core::{Access, Code, NamespaceName};
use hub_http::{AccessClass, ApiError, ApiRouter, Caller, JsonBody, Page, Paging, Path, PublicUrl, Query, get, post};
use hub_repo::{AccessRequest, GateAnswer, RepoError, Repos, RequestId, RequestStatus, Whose};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::ApiState;
use crate::address::{At, api_base, per_kind};
use crate::community::discussions::done;
use crate::community::likes::{PersonView, bad_cursor, person};
use crate::failure::Answer;

/// The most requests of one batch.
const BATCH_MAX: usize = 100;

pub(super) fn routes() -> ApiRouter<ApiState> {
    per_kind(|kind| {
        let (base, word) = (format!("{}/user-access-request", api_base(kind)), kind.word());
        let act = |path: &str, id: String, summary: &'static str| {
            post(format!("{base}/{path}"))
                .access(AccessClass::Write)
                .tag("access requests")
                .id(id)
                .summary(summary)
                .answer::<Value>()
        };
        ApiRouter::new()
            .route(
                get(format!("{base}/{{status}}"))
                    .access(AccessClass::Write)
                    .tag("access requests")
                    .id(format!("list_{word}_access_requests"))
                    .summary("Lists the requests for access in one state")
                    .query::<ListQuery>()
                    .answer::<Vec<RequestView>>()
                    .to(list),
            )
            .route(
                act(
                    "handle",
                    format!("handle_{word}_access_request"),
                    "Decides on a request, or takes a decision back",
                )
                .body::<HandleBody>()
                .to(handle),
            )
            .route(
                act("batch", format!("handle_{word}_access_requests"), "Decides on many requests alike")
                    .body::<BatchBody>()
                    .to(batch),
            )
            .route(
                act("grant", format!("grant_{word}_access"), "Lets somebody in who did not ask")
                    .body::<GrantBody>()
                    .to(grant),
            )
    })
}

/// Which page.
#[derive(Deserialize, JsonSchema)]
struct ListQuery {
    limit: Option<usize>,
    cursor: Option<String>,
}

/// The state in the path.
#[derive(Deserialize)]
struct StatusPath {
    status: String,
}

/// A request for access.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct RequestView {
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<PersonView>,
    request_id: String,
    /// `pending`, `accepted` or `rejected`.
    status: &'static str,
    timestamp: String,
    /// What was filled in.
    #[serde(skip_serializing_if = "Option::is_none")]
    fields: Option<Map<String, Value>>,
    /// The SHA-256 of the terms that were agreed to.
    #[serde(skip_serializing_if = "Option::is_none")]
    terms_hash: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reviewed_at: Option<String>,
    /// Who let them in without being asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    granted_by: Option<PersonView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rejection_reason: Option<String>,
}

/// `GET /api/{kind}s/{namespace}/{name}/user-access-request/{status}`
#[expect(clippy::too_many_arguments, reason = "extractors")]
async fn list(
    State(repos): State<Repos>,
    State(accounts): State<Accounts>,
    Caller(caller): Caller,
    at: At,
    Path(path): Path<StatusPath>,
    Query(query): Query<ListQuery>,
    public_url: PublicUrl,
    paging: Paging,
) -> Answer<Page<RequestView>> {
    let repo = at.open(&repos, &caller, Access::Write).await?;
    let status = RequestStatus::from_word(&path.status)
        .ok_or_else(|| ApiError::new(Code::NotFound, "the states are pending, accepted, rejected"))?;
    let read = |text: &String| RequestId::of_wire(text).ok_or_else(bad_cursor);
    let after = query.cursor.as_ref().map(read).transpose()?;
    let page = repo.access_requests(status, after, query.limit.unwrap_or(1000)).await?;
    let ids: Vec<NamespaceId> =
        page.requests.iter().flat_map(|request| [Some(request.user), request.reviewed_by]).flatten().collect();
    let people = accounts.namespaces_by_id(&ids).await?;
    let find = |id: NamespaceId| people.iter().find(|person| person.id == id).cloned();
    let view = |request: AccessRequest| RequestView {
        user: find(request.user).map(|person| PersonView::of(&public_url, person)),
        request_id: request.id.wire(),
        status: request.status.word(),
        timestamp: request.asked.to_string(),
        fields: Some(request.fields).filter(|fields| !fields.is_empty()),
        terms_hash: request.terms.map(|terms| terms.iter().map(|byte| format!("{byte:02x}")).collect()),
        reviewed_at: request.reviewed.map(|at| at.to_string()),
        granted_by: request
            .reviewed_by
            .filter(|_| request.granted)
            .and_then(find)
            .map(|person| PersonView::of(&public_url, person)),
        rejection_reason: request.reason,
    };
    Ok(paging.page(page.requests.into_iter().map(view).collect(), page.next.map(RequestId::wire)))
}

/// Whose request it is, by one of the three.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct WhoseBody {
    user: Option<String>,
    user_id: Option<String>,
    request_id: Option<String>,
}

impl WhoseBody {
    async fn find(&self, accounts: &Accounts) -> Answer<Whose> {
        if let Some(id) = &self.request_id {
            let missing = || ApiError::new(Code::NotFound, "there is no such access request");
            return Ok(Whose::Request(RequestId::of_wire(id).ok_or_else(missing)?));
        }
        Ok(Whose::User(user_of(accounts, self.user.as_deref(), self.user_id.as_deref()).await?))
    }
}

/// The person of that name or id.
async fn user_of(accounts: &Accounts, name: Option<&str>, id: Option<&str>) -> Answer<NamespaceId> {
    let missing = || ApiError::new(Code::NotFound, "there is no such user");
    match (name, id) {
        (Some(name), _) => {
            let name: NamespaceName = name.parse().map_err(|_| missing())?;
            Ok(person(accounts, &name, NamespaceKind::User).await?.id)
        }
        (None, Some(id)) => {
            let id: NamespaceId = id.parse().map_err(|_| missing())?;
            let found = accounts.namespace_by_id(id).await?.filter(|found| found.kind == NamespaceKind::User);
            Ok(found.ok_or_else(missing)?.id)
        }
        (None, None) => Err(ApiError::bad_request("say whose request it is: `user`, `userId` or `requestId`").into()),
    }
}

/// A decision.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct HandleBody {
    #[serde(flatten)]
    whose: WhoseBody,
    /// `accepted`, `rejected` or `pending`.
    status: String,
    rejection_reason: Option<String>,
}

fn answer_of(status: &str, reason: Option<String>) -> Result<GateAnswer, ApiError> {
    let status = RequestStatus::from_word(status)
        .ok_or_else(|| ApiError::bad_request("`status` is one of accepted, rejected, pending"))?;
    Ok(GateAnswer { status, reason })
}

/// `POST /api/{kind}s/{namespace}/{name}/user-access-request/handle`
async fn handle(
    State(repos): State<Repos>,
    State(accounts): State<Accounts>,
    Caller(caller): Caller,
    at: At,
    JsonBody(body): JsonBody<HandleBody>,
) -> Answer<Json<Value>> {
    let repo = at.open(&repos, &caller, Access::Write).await?;
    let answer = answer_of(&body.status, body.rejection_reason)?;
    repo.answer_request(body.whose.find(&accounts).await?, &answer).await?;
    Ok(done())
}

/// One decision for many requests.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct BatchBody {
    /// `accepted`, `rejected` or `pending`.
    status: String,
    rejection_reason: Option<String>,
    /// At most 100.
    #[serde(default)]
    requests: Vec<WhoseBody>,
}

/// What became of one of them.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct BatchView {
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<String>,
    ok: bool,
    /// `user_not_found` or `request_not_found`.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'static str>,
}

/// `POST /api/{kind}s/{namespace}/{name}/user-access-request/batch`
async fn batch(
    State(repos): State<Repos>,
    State(accounts): State<Accounts>,
    Caller(caller): Caller,
    at: At,
    JsonBody(body): JsonBody<BatchBody>,
) -> Answer<Json<Vec<BatchView>>> {
    let repo = at.open(&repos, &caller, Access::Write).await?;
    if body.requests.len() > BATCH_MAX {
        return Err(ApiError::bad_request(format!("decide on at most {BATCH_MAX} requests at once")).into());
    }
    let answer = answer_of(&body.status, body.rejection_reason)?;
    let mut views = Vec::with_capacity(body.requests.len());
    for whose in body.requests {
        let error = match whose.find(&accounts).await {
            Err(_) => Some("user_not_found"),
            Ok(found) => match repo.answer_request(found, &answer).await {
                Ok(()) => None,
                Err(RepoError::NotFound(_)) => Some("request_not_found"),
                Err(error) => return Err(error.into()),
            },
        };
        views.push(BatchView { user: whose.user, user_id: whose.user_id, ok: error.is_none(), error });
    }
    Ok(Json(views))
}

/// Who is let in.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct GrantBody {
    user: Option<String>,
    user_id: Option<String>,
}

/// `POST /api/{kind}s/{namespace}/{name}/user-access-request/grant`
async fn grant(
    State(repos): State<Repos>,
    State(accounts): State<Accounts>,
    Caller(caller): Caller,
    at: At,
    JsonBody(body): JsonBody<GrantBody>,
) -> Answer<Json<Value>> {
    let repo = at.open(&repos, &caller, Access::Write).await?;
    let user = user_of(&accounts, body.user.as_deref(), body.user_id.as_deref()).await?;
    repo.grant_access(user).await?;
    Ok(done())
}
