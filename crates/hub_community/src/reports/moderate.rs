//! The queue of administrators of the instance, and what they do with a report. A decision and its effect are one
//! transaction: there is neither without the other.

use hub_account::{Act, Caller, CallerUser, NamespaceKind};
use hub_core::{Access, NamespaceName, ThreadNumber};
use hub_db::Tx;
use hub_repo::Repo;

use super::file::bounded;
use super::{Decision, Outcome, Report, ReportId, ReportState, ReportView, Step, SubjectKind};
use crate::discussions::{Hiding, ThreadEventId};
use crate::pieces::{PieceId, RemarkHiding, RemarkId};
use crate::store::{pieces, remarks, reports};
use crate::{Community, CommunityError};

/// Reports of a page.
const PAGE: i64 = 50;

/// What an administrator does with a report.
#[derive(Clone, Debug)]
pub enum Moderation {
    /// Looks into it.
    Take,
    /// Decides, and says why.
    Decide(Decision, String),
    /// Answers the appeal, and says why.
    Answer(Outcome, String),
    /// Closes it.
    Close,
}

impl Moderation {
    fn step(&self) -> Step {
        match self {
            Self::Take => Step::Taken,
            Self::Decide(..) => Step::Decided,
            Self::Answer(..) => Step::Answered,
            Self::Close => Step::Closed,
        }
    }

    fn action(&self) -> &'static str {
        match self {
            Self::Take => "report.take",
            Self::Decide(..) => "report.decide",
            Self::Answer(..) => "report.answer",
            Self::Close => "report.close",
        }
    }
}

/// What a decision changes, opened by whoever decided.
enum Effect {
    Nothing,
    Comment(Box<Repo>, ThreadNumber),
    Remark(RemarkId),
    Piece(PieceId),
    Mark(Box<Repo>),
    Disable(Box<Repo>),
    Suspend(NamespaceName),
}

impl Community {
    /// Reports for administrators of the instance, the latest first, with where the next page begins.
    pub async fn reports(
        &self,
        caller: &Caller,
        state: Option<ReportState>,
        before: Option<ReportId>,
    ) -> Result<(Vec<ReportView>, Option<ReportId>), CommunityError> {
        moderator(caller)?;
        let mut found = reports::queue(self.db(), state, before, PAGE + 1).await?;
        let more = found.len() as i64 > PAGE;
        found.truncate(PAGE as usize);
        let next = found.last().map(|report| report.id).filter(|_| more);
        let mut views = Vec::new();
        for report in found {
            views.push(self.view(report).await?);
        }
        Ok((views, next))
    }

    /// One report with what was done with it.
    pub async fn report_for_moderation(&self, caller: &Caller, id: ReportId) -> Result<ReportView, CommunityError> {
        moderator(caller)?;
        let report = reports::get(self.db(), id).await?.ok_or_else(no_such)?;
        self.view(report).await
    }

    async fn view(&self, report: Report) -> Result<ReportView, CommunityError> {
        let steps = reports::steps(self.db(), report.id).await?;
        let mentioned = [report.reporter, report.subject.affected];
        let people = self.people(mentioned.into_iter().chain(steps.iter().map(|step| step.actor))).await?;
        let key = report.subject.key;
        let place = match (report.subject.kind, report.subject.repo) {
            (SubjectKind::Piece, _) => self.place_of_piece(PieceId(key), "").await?,
            (SubjectKind::Remark, _) => match remarks::piece_of(self.db(), RemarkId(key)).await? {
                Some(piece) => self.place_of_piece(piece, &format!("#{}", RemarkId(key).wire())).await?,
                None => None,
            },
            (SubjectKind::User, _) | (_, None) => {
                people.get(report.subject.affected).map(|person| format!("/{}", person.name))
            }
            (_, Some(repo)) => self.repos().state_of(repo).await?.map(|repo| match report.subject.number {
                None => format!("/{}", repo.addr.url_path()),
                Some(number) => {
                    let comment = ThreadEventId(report.subject.key).wire();
                    format!("/{}/discussions/{number}#{comment}", repo.addr.url_path())
                }
            }),
        };
        Ok(ReportView { report, steps, place, people })
    }

    /// Where a piece is seen, followed by an anchor; nothing if it is gone.
    async fn place_of_piece(&self, id: PieceId, anchor: &str) -> Result<Option<String>, CommunityError> {
        let Some(piece) = pieces::get(self.db(), id).await? else { return Ok(None) };
        let owner = self.accounts().namespace_by_id(piece.owner).await?;
        Ok(owner.map(|owner| format!("{}{anchor}", piece.path(&owner.name))))
    }

    /// Takes a step with a report. Whoever made it, and whoever is affected, is told of what concerns them.
    ///
    /// # Errors
    /// [`CommunityError::Conflict`] if its state does not allow that step; [`CommunityError::BadRequest`] for a decision
    /// that does not fit, or that comes without a reason.
    pub async fn moderate(&self, caller: &Caller, id: ReportId, what: &Moderation) -> Result<(), CommunityError> {
        let by = moderator(caller)?.id;
        let seen = reports::get(self.db(), id).await?.ok_or_else(no_such)?;
        let seen = after(seen, what)?;
        let effect = match what {
            Moderation::Decide(decision, _) => self.effect(caller, &seen, *decision).await?,
            Moderation::Answer(Outcome::Reversed, _) => {
                self.effect(caller, &seen, seen.decision.unwrap_or(Decision::NoAction)).await?
            }
            Moderation::Take | Moderation::Answer(..) | Moderation::Close => Effect::Nothing,
        };
        // Letters are written before the transaction, and before the account of whoever gets one is closed.
        let told = match what {
            Moderation::Decide(..) | Moderation::Answer(..) => self.told_of_report(&seen).await?,
            Moderation::Take | Moderation::Close => Vec::new(),
        };
        let mut tx = self.db().begin().await?;
        let report = reports::lock(&mut tx, id).await?.ok_or_else(no_such)?;
        let mut report = after(report, what)?;
        report.changed = self.now();
        reports::update(&mut tx, &report).await?;
        self.apply(&mut tx, caller, &report, &effect).await?;
        let detail = match what {
            Moderation::Decide(decision, note) => format!("{}: {}", decision.word(), note.trim()),
            Moderation::Answer(outcome, note) => format!("{}: {}", outcome.word(), note.trim()),
            Moderation::Take | Moderation::Close => String::new(),
        };
        reports::add_step(&mut tx, id, by, what.step(), &detail, report.changed).await?;
        let act = Act::new(what.action(), &report.subject.label).with(&detail);
        self.accounts().record(&mut tx, caller.into(), act).await?;
        self.tell_of_report(&mut tx, &report, &told).await?;
        tx.commit().await?;
        Ok(())
    }

    /// What a decision will change, before the transaction.
    async fn effect(&self, caller: &Caller, report: &Report, decision: Decision) -> Result<Effect, CommunityError> {
        Ok(match decision {
            Decision::NoAction => Effect::Nothing,
            Decision::HideComment if report.subject.kind == SubjectKind::Remark => {
                Effect::Remark(RemarkId(report.subject.key))
            }
            Decision::HidePiece => Effect::Piece(PieceId(report.subject.key)),
            Decision::HideComment => {
                let number = report.subject.number.ok_or_else(gone)?;
                Effect::Comment(Box::new(self.repo_of(caller, report).await?), number)
            }
            Decision::MarkNotForAll => Effect::Mark(Box::new(self.repo_of(caller, report).await?)),
            Decision::DisableRepo => Effect::Disable(Box::new(self.repo_of(caller, report).await?)),
            Decision::SuspendPerson => {
                let found = self.accounts().namespace_by_id(report.subject.affected).await?.ok_or_else(gone)?;
                if found.kind != NamespaceKind::User {
                    return Err(CommunityError::BadRequest(
                        "this belongs to an organisation, which cannot be suspended: disable the repository".to_owned(),
                    ));
                }
                Effect::Suspend(found.name)
            }
        })
    }

    async fn repo_of(&self, caller: &Caller, report: &Report) -> Result<Repo, CommunityError> {
        let id = report.subject.repo.ok_or_else(gone)?;
        let state = self.repos().state_of(id).await?.ok_or_else(gone)?;
        Ok(self.repos().open(caller, &state.addr, Access::Admin).await?)
    }

    /// Does what was decided, or takes it back after an appeal.
    async fn apply(
        &self,
        tx: &mut Tx,
        caller: &Caller,
        report: &Report,
        effect: &Effect,
    ) -> Result<(), CommunityError> {
        let is_on = report.has_effect();
        match effect {
            Effect::Nothing => {}
            Effect::Comment(repo, number) => {
                let comment = ThreadEventId(report.subject.key);
                let change = match is_on {
                    true => Hiding::Hide(report.reason.hidden()),
                    false => Hiding::Restore(&report.subject.evidence),
                };
                self.set_hidden_in(tx, repo, (*number, comment), change).await?;
            }
            Effect::Remark(id) => {
                let change = match is_on {
                    true => RemarkHiding::Hide(report.reason.hidden()),
                    false => RemarkHiding::Restore(&report.subject.evidence),
                };
                self.set_remark_hidden_in(tx, caller, *id, change).await?;
            }
            Effect::Piece(id) => self.set_piece_hidden_in(tx, caller, *id, is_on).await?,
            Effect::Mark(repo) => repo.set_not_for_all_audiences(tx, is_on).await?,
            Effect::Disable(repo) => repo.set_disabled(tx, is_on).await?,
            Effect::Suspend(name) => self.accounts().set_disabled_in(tx, caller.into(), name, is_on).await?,
        }
        Ok(())
    }
}

/// The report after a step.
fn after(report: Report, what: &Moderation) -> Result<Report, CommunityError> {
    let Some(state) = report.state.after(what.step()) else {
        return Err(CommunityError::Conflict(format!(
            "this report is {} already: read it again before you go on",
            report.state.word().replace('_', " ")
        )));
    };
    let report = Report { state, ..report };
    Ok(match what {
        Moderation::Take | Moderation::Close => report,
        Moderation::Decide(decision, note) => {
            if !decision.fits(report.subject.kind) {
                return Err(CommunityError::BadRequest(format!(
                    "{} cannot be decided about a {}",
                    decision.word(),
                    report.subject.kind.word()
                )));
            }
            Report { decision: Some(*decision), note: reasoned(note)?, ..report }
        }
        Moderation::Answer(outcome, note) => Report { outcome: Some(*outcome), answer: reasoned(note)?, ..report },
    })
}

/// Why something was decided: whoever is affected reads it.
fn reasoned(note: &str) -> Result<String, CommunityError> {
    let note = bounded(note)?;
    if note.is_empty() {
        return Err(CommunityError::BadRequest("say why: whoever is affected reads it".to_owned()));
    }
    Ok(note)
}

/// Whoever administers the instance.
fn moderator(caller: &Caller) -> Result<&CallerUser, CommunityError> {
    let user = caller.user().ok_or(CommunityError::NeedsLogin)?;
    if caller.is_instance_admin() {
        return Ok(user);
    }
    Err(CommunityError::Forbidden("only administrators of this Hearth decide about reports".to_owned()))
}

pub(super) fn no_such() -> CommunityError {
    CommunityError::NotFound("there is no such report".to_owned())
}

fn gone() -> CommunityError {
    CommunityError::NotFound("what was reported is gone: decide that nothing is to be done".to_owned())
}
