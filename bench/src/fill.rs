//! Writes the catalog into a database, in bulk: rows in the order of their keys, indexes at the end.

use std::collections::HashMap;
use std::sync::mpsc;
use std::time::Duration;

use anyhow::Context;
use hub_core::RepoKind;
use hub_db::{Db, DbConfig, Dialect, OnConflict, Value, args};
use hub_formats::git::{Commit, Mode, ObjectKind, Signature, Tree, TreeEntry, compress, object_id};

use crate::describe::{Described, Describer};
use crate::random::Stream;
use crate::stopwatch::Stopwatch;
use crate::universe::Universe;
use crate::words;

/// Rows of one transaction.
const ROWS: usize = 20_000;
/// The tables that are filled, whose indexes are made at the end.
const TABLES: &[&str] =
    &["namespace", "account_user", "repo", "repo_tag", "git_object", "git_commit", "git_ref", "path_change"];

/// What to write.
pub(crate) struct Plan {
    /// Whether each repository with a card gets a commit with its README.
    pub(crate) with_cards: bool,
    /// The longest README.
    pub(crate) card_max: usize,
}

pub(crate) async fn run(url: &str, universe: &Universe, plan: &Plan) -> anyhow::Result<Duration> {
    let watch = Stopwatch::start();
    let db = Db::open(&DbConfig::new(url)).await.context("cannot open the database")?;
    db.migrate().await?;
    let (existing,): (i64,) = db.query_one("SELECT COUNT(*) FROM repo", args![]).await?;
    anyhow::ensure!(existing == 0, "the database holds {existing} repositories: name an empty one");
    let indexes = drop_indexes(&db).await?;
    let describer = Describer::new(universe)?;
    println!("  {:>6.1} s  names are made", watch.elapsed().as_secs_f64());
    people(&db, universe).await?;
    println!("  {:>6.1} s  people are written", watch.elapsed().as_secs_f64());
    let (mut known, mut pairs) = (HashMap::new(), Vec::new());
    repositories(&db, &describer, plan, &mut known, &mut pairs).await?;
    println!("  {:>6.1} s  repositories are written", watch.elapsed().as_secs_f64());
    tags(&db, universe, known, pairs).await?;
    println!("  {:>6.1} s  tags are written", watch.elapsed().as_secs_f64());
    for index in indexes {
        db.exec(&index, args![]).await.with_context(|| index.clone())?;
    }
    let mut tx = db.begin().await?;
    tx.exec("ANALYZE", args![]).await?;
    tx.commit().await?;
    println!("  {:>6.1} s  indexes are made", watch.elapsed().as_secs_f64());
    println!("  {:.2} GB", db.size_bytes().await? as f64 / 1e9);
    Ok(watch.elapsed())
}

/// Drops the indexes that are not part of a constraint, and tells how to make them again.
async fn drop_indexes(db: &Db) -> anyhow::Result<Vec<String>> {
    let question = match db.dialect() {
        Dialect::Sqlite => "SELECT name, tbl_name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL",
        Dialect::Postgres => {
            "SELECT indexname::text, tablename::text, indexdef FROM pg_indexes WHERE schemaname = current_schema() \
             AND indexname NOT IN (SELECT conname FROM pg_constraint)"
        }
    };
    let rows: Vec<(String, String, String)> = db.query(question, args![]).await?;
    let mut again = Vec::new();
    for (name, _, sql) in rows.into_iter().filter(|(_, table, _)| TABLES.contains(&table.as_str())) {
        db.exec(&format!("DROP INDEX {name}"), args![]).await?;
        again.push(sql);
    }
    Ok(again)
}

/// Keys ascend with the place in which rows are written, so that no page of an index is visited twice.
fn key(universe: &Universe, place: usize, of: usize) -> i64 {
    let step = (1_u64 << 52) / of.max(1) as u64;
    let jitter = universe.dice(Stream::Rest, 1 << 45 | place).next() % step.max(1);
    (1 + place as u64 * step + jitter) as i64
}

/// Which repository is written at a place: keys say nothing about age.
fn at_place(place: usize, of: usize) -> usize {
    let mut factor = 1_000_003;
    while gcd(factor, of) != 1 {
        factor += 2;
    }
    (place as u128 * factor as u128 % of as u128) as usize
}

fn gcd(a: usize, b: usize) -> usize {
    if b == 0 { a } else { gcd(b, a % b) }
}

async fn insert(db: &Db, table: &str, columns: &[&str], rows: &[Vec<Value>]) -> anyhow::Result<()> {
    let mut tx = db.begin().await?;
    tx.insert_many(table, columns, rows, OnConflict::Fail).await.with_context(|| format!("rows of {table}"))?;
    tx.commit().await?;
    Ok(())
}

async fn people(db: &Db, universe: &Universe) -> anyhow::Result<()> {
    let all = universe.users + universe.organizations;
    let day = universe.today_ms();
    for start in (0..all).step_by(ROWS) {
        let (mut namespaces, mut users) = (Vec::with_capacity(ROWS), Vec::with_capacity(ROWS));
        for owner in start..all.min(start + ROWS) {
            let (id, name) = (key(universe, owner, all), words::owner(universe, owner));
            let is_user = owner < universe.users;
            namespaces.push(vec![
                Value::from(id),
                Value::from(name.to_ascii_lowercase()),
                Value::from(name),
                Value::from(i64::from(!is_user)),
                Value::from(words::full_name(universe, owner)),
                Value::from("public"),
                Value::from(day - universe.dice(Stream::Moment, 1 << 45 | owner).below(100_000_000_000) as i64),
            ]);
            if is_user {
                users.push(vec![Value::from(id), Value::from(0_i64)]);
            }
        }
        let columns = ["id", "name_key", "name", "kind", "full_name", "default_visibility", "created_ms"];
        insert(db, "namespace", &columns, &namespaces).await?;
        insert(db, "account_user", &["id", "is_admin"], &users).await?;
    }
    Ok(())
}

/// A repository with its content, ready to be written.
struct Ready {
    place: usize,
    described: Described,
    created: i64,
    popularity: crate::universe::Popularity,
    readme: Option<String>,
}

async fn repositories(
    db: &Db,
    describer: &Describer<'_>,
    plan: &Plan,
    known: &mut HashMap<String, u32>,
    pairs: &mut Vec<(u32, u32)>,
) -> anyhow::Result<()> {
    let universe = describer.universe;
    let of = universe.repositories();
    let all = universe.users + universe.organizations;
    // One thread makes up while the other writes.
    let (sender, receiver) = mpsc::sync_channel::<Vec<Ready>>(2);
    std::thread::scope(|scope| {
        scope.spawn(move || {
            for start in (0..of).step_by(ROWS) {
                let make = |place: usize| {
                    let repository = at_place(place, of);
                    let described = describer.describe(repository);
                    let has_readme = plan.with_cards && described.has_card;
                    let readme = has_readme.then(|| describer.card(repository, &described, plan.card_max));
                    let popularity = universe.popularity[repository];
                    Ready { place, created: universe.created_ms(repository), popularity, readme, described }
                };
                if sender.send((start..of.min(start + ROWS)).map(make).collect()).is_err() {
                    return;
                }
            }
        });
        let handle = tokio::runtime::Handle::current();
        tokio::task::block_in_place(|| {
            handle.block_on(async {
                for batch in receiver {
                    for ready in &batch {
                        for tag in &ready.described.tags {
                            let next = known.len() as u32;
                            let number = *known.entry(tag.clone()).or_insert(next);
                            pairs.push((number, ready.place as u32));
                        }
                    }
                    write(db, universe, of, all, batch).await?;
                }
                anyhow::Ok(())
            })
        })
    })
}

async fn write(db: &Db, universe: &Universe, of: usize, all: usize, batch: Vec<Ready>) -> anyhow::Result<()> {
    let mut repos = Vec::with_capacity(batch.len());
    let mut contents = Contents::default();
    for ready in batch {
        let Ready { place, described, created, popularity, readme } = ready;
        let id = key(universe, place, of);
        let namespace = words::owner(universe, described.owner as usize);
        let modified = created
            + universe.dice(Stream::Moment, 1 << 46 | place).below((universe.today_ms() - created).max(1) as usize)
                as i64;
        if let Some(readme) = readme {
            contents.add(id, created, &readme)?;
        }
        repos.push(vec![
            Value::from(id),
            Value::from(described.kind.to_db()),
            Value::from(key(universe, described.owner as usize, all)),
            Value::from(namespace.to_ascii_lowercase()),
            Value::from(namespace),
            Value::from(described.name.to_ascii_lowercase()),
            Value::from(described.name),
            Value::from(if described.is_private { "private" } else { "public" }),
            Value::from(described.gated),
            Value::from(key(universe, (described.owner as usize).min(universe.users - 1), all)),
            Value::from(created),
            Value::from(modified),
            Value::from(described.facts.to_string()),
            described.parameters.map_or(Value::Null, |count| Value::from(count.min(i64::MAX as u64) as i64)),
            Value::from(described.used_bytes.min(i64::MAX as u64) as i64),
            Value::from(if described.kind == RepoKind::Space { 0 } else { popularity.downloads_30 as i64 }),
            Value::from(popularity.downloads as i64),
            Value::from(popularity.likes as i64),
            Value::from(described.trending),
        ]);
    }
    let columns = [
        "id",
        "kind",
        "namespace_id",
        "namespace_key",
        "namespace",
        "name_key",
        "name",
        "visibility",
        "gated",
        "created_by",
        "created_ms",
        "modified_ms",
        "facts",
        "parameters",
        "used_bytes",
        "downloads",
        "downloads_all",
        "likes",
        "trending",
    ];
    insert(db, "repo", &columns, &repos).await?;
    contents.write(db).await
}

/// The objects of repositories of one commit with one file.
#[derive(Default)]
struct Contents {
    objects: Vec<Vec<Value>>,
    commits: Vec<Vec<Value>>,
    refs: Vec<Vec<Value>>,
    changes: Vec<Vec<Value>>,
}

impl Contents {
    fn add(&mut self, repo: i64, created_ms: i64, readme: &str) -> anyhow::Result<()> {
        let mut object = |kind: ObjectKind, content: &[u8]| {
            let oid = object_id(kind, content);
            self.objects.push(vec![
                Value::from(repo),
                Value::from(oid),
                Value::from(kind.to_db()),
                Value::from(content.len() as i64),
                Value::from(compress(content)),
                Value::from(created_ms),
            ]);
            oid
        };
        let blob = object(ObjectKind::Blob, readme.as_bytes());
        let entry = TreeEntry { mode: Mode::File, name: b"README.md".to_vec(), oid: blob };
        let tree = Tree::from_entries(vec![entry]).map_err(anyhow::Error::from)?.write();
        let tree = object(ObjectKind::Tree, &tree);
        let seconds = created_ms / 1000;
        let author = Signature::new("Catalog", "catalog@example.org", seconds, 0);
        let commit = Commit {
            tree,
            parents: Vec::new(),
            author: author.clone(),
            committer: author,
            extra: Vec::new(),
            message: b"Add the card\n".to_vec(),
        };
        let commit = object(ObjectKind::Commit, &commit.write());
        self.commits.push(vec![
            Value::from(repo),
            Value::from(commit),
            Value::from(tree),
            Value::from(Vec::<u8>::new()),
            Value::from(1_i64),
            Value::from(1_i64),
            Value::from(seconds),
        ]);
        self.refs.push(vec![
            Value::from(repo),
            Value::from("refs/heads/main"),
            Value::from(commit),
            Value::from(created_ms),
        ]);
        self.changes.push(vec![Value::from(repo), Value::from("README.md"), Value::from(1_i64), Value::from(commit)]);
        Ok(())
    }

    async fn write(self, db: &Db) -> anyhow::Result<()> {
        insert(db, "git_object", &["repo_id", "oid", "kind", "size", "data", "created_ms"], &self.objects).await?;
        let columns = ["repo_id", "oid", "tree", "parents", "generation", "ancestors", "seconds"];
        insert(db, "git_commit", &columns, &self.commits).await?;
        insert(db, "git_ref", &["repo_id", "name", "oid", "updated_ms"], &self.refs).await?;
        insert(db, "path_change", &["repo_id", "path", "generation", "commit_oid"], &self.changes).await
    }
}

/// Tags in the order of their index.
async fn tags(
    db: &Db,
    universe: &Universe,
    known: HashMap<String, u32>,
    mut pairs: Vec<(u32, u32)>,
) -> anyhow::Result<()> {
    let mut words: Vec<(String, u32)> = known.into_iter().collect();
    words.sort();
    let mut order = vec![0_u32; words.len()];
    for (place, (_, number)) in words.iter().enumerate() {
        order[*number as usize] = place as u32;
    }
    pairs.iter_mut().for_each(|pair| pair.0 = order[pair.0 as usize]);
    pairs.sort_unstable();
    let of = universe.repositories();
    for part in pairs.chunks(10 * ROWS) {
        let row = |pair: &(u32, u32)| {
            vec![Value::from(words[pair.0 as usize].0.as_str()), Value::from(key(universe, pair.1 as usize, of))]
        };
        insert(db, "repo_tag", &["tag", "repo_id"], &part.iter().map(row).collect::<Vec<_>>()).await?;
    }
    println!("           {} tags of {} words", pairs.len(), words.len());
    Ok(())
}
