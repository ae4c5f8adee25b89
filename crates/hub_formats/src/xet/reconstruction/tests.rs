use std::collections::HashMap;

use super::super::chunk_hash;
use super::super::xorb::{Xorb, XorbBuilder};
use super::*;
use crate::random::Numbers;

/// Two xorbs and files that take chunks of them, in memory.
struct Store {
    xorbs: HashMap<XetHash, Xorb>,
    names: Vec<XetHash>,
}

impl Store {
    fn new(seed: u64) -> Self {
        let mut numbers = Numbers::new(seed);
        let mut xorbs = HashMap::new();
        let mut names = Vec::new();
        for _ in 0..3 {
            let mut builder = XorbBuilder::new();
            for _ in 0..20 {
                let size = 1 + numbers.below(300);
                let chunk =
                    if numbers.below(2) == 0 { numbers.bytes(size) } else { vec![numbers.below(256) as u8; size] };
                builder.push(chunk_hash(&chunk), &chunk);
            }
            let xorb = builder.finish().expect("there are chunks");
            names.push(xorb.table.hash());
            xorbs.insert(xorb.table.hash(), xorb);
        }
        Self { xorbs, names }
    }

    fn bounds(&self, xorb: &XetHash) -> Option<&Bounds> {
        self.xorbs.get(xorb).map(|xorb| xorb.table.bounds())
    }

    fn term(&self, xorb: usize, start: u32, end: u32) -> Term {
        let chunks = range(start, end);
        let xorb = self.names[xorb];
        let raw_bytes = self.bounds(&xorb).and_then(|bounds| bounds.raw_bytes(chunks)).expect("there");
        Term { xorb, chunks, raw_bytes: raw_bytes as u32 }
    }

    fn content_of(&self, xorb: &XetHash, chunks: ChunkRange, bytes: &Range<u64>) -> Vec<u8> {
        let Xorb { body, table } = &self.xorbs[xorb];
        let mut reader = super::super::xorb::ChunkReader::new(table.bounds(), chunks).expect("there");
        let mut content = Vec::new();
        reader.push(&body[bytes.start as usize..bytes.end as usize], &mut content).expect("valid");
        reader.finish().expect("complete");
        content
    }

    /// The content of a file, by its terms alone.
    fn whole(&self, terms: &[Term]) -> Vec<u8> {
        let content = |term: &Term| {
            let packed = self.bounds(&term.xorb).and_then(|bounds| bounds.packed(term.chunks)).expect("there");
            self.content_of(&term.xorb, term.chunks, &packed)
        };
        terms.iter().flat_map(content).collect()
    }

    fn plan(&self, terms: &[Term], range: RangeInclusive<u64>) -> Result<Plan, RangeError> {
        Ok(Selection::new(terms, range)?.plan(|xorb| self.bounds(xorb)).expect("every xorb is there"))
    }

    /// What a client does with a plan: fetches the ranges, cuts the terms out of them, and those together.
    fn by_plan(&self, plan: &Plan) -> Vec<u8> {
        let mut content = Vec::new();
        for term in &plan.terms {
            let ranges = plan.fetches.iter().filter(|fetch| fetch.xorb == term.xorb).flat_map(|fetch| &fetch.ranges);
            let having: Vec<_> = ranges.filter(|range| range.chunks.contains(term.chunks)).collect();
            let [range] = having[..] else { panic!("a term lies within {} ranges", having.len()) };
            let fetched = self.content_of(&term.xorb, range.chunks, &range.bytes.0);
            let bounds = self.bounds(&term.xorb).expect("there");
            let (raw, from) = (bounds.raw(term.chunks).expect("there"), bounds.raw(range.chunks).expect("there").start);
            let part = &fetched[(raw.start - from) as usize..(raw.end - from) as usize];
            assert_eq!(part.len(), term.raw_bytes as usize);
            content.extend_from_slice(part);
        }
        content.drain(..plan.offset_bytes as usize);
        content.truncate(plan.wanted_bytes as usize);
        assert_eq!(content.len() as u64, plan.wanted_bytes);
        content
    }
}

fn range(start: u32, end: u32) -> ChunkRange {
    ChunkRange::new(start, end).expect("a range")
}

#[test]
fn every_range_of_a_file_is_what_it_should_be() {
    let store = Store::new(40);
    let mut numbers = Numbers::new(41);
    for _ in 0..30 {
        let terms: Vec<_> = (0..1 + numbers.below(8))
            .map(|_| {
                let start = numbers.below(20) as u32;
                store.term(numbers.below(3), start, start + 1 + numbers.below(20 - start as usize) as u32)
            })
            .collect();
        let content = store.whole(&terms);
        let size = content.len();
        assert_eq!(store.by_plan(&store.plan(&terms, WHOLE).expect("the whole")), content);
        for _ in 0..60 {
            let first = numbers.below(size);
            let last = first + numbers.below(size + 10 - first);
            let plan = store.plan(&terms, first as u64..=last as u64).expect("within the file");
            let expect = &content[first..size.min(last + 1)];
            assert_eq!(store.by_plan(&plan), expect, "{first} to {last} of {size}");
            assert_trimmed(&plan);
        }
    }
}

/// No chunk is fetched that has none of the wanted bytes: the first and the last have some.
fn assert_trimmed(plan: &Plan) {
    let total: u64 = plan.terms.iter().map(|term| u64::from(term.raw_bytes)).sum();
    assert!(plan.offset_bytes < 300, "the first chunk has wanted bytes");
    assert!(total - plan.offset_bytes - plan.wanted_bytes < 300, "the last chunk has wanted bytes");
    for fetch in &plan.fetches {
        for pair in fetch.ranges.windows(2) {
            assert!(pair[0].chunks.end() < pair[1].chunks.start(), "ranges are in order and apart");
            assert!(pair[0].bytes.0.end < pair[1].bytes.0.start);
        }
    }
}

#[test]
fn ranges_that_touch_or_overlap_are_one() {
    let store = Store::new(42);
    let check = |terms: &[(u32, u32)], expect: &[(u32, u32)]| {
        let terms: Vec<_> = terms.iter().map(|(start, end)| store.term(0, *start, *end)).collect();
        let plan = store.plan(&terms, WHOLE).expect("the whole");
        let [fetch] = &plan.fetches[..] else { panic!("one xorb") };
        let found: Vec<_> = fetch.ranges.iter().map(|range| (range.chunks.start(), range.chunks.end())).collect();
        assert_eq!(found, expect);
        for FetchRange { chunks, bytes } in &fetch.ranges {
            assert_eq!(Some(bytes.0.clone()), store.bounds(&fetch.xorb).and_then(|bounds| bounds.packed(*chunks)));
        }
    };
    check(&[(0, 5)], &[(0, 5)]);
    check(&[(0, 5), (5, 7)], &[(0, 7)]);
    check(&[(5, 7), (0, 5)], &[(0, 7)]);
    check(&[(0, 5), (6, 7)], &[(0, 5), (6, 7)]);
    check(&[(6, 7), (0, 5), (6, 7)], &[(0, 5), (6, 7)]);
    check(&[(0, 10), (2, 3), (9, 12)], &[(0, 12)]);
    check(&[(0, 10), (2, 3), (10, 11), (13, 14)], &[(0, 11), (13, 14)]);
}

#[test]
fn inverted_ranges_and_ranges_past_the_end_are_refused() {
    let store = Store::new(43);
    let terms = [store.term(0, 0, 3), store.term(1, 4, 6)];
    let size_bytes = store.whole(&terms).len() as u64;
    let check = |range: RangeInclusive<u64>, expect| {
        assert_eq!(store.plan(&terms, range).map(|plan| plan.wanted_bytes), expect);
    };
    check(0..=0, Ok(1));
    check(size_bytes - 1..=size_bytes - 1, Ok(1));
    check(size_bytes - 1..=u64::MAX, Ok(1));
    check(5..=u64::MAX, Ok(size_bytes - 5));
    check(size_bytes..=size_bytes, Err(RangeError::PastEnd { size_bytes }));
    check(u64::MAX..=u64::MAX, Err(RangeError::PastEnd { size_bytes }));
    #[expect(clippy::reversed_empty_ranges, reason = "it is refused")]
    check(5..=4, Err(RangeError::Inverted));
}

#[test]
fn the_empty_file_has_an_answer_at_its_beginning_alone() {
    let plan = Selection::new(&[], WHOLE).expect("the beginning").plan(|_| None).expect("no xorb is needed");
    assert_eq!((plan.offset_bytes, plan.wanted_bytes, plan.terms.len(), plan.fetches.len()), (0, 0, 0, 0));
    assert!(Selection::new(&[], 0..=99).is_ok());
    assert_eq!(Selection::new(&[], 1..=99), Err(RangeError::PastEnd { size_bytes: 0 }));
}

#[test]
fn only_xorbs_of_the_range_are_looked_up() {
    let store = Store::new(44);
    let terms = [store.term(0, 0, 3), store.term(1, 4, 6), store.term(0, 7, 8), store.term(2, 0, 1)];
    let first = u64::from(terms[0].raw_bytes);
    let selection = |range| Selection::new(&terms, range).expect("within the file").xorbs();
    assert_eq!(selection(0..=first - 1), [store.names[0]]);
    assert_eq!(selection(first..=first), [store.names[1]]);
    let mut both = vec![store.names[0], store.names[1]];
    both.sort_unstable();
    assert_eq!(selection(first - 1..=first), both);
    let mut all = store.names.clone();
    all.sort_unstable();
    assert_eq!(selection(WHOLE), all);
}

#[test]
fn a_xorb_that_is_not_what_a_term_says_is_an_error() {
    let store = Store::new(45);
    let good = store.term(0, 0, 3);
    let unfit = PlanError { xorb: good.xorb };
    let plan = |term: Term| {
        let terms = [term];
        Selection::new(&terms, WHOLE).expect("not empty").plan(|xorb| store.bounds(xorb)).map(|plan| plan.terms)
    };
    assert_eq!(plan(good), Ok(vec![good]));
    assert_eq!(plan(Term { chunks: range(18, 21), ..good }), Err(unfit));
    assert_eq!(plan(Term { raw_bytes: good.raw_bytes + 1, ..good }), Err(unfit));
    let unknown = XetHash::new([1; 32]);
    assert_eq!(plan(Term { xorb: unknown, ..good }), Err(PlanError { xorb: unknown }));
}

#[test]
fn a_link_covers_so_many_ranges_and_no_more() {
    let store = Store::new(46);
    let terms: Vec<_> = (0..9).map(|at| store.term(at % 2, 2 * at as u32, 2 * at as u32 + 1)).collect();
    let plan = store.plan(&terms, WHOLE).expect("the whole");
    let counts = |most| {
        let mut counts: Vec<_> = plan.fetches_of(most).map(|fetch| fetch.ranges.len()).collect();
        counts.sort_unstable();
        counts
    };
    assert_eq!(counts(1), [1; 9]);
    assert_eq!(counts(3), [1, 2, 3, 3]);
    assert_eq!(counts(500), [4, 5]);
    assert_eq!(counts(0), counts(1));
}

/// A client whose links expired goes on only if the answer is the same.
#[test]
fn the_same_question_has_the_same_answer() {
    let store = Store::new(47);
    let terms: Vec<_> = (0..6).map(|at| store.term(at % 3, at as u32, at as u32 + 3)).collect();
    let answer = || {
        let plan = store.plan(&terms, 10..=900).expect("within the file");
        let links = plan.fetches_of(2).map(|fetch| LinkedFetch { url: format!("u{}", fetch.ranges.len()), fetch });
        serde_json::to_string(&ReconstructionV2View::new(&plan, links)).expect("a view is JSON")
    };
    assert_eq!(answer(), answer());
}

#[test]
fn views_are_what_clients_read() {
    let xorb = XetHash::new([0x11; 32]);
    let byte_range = |start, end| ByteRange(start..end);
    let ranges = vec![
        FetchRange { chunks: range(0, 2), bytes: byte_range(0, 100) },
        FetchRange { chunks: range(5, 6), bytes: byte_range(300, 350) },
    ];
    let term = |start, end, raw_bytes| Term { xorb, chunks: range(start, end), raw_bytes };
    let plan = Plan {
        offset_bytes: 7,
        wanted_bytes: 200,
        terms: vec![term(5, 6, 60), term(0, 2, 190)],
        fetches: vec![Fetch { xorb, ranges }],
    };
    let links =
        |most| plan.fetches_of(most).map(|fetch| LinkedFetch { url: format!("/{}", fetch.ranges.len()), fetch });
    let hash = "11".repeat(32);
    let terms = format!(
        r#""offset_into_first_range":7,"terms":[{{"hash":"{hash}","unpacked_length":60,"range":{{"start":5,"end":6}}}},{{"hash":"{hash}","unpacked_length":190,"range":{{"start":0,"end":2}}}}]"#
    );
    let v1 = format!(
        r#"{{{terms},"fetch_info":{{"{hash}":[{{"range":{{"start":0,"end":2}},"url":"/1","url_range":{{"start":0,"end":99}}}},{{"range":{{"start":5,"end":6}},"url":"/1","url_range":{{"start":300,"end":349}}}}]}}}}"#
    );
    let v2 = format!(
        r#"{{{terms},"xorbs":{{"{hash}":[{{"url":"/2","ranges":[{{"chunks":{{"start":0,"end":2}},"bytes":{{"start":0,"end":99}}}},{{"chunks":{{"start":5,"end":6}},"bytes":{{"start":300,"end":349}}}}]}}]}}}}"#
    );
    let text = |view: Result<String, serde_json::Error>| view.expect("a view is JSON");
    assert_eq!(text(serde_json::to_string(&ReconstructionV1View::new(&plan, links(1)))), v1);
    assert_eq!(text(serde_json::to_string(&ReconstructionV2View::new(&plan, links(9)))), v2);
}
