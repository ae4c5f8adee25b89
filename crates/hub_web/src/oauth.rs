//! `/oauth`: how the command line signs in through the browser (RFC 8628). The device asks at `/oauth/device` and
//! `/oauth/token`; its owner answers on the page at `/oauth/device`.

use askama::Template;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use hub_account::{AccountError, Accounts, AppTokens, GrantError};
use hub_core::{SecretString, UserError};
use hub_http::{AccessClass, ApiError, ApiRouter, Json, JsonOrForm, PublicUrl, Query, get, post};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::WebState;
use crate::error::{Answer, is_mendable, sentence};
use crate::shell::Shell;
use crate::visit::Visit;

const DEVICE_GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";
const REFRESH_GRANT: &str = "refresh_token";

pub(crate) fn routes() -> ApiRouter<WebState> {
    ApiRouter::new()
        .route(post("/oauth/device").access(AccessClass::Public).undocumented().to(begin))
        .route(post("/oauth/token").access(AccessClass::Public).undocumented().to(token))
        .route(get("/oauth/device").access(AccessClass::Login).undocumented().to(form))
        .route(post("/oauth/device/answer").access(AccessClass::Login).undocumented().to(answer))
}

/// Which app asks.
#[derive(Deserialize)]
struct BeginBody {
    #[serde(default)]
    client_id: String,
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
    let code = match accounts.begin_device(&body.client_id).await {
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
    #[serde(default)]
    client_id: String,
    device_code: Option<SecretString>,
    refresh_token: Option<SecretString>,
}

/// Tokens for an app.
#[derive(Serialize)]
struct TokensView {
    access_token: String,
    token_type: &'static str,
    expires_in: i64,
    refresh_token: String,
}

impl From<AppTokens> for TokensView {
    fn from(tokens: AppTokens) -> Self {
        Self {
            access_token: tokens.access.reveal().to_owned(),
            token_type: "bearer",
            expires_in: tokens.expires_secs,
            refresh_token: tokens.refresh.reveal().to_owned(),
        }
    }
}

/// `POST /oauth/token`
async fn token(
    State(accounts): State<Accounts>,
    JsonOrForm(body): JsonOrForm<TokenBody>,
) -> Result<Response, ApiError> {
    let granted = match (body.grant_type.as_str(), &body.device_code, &body.refresh_token) {
        (DEVICE_GRANT, Some(code), _) => accounts.poll_device(&body.client_id, code).await,
        (REFRESH_GRANT, _, Some(refresh)) => accounts.refresh_tokens(&body.client_id, refresh).await,
        (DEVICE_GRANT | REFRESH_GRANT, _, _) => {
            return Ok(failed("invalid_request", "send the device_code, or the refresh_token"));
        }
        _ => return Ok(failed("unsupported_grant_type", "this server grants by device_code and refresh_token")),
    };
    match granted {
        Ok(tokens) => Ok(unkept(Json(TokensView::from(tokens)).into_response())),
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
        GrantError::InvalidGrant => "invalid_grant",
        GrantError::Failed(_) => "server_error",
    };
    match error {
        GrantError::Failed(error) => Err(error.into()),
        error => Ok(failed(word, &error.to_string())),
    }
}

fn failed(word: &str, description: &str) -> Response {
    let body = json!({ "error": word, "error_description": description });
    unkept((StatusCode::BAD_REQUEST, Json(body)).into_response())
}

/// Nothing of this may stay in a cache.
fn unkept(mut response: Response) -> Response {
    response.headers_mut().insert(header::CACHE_CONTROL, header::HeaderValue::from_static("no-store"));
    response
}

/// The short code, if the link carries it.
#[derive(Deserialize)]
struct DeviceQuery {
    #[serde(default)]
    user_code: String,
}

#[derive(Template)]
#[template(path = "oauth/page.html")]
struct DevicePage<'a> {
    shell: Shell,
    user_code: &'a str,
    /// The app that waits, once the code is known.
    app: Option<String>,
    /// What was answered.
    answered: Option<bool>,
    problem: Option<String>,
}

/// `GET /oauth/device`
async fn form(visit: Visit, State(accounts): State<Accounts>, Query(query): Query<DeviceQuery>) -> Answer {
    visit.person()?;
    let code = query.user_code.trim();
    if code.is_empty() {
        return Ok(device_page(&visit, StatusCode::OK, "", None, None, None));
    }
    match accounts.waiting_device(visit.by(), code).await {
        Ok(app) => Ok(device_page(&visit, StatusCode::OK, code, Some(app), None, None)),
        Err(error) => mend(&visit, code, error),
    }
}

fn device_page(
    visit: &Visit,
    status: StatusCode,
    user_code: &str,
    app: Option<String>,
    answered: Option<bool>,
    problem: Option<String>,
) -> Response {
    visit.page(status, &DevicePage { shell: visit.shell("login"), user_code, app, answered, problem })
}

fn mend(visit: &Visit, code: &str, error: AccountError) -> Answer {
    if !is_mendable(&error) {
        return Err(error.into());
    }
    let problem = Some(sentence(error.message()));
    Ok(device_page(visit, StatusCode::UNPROCESSABLE_ENTITY, code, None, None, problem))
}

/// The owner's answer.
#[derive(Deserialize)]
struct AnswerBody {
    form_token: String,
    user_code: String,
    #[serde(default)]
    allow: bool,
}

/// `POST /oauth/device/answer`
async fn answer(visit: Visit, State(accounts): State<Accounts>, JsonOrForm(body): JsonOrForm<AnswerBody>) -> Answer {
    visit.check(&body.form_token)?;
    visit.person()?;
    match accounts.answer_device(visit.by(), &body.user_code, body.allow).await {
        Ok(()) => Ok(device_page(&visit, StatusCode::OK, "", None, Some(body.allow), None)),
        Err(error) => mend(&visit, &body.user_code, error),
    }
}
