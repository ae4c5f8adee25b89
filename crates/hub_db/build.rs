//! Lists the SQL files of `migrations/` for the binary to carry, and refuses a set that is not paired.
//!
//! The list is made here rather than by hand so that adding a migration is adding its two files.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

/// The `.sql` files of `folder`, by name without the ending.
fn names(folder: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("cannot list {}: {error}", folder.display()));
    entries
        .filter_map(|entry| {
            let name = entry.expect("a folder being listed stays readable").file_name().into_string().ok()?;
            name.strip_suffix(".sql").map(str::to_owned)
        })
        .collect()
}

/// Whether `name` reads `NNNN_owner_what`.
fn is_well_named(name: &str) -> bool {
    let mut parts = name.splitn(3, '_');
    let number = parts.next().is_some_and(|part| part.len() == 4 && part.bytes().all(|b| b.is_ascii_digit()));
    let mut word = || {
        parts.next().is_some_and(|part| {
            !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
        })
    };
    number && word() && word()
}

fn main() {
    let home = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo names the crate's folder"));
    let root = home.join("../../migrations");
    let (sqlite, postgres) = (root.join("sqlite"), root.join("postgres"));
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed={}", sqlite.display());
    println!("cargo::rerun-if-changed={}", postgres.display());

    let names_sqlite = names(&sqlite);
    if let Some(lonely) = names_sqlite.symmetric_difference(&names(&postgres)).next() {
        panic!("migration {lonely} exists for one database only; write both files");
    }
    let mut list = String::from("&[\n");
    for name in &names_sqlite {
        assert!(is_well_named(name), "migration {name} is not named NNNN_owner_what");
        let path = |folder: &Path| folder.join(format!("{name}.sql"));
        writeln!(
            list,
            "    Migration {{ name: {name:?}, sqlite: include_str!({:?}), postgres: include_str!({:?}) }},",
            path(&sqlite),
            path(&postgres),
        )
        .expect("writing to a string succeeds");
    }
    list.push_str("]\n");
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo names the output folder"));
    fs::write(out.join("migrations.rs"), list).expect("the output folder is writable");
}
