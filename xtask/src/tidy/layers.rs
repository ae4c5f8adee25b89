//! The dependency table of ARCHITECTURE.md: layers point down only, heavy libraries have one owner.
//!
//! Manifests are the whole truth here: a crate cannot name what its manifest does not list.

use anyhow::Context;
use toml::{Table, Value};

use super::{Finding, SourceFile};

const VOCABULARY: [&str; 2] = ["hub_core", "hub_formats"];
const FEATURES: [&str; 9] = [
    "hub_community",
    "hub_catalog",
    "hub_viewer",
    "hub_search",
    "hub_spaces",
    "hub_inference",
    "hub_trust",
    "hub_insights",
    "hub_mirror",
];
const FEATURES_USE: [&str; 8] =
    ["hub_core", "hub_formats", "hub_db", "hub_blob", "hub_jobs", "hub_mail", "hub_account", "hub_repo"];
const FACES: [&str; 3] = ["hub_api", "hub_git", "hub_web"];
const FACES_USE: [&str; 5] = ["hub_core", "hub_formats", "hub_account", "hub_repo", "hub_http"];
/// Fixtures for tests; only ever a dev-dependency.
const FIXTURES: &str = "hub_test";
const BINARY: &str = "hearth";
const TABLE: &str = "the table is in ARCHITECTURE.md and xtask/src/tidy/layers.rs";

/// The crates of ours that `name` may use; `None` for a crate that the table does not know.
fn may_use(name: &str) -> Option<Vec<&'static str>> {
    let storage = ["hub_db", "hub_blob", "hub_jobs"];
    let allowed = match name {
        "hub_core" => vec![],
        "hub_formats" | "hub_db" | "hub_blob" => vec!["hub_core"],
        "hub_jobs" => vec!["hub_core", "hub_db"],
        "hub_cas" => [&VOCABULARY[..], &storage].concat(),
        "hub_mail" => vec!["hub_core", "hub_db", "hub_jobs"],
        "hub_account" => vec!["hub_core", "hub_db", "hub_jobs", "hub_mail"],
        "hub_repo" => [&VOCABULARY[..], &storage, &["hub_cas", "hub_account"]].concat(),
        "hub_http" => vec!["hub_core", "hub_account"],
        "hub_api" => [&FACES_USE[..], &FEATURES, &["hub_cas"]].concat(),
        "hub_git" => [&FACES_USE[..], &FEATURES].concat(),
        // Administrators look after the queue.
        "hub_web" => [&FACES_USE[..], &FEATURES, &["hub_jobs"]].concat(),
        FIXTURES => [&VOCABULARY[..], &storage, &["hub_cas", "hub_mail", "hub_account", "hub_repo"]].concat(),
        BINARY => [&FEATURES_USE[..], &FEATURES, &FACES, &["hub_http", "hub_cas"]].concat(),
        feature if FEATURES.contains(&feature) => FEATURES_USE.to_vec(),
        _ => return None,
    };
    Some(allowed)
}

/// A library that only some crates may name, and why.
struct Owned {
    library: fn(&str) -> bool,
    owners: &'static [&'static str],
    advice: &'static str,
}

const OWNED: [Owned; 7] = [
    Owned {
        library: |name| {
            ["rusqlite", "libsqlite3-sys", "postgres", "tokio-postgres", "deadpool-postgres", "sqlx", "diesel"]
                .contains(&name)
        },
        owners: &["hub_db"],
        advice: "a database driver is named only in hub_db: use its Db and Tx",
    },
    Owned {
        library: |name| ["object_store", "opendal"].contains(&name) || name.starts_with("aws-sdk"),
        owners: &["hub_blob"],
        advice: "an object store is named only in hub_blob: use its BlobStore",
    },
    Owned {
        library: |name| {
            ["axum", "axum-extra", "http", "http-body", "http-body-util", "hyper", "hyper-util", "tower-http"]
                .contains(&name)
        },
        owners: &["hub_http", "hub_api", "hub_git", "hub_web", "hearth"],
        advice: "nothing below a face knows HTTP: return a value or an error with a Code, the face translates",
    },
    Owned {
        library: |name| name == "arrow" || name == "parquet" || name.starts_with("arrow-"),
        owners: &["hub_viewer", "hub_insights"],
        advice: "arrow and parquet are named only in hub_viewer, which reads tables, and hub_insights, which writes them",
    },
    Owned {
        library: |name| name == "tantivy",
        owners: &["hub_search", "hub_catalog"],
        advice: "tantivy is named only in the crate of the search index",
    },
    Owned { library: |name| name == "lettre", owners: &["hub_mail"], advice: "mail goes by hub_mail: use its Mail" },
    Owned { library: |name| name.starts_with("askama"), owners: &["hub_web"], advice: "templates belong to hub_web" },
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Section {
    Normal,
    Development,
}

pub(super) fn check(tree: &[SourceFile]) -> anyhow::Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for file in tree.iter().filter(|file| is_our_manifest(&file.path)) {
        let manifest: Table = file.text.parse().with_context(|| format!("{} is not TOML", file.path))?;
        check_manifest(file, &manifest, &mut findings);
    }
    Ok(findings)
}

/// Our crates are `crates/NAME/Cargo.toml`; packages of compat/ stand outside the workspace.
fn is_our_manifest(path: &str) -> bool {
    let parts: Vec<&str> = path.split('/').collect();
    matches!(parts[..], ["crates", _, "Cargo.toml"])
}

fn check_manifest(file: &SourceFile, manifest: &Table, findings: &mut Vec<Finding>) {
    let folder = file.crate_name().unwrap_or_default();
    let name = manifest.get("package").and_then(|package| package.get("name")).and_then(Value::as_str);
    if name != Some(folder) {
        findings.push(Finding::new(file, 1, format!("the crate in crates/{folder} is named {folder}: one spelling")));
    }
    let Some(allowed) = may_use(folder) else {
        findings.push(Finding::new(file, 1, format!("give {folder} its place in the layers: {TABLE}")));
        return;
    };
    for (section, dependencies) in dependency_tables(manifest) {
        for (dependency, value) in dependencies {
            let line = line_naming(&file.text, dependency);
            let mut report = |advice: String| findings.push(Finding::new(file, line, advice));
            check_layer(folder, &allowed, section, dependency, &mut report);
            check_owner(folder, section, dependency, &mut report);
            check_declaration(dependency, value, &mut report);
        }
    }
}

fn dependency_tables(manifest: &Table) -> Vec<(Section, &Table)> {
    let targets = manifest.get("target").and_then(Value::as_table).into_iter().flat_map(Table::values);
    let scopes = std::iter::once(manifest).chain(targets.filter_map(Value::as_table));
    let mut tables = Vec::new();
    for scope in scopes {
        for (key, section) in [
            ("dependencies", Section::Normal),
            ("build-dependencies", Section::Normal),
            ("dev-dependencies", Section::Development),
        ] {
            tables.extend(scope.get(key).and_then(Value::as_table).map(|table| (section, table)));
        }
    }
    tables
}

fn check_layer(folder: &str, allowed: &[&str], section: Section, dependency: &str, report: &mut impl FnMut(String)) {
    if dependency == FIXTURES {
        if section == Section::Normal {
            report(format!("{FIXTURES} holds fixtures: list it under [dev-dependencies] only"));
        }
    } else if (dependency.starts_with("hub_") || dependency == BINARY) && !allowed.contains(&dependency) {
        report(format!("{folder} may not use {dependency}: move what you need down a layer, or ask upward; {TABLE}"));
    }
}

fn check_owner(folder: &str, section: Section, dependency: &str, report: &mut impl FnMut(String)) {
    // Tests may speak HTTP to what they test, or stand in for a server; the product may not.
    if section == Section::Development {
        return;
    }
    for owned in &OWNED {
        if (owned.library)(dependency) && !owned.owners.contains(&folder) {
            report(owned.advice.to_owned());
        }
    }
}

fn check_declaration(dependency: &str, value: &Value, report: &mut impl FnMut(String)) {
    let from_workspace = value.get("workspace").and_then(Value::as_bool) == Some(true);
    if !from_workspace {
        report(format!("write `{dependency}.workspace = true` and its version in the root manifest"));
    } else if value.get("features").is_some() {
        report(format!("name the features of {dependency} in the root manifest, so that all crates build one copy"));
    }
}

fn line_naming(manifest: &str, dependency: &str) -> usize {
    let position = manifest
        .lines()
        .position(|line| line.strip_prefix(dependency).is_some_and(|rest| rest.starts_with(['.', ' ', '='])));
    position.map_or(1, |index| index + 1)
}
