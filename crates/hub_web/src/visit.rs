//! A visit: who asks for a page, from where, in which language and theme, and the token that their forms must carry.
//!
//! A person is known by the session cookie, a program by its `Authorization` header. Forms of a session carry a token
//! made from the session; forms of strangers carry the value of a cookie of their own. A browser that says that another
//! site sent the form is not believed either way.

use std::net::IpAddr;
use std::sync::Arc;

use askama::Template;
use axum::extract::{FromRef, FromRequestParts};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use hub_account::{Accounts, By, Caller, CallerUser, Credential};
use hub_core::{Clock, Code, Ids, SecretString, Timestamp};
use hub_http::{ApiError, PublicUrl, RequestContext};

use crate::WebState;
use crate::error::PageError;
use crate::page::{self, Foreign};
use crate::shell::{Shell, ShellUser};
use crate::words::Words;

/// The cookie of forms that strangers send.
const FORM_COOKIE: &str = "hearth_form";
/// The cookies of what a reader chose.
const THEME_COOKIE: &str = "hearth_theme";
const LANGUAGE_COOKIE: &str = "hearth_language";
/// The cookie of somebody who is away to sign in elsewhere, and how long it is kept, in seconds.
const SSO_COOKIE: &str = "hearth_sso";
const SSO_SECS: i64 = 15 * 60;
/// Digits of a stranger's form token.
const TOKEN_DIGITS: usize = 32;
/// How long a browser keeps a session and what a reader chose, in seconds.
const SESSION_SECS: i64 = 30 * 86_400;
const CHOICE_SECS: i64 = 365 * 86_400;

/// Light, dark, or as the system says.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) enum Theme {
    #[default]
    System,
    Light,
    Dark,
}

impl Theme {
    pub(crate) fn of_word(word: &str) -> Self {
        match word {
            "light" => Self::Light,
            "dark" => Self::Dark,
            _ => Self::System,
        }
    }

    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }
}

/// A request for a page.
#[derive(Clone)]
pub(crate) struct Visit {
    /// Who asks.
    pub(crate) caller: Caller,
    /// Where this Hearth is reached.
    pub(crate) url: PublicUrl,
    /// The language of the answer.
    pub(crate) words: &'static Words,
    /// The moment of the request.
    pub(crate) now: Timestamp,
    /// The network address that it came from, as far as it tells people apart.
    pub(crate) address: String,
    /// The same as it is.
    pub(crate) peer: Option<IpAddr>,
    /// What the browser calls itself.
    pub(crate) client: String,
    /// The value of the session cookie.
    pub(crate) session: Option<SecretString>,
    /// The state of a sign-in through another house.
    pub(crate) sso_state: Option<SecretString>,
    /// Path and query of the request.
    pub(crate) here: String,
    content_origin: Option<Arc<str>>,
    theme: Theme,
    form_token: String,
    is_token_fresh: bool,
    came_from_elsewhere: bool,
    unread: u64,
}

impl Visit {
    /// The person who asks.
    ///
    /// # Errors
    /// [`PageError::SignIn`] leads a stranger to the sign-in form and back.
    pub(crate) fn person(&self) -> Result<&CallerUser, PageError> {
        self.caller.user().ok_or_else(|| PageError::SignIn { next: self.here.clone() })
    }

    /// States that the visitor administers this Hearth; to others there is nothing here.
    pub(crate) fn administers(&self) -> Result<(), PageError> {
        self.person()?;
        if self.caller.is_instance_admin() {
            return Ok(());
        }
        Err(PageError::told(Code::NotFound, self.words.get("error.nothing")))
    }

    /// On whose word the engine acts.
    pub(crate) fn by(&self) -> By<'_> {
        By::Caller(&self.caller)
    }

    /// Holds the hidden field of a sent form against what this visitor was given.
    pub(crate) fn check(&self, field: &str) -> Result<(), PageError> {
        if !self.came_from_elsewhere && !self.is_token_fresh && same(self.form_token.as_bytes(), field.as_bytes()) {
            return Ok(());
        }
        Err(PageError::told(Code::Forbidden, self.words.get("error.form")))
    }

    /// Refuses what a browser says that another site sent.
    pub(crate) fn refuse_elsewhere(&self) -> Result<(), PageError> {
        if self.came_from_elsewhere {
            return Err(PageError::told(Code::Forbidden, self.words.get("error.form")));
        }
        Ok(())
    }

    /// What every page shows around its own content. `section` is the part of the house that it belongs to.
    pub(crate) fn shell(&self, section: &'static str) -> Shell {
        let user = self.caller.user().map(|user| ShellUser {
            name: user.name.to_string(),
            is_admin: self.caller.is_instance_admin(),
            unread: self.unread,
        });
        Shell {
            words: self.words,
            theme: self.theme.word(),
            user,
            form_token: self.form_token.clone(),
            here: self.here.clone(),
            section,
            now: self.now,
            host: self.url.clone(),
            done: query_value(&self.here, "done"),
        }
    }

    /// A page. Where it has a form for strangers, `form_page` must be used.
    pub(crate) fn page(&self, status: StatusCode, view: &impl Template) -> Response {
        self.page_with_frame(status, view, None)
    }

    /// A page with a frame that shows another origin.
    pub(crate) fn page_with_frame(&self, status: StatusCode, view: &impl Template, frame: Option<&str>) -> Response {
        page::render(status, view, Foreign { content: self.content_origin.as_deref(), frame, form: None })
    }

    /// A page with a form whose answer leads to another place, which was registered here.
    pub(crate) fn page_returning_to(&self, status: StatusCode, view: &impl Template, place: &str) -> Response {
        page::render(status, view, Foreign { form: Some(place), ..Foreign::default() })
    }

    /// A page with a form that strangers may send.
    pub(crate) fn form_page(&self, status: StatusCode, view: &impl Template) -> Response {
        let mut response = self.page(status, view);
        if self.is_token_fresh {
            self.set_cookie(&mut response, FORM_COOKIE, &self.form_token, None);
        }
        response
    }

    /// Gives the browser its session, or takes it away.
    pub(crate) fn set_session(&self, response: &mut Response, value: Option<&SecretString>) {
        match value {
            Some(value) => self.set_cookie(response, hub_http::SESSION_COOKIE, value.reveal(), Some(SESSION_SECS)),
            None => self.set_cookie(response, hub_http::SESSION_COOKIE, "", Some(0)),
        }
    }

    /// Gives the browser the state of a sign-in through another house, or takes it away.
    pub(crate) fn set_sso_state(&self, response: &mut Response, value: Option<&SecretString>) {
        match value {
            Some(value) => self.set_cookie(response, SSO_COOKIE, value.reveal(), Some(SSO_SECS)),
            None => self.set_cookie(response, SSO_COOKIE, "", Some(0)),
        }
    }

    /// Keeps what a reader chose.
    pub(crate) fn set_choices(&self, response: &mut Response, theme: Option<Theme>, words: Option<&'static Words>) {
        if let Some(theme) = theme {
            self.set_cookie(response, THEME_COOKIE, theme.word(), Some(CHOICE_SECS));
        }
        if let Some(words) = words {
            self.set_cookie(response, LANGUAGE_COOKIE, words.tag, Some(CHOICE_SECS));
        }
    }

    fn set_cookie(&self, response: &mut Response, name: &str, value: &str, secs: Option<i64>) {
        let secure = if self.url.as_str().starts_with("https:") { "; Secure" } else { "" };
        let age = secs.map(|secs| format!("; Max-Age={secs}")).unwrap_or_default();
        let cookie = format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax{age}{secure}");
        if let Ok(cookie) = HeaderValue::from_str(&cookie) {
            response.headers_mut().append(header::SET_COOKIE, cookie);
        }
    }
}

/// Compares without telling by its duration where the first difference is.
fn same(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0, |difference, (a, b)| difference | (a ^ b)) == 0
}

impl FromRequestParts<WebState> for Visit {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &WebState) -> Result<Self, ApiError> {
        let accounts = Accounts::from_ref(state);
        let hub_http::Caller(caller) = hub_http::Caller::of_page(parts, &accounts).await?;
        let session = hub_http::session_of(&parts.headers);
        let visit = Self::of_stranger(parts, state).await;
        let unread = state.community.unread_notifications(&caller).await.map_err(ApiError::from)?;
        Ok(Self { session, unread, ..visit }.signed_in(caller))
    }
}

impl Visit {
    /// The same visit by someone who was recognised: their session gives the token of the forms.
    pub(crate) fn signed_in(mut self, caller: Caller) -> Self {
        if let Some(Credential::Session(grant)) = caller.user().map(|user| &user.credential) {
            self.form_token = grant.form_token.clone();
            self.is_token_fresh = false;
        }
        Self { caller, ..self }
    }

    /// The visit without looking up who asks.
    pub(crate) async fn of_stranger(parts: &mut Parts, state: &WebState) -> Self {
        let Ok(url) = PublicUrl::from_request_parts(parts, state).await;
        let headers = &parts.headers;
        let form_cookie = cookie(headers, FORM_COOKIE)
            .filter(|value| value.len() == TOKEN_DIGITS && value.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let text = |name: header::HeaderName| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or("");
        let words = cookie(headers, LANGUAGE_COOKIE)
            .and_then(|tag| Words::of_tag(&tag))
            .unwrap_or_else(|| Words::of_header(text(header::ACCEPT_LANGUAGE)));
        let site = headers.get("sec-fetch-site").and_then(|value| value.to_str().ok());
        Self {
            caller: Caller::Anonymous,
            url,
            words,
            now: Arc::<dyn Clock>::from_ref(state).now(),
            address: RequestContext::of(parts).network(),
            peer: RequestContext::of(parts).client(),
            client: text(header::USER_AGENT).to_owned(),
            session: None,
            sso_state: cookie(headers, SSO_COOKIE).map(SecretString::new),
            here: parts.uri.path_and_query().map_or("/", |path| path.as_str()).to_owned(),
            content_origin: state.content_origin.clone(),
            theme: cookie(headers, THEME_COOKIE).map(|word| Theme::of_word(&word)).unwrap_or_default(),
            is_token_fresh: form_cookie.is_none(),
            form_token: form_cookie.unwrap_or_else(|| fresh_token(&*Arc::<dyn Ids>::from_ref(state))),
            came_from_elsewhere: site.is_some_and(|site| site != "same-origin" && site != "none"),
            unread: 0,
        }
    }
}

fn fresh_token(ids: &dyn Ids) -> String {
    let mut bytes = [0; TOKEN_DIGITS / 2];
    ids.fill(&mut bytes);
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The value of a cookie.
pub(crate) fn cookie(headers: &HeaderMap, wanted: &str) -> Option<String> {
    let lists = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = lists.flat_map(|list| list.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(name, _)| *name == wanted).map(|(_, value)| value.to_owned())
}

/// The value of a query parameter that is one plain word.
fn query_value(here: &str, wanted: &str) -> Option<String> {
    let (_, query) = here.split_once('?')?;
    let pair = query.split('&').filter_map(|pair| pair.split_once('=')).find(|(name, _)| *name == wanted)?;
    pair.1.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-').then(|| pair.1.to_owned())
}

/// A path on this very server, to go on to after signing in; anything else becomes the first page.
pub(crate) fn local_path(text: &str) -> &str {
    let is_local = text.starts_with('/')
        && !text.starts_with("//")
        && !text.bytes().any(|byte| byte == b'\\' || byte.is_ascii_control())
        && text.len() <= 4096;
    if is_local { text } else { "/" }
}

#[cfg(test)]
mod tests;
