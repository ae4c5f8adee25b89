//! Apps that register themselves (RFC 7591), as clients do that meet a house for the first time.
//!
//! Nobody vouches for such an app, which the people whom it asks are told. Anybody may register one, so registrations are
//! bounded for each network and in all, and one that nobody allows anything is forgotten after a week.

use hub_core::SecretString;

use super::app::{ADDRESSES_MAX, App, AppKind, ClientId, Vouched, is_homepage};
use super::{OauthScopes, RedirectUri, SigningAlg};
use crate::Accounts;
use crate::audit::Act;
use crate::code::digest;
use crate::error::AccountError;
use crate::label::Label;
use crate::store::oauth_apps;

/// How many apps one network registers in an hour, and how many there are that nobody allows anything.
const OF_NETWORK_MAX: i64 = 20;
const UNUSED_MAX: i64 = 10_000;
const HOUR_MILLIS: i64 = 3_600_000;
/// How long an app stays that nobody allows anything.
const UNUSED_TTL_MILLIS: i64 = 7 * 24 * HOUR_MILLIS;
/// What an app may ask for that does not say.
const USUAL_SCOPES: &str = "openid profile";

/// What an app says of itself.
#[derive(Clone, Debug)]
pub struct Registration {
    /// How it wants to be called; empty for the place that it returns to.
    pub name: String,
    /// Where people learn about it; may be empty.
    pub homepage: String,
    /// Where browsers are sent back to. An app of a device that shows a code needs none.
    pub redirect_uris: Vec<String>,
    /// The scopes that it will ask for, with spaces between; empty for `openid profile`.
    pub scope: String,
    /// Whether it can keep a secret.
    pub kind: AppKind,
    /// The word of the algorithm that signs its id tokens; empty for RS256.
    pub id_token_alg: String,
}

/// Why an app is not registered.
#[derive(Debug, thiserror::Error)]
pub enum RegistrationError {
    /// An address to return to is not acceptable.
    #[error("{0}")]
    RedirectUri(String),
    /// Something else that it says of itself is not acceptable.
    #[error("{0}")]
    Metadata(String),
    /// Too many were registered.
    #[error(
        "too many apps were registered {place}; try again in an hour, or let a person register it in their settings"
    )]
    TooMany {
        /// From where.
        place: &'static str,
    },
    /// The engine failed.
    #[error(transparent)]
    Failed(#[from] AccountError),
}

impl From<hub_db::DbError> for RegistrationError {
    fn from(error: hub_db::DbError) -> Self {
        Self::Failed(error.into())
    }
}

impl Accounts {
    /// Registers an app that asks for it itself, from `network`. One that can keep a secret gets it here, once.
    ///
    /// # Errors
    /// [`RegistrationError::RedirectUri`] and [`RegistrationError::Metadata`] say what would be right;
    /// [`RegistrationError::TooMany`] if there were enough for now.
    pub async fn register_itself(
        &self,
        registration: &Registration,
        network: &str,
    ) -> Result<(App, Option<SecretString>), RegistrationError> {
        let now = self.now();
        let app = App {
            key: self.inner.ids.next_key(),
            client_id: ClientId(self.fresh_client_id()),
            vouched: Vouched::Nobody,
            created_at: now,
            ..read(registration)?
        };
        let secret = (app.kind == AppKind::Confidential).then(|| self.fresh_app_secret());
        let network = digest(&SecretString::new(format!("registration:{network}")));
        let mut tx = self.inner.db.begin().await?;
        let (of_network, unused) =
            oauth_apps::count_registrations(&mut tx, network, now.plus_millis(-HOUR_MILLIS)).await?;
        if of_network >= OF_NETWORK_MAX {
            return Err(RegistrationError::TooMany { place: "from this network within an hour" });
        }
        if unused >= UNUSED_MAX {
            return Err(RegistrationError::TooMany { place: "that nobody uses" });
        }
        oauth_apps::insert(&mut tx, &app, secret.as_ref().map(digest), Some(network)).await?;
        let act = Act::new("app.register", &app.name).with(app.client_id.as_str());
        // Not under the name of the app, which is what it says: a log names nobody whom it does not know.
        self.record_of(&mut tx, None, "an app", "registration", act).await?;
        tx.commit().await?;
        Ok((app, secret))
    }

    /// Forgets apps that registered themselves and that nobody allows anything. Gives how many those were.
    pub async fn forget_unused_apps(&self) -> Result<u64, AccountError> {
        let now = self.now();
        let mut tx = self.inner.db.begin().await?;
        let forgotten = oauth_apps::delete_unused(&mut tx, now.plus_millis(-UNUSED_TTL_MILLIS)).await?;
        oauth_apps::forget_networks(&mut tx, now.plus_millis(-HOUR_MILLIS)).await?;
        tx.commit().await?;
        Ok(forgotten)
    }
}

/// What an app says of itself, held against the rules; its keys are still to be given.
fn read(registration: &Registration) -> Result<App, RegistrationError> {
    let metadata = |problem: &str| RegistrationError::Metadata(problem.to_owned());
    if registration.redirect_uris.len() > ADDRESSES_MAX {
        return Err(RegistrationError::RedirectUri("an app has at most 20 addresses to return to".to_owned()));
    }
    let address = |text: &String| {
        let uri: RedirectUri = text.parse().map_err(|error| RegistrationError::RedirectUri(format!("{error}")))?;
        if !uri.is_safe() {
            let problem = "an address to return to begins with https://, or stays on the device: http://localhost, \
                           http://127.0.0.1, or a scheme of the app's own, such as org.example.app:/callback";
            return Err(RegistrationError::RedirectUri(problem.to_owned()));
        }
        Ok(uri)
    };
    let redirect_uris = registration.redirect_uris.iter().map(address).collect::<Result<Vec<_>, _>>()?;
    if !is_homepage(&registration.homepage) {
        return Err(metadata("client_uri is a web address such as https://app.example.org, or nothing"));
    }
    let name = match (registration.name.trim(), redirect_uris.first()) {
        ("", Some(uri)) => RedirectUri::place(uri.as_str()).chars().take(Label::MAX_CHARS).collect(),
        ("", None) => return Err(metadata("an app without redirect_uris says its client_name")),
        (name, _) => name.to_owned(),
    };
    let name: Label = name.parse().map_err(|error| metadata(&format!("client_name: {error}")))?;
    let asked = if registration.scope.trim().is_empty() { USUAL_SCOPES } else { &registration.scope };
    let scopes = OauthScopes::read(asked);
    if scopes.is_empty() {
        return Err(metadata(
            "none of these scopes is known here; scopes_supported of the provider names those that are",
        ));
    }
    let id_token_alg = match registration.id_token_alg.as_str() {
        "" => SigningAlg::default(),
        word => SigningAlg::of_word(word).ok_or_else(|| metadata("id_token_signed_response_alg is RS256 or ES256"))?,
    };
    Ok(App {
        key: 0,
        client_id: ClientId(String::new()),
        name: name.to_string(),
        vouched: Vouched::Nobody,
        homepage: registration.homepage.clone(),
        redirect_uris,
        scopes,
        kind: registration.kind,
        id_token_alg,
        created_at: hub_core::Timestamp::from_millis(0),
    })
}
