//! The door to this crate, and how an administrator sets it up.

use std::sync::Arc;

use hub_core::{Clock, Ids, Timestamp};
use hub_db::Db;
use hub_mail::Mail;
use serde::{Deserialize, Serialize};
use tokio::sync::{Mutex, Semaphore};

use crate::password::{PasswordCost, PasswordHashes};
use crate::tokens::TokenUse;

const PICTURES_AT_ONCE: usize = 2;

/// Who may make an account for themselves.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SignUpPolicy {
    /// Everyone.
    Open,
    /// Whoever has a code from an administrator.
    #[default]
    Invitation,
    /// Nobody: administrators make accounts.
    Closed,
}

/// What an administrator decides about accounts.
#[derive(Clone, Debug, Default)]
pub struct AccountConfig {
    /// Who may sign up.
    pub sign_up: SignUpPolicy,
    /// What a password hash costs.
    pub password_cost: PasswordCost,
    /// The door by which letters go out.
    pub mail: Mail,
    /// Whose word counts for trusted publishers: addresses of issuers, or the beginnings of such that end with `/`.
    pub publisher_issuers: Vec<String>,
}

/// The accounts of an instance; clones share everything.
#[derive(Clone, Debug)]
pub struct Accounts {
    pub(crate) inner: Arc<Inner>,
}

#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) db: Db,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: Arc<dyn Ids>,
    pub(crate) sign_up: SignUpPolicy,
    pub(crate) passwords: PasswordHashes,
    pub(crate) token_use: TokenUse,
    pub(crate) mail: Mail,
    pub(crate) publisher_issuers: Vec<String>,
    /// How many pictures are drawn at once: each may claim much memory.
    pub(crate) pictures: Arc<Semaphore>,
    /// Held by whoever makes a key that signs.
    pub(crate) key_making: Mutex<()>,
}

impl Accounts {
    /// Accounts in `db`, whose migrations have been applied.
    pub fn new(db: Db, clock: Arc<dyn Clock>, ids: Arc<dyn Ids>, config: &AccountConfig) -> Self {
        let inner = Inner {
            db,
            clock,
            ids,
            sign_up: config.sign_up,
            passwords: PasswordHashes::new(config.password_cost),
            token_use: TokenUse::default(),
            mail: config.mail.clone(),
            publisher_issuers: config.publisher_issuers.clone(),
            pictures: Arc::new(Semaphore::new(PICTURES_AT_ONCE)),
            key_making: Mutex::new(()),
        };
        Self { inner: Arc::new(inner) }
    }

    /// Who may sign up here.
    pub fn sign_up_policy(&self) -> SignUpPolicy {
        self.inner.sign_up
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.inner.clock.now()
    }
}
