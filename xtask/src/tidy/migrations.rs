//! Migrations come in pairs and say who owns them: `migrations/{sqlite,postgres}/NNNN_owner_what.sql`.

use std::collections::BTreeMap;

use super::{Finding, SourceFile};

const DIALECTS: [&str; 2] = ["sqlite", "postgres"];

/// A migration file's dialect, number and owning crate, read from its path.
pub(super) struct MigrationName<'a> {
    pub(super) dialect: &'a str,
    pub(super) file_name: &'a str,
    pub(super) number: &'a str,
    pub(super) owner: &'a str,
}

pub(super) fn parse(path: &str) -> Option<MigrationName<'_>> {
    let (dialect, file_name) = path.strip_prefix("migrations/")?.split_once('/')?;
    let (number, rest) = file_name.strip_suffix(".sql")?.split_once('_')?;
    let (owner, what) = rest.split_once('_')?;
    let sound = DIALECTS.contains(&dialect)
        && number.len() == 4
        && number.bytes().all(|byte| byte.is_ascii_digit())
        && !owner.is_empty()
        && !what.is_empty();
    sound.then_some(MigrationName { dialect, file_name, number, owner })
}

pub(super) fn check(tree: &[SourceFile]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut by_number: BTreeMap<(&str, &str), &str> = BTreeMap::new();
    for file in tree.iter().filter(|file| file.path.starts_with("migrations/")) {
        let Some(name) = parse(&file.path) else {
            findings.push(Finding::new(
                file,
                1,
                "name a migration migrations/{sqlite,postgres}/NNNN_owner_what.sql, with the owning crate hub_<owner>",
            ));
            continue;
        };
        let other = if name.dialect == DIALECTS[0] { DIALECTS[1] } else { DIALECTS[0] };
        let twin = format!("migrations/{other}/{}", name.file_name);
        if !tree.iter().any(|candidate| candidate.path == twin) {
            findings.push(Finding::new(file, 1, format!("write its twin {twin}: both databases move together")));
        }
        if let Some(first) = by_number.insert((name.dialect, name.number), name.file_name) {
            let advice = format!("number {} is taken by {first}: take the next free one", name.number);
            findings.push(Finding::new(file, 1, advice));
        }
    }
    findings
}
