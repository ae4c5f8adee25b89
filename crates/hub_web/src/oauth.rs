//! `/oauth`: Hearth signs people in to apps (RFC 6749, OpenID Connect). Here is what apps ask themselves; the pages on which
//! people answer are in `authorize.rs` and `device.rs`.

mod authorize;
mod device;
mod exchange;
mod register;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use hub_account::{
    Accounts, AppTokens, ClientAuth, ClientId, GrantError, OauthScope, OauthScopes, PublicJwk, SigningAlg, UserInfo,
};
use hub_core::SecretString;
use hub_http::{AccessClass, ApiError, ApiRouter, Json, JsonOrForm, PublicUrl, SignedIn, basic_credentials, get, post};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::WebState;
use crate::visit::Visit;

pub(crate) use authorize::goes_on_to_app;
use exchange::Exchange;
pub use exchange::Issuers;

const CODE_GRANT: &str = "authorization_code";
const DEVICE_GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";
const EXCHANGE_GRANT: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const REFRESH_GRANT: &str = "refresh_token";

pub(crate) fn routes() -> ApiRouter<WebState> {
    let get = |path: &str| get(path).access(AccessClass::Public).undocumented();
    let post = |path: &str| post(path).access(AccessClass::Public).undocumented();
    ApiRouter::new()
        .route(get("/.well-known/openid-configuration").to(discovery))
        .route(get("/.well-known/oauth-authorization-server").to(discovery))
        .route(get("/oauth/jwks").to(keys))
        .route(post("/oauth/device").to(begin))
        .route(post("/oauth/token").to(token))
        .route(post("/oauth/register").to(register::register))
        .route(post("/oauth/revoke").to(revoke))
        .route(hub_http::get("/oauth/userinfo").access(AccessClass::Login).undocumented().to(userinfo))
        .route(hub_http::post("/oauth/userinfo").access(AccessClass::Login).undocumented().to(userinfo))
        .merge(authorize::routes())
        .merge(device::routes())
}

/// `GET /.well-known/openid-configuration`
async fn discovery(url: PublicUrl) -> Json<Value> {
    let scopes: Vec<&str> = OauthScope::all().map(OauthScope::word).collect();
    let algs = SigningAlg::ALL.map(SigningAlg::word);
    Json(json!({
        "issuer": url.as_str(),
        "authorization_endpoint": url.join("/oauth/authorize"),
        "token_endpoint": url.join("/oauth/token"),
        "userinfo_endpoint": url.join("/oauth/userinfo"),
        "jwks_uri": url.join("/oauth/jwks"),
        "device_authorization_endpoint": url.join("/oauth/device"),
        "revocation_endpoint": url.join("/oauth/revoke"),
        "registration_endpoint": url.join("/oauth/register"),
        "scopes_supported": scopes,
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": [CODE_GRANT, REFRESH_GRANT, DEVICE_GRANT, EXCHANGE_GRANT],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": algs,
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "none"],
        "code_challenge_methods_supported": ["S256"],
        "prompt_values_supported": ["none", "consent"],
        "claims_supported": [
            "iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "name", "preferred_username", "profile", "picture",
            "email", "email_verified", "orgs",
        ],
    }))
}

/// The keys by which id tokens are verified.
#[derive(Serialize)]
struct KeysView {
    keys: Vec<PublicJwk>,
}

/// `GET /oauth/jwks`
async fn keys(State(accounts): State<Accounts>) -> Result<Json<KeysView>, ApiError> {
    Ok(Json(KeysView { keys: accounts.public_keys().await? }))
}

/// `GET /oauth/userinfo`, and `POST` for clients that ask so.
async fn userinfo(
    State(accounts): State<Accounts>,
    url: PublicUrl,
    caller: SignedIn,
) -> Result<Json<UserInfo>, ApiError> {
    Ok(Json(accounts.userinfo(&caller, url.as_str()).await?))
}

/// Which app asks, and what for.
#[derive(Deserialize)]
struct BeginBody {
    #[serde(default)]
    client_id: String,
    #[serde(default)]
    scope: String,
}

/// What a device shows its owner.
#[derive(Serialize)]
struct DeviceView {
    device_code: String,
    user_code: String,
    verification_uri: String,
    verification_uri_complete: String,
    expires_in: i64,
    interval: i64,
}

/// `POST /oauth/device`
async fn begin(
    State(accounts): State<Accounts>,
    public_url: PublicUrl,
    JsonOrForm(body): JsonOrForm<BeginBody>,
) -> Result<Response, ApiError> {
    let code = match accounts.begin_device(&ClientId::new(&body.client_id), &body.scope).await {
        Ok(code) => code,
        Err(error) => return refusal(error),
    };
    let page = public_url.join("/oauth/device");
    let view = DeviceView {
        device_code: code.device_code.reveal().to_owned(),
        verification_uri_complete: format!("{page}?user_code={}", code.user_code),
        verification_uri: page,
        user_code: code.user_code,
        expires_in: code.expires_secs,
        interval: code.interval_secs,
    };
    Ok(unkept(Json(view).into_response()))
}

/// What is asked of the token endpoint.
#[derive(Deserialize)]
struct TokenBody {
    #[serde(default)]
    grant_type: String,
    client_id: Option<String>,
    client_secret: Option<SecretString>,
    code: Option<SecretString>,
    #[serde(default)]
    redirect_uri: String,
    code_verifier: Option<SecretString>,
    device_code: Option<SecretString>,
    refresh_token: Option<SecretString>,
    subject_token: Option<SecretString>,
    #[serde(default)]
    subject_token_type: String,
    #[serde(default)]
    resource: String,
}

/// Which app asks: by the header, or by fields of the body.
fn client(headers: &HeaderMap, id: Option<String>, secret: Option<SecretString>) -> ClientAuth {
    match basic_credentials(headers) {
        Some((id, secret)) => ClientAuth { id: Some(id), secret: Some(secret) },
        None => ClientAuth { id: id.filter(|id| !id.is_empty()), secret },
    }
}

/// Tokens for an app.
#[derive(Serialize)]
struct TokensView {
    access_token: String,
    token_type: &'static str,
    expires_in: i64,
    refresh_token: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    scope: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    id_token: Option<String>,
}

impl From<AppTokens> for TokensView {
    fn from(tokens: AppTokens) -> Self {
        Self {
            access_token: tokens.access.reveal().to_owned(),
            token_type: "bearer",
            expires_in: tokens.expires_secs,
            refresh_token: tokens.refresh.reveal().to_owned(),
            scope: tokens.scopes.to_string(),
            id_token: tokens.id_token,
        }
    }
}

/// `POST /oauth/token`
async fn token(
    State(accounts): State<Accounts>,
    url: PublicUrl,
    headers: HeaderMap,
    State(issuers): State<Issuers>,
    JsonOrForm(body): JsonOrForm<TokenBody>,
) -> Result<Response, ApiError> {
    if body.grant_type == EXCHANGE_GRANT {
        let TokenBody { subject_token, subject_token_type, resource, .. } = body;
        let asked = Exchange { subject_token, subject_token_type, resource };
        return exchange::exchange(&accounts, &issuers, &url, &asked).await;
    }
    let client = client(&headers, body.client_id, body.client_secret);
    let id = ClientId::new(client.id.as_deref().unwrap_or_default());
    let granted = match (body.grant_type.as_str(), &body.code, &body.device_code, &body.refresh_token) {
        (CODE_GRANT, Some(code), _, _) => {
            let verifier = body.code_verifier.as_ref();
            accounts.exchange_code(&client, code, &body.redirect_uri, verifier, url.as_str()).await
        }
        (DEVICE_GRANT, _, Some(code), _) => accounts.poll_device(&id, code, url.as_str()).await,
        (REFRESH_GRANT, _, _, Some(refresh)) => accounts.refresh_tokens(&client, refresh).await,
        (CODE_GRANT | DEVICE_GRANT | REFRESH_GRANT, ..) => {
            return Ok(failed("invalid_request", "send the code, the device_code, or the refresh_token"));
        }
        _ => {
            let known = "this server grants by authorization_code, refresh_token, device_code and token-exchange";
            return Ok(failed("unsupported_grant_type", known));
        }
    };
    match granted {
        Ok(tokens) => Ok(unkept(Json(TokensView::from(tokens)).into_response())),
        Err(error) => refusal(error),
    }
}

/// A token that an app gives back.
#[derive(Deserialize)]
struct RevokeBody {
    token: SecretString,
    client_id: Option<String>,
    client_secret: Option<SecretString>,
}

/// `POST /oauth/revoke`
async fn revoke(
    State(accounts): State<Accounts>,
    headers: HeaderMap,
    JsonOrForm(body): JsonOrForm<RevokeBody>,
) -> Result<Response, ApiError> {
    let client = client(&headers, body.client_id, body.client_secret);
    match accounts.give_back_token(&client, &body.token).await {
        Ok(()) => Ok(unkept(StatusCode::OK.into_response())),
        Err(error) => refusal(error),
    }
}

/// A refusal in the words of the standard.
fn refusal(error: GrantError) -> Result<Response, ApiError> {
    let word = match &error {
        GrantError::InvalidClient => "invalid_client",
        GrantError::Pending => "authorization_pending",
        GrantError::SlowDown => "slow_down",
        GrantError::Expired => "expired_token",
        GrantError::Denied => "access_denied",
        GrantError::InvalidGrant | GrantError::WrongVerifier => "invalid_grant",
        GrantError::Failed(_) => "server_error",
    };
    match error {
        GrantError::Failed(error) => Err(error.into()),
        error => {
            let mut response = failed(word, &error.to_string());
            if matches!(error, GrantError::InvalidClient) {
                *response.status_mut() = StatusCode::UNAUTHORIZED;
                let challenge = HeaderValue::from_static("Basic realm=\"oauth\"");
                response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
            }
            Ok(response)
        }
    }
}

fn failed(word: &str, description: &str) -> Response {
    let body = json!({ "error": word, "error_description": description });
    unkept((StatusCode::BAD_REQUEST, Json(body)).into_response())
}

/// Nothing of this may stay in a cache.
fn unkept(mut response: Response) -> Response {
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// What scopes mean, for the person who grants them.
pub(crate) fn scope_lines(visit: &Visit, scopes: &OauthScopes) -> Vec<&'static str> {
    scopes.iter().map(|scope| scope_words(visit, scope)).collect()
}

/// What a scope means.
pub(crate) fn scope_words(visit: &Visit, scope: OauthScope) -> &'static str {
    visit.words.find(&format!("scope.{}", scope.word())).unwrap_or(scope.word())
}
