//! Pushes: objects that arrive by git are held apart, looked over as a whole, and then become part of the repository in
//! one transaction together with the references that lead to them.
//!
//! Until that transaction nobody can see anything of a push, and a push that is refused leaves no row. What is derived
//! from commits (their place in the graph, the paths that they change, the facts of the default branch, the event) is
//! written as for a commit by API, so that nothing later can tell the two apart.

mod changes;
mod fsck;
mod graph;
mod quarantine;
mod settle;
mod survey;

use std::collections::{HashMap, HashSet};
use std::io::BufRead;
use std::path::{Path, PathBuf};

use hub_core::{Access, Oid, RefName};
use hub_formats::git::ObjectKind;
use hub_formats::git::pack::{PackLimits, PackObject, PackReceiver, PackSummary, read_pack};
use tempfile::spooled_tempfile_in;
use tokio::runtime::Handle;

use crate::store::{receive, refs};
use crate::walk::is_shown;
use crate::{Repo, RepoError};

use graph::Graph;
use quarantine::{IN_MEMORY_BYTES, Quarantine};
use settle::{Settled, broke_off};
use survey::Survey;
pub(crate) use survey::{NewCommit, Surveyed};

/// What a push wants of one reference.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RefUpdate {
    /// Its name.
    pub name: RefName,
    /// Where the pusher saw it; `None` if it did not exist.
    pub old: Option<Oid>,
    /// Where it shall point; `None` deletes it.
    pub new: Option<Oid>,
}

/// Whether the references of a push stand and fall together.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PushMode {
    /// All or none.
    Atomic,
    /// Each for itself.
    Each,
}

/// What became of a push that was understood.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct PushDone {
    /// The references that did not move, and why; all others moved.
    pub refused: Vec<(RefName, String)>,
    /// What the author should mend in the cards that were pushed. A faulty card never keeps a push out.
    pub card_warnings: Vec<String>,
}

/// A push under way: takes objects, then moves references.
pub struct Push {
    repo: Repo,
    folder: PathBuf,
    quarantine: Quarantine,
}

/// Takes the objects of a pack into the quarantine.
struct Taker<'a> {
    push: &'a mut Push,
    runtime: Handle,
}

impl PackReceiver for Taker<'_> {
    type Error = RepoError;

    fn base(&mut self, oid: Oid) -> Result<Option<(ObjectKind, Vec<u8>)>, RepoError> {
        let repo = &self.push.repo;
        let Some((_, kind)) = self.runtime.block_on(receive::kinds(repo.repos.db(), repo.id(), &[oid]))?.pop() else {
            return Ok(None);
        };
        let bytes = self.runtime.block_on(repo.repos.object_bytes(repo.id(), oid, kind))?;
        Ok(Some((kind, bytes.into())))
    }

    fn object(&mut self, object: PackObject<'_>) -> Result<(), RepoError> {
        self.push.quarantine.add(&object)
    }
}

impl Repo {
    /// All references with what they point to, in the order of their names, as a push wants to see them first.
    pub async fn pushable_refs(&self) -> Result<Vec<(String, Oid)>, RepoError> {
        self.require(Access::Propose)?;
        let mut all = refs::list(self.repos.db(), self.id()).await?;
        all.retain(|(name, _)| is_shown(name));
        Ok(all)
    }

    /// Begins a push. `folder` is where objects wait that do not fit into memory.
    pub fn begin_push(&self, folder: &Path) -> Result<Push, RepoError> {
        self.require(Access::Propose)?;
        let quarantine = Quarantine::new(folder, self.repos.limits().plain_blob_bytes);
        Ok(Push { repo: self.clone(), folder: folder.to_owned(), quarantine })
    }
}

impl Push {
    /// Takes a pack in. This is work for a thread that may be kept busy, within a runtime.
    ///
    /// # Errors
    /// [`RepoError::Pack`] if the pack is faulty, [`RepoError::Unprocessable`] if git would refuse one of its objects.
    pub fn read_pack(&mut self, input: impl BufRead) -> Result<PackSummary, RepoError> {
        let limits = PackLimits { pack_bytes: self.repo.repos.limits().push_bytes, ..PackLimits::default() };
        let spool = spooled_tempfile_in(IN_MEMORY_BYTES, &self.folder);
        let runtime = Handle::current();
        read_pack(input, spool, &limits, &mut Taker { push: self, runtime })
    }

    /// Checks the whole push, makes it part of the repository and moves the references.
    ///
    /// # Errors
    /// An error means that what arrived is not acceptable, and that nothing changed. References that may not move for
    /// themselves are no error but listed in the answer.
    pub async fn finish(self, updates: Vec<RefUpdate>, mode: PushMode) -> Result<PushDone, RepoError> {
        let Push { repo, quarantine, .. } = self;
        let mut done = PushDone::default();
        let mut wanted = repo.refuse_updates(updates, &mut done).await?;
        if mode == PushMode::Atomic && !done.refused.is_empty() {
            refuse_all(wanted, &mut done);
            return Ok(done);
        }
        let targets: HashSet<Oid> = wanted.iter().filter_map(|update| update.new).collect();
        let targets: Vec<Oid> = targets.into_iter().collect();
        let (looked_over, runtime) = (repo.clone(), Handle::current());
        let survey = tokio::task::spawn_blocking(move || {
            let mut quarantine = quarantine;
            let surveyed = Survey::new(&looked_over, &mut quarantine, runtime).run(&targets)?;
            Ok::<_, RepoError>((surveyed, quarantine))
        });
        let (surveyed, quarantine) = survey.await.map_err(|_| broke_off())??;
        wanted = repo.refuse_by_target(wanted, &surveyed, &mut done).await?;
        if wanted.is_empty() || mode == PushMode::Atomic && !done.refused.is_empty() {
            refuse_all(wanted, &mut done);
            return Ok(done);
        }
        repo.check_quota(surveyed.file_bytes).await?;
        let written = repo.write_arrived(quarantine, &surveyed.arrived).await?;
        while !wanted.is_empty() {
            match repo.settle(&surveyed, &wanted, &written).await? {
                Settled::Moved => break,
                Settled::Elsewhere(name) => {
                    wanted.retain(|update| update.name != name);
                    done.refused.push((name, MOVED.to_owned()));
                    if mode == PushMode::Atomic {
                        refuse_all(std::mem::take(&mut wanted), &mut done);
                    }
                }
            }
        }
        done.card_warnings = surveyed.card_warnings;
        Ok(done)
    }
}

/// What git itself says of a reference that others moved first.
const MOVED: &str = "fetch first";

fn refuse_all(updates: Vec<RefUpdate>, done: &mut PushDone) {
    done.refused.extend(updates.into_iter().map(|update| (update.name, "atomic push failed".to_owned())));
}

impl Repo {
    /// Sorts out the updates that cannot be, whatever arrived.
    async fn refuse_updates(&self, updates: Vec<RefUpdate>, done: &mut PushDone) -> Result<Vec<RefUpdate>, RepoError> {
        let present: HashMap<String, Oid> = refs::list(self.repos.db(), self.id()).await?.into_iter().collect();
        let folders: HashSet<&str> = present.keys().flat_map(|name| folders_of(name)).collect();
        let mut taken: HashSet<String> = HashSet::new();
        let mut wanted = Vec::with_capacity(updates.len());
        for update in updates {
            let name = update.name.as_str();
            let reason = if !taken.insert(name.to_owned()) {
                Some("named more than once in this push".to_owned())
            } else if present.get(name).copied() != update.old {
                Some(MOVED.to_owned())
            } else if update.old.is_none() && folders.contains(name) {
                Some(format!("there are references below {name}/, so it cannot be one itself"))
            } else if let Some(above) = folders_of(name).find(|above| present.contains_key(*above)) {
                Some(format!("{above} is a reference, so there can be none below it"))
            } else {
                match self.refused_to_caller(&update).await? {
                    None => refuse_name(&update),
                    reason => reason,
                }
            };
            match reason {
                Some(reason) => done.refused.push((update.name, reason)),
                None => wanted.push(update),
            }
        }
        Ok(wanted)
    }

    /// Sorts out the updates whose target is not what the reference takes, or that a rule of the branch forbids.
    async fn refuse_by_target(
        &self,
        updates: Vec<RefUpdate>,
        surveyed: &Surveyed,
        done: &mut PushDone,
    ) -> Result<Vec<RefUpdate>, RepoError> {
        let commits: HashMap<Oid, Option<Oid>> = surveyed.tips.iter().map(|tip| (tip.oid, tip.commit)).collect();
        let rules = self.branch_rules().await?;
        let mut wanted = Vec::with_capacity(updates.len());
        for update in updates {
            let leads_to = update.new.and_then(|new| commits.get(&new).copied().flatten());
            let is_commit = leads_to.is_some() && leads_to == update.new;
            let holds_commits = update.name.is_branch() || update.name.is_pull_request();
            let reason = if holds_commits && update.new.is_some() && !is_commit {
                Some("a branch can only point to a commit".to_owned())
            } else {
                self.refused_by_rules(&rules, &update, surveyed).await?
            };
            match reason {
                Some(reason) => done.refused.push((update.name, reason)),
                None => wanted.push(update),
            }
        }
        Ok(wanted)
    }

    /// Whether the history of `new` holds `old`, counting commits that arrived.
    pub(crate) async fn goes_on(&self, old: Oid, new: Oid, surveyed: &Surveyed) -> Result<bool, RepoError> {
        let mut graph = Graph::new(self);
        for new in &surveyed.commits {
            graph.add(new.row.clone());
        }
        Ok(!graph.leading_to([old], [new]).await?.is_empty())
    }
}

/// The names that would have to be folders for this name: `refs/heads/a` and above for `refs/heads/a/b`.
fn folders_of(name: &str) -> impl Iterator<Item = &str> {
    name.match_indices('/').map(|(at, _)| &name[..at])
}

/// References that git alone may not make, whoever pushes.
fn refuse_name(update: &RefUpdate) -> Option<String> {
    let name = &update.name;
    let short = name.short();
    if name.is_pull_request() {
        let gone = "the branch of a pull request is deleted on its page".to_owned();
        return update.new.is_none().then_some(gone);
    }
    if name.is_convert() {
        return Some("refs/convert/ is made by the server from the files of the repository".to_owned());
    }
    if !(name.is_branch() || name.is_tag()) {
        return Some("only branches (refs/heads/) and tags (refs/tags/) can be pushed".to_owned());
    }
    if short == "HEAD" || short.starts_with("refs/") || short.parse::<Oid>().is_ok() {
        return Some("the name would be mistaken for something else: choose another".to_owned());
    }
    if *name == RefName::main() && update.new.is_none() {
        return Some(format!("Cannot delete {name}"));
    }
    None
}
