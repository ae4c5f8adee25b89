//! The way through a browser (RFC 6749, 4.1, with PKCE of RFC 7636): an app asks, a person allows, a code goes back.
//!
//! A code works once, for a minute, for the app and the address that it was made for. One that comes a second time was
//! seen by somebody else too, so the token that was given for it ends.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hub_core::{SecretString, Timestamp};
use sha2::Digest as _;

use super::{AppKind, AppTokens, ClientAuth, ClientId, GrantError, Issue, OauthScopes};
use crate::Accounts;
use crate::audit::Act;
use crate::caller::{By, CallerUser, Credential};
use crate::code::{digest, fresh_code};
use crate::error::AccountError;
use crate::namespace::NamespaceId;
use crate::oauth::app::App;
use crate::store::{oauth, oauth_apps, tokens};
use crate::tokens::TokenId;

/// How long a code is on its way.
const CODE_TTL_MILLIS: i64 = 60_000;
/// The longest nonce or state that is carried through.
const CARRIED_MAX: usize = 2000;
/// A challenge is 43 characters: 32 bytes in base64.
const CHALLENGE_CHARS: usize = 43;

/// What an app asks for through a browser, as it stands in the address.
#[derive(Clone, Debug, Default)]
pub struct AuthorizeQuery {
    /// Which app.
    pub client_id: String,
    /// Where to return to; may be left out by an app with one address.
    pub redirect_uri: String,
    /// Must be `code`.
    pub response_type: String,
    /// What for.
    pub scope: String,
    /// What must stand in the id token.
    pub nonce: String,
    /// The challenge of PKCE.
    pub code_challenge: String,
    /// Must be `S256` where there is a challenge.
    pub code_challenge_method: String,
}

/// A question that a person can be asked.
#[derive(Clone, Debug)]
pub struct AuthorizeRequest {
    /// The app that asks.
    pub app: App,
    /// Where to return to: one of the app's own addresses.
    pub redirect_uri: String,
    /// What for.
    pub scopes: OauthScopes,
    nonce: Option<String>,
    challenge: Option<String>,
}

/// Why an app is not answered.
#[derive(Debug, thiserror::Error)]
pub enum AuthorizeError {
    /// There is no such app, or the address is not its own: nobody may be sent there.
    #[error("{0}")]
    Unreturnable(&'static str),
    /// The app is told by its own address.
    #[error("{description}")]
    Refused {
        /// Where to.
        redirect_uri: String,
        /// The word of the standard.
        word: &'static str,
        /// What is wrong, for whoever writes the app.
        description: &'static str,
    },
    /// The engine failed.
    #[error(transparent)]
    Failed(#[from] AccountError),
}

impl Accounts {
    /// Holds what an app asks for against its registration.
    pub async fn authorize_request(&self, query: &AuthorizeQuery) -> Result<AuthorizeRequest, AuthorizeError> {
        let client = ClientId::new(&query.client_id);
        let app = oauth_apps::by_client_id(&self.inner.db, client.as_str()).await.map_err(AccountError::from)?;
        let app = app.ok_or(AuthorizeError::Unreturnable("there is no app with this client_id here"))?;
        let redirect_uri = match (query.redirect_uri.as_str(), &app.redirect_uris[..]) {
            ("", [only]) => only.to_string(),
            (asked, known) if known.iter().any(|known| known.permits(asked)) => asked.to_owned(),
            _ => {
                let problem = "the redirect_uri is none of the app's addresses; its owner can add it in their settings";
                return Err(AuthorizeError::Unreturnable(problem));
            }
        };
        let refuse =
            |word, description| Err(AuthorizeError::Refused { redirect_uri: redirect_uri.clone(), word, description });
        if query.response_type != "code" {
            return refuse("unsupported_response_type", "response_type must be code");
        }
        let scopes = OauthScopes::read(&query.scope).within(&app.scopes);
        if scopes.is_empty() {
            return refuse("invalid_scope", "ask for scopes that the app is registered for, such as openid profile");
        }
        let challenge = Some(query.code_challenge.clone()).filter(|challenge| !challenge.is_empty());
        match &challenge {
            None if app.kind == AppKind::Public => {
                return refuse("invalid_request", "a public app must send a code_challenge (PKCE)");
            }
            None => {}
            Some(_) if query.code_challenge_method != "S256" => {
                return refuse("invalid_request", "code_challenge_method must be S256");
            }
            Some(challenge) if !is_challenge(challenge) => {
                return refuse("invalid_request", "the code_challenge is not a SHA-256 in base64url");
            }
            Some(_) => {}
        }
        let nonce = Some(query.nonce.clone()).filter(|nonce| !nonce.is_empty());
        if nonce.as_ref().is_some_and(|nonce| nonce.len() > CARRIED_MAX || nonce.contains('\0')) {
            return refuse("invalid_request", "the nonce is too long");
        }
        Ok(AuthorizeRequest { app, redirect_uri, scopes, nonce, challenge })
    }

    /// Whether the person allowed all of this before, so that they need not be asked again.
    pub async fn has_consented(&self, by: By<'_>, request: &AuthorizeRequest) -> Result<bool, AccountError> {
        let Some(user) = by.full_user()? else { return Ok(false) };
        if !request.app.is_remembered() {
            return Ok(false);
        }
        let consent = oauth_apps::consent(&self.inner.db, request.app.key, user.id).await?;
        Ok(consent.is_some_and(|(scopes, _)| scopes.cover(&request.scopes)))
    }

    /// The person allows what was asked for, on their own name space and on `orgs` of theirs; without `orgs`, on those
    /// that they chose before. Gives the code to return.
    pub async fn consent(
        &self,
        by: By<'_>,
        request: &AuthorizeRequest,
        orgs: Option<&[NamespaceId]>,
    ) -> Result<SecretString, AccountError> {
        let user = by.full_user()?.ok_or(AccountError::NeedsLogin)?;
        let now = self.now();
        let code = fresh_code(&*self.inner.ids);
        let mut tx = self.inner.db.begin().await?;
        let before = oauth_apps::consent_in(&mut tx, request.app.key, user.id).await?;
        let chosen = match (orgs, before) {
            (Some(orgs), _) => orgs.to_vec(),
            (None, Some((_, orgs))) => orgs,
            (None, None) => Vec::new(),
        };
        let is_theirs = |org: &NamespaceId| user.memberships.iter().any(|membership| membership.org == *org);
        let orgs: Vec<NamespaceId> = chosen.into_iter().filter(is_theirs).collect();
        oauth_apps::put_consent(&mut tx, request.app.key, user.id, &request.scopes, &orgs, now).await?;
        let row = oauth::NewCode {
            hash: digest(&code),
            app: request.app.key,
            user: user.id,
            redirect_uri: &request.redirect_uri,
            scopes: &request.scopes,
            orgs: &orgs,
            nonce: request.nonce.as_deref(),
            challenge: request.challenge.as_deref(),
            signed_in: signed_in_at(user).unwrap_or(now),
            expires: now.plus_millis(CODE_TTL_MILLIS),
        };
        let scopes = request.scopes.to_string();
        self.record(&mut tx, by, Act::new("app.allow", &request.app.name).with(&scopes)).await?;
        oauth::delete_expired_codes(&mut tx, now).await?;
        oauth::insert_code(&mut tx, &row).await?;
        tx.commit().await?;
        Ok(code)
    }

    /// An app exchanges a code for tokens.
    pub async fn exchange_code(
        &self,
        client: &ClientAuth,
        code: &SecretString,
        redirect_uri: &str,
        verifier: Option<&SecretString>,
        issuer: &str,
    ) -> Result<AppTokens, GrantError> {
        let now = self.now();
        let found = oauth::code(&self.inner.db, digest(code), now).await?.ok_or(GrantError::InvalidGrant)?;
        let app = oauth_apps::by_key(&self.inner.db, found.app).await?.ok_or(GrantError::InvalidClient)?;
        self.check_client(&app, client).await?;
        if found.redirect_uri != redirect_uri && !(redirect_uri.is_empty() && app.redirect_uris.len() == 1) {
            return Err(GrantError::InvalidGrant);
        }
        let proves = match (&found.challenge, verifier) {
            (None, None) => true,
            (Some(challenge), Some(verifier)) => *challenge == pkce_challenge(verifier),
            _ => false,
        };
        if !proves {
            return Err(GrantError::WrongVerifier);
        }
        let issue = Issue {
            token: TokenId::new(self.inner.ids.next_key()),
            app: &app,
            user: found.user,
            scopes: &found.scopes,
            orgs: &found.orgs,
            nonce: found.nonce,
            signed_in: found.signed_in,
            issuer,
        };
        let draft = self.draft(&issue, now).await?;
        let mut tx = self.inner.db.begin().await?;
        if !oauth::use_code(&mut tx, digest(code), issue.token).await? {
            // It was used: whoever came first may not be the app, so nobody keeps what was given.
            if let Some(given) = found.token {
                tokens::revoke(&mut tx, found.user, given, now).await?;
            }
            tx.commit().await?;
            return Err(GrantError::InvalidGrant);
        }
        let tokens = self.issue(&mut tx, &issue, draft, now).await?;
        tx.commit().await?;
        Ok(tokens)
    }
}

/// When the browser signed in, if it is one.
fn signed_in_at(user: &CallerUser) -> Option<Timestamp> {
    match &user.credential {
        Credential::Session(session) => Some(session.created_at),
        Credential::Password | Credential::Token(_) | Credential::LargeFiles(_) => None,
    }
}

fn is_challenge(text: &str) -> bool {
    text.len() == CHALLENGE_CHARS && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
}

/// What goes along of a verifier that stays: its hash (RFC 7636, 4.2).
pub fn pkce_challenge(verifier: &SecretString) -> String {
    URL_SAFE_NO_PAD.encode(sha2::Sha256::digest(verifier.reveal().as_bytes()))
}
