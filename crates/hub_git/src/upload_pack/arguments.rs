//! What a client says about a fetch, in whichever version: what it wants, has, and can do without.

use hub_core::Oid;
use hub_repo::{Boundary, Deepen, Fetch, ObjectFilter};

use super::command::shown;
use super::filter;
use crate::error::GitError;

/// The arguments of a fetch so far.
#[derive(Debug, Default)]
pub(super) struct Arguments {
    pub(super) wants: Vec<Oid>,
    pub(super) haves: Vec<Oid>,
    pub(super) shallow: Vec<Oid>,
    pub(super) filter: ObjectFilter,
    pub(super) with_tags: bool,
    pub(super) no_progress: bool,
    pub(super) is_relative: bool,
    depth: Option<u32>,
    since: Option<i64>,
    not: Vec<String>,
}

/// The most references that a client may name to cut its history.
const NOT_MAX: usize = 1_000;

impl Arguments {
    /// Takes a line that both families of versions know; answers whether it did.
    pub(super) fn take(&mut self, line: &str) -> Result<bool, GitError> {
        let (word, value) = line.split_once(' ').unwrap_or((line, ""));
        match word {
            "want" => self.wants.push(oid(value)?),
            "have" => self.haves.push(oid(value)?),
            "shallow" => self.shallow.push(oid(value)?),
            "deepen" => {
                let depth = value.parse().ok().filter(|depth| *depth > 0);
                self.depth = Some(depth.ok_or_else(|| invalid("deepen", value))?);
            }
            "deepen-since" => {
                let since = value.parse().ok().filter(|since: &i64| *since >= 0);
                self.since = Some(since.ok_or_else(|| invalid("deepen-since", value))?);
            }
            "deepen-not" if self.not.len() >= NOT_MAX => {
                return Err(GitError::protocol("too many lines of deepen-not"));
            }
            "deepen-not" => self.not.push(value.to_owned()),
            "filter" => self.filter = filter::parse(value)?,
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// How far the history shall go, if the client asks for less than all.
    pub(super) fn deepen(&mut self) -> Result<Option<Deepen>, GitError> {
        let not = std::mem::take(&mut self.not);
        let is_cut = self.since.is_some() || !not.is_empty();
        match self.depth {
            Some(_) if is_cut => {
                Err(GitError::protocol("deepen and deepen-since (or deepen-not) cannot be used together"))
            }
            Some(depth) if self.is_relative => Ok(Some(Deepen::Further(depth))),
            Some(depth) => Ok(Some(Deepen::Depth(depth))),
            None if is_cut => Ok(Some(Deepen::Cut { since: self.since, not })),
            None => Ok(None),
        }
    }

    /// Tells the engine what is wanted, and draws the boundary if one was asked for.
    pub(super) async fn begin(&mut self, fetch: &mut Fetch) -> Result<Option<Boundary>, GitError> {
        fetch.want(&self.wants).await?;
        fetch.shallow(&self.shallow);
        match self.deepen()? {
            Some(deepen) => Ok(Some(fetch.deepen(&deepen).await?)),
            None => Ok(None),
        }
    }
}

fn oid(value: &str) -> Result<Oid, GitError> {
    value.parse().map_err(|_| GitError::protocol(format!("invalid object id '{}'", shown(value))))
}

fn invalid(word: &str, value: &str) -> GitError {
    GitError::protocol(format!("invalid {word}: '{}'", shown(value)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(lines: &[&str]) -> Result<Arguments, GitError> {
        let mut arguments = Arguments::default();
        for line in lines {
            assert!(arguments.take(line)?, "{line}");
        }
        Ok(arguments)
    }

    #[test]
    fn lines_are_taken_and_the_depth_is_read() {
        let id = "0123456789012345678901234567890123456789";
        let arguments = taken(&[&format!("want {id}"), &format!("have {id}"), &format!("shallow {id}")]).unwrap();
        assert_eq!((arguments.wants.len(), arguments.haves.len(), arguments.shallow.len()), (1, 1, 1));
        assert_eq!(taken(&[]).unwrap().deepen().unwrap(), None);
        assert_eq!(taken(&["deepen 3"]).unwrap().deepen().unwrap(), Some(Deepen::Depth(3)));
        let mut relative = taken(&["deepen 3"]).unwrap();
        relative.is_relative = true;
        assert_eq!(relative.deepen().unwrap(), Some(Deepen::Further(3)));
        let cut = taken(&["deepen-since 5", "deepen-not v1"]).unwrap().deepen().unwrap();
        assert_eq!(cut, Some(Deepen::Cut { since: Some(5), not: vec!["v1".to_owned()] }));
        assert!(!Arguments::default().take("surprise").unwrap());
    }

    #[test]
    fn faulty_lines_are_named() {
        for line in
            ["want x", "have 0123", "shallow ", "deepen 0", "deepen -1", "deepen x", "deepen-since x", "filter x"]
        {
            assert!(taken(&[line]).is_err(), "{line}");
        }
        assert!(taken(&["deepen 1", "deepen-not x"]).unwrap().deepen().is_err());
        assert!(taken(&vec!["deepen-not x"; NOT_MAX + 1]).is_err());
    }
}
