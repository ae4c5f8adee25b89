//! Apps that sign people in and act for them (RFC 6749, OpenID Connect): through a browser (`authorize.rs`) or from a
//! device without one (`device.rs`).
//!
//! An access token of an app is a token like those that people make, fine-grained by what its person allowed, so it is
//! listed, narrowed and revoked like them. It lives for hours and is renewed by a refresh token, which is replaced at
//! each use; one that comes a second time was stolen, and ends what it renewed.

mod app;
mod authorize;
mod device;
mod profile;
mod redirect;
mod registration;
mod scope;
mod signing;

use hub_core::{SecretString, Timestamp, TokenRole};
use serde::Serialize;

use crate::Accounts;
use crate::caller::TokenGrant;
use crate::code::{digest, fresh_code, fresh_token};
use crate::error::AccountError;
use crate::label::Label;
use crate::namespace::NamespaceId;
use crate::scope::TokenScopes;
use crate::store::{namespaces, oauth, oauth_apps, tokens};
use crate::throttle::Subject;
use crate::tokens::{TOKENS_MAX, TokenId};

pub use app::{App, AppDraft, AppKind, AuthorizedApp, ClientId, Vouched};
pub use authorize::{AuthorizeError, AuthorizeQuery, AuthorizeRequest, pkce_challenge};
pub use device::{DeviceCode, WaitingApp};
pub use profile::{UserInfo, UserInfoOrg};
pub use redirect::{RedirectError, RedirectUri};
pub use registration::{Registration, RegistrationError};
pub use scope::{OauthScope, OauthScopes};
pub use signing::{PublicJwk, SigningAlg};

/// How long an access token of an app lives, and what renews it.
const ACCESS_TTL_MILLIS: i64 = 8 * 3_600_000;
const REFRESH_TTL_MILLIS: i64 = 90 * 86_400_000;
/// How long an id token counts: it tells who signed in just now, and nothing afterwards.
const ID_TTL_SECS: i64 = 3600;
/// The most tokens of one person that one app has; the oldest end.
const APP_TOKENS_MAX: i64 = 50;

/// Tokens that were just given to an app.
#[derive(Clone, Debug)]
pub struct AppTokens {
    /// The access token.
    pub access: SecretString,
    /// What renews it.
    pub refresh: SecretString,
    /// Who signed in, signed by this house, if the app asked for that.
    pub id_token: Option<String>,
    /// What was granted; none for everything.
    pub scopes: OauthScopes,
    /// How long the access token lives, in seconds.
    pub expires_secs: i64,
}

/// How an app says which one it is.
#[derive(Clone, Debug, Default)]
pub struct ClientAuth {
    /// Its id, if it said so: a public app may leave it to the code.
    pub id: Option<String>,
    /// Its secret.
    pub secret: Option<SecretString>,
}

/// Why an app gets no token.
#[derive(Debug, thiserror::Error)]
pub enum GrantError {
    /// No such app.
    #[error("there is no app with this client_id here, or the client_secret is wrong")]
    InvalidClient,
    /// The owner has not answered yet.
    #[error("the code has not been entered yet")]
    Pending,
    /// The device asks too often.
    #[error("asked too often; wait five seconds longer between two requests")]
    SlowDown,
    /// The code is unknown, used or too old.
    #[error("the code is unknown, used or expired; begin anew")]
    Expired,
    /// The owner said no.
    #[error("the sign-in was denied")]
    Denied,
    /// The refresh token is unknown, used or too old, or the address is another than the code was made for.
    #[error("the grant is unknown, used or expired, or belongs to another app or redirect_uri; sign in again")]
    InvalidGrant,
    /// The verifier does not fit the challenge.
    #[error("the code_verifier does not fit the code_challenge")]
    WrongVerifier,
    /// The engine failed.
    #[error(transparent)]
    Failed(#[from] AccountError),
}

impl From<hub_db::DbError> for GrantError {
    fn from(error: hub_db::DbError) -> Self {
        Self::Failed(error.into())
    }
}

/// A token that is to be given.
pub(crate) struct Issue<'a> {
    pub(crate) token: TokenId,
    pub(crate) app: &'a App,
    pub(crate) user: NamespaceId,
    pub(crate) scopes: &'a OauthScopes,
    pub(crate) orgs: &'a [NamespaceId],
    pub(crate) nonce: Option<String>,
    pub(crate) signed_in: Timestamp,
    pub(crate) issuer: &'a str,
}

/// What goes with a token and is read and signed before the transaction that gives it.
pub(crate) struct Draft {
    role: TokenRole,
    scopes: TokenScopes,
    id_token: Option<String>,
}

/// The claims of an id token.
#[derive(Serialize)]
struct IdClaims<'a> {
    iss: &'a str,
    aud: &'a str,
    iat: i64,
    exp: i64,
    auth_time: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    nonce: Option<&'a str>,
    #[serde(flatten)]
    user: UserInfo,
}

impl Accounts {
    /// Whether the app is the one that it says. A wrong secret is slowed like a wrong password.
    pub(crate) async fn check_client(&self, app: &App, client: &ClientAuth) -> Result<(), GrantError> {
        if client.id.as_ref().is_some_and(|id| id != app.client_id.as_str()) {
            return Err(GrantError::InvalidClient);
        }
        if app.kind == AppKind::Public {
            return Ok(());
        }
        let subjects = [Subject::app(app.client_id.as_str())];
        self.refuse_hasty(&subjects).await?;
        let secret = client.secret.as_ref().ok_or(GrantError::InvalidClient)?;
        if !oauth_apps::has_secret(&self.inner.db, app.key, digest(secret)).await? {
            self.note_failure(&subjects).await?;
            return Err(GrantError::InvalidClient);
        }
        Ok(())
    }

    /// What goes with the tokens of an app.
    pub(crate) async fn draft(&self, issue: &Issue<'_>, now: Timestamp) -> Result<Draft, AccountError> {
        let (role, scopes) = self.reach(issue).await?;
        let id_token = match issue.scopes.has("openid") {
            true => Some(self.id_token(issue, now).await?),
            false => None,
        };
        Ok(Draft { role, scopes, id_token })
    }

    /// Makes the tokens of an app.
    pub(crate) async fn issue(
        &self,
        tx: &mut hub_db::Tx,
        issue: &Issue<'_>,
        draft: Draft,
        now: Timestamp,
    ) -> Result<AppTokens, AccountError> {
        let (app, user) = (issue.app, issue.user);
        namespaces::lock(tx, user).await?;
        tokens::delete_expired(tx, user, now).await?;
        oauth_apps::revoke_oldest(tx, app.key, user, APP_TOKENS_MAX - 1, now).await?;
        if tokens::count(tx, user).await? >= TOKENS_MAX {
            return Err(AccountError::TooManyTokens { most: TOKENS_MAX });
        }
        let (access, refresh) = (fresh_token(&*self.inner.ids), fresh_code(&*self.inner.ids));
        let Draft { role, scopes, id_token } = draft;
        let short: String = app.name.chars().take(Label::MAX_CHARS - 10).collect();
        let grant = TokenGrant {
            id: issue.token,
            display_name: format!("{short} {}", &issue.token.to_string()[16..]).parse()?,
            role,
            scopes,
            created_at: now,
            expires_at: Some(now.plus_millis(ACCESS_TTL_MILLIS)),
        };
        tokens::insert(tx, user, digest(&access), &grant).await?;
        let end = now.plus_millis(REFRESH_TTL_MILLIS);
        oauth::insert_refresh(tx, issue.token, app.key, digest(&refresh), end).await?;
        let expires_secs = ACCESS_TTL_MILLIS / 1000;
        Ok(AppTokens { access, refresh, id_token, scopes: issue.scopes.clone(), expires_secs })
    }

    /// What the token may do: everything for an app of the house that is registered for no scopes, else what was allowed.
    async fn reach(&self, issue: &Issue<'_>) -> Result<(TokenRole, TokenScopes), AccountError> {
        if issue.scopes.is_empty() {
            return Ok((TokenRole::Write, TokenScopes::default()));
        }
        let ids: Vec<NamespaceId> = std::iter::once(issue.user).chain(issue.orgs.iter().copied()).collect();
        let spaces = namespaces::by_ids(&self.inner.db, &ids).await?;
        Ok((TokenRole::FineGrained, issue.scopes.for_token(issue.app.key, &spaces)))
    }

    async fn id_token(&self, issue: &Issue<'_>, now: Timestamp) -> Result<String, AccountError> {
        let key = self.signing_key(issue.app.id_token_alg).await?;
        let claims = IdClaims {
            iss: issue.issuer,
            aud: issue.app.client_id.as_str(),
            iat: now.seconds(),
            exp: now.seconds() + ID_TTL_SECS,
            auth_time: issue.signed_in.seconds(),
            nonce: issue.nonce.as_deref(),
            user: self.userinfo_of(issue.user, issue.scopes, issue.issuer).await?,
        };
        key.sign(&claims)
    }

    /// An app renews its access token; both tokens it had are void then.
    pub async fn refresh_tokens(&self, client: &ClientAuth, refresh: &SecretString) -> Result<AppTokens, GrantError> {
        let (hash, now) = (digest(refresh), self.now());
        let held = oauth::refresh(&self.inner.db, hash, now).await?.ok_or(GrantError::InvalidGrant)?;
        let app = oauth_apps::by_key(&self.inner.db, held.app).await?.ok_or(GrantError::InvalidGrant)?;
        self.check_client(&app, client).await?;
        let (access, next) = (fresh_token(&*self.inner.ids), fresh_code(&*self.inner.ids));
        let mut tx = self.inner.db.begin().await?;
        if !oauth::replace_refresh(&mut tx, hash, digest(&next), now.plus_millis(REFRESH_TTL_MILLIS)).await? {
            // The value was replaced before: two have it, and one of them is no friend.
            oauth::revoke_refreshed(&mut tx, held.token, now).await?;
            tx.commit().await?;
            return Err(GrantError::InvalidGrant);
        }
        if !tokens::renew(&mut tx, held.token, digest(&access), now.plus_millis(ACCESS_TTL_MILLIS)).await? {
            return Err(GrantError::InvalidGrant);
        }
        tx.commit().await?;
        let expires_secs = ACCESS_TTL_MILLIS / 1000;
        let scopes = held.scopes.oauth.as_deref().map(OauthScopes::read).unwrap_or_default();
        Ok(AppTokens { access, refresh: next, id_token: None, scopes, expires_secs })
    }

    /// An app gives a token back, be it the access token or what renews it (RFC 7009). Whether there was one is not told.
    pub async fn give_back_token(&self, client: &ClientAuth, token: &SecretString) -> Result<(), GrantError> {
        let (hash, now) = (digest(token), self.now());
        if let Some(held) = oauth::refresh(&self.inner.db, hash, now).await? {
            let app = oauth_apps::by_key(&self.inner.db, held.app).await?.ok_or(GrantError::InvalidClient)?;
            self.check_client(&app, client).await?;
            let mut tx = self.inner.db.begin().await?;
            oauth::revoke_refreshed(&mut tx, held.token, now).await?;
            return Ok(tx.commit().await?);
        }
        Ok(self.revoke_leaked(token).await?)
    }
}
