//! What is derived from the default branch: the columns `facts` and `parameters` of `repo`, and `repo_tag`.

use hub_db::{Db, DbError, OnConflict, Tx, Value, args};

use crate::lifecycle::Settings;
use crate::{Facts, RepoId};

/// The tag of what is not for all audiences.
pub(crate) const NOT_FOR_ALL: &str = "not-for-all-audiences";

/// Replaces what was derived before. Most commits leave it as it was, and then nothing is written. A tag that
/// administrators imposed stays.
pub(crate) async fn write(tx: &mut Tx, repo: RepoId, facts: &Facts) -> Result<(), DbError> {
    let row: Option<(String,)> = tx.query_opt("SELECT settings FROM repo WHERE id = $1", args![repo.0]).await?;
    let settings = row.and_then(|(text,)| serde_json::from_str::<Settings>(&text).ok()).unwrap_or_default();
    if settings.not_for_all_audiences && !facts.tags.iter().any(|tag| tag == NOT_FOR_ALL) {
        let mut facts = facts.clone();
        facts.tags.push(NOT_FOR_ALL.to_owned());
        return replace(tx, repo, &facts).await;
    }
    replace(tx, repo, facts).await
}

async fn replace(tx: &mut Tx, repo: RepoId, facts: &Facts) -> Result<(), DbError> {
    let text = serde_json::to_string(facts).expect("facts are JSON values");
    let parameters = facts.parameters.map(|count| i64::try_from(count).unwrap_or(i64::MAX));
    let sql = "UPDATE repo SET facts = $2, parameters = $3 WHERE id = $1 AND facts <> $2";
    if tx.exec(sql, args![repo.0, text, parameters]).await? == 0 {
        return Ok(());
    }
    tx.exec("DELETE FROM repo_tag WHERE repo_id = $1", args![repo.0]).await?;
    let rows: Vec<Vec<Value>> =
        facts.tags.iter().map(|tag| vec![Value::from(tag.as_str()), Value::from(repo.0)]).collect();
    tx.insert_many("repo_tag", &["tag", "repo_id"], &rows, OnConflict::Ignore).await?;
    Ok(())
}

/// The facts as JSON text.
pub(crate) async fn read(db: &Db, repo: RepoId) -> Result<Option<String>, DbError> {
    let row: Option<(String,)> = db.query_opt("SELECT facts FROM repo WHERE id = $1", args![repo.0]).await?;
    Ok(row.map(|(text,)| text))
}

/// The same, of a repository that nobody else changes until the transaction ends.
pub(crate) async fn lock(tx: &mut Tx, repo: RepoId) -> Result<Option<String>, DbError> {
    let sql = "UPDATE repo SET facts = facts WHERE id = $1 RETURNING facts";
    let row: Option<(String,)> = tx.query_opt(sql, args![repo.0]).await?;
    Ok(row.map(|(text,)| text))
}
