//! A program exchanges the word of the house where it runs for a token (RFC 8693). Which program may do what is decided by
//! hub_account; here the keys of that house are fetched, of houses that the operator accepts and of no others.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use hub_account::{AccountError, Accounts, GrantError, KeySet};
use hub_core::{Clock, SecretString, Timestamp};
use hub_http::{ApiError, Json, Outgoing, PublicUrl};
use serde::Deserialize;
use serde_json::json;

use super::{failed, refusal, unkept};

/// The kinds of token that are exchanged, and the one that is given.
const ID_TOKEN: &str = "urn:ietf:params:oauth:token-type:id_token";
const JWT: &str = "urn:ietf:params:oauth:token-type:jwt";
const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";
/// How long fetched keys count, in milliseconds. A key that is not among them is looked for anew, but no sooner than
/// after the shorter time, so that made-up keys do not make us ask all the time.
const KEYS_TTL_MILLIS: i64 = 600_000;
const KEYS_REST_MILLIS: i64 = 30_000;
/// The most houses whose keys are remembered.
const HOUSES_MAX: usize = 100;

/// Those who vouch for programs: asked for their keys, which are remembered a while.
#[derive(Clone)]
pub struct Issuers {
    outgoing: Option<Outgoing>,
    clock: Arc<dyn Clock>,
    known: Arc<Mutex<HashMap<String, (Timestamp, KeySet)>>>,
}

impl std::fmt::Debug for Issuers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Issuers").finish_non_exhaustive()
    }
}

/// What a house says of itself.
#[derive(Deserialize)]
struct Discovery {
    issuer: String,
    jwks_uri: String,
}

impl Issuers {
    /// Issuers that are asked by `outgoing`; without it nobody is.
    pub fn new(outgoing: Option<Outgoing>, clock: Arc<dyn Clock>) -> Self {
        Self { outgoing, clock, known: Arc::default() }
    }

    /// The keys of a house; with `anew`, those that it has now, unless it was asked a moment ago.
    async fn keys(&self, issuer: &str, anew: bool) -> Option<KeySet> {
        let now = self.clock.now();
        let fresh_for = if anew { KEYS_REST_MILLIS } else { KEYS_TTL_MILLIS };
        {
            let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some((at, keys)) = known.get(issuer)
                && now.millis() - at.millis() < fresh_for
            {
                return Some(keys.clone());
            }
        }
        let fetched = self.fetch(issuer).await;
        if let Some(keys) = &fetched {
            let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            if known.len() >= HOUSES_MAX {
                known.clear();
            }
            known.insert(issuer.to_owned(), (now, keys.clone()));
        }
        fetched
    }

    async fn fetch(&self, issuer: &str) -> Option<KeySet> {
        let outgoing = self.outgoing.as_ref()?;
        let url = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
        let told = |error: hub_http::OutgoingError| {
            tracing::warn!(%error, issuer, "trusted publishers: the issuer did not answer as it should");
        };
        let house: Discovery = outgoing.get_json(&url).await.map_err(told).ok()?;
        if house.issuer != issuer {
            tracing::warn!(issuer, says = house.issuer, "trusted publishers: the issuer names another");
            return None;
        }
        outgoing.get_json(&house.jwks_uri).await.map_err(told).ok()
    }
}

/// What is exchanged, and for what.
pub(super) struct Exchange {
    pub(super) subject_token: Option<SecretString>,
    pub(super) subject_token_type: String,
    pub(super) resource: String,
}

/// `POST /oauth/token` with the grant of exchange.
pub(super) async fn exchange(
    accounts: &Accounts,
    issuers: &Issuers,
    url: &PublicUrl,
    asked: &Exchange,
) -> Result<Response, ApiError> {
    let Some(word) = &asked.subject_token else { return Ok(failed("invalid_request", "send the subject_token")) };
    if asked.subject_token_type != ID_TOKEN && asked.subject_token_type != JWT {
        return Ok(failed("invalid_request", "the subject_token_type is urn:ietf:params:oauth:token-type:id_token"));
    }
    let resource = asked.resource.trim().trim_matches('/');
    let resource = resource.strip_prefix("models/").unwrap_or(resource);
    if resource.is_empty() || resource.len() > 300 {
        let problem = "name the resource: a repository such as ada/m or datasets/ada/d, or a person";
        return Ok(failed("invalid_target", problem));
    }
    let refused = "nobody trusts this program with this resource; a person sets that up at /settings/publishers";
    let issuer = Accounts::issuer_of(word).filter(|issuer| accounts.accepts_issuer(issuer));
    let Some(issuer) = issuer else { return Ok(failed("invalid_grant", refused)) };
    let audience = url.as_str().trim_end_matches('/');
    for anew in [false, true] {
        let Some(keys) = issuers.keys(&issuer, anew).await else {
            return Ok(failed("temporarily_unavailable", "the issuer's keys could not be fetched; try again later"));
        };
        match accounts.exchange_word(word, &issuer, &keys, audience, resource).await {
            Ok(given) => {
                let view = json!({
                    "access_token": given.access.reveal(),
                    "issued_token_type": ACCESS_TOKEN,
                    "token_type": "bearer",
                    "expires_in": given.expires_secs,
                    "scope": given.scope,
                });
                return Ok(unkept((StatusCode::OK, Json(view)).into_response()));
            }
            // The house may have a new key.
            Err(GrantError::Failed(AccountError::SsoToken(hub_account::JwtError::Key))) if !anew => {}
            Err(GrantError::Failed(AccountError::SsoToken(reason))) => {
                return Ok(failed("invalid_grant", &format!("the subject_token does not count: {reason}")));
            }
            Err(GrantError::InvalidGrant) => return Ok(failed("invalid_grant", refused)),
            Err(error) => return refusal(error),
        }
    }
    Ok(failed("invalid_grant", refused))
}
