//! The one table from [`Code`] to what HTTP clients see: status, `X-Error-Code`, `X-Error-Message`, `{"error": …}`.
//!
//! A handler fails with an [`ApiError`], into which `?` turns every [`UserError`]. How it looks depends on facts that
//! the handler does not hold (is the caller anonymous, what is the request's id, is it git that asks), so the response
//! carries the error itself and `service.rs` renders it once, on the way out, with those facts at hand.
//!
//! Contract: bodies are JSON objects, never arrays or strings; user errors are never 5xx; a missing repository and a
//! hidden one are the same answer.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::sync::Arc;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use hub_core::{Code, NamespaceName, RepoAddr, UserError};
use serde_json::{Map, Value};

use crate::context::RequestContext;

const X_ERROR_CODE: HeaderName = HeaderName::from_static("x-error-code");
const X_ERROR_MESSAGE: HeaderName = HeaderName::from_static("x-error-message");

/// The most bytes of a message that go into a header; the body has it whole.
const HEADER_MESSAGE_MAX: usize = 1000;

/// A failed request.
#[derive(Clone, Debug)]
pub struct ApiError(Box<Failure>);

#[derive(Clone, Debug)]
struct Failure {
    code: Code,
    message: Cow<'static, str>,
    fields: Map<String, Value>,
    headers: HeaderMap,
    /// What the path names by an old name, and the new one: `namespace/name`, or a name alone.
    moved: Option<(String, String)>,
    source: Option<Arc<dyn Error + Send + Sync>>,
}

impl ApiError {
    /// A failure with a sentence that says what to do next.
    pub fn new(code: Code, message: impl Into<Cow<'static, str>>) -> Self {
        let failure = Failure {
            code,
            message: message.into(),
            fields: Map::new(),
            headers: HeaderMap::new(),
            moved: None,
            source: None,
        };
        Self(Box::new(failure))
    }

    /// The request cannot be understood.
    pub fn bad_request(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Code::BadRequest, message)
    }

    /// A fault of ours; `source` goes to the log, the client sees a request id.
    pub fn internal(source: impl Error + Send + Sync + 'static) -> Self {
        let mut error = Self::new(Code::Internal, "");
        error.0.source = Some(Arc::new(source));
        error
    }

    /// A redirect with the method kept: the same request, with the repository's new name in its path. The location is
    /// relative, because some clients follow only such.
    pub fn moved(from: RepoAddr, to: RepoAddr) -> Self {
        let mut error = Self::new(Code::RepoNotFound, format!("the repository is now called {}", to.repo_id()));
        error.0.moved = Some((from.repo_id(), to.repo_id()));
        error
    }

    /// The same for a person or an organisation that has another name now.
    pub fn renamed(from: &NamespaceName, to: &NamespaceName) -> Self {
        let mut error = Self::new(Code::NotFound, format!("{from} is now called {to}"));
        error.0.moved = Some((from.to_string(), to.to_string()));
        error
    }

    /// Adds a field to the JSON body (`url` of a conflict, `slug` of a collection).
    pub fn with_field(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.0.fields.insert(name.into(), value.into());
        self
    }

    /// Adds a header (`X-Repo-Commit` of a missing entry, `Content-Range` of a range).
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.0.headers.insert(name, value);
        self
    }

    /// How clients tell the failure apart.
    pub fn code(&self) -> Code {
        self.0.code
    }

    /// What a person reads; nothing for [`Code::Internal`].
    pub fn message(&self) -> &str {
        match self.0.code {
            Code::RepoDisabled => "Access to this resource is disabled.",
            Code::BadCredentials => "Invalid credentials in Authorization header",
            _ => &self.0.message,
        }
    }

    /// Writes the failure to the log if it is a fault of ours: once, with its whole chain.
    pub(crate) fn log(&self, context: &RequestContext) {
        if !matches!(self.0.code, Code::Internal | Code::StorageFull | Code::Unavailable) {
            return;
        }
        let chain = match &self.0.source {
            Some(source) => chain(source.as_ref()),
            None => self.0.message.clone().into_owned(),
        };
        tracing::error!(request_id = %context.id(), code = ?self.0.code, error = %chain, "request failed");
    }

    /// The response, with the facts of the request it answers.
    pub(crate) fn render(&self, context: &RequestContext) -> Response {
        if let Some((from, to)) = &self.0.moved {
            return redirect(from, to, context);
        }
        let (status, error_code) = table(self.0.code, context.is_anonymous());
        let message = match self.0.code {
            Code::Internal => Cow::Owned(format!(
                "Internal error: the server failed to answer. Its log tells why under request id {}.",
                context.id()
            )),
            _ => Cow::Borrowed(self.message()),
        };
        let mut body = Map::new();
        body.insert("error".to_owned(), Value::String(message.clone().into_owned()));
        if context.speaks_lfs() {
            body.insert("message".to_owned(), Value::String(message.clone().into_owned()));
            body.insert("request_id".to_owned(), Value::String(context.id().to_owned()));
        }
        body.extend(self.0.fields.clone());
        let (media_type, text) = if context.speaks_git_packets() {
            // git shows plain text to its user, behind `remote:`, and nothing else.
            ("text/plain; charset=utf-8", format!("{message}\n"))
        } else if context.speaks_lfs() {
            ("application/vnd.git-lfs+json", Value::Object(body).to_string())
        } else {
            ("application/json", Value::Object(body).to_string())
        };

        let mut response = Response::new(Body::from(text));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.extend(self.0.headers.clone());
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
        headers.insert(X_ERROR_MESSAGE, header_text(&message));
        if let Some(word) = error_code {
            headers.insert(X_ERROR_CODE, HeaderValue::from_static(word));
        }
        if status == StatusCode::UNAUTHORIZED && context.speaks_git() {
            // git and git-lfs ask their credential helper only after this.
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"Hearth\""));
            headers.insert("lfs-authenticate", HeaderValue::from_static("Basic realm=\"Hearth\""));
        }
        if matches!(self.0.code, Code::Unavailable) {
            headers.entry(header::RETRY_AFTER).or_insert(HeaderValue::from_static("5"));
        }
        response
    }
}

/// Points to the same thing of the repository, or its owner, under the new name.
fn redirect(from: &str, to: &str, context: &RequestContext) -> Response {
    let location = context.uri_with_name(from, to);
    let body = serde_json::json!({ "error": format!("Moved to {to}"), "url": location });
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = StatusCode::TEMPORARY_REDIRECT;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response.headers_mut().insert(header::LOCATION, header_text(&location));
    response
}

/// The table: status and `X-Error-Code`. Anonymous callers are asked to sign in where others learn "not found" or
/// "not granted", so that a hidden repository looks like a missing one to both.
fn table(code: Code, anonymous: bool) -> (StatusCode, Option<&'static str>) {
    let or_unauthorized = |status| if anonymous { StatusCode::UNAUTHORIZED } else { status };
    match code {
        Code::RepoNotFound => (or_unauthorized(StatusCode::NOT_FOUND), Some("RepoNotFound")),
        Code::RevisionNotFound => (StatusCode::NOT_FOUND, Some("RevisionNotFound")),
        Code::EntryNotFound => (StatusCode::NOT_FOUND, Some("EntryNotFound")),
        Code::NotFound => (StatusCode::NOT_FOUND, None),
        Code::GatedRepo => (or_unauthorized(StatusCode::FORBIDDEN), Some("GatedRepo")),
        Code::RepoDisabled => (StatusCode::FORBIDDEN, None),
        Code::BadCredentials => (StatusCode::UNAUTHORIZED, None),
        Code::NeedsLogin => (StatusCode::UNAUTHORIZED, None),
        Code::Forbidden => (StatusCode::FORBIDDEN, None),
        Code::BadRequest => (StatusCode::BAD_REQUEST, None),
        Code::Unprocessable => (StatusCode::UNPROCESSABLE_ENTITY, None),
        Code::Conflict => (StatusCode::CONFLICT, None),
        Code::StaleParent => (StatusCode::PRECONDITION_FAILED, None),
        Code::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, None),
        Code::RangeNotSatisfiable => (StatusCode::RANGE_NOT_SATISFIABLE, None),
        // Not 413 or 507: the request is fine, the account may not store more, and clients must not try again.
        Code::QuotaExceeded => (StatusCode::FORBIDDEN, None),
        Code::TooManyRequests => (StatusCode::TOO_MANY_REQUESTS, None),
        Code::NotImplemented => (StatusCode::NOT_IMPLEMENTED, None),
        Code::StorageFull => (StatusCode::INSUFFICIENT_STORAGE, None),
        Code::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, None),
        Code::Internal => (StatusCode::INTERNAL_SERVER_ERROR, None),
    }
}

impl<E: UserError> From<E> for ApiError {
    fn from(error: E) -> Self {
        let message = Cow::Owned(error.message().into_owned());
        let mut failure = Self::new(error.code(), message);
        failure.0.source = Some(Arc::new(error));
        failure
    }
}

/// Renders for an anonymous caller; `service.rs` finds the error in the extensions and renders again with the facts.
impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = self.render(&RequestContext::default());
        response.extensions_mut().insert(self);
        response
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message())
    }
}

/// The answer to a path or method that no route has.
pub(crate) async fn no_such_route(request: axum::extract::Request) -> ApiError {
    let message = format!("Hearth has nothing at {} {}", request.method(), request.uri().path());
    ApiError::new(Code::NotFound, message)
}

/// An error and what caused it, joined by colons.
pub(crate) fn chain(error: &(dyn Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |&error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// Text as a header can carry it: printable ASCII on one line, shortened.
pub(crate) fn header_text(text: &str) -> HeaderValue {
    let safe = |c: char| match c {
        '\n' | '\r' | '\t' => ' ',
        ' '..='~' => c,
        _ => '?',
    };
    let line: String = text.chars().take(HEADER_MESSAGE_MAX).map(safe).collect();
    HeaderValue::from_str(line.trim()).unwrap_or(HeaderValue::from_static("error"))
}

#[cfg(test)]
mod tests;
