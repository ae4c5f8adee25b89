//! Who did what: an entry for each act that matters to security, written in the transaction of the act, so that there is
//! one if and only if it happened.
//!
//! Entries hold names, never secrets, and outlive what they tell of. Administrators of the instance read all of them,
//! administrators of an organisation those of the organisation.

use hub_core::{NamespaceName, Timestamp};
use hub_db::Tx;
use serde::Serialize;

use crate::Accounts;
use crate::caller::{By, Credential};
use crate::error::AccountError;
use crate::namespace::{NamespaceId, NamespaceKind, wire_id};
use crate::store::audit;

/// The most entries on a page.
const PAGE_MAX: i64 = 500;
/// The most characters of each text of an entry.
const TEXT_MAX: usize = 500;

/// An act that is to be written down.
#[derive(Clone, Copy, Debug)]
pub struct Act<'a> {
    /// What was done, such as `token.create`.
    pub action: &'static str,
    /// To whom or to what, by name.
    pub subject: &'a str,
    /// The organisation that it belongs to.
    pub org: Option<NamespaceId>,
    /// What else is worth knowing, such as the role that was given.
    pub detail: &'a str,
}

impl<'a> Act<'a> {
    /// An act upon something.
    pub fn new(action: &'static str, subject: &'a str) -> Self {
        Self { action, subject, org: None, detail: "" }
    }

    /// In an organisation.
    #[must_use]
    pub fn in_org(self, org: NamespaceId) -> Self {
        Self { org: Some(org), ..self }
    }

    /// With something else worth knowing.
    #[must_use]
    pub fn with(self, detail: &'a str) -> Self {
        Self { detail, ..self }
    }
}

/// An act that was written down.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct AuditEntry {
    /// Its key, by which the next page begins.
    #[serde(skip)]
    pub key: i64,
    /// When.
    #[serde(serialize_with = "as_text")]
    pub at: Timestamp,
    /// Who, by name; `operator` for whoever holds the machine.
    pub actor: String,
    /// How they had proved who they are.
    pub credential: String,
    /// What was done.
    pub action: String,
    /// To whom or to what.
    pub subject: String,
    /// What else is worth knowing.
    pub detail: String,
}

fn as_text<S: serde::Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(at)
}

/// Which entries.
#[derive(Clone, Debug, Default)]
pub struct AuditQuery {
    /// Only of the organisation of that name.
    pub org: Option<NamespaceName>,
    /// Only whose actor, action or subject holds this text.
    pub text: String,
    /// Only before that entry.
    pub before: Option<(Timestamp, i64)>,
    /// How many.
    pub limit: i64,
}

impl Accounts {
    /// Writes an act down, in the transaction that does it.
    pub async fn record(&self, tx: &mut Tx, by: By<'_>, act: Act<'_>) -> Result<(), AccountError> {
        let (id, name, credential) = actor(by);
        self.record_of(tx, id, &name, &credential, act).await
    }

    /// Writes down what somebody did who is not a caller yet: they signed in.
    pub(crate) async fn record_of(
        &self,
        tx: &mut Tx,
        id: Option<NamespaceId>,
        name: &str,
        credential: &str,
        act: Act<'_>,
    ) -> Result<(), AccountError> {
        let cut = |text: &str| -> String { text.chars().filter(|c| !c.is_control()).take(TEXT_MAX).collect() };
        let row = audit::NewEntry {
            key: self.inner.ids.next_key(),
            at: self.now(),
            actor_id: id,
            actor: name,
            credential,
            action: act.action,
            subject: cut(act.subject),
            org: act.org,
            detail: cut(act.detail),
        };
        Ok(audit::insert(tx, &row).await?)
    }

    /// What was done, newest first.
    pub async fn audit(&self, by: By<'_>, query: &AuditQuery) -> Result<Vec<AuditEntry>, AccountError> {
        let org = match &query.org {
            None => {
                by.instance_admin()?;
                None
            }
            Some(name) => {
                let missing = || AccountError::NoSuch { what: "organization", name: name.to_string() };
                let found = self.namespace(name).await?.filter(|found| found.kind == NamespaceKind::Organization);
                let org = found.ok_or_else(missing)?;
                by.org_admin(org.id)?;
                Some(org.id)
            }
        };
        let text: String = query.text.trim().chars().filter(|c| !c.is_control()).take(100).collect();
        let limit = query.limit.clamp(1, PAGE_MAX);
        Ok(audit::page(&self.inner.db, org, &text, query.before, limit).await?)
    }

    /// Removes entries that are older than the operator keeps them; gives their number.
    pub async fn prune_audit(&self, before: Timestamp) -> Result<u64, AccountError> {
        Ok(audit::delete_before(&self.inner.db, before).await?)
    }
}

/// Who acts, and how they proved it.
fn actor(by: By<'_>) -> (Option<NamespaceId>, String, String) {
    let By::Caller(caller) = by else { return (None, "operator".to_owned(), "machine".to_owned()) };
    match caller.user() {
        None => (None, "anonymous".to_owned(), String::new()),
        Some(user) => {
            let credential = match &user.credential {
                Credential::Password => "password".to_owned(),
                Credential::Session(session) => format!("session {}", wire_id(session.id.key())),
                Credential::Token(token) => format!("token {}", wire_id(token.id.key())),
                Credential::LargeFiles(_) => "pass for large files".to_owned(),
            };
            (Some(user.id), user.name.to_string(), credential)
        }
    }
}
