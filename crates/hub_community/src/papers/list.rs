//! Reading papers: one, lists, searches, those of a day.

use hub_core::Timestamp;

use super::{Claim, Paper, PaperId};
use crate::store::papers;
use crate::{Community, CommunityError, People};

/// The most papers of a page.
const PAGE_MAX: usize = 100;
/// The most papers of which a page of the day's is cut.
const DEPTH_MAX: usize = 10_000;

/// By what papers are ordered.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum PaperOrder {
    /// The latest first.
    #[default]
    Latest,
    /// Those with most votes first.
    Upvotes,
}

/// Where the next page begins.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PaperPlace {
    pub(crate) published: i64,
    pub(crate) id: String,
}

impl PaperPlace {
    /// The text of a cursor.
    pub fn cursor(&self) -> String {
        format!("{}:{}", self.published, self.id)
    }

    /// Reads a cursor; `None` for any other text.
    pub fn of_cursor(text: &str) -> Option<Self> {
        let (published, id) = text.split_once(':')?;
        Some(Self { published: published.parse().ok()?, id: PaperId::parse(id).ok()?.as_str().to_owned() })
    }
}

/// A paper with who says to have written it, and the people of all that.
#[derive(Clone, Debug)]
pub struct PaperView {
    /// The paper.
    pub paper: Paper,
    /// Who says to be which author.
    pub claims: Vec<Claim>,
}

/// A page of papers.
#[derive(Debug)]
pub struct PaperPage {
    /// The papers.
    pub papers: Vec<PaperView>,
    /// Those who claim, who submitted.
    pub people: People,
    /// Where the next page begins, if there is one.
    pub next: Option<PaperPlace>,
}

/// Which papers of the day are wanted.
#[derive(Clone, Debug, Default)]
pub struct DailyQuery {
    /// Submitted from this moment on.
    pub from: Option<Timestamp>,
    /// And before this one.
    pub before: Option<Timestamp>,
    /// By this person.
    pub by: Option<hub_account::NamespaceId>,
    /// In which order.
    pub order: PaperOrder,
    /// How many are passed over.
    pub offset: usize,
    /// How many at most.
    pub limit: usize,
}

impl Community {
    /// A paper; nothing if nobody has named it.
    pub async fn paper(&self, id: &PaperId) -> Result<Option<(PaperView, People)>, CommunityError> {
        let Some(paper) = papers::get(self.db(), id).await? else { return Ok(None) };
        let mut page = self.paper_page(vec![paper], None).await?;
        Ok(page.papers.pop().map(|view| (view, page.people)))
    }

    /// A paper of which nobody has entered anything.
    pub fn unknown_paper(id: PaperId) -> PaperView {
        PaperView { paper: Paper::unknown(id), claims: Vec::new() }
    }

    /// The papers of which something is known, the latest first.
    pub async fn papers(&self, after: Option<&PaperPlace>, limit: usize) -> Result<PaperPage, CommunityError> {
        let limit = limit.clamp(1, PAGE_MAX);
        let mut found = papers::latest(self.db(), after, limit as i64 + 1).await?;
        let more = found.len() > limit;
        found.truncate(limit);
        let place =
            |paper: &Paper| PaperPlace { published: paper.published.millis(), id: paper.id.as_str().to_owned() };
        let next = found.last().filter(|_| more).map(place);
        self.paper_page(found, next).await
    }

    /// The papers whose title holds every word, or whose identifier is the text; those with most votes first.
    pub async fn search_papers(&self, text: &str, limit: usize) -> Result<PaperPage, CommunityError> {
        const WORDS_MAX: usize = 8;
        const TEXT_MAX: usize = 200;
        if text.len() > TEXT_MAX || text.chars().any(char::is_control) {
            let message = format!("a search has at most {TEXT_MAX} bytes, and no control characters");
            return Err(CommunityError::BadRequest(message));
        }
        let limit = limit.clamp(1, PAGE_MAX) as i64;
        let found = match PaperId::parse(text) {
            Ok(id) => papers::get(self.db(), &id).await?.into_iter().collect(),
            Err(_) => {
                let words: Vec<String> = text.split_whitespace().take(WORDS_MAX).map(str::to_lowercase).collect();
                papers::holding(self.db(), &words, limit).await?
            }
        };
        self.paper_page(found, None).await
    }

    /// Papers that were submitted as those of a day.
    pub async fn daily_papers(&self, query: &DailyQuery) -> Result<PaperPage, CommunityError> {
        let limit = query.limit.clamp(1, PAGE_MAX);
        if query.offset + limit > DEPTH_MAX {
            let message = format!("only the last {DEPTH_MAX} papers are paged through: ask for a day, week or month");
            return Err(CommunityError::BadRequest(message));
        }
        let found = papers::submitted(self.db(), query, limit as i64).await?;
        self.paper_page(found, None).await
    }

    async fn paper_page(&self, found: Vec<Paper>, next: Option<PaperPlace>) -> Result<PaperPage, CommunityError> {
        let ids: Vec<&str> = found.iter().map(|paper| paper.id.as_str()).collect();
        let mut claims = papers::claims(self.db(), &ids).await?;
        let named = claims.values().flatten().map(|claim| claim.who);
        let submitters = found.iter().filter_map(|paper| paper.submitted.map(|(who, _)| who));
        let people = self.people(named.chain(submitters).collect::<Vec<_>>()).await?;
        let view = |paper: Paper| {
            let claims = claims.remove(paper.id.as_str()).unwrap_or_default();
            PaperView { paper, claims }
        };
        Ok(PaperPage { papers: found.into_iter().map(view).collect(), people, next })
    }
}
