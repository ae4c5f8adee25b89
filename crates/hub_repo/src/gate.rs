//! The gate of a repository whose files are shown on request: who asked, who was let in, who was not.
//!
//! Whoever is let in reads like anyone reads an open repository, by every door, because every door opens a
//! [`crate::Repo`]. What they agreed to is kept by its hash, so that owners can later tell which terms that were.

use hub_account::{Caller, NamespaceId, key_of_wire_id, wire_id};
use hub_core::{Access, Timestamp};
use serde_json::{Map, Value, json};
use sha2::Digest;

use crate::lifecycle::Gating;
use crate::open::RepoState;
use crate::store::gate::{self, NewRequest};
use crate::{Repo, RepoError, Repos};

/// The most fields of a form, and the most characters of one.
const FIELDS_MAX: usize = 50;
const FIELD_CHARS_MAX: usize = 2000;
/// The most characters of a reason.
const REASON_MAX: usize = 200;

/// The key of a request.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct RequestId(pub(crate) i64);

impl RequestId {
    /// The 24 digits of the API.
    pub fn wire(self) -> String {
        wire_id(self.0)
    }

    /// Reads the digits of the API; `None` for any other text.
    pub fn of_wire(text: &str) -> Option<Self> {
        key_of_wire_id(text).map(Self)
    }
}

/// What became of a request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RequestStatus {
    /// Nobody has decided yet.
    Pending,
    /// Its author was let in.
    Accepted,
    /// Its author was not.
    Rejected,
}

impl RequestStatus {
    /// The word of the API and of the row.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Accepted => "accepted",
            Self::Rejected => "rejected",
        }
    }

    /// Reads the word.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Pending, Self::Accepted, Self::Rejected].into_iter().find(|status| status.word() == word)
    }
}

/// A request for access.
#[derive(Clone, Debug)]
pub struct AccessRequest {
    /// Its key.
    pub id: RequestId,
    /// Who asked, or was let in without asking.
    pub user: NamespaceId,
    /// What became of it.
    pub status: RequestStatus,
    /// What was filled in.
    pub fields: Map<String, Value>,
    /// The SHA-256 of the terms that were agreed to.
    pub terms: Option<Vec<u8>>,
    /// Whether the owners let them in by themselves.
    pub granted: bool,
    /// When it was made.
    pub asked: Timestamp,
    /// When it was decided.
    pub reviewed: Option<Timestamp>,
    /// Who decided.
    pub reviewed_by: Option<NamespaceId>,
    /// Why it was rejected.
    pub reason: Option<String>,
}

/// A page of requests.
#[derive(Debug)]
pub struct RequestPage {
    /// The requests, oldest first.
    pub requests: Vec<AccessRequest>,
    /// After which request the next page begins, if there is one.
    pub next: Option<RequestId>,
}

/// Whose request is meant.
#[derive(Clone, Copy, Debug)]
pub enum Whose {
    /// That of a person.
    User(NamespaceId),
    /// That of this key.
    Request(RequestId),
}

/// What becomes of a request.
#[derive(Clone, Debug)]
pub struct GateAnswer {
    /// Its new state.
    pub status: RequestStatus,
    /// Why, if it is rejected.
    pub reason: Option<String>,
}

impl Repos {
    /// Whether the owners of a gated repository have let the caller in, and the credential may use that.
    pub(crate) async fn is_admitted(&self, caller: &Caller, state: &RepoState) -> Result<bool, RepoError> {
        let Some(user) = caller.user().filter(|_| state.gating != Gating::Open && caller.may_read_gated()) else {
            return Ok(false);
        };
        let request = gate::of_user(self.db(), state.id, user.id).await?;
        Ok(request.is_some_and(|request| request.status == RequestStatus::Accepted))
    }
}

impl Repo {
    /// The caller's own request, if there is one.
    pub async fn own_request(&self) -> Result<Option<AccessRequest>, RepoError> {
        match self.caller().user() {
            Some(user) => Ok(gate::of_user(self.repos.db(), self.id(), user.id).await?),
            None => Ok(None),
        }
    }

    /// Asks for access with what was filled in. Where the gate opens by itself, the caller is let in at once.
    ///
    /// # Errors
    /// [`RepoError::BadRequest`] if the repository is not gated; [`RepoError::Conflict`] if the caller asked before.
    pub async fn ask_access(&self, fields: Map<String, Value>, terms: &str) -> Result<AccessRequest, RepoError> {
        let user = self.asker()?;
        self.require_gated()?;
        check_fields(&fields)?;
        let now = self.repos.clock().now();
        let is_auto = self.state().gating == Gating::Auto;
        let status = if is_auto { RequestStatus::Accepted } else { RequestStatus::Pending };
        let new = NewRequest {
            id: RequestId(self.repos.ids().next_key()),
            user,
            status,
            fields: Value::Object(fields).to_string(),
            terms: Some(sha2::Sha256::digest(terms.as_bytes()).to_vec()),
            granted_by: None,
            reviewed: is_auto.then_some(now),
        };
        let mut tx = self.repos.db().begin().await?;
        if !gate::insert(&mut tx, self.id(), &new, now).await? {
            return Err(RepoError::Conflict("you have asked for access already".to_owned()));
        }
        self.note_request(&mut tx, "repo.access.asked", user, status).await?;
        tx.commit().await?;
        let request = self.own_request().await?;
        request.ok_or_else(|| RepoError::Inconsistent("a request for access is gone".to_owned()))
    }

    /// Takes the caller's own request back while nobody has decided.
    ///
    /// # Errors
    /// [`RepoError::NotFound`] if there is none that waits.
    pub async fn withdraw_request(&self) -> Result<(), RepoError> {
        let user = self.asker()?;
        let mut tx = self.repos.db().begin().await?;
        if !gate::withdraw(&mut tx, self.id(), user).await? {
            return Err(RepoError::NotFound("you have no request that waits for a decision".to_owned()));
        }
        tx.commit().await?;
        Ok(())
    }

    /// The requests in one state, after `after`.
    pub async fn access_requests(
        &self,
        status: RequestStatus,
        after: Option<RequestId>,
        limit: usize,
    ) -> Result<RequestPage, RepoError> {
        self.require(Access::Write)?;
        self.require_gated()?;
        let limit = limit.clamp(1, 1000);
        let after = after.map_or(0, |id| id.0);
        let mut requests = gate::page(self.repos.db(), self.id(), status, after, limit as i64 + 1).await?;
        let more = requests.len() > limit;
        requests.truncate(limit);
        let next = requests.last().filter(|_| more).map(|request| request.id);
        Ok(RequestPage { requests, next })
    }

    /// Decides on a request, or takes a decision back.
    ///
    /// # Errors
    /// [`RepoError::NotFound`] if there is no such request, or it is in that state already.
    pub async fn answer_request(&self, whose: Whose, answer: &GateAnswer) -> Result<(), RepoError> {
        self.require(Access::Write)?;
        self.require_gated()?;
        if answer.reason.as_ref().is_some_and(|reason| reason.chars().count() > REASON_MAX) {
            return Err(RepoError::BadRequest(format!("the reason has more than {REASON_MAX} characters: shorten it")));
        }
        let by = self.caller().user().ok_or(RepoError::NeedsLogin)?.id;
        let now = self.repos.clock().now();
        let mut tx = self.repos.db().begin().await?;
        let Some(user) = gate::answer(&mut tx, self.id(), whose, answer, by, now).await? else {
            return Err(RepoError::NotFound(format!(
                "there is no such access request that is not {} already",
                answer.status.word()
            )));
        };
        self.note_request(&mut tx, "repo.access.answered", user, answer.status).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Lets somebody in who did not ask.
    ///
    /// # Errors
    /// [`RepoError::BadRequest`] if they are let in already.
    pub async fn grant_access(&self, user: NamespaceId) -> Result<(), RepoError> {
        self.require(Access::Write)?;
        self.require_gated()?;
        let by = self.caller().user().ok_or(RepoError::NeedsLogin)?.id;
        let now = self.repos.clock().now();
        let status = RequestStatus::Accepted;
        let new = NewRequest {
            id: RequestId(self.repos.ids().next_key()),
            user,
            status,
            fields: "{}".to_owned(),
            terms: None,
            granted_by: Some(by),
            reviewed: Some(now),
        };
        let mut tx = self.repos.db().begin().await?;
        let accepted = GateAnswer { status, reason: None };
        if !gate::insert(&mut tx, self.id(), &new, now).await?
            && gate::answer(&mut tx, self.id(), Whose::User(user), &accepted, by, now).await?.is_none()
        {
            return Err(RepoError::BadRequest("the user has access already".to_owned()));
        }
        self.note_request(&mut tx, "repo.access.answered", user, status).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Who asks for access, with a credential that may speak for them.
    fn asker(&self) -> Result<NamespaceId, RepoError> {
        let user = self.caller().user().ok_or(RepoError::NeedsLogin)?;
        if self.may_discuss() {
            return Ok(user.id);
        }
        Err(RepoError::Forbidden("this token may not ask for access: use one with the role 'write'".to_owned()))
    }

    fn require_gated(&self) -> Result<(), RepoError> {
        match self.state().gating {
            Gating::Open => Err(RepoError::BadRequest(format!("{} is not gated", self.addr()))),
            Gating::Auto | Gating::Manual => Ok(()),
        }
    }

    async fn note_request(
        &self,
        tx: &mut hub_db::Tx,
        kind: &str,
        user: NamespaceId,
        status: RequestStatus,
    ) -> Result<(), RepoError> {
        let by = self.caller().user().map(|user| user.id.key());
        self.note(tx, kind, json!({ "user": user.key(), "status": status.word(), "by": by })).await
    }
}

fn check_fields(fields: &Map<String, Value>) -> Result<(), RepoError> {
    let is_short = |text: &str| text.chars().count() <= FIELD_CHARS_MAX && !text.contains('\0');
    let fits = |(name, value): (&String, &Value)| {
        is_short(name)
            && match value {
                Value::String(text) => is_short(text),
                Value::Bool(_) | Value::Number(_) => true,
                _ => false,
            }
    };
    if fields.len() <= FIELDS_MAX && fields.iter().all(fits) {
        return Ok(());
    }
    Err(RepoError::BadRequest(format!(
        "a request has at most {FIELDS_MAX} fields with texts of at most {FIELD_CHARS_MAX} characters"
    )))
}
