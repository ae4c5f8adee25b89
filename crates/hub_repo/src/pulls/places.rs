//! Lines of changed files as people point at them, and where those lines are after the file changed again.

use hub_core::Oid;

use super::lines::follow;
use crate::{Repo, RepoError};

/// Lines of a text, counted from 1, both ends included.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LineRange {
    /// The first one.
    pub first: u32,
    /// The last one.
    pub last: u32,
}

impl Repo {
    /// A small text of this repository; `None` for what is large, binary, a pointer or no longer there. A face shows it only
    /// to those who may read the files.
    pub async fn small_text(&self, blob: Oid) -> Result<Option<String>, RepoError> {
        self.text_of(blob).await
    }

    /// Where lines of one text are in another; `None` for those of which any was changed.
    pub async fn follow_lines(
        &self,
        from: Oid,
        to: Oid,
        ranges: Vec<LineRange>,
    ) -> Result<Vec<Option<LineRange>>, RepoError> {
        if from == to {
            return Ok(ranges.into_iter().map(Some).collect());
        }
        let (Some(old), Some(new)) = (self.text_of(from).await?, self.text_of(to).await?) else {
            return Ok(vec![None; ranges.len()]);
        };
        let found = tokio::task::spawn_blocking(move || follow(&old, &new, &ranges)).await;
        found.map_err(|_| RepoError::Inconsistent("comparing two texts failed".to_owned()))
    }
}
