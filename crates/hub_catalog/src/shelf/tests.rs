use super::*;
use crate::entry::{MISSING, Term};
use crate::query::{Facet, Span};

/// The same numbers in each run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

const GROUPS: [Group; 3] = [Group::Tag, Group::Task, Group::Language];
const OWNERS: u64 = 6;

fn entry(random: &mut Numbers, id: i64) -> Entry {
    let owner = random.below(OWNERS);
    let mut terms: Vec<Term> = (0..random.below(6))
        .map(|_| Term::new(GROUPS[random.below(3) as usize], format!("t{}", random.below(8))))
        .collect();
    terms.push(Term::new(Group::Author, format!("owner{owner}")));
    terms.sort();
    terms.dedup();
    let mut numbers = [0; SORTS];
    for number in &mut numbers {
        *number = match random.below(4) {
            0 => MISSING,
            1 => 0,
            _ => random.below(1000) as i64,
        };
    }
    let words = ["smol", "lm2", "bert", "base-v2", "q4_k.m"];
    let name = format!("owner{owner}/{}-{}-{id}", words[random.below(5) as usize], words[random.below(5) as usize]);
    Entry { id, owner: owner as i64, name, public: random.below(5) > 0, numbers, terms }
}

fn query(random: &mut Numbers) -> Query {
    let term = |random: &mut Numbers| Term::new(GROUPS[random.below(3) as usize], format!("t{}", random.below(9)));
    let clauses = (0..random.below(3))
        .map(|_| {
            let terms = (0..1 + random.below(2)).map(|_| term(random)).collect();
            Clause { terms, negated: random.below(4) == 0 }
        })
        .collect();
    let bands = (0..random.below(3))
        .map(|_| Span {
            number: Sort::ALL[random.below(SORTS as u64) as usize],
            min: (random.below(2) == 0).then(|| random.below(1000) as i64),
            max: (random.below(2) == 0).then(|| random.below(1000) as i64),
        })
        .collect();
    let texts = ["", "s", "lm2", "R0/", "bert-", "q4_k.m", "nobody", "é", "-1", "lm", "owner", "ase-v2-1", "v2"];
    let spans = (0..random.below(2))
        .map(|_| Span {
            number: Sort::ALL[random.below(SORTS as u64) as usize],
            min: (random.below(2) == 0).then(|| random.below(1000) as i64),
            max: (random.below(2) == 0).then(|| random.below(1000) as i64),
        })
        .collect();
    Query {
        clauses,
        texts: (0..random.below(2)).map(|_| texts[random.below(13) as usize].to_owned()).collect(),
        spans,
        sort: Sort::ALL[random.below(SORTS as u64) as usize],
        ascending: random.below(2) == 0,
        after: None,
        limit: 5 + random.below(200) as usize,
        facets: GROUPS.to_vec(),
        facet_terms: 6,
        bands,
        ..Query::default()
    }
}

/// The same answers, by looking at every entry.
fn plainly(entries: &HashMap<i64, Entry>, query: &Query, owners: &[i64]) -> Found {
    let fits = |entry: &&Entry| {
        (entry.public || owners.contains(&entry.owner))
            && query
                .clauses
                .iter()
                .all(|clause| clause.terms.iter().any(|term| entry.terms.contains(term)) != clause.negated)
            && query.texts.iter().all(|text| entry.name.contains(&text.to_lowercase()))
            && query.spans.iter().all(|span| {
                let number = entry.number(span.number);
                number != MISSING && number >= span.min.unwrap_or(0) && number <= span.max.unwrap_or(i64::MAX)
            })
    };
    let matching: Vec<&Entry> = entries.values().filter(fits).collect();
    let mut places: Vec<Place> =
        matching.iter().map(|entry| Place { number: entry.number(query.sort), id: entry.id }).collect();
    places.sort();
    if !query.ascending {
        places.reverse();
    }
    if let Some(after) = query.after {
        places.retain(|place| if query.ascending { *place > after } else { *place < after });
    }
    let more = places.len() > query.limit;
    places.truncate(query.limit);
    let in_band = |band: &Span| {
        let number = |entry: &&&Entry| {
            let number = entry.number(band.number);
            number != MISSING && number >= band.min.unwrap_or(0) && number <= band.max.unwrap_or(i64::MAX)
        };
        matching.iter().filter(number).count() as u64
    };
    let bands = query.bands.iter().map(in_band).collect();
    let count = |group: &Group| {
        let mut counts: HashMap<Box<str>, u64> = HashMap::new();
        for term in matching.iter().flat_map(|entry| &entry.terms).filter(|term| term.group == *group) {
            *counts.entry(term.value.clone()).or_default() += 1;
        }
        let mut counts: Vec<(Box<str>, u64)> = counts.into_iter().collect();
        counts.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        counts.truncate(query.facet_terms);
        Facet { group: *group, counts }
    };
    Found { page: places, more, total: matching.len() as u64, facets: query.facets.iter().map(count).collect(), bands }
}

/// Asks for every page to the very end, and holds each against the plain answer.
fn check(shelf: &Shelf, entries: &HashMap<i64, Entry>, mut query: Query, owners: &[i64]) {
    loop {
        let found = shelf.find(&query, owners, &Stop::default());
        assert_eq!(found, plainly(entries, &query, owners), "{query:?} for {owners:?}");
        if !found.more {
            return;
        }
        query.after = found.page.last().copied();
    }
}

#[test]
fn answers_equal_those_of_looking_at_everything() {
    let mut random = Numbers(7);
    let mut entries: HashMap<i64, Entry> = (0..700).map(|id| (id, entry(&mut random, id))).collect();
    let mut shelf = Shelf::fill(entries.values().cloned());
    for round in 0..120 {
        // The index follows changes, removals and additions, and stays exact.
        let id = random.below(900) as i64;
        if random.below(3) == 0 {
            shelf.remove(id);
            entries.remove(&id);
        } else {
            let entry = entry(&mut random, id);
            shelf.put(&entry);
            entries.insert(id, entry);
        }
        let owners: Vec<i64> = (0..random.below(3)).map(|_| random.below(OWNERS) as i64).collect();
        check(&shelf, &entries, query(&mut random), &owners);
        assert_eq!(shelf.len(), entries.len() as u64, "round {round}");
    }
}

#[test]
fn a_shelf_that_grew_one_by_one_answers_as_one_filled_at_once() {
    let mut random = Numbers(11);
    let entries: HashMap<i64, Entry> = (0..2000).map(|id| (id, entry(&mut random, id))).collect();
    let mut shelf = Shelf::default();
    for entry in entries.values() {
        shelf.put(entry);
    }
    for _ in 0..20 {
        check(&shelf, &entries, query(&mut random), &[1]);
    }
    for id in 0..2000 {
        shelf.remove(id);
    }
    assert_eq!(shelf.find(&Query { limit: 10, ..Query::default() }, &[1], &Stop::default()), Found::default());
}

#[test]
fn long_lists_are_walked_and_few_matches_are_sorted_with_the_same_result() {
    let mut random = Numbers(5);
    let entries: HashMap<i64, Entry> = (0..30_000)
        .map(|id| {
            let mut entry = entry(&mut random, id);
            // The few with this term are all at the far end of the order by likes.
            let likes = if id % 4 == 0 { id } else { 100_000 + id };
            entry.numbers[Sort::Likes as usize] = likes;
            entry.terms.retain(|term| term.group == Group::Author);
            let word = if id % 4 == 0 { "far" } else { "near" };
            entry.terms.push(Term::new(Group::Tag, word));
            entry.public = true;
            (id, entry)
        })
        .collect();
    let shelf = Shelf::fill(entries.values().cloned());
    for word in ["far", "near"] {
        for ascending in [true, false] {
            let mut query = Query {
                clauses: vec![Clause::has(Group::Tag, word)],
                sort: Sort::Likes,
                ascending,
                limit: 100,
                facets: vec![Group::Tag],
                facet_terms: 10,
                ..Query::default()
            };
            for _ in 0..3 {
                let found = shelf.find(&query, &[], &Stop::default());
                assert_eq!(found, plainly(&entries, &query, &[]));
                query.after = found.page.last().copied();
            }
        }
    }
}

#[test]
fn names_take_no_more_room_after_many_changes() {
    let mut random = Numbers(3);
    let mut shelf = Shelf::default();
    let long = "x".repeat(5000);
    for round in 0..2000 {
        let mut entry = entry(&mut random, round % 10);
        entry.name = format!("owner/{long}{round}");
        shelf.put(&entry);
    }
    let found = shelf.find(
        &Query { texts: vec!["1999".to_owned()], limit: 10, ..Query::default() },
        &[0, 1, 2, 3, 4, 5],
        &Stop::default(),
    );
    assert_eq!(found.total, 1);
}

fn named(shelf: &Shelf, names: &[&str], text: &str) -> Vec<String> {
    let texts = text.split_whitespace().map(str::to_owned).collect();
    let query = Query { texts, forgiving: true, best: true, limit: 10, ..Query::default() };
    let found = shelf.find(&query, &[], &Stop::default());
    found.page.iter().map(|place| names[place.id as usize].to_owned()).collect()
}

#[test]
fn mistyped_names_are_found_and_the_best_fit_comes_first() {
    let names = [
        "acme/whisper-large-v3",
        "acme/whisper",
        "whisper/other",
        "acme/fast-whisper",
        "acme/bert",
        "acme/bertram",
        "x/roberta",
    ];
    let entry = |(id, name): (usize, &&str)| Entry {
        id: id as i64,
        owner: 1,
        name: (*name).to_owned(),
        public: true,
        numbers: [7; SORTS],
        terms: Vec::new(),
    };
    let mut shelf = Shelf::fill(names.iter().enumerate().map(entry));
    let check = |shelf: &Shelf, text: &str, expect: &[&str]| assert_eq!(named(shelf, &names, text), expect, "{text}");
    check(&shelf, "whisper", &["acme/whisper", "whisper/other", "acme/whisper-large-v3", "acme/fast-whisper"]);
    check(&shelf, "bert", &["acme/bert", "acme/bertram", "x/roberta"]);
    for mistyped in ["whispr", "wihsper", "whisperr", "whizper"] {
        assert_eq!(named(&shelf, &names, mistyped).len(), 4, "{mistyped}");
    }
    check(&shelf, "fast whispre", &["acme/fast-whisper"]);
    check(&shelf, "nothing-like-it", &[]);
    for id in 0..4 {
        shelf.remove(id);
    }
    check(&shelf, "whispr", &[]);
}
