//! Rules of branches: who may push to them, and whether they may be rewritten or deleted.
//!
//! A rule names branches by a pattern; of several that fit a branch the strictest counts. Rules hold for every door: pushes
//! by git, commits by API, branches created, deleted or squashed. Whoever administers the repository may change them.

use std::fmt;
use std::str::FromStr;

use hub_core::{Access, Oid, RefName};

use crate::open::granted;
use crate::receive::{RefUpdate, Surveyed};
use crate::store::rules;
use crate::{Repo, RepoError};

/// Who may push to a branch.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Pushers {
    /// Whoever may write to the repository.
    Writers,
    /// Whoever administers the repository.
    Admins,
    /// Nobody.
    Nobody,
}

impl Pushers {
    /// The word of the API.
    pub const fn word(self) -> &'static str {
        match self {
            Pushers::Writers => "writers",
            Pushers::Admins => "admins",
            Pushers::Nobody => "nobody",
        }
    }

    /// Reads the word of the API.
    pub fn from_word(word: &str) -> Option<Self> {
        [Pushers::Writers, Pushers::Admins, Pushers::Nobody].into_iter().find(|pushers| pushers.word() == word)
    }
}

/// A text that names no branches.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("not a pattern of branches: write a name as `main` or `release/v1`, with `*` for any run of characters")]
pub struct BranchPatternError;

/// Names branches: a short name in which `*` stands for any run of characters, slashes included.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct BranchPattern(String);

impl BranchPattern {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it names this branch.
    fn fits(&self, short: &str) -> bool {
        let mut parts = self.0.split('*');
        let Some(mut rest) = parts.next().and_then(|first| short.strip_prefix(first)) else { return false };
        let Some(last) = self.0.rsplit_once('*').map(|(_, last)| last) else { return rest.is_empty() };
        let middle: Vec<&str> = parts.collect();
        for part in &middle[..middle.len() - 1] {
            // The first place is the best one: it leaves the most for the parts that follow.
            let Some(at) = rest.find(part) else { return false };
            rest = &rest[at + part.len()..];
        }
        rest.ends_with(last)
    }
}

impl FromStr for BranchPattern {
    type Err = BranchPatternError;

    fn from_str(text: &str) -> Result<Self, BranchPatternError> {
        // What a star stands for is no business of the grammar of names: a letter is always right.
        RefName::branch(&text.replace('*', "x")).map_err(|_| BranchPatternError)?;
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for BranchPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What holds for some branches.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BranchRule {
    /// Which branches.
    pub pattern: BranchPattern,
    /// Who may push.
    pub pushers: Pushers,
    /// Whether the branch may be moved to a commit that does not follow its present one.
    pub allows_force: bool,
    /// Whether the branch may be deleted.
    pub allows_delete: bool,
}

/// What is to be done to a branch.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum BranchAct {
    /// It appears, or goes on by commits.
    Push,
    /// It takes a pull request with all reviews that the repository asks for.
    Merge,
    /// It is moved to a commit that does not follow its present one.
    Force,
    /// It goes away.
    Delete,
}

/// The most rules of one repository.
const RULES_MAX: usize = 100;

impl Repo {
    /// The rules of the branches.
    pub async fn branch_rules(&self) -> Result<Vec<BranchRule>, RepoError> {
        Ok(rules::of_repo(self.repos.db(), self.id()).await?)
    }

    /// Replaces the rules of the branches.
    ///
    /// # Errors
    /// [`RepoError::Unprocessable`] for more than a hundred rules, or two with one pattern.
    pub async fn set_branch_rules(&self, rules: &[BranchRule]) -> Result<(), RepoError> {
        self.require(Access::Admin)?;
        if rules.len() > RULES_MAX {
            return Err(RepoError::Unprocessable(format!(
                "a repository has at most {RULES_MAX} rules: join some by a pattern with '*'"
            )));
        }
        let mut patterns: Vec<&BranchPattern> = rules.iter().map(|rule| &rule.pattern).collect();
        patterns.sort_unstable();
        if let Some(pair) = patterns.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(RepoError::Unprocessable(format!("there are two rules for {:?}: join them", pair[0].as_str())));
        }
        let mut tx = self.repos.db().begin().await?;
        rules::replace(&mut tx, self.id(), rules).await?;
        self.note(&mut tx, "repo.settings", serde_json::json!({ "repo": self.addr().repo_id() })).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Refuses what the rules of a branch forbid to this caller.
    pub(crate) async fn require_by_rules(&self, branch: &RefName, act: BranchAct) -> Result<(), RepoError> {
        if !branch.is_branch() {
            return Ok(());
        }
        match self.forbidden_by(&self.branch_rules().await?, branch, act) {
            Some(reason) => Err(RepoError::Forbidden(reason)),
            None => Ok(()),
        }
    }

    fn forbidden_by(&self, rules: &[BranchRule], branch: &RefName, act: BranchAct) -> Option<String> {
        let short = branch.short();
        rules.iter().filter(|rule| rule.pattern.fits(short)).find_map(|rule| {
            let pattern = &rule.pattern;
            match act {
                BranchAct::Force if !rule.allows_force => {
                    return Some(format!(
                        "the rule for {pattern:?} forbids to rewrite {short}: merge or rebase onto it, or have the rule changed",
                        pattern = pattern.as_str(),
                    ));
                }
                BranchAct::Delete if !rule.allows_delete => {
                    return Some(format!(
                        "the rule for {pattern:?} forbids to delete {short}: have the rule changed first",
                        pattern = pattern.as_str(),
                    ));
                }
                _ => {}
            }
            let is_admin = || granted(self.caller(), self.state()) >= Some(Access::Admin);
            let may = match rule.pushers {
                Pushers::Writers => true,
                Pushers::Admins => is_admin(),
                Pushers::Nobody => act == BranchAct::Merge,
            };
            (!may).then(|| {
                format!(
                    "the rule for {:?} lets {} push to {short}: push another branch and ask for it to be merged",
                    pattern.as_str(),
                    if rule.pushers == Pushers::Admins { "only administrators" } else { "nobody" },
                )
            })
        })
    }

    /// What the rules say against an update of a push.
    pub(crate) async fn refused_by_rules(
        &self,
        rules: &[BranchRule],
        update: &RefUpdate,
        surveyed: &Surveyed,
    ) -> Result<Option<String>, RepoError> {
        let short = update.name.short();
        if !update.name.is_branch() || !rules.iter().any(|rule| rule.pattern.fits(short)) {
            return Ok(None);
        }
        let act = match (update.old, update.new) {
            (Some(old), Some(new)) if !self.goes_on(old, new, surveyed).await? => BranchAct::Force,
            (_, Some(_)) => BranchAct::Push,
            (_, None) => BranchAct::Delete,
        };
        Ok(self.forbidden_by(rules, &update.name, act))
    }

    /// What moving a branch from one commit of this repository to another means for its rules.
    pub(crate) async fn act_of_move(&self, old: Option<Oid>, new: Oid) -> Result<BranchAct, RepoError> {
        match old {
            Some(old) if !self.goes_on(old, new, &Surveyed::default()).await? => Ok(BranchAct::Force),
            _ => Ok(BranchAct::Push),
        }
    }
}

#[cfg(test)]
mod tests;
