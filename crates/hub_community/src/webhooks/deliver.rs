//! Messages on their way: what is to be sent, what became of it, and sending one again.

use hub_account::Caller;
use hub_core::Timestamp;
use hub_jobs::NewJob;
use serde_json::json;

use super::manage::owner_of;
use super::{DELIVER_JOB, WebhookId, WebhookState};
use crate::store::webhooks;
use crate::{Community, CommunityError};

/// After so many messages that failed in a row a webhook is suspended.
const FAILURES_MAX: i64 = 20;
/// The most characters that are kept of what went wrong.
const PROBLEM_MAX: usize = 300;

/// A message to be sent.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// Where to.
    pub url: String,
    /// What proves that it comes from here.
    pub secret: Option<String>,
    /// What it says.
    pub body: String,
}

/// What became of an attempt.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// The other side answered with this status.
    Answered(u16),
    /// Nothing was answered, because of this.
    Unreached(String),
}

impl Outcome {
    /// Whether the other side has taken the message.
    pub fn is_taken(&self) -> bool {
        matches!(self, Self::Answered(status) if (200..300).contains(status))
    }
}

/// Where a message is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DeliveryState {
    /// It will be sent, perhaps again.
    Waiting,
    /// The other side has taken it.
    Delivered,
    /// It was given up.
    Failed,
}

impl DeliveryState {
    /// The word of the API and of the row.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Delivered => "delivered",
            Self::Failed => "failed",
        }
    }

    pub(crate) fn from_word(word: &str) -> Option<Self> {
        [Self::Waiting, Self::Delivered, Self::Failed].into_iter().find(|state| state.word() == word)
    }
}

/// A message in the log.
#[derive(Clone, Debug)]
pub struct DeliveryLog {
    /// Its key.
    pub id: i64,
    /// What it says.
    pub payload: String,
    /// Where it is.
    pub state: DeliveryState,
    /// What the other side last answered.
    pub status: Option<i64>,
    /// What last went wrong.
    pub problem: Option<String>,
    /// How often it was tried.
    pub attempts: i64,
    /// When it was made.
    pub created: Timestamp,
    /// When it was last tried.
    pub sent: Option<Timestamp>,
}

impl Community {
    /// The message of that key, if it still waits and its webhook is on.
    pub async fn delivery(&self, id: i64) -> Result<Option<Delivery>, CommunityError> {
        let Some((webhook, log)) = webhooks::delivery(self.db(), id).await? else { return Ok(None) };
        let Some(webhook) = webhooks::get(self.db(), webhook).await? else { return Ok(None) };
        if log.state != DeliveryState::Waiting || webhook.state != WebhookState::Enabled {
            return Ok(None);
        }
        Ok(Some(Delivery { url: webhook.url, secret: webhook.secret, body: log.payload }))
    }

    /// Notes what became of an attempt. `is_last` tells that there will be no other one.
    pub async fn note_delivery(&self, id: i64, outcome: &Outcome, is_last: bool) -> Result<(), CommunityError> {
        let state = match (outcome.is_taken(), is_last) {
            (true, _) => DeliveryState::Delivered,
            (false, true) => DeliveryState::Failed,
            (false, false) => DeliveryState::Waiting,
        };
        let (status, problem) = match outcome {
            Outcome::Answered(status) => (Some(i64::from(*status)), None),
            Outcome::Unreached(reason) => (None, Some(reason.chars().take(PROBLEM_MAX).collect::<String>())),
        };
        let mut tx = self.db().begin().await?;
        let webhook = webhooks::note_attempt(&mut tx, id, state, status, problem, self.now()).await?;
        if let Some(webhook) = webhook {
            match state {
                DeliveryState::Delivered => webhooks::clear_failures(&mut tx, webhook, self.now()).await?,
                DeliveryState::Failed => webhooks::count_failure(&mut tx, webhook, FAILURES_MAX, self.now()).await?,
                DeliveryState::Waiting => {}
            }
        }
        tx.commit().await?;
        Ok(())
    }

    /// The messages of one of the caller's webhooks, the latest first.
    pub async fn webhook_log(&self, caller: &Caller, id: WebhookId) -> Result<Vec<DeliveryLog>, CommunityError> {
        let owner = owner_of(caller, false)?;
        self.own_webhook(owner, id).await?;
        Ok(webhooks::log(self.db(), id).await?)
    }

    /// Sends a message of the log again.
    pub async fn replay_delivery(&self, caller: &Caller, id: WebhookId, delivery: i64) -> Result<(), CommunityError> {
        let owner = owner_of(caller, true)?;
        self.own_webhook(owner, id).await?;
        let missing = || CommunityError::NotFound("the log has no such message".to_owned());
        let mut tx = self.db().begin().await?;
        if !webhooks::reopen(&mut tx, id, delivery).await? {
            return Err(missing());
        }
        self.queue().enqueue(&mut tx, NewJob::new(DELIVER_JOB, json!({ "delivery": delivery }))).await?;
        tx.commit().await?;
        self.queue().wake();
        Ok(())
    }
}
