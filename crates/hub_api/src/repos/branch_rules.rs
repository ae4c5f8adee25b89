//! `GET` and `PUT …/settings/branch-rules`: who may push to which branches, and whether those may be rewritten or deleted.
//! The original hub has no such call; its clients never ask.

use axum::Json;
use axum::extract::State;
use hub_core::{Access, Code};
use hub_http::{AccessClass, ApiError, ApiRouter, Caller, JsonBody, get, put};
use hub_repo::{BranchRule, Pushers, Repos};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ApiState;
use crate::address::{At, api_base, per_kind};
use crate::failure::Answer;

pub(crate) fn routes() -> ApiRouter<ApiState> {
    per_kind(|kind| {
        let path = format!("{}/settings/branch-rules", api_base(kind));
        ApiRouter::new()
            .route(
                get(path.clone())
                    .access(AccessClass::Write)
                    .tag("repositories")
                    .id(format!("list_{}_branch_rules", kind.word()))
                    .summary("Lists the rules of branches")
                    .answer::<RulesView>()
                    .to(list_rules),
            )
            .route(
                put(path)
                    .access(AccessClass::Admin)
                    .tag("repositories")
                    .id(format!("replace_{}_branch_rules", kind.word()))
                    .summary("Replaces the rules of branches")
                    .body::<RulesView>()
                    .answer::<RulesView>()
                    .to(replace_rules),
            )
    })
}

/// All rules. Of several that fit a branch, the strictest counts.
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct RulesView {
    rules: Vec<RuleView>,
}

/// What holds for some branches.
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct RuleView {
    /// A name such as `main`, in which `*` stands for any run of characters.
    pattern: String,
    /// Who may push.
    #[serde(default)]
    pushers: PushersWord,
    /// Whether the branch may be moved to a commit that does not follow its present one.
    #[serde(default)]
    allow_force: bool,
    /// Whether the branch may be deleted.
    #[serde(default)]
    allow_delete: bool,
}

/// Who may push.
#[derive(Clone, Copy, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum PushersWord {
    /// Whoever may write to the repository.
    #[default]
    Writers,
    /// Whoever administers it.
    Admins,
    /// Nobody.
    Nobody,
}

impl From<BranchRule> for RuleView {
    fn from(rule: BranchRule) -> Self {
        Self {
            pattern: rule.pattern.to_string(),
            pushers: match rule.pushers {
                Pushers::Writers => PushersWord::Writers,
                Pushers::Admins => PushersWord::Admins,
                Pushers::Nobody => PushersWord::Nobody,
            },
            allow_force: rule.allows_force,
            allow_delete: rule.allows_delete,
        }
    }
}

impl TryFrom<RuleView> for BranchRule {
    type Error = ApiError;

    fn try_from(view: RuleView) -> Result<Self, ApiError> {
        let refused = |reason| ApiError::new(Code::Unprocessable, format!("{:?}: {reason}", view.pattern));
        Ok(Self {
            pattern: view.pattern.parse().map_err(refused)?,
            pushers: match view.pushers {
                PushersWord::Writers => Pushers::Writers,
                PushersWord::Admins => Pushers::Admins,
                PushersWord::Nobody => Pushers::Nobody,
            },
            allows_force: view.allow_force,
            allows_delete: view.allow_delete,
        })
    }
}

/// `GET /api/{kind}s/{namespace}/{name}/settings/branch-rules`
async fn list_rules(State(repos): State<Repos>, Caller(caller): Caller, at: At) -> Answer<Json<RulesView>> {
    let repo = at.open(&repos, &caller, Access::Write).await?;
    let rules = repo.branch_rules().await?;
    Ok(Json(RulesView { rules: rules.into_iter().map(RuleView::from).collect() }))
}

/// `PUT /api/{kind}s/{namespace}/{name}/settings/branch-rules`
async fn replace_rules(
    State(repos): State<Repos>,
    Caller(caller): Caller,
    at: At,
    JsonBody(body): JsonBody<RulesView>,
) -> Answer<Json<RulesView>> {
    let repo = at.open(&repos, &caller, Access::Admin).await?;
    let rules: Vec<BranchRule> = body.rules.into_iter().map(BranchRule::try_from).collect::<Result<_, _>>()?;
    repo.set_branch_rules(&rules).await?;
    let rules = repo.branch_rules().await?;
    Ok(Json(RulesView { rules: rules.into_iter().map(RuleView::from).collect() }))
}
