//! Tokens of forms: a cookie and a hidden field with the same unguessable value. Another site can make a browser send
//! the cookie, but cannot read it and so cannot fill the field.

use std::sync::Arc;

use axum::extract::{FromRef, FromRequestParts};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;
use hub_core::{Code, Ids};
use hub_http::{ApiError, PublicUrl};

const COOKIE: &str = "hearth_form";
/// Digits of a token.
const DIGITS: usize = 32;

/// The token of a request: the one that its cookie has, or a fresh one.
#[derive(Clone)]
pub(crate) struct FormToken {
    value: String,
    is_fresh: bool,
    secure: bool,
}

impl FormToken {
    /// What the hidden field holds.
    pub(crate) fn value(&self) -> &str {
        &self.value
    }

    /// Holds the field of a sent form against the cookie that came with it.
    pub(crate) fn check(&self, field: &str) -> Result<(), ApiError> {
        if !self.is_fresh && same(self.value.as_bytes(), field.as_bytes()) {
            return Ok(());
        }
        Err(ApiError::new(
            Code::Forbidden,
            "The form is too old or came from elsewhere: open the page again and resend it",
        ))
    }

    /// Hands the browser the cookie with the page that has the field.
    pub(crate) fn set(&self, mut response: Response) -> Response {
        let secure = if self.secure { "; Secure" } else { "" };
        let cookie = format!("{COOKIE}={}; Path=/; HttpOnly; SameSite=Strict{secure}", self.value);
        if let Ok(cookie) = HeaderValue::from_str(&cookie) {
            response.headers_mut().insert(header::SET_COOKIE, cookie);
        }
        response
    }
}

/// Compares without telling by its duration where the first difference is.
fn same(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0, |difference, (a, b)| difference | (a ^ b)) == 0
}

impl<S> FromRequestParts<S> for FormToken
where
    S: Send + Sync,
    Arc<dyn Ids>: FromRef<S>,
{
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let Ok(public_url) = PublicUrl::from_request_parts(parts, state).await;
        let secure = public_url.as_str().starts_with("https:");
        if let Some(value) = cookie(&parts.headers) {
            return Ok(Self { value, is_fresh: false, secure });
        }
        let mut bytes = [0; DIGITS / 2];
        Arc::<dyn Ids>::from_ref(state).fill(&mut bytes);
        let value = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Self { value, is_fresh: true, secure })
    }
}

fn cookie(headers: &HeaderMap) -> Option<String> {
    let pairs = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = pairs.flat_map(|list| list.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let (_, value) = pairs.find(|(name, _)| *name == COOKIE)?;
    (value.len() == DIGITS && value.bytes().all(|byte| byte.is_ascii_hexdigit())).then(|| value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token_of(cookies: &str) -> Option<String> {
        let mut headers = HeaderMap::new();
        headers.insert(header::COOKIE, cookies.parse().unwrap());
        cookie(&headers)
    }

    #[test]
    fn only_a_token_of_ours_is_taken_from_the_cookies() {
        let value = "0123456789abcdef0123456789abcdef";
        assert_eq!(token_of(&format!("a=b; hearth_form={value}")).as_deref(), Some(value));
        assert_eq!(token_of("hearth_form=short"), None);
        assert_eq!(token_of("other=1"), None);
    }

    #[test]
    fn a_form_without_its_cookie_is_refused() {
        let fresh = FormToken { value: "x".to_owned(), is_fresh: true, secure: false };
        assert!(fresh.check("x").is_err());
        let known = FormToken { is_fresh: false, ..fresh };
        assert!(known.check("x").is_ok());
        assert!(known.check("y").is_err());
    }
}
