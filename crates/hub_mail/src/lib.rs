//! Letters by mail: written down in the transaction that causes them, delivered by SMTP afterwards.
//!
//! [`Mail`] is the door for use cases: [`Mail::send`] puts a letter in the durable queue as part of the caller's
//! transaction, so a letter goes out if and only if what it tells of became true. [`Courier`] delivers the letters of the
//! queue and is called by the worker; what the server refuses for now is tried again, what it refuses for good is given
//! up and stays in the list of dead jobs.
//!
//! Invariants:
//! - A letter is plain text with one recipient. Nothing that a user wrote can add a header or a recipient: the library
//!   encodes headers, and control characters are taken out before.
//! - Without a mail server nothing is queued; callers ask [`Mail::is_on`] before they promise a letter.
//! - A letter may arrive twice, if the server took it and the process died before that was written down.

mod courier;
mod letter;

pub use courier::{Courier, MailConfig, MailError, MailSecurity};
pub use letter::Letter;

use std::sync::Arc;

use hub_db::{DbError, Tx};
use hub_jobs::{NewJob, Queue};

/// The kind of job that delivers a letter; its payload is the letter.
pub const MAIL_JOB: &str = "mail.send";

/// The door by which letters are sent; clones are the same door.
#[derive(Clone, Debug, Default)]
pub struct Mail {
    outgoing: Option<Outgoing>,
}

#[derive(Clone, Debug)]
struct Outgoing {
    queue: Queue,
    url: Arc<str>,
}

impl Mail {
    /// A house without a mail server.
    pub fn off() -> Self {
        Self::default()
    }

    /// Letters go into this queue. `url` is where people reach this house: links in letters begin with it, and never
    /// with what a request says, because a stranger asks for letters to others.
    pub fn by(queue: Queue, url: &str) -> Self {
        Self { outgoing: Some(Outgoing { queue, url: url.trim_end_matches('/').into() }) }
    }

    /// Whether letters are delivered at all.
    pub fn is_on(&self) -> bool {
        self.outgoing.is_some()
    }

    /// The address of a page of this house, for a letter.
    pub fn link(&self, path: &str) -> String {
        format!("{}{path}", self.outgoing.as_ref().map_or("", |outgoing| &*outgoing.url))
    }

    /// Sends a letter when `tx` commits. Gives whether there is a mail server; without one this does nothing.
    pub async fn send(&self, tx: &mut Tx, letter: &Letter) -> Result<bool, DbError> {
        let Some(Outgoing { queue, .. }) = &self.outgoing else { return Ok(false) };
        let payload = serde_json::to_value(letter).expect("a letter is plain text, which JSON can hold");
        queue.enqueue(tx, NewJob::new(MAIL_JOB, payload)).await?;
        queue.wake();
        Ok(true)
    }
}
