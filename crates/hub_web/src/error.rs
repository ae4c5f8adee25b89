//! The page that says what went wrong.

use askama::Template;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use hub_account::AccountError;
use hub_core::{Code, UserError};
use hub_http::ApiError;
use hub_repo::RepoError;

use crate::page::page;

/// What a page handler answers.
pub(crate) type Answer = Result<Response, PageError>;

/// A failure as a page. Faults of ours go the way of the API, which logs them and shows a request id.
#[derive(Debug)]
pub(crate) enum PageError {
    Told { code: Code, message: String },
    Fault(ApiError),
    Moved { to: String },
}

#[derive(Template)]
#[template(path = "error/page.html")]
struct ErrorPage<'a> {
    title: &'a str,
    message: &'a str,
}

impl PageError {
    fn of(error: impl UserError) -> Self {
        match error.code() {
            Code::Internal | Code::StorageFull | Code::Unavailable => Self::Fault(error.into()),
            code => Self::Told { code, message: error.message().into_owned() },
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
            Self::Moved { to } => {
                let location = HeaderValue::from_str(&to).unwrap_or(HeaderValue::from_static("/"));
                (StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, location)]).into_response()
            }
            Self::Told { code, message } => {
                let (status, title) = table(code);
                page(status, &ErrorPage { title, message: &message })
            }
        }
    }
}

/// How a failure is shown to a person. A page never tells a hidden thing from a missing one.
fn table(code: Code) -> (StatusCode, &'static str) {
    match code {
        Code::RepoNotFound | Code::RevisionNotFound | Code::EntryNotFound | Code::NotFound => {
            (StatusCode::NOT_FOUND, "There is nothing here")
        }
        Code::GatedRepo | Code::RepoDisabled | Code::Forbidden | Code::QuotaExceeded => {
            (StatusCode::FORBIDDEN, "This is not open to you")
        }
        Code::BadCredentials | Code::NeedsLogin => (StatusCode::UNAUTHORIZED, "Sign in first"),
        Code::Conflict | Code::StaleParent => (StatusCode::CONFLICT, "Someone was faster"),
        Code::TooManyRequests => (StatusCode::TOO_MANY_REQUESTS, "Too many requests"),
        Code::NotImplemented => (StatusCode::NOT_IMPLEMENTED, "Hearth does not do this yet"),
        Code::BadRequest | Code::Unprocessable | Code::TooLarge | Code::RangeNotSatisfiable => {
            (StatusCode::UNPROCESSABLE_ENTITY, "This cannot be done as asked")
        }
        Code::StorageFull | Code::Unavailable | Code::Internal => {
            (StatusCode::INTERNAL_SERVER_ERROR, "The server failed")
        }
    }
}
