//! Each rule on a tree of a few lines: what it refuses, what it lets pass.

use super::*;

fn tree(files: &[(&str, &str)]) -> Vec<SourceFile> {
    files.iter().map(|(path, text)| SourceFile { path: (*path).to_owned(), text: (*text).to_owned() }).collect()
}

/// Expects one finding per entry: `path:line` and a part of its advice, in order of path and line.
fn refuses(files: &[(&str, &str)], expect: &[(&str, &str)]) {
    let mut found = check(&tree(files)).unwrap();
    found.sort();
    let shown: Vec<String> = found.iter().map(ToString::to_string).collect();
    assert_eq!(shown.len(), expect.len(), "{shown:#?}");
    for (line, (place, advice)) in shown.iter().zip(expect) {
        assert!(line.starts_with(&format!("{place}: ")) && line.contains(advice), "{line} lacks {place} {advice}");
    }
}

fn accepts(files: &[(&str, &str)]) {
    refuses(files, &[]);
}

fn manifest(name: &str, rest: &str) -> String {
    format!("[package]\nname = \"{name}\"\n\n{rest}")
}

#[test]
fn layers_point_down_only() {
    let up = manifest("hub_db", "[dependencies]\nhub_core.workspace = true\nhub_repo.workspace = true\n");
    refuses(&[("crates/hub_db/Cargo.toml", &up)], &[("crates/hub_db/Cargo.toml:6", "may not use hub_repo")]);
    let face = manifest("hub_api", "[dependencies]\nhub_db.workspace = true\n");
    refuses(&[("crates/hub_api/Cargo.toml", &face)], &[("crates/hub_api/Cargo.toml:5", "may not use hub_db")]);
    let sideways = manifest("hub_viewer", "[dependencies]\nhub_catalog.workspace = true\n");
    refuses(&[("crates/hub_viewer/Cargo.toml", &sideways)], &[("crates/hub_viewer/Cargo.toml:5", "hub_catalog")]);
    let down = manifest("hub_repo", "[dependencies]\nhub_db.workspace = true\nhub_account.workspace = true\n");
    accepts(&[("crates/hub_repo/Cargo.toml", &down)]);
}

#[test]
fn fixtures_are_for_tests() {
    let wrong = manifest("hub_repo", "[dependencies]\nhub_test.workspace = true\n");
    refuses(&[("crates/hub_repo/Cargo.toml", &wrong)], &[("crates/hub_repo/Cargo.toml:5", "[dev-dependencies]")]);
    let right = manifest("hub_repo", "[dev-dependencies]\nhub_test.workspace = true\n");
    accepts(&[("crates/hub_repo/Cargo.toml", &right)]);
}

#[test]
fn a_new_crate_needs_a_place() {
    let text = manifest("hub_news", "");
    refuses(&[("crates/hub_news/Cargo.toml", &text)], &[("crates/hub_news/Cargo.toml:1", "its place in the layers")]);
    let text = manifest("hub_cores", "");
    refuses(&[("crates/hub_core/Cargo.toml", &text)], &[("crates/hub_core/Cargo.toml:1", "one spelling")]);
}

#[test]
fn heavy_libraries_have_one_owner() {
    for (crate_name, library, advice) in [
        ("hub_repo", "rusqlite", "only in hub_db"),
        ("hub_repo", "object_store", "only in hub_blob"),
        ("hub_account", "axum", "knows HTTP"),
        ("hub_api", "askama", "hub_web"),
    ] {
        let text = manifest(crate_name, &format!("[dependencies]\n{library} = {{ workspace = true }}\n"));
        let path = format!("crates/{crate_name}/Cargo.toml");
        refuses(&[(&path, &text)], &[(&format!("{path}:5"), advice)]);
    }
    let test = manifest("hub_blob", "[dev-dependencies]\naxum.workspace = true\n");
    accepts(&[("crates/hub_blob/Cargo.toml", &test)]);
    let targeted = manifest("hub_repo", "[target.'cfg(unix)'.dependencies]\nsqlx.workspace = true\n");
    refuses(&[("crates/hub_repo/Cargo.toml", &targeted)], &[("crates/hub_repo/Cargo.toml:5", "only in hub_db")]);
}

#[test]
fn versions_and_features_live_in_the_root_manifest() {
    let version = manifest("hub_core", "[dependencies]\nhex = \"0.4\"\n");
    refuses(&[("crates/hub_core/Cargo.toml", &version)], &[("crates/hub_core/Cargo.toml:5", "hex.workspace = true")]);
    let features = manifest("hub_core", "[dependencies]\nhex = { workspace = true, features = [\"x\"] }\n");
    refuses(&[("crates/hub_core/Cargo.toml", &features)], &[("crates/hub_core/Cargo.toml:5", "features of hex")]);
    let optional = manifest("hub_core", "[dependencies]\nhex = { workspace = true, optional = true }\n");
    accepts(&[("crates/hub_core/Cargo.toml", &optional)]);
}

#[test]
fn files_are_headed_and_small() {
    refuses(&[("crates/hub_core/src/a.rs", "fn a() {}\n")], &[("crates/hub_core/src/a.rs:1", "open the file with")]);
    refuses(&[("crates/hub_core/src/a/mod.rs", "//! A.\n")], &[("crates/hub_core/src/a/mod.rs:1", "never `mod.rs`")]);
    let long = format!("//! A.\n{}", "\n".repeat(files::MAXIMUM_LINES));
    refuses(&[("crates/hub_core/src/a.rs", &long)], &[("crates/hub_core/src/a.rs:801", "801 lines")]);
    let full = format!("//! A.\n{}", "\n".repeat(files::MAXIMUM_LINES - 1));
    accepts(&[("crates/hub_core/src/a.rs", &full)]);
    assert_eq!(files::large(&tree(&[("a.rs", &full)])), [("a.rs", files::MAXIMUM_LINES)]);
}

#[test]
fn promises_are_refused() {
    let text = "//! A.\nfn a() { todo!() }\n#[ignore = \"slow\"]\nfn b() { unimplemented!(\"c\") }\n// FIXME later\n";
    refuses(
        &[("crates/hub_core/src/a.rs", text)],
        &[
            ("crates/hub_core/src/a.rs:2", "todo!"),
            ("crates/hub_core/src/a.rs:3", "#[ignore"),
            ("crates/hub_core/src/a.rs:4", "unimplemented!"),
            ("crates/hub_core/src/a.rs:5", "FIXME"),
        ],
    );
    accepts(&[("crates/hub_core/src/a.rs", "//! A.\nconst WORD: &str = \"todo!\"; // names todo!\n")]);
}

#[test]
fn migrations_are_paired_named_and_numbered() {
    refuses(
        &[("migrations/sqlite/0001_jobs_queue.sql", "")],
        &[("migrations/sqlite/0001_jobs_queue.sql:1", "migrations/postgres/0001_jobs_queue.sql")],
    );
    refuses(&[("migrations/sqlite/1_jobs.sql", "")], &[("migrations/sqlite/1_jobs.sql:1", "NNNN_owner_what.sql")]);
    refuses(
        &[
            ("migrations/postgres/0001_jobs_a.sql", ""),
            ("migrations/postgres/0001_jobs_b.sql", ""),
            ("migrations/sqlite/0001_jobs_a.sql", ""),
            ("migrations/sqlite/0001_jobs_b.sql", ""),
        ],
        &[
            ("migrations/postgres/0001_jobs_b.sql:1", "taken by 0001_jobs_a.sql"),
            ("migrations/sqlite/0001_jobs_b.sql:1", "taken by 0001_jobs_a.sql"),
        ],
    );
}

const CREATES: &str =
    "-- CREATE TABLE old\nCREATE TABLE repo (id BIGINT);\ncreate table if not exists \"ref\" (a TEXT);\n";

/// A tree with the tables `repo` and `ref` of hub_repo, and one more file.
fn with_tables<'a>(path: &'a str, text: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![
        ("migrations/sqlite/0020_repo_core.sql", CREATES),
        ("migrations/postgres/0020_repo_core.sql", CREATES),
        (path, text),
    ]
}

#[test]
fn a_table_is_named_only_in_its_owners_store() {
    let select = "//! A.\nconst S: &str = \"SELECT 1\n  FROM repo WHERE id = $1\";\n";
    accepts(&with_tables("crates/hub_repo/src/store.rs", select));
    accepts(&with_tables("crates/hub_repo/src/store/repos.rs", select));
    accepts(&with_tables("crates/hub_repo/src/open/tests.rs", select));
    refuses(
        &with_tables("crates/hub_repo/src/open.rs", select),
        &[("crates/hub_repo/src/open.rs:3", "table `repo` belongs to hub_repo")],
    );
    refuses(
        &with_tables("crates/hub_account/src/store.rs", select),
        &[("crates/hub_account/src/store.rs:3", "belongs to hub_repo")],
    );
}

#[test]
fn every_way_of_naming_a_table_is_seen() {
    for sql in [
        "INSERT INTO repo(id) VALUES ($1)",
        "UPDATE repo SET id = 1",
        "DELETE FROM \\\"ref\\\" WHERE 1 = 1",
        "SELECT 1 FROM other AS o, repo AS r",
        "SELECT 1 FROM other, repo",
        "SELECT 1 FROM other LEFT JOIN ref ON 1 = 1",
        "SELECT 1 WHERE EXISTS (SELECT 1 FROM repo)",
        "DROP TABLE IF EXISTS repo",
    ] {
        let text = format!("//! A.\nconst S: &str = \"{sql}\";\n");
        refuses(&with_tables("crates/hub_jobs/src/a.rs", &text), &[("crates/hub_jobs/src/a.rs:2", "belongs to")]);
    }
    let text = "//! A.\nfn a() { tx.insert_many(\n    \"ref\", &[]) }\n";
    refuses(&with_tables("crates/hub_jobs/src/a.rs", text), &[("crates/hub_jobs/src/a.rs:3", "table `ref`")]);
    let columns = "//! A.\nconst S: &str = \"INSERT INTO other (id, repo, ref) VALUES ($1, $2, $3)\";\n";
    accepts(&with_tables("crates/hub_jobs/src/a.rs", columns));
    let prose = "//! Reads FROM repo.\nconst S: &str = \"cannot update repo from ref\"; // FROM repo\n";
    accepts(&with_tables("crates/hub_jobs/src/a.rs", prose));
}

#[test]
fn a_table_has_one_owner() {
    let mut files = with_tables("crates/hub_core/src/a.rs", "//! A.\n");
    files.push(("migrations/sqlite/0010_account_core.sql", CREATES));
    files.push(("migrations/postgres/0010_account_core.sql", CREATES));
    let found = check(&tree(&files)).unwrap();
    assert!(found.iter().any(|finding| finding.advice.contains("a table has one owner")), "{found:?}");
}
