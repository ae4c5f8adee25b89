//! `POST /oauth/register`: an app that meets this house for the first time registers itself (RFC 7591).

use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use hub_account::{Accounts, App, AppKind, Registration, RegistrationError};
use hub_core::SecretString;
use hub_http::{ApiError, Json, JsonOrForm, RequestContext};
use serde::{Deserialize, Serialize};

use super::{CODE_GRANT, DEVICE_GRANT, REFRESH_GRANT, failed, unkept};

const NO_SECRET: &str = "none";
const BY_HEADER: &str = "client_secret_basic";
const BY_BODY: &str = "client_secret_post";

/// What an app says of itself. What else the standard has a word for is not kept, so it is not answered either.
#[derive(Deserialize)]
pub(super) struct RegisterBody {
    #[serde(default)]
    client_name: String,
    #[serde(default)]
    client_uri: String,
    #[serde(default)]
    redirect_uris: Vec<String>,
    #[serde(default)]
    scope: String,
    token_endpoint_auth_method: Option<String>,
    id_token_signed_response_alg: Option<String>,
}

/// What was kept of it.
#[derive(Serialize)]
struct RegisteredView {
    client_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_secret: Option<String>,
    client_id_issued_at: i64,
    /// Zero: a secret does not end by itself.
    client_secret_expires_at: i64,
    client_name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    client_uri: String,
    redirect_uris: Vec<String>,
    scope: String,
    grant_types: Vec<&'static str>,
    token_endpoint_auth_method: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    id_token_signed_response_alg: Option<String>,
}

/// `POST /oauth/register`
pub(super) async fn register(
    State(accounts): State<Accounts>,
    context: RequestContext,
    JsonOrForm(body): JsonOrForm<RegisterBody>,
) -> Result<Response, ApiError> {
    let method = body.token_endpoint_auth_method.unwrap_or_else(|| BY_HEADER.to_owned());
    let kind = match method.as_str() {
        NO_SECRET => AppKind::Public,
        BY_HEADER | BY_BODY => AppKind::Confidential,
        _ => {
            let problem = "token_endpoint_auth_method is client_secret_basic, client_secret_post or none";
            return Ok(failed("invalid_client_metadata", problem));
        }
    };
    let registration = Registration {
        name: body.client_name,
        homepage: body.client_uri,
        redirect_uris: body.redirect_uris,
        scope: body.scope,
        kind,
        id_token_alg: body.id_token_signed_response_alg.clone().unwrap_or_default(),
    };
    let (app, secret) = match accounts.register_itself(&registration, &context.network()).await {
        Ok(registered) => registered,
        Err(error) => return refused(error),
    };
    let view = view(&app, secret, method, body.id_token_signed_response_alg);
    Ok(unkept((StatusCode::CREATED, Json(view)).into_response()))
}

fn view(app: &App, secret: Option<SecretString>, method: String, alg: Option<String>) -> RegisteredView {
    RegisteredView {
        client_id: app.client_id.to_string(),
        client_secret: secret.map(|secret| secret.reveal().to_owned()),
        client_id_issued_at: app.created_at.seconds(),
        client_secret_expires_at: 0,
        client_name: app.name.clone(),
        client_uri: app.homepage.clone(),
        redirect_uris: app.redirect_uris.iter().map(ToString::to_string).collect(),
        scope: app.scopes.to_string(),
        grant_types: vec![CODE_GRANT, REFRESH_GRANT, DEVICE_GRANT],
        token_endpoint_auth_method: method,
        id_token_signed_response_alg: alg,
    }
}

/// A refusal in the words of the standard.
fn refused(error: RegistrationError) -> Result<Response, ApiError> {
    let problem = error.to_string();
    match error {
        RegistrationError::RedirectUri(_) => Ok(failed("invalid_redirect_uri", &problem)),
        RegistrationError::Metadata(_) => Ok(failed("invalid_client_metadata", &problem)),
        RegistrationError::TooMany { .. } => {
            let mut response = failed("temporarily_unavailable", &problem);
            *response.status_mut() = StatusCode::TOO_MANY_REQUESTS;
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("3600"));
            Ok(response)
        }
        RegistrationError::Failed(error) => Err(error.into()),
    }
}
