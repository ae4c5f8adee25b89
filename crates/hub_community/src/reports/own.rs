//! What a person sees of reports: those that they made, and decisions about what is theirs, with their appeal.

use hub_account::{Act, Caller, NamespaceId};
use hub_core::OrgRole;

use super::file::{bounded, reporter};
use super::moderate::no_such;
use super::{Report, ReportId, Step};
use crate::notifications::reader;
use crate::store::reports;
use crate::{Community, CommunityError};

/// The most reports of each kind that are shown.
const SHOWN: i64 = 100;

/// The reports that concern a person. What a report says beyond what they may know is for administrators: who shows
/// these shows the reporter only whether something was done, and the affected never who said it in which words.
#[derive(Debug)]
pub struct OwnReports {
    /// Those that they made, the latest first.
    pub made: Vec<Report>,
    /// Decisions about what is theirs or of organisations that they administer, the latest first.
    pub about: Vec<Report>,
}

impl Community {
    /// The reports that concern the caller.
    pub async fn own_reports(&self, caller: &Caller) -> Result<OwnReports, CommunityError> {
        let user = reader(caller)?;
        Ok(OwnReports {
            made: reports::made_by(self.db(), user.id, SHOWN).await?,
            about: reports::about(self.db(), &answers_for(caller), SHOWN).await?,
        })
    }

    /// How many of these are news to the caller.
    pub async fn unread_reports(&self, caller: &Caller) -> Result<u64, CommunityError> {
        match reader(caller) {
            Ok(user) => Ok(reports::unread(self.db(), user.id, SHOWN).await?),
            Err(_) => Ok(0),
        }
    }

    /// The caller has seen the reports that concern them.
    pub async fn mark_reports_read(&self, caller: &Caller) -> Result<(), CommunityError> {
        let user = reader(caller)?;
        let mut tx = self.db().begin().await?;
        reports::mark_read(&mut tx, user.id).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Asks administrators to decide again; once for each decision.
    ///
    /// # Errors
    /// A report that does not concern the caller is not there; [`CommunityError::Conflict`] if it is too late.
    pub async fn appeal(&self, caller: &Caller, id: ReportId, text: &str) -> Result<Report, CommunityError> {
        let user = reporter(caller)?;
        let text = bounded(text)?;
        if text.is_empty() {
            return Err(CommunityError::BadRequest("say why the decision is wrong".to_owned()));
        }
        let mut tx = self.db().begin().await?;
        let report = reports::lock(&mut tx, id).await?;
        let is_theirs =
            |report: &Report| report.decision.is_some() && answers_for(caller).contains(&report.subject.affected);
        let mut report = report.filter(is_theirs).ok_or_else(no_such)?;
        let next = report.state.after(Step::Appealed).filter(|_| report.can_appeal());
        report.state = next.ok_or_else(|| {
            CommunityError::Conflict("one can appeal once, against a decision that is not closed".to_owned())
        })?;
        report.changed = self.now();
        reports::add_step(&mut tx, id, user.id, Step::Appealed, &text, report.changed).await?;
        report.appeal = Some(text);
        reports::update(&mut tx, &report).await?;
        self.accounts().record(&mut tx, caller.into(), Act::new("report.appeal", &report.subject.label)).await?;
        tx.commit().await?;
        Ok(report)
    }
}

/// For whom the caller may answer: themselves, and organisations that they administer.
fn answers_for(caller: &Caller) -> Vec<NamespaceId> {
    let Some(user) = caller.user() else { return Vec::new() };
    let administered = user.memberships.iter().filter(|membership| membership.role == OrgRole::Admin);
    std::iter::once(user.id).chain(administered.map(|membership| membership.org)).collect()
}
