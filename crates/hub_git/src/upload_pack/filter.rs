//! Filters of partial clones, as `--filter` names them.

use hub_repo::ObjectFilter;
use percent_encoding::percent_decode_str;

use super::command::shown;
use crate::error::GitError;

/// How many filters may be combined.
const COMBINED_MAX: usize = 16;

/// Reads a filter: `blob:none`, `blob:limit=…`, `tree:…`, or several of them as `combine:…+…`.
pub(super) fn parse(text: &str) -> Result<ObjectFilter, GitError> {
    let unknown = || GitError::protocol(format!("filter '{}' not supported", shown(text)));
    let Some(list) = text.strip_prefix("combine:") else { return one(text).ok_or_else(unknown) };
    let parts: Vec<&str> = list.split('+').take(COMBINED_MAX + 1).collect();
    if parts.len() > COMBINED_MAX {
        return Err(unknown());
    }
    parts.into_iter().try_fold(ObjectFilter::default(), |all, part| {
        let part = percent_decode_str(part).decode_utf8().map_err(|_| unknown())?;
        Ok(all.and(one(&part).ok_or_else(unknown)?))
    })
}

fn one(text: &str) -> Option<ObjectFilter> {
    if text == "blob:none" {
        return Some(ObjectFilter { blob_limit: Some(0), tree_depth: None });
    }
    if let Some(limit) = text.strip_prefix("blob:limit=") {
        return Some(ObjectFilter { blob_limit: Some(bytes(limit)?), tree_depth: None });
    }
    let depth = text.strip_prefix("tree:")?.parse().ok()?;
    Some(ObjectFilter { blob_limit: None, tree_depth: Some(depth) })
}

/// A number of bytes as git writes it: `1024`, `1k`, `10m`, `1g`.
fn bytes(text: &str) -> Option<u64> {
    let shift = match text.as_bytes().last()?.to_ascii_lowercase() {
        b'k' => 10,
        b'm' => 20,
        b'g' => 30,
        _ => 0,
    };
    let digits = if shift == 0 { text } else { text.get(..text.len() - 1)? };
    digits.parse::<u64>().ok()?.checked_mul(1 << shift)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_are_read_as_git_writes_them() {
        let check = |text, blob_limit, tree_depth| {
            assert_eq!(parse(text).unwrap(), ObjectFilter { blob_limit, tree_depth }, "{text}");
        };
        check("blob:none", Some(0), None);
        check("blob:limit=1000", Some(1000), None);
        check("blob:limit=2k", Some(2048), None);
        check("blob:limit=1M", Some(1 << 20), None);
        check("tree:0", None, Some(0));
        check("tree:3", None, Some(3));
        check("combine:blob%3Anone+tree%3a2", Some(0), Some(2));
        check("combine:tree:5+tree:2+blob:limit=9", Some(9), Some(2));
    }

    #[test]
    fn other_filters_are_refused() {
        let many = format!("combine:{}", vec!["tree:0"; 17].join("+"));
        for text in [
            "",
            "blob:",
            "blob:limit=",
            "blob:limit=k",
            "blob:limit=-1",
            "blob:limit=99999999999g",
            "tree:",
            "tree:-1",
            "tree:x",
            "sparse:oid=main:x",
            "object:type=blob",
            "combine:",
            "combine:blob:none+",
            "combine:%ff",
            &many,
        ] {
            assert!(parse(text).unwrap_err().to_string().contains("not supported"), "{text}");
        }
    }
}
