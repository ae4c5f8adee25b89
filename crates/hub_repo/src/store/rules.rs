//! Rows of `branch_rule`.

use hub_db::{Db, DbError, FromRow, OnConflict, Row, Tx, Value, args};

use crate::RepoId;
use crate::rules::{BranchPattern, BranchRule, Pushers};

impl FromRow for BranchRule {
    fn from_row(row: &Row<'_>) -> Result<Self, DbError> {
        let pattern: String = row.get(0)?;
        let pushers: String = row.get(1)?;
        let damaged = |column, found: &str| DbError::Decode { column, reason: format!("unexpected value {found:?}") };
        Ok(Self {
            pattern: pattern.parse::<BranchPattern>().map_err(|_| damaged(0, &pattern))?,
            pushers: Pushers::from_word(&pushers).ok_or_else(|| damaged(1, &pushers))?,
            allows_force: row.get(2)?,
            allows_delete: row.get(3)?,
        })
    }
}

/// The rules of a repository in the order of their patterns.
pub(crate) async fn of_repo(db: &Db, repo: RepoId) -> Result<Vec<BranchRule>, DbError> {
    let sql =
        "SELECT pattern, pushers, allows_force, allows_delete FROM branch_rule WHERE repo_id = $1 ORDER BY pattern";
    db.query(sql, args![repo.key()]).await
}

/// Replaces all rules of a repository.
pub(crate) async fn replace(tx: &mut Tx, repo: RepoId, rules: &[BranchRule]) -> Result<(), DbError> {
    tx.exec("DELETE FROM branch_rule WHERE repo_id = $1", args![repo.key()]).await?;
    let rows: Vec<Vec<Value>> = rules
        .iter()
        .map(|rule| {
            vec![
                Value::from(repo.key()),
                Value::from(rule.pattern.as_str()),
                Value::from(rule.pushers.word()),
                Value::from(i64::from(rule.allows_force)),
                Value::from(i64::from(rule.allows_delete)),
            ]
        })
        .collect();
    let columns = ["repo_id", "pattern", "pushers", "allows_force", "allows_delete"];
    tx.insert_many("branch_rule", &columns, &rows, OnConflict::Ignore).await?;
    Ok(())
}
