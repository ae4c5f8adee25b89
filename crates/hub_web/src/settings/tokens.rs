//! `/settings/tokens`: access tokens of the three roles, made and shown once, revoked, given another value.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use hub_account::{
    AccountError, Accounts, CallerUser, Label, Namespace, NamespaceId, NewToken, Permission, Scope, ScopeEntity, Token,
    TokenId, TokenScopes,
};
use hub_core::{Access, Code, RepoAddr, Timestamp, TokenRole, UserError};
use hub_http::{ApiRouter, JsonOrForm};
use hub_repo::Repos;
use serde::Deserialize;

use super::{get, post};
use crate::WebState;
use crate::error::{Answer, PageError, is_mendable, sentence};
use crate::page::go_to;
use crate::shell::Shell;
use crate::visit::Visit;

/// What a fine-grained token can be given on a person or an organisation, in the order of the matrix.
const ON_NAMESPACE: &[&str] = &[
    "repo.content.read",
    "repo.access.read",
    "repo.write",
    "discussion.write",
    "post.write",
    "collection.write",
    "job.write",
];
const ON_ORG: &[&str] = &["org.read", "org.write"];
/// What it can be given on one repository.
const ON_REPO: &[&str] = &["repo.content.read", "repo.write", "discussion.write"];
/// The most repositories that the form takes.
const REPOS_MAX: usize = 50;
const DAY_MILLIS: i64 = 86_400_000;

pub(super) fn routes() -> ApiRouter<WebState> {
    ApiRouter::new()
        .route(get("/settings/tokens").to(show))
        .route(post("/settings/tokens").to(create))
        .route(get("/settings/tokens/new").to(form))
        .route(post("/settings/tokens/revoke").to(revoke))
        .route(post("/settings/tokens/rotate").to(rotate))
}

#[derive(Template)]
#[template(path = "settings/tokens/page.html")]
struct TokensPage {
    shell: Shell,
    tokens: Vec<TokenLine>,
    /// The value of the token that was just made.
    fresh: Option<String>,
}

/// A token in the list.
struct TokenLine {
    id: String,
    name: String,
    role: &'static str,
    scopes: Vec<String>,
    created: Timestamp,
    used: Option<Timestamp>,
    ends: Option<Timestamp>,
    has_ended: bool,
}

/// `GET /settings/tokens`
async fn show(visit: Visit, State(accounts): State<Accounts>) -> Answer {
    tokens_page(&visit, &accounts, None).await
}

async fn tokens_page(visit: &Visit, accounts: &Accounts, fresh: Option<String>) -> Answer {
    let tokens = accounts.tokens(visit.by(), visit.person()?.id).await?;
    let tokens = tokens.into_iter().map(|token| line(visit, token)).collect();
    Ok(visit.page(StatusCode::OK, &TokensPage { shell: visit.shell("tokens"), tokens, fresh }))
}

fn line(visit: &Visit, token: Token) -> TokenLine {
    let grant = token.grant;
    let scope = |scope: &Scope| {
        let name = match &scope.entity {
            ScopeEntity::Namespace { name, .. } | ScopeEntity::Repo { name, .. } => name,
        };
        let permissions: Vec<&str> = scope.permissions.iter().map(|permission| permission.word()).collect();
        format!("{name}: {}", permissions.join(", "))
    };
    TokenLine {
        id: grant.id.to_string(),
        name: grant.display_name.to_string(),
        role: role_words(visit, grant.role),
        scopes: grant.scopes.scoped.iter().map(scope).collect(),
        created: grant.created_at,
        used: token.last_used_at,
        ends: grant.expires_at,
        has_ended: grant.expires_at.is_some_and(|end| end <= visit.now),
    }
}

fn role_words(visit: &Visit, role: TokenRole) -> &'static str {
    match role {
        TokenRole::Read => visit.words.get("tokenrole.read"),
        TokenRole::Write => visit.words.get("tokenrole.write"),
        TokenRole::FineGrained => visit.words.get("tokenrole.fine"),
    }
}

#[derive(Template)]
#[template(path = "settings/tokens/new.html")]
struct NewTokenPage<'a> {
    shell: Shell,
    body: &'a TokenBody,
    columns: Vec<Column>,
    rows: Vec<MatrixRow>,
    on_repo: Vec<Cell>,
    problem: Option<String>,
}

/// A permission as a column of the matrix.
struct Column {
    word: &'static str,
    about: &'static str,
}

/// A person or an organisation as a row of the matrix.
struct MatrixRow {
    name: String,
    cells: Vec<Option<Cell>>,
}

/// A box to tick.
struct Cell {
    value: String,
    word: &'static str,
    about: &'static str,
    is_ticked: bool,
}

/// `GET /settings/tokens/new`
async fn form(visit: Visit) -> Answer {
    new_token_page(&visit, StatusCode::OK, &TokenBody::default(), None)
}

fn new_token_page(visit: &Visit, status: StatusCode, body: &TokenBody, problem: Option<String>) -> Answer {
    let person = visit.person()?;
    let about = |word: &str| visit.words.find(&format!("permission.{word}")).unwrap_or_default();
    let all: Vec<&'static str> = ON_NAMESPACE.iter().chain(ON_ORG).copied().collect();
    let row = |id: NamespaceId, name: String, is_org: bool| MatrixRow {
        cells: all
            .iter()
            .map(|word| {
                let value = format!("{id}:{word}");
                let fits = is_org || !ON_ORG.contains(word);
                fits.then(|| Cell { is_ticked: body.scope.contains(&value), value, word, about: about(word) })
            })
            .collect(),
        name,
    };
    let own = std::iter::once(row(person.id, person.name.to_string(), false));
    let orgs = person.memberships.iter().map(|member| row(member.org, member.name.to_string(), true));
    let on_repo = ON_REPO.iter().map(|word| Cell {
        value: (*word).to_owned(),
        word,
        about: about(word),
        is_ticked: body.repo_permission.iter().any(|ticked| ticked == word),
    });
    let view = NewTokenPage {
        shell: visit.shell("tokens"),
        body,
        columns: all.iter().map(|word| Column { word, about: about(word) }).collect(),
        rows: own.chain(orgs).collect(),
        on_repo: on_repo.collect(),
        problem,
    };
    Ok(visit.page(status, &view))
}

/// The filled form.
#[derive(Deserialize, Default)]
struct TokenBody {
    #[serde(default)]
    form_token: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    role: String,
    #[serde(default)]
    days: String,
    #[serde(default)]
    scope: Vec<String>,
    #[serde(default)]
    repos: String,
    #[serde(default)]
    repo_permission: Vec<String>,
    #[serde(default)]
    gated: bool,
}

impl TokenBody {
    fn has_role(&self, role: &str) -> bool {
        self.role == role || self.role.is_empty() && role == "read"
    }

    fn has_days(&self, days: &str) -> bool {
        self.days == days || self.days.is_empty() && days == "90"
    }
}

/// `POST /settings/tokens`
async fn create(
    visit: Visit,
    State(accounts): State<Accounts>,
    State(repos): State<Repos>,
    JsonOrForm(body): JsonOrForm<TokenBody>,
) -> Answer {
    visit.check(&body.form_token)?;
    let person = visit.person()?;
    let made = match new_token(&visit, &accounts, &repos, person, &body).await {
        Ok(new) => accounts.create_token(visit.by(), person.id, new).await,
        Err(Refused::Told(problem)) => {
            return new_token_page(&visit, StatusCode::UNPROCESSABLE_ENTITY, &body, Some(problem));
        }
        Err(Refused::Failed(error)) => return Err(error),
    };
    match made {
        Ok(fresh) => tokens_page(&visit, &accounts, Some(fresh.value.reveal().to_owned())).await,
        Err(error) if is_mendable(&error) => {
            new_token_page(&visit, StatusCode::UNPROCESSABLE_ENTITY, &body, Some(sentence(error.message())))
        }
        Err(error) => Err(error.into()),
    }
}

/// Why a form does not become a token.
enum Refused {
    Told(String),
    Failed(PageError),
}

async fn new_token(
    visit: &Visit,
    accounts: &Accounts,
    repos: &Repos,
    person: &CallerUser,
    body: &TokenBody,
) -> Result<NewToken, Refused> {
    let display_name: Label =
        body.name.parse().map_err(|error| Refused::Told(sentence(AccountError::Label(error).message())))?;
    let role =
        TokenRole::from_word(&body.role).ok_or_else(|| Refused::Told(visit.words.get("tokens.norole").to_owned()))?;
    let expires_at = body.days.parse::<i64>().ok().filter(|days| (1..=3650).contains(days));
    let expires_at = expires_at.map(|days| visit.now.plus_millis(days * DAY_MILLIS));
    let mut scopes = TokenScopes::default();
    if role == TokenRole::FineGrained {
        scopes.scoped = namespace_scopes(accounts, person, &body.scope).await.map_err(Refused::Failed)?;
        scopes.scoped.extend(repo_scopes(visit, repos, body).await?);
        scopes.can_read_gated_repos = body.gated;
    }
    Ok(NewToken { display_name, role, scopes, expires_at })
}

/// The ticked boxes of the matrix as scopes; boxes that nobody was shown are passed over.
async fn namespace_scopes(
    accounts: &Accounts,
    person: &CallerUser,
    ticked: &[String],
) -> Result<Vec<Scope>, PageError> {
    let ids: Vec<NamespaceId> =
        std::iter::once(person.id).chain(person.memberships.iter().map(|member| member.org)).collect();
    let spaces: Vec<Namespace> = accounts.namespaces_by_id(&ids).await?;
    let scope = |space: &Namespace| {
        let prefix = format!("{}:", space.id);
        let words = ticked.iter().filter_map(|value| value.strip_prefix(&prefix));
        let permissions: Vec<Permission> = words.filter_map(|word| word.parse().ok()).collect();
        (!permissions.is_empty()).then(|| Scope { entity: ScopeEntity::from(space), permissions })
    };
    Ok(spaces.iter().filter_map(scope).collect())
}

/// The named repositories as scopes: each must be one that the person may read.
async fn repo_scopes(visit: &Visit, repos: &Repos, body: &TokenBody) -> Result<Vec<Scope>, Refused> {
    let permissions: Vec<Permission> = body.repo_permission.iter().filter_map(|word| word.parse().ok()).collect();
    let mut scopes = Vec::new();
    for line in body.repos.split_whitespace().take(REPOS_MAX) {
        let unknown = || Refused::Told(visit.words.fill("tokens.norepo", &[&line]));
        let addr = RepoAddr::named(line).map_err(|_| unknown())?;
        let repo = match repos.open(&visit.caller, &addr, Access::Metadata).await {
            Ok(repo) => repo,
            Err(error) if matches!(error.code(), Code::RepoNotFound | Code::RepoDisabled) => return Err(unknown()),
            Err(error) => return Err(Refused::Failed(error.into())),
        };
        if permissions.is_empty() {
            return Err(Refused::Told(visit.words.get("tokens.nopermission").to_owned()));
        }
        scopes.push(Scope { entity: repo.scope_entity(), permissions: permissions.clone() });
    }
    Ok(scopes)
}

/// Which token.
#[derive(Deserialize)]
struct OneTokenBody {
    form_token: String,
    id: String,
}

impl OneTokenBody {
    fn id(&self, visit: &Visit) -> Result<TokenId, PageError> {
        self.id.parse().map_err(|_| PageError::told(Code::NotFound, visit.words.get("error.nothing")))
    }
}

/// `POST /settings/tokens/revoke`
async fn revoke(visit: Visit, State(accounts): State<Accounts>, JsonOrForm(body): JsonOrForm<OneTokenBody>) -> Answer {
    visit.check(&body.form_token)?;
    accounts.revoke_token(visit.by(), visit.person()?.id, body.id(&visit)?).await?;
    Ok(go_to("/settings/tokens?done=revoked"))
}

/// `POST /settings/tokens/rotate`
async fn rotate(
    visit: Visit,
    State(accounts): State<Accounts>,
    JsonOrForm(body): JsonOrForm<OneTokenBody>,
) -> Result<Response, PageError> {
    visit.check(&body.form_token)?;
    let fresh = accounts.rotate_token(visit.by(), visit.person()?.id, body.id(&visit)?).await?;
    tokens_page(&visit, &accounts, Some(fresh.value.reveal().to_owned())).await
}
