//! The integrity of a bucket: its files are there and are what their rows say, and its totals are what its rows add up to.

use std::collections::BTreeSet;

use crate::check::CheckReport;
use crate::store::{buckets, large};
use crate::{RepoError, RepoId, Repos};

/// Files that one statement answers.
const BATCH: i64 = 1000;

impl Repos {
    /// Looks at the files of a bucket; does nothing for other repositories.
    pub(crate) async fn check_bucket(
        &self,
        repo: RepoId,
        name: &str,
        deep: bool,
        report: &mut CheckReport,
    ) -> Result<(), RepoError> {
        let Some(row) = buckets::get(self.db(), repo).await? else { return Ok(()) };
        let mut after = String::new();
        // Many paths may have one content, which is then looked at once.
        let mut seen = BTreeSet::new();
        let mut inside = 0;
        loop {
            let page = buckets::files_after(self.db(), repo, &after, BATCH).await?;
            let Some(last) = page.last() else { break };
            after = last.path.clone();
            for file in page {
                report.objects += 1;
                inside += file.path.matches('/').count() as i64;
                if !seen.insert(file.sha256) {
                    continue;
                }
                match large::held(self.db(), repo, file.sha256).await? {
                    None => report.damage(name, format!("the bucket does not hold the content of {:?}", file.path)),
                    Some(held) if held.size != file.size || held.xet != Some(file.xet) => {
                        report.damage(name, format!("{:?} is not the file that its content is", file.path));
                    }
                    Some(_) => self.check_content(name, file.sha256, deep, report).await?,
                }
            }
        }
        let (files, bytes, _, listed) = buckets::sums(self.db(), repo).await?;
        if (files, bytes) != (row.totals.files as i64, row.totals.size_bytes as i64) {
            let said = (row.totals.files, row.totals.size_bytes);
            report
                .damage(name, format!("the bucket says that it has {said:?} files and bytes, not {files} and {bytes}"));
        }
        if listed != inside {
            report.damage(name, format!("the folders say that {listed} files lie in them, not {inside}"));
        }
        Ok(())
    }
}
