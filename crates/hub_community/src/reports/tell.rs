//! Who made a report and who is affected by a decision are told: in the page, and by mail where there is a mail server.

use hub_account::{By, NamespaceId, NamespaceKind, PageQuery};
use hub_core::OrgRole;
use hub_db::Tx;
use hub_mail::Letter;

use super::Report;
use crate::store::reports;
use crate::{Community, CommunityError};

/// The most administrators of an organisation who are told.
const KEEPERS_MAX: usize = 200;

/// Somebody who is told of a decision.
pub(super) struct Told {
    who: NamespaceId,
    letter: Option<Letter>,
}

impl Community {
    /// Who is to be told of what became of a report, and what their letters say.
    pub(super) async fn told_of_report(&self, report: &Report) -> Result<Vec<Told>, CommunityError> {
        let mut told = Vec::new();
        let exists = self.accounts().namespace_by_id(report.reporter).await?.is_some();
        if exists {
            let done = match report.has_effect() {
                true => "something was done about it",
                false => "nothing is done about it",
            };
            let text = format!("You have reported {}. It was decided: {done}.", report.subject.label);
            told.push(self.told_one(report.reporter, "Your report was decided", &text).await?);
        }
        let concerns = report.decision.is_some_and(|decision| decision != super::Decision::NoAction);
        if concerns {
            let decision = report.decision.map_or("", super::Decision::word).replace('_', " ");
            let text = match report.outcome {
                None => format!(
                    "Administrators have decided about {}: {decision} (reason: {}).\n\n{}\n\nYou may appeal once.",
                    report.subject.label,
                    report.reason.word(),
                    report.note
                ),
                Some(outcome) => format!(
                    "Your appeal against a decision about {} was answered: the decision ({decision}) is {}.\n\n{}",
                    report.subject.label,
                    outcome.word(),
                    report.answer
                ),
            };
            for who in self.affected(report.subject.affected).await? {
                told.push(self.told_one(who, "A decision about what is yours", &text).await?);
            }
        }
        Ok(told)
    }

    async fn told_one(&self, who: NamespaceId, subject: &str, text: &str) -> Result<Told, CommunityError> {
        let address = self.accounts().letter_address(who).await?;
        let link = self.accounts().mail().link("/settings/reports");
        let letter = address.map(|address| Letter::new(address.as_str(), subject, &format!("{text}\n\n{link}\n")));
        Ok(Told { who, letter })
    }

    /// The person, or those who administer the organisation.
    async fn affected(&self, id: NamespaceId) -> Result<Vec<NamespaceId>, CommunityError> {
        let Some(found) = self.accounts().namespace_by_id(id).await? else { return Ok(Vec::new()) };
        if found.kind == NamespaceKind::User {
            return Ok(vec![found.id]);
        }
        let page = PageQuery { after: None, limit: Some(KEEPERS_MAX) };
        let members = self.accounts().members(By::Operator, &found.name, &page).await?;
        let keeps = members.items.into_iter().filter(|member| member.role == OrgRole::Admin);
        Ok(keeps.map(|member| member.id).collect())
    }

    /// Tells them, in the transaction that decided.
    pub(super) async fn tell_of_report(
        &self,
        tx: &mut Tx,
        report: &Report,
        told: &[Told],
    ) -> Result<(), CommunityError> {
        for Told { who, letter } in told {
            reports::tell(tx, *who, report.id, report.changed).await?;
            if let Some(letter) = letter {
                self.accounts().mail().send(tx, letter).await?;
            }
        }
        Ok(())
    }
}
