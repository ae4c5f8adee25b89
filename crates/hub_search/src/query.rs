//! From what somebody typed to a question to the index.
//!
//! Every word must be there, in the name, the tags, the card or the program. `"several words"` must stand side by side,
//! `-word` must not be there. A word that is made of parts, such as `all-MiniLM` or a run of ideographs, means these
//! parts side by side. Singular and plural of English find each other.

use std::collections::HashSet;

use tantivy::Term;
use tantivy::query::{
    BooleanQuery, BoostQuery, ConstScoreQuery, DisjunctionMaxQuery, EmptyQuery, FuzzyTermQuery, Occur, PhraseQuery,
    Query, TermQuery, TermSetQuery,
};
use tantivy::schema::{Field, IndexRecordOption};

use crate::index::{FIELD_NAMES, Fields};
use crate::words::words_of;

/// The most words that count.
const WORDS_MAX: usize = 16;
/// The shortest word that may be mistyped.
const FORGIVEN_FROM: usize = 4;
/// What a field adds beside the best one.
const TIE: f32 = 0.2;
/// What another form of a word counts.
const OTHER_FORM: f32 = 0.8;

/// What somebody typed, taken apart.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Question {
    parts: Vec<Part>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
struct Part {
    words: Vec<String>,
    is_unwanted: bool,
}

impl Question {
    /// Takes a text apart.
    pub(crate) fn parse(text: &str) -> Self {
        let mut parts = Vec::new();
        let mut rest = text.trim_start();
        let mut left = WORDS_MAX;
        while !rest.is_empty() && left > 0 {
            let is_unwanted = rest.starts_with('-');
            let body = rest.strip_prefix('-').unwrap_or(rest);
            let (piece, after) = match body.strip_prefix('"') {
                Some(quoted) => quoted.split_once('"').unwrap_or((quoted, "")),
                None => body.split_at(body.find(char::is_whitespace).unwrap_or(body.len())),
            };
            let words: Vec<String> = words_of(piece).into_iter().map(|token| token.text).take(left).collect();
            left -= words.len();
            if !words.is_empty() {
                parts.push(Part { words, is_unwanted });
            }
            rest = after.trim_start();
        }
        Self { parts }
    }

    /// Whether something is wanted at all.
    pub(crate) fn is_empty(&self) -> bool {
        self.parts.iter().all(|part| part.is_unwanted)
    }

    /// The words that an excerpt shows.
    pub(crate) fn wanted(&self) -> HashSet<String> {
        let wanted = self.parts.iter().filter(|part| !part.is_unwanted).flat_map(|part| &part.words);
        wanted.flat_map(|word| other_forms(word).into_iter().chain([word.clone()])).collect()
    }

    /// The question to the index; `forgiving` lets a letter of longer words be wrong.
    pub(crate) fn query(&self, fields: &Fields, forgiving: bool) -> Box<dyn Query> {
        if self.is_empty() {
            return Box::new(EmptyQuery);
        }
        let clause = |part: &Part| {
            let occur = if part.is_unwanted { Occur::MustNot } else { Occur::Must };
            (occur, part.query(fields, forgiving && !part.is_unwanted))
        };
        Box::new(BooleanQuery::new(self.parts.iter().map(clause).collect()))
    }

    /// Each wanted part in each field by itself, for explanations: the words, the field, and the question.
    pub(crate) fn single(&self, fields: &Fields, forgiving: bool) -> Vec<(String, &'static str, Box<dyn Query>)> {
        let mut single = Vec::new();
        for part in self.parts.iter().filter(|part| !part.is_unwanted) {
            for ((field, boost), name) in fields.texts().into_iter().zip(FIELD_NAMES) {
                let query: Box<dyn Query> = Box::new(BoostQuery::new(part.query_in(field, forgiving), boost));
                single.push((part.words.join(" "), name, query));
            }
        }
        single
    }
}

impl Part {
    fn query(&self, fields: &Fields, forgiving: bool) -> Box<dyn Query> {
        let of_field = |(field, boost): (Field, f32)| -> Box<dyn Query> {
            Box::new(BoostQuery::new(self.query_in(field, forgiving), boost))
        };
        Box::new(DisjunctionMaxQuery::with_tie_breaker(fields.texts().into_iter().map(of_field).collect(), TIE))
    }

    fn query_in(&self, field: Field, forgiving: bool) -> Box<dyn Query> {
        let term = |word: &str| Term::from_field_text(field, word);
        let [word] = &self.words[..] else {
            return Box::new(PhraseQuery::new(self.words.iter().map(|word| term(word)).collect()));
        };
        if forgiving && word.chars().count() >= FORGIVEN_FROM {
            return Box::new(FuzzyTermQuery::new(term(word), 1, true));
        }
        if word.chars().count() == 1 && !word.is_ascii() {
            // The index has pairs of such characters: those that begin with this one.
            return Box::new(FuzzyTermQuery::new_prefix(term(word), 0, true));
        }
        let exact: Box<dyn Query> = Box::new(TermQuery::new(term(word), IndexRecordOption::WithFreqs));
        let others = other_forms(word);
        if others.is_empty() {
            return exact;
        }
        let other = |word: String| -> Box<dyn Query> {
            let query = TermQuery::new(term(&word), IndexRecordOption::WithFreqs);
            Box::new(BoostQuery::new(Box::new(query), OTHER_FORM))
        };
        Box::new(DisjunctionMaxQuery::new([exact].into_iter().chain(others.into_iter().map(other)).collect()))
    }
}

/// Singular and plural of an English word, as far as an `s` makes them.
fn other_forms(word: &str) -> Vec<String> {
    if word.len() < 3 || !word.bytes().all(|byte| byte.is_ascii_lowercase()) {
        return Vec::new();
    }
    match word.strip_suffix('s') {
        Some(stem) if stem.ends_with('s') => Vec::new(),
        Some(stem) if stem.len() >= 3 => vec![stem.to_owned()],
        Some(_) => Vec::new(),
        None => vec![format!("{word}s")],
    }
}

/// A condition that does not count for relevance.
fn filter(query: impl Query) -> (Occur, Box<dyn Query>) {
    (Occur::Must, Box::new(ConstScoreQuery::new(Box::new(query), 0.0)))
}

/// Narrows a question to those repositories that are public or of `owners`, and to the kinds and the author, if any.
pub(crate) fn narrowed(
    query: Box<dyn Query>,
    fields: &Fields,
    owners: &[i64],
    kinds: &[i64],
    author: Option<&str>,
) -> BooleanQuery {
    let number = |field: Field, number: i64| Term::from_field_i64(field, number);
    let public: [Term; 1] = [number(fields.public, 1)];
    let visible = public.into_iter().chain(owners.iter().map(|owner| number(fields.owner, *owner)));
    let mut clauses = vec![(Occur::Must, query), filter(TermSetQuery::new(visible))];
    if !kinds.is_empty() {
        clauses.push(filter(TermSetQuery::new(kinds.iter().map(|kind| number(fields.kind, *kind)))));
    }
    if let Some(author) = author {
        let term = Term::from_field_text(fields.author, author);
        clauses.push(filter(TermQuery::new(term, IndexRecordOption::Basic)));
    }
    BooleanQuery::new(clauses)
}

/// Narrows a question to one repository.
pub(crate) fn of_one(query: Box<dyn Query>, fields: &Fields, key: i64) -> BooleanQuery {
    let key = TermQuery::new(Term::from_field_i64(fields.key, key), IndexRecordOption::Basic);
    BooleanQuery::new(vec![(Occur::Must, query), filter(key)])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str) -> Vec<(Vec<String>, bool)> {
        Question::parse(text).parts.into_iter().map(|part| (part.words, part.is_unwanted)).collect()
    }

    fn part(words: &[&str], is_unwanted: bool) -> (Vec<String>, bool) {
        (words.iter().map(|word| (*word).to_owned()).collect(), is_unwanted)
    }

    #[test]
    fn questions_are_taken_apart() {
        let expect = [part(&["small"], false), part(&["speech", "model"], false), part(&["english"], true)];
        assert_eq!(parts(" small \"speech model\" -english  "), expect);
        assert_eq!(parts("all-MiniLM"), [part(&["all", "minilm"], false)]);
        assert_eq!(parts("\"open end"), [part(&["open", "end"], false)]);
        assert_eq!(parts("- -- \"\" ?!"), []);
        assert!(Question::parse("-only -unwanted").is_empty());
        let many = parts(&"a ".repeat(1000));
        assert_eq!(many.len(), WORDS_MAX);
    }

    #[test]
    fn words_have_other_forms() {
        assert_eq!(other_forms("dataset"), ["datasets"]);
        assert_eq!(other_forms("datasets"), ["dataset"]);
        for word in ["class", "is", "gpt2", "模型"] {
            assert!(other_forms(word).is_empty(), "{word}");
        }
    }
}
