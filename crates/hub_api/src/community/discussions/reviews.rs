//! `…/discussions/{num}/reviews` and `…/settings/reviews`: what people think of a pull request, and what a repository asks
//! for before it is merged. The original hub has no such calls; its clients never ask.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use hub_community::{Community, Missing, NewReview, Opinion, ReviewPolicy, Standing, Verdict};
use hub_core::{Access, Oid};
use hub_http::{AccessClass, ApiError, ApiRouter, Caller, JsonBody, PublicUrl, RequestContext, get, post, put};
use hub_repo::{Attention, Repos};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::view::Viewer;
use super::{Num, base_of};
use crate::ApiState;
use crate::address::{At, api_base, per_kind};
use crate::community::people::add_author;
use crate::failure::Answer;

pub(super) fn routes() -> ApiRouter<ApiState> {
    per_kind(|kind| {
        let word = kind.word();
        let reviews = format!("{}/reviews", base_of(kind));
        let settings = format!("{}/settings/reviews", api_base(kind));
        ApiRouter::new()
            .route(
                get(reviews.clone())
                    .access(AccessClass::Read)
                    .tag("discussions")
                    .id(format!("list_{word}_reviews"))
                    .summary("Shows who thinks what of a pull request, and what it lacks to be merged")
                    .answer::<Value>()
                    .to(standing),
            )
            .route(
                post(reviews)
                    .access(AccessClass::Propose)
                    .tag("discussions")
                    .id(format!("review_{word}_pull_request"))
                    .summary("Approves a pull request, asks for changes, or comments on it")
                    .body::<ReviewBody>()
                    .answer::<Value>()
                    .to(review),
            )
            .route(
                get(settings.clone())
                    .access(AccessClass::Read)
                    .tag("repositories")
                    .id(format!("get_{word}_review_policy"))
                    .summary("Shows what a repository asks for before a pull request is merged")
                    .answer::<PolicyView>()
                    .to(show_policy),
            )
            .route(
                put(settings)
                    .access(AccessClass::Admin)
                    .tag("repositories")
                    .id(format!("replace_{word}_review_policy"))
                    .summary("Says what a repository asks for before a pull request is merged")
                    .body::<PolicyView>()
                    .answer::<PolicyView>()
                    .to(set_policy),
            )
    })
}

/// What a repository asks for before a pull request is merged.
#[derive(Deserialize, Serialize, JsonSchema, Default)]
#[serde(rename_all = "camelCase", default)]
struct PolicyView {
    /// How many people must approve, 0 to 10.
    approvals: u8,
    /// Whether an owner of each changed file must approve, as `CODEOWNERS` of the target branch names them.
    code_owners: bool,
    /// Whether an approval counts only for the commit that it was given for.
    dismiss_stale: bool,
}

impl From<ReviewPolicy> for PolicyView {
    fn from(policy: ReviewPolicy) -> Self {
        Self { approvals: policy.approvals, code_owners: policy.code_owners, dismiss_stale: policy.fresh }
    }
}

/// `GET /api/{kind}s/{namespace}/{name}/settings/reviews`
async fn show_policy(
    State(repos): State<Repos>,
    State(community): State<Community>,
    Caller(caller): Caller,
    at: At,
) -> Answer<Json<PolicyView>> {
    let repo = at.open(&repos, &caller, Access::Metadata).await?;
    Ok(Json(community.review_policy(&repo).await?.into()))
}

/// `PUT /api/{kind}s/{namespace}/{name}/settings/reviews`
async fn set_policy(
    State(repos): State<Repos>,
    State(community): State<Community>,
    Caller(caller): Caller,
    at: At,
    JsonBody(body): JsonBody<PolicyView>,
) -> Answer<Json<PolicyView>> {
    let repo = at.open(&repos, &caller, Access::Admin).await?;
    let policy = ReviewPolicy { approvals: body.approvals, code_owners: body.code_owners, fresh: body.dismiss_stale };
    community.set_review_policy(&repo, policy).await?;
    Ok(Json(community.review_policy(&repo).await?.into()))
}

/// `GET /api/{kind}s/{namespace}/{name}/discussions/{num}/reviews`
async fn standing(
    State(repos): State<Repos>,
    State(community): State<Community>,
    Caller(caller): Caller,
    at: At,
    Num(number): Num,
    public_url: PublicUrl,
) -> Answer<Json<Value>> {
    let repo = at.open(&repos, &caller, Access::Metadata).await?;
    let standing = community.standing(&repo, number).await?;
    let reviews: Vec<Value> =
        standing.opinions.iter().map(|opinion| opinion_view(&public_url, &standing, opinion)).collect();
    Ok(Json(json!({
        "policy": PolicyView::from(standing.policy),
        "reviews": reviews,
        "missing": standing.missing.iter().map(|what| missing_view(&standing, what)).collect::<Vec<_>>(),
    })))
}

fn opinion_view(public_url: &PublicUrl, standing: &Standing, opinion: &Opinion) -> Value {
    let review = &opinion.review;
    let mut view = json!({
        "id": review.event.wire(),
        "verdict": review.verdict.word(),
        "commitId": review.commit.to_string(),
        "createdAt": review.at.to_string(),
        "counts": opinion.counts,
        "stale": opinion.is_stale,
    });
    add_author(&mut view, public_url, &standing.people, Some(review.reviewer));
    view
}

fn missing_view(standing: &Standing, missing: &Missing) -> Value {
    let mut view = match missing {
        Missing::Approvals { given, wanted } => json!({ "type": "approvals", "given": given, "wanted": wanted }),
        Missing::Changes { by } => {
            let names = by.iter().filter_map(|id| standing.people.get(*id));
            json!({ "type": "changes", "by": names.map(|person| person.name.to_string()).collect::<Vec<_>>() })
        }
        Missing::Unknown { .. } => json!({ "type": "unknown" }),
        Missing::Owners { owners, paths } => json!({ "type": "codeOwners", "owners": owners, "paths": paths }),
    };
    view["message"] = standing.told(missing).into();
    view
}

/// What somebody says of a pull request.
#[derive(Deserialize, JsonSchema, Default)]
#[serde(rename_all = "camelCase", default)]
struct ReviewBody {
    /// `approve`, `changes` or `comment`, which is meant if it is left out.
    verdict: Option<String>,
    /// Why; an approval needs no reason.
    comment: String,
    /// The commit that was looked at; if the pull request is elsewhere the review is refused.
    commit_id: Option<String>,
}

/// An id of a commit in a body.
pub(super) fn commit_of(text: Option<&str>) -> Result<Option<Oid>, ApiError> {
    let parse = |text: &str| text.parse().map_err(|_| ApiError::bad_request("`commitId` is no full id of a commit"));
    text.map(parse).transpose()
}

/// `POST /api/{kind}s/{namespace}/{name}/discussions/{num}/reviews`
async fn review(
    State(repos): State<Repos>,
    State(community): State<Community>,
    Caller(caller): Caller,
    at: At,
    Num(number): Num,
    context: RequestContext,
    JsonBody(body): JsonBody<ReviewBody>,
) -> Answer<impl IntoResponse> {
    let repo = at.open(&repos, &caller, Access::Metadata).await?;
    let verdict = match body.verdict.as_deref() {
        None => Some(Verdict::Comment),
        Some(word) => Verdict::from_word(word),
    };
    let verdict = verdict.ok_or_else(|| ApiError::bad_request("`verdict` is one of approve, changes, comment"))?;
    let new = NewReview { verdict, text: body.comment, commit: commit_of(body.commit_id.as_deref())? };
    let (event, people) = community.review(&repo, number, &new).await?;
    repo.notice(Attention::Word, context.client()).await;
    let viewer = Viewer { public_url: context.public_url(), repo: &repo, people: &people };
    Ok((StatusCode::CREATED, Json(json!({ "newReview": viewer.event(&event) }))))
}
