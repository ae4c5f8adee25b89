//! `ls-refs`: the references that a client asks for, by the beginnings of their names.

use futures::stream::{self, StreamExt};
use hub_core::RefName;
use hub_formats::git::pkt_line::{push_flush, push_line};
use hub_repo::Repo;

use super::advertise::RefPages;
use super::command::shown;
use crate::error::GitError;
use crate::protocol::Reply;

/// From this number on prefixes are not looked at: everything is answered, as git does.
const PREFIXES_MAX: usize = 65_536;

/// What a client wants to see.
#[derive(Default, Debug)]
struct Wanted {
    peel: bool,
    symrefs: bool,
    unborn: bool,
    prefixes: Prefixes,
}

/// Beginnings of names, none of which begins with another: then at most one fits a name, and it is found by bisection.
#[derive(Default, Debug)]
struct Prefixes(Option<Vec<String>>);

impl Prefixes {
    fn new(mut list: Vec<&str>) -> Self {
        if list.is_empty() || list.len() >= PREFIXES_MAX {
            return Self(None);
        }
        list.sort_unstable();
        list.dedup_by(|longer, shorter| longer.starts_with(&**shorter));
        Self(Some(list.into_iter().map(str::to_owned).collect()))
    }

    fn fit(&self, name: &str) -> bool {
        let Some(list) = &self.0 else { return true };
        let after = list.partition_point(|prefix| prefix.as_str() <= name);
        after.checked_sub(1).and_then(|at| list.get(at)).is_some_and(|prefix| name.starts_with(prefix))
    }
}

impl Wanted {
    fn parse(arguments: &[&str]) -> Result<Self, GitError> {
        let mut wanted = Self::default();
        let mut prefixes = Vec::new();
        for argument in arguments {
            match *argument {
                "peel" => wanted.peel = true,
                "symrefs" => wanted.symrefs = true,
                "unborn" => wanted.unborn = true,
                other => match other.strip_prefix("ref-prefix ") {
                    Some(prefix) => prefixes.push(prefix),
                    None => return Err(GitError::protocol(format!("unexpected line: '{}'", shown(other)))),
                },
            }
        }
        wanted.prefixes = Prefixes::new(prefixes);
        Ok(wanted)
    }
}

pub(super) async fn answer(repo: &Repo, arguments: &[&str]) -> Result<Reply, GitError> {
    let wanted = Wanted::parse(arguments)?;
    let mut first = Vec::new();
    if wanted.prefixes.fit("HEAD") {
        let target = if wanted.symrefs { " symref-target:refs/heads/main" } else { "" };
        match repo.git_ref(&RefName::main()).await? {
            Some(oid) => push_line(&mut first, &format!("{oid} HEAD{target}")),
            None if wanted.unborn => push_line(&mut first, &format!("unborn HEAD{target}")),
            None => {}
        }
    }
    let state = (first, Some(RefPages::new(repo)), wanted);
    let reply = stream::try_unfold(state, |(mut out, pages, wanted)| async move {
        let Some(mut pages) = pages else { return Ok(None) };
        let Some(page) = pages.next().await? else {
            push_flush(&mut out);
            return Ok(Some((out.into(), (Vec::new(), None, wanted))));
        };
        for shown in page.into_iter().filter(|shown| wanted.prefixes.fit(&shown.name)) {
            let peeled = shown.peeled.filter(|_| wanted.peel).map(|oid| format!(" peeled:{oid}")).unwrap_or_default();
            push_line(&mut out, &format!("{} {}{peeled}", shown.oid, shown.name));
        }
        Ok(Some((out.into(), (Vec::new(), Some(pages), wanted))))
    });
    Ok(reply.boxed())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_taken_by_their_beginnings() {
        let prefixes = Prefixes::new(vec!["refs/tags/", "refs/heads/m", "refs/heads/main", "HEAD", "refs/heads/m"]);
        for (name, fits) in [
            ("HEAD", true),
            ("HEADS", true),
            ("refs/heads/main", true),
            ("refs/heads/m", true),
            ("refs/heads/", false),
            ("refs/heads/n", false),
            ("refs/tags/v1", true),
            ("refs/pr/1", false),
            ("A", false),
        ] {
            assert_eq!(prefixes.fit(name), fits, "{name}");
        }
        assert!(Prefixes::new(Vec::new()).fit("refs/heads/x"));
        assert!(Prefixes::new(vec!["refs/heads/x"; PREFIXES_MAX]).fit("refs/tags/y"));
        assert!(Prefixes::new(vec![""]).fit("refs/tags/y"));
    }

    #[test]
    fn unknown_arguments_are_named() {
        let error = Wanted::parse(&["peel", "surprise\u{7}"]).unwrap_err().to_string();
        assert_eq!(error, "unexpected line: 'surprise?'");
    }
}
