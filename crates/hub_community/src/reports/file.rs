//! A report is made: of what its reporter can see, once at a time, and not of what is their own.

use hub_account::{Act, Caller, CallerUser, NamespaceKind};
use hub_core::Access;

use super::{NewReport, Report, ReportId, ReportReason, ReportState, ReportSubject, Reported, Step, SubjectKind};
use crate::store::threads::Kind;
use crate::store::{discussions, remarks, reports, threads};
use crate::{Community, CommunityError};

/// The most characters of what somebody says about it.
pub(super) const TEXT_MAX: usize = 4_000;
/// The most reports of one person that nobody decided yet.
const OPEN_MAX: i64 = 50;

impl Community {
    /// Reports something to the administrators of the instance.
    ///
    /// # Errors
    /// What the caller cannot see is not there; [`CommunityError::Conflict`] if they have reported it already and
    /// nobody decided yet, or have too many reports of that kind; [`CommunityError::BadRequest`] for what is their own.
    pub async fn report(&self, caller: &Caller, what: &Reported, new: &NewReport) -> Result<Report, CommunityError> {
        let user = reporter(caller)?;
        let text = bounded(&new.text)?;
        if new.reason == ReportReason::Other && text.is_empty() {
            return Err(CommunityError::BadRequest("say in a few words what is wrong with it".to_owned()));
        }
        let subject = self.reported(caller, what).await?;
        if subject.affected == user.id {
            return Err(CommunityError::BadRequest(
                "this is your own: change or delete it yourself instead of reporting it".to_owned(),
            ));
        }
        if reports::count_open(self.db(), user.id).await? >= OPEN_MAX {
            return Err(CommunityError::Conflict(format!(
                "you have {OPEN_MAX} reports that wait for a decision: wait until some are decided"
            )));
        }
        let now = self.now();
        let report = Report {
            id: ReportId(self.next_key()),
            subject,
            reporter: user.id,
            reason: new.reason,
            text,
            state: ReportState::Open,
            decision: None,
            note: String::new(),
            appeal: None,
            outcome: None,
            answer: String::new(),
            created: now,
            changed: now,
        };
        let mut tx = self.db().begin().await?;
        let inserted = reports::insert(&mut tx, &report).await;
        if inserted.as_ref().is_err_and(hub_db::DbError::is_unique) {
            return Err(CommunityError::Conflict(
                "you have reported this already: you will be told when it is decided".to_owned(),
            ));
        }
        inserted?;
        reports::add_step(&mut tx, report.id, user.id, Step::Filed, report.reason.word(), now).await?;
        let act = Act::new("report.create", &report.subject.label).with(report.reason.word());
        self.accounts().record(&mut tx, caller.into(), act).await?;
        tx.commit().await?;
        Ok(report)
    }

    /// What somebody means, if they can see it.
    pub async fn reported(&self, caller: &Caller, what: &Reported) -> Result<ReportSubject, CommunityError> {
        match what {
            Reported::Repo(addr) => {
                let repo = self.repos().open(caller, addr, Access::Metadata).await?;
                Ok(ReportSubject {
                    kind: SubjectKind::Repo,
                    key: repo.id().key(),
                    repo: Some(repo.id()),
                    number: None,
                    label: repo.addr().to_string(),
                    evidence: String::new(),
                    affected: repo.state().owner,
                })
            }
            Reported::Comment { repo: addr, number, comment } => {
                let repo = self.repos().open(caller, addr, Access::Metadata).await?;
                let missing = || CommunityError::NotFound("there is no such comment in this discussion".to_owned());
                let discussion = discussions::get(self.db(), repo.id(), *number).await?.ok_or_else(missing)?;
                let row = threads::get(self.db(), discussion.id, *comment).await?;
                let row = row.filter(|row| row.kind == Kind::Comment && row.hidden.is_none()).ok_or_else(missing)?;
                Ok(ReportSubject {
                    kind: SubjectKind::Comment,
                    key: comment.0,
                    repo: Some(repo.id()),
                    number: Some(*number),
                    label: format!("a comment in {} #{number}", repo.addr()),
                    evidence: row.body.unwrap_or_default(),
                    affected: row.author,
                })
            }
            Reported::Piece { kind, owner, slug, remark } => {
                let (piece, owner) = self.piece_at(caller, *kind, owner, slug).await?;
                let subject = ReportSubject {
                    kind: SubjectKind::Piece,
                    key: piece.id.0,
                    repo: None,
                    number: None,
                    label: format!("the {} {}", kind.word(), piece.path(&owner.name)),
                    evidence: format!("{}\n\n{}", piece.title, piece.body).trim().chars().take(TEXT_MAX).collect(),
                    affected: piece.author,
                };
                let Some(id) = remark else { return Ok(subject) };
                let missing = || CommunityError::NotFound("there is no such comment".to_owned());
                let row = remarks::get(self.db(), piece.id, *id).await?.filter(|row| row.hidden.is_none());
                let row = row.ok_or_else(missing)?;
                Ok(ReportSubject {
                    kind: SubjectKind::Remark,
                    key: row.id.0,
                    label: format!("a comment on {}", subject.label),
                    evidence: row.body,
                    affected: row.author,
                    ..subject
                })
            }
            Reported::User(name) => {
                let found = self.accounts().namespace(name).await?;
                let found = found.filter(|found| found.kind == NamespaceKind::User);
                let missing = || CommunityError::NotFound(format!("there is no user called {name}"));
                let found = found.ok_or_else(missing)?;
                Ok(ReportSubject {
                    kind: SubjectKind::User,
                    key: found.id.key(),
                    repo: None,
                    number: None,
                    label: found.name.to_string(),
                    evidence: String::new(),
                    affected: found.id,
                })
            }
        }
    }
}

/// Whoever speaks for themselves: reading tokens do not.
pub(super) fn reporter(caller: &Caller) -> Result<&CallerUser, CommunityError> {
    let user = caller.user().ok_or(CommunityError::NeedsLogin)?;
    if caller.may_discuss(user.id, None) {
        return Ok(user);
    }
    Err(CommunityError::Forbidden("this token may not report anything: use one with the role 'write'".to_owned()))
}

/// What somebody says, within its bound.
pub(super) fn bounded(text: &str) -> Result<String, CommunityError> {
    let text = text.trim();
    if text.contains('\0') {
        return Err(CommunityError::BadRequest("the text may hold no NUL character".to_owned()));
    }
    if text.len() > TEXT_MAX && text.chars().count() > TEXT_MAX {
        return Err(CommunityError::BadRequest(format!("the text has at most {TEXT_MAX} characters: shorten it")));
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_has_a_bound() {
        assert_eq!(bounded("  so \n").unwrap(), "so");
        assert!(bounded("a\0").is_err());
        assert!(bounded(&"é".repeat(TEXT_MAX)).is_ok() && bounded(&"é".repeat(TEXT_MAX + 1)).is_err());
    }
}
