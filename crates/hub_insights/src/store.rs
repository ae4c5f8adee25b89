//! All SQL of this crate.

use hub_core::{RepoKind, Timestamp};
use hub_db::{Db, DbError, FromRow, Row, Tx, args};

use crate::feed::{ChangePlace, Phase};

/// A row of `public_change`.
pub(crate) struct ChangeRow {
    pub(crate) repo: i64,
    pub(crate) number: i64,
    pub(crate) at: Timestamp,
    pub(crate) kind: i64,
    pub(crate) name: String,
    pub(crate) is_gone: bool,
}

impl FromRow for ChangeRow {
    fn from_row(row: &Row<'_>) -> Result<Self, DbError> {
        let is_gone: i64 = row.get(5)?;
        Ok(Self {
            repo: row.get(0)?,
            number: row.get(1)?,
            at: row.get(2)?,
            kind: row.get(3)?,
            name: row.get(4)?,
            is_gone: is_gone != 0,
        })
    }
}

/// Writes that a repository is public and changed.
pub(crate) async fn tell(tx: &mut Tx, row: &ChangeRow) -> Result<(), DbError> {
    tx.exec(
        "INSERT INTO public_change (repo_id, number, at_ms, kind, name, is_gone) VALUES ($1, $2, $3, $4, $5, 0) \
         ON CONFLICT (repo_id) DO UPDATE SET number = $2, at_ms = $3, kind = $4, name = $5, is_gone = 0",
        args![row.repo, row.number, row.at, row.kind, row.name.clone()],
    )
    .await?;
    Ok(())
}

/// Writes that a repository is no longer public, if it was.
pub(crate) async fn take_away(tx: &mut Tx, repo: i64, number: i64, at: Timestamp) -> Result<(), DbError> {
    tx.exec(
        "UPDATE public_change SET number = $2, at_ms = $3, is_gone = 1 WHERE repo_id = $1 AND is_gone = 0",
        args![repo, number, at],
    )
    .await?;
    Ok(())
}

/// The changes after a place, of one kind or of all, in order.
pub(crate) async fn after(
    db: &Db,
    place: ChangePlace,
    kind: Option<RepoKind>,
    limit: i64,
) -> Result<Vec<ChangeRow>, DbError> {
    let kind = kind.map_or(-1, RepoKind::to_db);
    db.query(
        "SELECT repo_id, number, at_ms, kind, name, is_gone FROM public_change \
         WHERE (number, repo_id) > ($1, $2) AND (CAST($3 AS BIGINT) = -1 OR kind = $3) ORDER BY number, repo_id LIMIT $4",
        args![place.number, place.repo, kind, limit],
    )
    .await
}

/// The next repositories that are told to be public, by key.
pub(crate) async fn told_after(db: &Db, repo: i64, limit: i64) -> Result<Vec<(i64,)>, DbError> {
    let sql = "SELECT repo_id FROM public_change WHERE repo_id > $1 AND is_gone = 0 ORDER BY repo_id LIMIT $2";
    db.query(sql, args![repo, limit]).await
}

pub(crate) async fn phase(db: &Db) -> Result<Phase, DbError> {
    let row: Option<(i64, i64)> = db.query_opt("SELECT phase, read_to FROM public_change_phase", args![]).await?;
    Ok(match row {
        Some((0, read_to)) => Phase::Reading { read_to },
        Some((1, read_to)) => Phase::Checking { read_to },
        _ => Phase::Following,
    })
}

/// Goes on from one phase to the next; `false` if another replica was faster.
pub(crate) async fn set_phase(tx: &mut Tx, from: Phase, to: Phase) -> Result<bool, DbError> {
    let numbers = |phase| match phase {
        Phase::Reading { read_to } => (0_i64, read_to),
        Phase::Checking { read_to } => (1, read_to),
        Phase::Following => (2, 0),
    };
    let ((from, from_place), (to, to_place)) = (numbers(from), numbers(to));
    let changed = tx
        .exec(
            "UPDATE public_change_phase SET phase = $3, read_to = $4 WHERE phase = $1 AND read_to = $2",
            args![from, from_place, to, to_place],
        )
        .await?;
    Ok(changed == 1)
}
