//! Webhooks as their owners see them: listed, made, changed, switched, deleted. Nobody sees those of others.

use hub_account::{Caller, NamespaceId};
use hub_core::{Access, NamespaceName, RepoAddr};

use super::{Domain, Watch, WatchKind, Webhook, WebhookId, WebhookState};
use crate::store::webhooks;
use crate::{Community, CommunityError};

/// The most webhooks of a person, and the most that one of them watches.
const OWNED_MAX: usize = 100;
const WATCHED_MAX: usize = 100;
/// The most bytes of an address and of a secret.
const URL_MAX: usize = 2000;
const SECRET_MAX: usize = 256;

/// What shall be watched.
#[derive(Clone, Debug)]
pub enum WatchTarget {
    /// One repository.
    Repo(RepoAddr),
    /// All repositories of a person or an organisation; nobody needs to have the name yet.
    Namespace(WatchKind, NamespaceName),
}

/// What a new webhook is, or what shall change of one; `None` leaves a thing as it is.
#[derive(Clone, Debug, Default)]
pub struct WebhookChange {
    /// Where messages go.
    pub url: Option<String>,
    /// What it is told about.
    pub domains: Option<Vec<Domain>>,
    /// What proves that a message comes from here; empty takes it away.
    pub secret: Option<String>,
    /// What it watches.
    pub watched: Option<Vec<WatchTarget>>,
}

impl Community {
    /// The caller's webhooks, in the order in which they were made.
    pub async fn webhooks(&self, caller: &Caller) -> Result<Vec<Webhook>, CommunityError> {
        let owner = owner_of(caller, false)?;
        Ok(webhooks::of_owner(self.db(), owner).await?)
    }

    /// One of the caller's webhooks.
    pub async fn webhook(&self, caller: &Caller, id: WebhookId) -> Result<Webhook, CommunityError> {
        let owner = owner_of(caller, false)?;
        self.own_webhook(owner, id).await
    }

    /// Makes a webhook.
    ///
    /// # Errors
    /// [`CommunityError::BadRequest`] for an address that cannot be one; not found for what the caller may not know of.
    pub async fn create_webhook(&self, caller: &Caller, change: &WebhookChange) -> Result<Webhook, CommunityError> {
        let owner = owner_of(caller, true)?;
        let url = change.url.as_deref().ok_or_else(|| bad("a webhook needs a `url`"))?;
        let watched = self.watches(caller, change.watched.as_deref().unwrap_or_default()).await?;
        if watched.is_empty() {
            return Err(bad("a webhook needs something that it watches"));
        }
        if webhooks::of_owner(self.db(), owner).await?.len() >= OWNED_MAX {
            return Err(CommunityError::Conflict(format!("one has at most {OWNED_MAX} webhooks: delete some")));
        }
        let webhook = Webhook {
            id: WebhookId(self.next_key()),
            owner,
            url: address(url)?,
            domains: domains(change.domains.as_deref().unwrap_or(&[Domain::Repo, Domain::Discussion]))?,
            secret: secret(change.secret.as_deref())?,
            state: WebhookState::Enabled,
            triggered: None,
            watched,
        };
        let mut tx = self.db().begin().await?;
        webhooks::insert(&mut tx, &webhook, self.now()).await?;
        tx.commit().await?;
        Ok(webhook)
    }

    /// Changes a webhook.
    pub async fn change_webhook(
        &self,
        caller: &Caller,
        id: WebhookId,
        change: &WebhookChange,
    ) -> Result<Webhook, CommunityError> {
        let owner = owner_of(caller, true)?;
        let mut webhook = self.own_webhook(owner, id).await?;
        if let Some(url) = &change.url {
            webhook.url = address(url)?;
        }
        if let Some(wanted) = &change.domains {
            webhook.domains = domains(wanted)?;
        }
        if change.secret.is_some() {
            webhook.secret = secret(change.secret.as_deref())?;
        }
        // Clients that change something else send no list at all, or an empty one.
        if let Some(wanted) = change.watched.as_deref().filter(|wanted| !wanted.is_empty()) {
            webhook.watched = self.watches(caller, wanted).await?;
        }
        let mut tx = self.db().begin().await?;
        webhooks::update(&mut tx, &webhook).await?;
        tx.commit().await?;
        Ok(webhook)
    }

    /// Switches a webhook on or off; switching on ends a suspension.
    pub async fn enable_webhook(&self, caller: &Caller, id: WebhookId, on: bool) -> Result<Webhook, CommunityError> {
        let owner = owner_of(caller, true)?;
        let mut webhook = self.own_webhook(owner, id).await?;
        webhook.state = if on { WebhookState::Enabled } else { WebhookState::Disabled };
        let mut tx = self.db().begin().await?;
        webhooks::update(&mut tx, &webhook).await?;
        tx.commit().await?;
        Ok(webhook)
    }

    /// Deletes a webhook with its log.
    pub async fn delete_webhook(&self, caller: &Caller, id: WebhookId) -> Result<(), CommunityError> {
        let owner = owner_of(caller, true)?;
        self.own_webhook(owner, id).await?;
        let mut tx = self.db().begin().await?;
        webhooks::delete(&mut tx, id).await?;
        tx.commit().await?;
        Ok(())
    }

    pub(super) async fn own_webhook(&self, owner: NamespaceId, id: WebhookId) -> Result<Webhook, CommunityError> {
        let found = webhooks::get(self.db(), id).await?.filter(|found| found.owner == owner);
        found.ok_or_else(|| CommunityError::NotFound("you have no such webhook".to_owned()))
    }

    /// Looks up what shall be watched: only what the caller may know of.
    async fn watches(&self, caller: &Caller, targets: &[WatchTarget]) -> Result<Vec<Watch>, CommunityError> {
        if targets.len() > WATCHED_MAX {
            return Err(bad(&format!("a webhook watches at most {WATCHED_MAX} things: make another one")));
        }
        let mut watched: Vec<Watch> = Vec::with_capacity(targets.len());
        for (at, target) in (1..).zip(targets) {
            let watch = match target {
                WatchTarget::Repo(addr) => {
                    let repo = self.repos().open(caller, addr, Access::Metadata).await?;
                    Watch { kind: WatchKind::Repo(addr.kind), target: repo.id().key(), name: repo.addr().repo_id() }
                }
                WatchTarget::Namespace(kind, name) => {
                    let found = self.accounts().namespace(name).await?;
                    if found.as_ref().is_some_and(|found| *kind != WatchKind::Namespace(found.kind)) {
                        return Err(CommunityError::NotFound(format!("there is no {} called {name}", kind.word())));
                    }
                    match found {
                        Some(found) => Watch { kind: *kind, target: found.id.key(), name: found.name.to_string() },
                        None => Watch { kind: *kind, target: -at, name: name.to_string() },
                    }
                }
            };
            if !watched.iter().any(|seen| seen.kind == watch.kind && seen.name == watch.name) {
                watched.push(watch);
            }
        }
        Ok(watched)
    }
}

/// The person who asks, with a credential that reaches their webhooks.
pub(super) fn owner_of(caller: &Caller, writes: bool) -> Result<NamespaceId, CommunityError> {
    let user = caller.user().ok_or(CommunityError::NeedsLogin)?;
    // Secrets are shown, so reading wants as much as writing, except that tokens for reading may list.
    if user.credential.is_full() || !writes && caller.ceiling(user.id, None) >= Some(Access::Read) {
        return Ok(user.id);
    }
    Err(CommunityError::Forbidden("this token may not change webhooks: use one with the role 'write'".to_owned()))
}

fn bad(message: &str) -> CommunityError {
    CommunityError::BadRequest(message.to_owned())
}

/// An address to which messages can be sent. Whether it may be reached is asked each time one is.
fn address(text: &str) -> Result<String, CommunityError> {
    let text = text.trim();
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let is_plain = text.len() <= URL_MAX && text.chars().all(|c| !c.is_whitespace() && !c.is_control());
    let host = rest.and_then(|rest| rest.split(['/', '?', '#']).next()).unwrap_or_default();
    if !is_plain || host.is_empty() || host.contains('@') {
        return Err(bad("the `url` of a webhook begins with https:// or http:// and names a host"));
    }
    Ok(text.to_owned())
}

fn domains(wanted: &[Domain]) -> Result<Vec<Domain>, CommunityError> {
    let mut domains: Vec<Domain> = Vec::new();
    for domain in wanted {
        if !domains.contains(domain) {
            domains.push(*domain);
        }
    }
    if domains.is_empty() {
        return Err(bad("`domains` holds at least one of repo, discussion"));
    }
    Ok(domains)
}

/// A secret that fits into a header.
fn secret(text: Option<&str>) -> Result<Option<String>, CommunityError> {
    let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(None) };
    if text.len() > SECRET_MAX || !text.bytes().all(|byte| (b'!'..=b'~').contains(&byte)) {
        return Err(bad(&format!(
            "a secret has at most {SECRET_MAX} characters: letters, digits and marks, no spaces"
        )));
    }
    Ok(Some(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_secrets_have_a_shape() {
        for good in ["https://example.org/x?y=z", "http://127.0.0.1:9/"] {
            assert_eq!(address(good).unwrap(), good);
        }
        for bad in ["", "ftp://x", "https://", "https:///x", "http://a b", "http://user@host/", "javascript:x"] {
            assert!(address(bad).is_err(), "{bad:?}");
        }
        assert_eq!(secret(Some("")).unwrap(), None);
        assert!(secret(Some("a b")).is_err() && secret(Some("a\r\nb")).is_err());
    }
}
