//! A template as a response, with the policy of pages.

use askama::Template;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use hub_http::ApiError;

/// Styles, scripts, pictures and sound from here, forms to here, and nothing else. No script stands in a page.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
                      media-src 'self'; connect-src 'self'; frame-src 'self'; base-uri 'none'; \
                      frame-ancestors 'none'; form-action 'self'";

/// Renders a page.
pub(crate) fn render(status: StatusCode, template: &impl Template) -> Response {
    render_under(status, template, HeaderValue::from_static(POLICY))
}

/// Renders a page with a form whose answer leads to `place`, an origin or a scheme that was registered here.
pub(crate) fn render_returning_to(status: StatusCode, template: &impl Template, place: &str) -> Response {
    match HeaderValue::from_str(&format!("{POLICY} {place}")) {
        Ok(policy) => render_under(status, template, policy),
        Err(error) => ApiError::internal(error).into_response(),
    }
}

fn render_under(status: StatusCode, template: &impl Template, policy: HeaderValue) -> Response {
    match template.render() {
        Ok(html) => {
            let mut response = (status, Html(html)).into_response();
            let headers = response.headers_mut();
            headers.insert(header::CONTENT_SECURITY_POLICY, policy);
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
