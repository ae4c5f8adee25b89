//! The index on disk: its fields, opening it, writing to it, asking it.
//!
//! Every commit carries a note of what the index is a picture of, so that content and note never part: a crash between
//! any two writes leaves the last commit. An index of another installation, release or way of cutting words is removed
//! and built anew.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use hub_core::RepoKind;
use hub_repo::{RepoTexts, Surveyed};
use serde_json::{Value, json};
use tantivy::collector::{Count, TopDocs};
use tantivy::query::{Query, TermSetQuery};
use tantivy::schema::{FAST, Field, INDEXED, IndexRecordOption, STRING, Schema, TextFieldIndexing, TextOptions};
use tantivy::{
    DocAddress, DocId, Index, IndexReader, IndexWriter, ReloadPolicy, Score, Searcher, SegmentReader, TantivyDocument,
    TantivyError, Term,
};

use crate::words::{ANALYZER, analyzer};

/// What the writer may hold in memory before it makes a segment.
const WRITER_BYTES: usize = 48 << 20;

/// The fields of a repository.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fields {
    pub(crate) key: Field,
    pub(crate) kind: Field,
    pub(crate) owner: Field,
    pub(crate) public: Field,
    pub(crate) author: Field,
    pub(crate) popularity: Field,
    name: Field,
    tags: Field,
    card: Field,
    app: Field,
}

impl Fields {
    /// The fields with words, and how much each counts.
    pub(crate) fn texts(&self) -> [(Field, Score); 4] {
        [(self.name, 4.0), (self.tags, 2.0), (self.card, 1.0), (self.app, 0.7)]
    }
}

fn schema() -> (Schema, Fields) {
    let mut schema = Schema::builder();
    let indexing =
        TextFieldIndexing::default().set_tokenizer(ANALYZER).set_index_option(IndexRecordOption::WithFreqsAndPositions);
    let text = TextOptions::default().set_indexing_options(indexing);
    let fields = Fields {
        key: schema.add_i64_field("key", FAST | INDEXED),
        kind: schema.add_i64_field("kind", INDEXED),
        owner: schema.add_i64_field("owner", INDEXED),
        public: schema.add_i64_field("public", INDEXED),
        author: schema.add_text_field("author", STRING),
        popularity: schema.add_u64_field("popularity", FAST),
        name: schema.add_text_field("name", text.clone()),
        tags: schema.add_text_field("tags", text.clone()),
        card: schema.add_text_field("card", text.clone()),
        app: schema.add_text_field("app", text),
    };
    (schema.build(), fields)
}

/// The names of [`Fields::texts`], for explanations.
pub(crate) const FIELD_NAMES: [&str; 4] = ["name", "tags", "card", "program"];

/// What an index is a picture of.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Note {
    /// The installation, with the release.
    pub(crate) origin: String,
    /// The last event taken in.
    pub(crate) position: i64,
    /// The key of the last repository read, while the index is being built.
    pub(crate) read_to: Option<i64>,
}

impl Note {
    fn to_text(&self) -> String {
        json!({ "origin": self.origin, "words": ANALYZER, "position": self.position, "read_to": self.read_to })
            .to_string()
    }

    fn of_text(text: &str) -> Option<Self> {
        let note: Value = serde_json::from_str(text).ok()?;
        (note["words"] == ANALYZER).then_some(())?;
        Some(Self {
            origin: note["origin"].as_str()?.to_owned(),
            position: note["position"].as_i64()?,
            read_to: note["read_to"].as_i64(),
        })
    }
}

/// A repository to be written.
pub(crate) struct Entry {
    pub(crate) row: Surveyed,
    pub(crate) texts: RepoTexts,
}

/// How much it is used, in doublings: what changes it is worth a write.
pub(crate) fn popularity_of(row: &Surveyed) -> u64 {
    let uses = row.downloads.saturating_add(row.likes.saturating_mul(10));
    u64::from(u64::BITS - uses.leading_zeros())
}

/// A match: its score, and where it lies.
pub(crate) type Match = (Score, DocAddress);

/// The index. Reading and writing take turns by themselves; only one writes.
pub(crate) struct TextIndex {
    index: Index,
    reader: IndexReader,
    fields: Fields,
}

impl TextIndex {
    /// Opens the index of a folder with its note, if it is of this origin; else makes an empty one.
    pub(crate) fn open(folder: &Path, origin: &str) -> Result<(Self, Option<Note>), TantivyError> {
        let (schema, fields) = schema();
        if let Some((index, note)) = known(folder, &schema).filter(|(_, note)| note.origin == origin) {
            return Ok((Self::over(index, fields)?, Some(note)));
        }
        clear(folder)?;
        let index = Index::create_in_dir(folder, schema)?;
        Ok((Self::over(index, fields)?, None))
    }

    fn over(index: Index, fields: Fields) -> Result<Self, TantivyError> {
        index.tokenizers().register(ANALYZER, analyzer());
        let reader = index.reader_builder().reload_policy(ReloadPolicy::Manual).try_into()?;
        Ok(Self { index, reader, fields })
    }

    /// Writes repositories, removes others, and commits with a note. Readers see all of it or nothing.
    pub(crate) fn write(&self, entries: &[Entry], gone: &[i64], note: &Note) -> Result<(), TantivyError> {
        let mut writer: IndexWriter = self.index.writer_with_num_threads(1, WRITER_BYTES)?;
        for key in gone.iter().copied().chain(entries.iter().map(|entry| entry.row.id.key())) {
            writer.delete_term(Term::from_field_i64(self.fields.key, key));
        }
        for entry in entries {
            writer.add_document(self.document(entry))?;
        }
        let mut commit = writer.prepare_commit()?;
        commit.set_payload(&note.to_text());
        commit.commit()?;
        writer.wait_merging_threads()?;
        self.reader.reload()
    }

    fn document(&self, Entry { row, texts }: &Entry) -> TantivyDocument {
        let fields = &self.fields;
        let mut document = TantivyDocument::new();
        document.add_i64(fields.key, row.id.key());
        document.add_i64(fields.kind, row.kind.to_db());
        document.add_i64(fields.owner, row.owner.key());
        document.add_i64(fields.public, i64::from(!row.is_hidden));
        document.add_u64(fields.popularity, popularity_of(row));
        document.add_text(fields.author, row.name.split('/').next().unwrap_or_default());
        document.add_text(fields.name, &row.name);
        document.add_text(fields.tags, row.tags.join(" "));
        if let Some(card) = &texts.card {
            document.add_text(fields.card, &card.text);
        }
        if let Some(app) = &texts.app {
            document.add_text(fields.app, &app.text);
        }
        document
    }

    pub(crate) fn fields(&self) -> &Fields {
        &self.fields
    }

    pub(crate) fn searcher(&self) -> Searcher {
        self.reader.searcher()
    }

    /// The best matches after the first `offset`, and how many there are in all.
    pub(crate) fn find(
        &self,
        searcher: &Searcher,
        query: &dyn Query,
        (offset, limit): (usize, usize),
    ) -> Result<(Vec<Match>, usize), TantivyError> {
        let best = TopDocs::with_limit(limit).and_offset(offset).tweak_score(|segment: &SegmentReader| {
            let popularity = segment.fast_fields().u64("popularity").ok().map(|column| column.first_or_default_col(0));
            move |doc: DocId, score: Score| score * boost(popularity.as_ref().map_or(0, |column| column.get_val(doc)))
        });
        searcher.search(query, &(best, Count))
    }

    /// The key of a repository, and how much it is used.
    pub(crate) fn key_of(&self, searcher: &Searcher, at: DocAddress) -> Result<(i64, u64), TantivyError> {
        let columns = searcher.segment_reader(at.segment_ord).fast_fields();
        let key = columns.i64("key")?.first(at.doc_id).unwrap_or_default();
        Ok((key, columns.u64("popularity")?.first(at.doc_id).unwrap_or_default()))
    }

    /// How much each of these repositories was used when it was written.
    pub(crate) fn popularity(&self, keys: &[i64]) -> Result<HashMap<i64, u64>, TantivyError> {
        let searcher = self.searcher();
        let terms = keys.iter().map(|key| Term::from_field_i64(self.fields.key, *key));
        let found = searcher.search(&TermSetQuery::new(terms), &tantivy::collector::DocSetCollector)?;
        found.into_iter().map(|at| self.key_of(&searcher, at)).collect()
    }
}

/// By how much a relevant repository gains from being used.
pub(crate) fn boost(popularity: u64) -> Score {
    1.0 + 0.06 * popularity.min(40) as Score
}

/// The kinds of repositories whose text is searched.
pub(crate) fn is_searched(kind: RepoKind) -> bool {
    kind != RepoKind::Bucket
}

/// The index that is there, if it can be read and has these fields.
fn known(folder: &Path, schema: &Schema) -> Option<(Index, Note)> {
    let index = Index::open_in_dir(folder).ok().filter(|index| index.schema() == *schema)?;
    let note = Note::of_text(index.load_metas().ok()?.payload.as_deref()?)?;
    Some((index, note))
}

/// An empty folder. Only files lie in an index, so nothing else is ever removed.
fn clear(folder: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    for entry in std::fs::read_dir(folder)? {
        let path: PathBuf = entry?.path();
        if path.is_file() {
            std::fs::remove_file(path)?;
        }
    }
    Ok(())
}
