//! Failures as pages: a person reads what went wrong, what to do next, and the id under which the log tells more.
//!
//! Handlers fail with a [`PageError`]. [`pages`] stands around all faces: it shows what page handlers fail with, and
//! also the JSON failures of other faces to whoever asks as a browser does.

use askama::Template;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use hub_account::{AccountError, Accounts};
use hub_community::CommunityError;
use hub_core::{Code, UserError};
use hub_http::ApiError;
use hub_repo::RepoError;

use crate::WebState;
use crate::address::escape_value;
use crate::page;
use crate::shell::Shell;
use crate::visit::Visit;

/// What a page handler answers.
pub(crate) type Answer = Result<Response, PageError>;

/// A failure of a page handler.
#[derive(Debug)]
pub(crate) enum PageError {
    /// Something that its reader can understand.
    Told(Told),
    /// A fault of ours, or of another face: it goes the way of the API, which logs it.
    Fault(ApiError),
    /// The thing has another address now.
    Moved { to: String },
    /// Only someone signed in gets further.
    SignIn { next: String },
}

/// A failure and its words.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    code: Code,
    message: String,
}

#[derive(Template)]
#[template(path = "error/page.html")]
struct ErrorPage<'a> {
    shell: Shell,
    title: &'static str,
    message: &'a str,
    request_id: &'a str,
    offers_sign_in: bool,
}

impl PageError {
    /// A failure with a sentence that says what to do next.
    pub(crate) fn told(code: Code, message: impl Into<String>) -> Self {
        Self::Told(Told { code, message: message.into() })
    }

    fn of(error: impl UserError) -> Self {
        match error.code() {
            Code::Internal | Code::StorageFull | Code::Unavailable => Self::Fault(error.into()),
            code => Self::told(code, error.message()),
        }
    }
}

impl From<RepoError> for PageError {
    fn from(error: RepoError) -> Self {
        match error {
            RepoError::Moved { to } => Self::Moved { to: format!("/{}", to.url_path()) },
            error => Self::of(error),
        }
    }
}

impl From<hub_catalog::CatalogError> for PageError {
    fn from(error: hub_catalog::CatalogError) -> Self {
        Self::of(error)
    }
}

impl From<hub_search::SearchError> for PageError {
    fn from(error: hub_search::SearchError) -> Self {
        Self::of(error)
    }
}

impl From<CommunityError> for PageError {
    fn from(error: CommunityError) -> Self {
        match error {
            CommunityError::Repo(error) => error.into(),
            error => Self::of(error),
        }
    }
}

impl From<AccountError> for PageError {
    fn from(error: AccountError) -> Self {
        Self::of(error)
    }
}

impl From<ApiError> for PageError {
    fn from(error: ApiError) -> Self {
        Self::Fault(error)
    }
}

impl IntoResponse for PageError {
    fn into_response(self) -> Response {
        match self {
            Self::Fault(error) => error.into_response(),
            Self::Moved { to } => page::go_to(&to),
            Self::SignIn { next } => page::go_to(&format!("/login?next={}", escape_value(&next))),
            Self::Told(told) => {
                let (status, _) = table(told.code);
                let mut response = (status, told.message.clone()).into_response();
                response.extensions_mut().insert(told);
                response
            }
        }
    }
}

/// Shows failures as pages. To be put around all faces, on the very outside.
pub async fn pages(State(state): State<WebState>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let wants_page = asks_as_a_browser(&parts.method, parts.uri.path(), &parts.headers);
    let mut visit = Visit::of_stranger(&mut parts, &state).await;
    let session = hub_http::session_of(&parts.headers);
    let response = next.run(Request::from_parts(parts, body)).await;

    let told = response.extensions().get::<Told>().cloned();
    let status = response.status();
    let is_failure = status.is_client_error() || status.is_server_error();
    let told = match told {
        Some(told) => told,
        None if wants_page && is_failure && is_json(response.headers()) => foreign(&response),
        None => return response,
    };
    if let Some(session) = session {
        let accounts: Accounts = axum::extract::FromRef::from_ref(&state);
        // A session that ended, or a database that fails, leaves a stranger: the error page is shown all the same.
        visit = visit.signed_in(accounts.authenticate_session(&session).await.unwrap_or_default());
    }
    show(&visit, &told, &response)
}

fn show(visit: &Visit, told: &Told, response: &Response) -> Response {
    let (status, title) = table(told.code);
    let request_id = response.headers().get("x-request-id").and_then(|id| id.to_str().ok()).unwrap_or_default();
    let view = ErrorPage {
        shell: visit.shell("error"),
        title: visit.words.get(title),
        message: &told.message,
        request_id,
        offers_sign_in: visit.caller.user().is_none()
            && matches!(status, StatusCode::NOT_FOUND | StatusCode::FORBIDDEN),
    };
    let mut page = visit.page(status, &view);
    if let Some(id) = response.headers().get("x-request-id") {
        page.headers_mut().insert("x-request-id", id.clone());
    }
    page.headers_mut().insert(header::X_CONTENT_TYPE_OPTIONS, axum::http::HeaderValue::from_static("nosniff"));
    page
}

/// A failure of another face, in its own words.
fn foreign(response: &Response) -> Told {
    let message = response.headers().get("x-error-message").and_then(|text| text.to_str().ok());
    let code = match response.status() {
        StatusCode::UNAUTHORIZED | StatusCode::NOT_FOUND => Code::NotFound,
        StatusCode::FORBIDDEN => Code::Forbidden,
        StatusCode::TOO_MANY_REQUESTS => Code::TooManyRequests,
        StatusCode::NOT_IMPLEMENTED => Code::NotImplemented,
        status if status.is_client_error() => Code::BadRequest,
        _ => Code::Internal,
    };
    Told { code, message: message.unwrap_or_default().to_owned() }
}

/// Whether a person looks at the answer. Programs that call the API, and those that name a token, want JSON.
fn asks_as_a_browser(method: &Method, path: &str, headers: &HeaderMap) -> bool {
    let accepts = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    matches!(*method, Method::GET | Method::POST)
        && accepts.contains("text/html")
        && !path.starts_with("/api/")
        && !headers.contains_key(header::AUTHORIZATION)
}

fn is_json(headers: &HeaderMap) -> bool {
    headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).is_some_and(|t| t.contains("json"))
}

/// How a failure is shown to a person. A page never tells a hidden thing from a missing one.
fn table(code: Code) -> (StatusCode, &'static str) {
    match code {
        Code::RepoNotFound | Code::RevisionNotFound | Code::EntryNotFound | Code::NotFound => {
            (StatusCode::NOT_FOUND, "error.missing")
        }
        Code::GatedRepo | Code::RepoDisabled | Code::Forbidden | Code::QuotaExceeded => {
            (StatusCode::FORBIDDEN, "error.closed")
        }
        Code::BadCredentials | Code::NeedsLogin => (StatusCode::UNAUTHORIZED, "error.signin"),
        Code::Conflict | Code::StaleParent => (StatusCode::CONFLICT, "error.conflict"),
        Code::TooManyRequests => (StatusCode::TOO_MANY_REQUESTS, "error.hasty"),
        Code::NotImplemented => (StatusCode::NOT_IMPLEMENTED, "error.notyet"),
        Code::BadRequest | Code::Unprocessable | Code::TooLarge | Code::RangeNotSatisfiable => {
            (StatusCode::UNPROCESSABLE_ENTITY, "error.impossible")
        }
        Code::StorageFull | Code::Unavailable | Code::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "error.fault"),
    }
}

/// Whether whoever filled a form can mend what went wrong by filling it differently, or again later.
pub(crate) fn is_mendable(error: &impl UserError) -> bool {
    matches!(
        error.code(),
        Code::BadRequest
            | Code::Unprocessable
            | Code::Conflict
            | Code::StaleParent
            | Code::BadCredentials
            | Code::TooManyRequests
            | Code::TooLarge
            | Code::QuotaExceeded
    )
}

/// A message of the engine as a sentence of a page.
pub(crate) fn sentence(message: impl AsRef<str>) -> String {
    let message = message.as_ref();
    let mut characters = message.chars();
    let Some(first) = characters.next() else { return String::new() };
    let end = if message.ends_with(['.', '!', '?']) { "" } else { "." };
    format!("{}{}{end}", first.to_uppercase(), characters.as_str())
}
