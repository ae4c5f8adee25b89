//! Trusted publishers: programs that run elsewhere, such as a workflow that builds a release, and that exchange the word of
//! the house where they run for a token of an hour (RFC 8693). No secret is kept anywhere.
//!
//! A person says which program may act for them: who vouches for it, what that house must say of it, and on which
//! repository it may then write. What the person may no longer do, the program may not either.

use std::collections::BTreeMap;

use hub_core::{SecretString, Timestamp, TokenRole};
use serde_json::Value;

use crate::Accounts;
use crate::audit::Act;
use crate::caller::{By, TokenGrant};
use crate::code::{digest, fresh_token};
use crate::error::AccountError;
use crate::jwt::{Expected, KeySet, unproved_issuer, verify};
use crate::label::Label;
use crate::namespace::{NamespaceId, wire_id};
use crate::oauth::{GrantError, OauthScopes};
use crate::scope::{Permission, Scope, ScopeEntity, TokenScopes};
use crate::store::{namespaces, publishers, tokens};
use crate::tokens::{TOKENS_MAX, TokenId};

/// The most publishers of one person, and how many of one repository are held against a token.
const PUBLISHERS_MAX: i64 = 100;
const TRIED_MAX: i64 = 100;
/// The most claims of one publisher, and the longest name and value of a claim.
const CLAIMS_MAX: usize = 10;
const CLAIM_MAX: usize = 300;
/// How long a token lives that was given for a word, in milliseconds.
const TTL_MILLIS: i64 = 3_600_000;

/// The key of a trusted publisher.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PublisherId(i64);

impl PublisherId {
    /// Wraps the key of a row.
    pub const fn new(key: i64) -> Self {
        Self(key)
    }

    pub(crate) const fn key(self) -> i64 {
        self.0
    }
}

impl std::fmt::Display for PublisherId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&wire_id(self.0))
    }
}

/// A program that may act for somebody.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TrustedPublisher {
    /// Its key.
    pub id: PublisherId,
    /// For whom it acts.
    pub user: NamespaceId,
    /// Where it may write; without a repository it reads what its person was let in to.
    pub repo: Option<ScopeEntity>,
    /// How a program names what it wants: `ada/m`, `datasets/ada/d`, or the name of the person.
    pub resource: String,
    /// Who vouches for it.
    pub issuer: String,
    /// What the issuer must say of it, claim by claim.
    pub claims: BTreeMap<String, String>,
    /// When it was set up.
    pub created_at: Timestamp,
    /// When it last came.
    pub used_at: Option<Timestamp>,
}

/// What a person says of a publisher.
#[derive(Clone, Debug)]
pub struct PublisherDraft {
    /// Where it may write, and the resource by which it is named, both as the engine of repositories knows them; nothing
    /// for reading what the person was let in to.
    pub repo: Option<(ScopeEntity, String)>,
    /// Who vouches for it; the face has seen that the operator accepts them.
    pub issuer: String,
    /// What they must say.
    pub claims: BTreeMap<String, String>,
}

/// A token that was given for a word.
#[derive(Clone, Debug)]
pub struct ExchangedToken {
    /// The access token.
    pub access: SecretString,
    /// What it may do, in the words of scopes.
    pub scope: &'static str,
    /// How long it lives, in seconds.
    pub expires_secs: i64,
}

impl Accounts {
    /// A person trusts a program.
    pub async fn trust_publisher(&self, by: By<'_>, draft: PublisherDraft) -> Result<TrustedPublisher, AccountError> {
        let user = by.full_user()?.ok_or(AccountError::NeedsLogin)?;
        check_claims(&draft.claims)?;
        if !self.accepts_issuer(&draft.issuer) {
            return Err(AccountError::App {
                problem: "the operator does not accept this issuer; accounts.publisher_issuers in the configuration names \
                          those that count",
            });
        }
        let (repo, resource) = match draft.repo {
            Some((repo, resource)) => (Some(repo), resource),
            None => (None, user.name.to_string()),
        };
        let publisher = TrustedPublisher {
            id: PublisherId(self.inner.ids.next_key()),
            user: user.id,
            repo,
            resource,
            issuer: draft.issuer,
            claims: draft.claims,
            created_at: self.now(),
            used_at: None,
        };
        let mut tx = self.inner.db.begin().await?;
        namespaces::lock(&mut tx, user.id).await?;
        if publishers::count(&mut tx, user.id).await? >= PUBLISHERS_MAX {
            return Err(AccountError::App { problem: "there are 100 trusted publishers already; remove some first" });
        }
        publishers::insert(&mut tx, &publisher).await?;
        self.record(&mut tx, by, Act::new("publisher.trust", &publisher.resource).with(&publisher.issuer)).await?;
        tx.commit().await?;
        Ok(publisher)
    }

    /// The programs that the caller trusts.
    pub async fn trusted_publishers(&self, by: By<'_>) -> Result<Vec<TrustedPublisher>, AccountError> {
        let user = by.full_user()?.ok_or(AccountError::NeedsLogin)?;
        Ok(publishers::of_user(&self.inner.db, user.id).await?)
    }

    /// The caller trusts a program no longer. Tokens that it has live on for their hour; they are among the person's.
    pub async fn distrust_publisher(&self, by: By<'_>, id: PublisherId) -> Result<(), AccountError> {
        let user = by.full_user()?.ok_or(AccountError::NeedsLogin)?;
        let mut tx = self.inner.db.begin().await?;
        if !publishers::delete(&mut tx, user.id, id).await? {
            return Err(AccountError::NoSuchItem { what: "trusted publisher" });
        }
        self.record(&mut tx, by, Act::new("publisher.distrust", &id.to_string())).await?;
        Ok(tx.commit().await?)
    }

    /// Whether the word of an issuer counts here.
    pub fn accepts_issuer(&self, issuer: &str) -> bool {
        self.inner.publisher_issuers.iter().any(|known| match known.strip_suffix('/') {
            Some(_) => {
                issuer.starts_with(known.as_str()) && !issuer.contains(['?', '#', '@']) && !issuer.contains("..")
            }
            None => issuer == known,
        })
    }

    /// The issuers whose word counts here.
    pub fn publisher_issuers(&self) -> &[String] {
        &self.inner.publisher_issuers
    }

    /// Who says to have signed a token, before anything is believed.
    pub fn issuer_of(token: &SecretString) -> Option<String> {
        unproved_issuer(token.reveal())
    }

    /// Gives a program a token for the word of its house, whose `keys` the face has fetched. The word must be meant for
    /// `audience`, the address of this house.
    pub async fn exchange_word(
        &self,
        token: &SecretString,
        issuer: &str,
        keys: &KeySet,
        audience: &str,
        resource: &str,
    ) -> Result<ExchangedToken, GrantError> {
        let now = self.now();
        let expected = Expected { issuer, audience, nonce: None, now_secs: now.seconds() };
        let claims = verify(token.reveal(), keys, expected).map_err(AccountError::from)?;
        let known = publishers::of_resource(&self.inner.db, resource, issuer, TRIED_MAX).await?;
        let found = known.into_iter().find(|publisher| fits(&publisher.claims, &claims));
        let publisher = found.ok_or(GrantError::InvalidGrant)?;
        let access = fresh_token(&*self.inner.ids);
        let (scopes, scope) = reach(&publisher)?;
        let id = TokenId::new(self.inner.ids.next_key());
        let short: String = publisher.resource.chars().take(Label::MAX_CHARS - 30).collect();
        let grant = TokenGrant {
            id,
            display_name: format!("publisher {short} {}", &id.to_string()[16..]).parse().map_err(AccountError::from)?,
            role: TokenRole::FineGrained,
            scopes,
            created_at: now,
            expires_at: Some(now.plus_millis(TTL_MILLIS)),
        };
        let mut tx = self.inner.db.begin().await?;
        namespaces::lock(&mut tx, publisher.user).await?;
        tokens::delete_expired(&mut tx, publisher.user, now).await?;
        if tokens::count(&mut tx, publisher.user).await? >= TOKENS_MAX {
            return Err(AccountError::TooManyTokens { most: TOKENS_MAX }.into());
        }
        tokens::insert(&mut tx, publisher.user, digest(&access), &grant).await?;
        publishers::touch(&mut tx, publisher.id, now).await?;
        let detail = claims.get("sub").and_then(Value::as_str).unwrap_or_default();
        let act = Act::new("publisher.exchange", &publisher.resource).with(detail);
        self.record_of(&mut tx, Some(publisher.user), "trusted publisher", issuer, act).await?;
        tx.commit().await?;
        Ok(ExchangedToken { access, scope, expires_secs: TTL_MILLIS / 1000 })
    }
}

/// What the token may do: write to the repository, or read what its person was let in to. Never create or delete.
fn reach(publisher: &TrustedPublisher) -> Result<(TokenScopes, &'static str), AccountError> {
    let Some(repo) = &publisher.repo else {
        return Ok((TokenScopes { can_read_gated_repos: true, ..TokenScopes::default() }, "gated-repos"));
    };
    let damaged = |_| AccountError::Damaged { what: "trusted_publisher permissions" };
    let permissions: Vec<Permission> = vec!["repo.write".parse().map_err(damaged)?];
    let scope = "write-repos";
    let scopes = TokenScopes {
        scoped: vec![Scope { entity: repo.clone(), permissions }],
        oauth: Some(OauthScopes::read(scope).to_string()),
        ..TokenScopes::default()
    };
    Ok((scopes, scope))
}

/// Whether the house says all that it must. Numbers and flags are compared as they are written.
fn fits(wanted: &BTreeMap<String, String>, claims: &Value) -> bool {
    wanted.iter().all(|(name, value)| match claims.get(name) {
        Some(Value::String(said)) => said == value,
        Some(Value::Bool(said)) => value.parse() == Ok(*said),
        Some(Value::Number(said)) => {
            serde_json::from_str(value).is_ok_and(|wanted: serde_json::Number| wanted == *said)
        }
        _ => false,
    })
}

fn check_claims(claims: &BTreeMap<String, String>) -> Result<(), AccountError> {
    let is_text = |text: &str| !text.is_empty() && text.len() <= CLAIM_MAX && !text.chars().any(char::is_control);
    if claims.is_empty() {
        return Err(AccountError::App {
            problem: "say what the issuer must tell of the program, such as repository = owner/name; anybody can have a \
                      token of that issuer",
        });
    }
    if claims.len() > CLAIMS_MAX || !claims.iter().all(|(name, value)| is_text(name) && is_text(value)) {
        return Err(AccountError::App { problem: "a publisher has at most 10 claims of at most 300 characters" });
    }
    // What every token of the issuer says, or what changes each time, tells no program from another.
    let tells = |name: &str| !["iss", "aud", "exp", "iat", "nbf", "jti"].contains(&name);
    if !claims.keys().any(|name| tells(name) && name != "ref" && name != "environment" && name != "event_name") {
        return Err(AccountError::App {
            problem: "name a claim that tells the program from others, such as repository, project_path or sub",
        });
    }
    Ok(())
}
