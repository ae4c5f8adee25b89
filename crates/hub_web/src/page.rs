//! A template as a response, with the policy of pages.

use askama::Template;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use hub_http::ApiError;

/// What a page may fetch besides what is of this server.
#[derive(Clone, Copy, Default)]
pub(crate) struct Foreign<'a> {
    /// Where pictures and sound may come from: the blob store.
    pub(crate) content: Option<&'a str>,
    /// What a frame may show: the app of a Space.
    pub(crate) frame: Option<&'a str>,
    /// Where the answer to a form may lead: an origin or a scheme that was registered here.
    pub(crate) form: Option<&'a str>,
}

/// Styles, scripts, pictures and sound from here, forms to here, and nothing else. No script stands in a page.
fn policy(foreign: Foreign<'_>) -> HeaderValue {
    let Foreign { content, frame, form } = foreign;
    let [content, frame, form] = [content, frame, form].map(Option::unwrap_or_default);
    let text = format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: {content}; \
         media-src 'self' {content}; connect-src 'self'; frame-src 'self' {frame}; base-uri 'none'; \
         frame-ancestors 'none'; form-action 'self' {form}"
    );
    // Origins are made from addresses, which are fit for headers; a policy without them is stricter.
    HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static("default-src 'none'"))
}

/// Renders a page.
pub(crate) fn render(status: StatusCode, template: &impl Template, foreign: Foreign<'_>) -> Response {
    match template.render() {
        Ok(html) => {
            let mut response = (status, Html(html)).into_response();
            let headers = response.headers_mut();
            headers.insert(header::CONTENT_SECURITY_POLICY, policy(foreign));
            // A page depends on who asks and may name private things.
            headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
            headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
            response
        }
        Err(error) => ApiError::internal(error).into_response(),
    }
}

/// Leads on to another page of this server after a form was taken.
pub(crate) fn go_to(path: &str) -> Response {
    Redirect::to(path).into_response()
}
