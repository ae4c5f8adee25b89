//! What tests do to stored content that nobody can do who sends it. Only tests use this; it is public because those of
//! other crates need it.

use hub_core::Sha256;
use hub_db::Db;

use crate::RepoError;
use crate::store::large;

/// Lets a large object have another size than the bytes that came; the test sees to it that the store has as many.
pub async fn stretch_large_object(db: &Db, sha256: Sha256, size_bytes: u64) -> Result<(), RepoError> {
    let mut tx = db.begin().await?;
    large::set_size(&mut tx, sha256, size_bytes).await?;
    Ok(tx.commit().await?)
}
