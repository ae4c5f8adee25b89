//! A table has one owning crate, and only that crate's `store.rs` or `store/` names it in SQL.
//!
//! The owner is read from the migration that creates the table (`0020_repo_….sql` belongs to
//! `hub_repo`). SQL is looked for in string literals, by keywords in capitals, as all our SQL is
//! written; and in the first argument of `insert_many`. Tests of the owning crate may name its tables.

use std::collections::BTreeMap;

use crate::rust_text::{Piece, PieceKind, split};

use super::{Finding, SourceFile, migrations};

/// Words after which SQL names tables.
const BEFORE_TABLE: [&str; 5] = ["FROM", "JOIN", "INTO", "UPDATE", "TABLE"];
/// Words that may stand between such a word and the table.
const BETWEEN: [&str; 5] = ["IF", "NOT", "EXISTS", "ONLY", "OR"];

pub(super) fn check(tree: &[SourceFile]) -> Vec<Finding> {
    let (owners, mut findings) = owners(tree);
    for file in tree.iter().filter(|file| file.is_rust()) {
        let Some(crate_name) = file.crate_name() else { continue };
        let pieces = split(&file.text);
        for (index, piece) in pieces.iter().enumerate().filter(|(_, piece)| piece.kind == PieceKind::Text) {
            for table in named_tables(&pieces, index) {
                let Some(owner) = owners.get(&table) else { continue };
                if !may_name(file, crate_name, owner) {
                    findings.push(Finding::new(
                        file,
                        line_of(piece, &table),
                        format!("table `{table}` belongs to {owner}: ask for a function of {owner}'s store"),
                    ));
                }
            }
        }
    }
    findings
}

fn may_name(file: &SourceFile, crate_name: &str, owner: &str) -> bool {
    let store = format!("crates/{owner}/src/store");
    let in_store = file.path == format!("{store}.rs") || file.path.starts_with(&format!("{store}/"));
    in_store || (crate_name == owner && file.is_test())
}

fn line_of(piece: &Piece<'_>, table: &str) -> usize {
    let offset = piece.text.find(table).unwrap_or(0);
    piece.line + piece.text[..offset].matches('\n').count()
}

/// Table → owning crate, and a finding for each table that two owners create.
fn owners(tree: &[SourceFile]) -> (BTreeMap<String, String>, Vec<Finding>) {
    let mut owners: BTreeMap<String, String> = BTreeMap::new();
    let mut findings = Vec::new();
    for file in tree {
        let Some(migration) = migrations::parse(&file.path) else { continue };
        let owner = format!("hub_{}", migration.owner);
        for table in created_tables(&file.text) {
            match owners.get(&table) {
                Some(first) if *first != owner => {
                    let advice = format!("table `{table}` is created by {first} as well: a table has one owner");
                    findings.push(Finding::new(file, 1, advice));
                }
                _ => {
                    owners.insert(table, owner.clone());
                }
            }
        }
    }
    (owners, findings)
}

fn created_tables(sql: &str) -> Vec<String> {
    let without_comments: String =
        sql.lines().map(|line| line.split("--").next().unwrap_or_default()).collect::<Vec<_>>().join("\n");
    let spaced = spaced(&without_comments);
    let words = words(&spaced);
    let mut tables = Vec::new();
    for (index, pair) in words.windows(2).enumerate() {
        if pair[0].eq_ignore_ascii_case("create") && pair[1].eq_ignore_ascii_case("table") {
            let name = words[index + 2..].iter().find(|word| !is_between(word));
            tables.extend(name.map(|name| (*name).to_owned()));
        }
    }
    tables
}

fn is_between(word: &str) -> bool {
    BETWEEN.iter().any(|between| word.eq_ignore_ascii_case(between))
}

/// Splits at everything that cannot be part of a name. A comma stays at its word, since `FROM a, b`
/// names two; see [`spaced`] for parentheses.
fn words(sql: &str) -> Vec<&str> {
    sql.split(|character: char| character.is_whitespace() || ";\"=<>+*/'|".contains(character))
        .filter(|word| !word.is_empty())
        .collect()
}

/// Makes each parenthesis a word of its own: in `INTO a (b, c)` the list is not one of tables.
fn spaced(sql: &str) -> String {
    sql.replace('(', " ( ").replace(')', " ) ")
}

fn named_tables(pieces: &[Piece<'_>], index: usize) -> Vec<String> {
    let text = pieces[index].text;
    let before = index.checked_sub(1).map(|previous| pieces[previous].text.trim_end()).unwrap_or_default();
    if before.ends_with("insert_many(") {
        return vec![text.to_owned()];
    }
    // Inside a literal a line break or a quote may be written as an escape.
    let plain = spaced(&text.replace("\\n", " ").replace('\\', " "));
    let words: Vec<&str> = words(&plain);
    let mut tables = Vec::new();
    for (index, _) in words.iter().enumerate().filter(|(_, word)| BEFORE_TABLE.contains(word)) {
        tables.extend(listed_tables(words[index + 1..].iter().copied().filter(|word| !is_between(word))));
    }
    tables
}

/// `a, b AS x, c y WHERE …` → `a`, `b`, `c`: one table, and one more after each comma that follows
/// it or its alias.
fn listed_tables<'a>(mut words: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut tables = Vec::new();
    while let Some(word) = words.next() {
        tables.push(word.trim_end_matches(',').split('.').next().unwrap_or_default().to_owned());
        let goes_on = word.ends_with(',')
            || match words.next() {
                Some("AS") => words.next().is_some_and(|alias| alias.ends_with(',')),
                Some(alias) => alias.ends_with(','),
                None => false,
            };
        if !goes_on {
            break;
        }
    }
    tables
}
