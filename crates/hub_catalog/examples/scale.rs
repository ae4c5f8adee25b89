//! The index at the size of the whole ecosystem, on made-up repositories:
//! `cargo run --release -p hub_catalog --example scale [SIZE ...]`.
//!
//! Names, tags and counts follow the published shape of the ecosystem: few popular words, long tails, most repositories
//! without a download. Everything comes from one seed, so that figures of two runs can be compared.

#![expect(clippy::disallowed_methods, clippy::print_stdout, reason = "it measures time and prints it")]

use std::time::{Duration, Instant};

use hub_catalog::{Clause, Entry, Group, MISSING, Query, Shelf, Sort, Term};

/// The same numbers in each run.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    /// A number below `bound`, the small ones far more often: about as ranks of words are.
    fn rank(&mut self, bound: u64) -> u64 {
        let uniform = (self.next() >> 11) as f64 / (1u64 << 53) as f64;
        (((bound as f64 + 1.0).ln() * uniform).exp() - 1.0) as u64 % bound
    }
}

const WORDS: &[&str] = &[
    "llama", "qwen", "bert", "smol", "gemma", "mistral", "whisper", "flux", "lora", "base", "large", "instruct",
    "chat", "v2", "v3", "7b", "1b", "small", "gguf", "awq", "distil", "vision", "code", "math", "merge", "dpo", "sft",
    "tiny",
];
const TASKS: u64 = 57;
const LIBRARIES: u64 = 100;
const LANGUAGES: u64 = 180;
const LICENSES: u64 = 60;
const FREE_TAGS: u64 = 20_000;
const PARENTS: u64 = 40_000;

fn entry(random: &mut Numbers, id: i64, repositories: u64) -> Entry {
    let owner = random.rank(repositories / 5 + 1);
    let word = |random: &mut Numbers| WORDS[random.rank(WORDS.len() as u64) as usize];
    let name = format!("user{owner}/{}-{}-{}-{id}", word(random), word(random), word(random));
    let mut terms = vec![Term::new(Group::Author, format!("user{owner}"))];
    let mut add = |group, tag: String| terms.push(Term::new(group, tag));
    if random.below(100) < 39 {
        let task = random.rank(TASKS);
        add(Group::Task, format!("task-{task}"));
        add(Group::Tag, format!("task-{task}"));
    }
    if random.below(100) < 56 {
        let library = random.rank(LIBRARIES);
        add(Group::Library, format!("library-{library}"));
        add(Group::Tag, format!("library-{library}"));
    }
    if random.below(100) < 36 {
        let license = random.rank(LICENSES);
        add(Group::License, format!("l{license}"));
        add(Group::Tag, format!("license:l{license}"));
    }
    if random.below(100) < 14 {
        let language = random.rank(LANGUAGES);
        add(Group::Language, format!("g{language}"));
        add(Group::Tag, format!("g{language}"));
    }
    if random.below(100) < 30 {
        add(Group::Tag, format!("base_model:p{}", random.rank(PARENTS)));
    }
    for _ in 0..random.below(5) {
        let tag = random.rank(FREE_TAGS);
        add(Group::Tag, format!("tag-{tag}"));
    }
    add(Group::Tag, "region:us".to_owned());
    terms.sort();
    terms.dedup();
    let quiet = random.below(100) < 72;
    let downloads = if quiet { 0 } else { 1 << random.below(24) };
    let numbers = [
        1_650_000_000_000 + random.below(100_000_000_000) as i64,
        1_650_000_000_000 + random.below(100_000_000_000) as i64,
        downloads,
        if random.below(100) < 88 { 0 } else { random.rank(13_000) as i64 },
        if quiet { 0 } else { random.rank(1000) as i64 },
        if random.below(100) < 45 { 1_000_000 << random.below(18) } else { MISSING },
        random.below(1 << 36) as i64,
        if random.below(100) < 45 { 2_400_000 << random.below(18) } else { MISSING },
    ];
    Entry {
        id: (id * 0x9E37_79B9) % 0x1F_FFFF_FFFF,
        owner: owner as i64,
        name,
        public: random.below(50) > 0,
        numbers,
        terms,
    }
}

fn memory_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kib| kib.parse::<u64>().ok()).unwrap_or_default() / 1024
}

/// Prints the median and the slowest in a hundred of many questions.
fn measure(what: &str, shelf: &Shelf, times: usize, mut ask: impl FnMut(usize) -> Query) {
    let mut took: Vec<Duration> = Vec::with_capacity(times);
    let mut found = 0;
    for number in 0..times {
        let query = ask(number);
        let start = Instant::now();
        found += shelf.find(&query, &[1, 2]).total;
        took.push(start.elapsed());
    }
    took.sort();
    let at = |share: f64| took[((took.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e3;
    println!(
        "  {what:<48} median {:>7.3} ms   p99 {:>7.3} ms   {} found on average",
        at(0.5),
        at(0.99),
        found / times as u64
    );
}

fn run(repositories: u64) {
    let mut random = Numbers(42);
    let before = memory_mib();
    let start = Instant::now();
    let mut shelf = Shelf::fill((0..repositories as i64).map(|id| entry(&mut random, id, repositories)));
    println!(
        "{repositories} repositories: made up and indexed in {:.1} s, {} MiB",
        start.elapsed().as_secs_f64(),
        memory_mib() - before
    );
    let tag = |tag: String| Clause::has(Group::Tag, tag);
    let page = |clauses: Vec<Clause>, sort| Query { clauses, sort, limit: 30, ..Query::default() };
    let mut random = Numbers(7);
    measure("all, by trending", &shelf, 300, |_| page(Vec::new(), Sort::Trending));
    measure("a task, by downloads", &shelf, 500, |_| {
        page(vec![tag(format!("task-{}", random.rank(TASKS)))], Sort::Downloads)
    });
    measure("task, library and language, by trending", &shelf, 500, |_| {
        let clauses = vec![
            tag(format!("task-{}", random.rank(TASKS))),
            tag(format!("library-{}", random.rank(LIBRARIES))),
            tag(format!("g{}", random.rank(LANGUAGES))),
        ];
        page(clauses, Sort::Trending)
    });
    measure("a text of four letters in names, by downloads", &shelf, 300, |_| {
        let word = WORDS[random.below(WORDS.len() as u64) as usize];
        Query {
            texts: vec![word[..word.len().min(4)].to_owned()],
            sort: Sort::Downloads,
            limit: 30,
            ..Query::default()
        }
    });
    measure("a name typed to its end", &shelf, 300, |_| {
        let id = random.below(repositories);
        Query { texts: vec![format!("-{id}")], sort: Sort::Downloads, limit: 30, ..Query::default() }
    });
    measure("parameters from 1 to 8 thousand million, by likes", &shelf, 200, |_| {
        let span = hub_catalog::Span { number: Sort::Parameters, min: Some(1_000_000_000), max: Some(8_000_000_000) };
        Query { spans: vec![span], sort: Sort::Likes, limit: 30, ..Query::default() }
    });
    measure("pages deep in the list of all, by creation", &shelf, 500, |_| {
        let after = hub_catalog::Place { number: 1_650_000_000_000 + random.below(100_000_000_000) as i64, id: 0 };
        Query { after: Some(after), sort: Sort::Created, limit: 100, ..Query::default() }
    });
    measure("three facets under a task", &shelf, 200, |_| Query {
        clauses: vec![tag(format!("task-{}", random.rank(TASKS)))],
        facets: vec![Group::Library, Group::License, Group::Language],
        facet_terms: 100,
        limit: 30,
        ..Query::default()
    });
    measure("three facets over all", &shelf, 50, |_| Query {
        facets: vec![Group::Task, Group::License, Group::Language],
        facet_terms: 100,
        limit: 30,
        ..Query::default()
    });
    let fresh: Vec<Entry> =
        (0..1000).map(|number| entry(&mut random, (repositories + number) as i64, repositories)).collect();
    let start = Instant::now();
    fresh.iter().for_each(|entry| shelf.put(entry));
    println!("  {:<48} {:.1} µs each", "new repositories", start.elapsed().as_secs_f64() * 1e6 / fresh.len() as f64);
    let start = Instant::now();
    fresh.iter().for_each(|entry| shelf.put(entry));
    println!(
        "  {:<48} {:.1} µs each",
        "changed repositories",
        start.elapsed().as_secs_f64() * 1e6 / fresh.len() as f64
    );
}

fn main() {
    let sizes: Vec<u64> = std::env::args().skip(1).filter_map(|size| size.parse().ok()).collect();
    let sizes = if sizes.is_empty() { vec![10_000, 100_000, 1_000_000, 2_400_000] } else { sizes };
    sizes.into_iter().for_each(run);
}
