//! Rows of `follow`.

use hub_account::NamespaceId;
use hub_core::Timestamp;
use hub_db::{Db, DbError, Tx, args};

pub(crate) async fn insert(
    tx: &mut Tx,
    follower: NamespaceId,
    followed: NamespaceId,
    at: Timestamp,
) -> Result<bool, DbError> {
    let written = tx
        .exec(
            "INSERT INTO follow (follower, followed, created_ms) VALUES ($1, $2, $3) \
             ON CONFLICT (follower, followed) DO NOTHING",
            args![follower.key(), followed.key(), at],
        )
        .await?;
    Ok(written == 1)
}

pub(crate) async fn delete(tx: &mut Tx, follower: NamespaceId, followed: NamespaceId) -> Result<bool, DbError> {
    let gone = tx
        .exec("DELETE FROM follow WHERE follower = $1 AND followed = $2", args![follower.key(), followed.key()])
        .await?;
    Ok(gone == 1)
}

pub(crate) async fn exists(db: &Db, follower: NamespaceId, followed: NamespaceId) -> Result<bool, DbError> {
    let row: Option<(i64,)> = db
        .query_opt(
            "SELECT created_ms FROM follow WHERE follower = $1 AND followed = $2",
            args![follower.key(), followed.key()],
        )
        .await?;
    Ok(row.is_some())
}

pub(crate) async fn count_followers(db: &Db, of: NamespaceId) -> Result<u64, DbError> {
    let (count,): (i64,) = db.query_one("SELECT COUNT(*) FROM follow WHERE followed = $1", args![of.key()]).await?;
    Ok(count.unsigned_abs())
}

/// Who follows somebody, in the order of their keys.
pub(crate) async fn followers(
    db: &Db,
    of: NamespaceId,
    after: Option<NamespaceId>,
    limit: i64,
) -> Result<Vec<NamespaceId>, DbError> {
    let rows: Vec<(i64,)> = db
        .query(
            "SELECT follower FROM follow WHERE followed = $1 AND follower > $2 ORDER BY follower LIMIT $3",
            args![of.key(), after.map_or(0, NamespaceId::key), limit],
        )
        .await?;
    Ok(rows.into_iter().map(|(id,)| NamespaceId::new(id)).collect())
}

/// Whom somebody follows, in the order of their keys.
pub(crate) async fn following(
    db: &Db,
    of: NamespaceId,
    after: Option<NamespaceId>,
    limit: i64,
) -> Result<Vec<NamespaceId>, DbError> {
    let rows: Vec<(i64,)> = db
        .query(
            "SELECT followed FROM follow WHERE follower = $1 AND followed > $2 ORDER BY followed LIMIT $3",
            args![of.key(), after.map_or(0, NamespaceId::key), limit],
        )
        .await?;
    Ok(rows.into_iter().map(|(id,)| NamespaceId::new(id)).collect())
}
