//! Rows of `cas_secret`: keys of this instance, the same on every replica.

use hub_core::Ids;
use hub_db::{Db, DbError, args};

/// The key of that name; made at the first call. Two replicas that make it at once agree on the first.
pub(crate) async fn get_or_create(db: &Db, name: &str, ids: &dyn Ids) -> Result<Vec<u8>, DbError> {
    let read = "SELECT value FROM cas_secret WHERE name = $1";
    if let Some((value,)) = db.query_opt::<(Vec<u8>,)>(read, args![name]).await? {
        return Ok(value);
    }
    let mut fresh = vec![0; 32];
    ids.fill(&mut fresh);
    let mut tx = db.begin().await?;
    tx.exec("INSERT INTO cas_secret (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING", args![name, fresh])
        .await?;
    let (value,) = tx.query_one::<(Vec<u8>,)>(read, args![name]).await?;
    tx.commit().await?;
    Ok(value)
}
