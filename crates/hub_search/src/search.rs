//! The door: keeps the index equal to the database, and answers questions.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use hub_account::{Caller, NamespaceId};
use hub_core::{Code, NamespaceName, RepoKind, RepoPath, UserError};
use hub_db::Db;
use hub_jobs::{Event, Outbox, OutboxError, Sequence};
use hub_repo::{ListedRepo, RepoError, RepoId, RepoTexts, Repos, Surveyed, named_by};
use serde_json::{Value, json};
use tantivy::collector::TopDocs;
use tantivy::{Searcher, TantivyError};
use tokio::sync::{Mutex, Semaphore};

use crate::excerpt::{Piece, excerpt};
use crate::index::{Entry, Note, TextIndex, boost, is_searched, popularity_of};
use crate::query::{Question, narrowed, of_one};

/// How many events are taken in at a time.
const EVENTS: u32 = 1000;
/// How much text one commit holds in memory.
const PART_BYTES: usize = 16 << 20;
/// The longest text that is searched for.
const TEXT_MAX_BYTES: usize = 500;
/// The most hits of a page, and how far pages go.
const PAGE_MAX: usize = 50;
const DEPTH_MAX: usize = 1000;
/// No question is worth more time, and so many are worked on at once.
const DEADLINE: Duration = Duration::from_secs(2);
const AT_ONCE: usize = 8;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum SearchError {
    /// The question makes no sense.
    #[error("{0}")]
    BadRequest(String),
    /// The repositories could not be read.
    #[error("repositories cannot be read for the index of texts")]
    Repo(#[from] RepoError),
    /// The changes since could not be read.
    #[error("the changes since cannot be read")]
    Outbox(#[from] OutboxError),
    /// The database failed.
    #[error("the database failed")]
    Db(#[from] hub_db::DbError),
    /// The index cannot be used.
    #[error("the index of texts cannot be used")]
    Index(#[from] TantivyError),
    /// The index is not open yet.
    #[error("the index of texts is being opened: try again in a moment")]
    NotOpen,
    /// The answer took too long.
    #[error("the search takes too long and was given up: ask for fewer or rarer words")]
    TooSlow,
    /// The thread that worked on it failed.
    #[error("the search was given up")]
    Interrupted,
}

impl UserError for SearchError {
    fn code(&self) -> Code {
        match self {
            SearchError::BadRequest(_) => Code::BadRequest,
            SearchError::Repo(error) => error.code(),
            SearchError::Outbox(error) => error.code(),
            SearchError::Db(error) => error.code(),
            SearchError::NotOpen | SearchError::TooSlow => Code::Unavailable,
            SearchError::Index(_) | SearchError::Interrupted => Code::Internal,
        }
    }

    fn message(&self) -> Cow<'_, str> {
        match self {
            SearchError::Repo(error) => error.message(),
            SearchError::Outbox(error) => error.message(),
            SearchError::Db(error) => error.message(),
            _ => self.to_string().into(),
        }
    }
}

/// What is looked for.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// The words: all must be there, `"quoted"` ones side by side, those after a `-` nowhere.
    pub text: String,
    /// The kinds of repositories; none stands for all.
    pub kinds: Vec<RepoKind>,
    /// Whose repositories.
    pub author: Option<NamespaceName>,
    /// How many hits are passed over.
    pub offset: usize,
    /// The most hits of the page.
    pub limit: usize,
    /// Whether each hit says how its score came about.
    pub explain: bool,
}

/// A repository that was found.
#[derive(Clone, Debug)]
pub struct Hit {
    /// The repository.
    pub repo: ListedRepo,
    /// How well it fits.
    pub score: f32,
    /// The file that shows why, if it is not the name or a tag.
    pub file: Option<RepoPath>,
    /// The part of that file.
    pub excerpt: Vec<Piece>,
    /// How the score came about, if that was asked for.
    pub explanation: Option<Value>,
}

/// An answer.
#[derive(Clone, Debug)]
pub struct Hits {
    /// The hits of the page, the best first.
    pub hits: Vec<Hit>,
    /// How many there are in all.
    pub total: usize,
    /// Whether nothing held the words as they were typed, and these hold nearly the same.
    pub is_forgiving: bool,
    /// Whether every repository was looked at; not while the index is being built.
    pub is_complete: bool,
}

/// Full text. Cloning is cheap; every clone is the same.
#[derive(Clone)]
pub struct Search {
    inner: Arc<Inner>,
}

struct Inner {
    repos: Repos,
    outbox: Outbox,
    folder: PathBuf,
    index: OnceLock<Arc<TextIndex>>,
    /// What the index is a picture of; whoever writes holds it.
    note: Mutex<Option<Note>>,
    slots: Arc<Semaphore>,
}

impl Search {
    /// An index in a folder. It answers once [`Search::catch_up`] has opened it.
    pub fn new(repos: Repos, db: Db, folder: PathBuf) -> Self {
        let inner = Inner {
            repos,
            outbox: Outbox::new(db),
            folder,
            index: OnceLock::new(),
            note: Mutex::new(None),
            slots: Arc::new(Semaphore::new(AT_ONCE)),
        };
        Self { inner: Arc::new(inner) }
    }

    /// Takes in what happened since the last time; the first time, and after an absence so long that events were removed,
    /// everything. It can be left at any point and goes on there. Answers how many repositories were written.
    pub async fn catch_up(&self) -> Result<usize, SearchError> {
        let mut held = self.inner.note.lock().await;
        let mut note = match held.take() {
            Some(note) => note,
            None => self.inner.open().await?,
        };
        *held = Some(note.clone());
        let mut written = 0;
        loop {
            let step = match note.read_to {
                Some(read_to) => self.inner.read_on(&note, read_to).await?,
                None => self.inner.follow(&note).await?,
            };
            let Some((next, count)) = step else { return Ok(written) };
            written += count;
            *held = Some(next.clone());
            note = next;
        }
    }

    /// Looks for what somebody typed.
    ///
    /// # Errors
    /// [`SearchError::BadRequest`] for texts that are too long or hold control characters, and for pages too far away.
    pub async fn find(&self, caller: &Caller, wanted: &Wanted) -> Result<Hits, SearchError> {
        wanted.check()?;
        let slot = self.inner.slots.clone();
        let work = async {
            let slot = slot.acquire_owned().await.map_err(|_| SearchError::Interrupted)?;
            let (inner, wanted) = (self.inner.clone(), wanted.clone());
            let owners: Vec<i64> = caller.readable_namespaces().into_iter().map(NamespaceId::key).collect();
            let look = move || {
                let _slot = slot;
                inner.look(&wanted, &owners)
            };
            tokio::task::spawn_blocking(look).await.map_err(|_| SearchError::Interrupted)?
        };
        let found = tokio::time::timeout(DEADLINE, work).await.map_err(|_| SearchError::TooSlow)??;
        let is_complete = self.inner.note.try_lock().map_or(true, |note| {
            // Whoever holds the lock is taking in changes: what was whole before stays so.
            note.as_ref().is_some_and(|note| note.read_to.is_none())
        });
        let ids: Vec<RepoId> = found.matches.iter().map(|(key, ..)| RepoId::from_key(*key)).collect();
        let mut hits = Vec::with_capacity(ids.len());
        for repo in self.inner.repos.pick(caller, &ids).await? {
            let key = repo.state.id.key();
            let Some((_, score, explanation)) = found.matches.iter().find(|(found, ..)| *found == key) else {
                continue;
            };
            let (file, excerpt) = self.inner.excerpt(&repo, &found.question).await?;
            hits.push(Hit { repo, score: *score, file, excerpt, explanation: explanation.clone() });
        }
        Ok(Hits { hits, total: found.total, is_forgiving: found.is_forgiving, is_complete })
    }
}

impl Wanted {
    fn check(&self) -> Result<(), SearchError> {
        let bad = |reason: String| Err(SearchError::BadRequest(reason));
        if self.text.len() > TEXT_MAX_BYTES {
            return bad(format!("a search may have at most {TEXT_MAX_BYTES} bytes, this one has {}", self.text.len()));
        }
        if self.text.chars().any(|character| character.is_control() && !character.is_whitespace()) {
            return bad("control characters stand in no text: leave them out".to_owned());
        }
        if !(1..=PAGE_MAX).contains(&self.limit) {
            return bad(format!("the limit goes from 1 to {PAGE_MAX}"));
        }
        if self.offset + self.limit > DEPTH_MAX {
            return bad(format!("only the best {DEPTH_MAX} hits are shown: narrow the search by more words or a kind"));
        }
        Ok(())
    }
}

/// What one commit writes.
#[derive(Default)]
struct Part {
    entries: Vec<Entry>,
    gone: Vec<i64>,
}

/// What the index answers.
struct Looked {
    question: Question,
    /// Key, score and explanation.
    matches: Vec<(i64, f32, Option<Value>)>,
    total: usize,
    is_forgiving: bool,
}

impl Inner {
    /// Opens the index; answers what it is a picture of, if necessary of nothing yet.
    async fn open(&self) -> Result<Note, SearchError> {
        let origin = format!("{} {}", self.repos.instance().await?, env!("CARGO_PKG_VERSION"));
        // Asked first: what changes while everything is read is told again by the events that follow.
        let fresh = Note { origin, position: self.outbox.latest().await?.number(), read_to: Some(i64::MIN) };
        if self.index.get().is_some() {
            return Ok(fresh);
        }
        let (folder, origin) = (self.folder.clone(), fresh.origin.clone());
        let opened = tokio::task::spawn_blocking(move || TextIndex::open(&folder, &origin)).await;
        let (index, note) = opened.map_err(|_| SearchError::Interrupted)??;
        let _ = self.index.set(Arc::new(index));
        Ok(note.unwrap_or(fresh))
    }

    /// The next repositories of an index that is being built.
    async fn read_on(&self, note: &Note, read_to: i64) -> Result<Option<(Note, usize)>, SearchError> {
        let rows = self.repos.survey(Some(RepoId::from_key(read_to))).await?;
        let next = Note { read_to: rows.last().map(|row| row.id.key()), ..note.clone() };
        let written = self.write(rows, Vec::new(), note, &next).await?;
        Ok(Some((next, written)))
    }

    /// What the next events tell; nothing if there are none.
    async fn follow(&self, note: &Note) -> Result<Option<(Note, usize)>, SearchError> {
        let events = match self.outbox.after(Sequence::new(note.position), EVENTS).await {
            Ok(events) => events,
            Err(OutboxError::Pruned { .. }) => {
                let position = self.outbox.latest().await?.number();
                return Ok(Some((Note { position, read_to: Some(i64::MIN), ..note.clone() }, 0)));
            }
            Err(error) => return Err(error.into()),
        };
        let Some(last) = events.last() else { return Ok(None) };
        let next = Note { position: last.sequence.number(), ..note.clone() };
        let (changed, counted) = named(&events);
        let ids: Vec<RepoId> = changed.union(&counted).copied().map(RepoId::from_key).collect();
        let mut rows = self.repos.survey_of(&ids).await?;
        let present: BTreeSet<i64> = rows.iter().map(|row| row.id.key()).collect();
        let gone: Vec<i64> = changed.difference(&present).copied().collect();
        let index = self.index.get().ok_or(SearchError::NotOpen)?;
        let known = index.popularity(&counted.iter().copied().collect::<Vec<_>>())?;
        rows.retain(|row| {
            let key = row.id.key();
            changed.contains(&key) || known.get(&key).is_none_or(|known| *known != popularity_of(row))
        });
        if rows.is_empty() && gone.is_empty() {
            // Nothing to write; the place is remembered with the next commit.
            return Ok(Some((next, 0)));
        }
        let written = self.write(rows, gone, note, &next).await?;
        Ok(Some((next, written)))
    }

    /// Writes repositories with their words, in parts that fit in memory. Only the last part carries the note: after a
    /// crash the others are written once more.
    async fn write(
        &self,
        rows: Vec<Surveyed>,
        gone: Vec<i64>,
        before: &Note,
        after: &Note,
    ) -> Result<usize, SearchError> {
        let (mut part, mut bytes, mut count) = (Part { gone, ..Part::default() }, 0, 0);
        for row in rows.into_iter().filter(|row| is_searched(row.kind)) {
            let texts = match self.repos.texts_of(row.id).await {
                Ok(texts) => texts,
                // One damaged repository must not keep the others out.
                Err(error) if error.code() == Code::Internal => {
                    tracing::error!(repo.name = row.name, %error, "a repository is found by its name only");
                    RepoTexts::default()
                }
                Err(error) => return Err(error.into()),
            };
            bytes += [&texts.card, &texts.app].into_iter().flatten().map(|file| file.text.len()).sum::<usize>();
            part.entries.push(Entry { row, texts });
            count += 1;
            if bytes >= PART_BYTES {
                self.commit(std::mem::take(&mut part), before.clone()).await?;
                bytes = 0;
            }
        }
        self.commit(part, after.clone()).await?;
        Ok(count)
    }

    async fn commit(&self, part: Part, note: Note) -> Result<(), SearchError> {
        let index = self.index.get().cloned().ok_or(SearchError::NotOpen)?;
        let write = move || index.write(&part.entries, &part.gone, &note);
        tokio::task::spawn_blocking(write).await.map_err(|_| SearchError::Interrupted)??;
        Ok(())
    }

    fn look(&self, wanted: &Wanted, owners: &[i64]) -> Result<Looked, SearchError> {
        let index = self.index.get().ok_or(SearchError::NotOpen)?;
        let question = Question::parse(&wanted.text);
        if question.is_empty() {
            return Ok(Looked { question, matches: Vec::new(), total: 0, is_forgiving: false });
        }
        let kinds: Vec<i64> = wanted.kinds.iter().map(|kind| kind.to_db()).collect();
        let author = wanted.author.as_ref().map(|name| name.key());
        let searcher = index.searcher();
        let page = (wanted.offset, wanted.limit);
        let query = |forgiving| {
            narrowed(question.query(index.fields(), forgiving), index.fields(), owners, &kinds, author.as_deref())
        };
        let mut asked = query(false);
        let (mut found, mut total) = index.find(&searcher, &asked, page)?;
        let is_forgiving = total == 0;
        if is_forgiving {
            asked = query(true);
            (found, total) = index.find(&searcher, &asked, page)?;
        }
        let mut matches = Vec::with_capacity(found.len());
        for (score, at) in found {
            let (key, popularity) = index.key_of(&searcher, at)?;
            let explanation = match wanted.explain {
                true => Some(explain(index, &searcher, &question, is_forgiving, (key, score, popularity))?),
                false => None,
            };
            matches.push((key, score, explanation));
        }
        Ok(Looked { question, matches, total, is_forgiving: is_forgiving && total > 0 })
    }

    /// The file of a hit that shows why it was found, and the part of it.
    async fn excerpt(
        &self,
        repo: &ListedRepo,
        question: &Question,
    ) -> Result<(Option<RepoPath>, Vec<Piece>), SearchError> {
        let wanted = question.wanted();
        let texts = self.repos.texts_of(repo.state.id).await?;
        for file in [texts.card, texts.app].into_iter().flatten() {
            let pieces = excerpt(&file.text, &wanted);
            if !pieces.is_empty() {
                return Ok((Some(file.path), pieces));
            }
        }
        Ok((None, Vec::new()))
    }
}

/// How the score of a repository came about: what each word is worth in each field. Of a word the best field counts whole,
/// the others a fifth; the sum over the words is multiplied by what use adds.
fn explain(
    index: &TextIndex,
    searcher: &Searcher,
    question: &Question,
    is_forgiving: bool,
    (key, score, popularity): (i64, f32, u64),
) -> Result<Value, SearchError> {
    let mut words = Vec::new();
    for (word, field, query) in question.single(index.fields(), is_forgiving) {
        let query = of_one(query, index.fields(), key);
        let found = searcher.search(&query, &TopDocs::with_limit(1).order_by_score())?;
        if let Some((worth, _)) = found.first() {
            words.push(json!({ "words": word, "field": field, "worth": worth }));
        }
    }
    Ok(json!({ "score": score, "popularityFactor": boost(popularity), "words": words }))
}

/// The repositories that events name: those that changed, and those of which only numbers did.
fn named(events: &[Event]) -> (BTreeSet<i64>, BTreeSet<i64>) {
    let (mut changed, mut counted) = (BTreeSet::new(), BTreeSet::new());
    for event in events {
        let is_count = ["repos.counted", "repo.likes"].contains(&event.kind.as_str());
        let keys = named_by(event).into_iter().map(RepoId::key);
        if is_count { counted.extend(keys) } else { changed.extend(keys) }
    }
    counted.retain(|key| !changed.contains(key));
    (changed, counted)
}
