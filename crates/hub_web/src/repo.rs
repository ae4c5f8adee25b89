//! The pages of one repository, and what stands above all of them: whose it is, what it is called, its tabs.

mod access;
mod blame;
mod blob;
mod card;
mod chart;
mod commit;
mod create;
mod discussions;
mod edit;
mod history;
mod rename;
mod rendered;
mod settings;
mod snippets;
mod tree;
mod upload;

use axum::http::Uri;
use hub_core::{Access, Code, CommitId, RepoAddr, RepoKind, RepoPath, Revision, Visibility};
use hub_http::{AccessClass, ApiRouter, RouteDraft};
use hub_repo::{Gating, Repo, RepoError, Repos};
use serde::Deserialize;

use crate::WebState;
use crate::address::RepoUrls;
use crate::error::PageError;
use crate::visit::Visit;

pub(crate) fn routes() -> ApiRouter<WebState> {
    create::routes()
        .merge(card::routes())
        .merge(tree::routes())
        .merge(blob::routes())
        .merge(blame::routes())
        .merge(history::routes())
        .merge(commit::routes())
        .merge(edit::routes())
        .merge(rename::routes())
        .merge(upload::routes())
        .merge(settings::routes())
        .merge(discussions::routes())
        .merge(access::routes())
}

/// The paths of a page for each kind of repository: `{}` stands for namespace and name.
fn for_each_kind(
    mut router: ApiRouter<WebState>,
    tail: &str,
    route: impl Fn(String) -> hub_http::Route<WebState>,
) -> ApiRouter<WebState> {
    for kind in RepoKind::WITH_GIT {
        router = router.route(route(format!("/{}{{namespace}}/{{name}}{tail}", kind.url_prefix())));
    }
    router
}

fn get(access: AccessClass, path: String) -> RouteDraft {
    hub_http::get(path).access(access).undocumented()
}

fn post(access: AccessClass, path: String) -> RouteDraft {
    hub_http::post(path).access(access).undocumented()
}

/// Revision and path in the address of a page.
#[derive(Deserialize)]
struct At {
    revision: String,
    #[serde(default)]
    path: String,
}

impl At {
    fn revision(&self) -> Revision {
        Revision::new(self.revision.clone())
    }

    /// Whether the revision is the branch of a pull request.
    fn is_pull(&self) -> bool {
        self.revision.starts_with("refs/pr/")
    }

    /// What changing something at this revision wants: pull requests want less than branches.
    fn access_to_change(&self, proposes: bool) -> Access {
        if proposes || self.is_pull() { Access::Propose } else { Access::Write }
    }

    /// The path; what cannot be a path names nothing.
    fn path(&self, visit: &Visit) -> Result<RepoPath, PageError> {
        self.path.parse().map_err(|_| PageError::told(Code::EntryNotFound, visit.words.get("error.nothing")))
    }
}

/// A repository as far as this visitor may have it.
struct Opened {
    repo: Repo,
    access: Access,
}

impl Opened {
    /// Opens with the most that the visitor has, `needed` at least.
    async fn open(repos: &Repos, visit: &Visit, addr: &RepoAddr, needed: Access) -> Result<Self, PageError> {
        let strangers = [Access::Read, Access::Metadata];
        let everyones = [Access::Admin, Access::Write, Access::Propose, Access::Read, Access::Metadata];
        let order: &[Access] = if visit.caller.user().is_some() { &everyones } else { &strangers };
        for access in order.iter().copied().filter(|access| *access > needed) {
            match repos.open(&visit.caller, addr, access).await {
                Ok(repo) => return Ok(Self { repo, access }),
                Err(RepoError::Forbidden(_) | RepoError::Gated { .. } | RepoError::Disabled) => {}
                Err(error) => return Err(error.into()),
            }
        }
        match repos.open(&visit.caller, addr, needed).await {
            Ok(repo) => Ok(Self { repo, access: needed }),
            Err(RepoError::NeedsLogin) => Err(PageError::SignIn { next: visit.here.clone() }),
            Err(error) => Err(error.into()),
        }
    }

    fn can(&self, access: Access) -> bool {
        self.access >= access
    }

    fn head(&self, tab: &'static str) -> RepoHead {
        let state = self.repo.state();
        RepoHead {
            icon: state.addr.kind.word(),
            kind: state.addr.kind.title(),
            namespace: state.addr.namespace.to_string(),
            name: state.addr.name.to_string(),
            urls: RepoUrls::of(&state.addr),
            description: state.settings.description.clone().filter(|text| !text.is_empty()),
            is_private: state.visibility != Visibility::Public,
            is_gated: state.gating != Gating::Open,
            is_disabled: state.disabled,
            likes: state.likes,
            has_discussions: !state.settings.discussions_disabled,
            can_propose: self.can(Access::Propose) && !state.settings.discussions_disabled,
            can_write: self.can(Access::Write),
            can_admin: self.can(Access::Admin),
            tab,
        }
    }
}

/// What stands above every page of a repository.
struct RepoHead {
    icon: &'static str,
    kind: &'static str,
    namespace: String,
    name: String,
    urls: RepoUrls,
    description: Option<String>,
    is_private: bool,
    is_gated: bool,
    is_disabled: bool,
    likes: u64,
    has_discussions: bool,
    can_propose: bool,
    can_write: bool,
    can_admin: bool,
    tab: &'static str,
}

impl RepoHead {
    fn is_at(&self, tab: &str) -> bool {
        self.tab == tab
    }

    /// The discussions, and one of them by its number.
    fn discussions(&self) -> String {
        format!("{}/discussions", self.urls.page())
    }

    /// The file list at the default branch.
    fn files(&self) -> String {
        self.urls.at("tree", "main", "")
    }
}

/// One step of the way to a file or folder.
struct Crumb {
    name: String,
    href: Option<String>,
}

/// The way from the root to a path; the last step is where the reader is.
fn crumbs(urls: &RepoUrls, revision: &str, path: &str) -> Vec<Crumb> {
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let crumb = |place: usize| Crumb {
        name: parts[place].to_owned(),
        href: (place + 1 < parts.len()).then(|| urls.at("tree", revision, &parts[..=place].join("/"))),
    };
    (0..parts.len()).map(crumb).collect()
}

/// The commit that a page shows; a repository without one shows as much.
async fn resolve(repo: &Repo, revision: &Revision) -> Result<Option<CommitId>, PageError> {
    match repo.resolve(revision).await {
        Ok(commit) => Ok(Some(commit)),
        Err(RepoError::RevisionNotFound(_)) if *revision == Revision::main() => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Nobody can be called `api`, so such a path is a call that does not exist: programs want that told as JSON.
fn refuse_api(addr: &RepoAddr, uri: &Uri) -> Result<(), PageError> {
    if addr.namespace.key() != "api" {
        return Ok(());
    }
    Err(hub_http::ApiError::new(Code::NotFound, format!("Hearth has nothing at GET {}", uri.path())).into())
}
