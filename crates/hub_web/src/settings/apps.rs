//! `/settings/applications`: the apps that a person allowed to act for them, and those that they or their organisations
//! registered.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use hub_account::{
    AccountError, Accounts, App, AppDraft, AppKind, AuthorizedApp, By, ClientId, NamespaceKind, OauthScope,
    OauthScopes, RedirectUri, SigningAlg, Vouched,
};
use hub_core::{NamespaceName, OrgRole, SecretString, Timestamp, UserError};
use hub_http::{ApiRouter, JsonOrForm, Path};
use serde::Deserialize;

use super::{get, post};
use crate::WebState;
use crate::error::{Answer, is_mendable, sentence};
use crate::login::TokenBody;
use crate::oauth::{scope_lines, scope_words};
use crate::page::go_to;
use crate::shell::Shell;
use crate::visit::Visit;

/// What a new app is registered for unless its owner ticks otherwise.
const USUAL: [&str; 2] = ["openid", "profile"];

pub(super) fn routes() -> ApiRouter<WebState> {
    ApiRouter::new()
        .route(get("/settings/applications").to(show))
        .route(post("/settings/applications").to(register))
        .route(post("/settings/applications/withdraw").to(withdraw))
        .route(get("/settings/applications/new").to(form))
        .route(get("/settings/applications/{client_id}").to(one))
        .route(post("/settings/applications/{client_id}").to(change))
        .route(post("/settings/applications/{client_id}/secret").to(renew))
        .route(post("/settings/applications/{client_id}/delete").to(delete))
}

#[derive(Template)]
#[template(path = "settings/apps/page.html")]
struct AppsPage {
    shell: Shell,
    authorized: Vec<AuthorizedLine>,
    apps: Vec<AppLine>,
}

/// An app that may act for the person.
struct AuthorizedLine {
    client_id: String,
    name: String,
    owner: Option<String>,
    is_unknown: bool,
    scopes: Vec<&'static str>,
    since: Timestamp,
}

/// An app that the person looks after.
struct AppLine {
    client_id: String,
    name: String,
    owner: String,
    is_public: bool,
    created: Timestamp,
}

/// `GET /settings/applications`
async fn show(visit: Visit, State(accounts): State<Accounts>) -> Answer {
    let person = visit.person()?;
    let authorized = |found: AuthorizedApp| AuthorizedLine {
        client_id: found.app.client_id.to_string(),
        owner: found.app.owner().map(ToString::to_string),
        is_unknown: found.app.vouched == Vouched::Nobody,
        name: found.app.name,
        scopes: scope_lines(&visit, &found.scopes),
        since: found.since,
    };
    let allowed = accounts.authorized_apps(visit.by(), person.id).await?.into_iter().map(authorized).collect();
    let mut apps = Vec::new();
    for owner in owners(&visit) {
        apps.extend(accounts.apps(visit.by(), &owner).await?.into_iter().map(|app| AppLine {
            client_id: app.client_id.to_string(),
            name: app.name,
            owner: owner.to_string(),
            is_public: app.kind == AppKind::Public,
            created: app.created_at,
        }));
    }
    Ok(visit.page(StatusCode::OK, &AppsPage { shell: visit.shell("apps"), authorized: allowed, apps }))
}

/// The person, and the organisations that they administer.
fn owners(visit: &Visit) -> Vec<NamespaceName> {
    let Some(user) = visit.caller.user() else { return Vec::new() };
    let administered = user.memberships.iter().filter(|membership| membership.role == OrgRole::Admin);
    std::iter::once(user.name.clone()).chain(administered.map(|membership| membership.name.clone())).collect()
}

/// What a form says of an app.
#[derive(Deserialize, Default)]
#[serde(default)]
struct AppBody {
    form_token: String,
    owner: String,
    name: String,
    homepage: String,
    redirect_uris: String,
    scope: Vec<String>,
    kind: String,
    id_token_alg: String,
}

impl AppBody {
    fn draft(&self) -> Result<AppDraft, AccountError> {
        let addresses = self.redirect_uris.lines().map(str::trim).filter(|line| !line.is_empty());
        let scopes: OauthScopes = self.scope.iter().filter_map(|word| OauthScope::of_word(word)).collect();
        Ok(AppDraft {
            name: self.name.parse()?,
            homepage: self.homepage.trim().to_owned(),
            redirect_uris: addresses.map(str::parse::<RedirectUri>).collect::<Result<_, _>>()?,
            scopes,
            id_token_alg: self.alg(),
        })
    }

    fn of(app: &App) -> Self {
        let addresses: Vec<&str> = app.redirect_uris.iter().map(RedirectUri::as_str).collect();
        Self {
            owner: app.owner().map(ToString::to_string).unwrap_or_default(),
            name: app.name.clone(),
            homepage: app.homepage.clone(),
            redirect_uris: addresses.join("\n"),
            scope: app.scopes.iter().map(|scope| scope.word().to_owned()).collect(),
            id_token_alg: app.id_token_alg.word().to_owned(),
            ..Self::default()
        }
    }

    fn alg(&self) -> SigningAlg {
        SigningAlg::of_word(&self.id_token_alg).unwrap_or_default()
    }

    fn has_alg(&self, word: &str) -> bool {
        self.alg().word() == word
    }

    fn is_confidential(&self) -> bool {
        self.kind == "confidential"
    }
}

#[derive(Template)]
#[template(path = "settings/apps/form.html")]
struct AppPage<'a> {
    shell: Shell,
    /// The app that is changed; none for a new one.
    client_id: Option<String>,
    /// The secret that was just made.
    secret: Option<String>,
    is_public: bool,
    body: &'a AppBody,
    owners: Vec<String>,
    scopes: Vec<ScopeLine>,
    algs: [&'static str; 2],
    problem: Option<String>,
}

/// A scope that can be ticked.
struct ScopeLine {
    word: &'static str,
    about: &'static str,
    is_ticked: bool,
}

/// An app on its page: the form with what is known of it besides.
#[derive(Default)]
struct Shown {
    client_id: Option<ClientId>,
    secret: Option<SecretString>,
    is_public: bool,
}

fn app_page(visit: &Visit, status: StatusCode, shown: Shown, body: &AppBody, problem: Option<String>) -> Answer {
    visit.person()?;
    let scope = |scope: OauthScope| ScopeLine {
        word: scope.word(),
        about: scope_words(visit, scope),
        is_ticked: body.scope.iter().any(|word| word == scope.word()),
    };
    let view = AppPage {
        shell: visit.shell("apps"),
        client_id: shown.client_id.map(|id| id.to_string()),
        secret: shown.secret.map(|secret| secret.reveal().to_owned()),
        is_public: shown.is_public,
        body,
        owners: owners(visit).iter().map(ToString::to_string).collect(),
        scopes: OauthScope::all().map(scope).collect(),
        algs: SigningAlg::ALL.map(SigningAlg::word),
        problem,
    };
    Ok(visit.page(status, &view))
}

/// `GET /settings/applications/new`
async fn form(visit: Visit) -> Answer {
    let scope = USUAL.iter().map(|word| (*word).to_owned()).collect();
    let body = AppBody { scope, kind: "confidential".to_owned(), ..AppBody::default() };
    app_page(&visit, StatusCode::OK, Shown::default(), &body, None)
}

/// `POST /settings/applications`
async fn register(visit: Visit, State(accounts): State<Accounts>, JsonOrForm(body): JsonOrForm<AppBody>) -> Answer {
    visit.check(&body.form_token)?;
    let kind = if body.is_confidential() { AppKind::Confidential } else { AppKind::Public };
    match register_app(visit.by(), &accounts, &body, kind).await {
        Ok((app, secret)) => {
            let shown = Shown { client_id: Some(app.client_id.clone()), secret, is_public: kind == AppKind::Public };
            app_page(&visit, StatusCode::OK, shown, &AppBody::of(&app), None)
        }
        Err(error) if is_mendable(&error) => {
            let problem = Some(sentence(error.message()));
            app_page(&visit, StatusCode::UNPROCESSABLE_ENTITY, Shown::default(), &body, problem)
        }
        Err(error) => Err(error.into()),
    }
}

async fn register_app(
    by: By<'_>,
    accounts: &Accounts,
    body: &AppBody,
    kind: AppKind,
) -> Result<(App, Option<SecretString>), AccountError> {
    let what = NamespaceKind::User.word();
    let missing = |_| AccountError::NoSuch { what, name: body.owner.clone() };
    let owner: NamespaceName = body.owner.parse().map_err(missing)?;
    accounts.register_app(by, &owner, &body.draft()?, kind).await
}

/// `GET /settings/applications/{client_id}`
async fn one(visit: Visit, State(accounts): State<Accounts>, Path(id): Path<String>) -> Answer {
    visit.person()?;
    let app = accounts.app(visit.by(), &ClientId::new(&id)).await?;
    app_page(&visit, StatusCode::OK, shown(&app, None), &AppBody::of(&app), None)
}

fn shown(app: &App, secret: Option<SecretString>) -> Shown {
    Shown { client_id: Some(app.client_id.clone()), secret, is_public: app.kind == AppKind::Public }
}

/// `POST /settings/applications/{client_id}`
async fn change(
    visit: Visit,
    State(accounts): State<Accounts>,
    Path(id): Path<String>,
    JsonOrForm(body): JsonOrForm<AppBody>,
) -> Answer {
    visit.check(&body.form_token)?;
    visit.person()?;
    let id = ClientId::new(&id);
    let app = accounts.app(visit.by(), &id).await?;
    let changed = match body.draft() {
        Ok(draft) => accounts.change_app(visit.by(), &id, &draft).await,
        Err(error) => Err(error),
    };
    match changed {
        Ok(()) => Ok(go_to(&format!("/settings/applications/{id}?done=saved"))),
        Err(error) if is_mendable(&error) => {
            let problem = Some(sentence(error.message()));
            app_page(&visit, StatusCode::UNPROCESSABLE_ENTITY, shown(&app, None), &body, problem)
        }
        Err(error) => Err(error.into()),
    }
}

/// `POST /settings/applications/{client_id}/secret`
async fn renew(
    visit: Visit,
    State(accounts): State<Accounts>,
    Path(id): Path<String>,
    JsonOrForm(body): JsonOrForm<TokenBody>,
) -> Answer {
    visit.check(&body.form_token)?;
    visit.person()?;
    let id = ClientId::new(&id);
    let secret = accounts.renew_app_secret(visit.by(), &id).await?;
    let app = accounts.app(visit.by(), &id).await?;
    app_page(&visit, StatusCode::OK, shown(&app, Some(secret)), &AppBody::of(&app), None)
}

/// `POST /settings/applications/{client_id}/delete`
async fn delete(
    visit: Visit,
    State(accounts): State<Accounts>,
    Path(id): Path<String>,
    JsonOrForm(body): JsonOrForm<TokenBody>,
) -> Answer {
    visit.check(&body.form_token)?;
    visit.person()?;
    accounts.delete_app(visit.by(), &ClientId::new(&id)).await?;
    Ok(go_to("/settings/applications?done=deleted"))
}

/// Which app.
#[derive(Deserialize)]
struct WithdrawBody {
    form_token: String,
    client_id: String,
}

/// `POST /settings/applications/withdraw`
async fn withdraw(
    visit: Visit,
    State(accounts): State<Accounts>,
    JsonOrForm(body): JsonOrForm<WithdrawBody>,
) -> Answer {
    visit.check(&body.form_token)?;
    accounts.withdraw_app(visit.by(), visit.person()?.id, &ClientId::new(&body.client_id)).await?;
    Ok(go_to("/settings/applications?done=withdrawn-app"))
}
