//! `/login/sso`: signing in through another house (OpenID Connect, code with PKCE). Which house, and who may come in by it,
//! is the operator's decision; whose account somebody has is decided by hub_account.
//!
//! The browser carries the state in a cookie of its own, so that nobody can be sent into an account that is not theirs.

use axum::extract::State;
use axum::response::Response;
use hub_account::{AccountError, Accounts, KeySet, SsoArrival, SsoBegin, SsoPending, SsoPolicy};
use hub_core::{Code, SecretString};
use hub_http::{AccessClass, ApiRouter, JsonOrForm, Outgoing, Query, get, post};
use serde::Deserialize;

use crate::WebState;
use crate::address::escape_value;
use crate::error::{Answer, PageError};
use crate::login::{TokenBody, go_on};
use crate::page::go_to;
use crate::visit::{Visit, local_path};

const CALLBACK: &str = "/login/sso/callback";

/// The house by which people sign in.
#[derive(Clone, Debug)]
pub struct Sso {
    /// What the button is called.
    pub label: String,
    /// Our secret there, if we have one.
    pub client_secret: Option<SecretString>,
    /// What we ask for.
    pub scopes: String,
    /// Whose word counts for what.
    pub policy: SsoPolicy,
    /// By which it is asked.
    pub outgoing: Outgoing,
}

/// What the house says of itself.
#[derive(Deserialize)]
struct Discovery {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
}

/// What the house answers for a code.
#[derive(Deserialize)]
struct Tokens {
    id_token: String,
}

pub(crate) fn routes() -> ApiRouter<WebState> {
    ApiRouter::new()
        .route(get("/login/sso").access(AccessClass::Public).undocumented().to(leave))
        .route(get(CALLBACK).access(AccessClass::Public).undocumented().to(arrive))
        .route(post("/settings/sso/link").access(AccessClass::Login).undocumented().to(link))
        .route(post("/settings/sso/unlink").access(AccessClass::Login).undocumented().to(unlink))
}

impl Sso {
    async fn discovery(&self) -> Result<Discovery, PageError> {
        let url = format!("{}/.well-known/openid-configuration", self.policy.issuer);
        let found: Discovery = self.outgoing.get_json(&url).await.map_err(unreachable)?;
        // A document that speaks of another house could make us believe its keys.
        if found.issuer != self.policy.issuer {
            let told = format!("issuer is {:?}, the configuration says {:?}", found.issuer, self.policy.issuer);
            tracing::warn!(told, "single sign-on: the provider names another issuer");
            return Err(PageError::told(Code::Unavailable, "The provider of single sign-on is not set up rightly."));
        }
        Ok(found)
    }

    fn address(&self, house: &Discovery, begin: &SsoBegin, callback: &str) -> String {
        let challenge = hub_account::pkce_challenge(&begin.verifier);
        let pairs = [
            ("response_type", "code"),
            ("client_id", &self.policy.client_id),
            ("redirect_uri", callback),
            ("scope", &self.scopes),
            ("state", begin.state.reveal()),
            ("nonce", begin.nonce.reveal()),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ];
        let pairs: Vec<String> = pairs.iter().map(|(key, value)| format!("{key}={}", escape_value(value))).collect();
        let mark = if house.authorization_endpoint.contains('?') { '&' } else { '?' };
        format!("{}{mark}{}", house.authorization_endpoint, pairs.join("&"))
    }

    async fn exchange(
        &self,
        house: &Discovery,
        code: &str,
        pending: &SsoPending,
        callback: &str,
    ) -> Result<(Tokens, KeySet), PageError> {
        let mut fields = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", callback),
            ("client_id", self.policy.client_id.as_str()),
            ("code_verifier", pending.verifier.reveal()),
        ];
        if let Some(secret) = &self.client_secret {
            fields.push(("client_secret", secret.reveal()));
        }
        let tokens = self.outgoing.post_form(&house.token_endpoint, &fields).await.map_err(unreachable)?;
        let keys = self.outgoing.get_json(&house.jwks_uri).await.map_err(unreachable)?;
        Ok((tokens, keys))
    }
}

/// The other house is away, or refuses: the log tells how, the visitor that they can try again.
fn unreachable(error: hub_http::OutgoingError) -> PageError {
    let cause = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
    tracing::warn!(%error, cause, "single sign-on: the provider did not answer as it should");
    let message = "The provider of single sign-on did not answer as it should. Try again; if that does not help, tell an \
                   administrator.";
    PageError::told(Code::Unavailable, message)
}

fn house(state: &WebState) -> Result<&Sso, PageError> {
    state.sso.as_ref().ok_or_else(|| PageError::told(Code::NotFound, "There is no single sign-on here."))
}

/// Where to go on to.
#[derive(Deserialize)]
struct LeaveQuery {
    #[serde(default)]
    next: String,
}

/// `GET /login/sso`
async fn leave(
    visit: Visit,
    State(state): State<WebState>,
    State(accounts): State<Accounts>,
    Query(query): Query<LeaveQuery>,
) -> Answer {
    send_off(&visit, &state, &accounts, local_path(&query.next), false).await
}

/// `POST /settings/sso/link`
async fn link(
    visit: Visit,
    State(state): State<WebState>,
    State(accounts): State<Accounts>,
    JsonOrForm(body): JsonOrForm<TokenBody>,
) -> Answer {
    visit.check(&body.form_token)?;
    visit.person()?;
    send_off(&visit, &state, &accounts, "/settings/password", true).await
}

async fn send_off(visit: &Visit, state: &WebState, accounts: &Accounts, next: &str, link: bool) -> Answer {
    let sso = house(state)?;
    let found = sso.discovery().await?;
    let begin = accounts.begin_sso(visit.by(), next, link).await?;
    let address = sso.address(&found, &begin, &visit.url.join(CALLBACK));
    // A form may not lead elsewhere; a page may.
    let mut response = match link {
        true => crate::login::onward(visit, &address),
        false => go_to(&address),
    };
    visit.set_sso_state(&mut response, Some(&begin.state));
    Ok(response)
}

/// What the other house sends along.
#[derive(Deserialize)]
struct ArriveQuery {
    #[serde(default)]
    code: String,
    #[serde(default)]
    state: String,
    #[serde(default)]
    error: String,
}

/// `GET /login/sso/callback`
async fn arrive(
    visit: Visit,
    State(state): State<WebState>,
    State(accounts): State<Accounts>,
    Query(query): Query<ArriveQuery>,
) -> Answer {
    let sso = house(&state)?;
    let is_ours = visit.sso_state.as_ref().is_some_and(|ours| ours.reveal() == query.state);
    if !is_ours || query.state.is_empty() {
        return Err(AccountError::SsoExpired.into());
    }
    let pending = accounts.take_sso(&SecretString::new(query.state)).await?;
    if query.code.is_empty() {
        tracing::info!(error = query.error, "single sign-on: the provider sent somebody back without a code");
        return Err(AccountError::SsoRefused.into());
    }
    let found = sso.discovery().await?;
    let (tokens, keys) = sso.exchange(&found, &query.code, &pending, &visit.url.join(CALLBACK)).await?;
    let arrived = accounts.arrive_by_sso(&sso.policy, &pending, &keys, &tokens.id_token, &visit.client).await;
    let mut response = match arrived {
        Ok(SsoArrival::Linked) => go_to("/settings/password?done=linked"),
        Ok(SsoArrival::SignedIn(session)) => {
            let mut response = entered(&visit, &pending, session.needs_code);
            visit.set_session(&mut response, Some(&session.value));
            response
        }
        Err(error) => {
            tracing::info!(%error, "single sign-on: nobody was let in");
            return Err(error.into());
        }
    };
    visit.set_sso_state(&mut response, None);
    Ok(response)
}

fn entered(visit: &Visit, pending: &SsoPending, needs_code: bool) -> Response {
    let next = local_path(&pending.next);
    match needs_code {
        true => go_to(&format!("/login/code?next={}", escape_value(next))),
        false => go_on(visit, next),
    }
}

/// Which identity.
#[derive(Deserialize)]
struct UnlinkBody {
    form_token: String,
    issuer: String,
    subject: String,
}

/// `POST /settings/sso/unlink`
async fn unlink(visit: Visit, State(accounts): State<Accounts>, JsonOrForm(body): JsonOrForm<UnlinkBody>) -> Answer {
    visit.check(&body.form_token)?;
    accounts.unlink_sso(visit.by(), visit.person()?.id, &body.issuer, &body.subject).await?;
    Ok(go_to("/settings/password?done=unlinked"))
}
