//! How a pull request stands: who thinks what of it, and what is still missing before it can be merged.

use std::collections::{HashMap, HashSet};

use hub_account::{NamespaceId, NamespaceKind};
use hub_core::{Access, NamespaceName, OrgRole, ThreadNumber};
use hub_repo::{OwnedFiles, Pull, Repo, RepoError};

use super::{Review, ReviewPolicy, Verdict};
use crate::discussions::{Discussion, no_pull};
use crate::store::reviews;
use crate::{Community, CommunityError, People};

/// How many people and organisations may be named for the files of one pull request.
const OWNERS_MAX: usize = 200;
/// How many paths and names an error tells.
const TOLD_MAX: usize = 5;

/// The latest verdict of a person.
#[derive(Clone, Copy, Debug)]
pub struct Opinion {
    /// What they said.
    pub review: Review,
    /// Whether it counts towards a merge: they may write, or own a changed file.
    pub counts: bool,
    /// Whether the pull request has moved on since.
    pub is_stale: bool,
}

/// What keeps a pull request from being merged.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Missing {
    /// Too few have approved.
    Approvals {
        /// How many have.
        given: usize,
        /// How many must.
        wanted: usize,
    },
    /// Somebody whose word counts asks for changes.
    Changes {
        /// Who.
        by: Vec<NamespaceId>,
    },
    /// No owner of some files has approved.
    Owners {
        /// Those who could.
        owners: Vec<String>,
        /// The files; nobody learns them who may not read the files.
        paths: Vec<String>,
    },
    /// Whose word is needed cannot be told, so nobody's is enough.
    Unknown {
        /// Why, and what to do.
        reason: String,
    },
}

/// How a pull request stands.
#[derive(Clone, Debug)]
pub struct Standing {
    /// What the repository asks for.
    pub policy: ReviewPolicy,
    /// The latest verdict of each person, the latest last.
    pub opinions: Vec<Opinion>,
    /// What is missing; empty once nothing stands against a merge, as far as reviews go.
    pub missing: Vec<Missing>,
    /// Everyone who is mentioned.
    pub people: People,
    /// How many reviews there are.
    count: i64,
}

impl Standing {
    /// What must not have changed when the merge is written.
    pub(crate) fn seal(&self) -> (ReviewPolicy, i64) {
        (self.policy, self.count)
    }

    /// Refuses a merge while something is missing.
    pub(crate) fn require(&self) -> Result<(), CommunityError> {
        if self.missing.is_empty() {
            return Ok(());
        }
        Err(CommunityError::ReviewsMissing { missing: self.missing.iter().map(|what| self.told(what)).collect() })
    }

    /// What is missing, in words.
    pub fn told(&self, missing: &Missing) -> String {
        match missing {
            Missing::Approvals { given, wanted } => format!("{given} of {wanted} approvals are given"),
            Missing::Changes { by } => {
                let names: Vec<&str> = by
                    .iter()
                    .take(TOLD_MAX)
                    .filter_map(|id| self.people.get(*id))
                    .map(|person| person.name.as_str())
                    .collect();
                format!("changes are requested by {}", names.join(", "))
            }
            Missing::Unknown { reason } => format!("the code owners cannot be told: {reason}"),
            Missing::Owners { owners, paths } => {
                let owners: Vec<String> = owners.iter().take(TOLD_MAX).map(|name| format!("@{name}")).collect();
                let paths = match paths.is_empty() {
                    true => "some files".to_owned(),
                    false => paths.iter().take(TOLD_MAX).cloned().collect::<Vec<_>>().join(", "),
                };
                format!("a code owner ({}) must approve {paths}", owners.join(", "))
            }
        }
    }
}

impl Community {
    /// How the pull request of that number stands.
    pub async fn standing(&self, repo: &Repo, number: ThreadNumber) -> Result<Standing, CommunityError> {
        let discussion = self.discussion(repo, number).await?;
        let pull = repo.pull(number).await?.ok_or_else(|| no_pull(number))?;
        self.standing_of(repo, &discussion, &pull).await
    }

    pub(crate) async fn standing_of(
        &self,
        repo: &Repo,
        discussion: &Discussion,
        pull: &Pull,
    ) -> Result<Standing, CommunityError> {
        let policy = reviews::policy(self.db(), repo.id()).await?;
        let all = reviews::of(self.db(), discussion.id).await?;
        let count = all.len() as i64;
        let mut latest: HashMap<NamespaceId, (usize, Review)> = HashMap::new();
        for (at, review) in all.into_iter().enumerate() {
            let known = latest.get(&review.reviewer);
            // A comment is an opinion only of whoever has given no other.
            if review.verdict != Verdict::Comment || known.is_none_or(|(_, known)| known.verdict == Verdict::Comment) {
                latest.insert(review.reviewer, (at, review));
            }
        }
        let (mut owned, mut unknown) = (Vec::new(), None);
        if policy.code_owners && pull.merged.is_none() {
            match repo.pull_owners(pull).await {
                Err(RepoError::TooLarge(reason)) => unknown = Some(reason),
                found => owned = found?,
            }
        }
        let names: HashSet<&String> = owned.iter().flat_map(|files| &files.owners).collect();
        if names.len() > OWNERS_MAX {
            unknown = Some(format!("more than {OWNERS_MAX} are named for these files: split the pull request"));
            owned.clear();
        }
        let owners = self.owners_named(&owned).await?;
        let mut opinions = Vec::new();
        let mut owns: HashMap<NamespaceId, HashSet<NamespaceId>> = HashMap::new();
        let mut latest: Vec<(usize, Review)> = latest.into_values().collect();
        latest.sort_by_key(|(at, _)| *at);
        for (_, review) in latest {
            let mine = self.owned_by(review.reviewer, &owners).await?;
            let counts =
                review.reviewer != pull.author && (!mine.is_empty() || repo.is_written_by(review.reviewer).await?);
            owns.insert(review.reviewer, mine);
            opinions.push(Opinion { review, counts, is_stale: pull.head != Some(review.commit) });
        }
        let mut standing = Standing { policy, opinions, missing: Vec::new(), people: People::default(), count };
        if policy.asks() && pull.merged.is_none() {
            standing.missing = standing.lacks(&owned, &owners, &owns);
            standing.missing.extend(unknown.map(|reason| Missing::Unknown { reason }));
        }
        if !repo.permits(Access::Read) {
            for missing in &mut standing.missing {
                if let Missing::Owners { paths, .. } = missing {
                    paths.clear();
                }
            }
        }
        standing.people = self.people(standing.opinions.iter().map(|opinion| opinion.review.reviewer)).await?;
        Ok(standing)
    }

    /// The people and organisations that own changed files, by the names that `CODEOWNERS` has for them.
    async fn owners_named(
        &self,
        owned: &[OwnedFiles],
    ) -> Result<HashMap<String, (NamespaceId, NamespaceKind)>, CommunityError> {
        let names: HashSet<&String> = owned.iter().flat_map(|files| &files.owners).collect();
        let mut found = HashMap::new();
        for name in names {
            let Ok(parsed) = name.parse::<NamespaceName>() else { continue };
            if let Some(namespace) = self.accounts().namespace(&parsed).await? {
                found.insert(name.clone(), (namespace.id, namespace.kind));
            }
        }
        Ok(found)
    }

    /// As which of the owners a person may speak: as themselves, and as organisations for which they may write.
    async fn owned_by(
        &self,
        who: NamespaceId,
        owners: &HashMap<String, (NamespaceId, NamespaceKind)>,
    ) -> Result<HashSet<NamespaceId>, CommunityError> {
        let mut mine: HashSet<NamespaceId> = HashSet::new();
        if owners.is_empty() {
            return Ok(mine);
        }
        let memberships = self.accounts().memberships(who).await?;
        for (id, kind) in owners.values() {
            let speaks = match kind {
                NamespaceKind::User => *id == who,
                NamespaceKind::Organization => {
                    memberships.iter().any(|membership| membership.org == *id && membership.role >= OrgRole::Write)
                }
            };
            if speaks {
                mine.insert(*id);
            }
        }
        Ok(mine)
    }
}

impl Standing {
    fn lacks(
        &self,
        owned: &[OwnedFiles],
        owners: &HashMap<String, (NamespaceId, NamespaceKind)>,
        owns: &HashMap<NamespaceId, HashSet<NamespaceId>>,
    ) -> Vec<Missing> {
        let counting = || self.opinions.iter().filter(|opinion| opinion.counts);
        let approvers: Vec<NamespaceId> = counting()
            .filter(|opinion| opinion.review.verdict == Verdict::Approve && !(self.policy.fresh && opinion.is_stale))
            .map(|opinion| opinion.review.reviewer)
            .collect();
        let against: Vec<NamespaceId> = counting()
            .filter(|opinion| opinion.review.verdict == Verdict::RequestChanges)
            .map(|opinion| opinion.review.reviewer)
            .collect();
        let mut missing = Vec::new();
        let wanted = usize::from(self.policy.approvals);
        if approvers.len() < wanted {
            missing.push(Missing::Approvals { given: approvers.len(), wanted });
        }
        if !against.is_empty() {
            missing.push(Missing::Changes { by: against });
        }
        for files in owned {
            let speaks = |name: &String| {
                let owner = owners.get(name).map(|(id, _)| id);
                owner.is_some_and(|id| approvers.iter().any(|who| owns.get(who).is_some_and(|mine| mine.contains(id))))
            };
            if !files.owners.iter().any(speaks) {
                missing.push(Missing::Owners { owners: files.owners.clone(), paths: files.paths.clone() });
            }
        }
        missing
    }
}
