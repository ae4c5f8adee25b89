//! From events to messages.

use hub_account::NamespaceId;
use hub_core::{OrgRole, ThreadNumber, Timestamp};
use hub_jobs::{Event, NewJob, Outbox};
use hub_repo::{RepoId, RepoState};
use serde_json::{Value, json};

use super::payload::{Subject, Told};
use super::{Webhook, WebhookState};
use crate::discussions::ThreadEventId;
use crate::store::{discussions, reviews, threads, webhooks};
use crate::{Community, CommunityError};

/// The name under which the outbox keeps how far events were taken in.
const READER: &str = "webhooks";
/// The kind of the job that sends a message.
pub const DELIVER_JOB: &str = "webhook.deliver";
/// How many events one transaction takes in.
const EVENTS: u32 = 200;
/// How many messages each webhook keeps in its log.
const LOG_KEPT: i64 = 100;

impl Community {
    /// Makes messages of what happened since the last time; answers how many. `base` is the address of this Hearth.
    pub async fn dispatch_webhooks(&self, base: &str) -> Result<usize, CommunityError> {
        let mut made = 0;
        loop {
            let Some(news) = self.news(READER, EVENTS).await? else { return Ok(made) };
            let mut messages: Vec<(Webhook, i64, Value)> = Vec::new();
            for event in &news.events {
                if let Some(subject) = self.subject(event).await? {
                    let payload = subject.payload(base.trim_end_matches('/'));
                    for webhook in self.watching(&subject, event.at).await? {
                        messages.push((webhook, event.sequence.number(), payload.clone()));
                    }
                }
            }
            let mut tx = self.db().begin().await?;
            if !Outbox::advance(&mut tx, READER, news.from, news.to).await? {
                // Another replica was faster, and has made these messages.
                return Ok(made);
            }
            for (webhook, sequence, mut payload) in messages {
                payload["webhook"] = json!({ "id": webhook.id.wire(), "version": 3 });
                let id = self.next_key();
                webhooks::insert_delivery(&mut tx, id, webhook.id, sequence, &payload.to_string(), self.now()).await?;
                webhooks::trim_log(&mut tx, webhook.id, LOG_KEPT).await?;
                self.queue().enqueue(&mut tx, NewJob::new(DELIVER_JOB, json!({ "delivery": id }))).await?;
                made += 1;
            }
            tx.commit().await?;
            self.queue().wake();
        }
    }

    /// What an event is about, if webhooks are told of it and it is still there.
    async fn subject(&self, event: &Event) -> Result<Option<Subject>, CommunityError> {
        let Some(told) = Told::of(&event.kind, &event.payload) else { return Ok(None) };
        let of_repo = event.subject.strip_prefix("repo:").and_then(|key| key.parse().ok());
        let Some(key) = of_repo.or_else(|| event.payload["repo"].as_i64()) else { return Ok(None) };
        let Some(repo) = self.repos().state_of(RepoId::from_key(key)).await? else { return Ok(None) };
        let (mut discussion, mut comment, mut review) = (None, None, None);
        if let Some(number) = event.payload["num"].as_i64() {
            discussion = discussions::get(self.db(), repo.id, ThreadNumber::new(number)).await?;
            if let (Some(found), Some(id)) = (&discussion, event.payload["comment"].as_i64()) {
                comment = threads::get(self.db(), found.id, ThreadEventId(id)).await?;
                review = reviews::get(self.db(), ThreadEventId(id)).await?;
            }
            if discussion.is_none() {
                return Ok(None);
            }
        }
        Ok(Some(Subject { told, repo, discussion, comment, review, event: event.payload.clone() }))
    }

    /// The webhooks that watch it and whose owners may know of it.
    async fn watching(&self, subject: &Subject, at: Timestamp) -> Result<Vec<Webhook>, CommunityError> {
        let targets = [subject.repo.id.key(), subject.repo.owner.key()];
        let mut watching = Vec::new();
        let owner = subject.repo.addr.namespace.as_str();
        for webhook in webhooks::watching(self.db(), &targets, owner, at).await? {
            let is_told = webhook.state == WebhookState::Enabled && webhook.domains.contains(&subject.told.domain);
            if is_told && self.may_be_told(webhook.owner, &subject.repo).await? {
                watching.push(webhook);
            }
        }
        Ok(watching)
    }

    /// Whether a person may know of a repository now, whatever they could when they made the webhook.
    pub(crate) async fn may_be_told(&self, owner: NamespaceId, repo: &RepoState) -> Result<bool, CommunityError> {
        if !repo.visibility.is_hidden() || repo.owner == owner {
            return Ok(true);
        }
        let memberships = self.accounts().memberships(owner).await?;
        Ok(memberships.iter().any(|membership| membership.org == repo.owner && membership.role >= OrgRole::Read))
    }
}
