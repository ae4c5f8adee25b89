//! Who asks: the extractors that read `Authorization` and let hub_account recognise the caller.
//!
//! `Bearer <token>` is what the clients send; git sends `Basic` with any user name and the token as password, and may
//! send a real name with its password. Without the header the caller is anonymous; with a wrong one the request ends
//! with 401, also for public things, so that nobody takes a revoked token for a working one.
//!
//! A browser is known by its session cookie. Here it counts for GET and HEAD only, which change nothing: whatever changes
//! something by a session goes through a form of a page, which carries a token of its own ([`Caller::of_page`]). A
//! session that ended makes a stranger of its bearer, not an error.

use std::ops::Deref;
use std::sync::Arc;

use axum::extract::{FromRef, FromRequestParts};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hub_account::{AccountError, Accounts, CallerUser};
use hub_core::{Code, SecretString};

use crate::context::RequestContext;
use crate::error::ApiError;

/// The cookie in which a browser keeps its session.
pub const SESSION_COOKIE: &str = "hearth_session";

/// Who makes the request, perhaps nobody that we know.
#[derive(Clone, Debug)]
pub struct Caller(pub hub_account::Caller);

/// Who asks for large files by the protocol of Git LFS: as [`Caller`], or whoever bears a pass for the large files of one
/// repository, which counts nowhere else.
#[derive(Clone, Debug)]
pub struct LargeFileCaller(pub hub_account::Caller);

/// A caller who has signed in; others are asked to.
#[derive(Clone, Debug)]
pub struct SignedIn(pub hub_account::Caller);

/// A caller who administers this installation, with a credential that is not narrowed.
#[derive(Clone, Debug)]
pub struct SiteAdmin(pub hub_account::Caller);

impl SignedIn {
    /// The person.
    pub fn user(&self) -> &Arc<CallerUser> {
        match &self.0 {
            hub_account::Caller::User(user) => user,
            hub_account::Caller::Anonymous => unreachable!("the extractor refuses anonymous callers"),
        }
    }
}

macro_rules! derefs {
    ($($name:ident)*) => {$(
        impl Deref for $name {
            type Target = hub_account::Caller;

            fn deref(&self) -> &hub_account::Caller {
                &self.0
            }
        }
    )*};
}

derefs!(Caller SignedIn SiteAdmin);

impl<S> FromRequestParts<S> for Caller
where
    S: Send + Sync,
    Accounts: FromRef<S>,
{
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        if !parts.headers.contains_key(header::AUTHORIZATION) && !parts.method.is_safe() {
            return Ok(Self(hub_account::Caller::Anonymous));
        }
        Self::of_page(parts, &Accounts::from_ref(state)).await
    }
}

impl<S> FromRequestParts<S> for LargeFileCaller
where
    S: Send + Sync,
    Accounts: FromRef<S>,
{
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let header = parts.headers.get(header::AUTHORIZATION).and_then(|header| header.to_str().ok());
        if let Some(Credential::Bearer(value)) = header.and_then(Credential::parse)
            && let Some(caller) = Accounts::from_ref(state).authenticate_large_file_pass(&value).await?
        {
            if let Some(user) = caller.user() {
                RequestContext::of(parts).recognise(user.name.as_str());
            }
            return Ok(Self(caller));
        }
        Caller::from_request_parts(parts, state).await.map(|Caller(caller)| Self(caller))
    }
}

impl Caller {
    /// Who asks, where a session counts whatever the method. Only for handlers that check the token of the form.
    pub async fn of_page(parts: &Parts, accounts: &Accounts) -> Result<Self, ApiError> {
        let caller = match parts.headers.get(header::AUTHORIZATION) {
            Some(header) => by_header(header, accounts).await?,
            None => by_session(&parts.headers, accounts).await?,
        };
        if let Some(user) = caller.user() {
            RequestContext::of(parts).recognise(user.name.as_str());
        }
        Ok(Self(caller))
    }
}

async fn by_header(header: &HeaderValue, accounts: &Accounts) -> Result<hub_account::Caller, ApiError> {
    let credential = header.to_str().ok().and_then(Credential::parse).ok_or_else(bad_credentials)?;
    Ok(recognise(accounts, credential).await?)
}

async fn by_session(headers: &HeaderMap, accounts: &Accounts) -> Result<hub_account::Caller, ApiError> {
    let Some(value) = session_of(headers) else { return Ok(hub_account::Caller::Anonymous) };
    match accounts.authenticate_session(&value).await {
        Err(AccountError::BadCredentials) => Ok(hub_account::Caller::Anonymous),
        answer => Ok(answer?),
    }
}

/// The value of the session cookie, if there is one that could be right.
pub fn session_of(headers: &HeaderMap) -> Option<SecretString> {
    let lists = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = lists.flat_map(|list| list.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let (_, value) = pairs.find(|(name, _)| *name == SESSION_COOKIE)?;
    let fits = !value.is_empty() && value.len() <= 128 && value.bytes().all(|byte| byte.is_ascii_alphanumeric());
    fits.then(|| SecretString::new(value))
}

impl<S> FromRequestParts<S> for SignedIn
where
    S: Send + Sync,
    Accounts: FromRef<S>,
{
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let Caller(caller) = Caller::from_request_parts(parts, state).await?;
        match caller.user() {
            Some(_) => Ok(Self(caller)),
            None => Err(ApiError::new(Code::NeedsLogin, "Sign in first: send a token (hf auth login makes one known)")),
        }
    }
}

impl<S> FromRequestParts<S> for SiteAdmin
where
    S: Send + Sync,
    Accounts: FromRef<S>,
{
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let SignedIn(caller) = SignedIn::from_request_parts(parts, state).await?;
        if caller.is_instance_admin() {
            return Ok(Self(caller));
        }
        let message = "This needs an administrator of this installation, with a password or a write token";
        Err(ApiError::new(Code::Forbidden, message))
    }
}

/// What an `Authorization` header says.
#[derive(Debug, PartialEq)]
enum Credential {
    Bearer(SecretString),
    Basic { user: String, password: SecretString },
}

impl Credential {
    fn parse(header: &str) -> Option<Self> {
        let (scheme, rest) = header.trim().split_once(' ')?;
        let rest = rest.trim();
        match scheme.to_ascii_lowercase().as_str() {
            "bearer" if !rest.is_empty() => Some(Self::Bearer(SecretString::new(rest))),
            "basic" => {
                let text = String::from_utf8(STANDARD.decode(rest).ok()?).ok()?;
                let (user, password) = text.split_once(':')?;
                Some(Self::Basic { user: user.to_owned(), password: SecretString::new(password) })
            }
            _ => None,
        }
    }
}

/// A token is looked up first, because that is one hash; only then a password is checked, which is slow on purpose.
async fn recognise(accounts: &Accounts, credential: Credential) -> Result<hub_account::Caller, AccountError> {
    match credential {
        Credential::Bearer(token) => accounts.authenticate_token(&token).await,
        Credential::Basic { user, password } => match accounts.authenticate_token(&password).await {
            Err(AccountError::BadCredentials) => accounts.authenticate_password(&user, &password).await,
            answer => answer,
        },
    }
}

/// Name and secret of an app, as the standard of apps has them in the header: each part is escaped like a form.
pub fn basic_credentials(headers: &HeaderMap) -> Option<(String, SecretString)> {
    let header = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let Credential::Basic { user, password } = Credential::parse(header)? else { return None };
    let plain = |text: &str| {
        let pairs = form_urlencoded::parse(text.as_bytes()).next();
        pairs.map(|(name, _)| name.into_owned()).unwrap_or_default()
    };
    Some((plain(&user), SecretString::new(plain(password.reveal()))))
}

fn bad_credentials() -> ApiError {
    AccountError::BadCredentials.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_schemes_are_read_and_others_refused() {
        let secret = |text: &str| SecretString::new(text);
        let check =
            |header: &str, expect: Option<Credential>| assert_eq!(Credential::parse(header), expect, "{header}");
        check("Bearer hf_x", Some(Credential::Bearer(secret("hf_x"))));
        check("bearer   hf_x ", Some(Credential::Bearer(secret("hf_x"))));
        let basic = Credential::Basic { user: "ann".to_owned(), password: secret("a:b") };
        check("Basic YW5uOmE6Yg==", Some(basic));
        for wrong in ["", "Bearer", "Bearer ", "Basic ???", "Basic YW5u", "Digest x", "hf_x"] {
            check(wrong, None);
        }
    }
}
