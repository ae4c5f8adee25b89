//! `/oauth/authorize`: an app asks, through the browser, to sign its visitor in; they allow it or not.
//!
//! Who allowed the same before is sent on without a question. An app whose address is not registered is told nothing:
//! its visitor reads what is wrong.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use hub_account::{Accounts, AuthorizeError, AuthorizeQuery, AuthorizeRequest, NamespaceId, RedirectUri, Vouched};
use hub_core::Code;
use hub_http::{AccessClass, ApiRouter, JsonOrForm, Query, get, post};
use serde::Deserialize;

use super::scope_lines;
use crate::WebState;
use crate::address::escape_value;
use crate::error::{Answer, PageError};
use crate::shell::Shell;
use crate::visit::Visit;

/// Whether a page that somebody goes on to after signing in sends the browser to another place. A form's policy forbids
/// that its answer leads there.
pub(crate) fn goes_on_to_app(next: &str) -> bool {
    next.starts_with("/oauth/authorize?")
}

pub(super) fn routes() -> ApiRouter<WebState> {
    ApiRouter::new()
        .route(get("/oauth/authorize").access(AccessClass::Login).undocumented().to(ask))
        .route(post("/oauth/authorize").access(AccessClass::Login).undocumented().to(answer))
}

/// What the app asks for.
#[derive(Deserialize, Default)]
#[serde(default)]
struct AskQuery {
    client_id: String,
    redirect_uri: String,
    response_type: String,
    scope: String,
    state: String,
    nonce: String,
    code_challenge: String,
    code_challenge_method: String,
    prompt: String,
}

impl AskQuery {
    fn as_request(&self) -> AuthorizeQuery {
        AuthorizeQuery {
            client_id: self.client_id.clone(),
            redirect_uri: self.redirect_uri.clone(),
            response_type: self.response_type.clone(),
            scope: self.scope.clone(),
            nonce: self.nonce.clone(),
            code_challenge: self.code_challenge.clone(),
            code_challenge_method: self.code_challenge_method.clone(),
        }
    }

    /// The address of the app with an answer in it.
    fn back(&self, redirect_uri: &str, answer: &[(&str, &str)]) -> Response {
        let state = Some(("state", self.state.as_str())).filter(|(_, state)| !state.is_empty());
        let pairs = answer.iter().copied().chain(state);
        let pairs: Vec<String> = pairs.map(|(key, value)| format!("{key}={}", escape_value(value))).collect();
        let mark = if redirect_uri.contains('?') { '&' } else { '?' };
        Redirect::to(&format!("{redirect_uri}{mark}{}", pairs.join("&"))).into_response()
    }
}

#[derive(Template)]
#[template(path = "oauth/authorize.html")]
struct ConsentPage {
    shell: Shell,
    app: String,
    vouched: Vouched,
    homepage: String,
    place: String,
    scopes: Vec<&'static str>,
    orgs: Vec<OrgLine>,
    person: String,
}

/// An organisation that the app may act on, if its visitor says so.
struct OrgLine {
    id: String,
    name: String,
}

/// `GET /oauth/authorize`
async fn ask(visit: Visit, State(accounts): State<Accounts>, Query(query): Query<AskQuery>) -> Answer {
    let request = match request(&accounts, &query).await? {
        Ok(request) => request,
        Err(back) => return Ok(back),
    };
    let silent = query.prompt == "none";
    if silent && visit.caller.user().is_none() {
        return Ok(query.back(&request.redirect_uri, &[("error", "login_required")]));
    }
    let person = visit.person()?;
    let may_skip = query.prompt != "consent";
    if may_skip && accounts.has_consented(visit.by(), &request).await? {
        return allow(&visit, &accounts, &query, &request, None).await;
    }
    if silent {
        return Ok(query.back(&request.redirect_uri, &[("error", "consent_required")]));
    }
    let org = |membership: &hub_account::Membership| OrgLine {
        id: membership.org.to_string(),
        name: membership.name.to_string(),
    };
    let orgs = if request.scopes.ask_for_orgs() { person.memberships.iter().map(org).collect() } else { Vec::new() };
    let place = RedirectUri::place(&request.redirect_uri).to_owned();
    let view = ConsentPage {
        shell: visit.shell("login"),
        app: request.app.name.clone(),
        vouched: request.app.vouched.clone(),
        homepage: request.app.homepage.clone(),
        scopes: scope_lines(&visit, &request.scopes),
        orgs,
        person: person.name.to_string(),
        place: place.clone(),
    };
    Ok(visit.page_returning_to(StatusCode::OK, &view, &place))
}

/// The visitor's answer.
#[derive(Deserialize)]
struct ConsentBody {
    form_token: String,
    #[serde(default)]
    allow: bool,
    #[serde(default)]
    org: Vec<String>,
}

/// `POST /oauth/authorize`
async fn answer(
    visit: Visit,
    State(accounts): State<Accounts>,
    Query(query): Query<AskQuery>,
    JsonOrForm(body): JsonOrForm<ConsentBody>,
) -> Answer {
    visit.check(&body.form_token)?;
    visit.person()?;
    let request = match request(&accounts, &query).await? {
        Ok(request) => request,
        Err(back) => return Ok(back),
    };
    if !body.allow {
        return Ok(query.back(&request.redirect_uri, &[("error", "access_denied")]));
    }
    let orgs: Vec<NamespaceId> = body.org.iter().filter_map(|id| id.parse().ok()).collect();
    allow(&visit, &accounts, &query, &request, Some(&orgs)).await
}

async fn allow(
    visit: &Visit,
    accounts: &Accounts,
    query: &AskQuery,
    request: &AuthorizeRequest,
    orgs: Option<&[NamespaceId]>,
) -> Answer {
    let code = accounts.consent(visit.by(), request, orgs).await?;
    Ok(query.back(&request.redirect_uri, &[("code", code.reveal())]))
}

/// The request, or the answer that goes back to the app.
async fn request(accounts: &Accounts, query: &AskQuery) -> Result<Result<AuthorizeRequest, Response>, PageError> {
    match accounts.authorize_request(&query.as_request()).await {
        Ok(request) => Ok(Ok(request)),
        Err(AuthorizeError::Unreturnable(problem)) => Err(PageError::told(Code::BadRequest, problem)),
        Err(AuthorizeError::Refused { redirect_uri, word, description }) => {
            Ok(Err(query.back(&redirect_uri, &[("error", word), ("error_description", description)])))
        }
        Err(AuthorizeError::Failed(error)) => Err(error.into()),
    }
}
