//! Naming papers, entering what is known of them, voting, submitting, claiming.

use hub_account::{Caller, CallerUser, NamespaceId};
use hub_core::Timestamp;
use hub_jobs::Outbox;
use hub_repo::{RepoId, named_by};
use serde_json::json;

use super::{Author, Paper, PaperId};
use crate::store::papers;
use crate::{Community, CommunityError};

/// The name under which the outbox keeps how far cards were read for papers.
const READER: &str = "papers";
const EVENTS: u32 = 200;
const TITLE_MAX: usize = 500;
const SUMMARY_MAX: usize = 20_000;
const AUTHORS_MAX: usize = 2000;
const AUTHOR_MAX: usize = 200;
const LINK_MAX: usize = 500;
/// The most papers that one person names in a day.
const NAMED_A_DAY: i64 = 200;
const DAY_MILLIS: i64 = 86_400_000;

/// What somebody enters of a paper; what is absent stays as it is.
#[derive(Clone, Debug, Default)]
pub struct PaperChange {
    /// The title.
    pub title: Option<String>,
    /// The abstract.
    pub summary: Option<String>,
    /// The names of the authors, in their order.
    pub authors: Option<Vec<String>>,
    /// When it was published.
    pub published: Option<Timestamp>,
    /// The page of the project; empty takes it away.
    pub project_page: Option<String>,
    /// Its code; empty takes it away.
    pub github_repo: Option<String>,
    /// Whether only administrators change it from now on; only they may say so.
    pub locked: Option<bool>,
}

impl Community {
    /// Makes a paper known, if it is not yet.
    pub async fn name_paper(&self, caller: &Caller, id: &PaperId) -> Result<(), CommunityError> {
        let user = writer(caller)?;
        if papers::get(self.db(), id).await?.is_some() {
            return Ok(());
        }
        let since = self.now().plus_millis(-DAY_MILLIS);
        if papers::count_named(self.db(), user.id, since).await? >= NAMED_A_DAY {
            return Err(CommunityError::Conflict(format!("one person names at most {NAMED_A_DAY} papers a day")));
        }
        let paper = Paper { entered_by: Some(user.id), ..Paper::unknown(id.clone()) };
        let mut tx = self.db().begin().await?;
        papers::insert(&mut tx, &paper, self.now()).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Enters what is known of a paper, making it known if necessary.
    ///
    /// # Errors
    /// [`CommunityError::Forbidden`] if it is locked and the caller is no administrator of the installation.
    pub async fn change_paper(
        &self,
        caller: &Caller,
        id: &PaperId,
        change: &PaperChange,
    ) -> Result<(), CommunityError> {
        let user = writer(caller)?;
        change.check()?;
        self.name_paper(caller, id).await?;
        let mut tx = self.db().begin().await?;
        let mut paper = papers::lock(&mut tx, id).await?.unwrap_or_else(|| Paper::unknown(id.clone()));
        if (paper.locked || change.locked.is_some()) && !caller.is_instance_admin() {
            let message = "what is known of this paper is locked: ask an administrator to change it";
            return Err(CommunityError::Forbidden(message.to_owned()));
        }
        change.apply(&mut paper);
        paper.entered_by = Some(user.id);
        papers::update(&mut tx, &paper).await?;
        if change.authors.is_some() {
            papers::drop_claims_beside(&mut tx, &paper).await?;
        }
        let payload = json!({ "paper": id.as_str(), "by": user.id.key() });
        self.note(&mut tx, "paper.changed", &format!("paper:{id}"), payload).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Votes for a paper, or takes the vote back; doing so again changes nothing.
    pub async fn upvote_paper(&self, caller: &Caller, id: &PaperId, on: bool) -> Result<(), CommunityError> {
        let user = writer(caller)?;
        self.name_paper(caller, id).await?;
        let mut tx = self.db().begin().await?;
        papers::set_upvote(&mut tx, id, user.id, on, self.now()).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Submits a paper as one of this day.
    ///
    /// # Errors
    /// [`CommunityError::Conflict`] if it was submitted before, or its title is not known.
    pub async fn submit_paper(&self, caller: &Caller, id: &PaperId) -> Result<(), CommunityError> {
        let user = writer(caller)?;
        let mut tx = self.db().begin().await?;
        let paper = papers::lock(&mut tx, id).await?.filter(|paper| !paper.title.is_empty());
        let untold = || CommunityError::Conflict("enter the title of the paper before you submit it".to_owned());
        if let Some((_, at)) = paper.ok_or_else(untold)?.submitted {
            return Err(CommunityError::Conflict(format!("it was submitted before, on {at}")));
        }
        papers::submit(&mut tx, id, user.id, self.now()).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Says that the caller is one of the authors.
    ///
    /// # Errors
    /// [`CommunityError::Conflict`] if somebody else has said so before.
    pub async fn claim_author(&self, caller: &Caller, id: &PaperId, author: &str) -> Result<(), CommunityError> {
        let user = writer(caller)?;
        let mut tx = self.db().begin().await?;
        let paper = papers::lock(&mut tx, id).await?;
        let known = paper.is_some_and(|paper| paper.authors.iter().any(|known| known.id == author));
        if !known {
            return Err(CommunityError::NotFound("the paper has no such author: enter its authors first".to_owned()));
        }
        if !papers::claim(&mut tx, id, author, user.id, self.now()).await? {
            return Err(CommunityError::Conflict(
                "somebody else says to be that author: ask an administrator".to_owned(),
            ));
        }
        tx.commit().await?;
        Ok(())
    }

    /// Confirms that somebody is the author they say to be, or takes what they say away.
    pub async fn decide_claim(
        &self,
        caller: &Caller,
        id: &PaperId,
        author: &str,
        is_right: bool,
    ) -> Result<(), CommunityError> {
        if !caller.is_instance_admin() {
            return Err(CommunityError::Forbidden(
                "only administrators of the installation confirm authors".to_owned(),
            ));
        }
        let mut tx = self.db().begin().await?;
        if !papers::decide(&mut tx, id, author, is_right, self.now()).await? {
            return Err(CommunityError::NotFound("nobody says to be that author".to_owned()));
        }
        tx.commit().await?;
        Ok(())
    }

    /// Makes known the papers that the cards of public repositories name, from what happened since the last time;
    /// answers how many are new.
    pub async fn collect_papers(&self) -> Result<usize, CommunityError> {
        let mut fresh = 0;
        loop {
            let Some(news) = self.news(READER, EVENTS).await? else { return Ok(fresh) };
            let pushed = news.events.iter().filter(|event| event.kind.starts_with("repo."));
            let mut ids: Vec<RepoId> = pushed.flat_map(named_by).collect();
            ids.sort_unstable();
            ids.dedup();
            let rows = self.repos().survey_of(&ids).await?;
            let cited = rows.iter().filter(|row| !row.is_hidden).flat_map(|row| &row.tags);
            let cited: Vec<PaperId> =
                cited.filter_map(|tag| tag.strip_prefix("arxiv:")).filter_map(|id| PaperId::parse(id).ok()).collect();
            let mut tx = self.db().begin().await?;
            if !Outbox::advance(&mut tx, READER, news.from, news.to).await? {
                // Another replica was faster.
                return Ok(fresh);
            }
            for id in cited {
                fresh += usize::from(papers::insert(&mut tx, &Paper::unknown(id), self.now()).await?);
            }
            tx.commit().await?;
        }
    }
}

impl PaperChange {
    fn check(&self) -> Result<(), CommunityError> {
        let bad = |message: String| Err(CommunityError::BadRequest(message));
        if self.title.as_ref().is_some_and(|title| title.trim().is_empty() || title.len() > TITLE_MAX) {
            return bad(format!("a title has 1 to {TITLE_MAX} bytes"));
        }
        if self.summary.as_ref().is_some_and(|summary| summary.len() > SUMMARY_MAX) {
            return bad(format!("an abstract has at most {SUMMARY_MAX} bytes"));
        }
        let authors = self.authors.as_deref().unwrap_or_default();
        if authors.len() > AUTHORS_MAX || authors.iter().any(|name| name.trim().is_empty() || name.len() > AUTHOR_MAX) {
            return bad(format!(
                "a paper has at most {AUTHORS_MAX} authors, each with a name of 1 to {AUTHOR_MAX} bytes"
            ));
        }
        for link in [&self.project_page, &self.github_repo].into_iter().flatten().filter(|link| !link.is_empty()) {
            let is_web = link.starts_with("https://") || link.starts_with("http://");
            if !is_web || link.len() > LINK_MAX || link.chars().any(|c| c.is_whitespace() || c.is_control()) {
                return bad(format!("a link begins with https:// and has at most {LINK_MAX} bytes"));
            }
        }
        if self.github_repo.as_ref().is_some_and(|link| !link.is_empty() && !link.starts_with("https://github.com/")) {
            return bad("the code of a paper is linked as https://github.com/…".to_owned());
        }
        Ok(())
    }

    fn apply(&self, paper: &mut Paper) {
        let set = |place: &mut String, text: &Option<String>| {
            if let Some(text) = text {
                *place = text.split_whitespace().collect::<Vec<_>>().join(" ");
            }
        };
        set(&mut paper.title, &self.title);
        set(&mut paper.project_page, &self.project_page);
        set(&mut paper.github_repo, &self.github_repo);
        if let Some(summary) = &self.summary {
            paper.summary = summary.trim().to_owned();
        }
        if let Some(names) = &self.authors {
            // Whoever stays keeps what they are known by, and with it who claims to be them.
            let before = std::mem::take(&mut paper.authors);
            let mut free: Vec<Author> = before;
            paper.authors = names
                .iter()
                .map(|name| {
                    let name = name.trim().to_owned();
                    match free.iter().position(|known| known.name == name) {
                        Some(place) => free.swap_remove(place),
                        None => Author { id: String::new(), name },
                    }
                })
                .collect();
            let mut next =
                paper.authors.iter().chain(&free).filter_map(|one| one.id.parse::<u32>().ok()).max().unwrap_or(0);
            for author in paper.authors.iter_mut().filter(|author| author.id.is_empty()) {
                next += 1;
                author.id = next.to_string();
            }
        }
        if let Some(published) = self.published {
            paper.published = published;
        }
        if let Some(locked) = self.locked {
            paper.locked = locked;
        }
    }
}

/// Whoever may enter something about papers.
fn writer(caller: &Caller) -> Result<&CallerUser, CommunityError> {
    let user = caller.user().ok_or(CommunityError::NeedsLogin)?;
    if caller.may_discuss(user.id, None) {
        return Ok(user);
    }
    let message = "this token may only read: use one with the role 'write' or the permission discussion.write";
    Err(CommunityError::Forbidden(message.to_owned()))
}

impl Community {
    /// Whether somebody votes for a paper.
    pub async fn votes_for_paper(&self, who: NamespaceId, id: &PaperId) -> Result<bool, CommunityError> {
        Ok(papers::votes(self.db(), id, who).await?)
    }
}
