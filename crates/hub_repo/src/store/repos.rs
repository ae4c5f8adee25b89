//! Rows of `repo` and `repo_alias`.

use hub_account::NamespaceId;
use hub_core::{NamespaceName, RepoAddr, RepoKind, Timestamp, Visibility};
use hub_db::{Db, DbError, FromRow, Row, Tx, Value, args};

use crate::attention::TrendingScore;
use crate::lifecycle::{Gating, Settings};
use crate::open::{RepoId, RepoState};
use crate::{RepoError, SettingsChange};

/// One repository as its row holds it.
pub(crate) struct RepoRow {
    id: i64,
    kind: i64,
    namespace_id: i64,
    namespace: String,
    name: String,
    visibility: String,
    gated: String,
    disabled: i64,
    created_by: i64,
    created: Timestamp,
    modified: Timestamp,
    settings: String,
    used_bytes: i64,
    downloads: i64,
    downloads_all: i64,
    likes: i64,
    trending: i64,
    created_app: Option<i64>,
}

/// The columns of a [`RepoRow`], in its order; each query names the table `repo`.
pub(crate) const COLUMNS: &str = "repo.id, repo.kind, repo.namespace_id, repo.namespace, repo.name, repo.visibility, \
     repo.gated, repo.disabled, repo.created_by, repo.created_ms, repo.modified_ms, repo.settings, repo.used_bytes, \
     repo.downloads, repo.downloads_all, repo.likes, repo.trending, repo.created_app";

impl FromRow for RepoRow {
    fn from_row(row: &Row<'_>) -> Result<Self, DbError> {
        Ok(Self {
            id: row.get(0)?,
            kind: row.get(1)?,
            namespace_id: row.get(2)?,
            namespace: row.get(3)?,
            name: row.get(4)?,
            visibility: row.get(5)?,
            gated: row.get(6)?,
            disabled: row.get(7)?,
            created_by: row.get(8)?,
            created: row.get(9)?,
            modified: row.get(10)?,
            settings: row.get(11)?,
            used_bytes: row.get(12)?,
            downloads: row.get(13)?,
            downloads_all: row.get(14)?,
            likes: row.get(15)?,
            trending: row.get(16)?,
            created_app: row.get(17)?,
        })
    }
}

impl RepoRow {
    /// Reads the row as the values that it was written from.
    pub(crate) fn into_state(self) -> Result<RepoState, RepoError> {
        let damaged = |what: &str| RepoError::Inconsistent(format!("repository {} has a damaged {what}", self.id));
        let addr = RepoAddr {
            kind: RepoKind::from_db(self.kind).ok_or_else(|| damaged("kind"))?,
            namespace: self.namespace.parse().map_err(|_| damaged("namespace"))?,
            name: self.name.parse().map_err(|_| damaged("name"))?,
        };
        Ok(RepoState {
            id: RepoId(self.id),
            addr,
            owner: NamespaceId::new(self.namespace_id),
            visibility: Visibility::from_word(&self.visibility).ok_or_else(|| damaged("visibility"))?,
            gating: Gating::from_db(&self.gated).ok_or_else(|| damaged("gating"))?,
            disabled: self.disabled != 0,
            created_by: NamespaceId::new(self.created_by),
            created_app: self.created_app,
            created: self.created,
            modified: self.modified,
            settings: serde_json::from_str(&self.settings).map_err(|_| damaged("settings"))?,
            used_bytes: self.used_bytes.max(0) as u64,
            downloads: self.downloads.max(0) as u64,
            downloads_all: self.downloads_all.max(0) as u64,
            likes: self.likes.max(0) as u64,
            trending: TrendingScore(self.trending),
        })
    }
}

pub(crate) async fn by_addr(db: &Db, addr: &RepoAddr) -> Result<Option<RepoRow>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM repo WHERE kind = $1 AND namespace_key = $2 AND name_key = $3");
    db.query_opt(&sql, args![addr.kind.to_db(), addr.namespace.key(), addr.name.key()]).await
}

pub(crate) async fn by_id(db: &Db, id: RepoId) -> Result<Option<RepoRow>, DbError> {
    db.query_opt(&format!("SELECT {COLUMNS} FROM repo WHERE id = $1"), args![id.0]).await
}

/// The repositories of these keys, in no order.
pub(crate) async fn of(db: &Db, ids: &[RepoId]) -> Result<Vec<RepoRow>, DbError> {
    let keys: Vec<Value> = ids.iter().map(|id| Value::from(id.0)).collect();
    db.query_in(&format!("SELECT {COLUMNS} FROM repo WHERE id IN ({{in}})"), &[], &keys).await
}

/// Adds to the number of likes.
pub(crate) async fn add_likes(tx: &mut Tx, id: RepoId, delta: i64) -> Result<bool, DbError> {
    let changed = tx.exec("UPDATE repo SET likes = likes + $2 WHERE id = $1", args![id.0, delta]).await?;
    Ok(changed == 1)
}

pub(crate) async fn by_alias(db: &Db, addr: &RepoAddr) -> Result<Option<RepoRow>, DbError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM repo_alias JOIN repo ON repo.id = repo_alias.repo_id \
         WHERE repo_alias.kind = $1 AND repo_alias.namespace_key = $2 AND repo_alias.name_key = $3"
    );
    db.query_opt(&sql, args![addr.kind.to_db(), addr.namespace.key(), addr.name.key()]).await
}

/// Writes a new row and forgets an alias of the same address: a new repository takes over an old name.
pub(crate) async fn insert(tx: &mut Tx, state: &RepoState) -> Result<(), DbError> {
    let addr = &state.addr;
    tx.exec(
        "DELETE FROM repo_alias WHERE kind = $1 AND namespace_key = $2 AND name_key = $3",
        args![addr.kind.to_db(), addr.namespace.key(), addr.name.key()],
    )
    .await?;
    tx.exec(
        "INSERT INTO repo (id, kind, namespace_id, namespace, namespace_key, name, name_key, visibility, gated, \
         created_by, created_app, created_ms, modified_ms, settings) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
        args![
            state.id.0,
            addr.kind.to_db(),
            state.owner.key(),
            addr.namespace.as_str(),
            addr.namespace.key(),
            addr.name.as_str(),
            addr.name.key(),
            state.visibility.word(),
            state.gating.to_db(),
            state.created_by.key(),
            state.created_app,
            state.created,
            state.modified,
            settings_json(&state.settings),
        ],
    )
    .await?;
    Ok(())
}

fn settings_json(settings: &Settings) -> String {
    serde_json::to_string(settings).expect("settings hold only strings, flags and lists")
}

/// Gives the repository another address and keeps the old one as an alias.
pub(crate) async fn readdress(
    tx: &mut Tx,
    state: &RepoState,
    to: &RepoAddr,
    owner: NamespaceId,
) -> Result<(), DbError> {
    let from = &state.addr;
    tx.exec(
        "DELETE FROM repo_alias WHERE kind = $1 AND namespace_key = $2 AND name_key = $3",
        args![to.kind.to_db(), to.namespace.key(), to.name.key()],
    )
    .await?;
    tx.exec(
        "UPDATE repo SET namespace_id = $2, namespace = $3, namespace_key = $4, name = $5, name_key = $6 WHERE id = $1",
        args![state.id.0, owner.key(), to.namespace.as_str(), to.namespace.key(), to.name.as_str(), to.name.key(),],
    )
    .await?;
    if (from.namespace.key(), from.name.key()) != (to.namespace.key(), to.name.key()) {
        tx.exec(
            "INSERT INTO repo_alias (kind, namespace_key, name_key, repo_id) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (kind, namespace_key, name_key) DO UPDATE SET repo_id = excluded.repo_id",
            args![from.kind.to_db(), from.namespace.key(), from.name.key(), state.id.0],
        )
        .await?;
    }
    Ok(())
}

/// Puts all repositories of an owner under another name, and keeps their old addresses as aliases.
pub(crate) async fn rename_owner(tx: &mut Tx, owner: NamespaceId, to: &NamespaceName) -> Result<(), DbError> {
    let keep = "INSERT INTO repo_alias (kind, namespace_key, name_key, repo_id) \
                SELECT kind, namespace_key, name_key, id FROM repo WHERE namespace_id = $1 AND namespace_key <> $2 \
                ON CONFLICT (kind, namespace_key, name_key) DO UPDATE SET repo_id = excluded.repo_id";
    tx.exec(keep, args![owner.key(), to.key()]).await?;
    let sql = "UPDATE repo SET namespace = $2, namespace_key = $3 WHERE namespace_id = $1";
    tx.exec(sql, args![owner.key(), to.as_str(), to.key()]).await?;
    // Whoever goes back to a name they had before finds aliases there, which stand in nobody's way and lead to themselves.
    let sql = "DELETE FROM repo_alias WHERE namespace_key = $2 AND EXISTS (SELECT 1 FROM repo WHERE repo.namespace_id = $1 \
               AND repo.kind = repo_alias.kind AND repo.name_key = repo_alias.name_key)";
    tx.exec(sql, args![owner.key(), to.key()]).await?;
    Ok(())
}

/// Keys and names of an owner's repositories after a key, in the order of keys.
pub(crate) async fn names_of(
    tx: &mut Tx,
    owner: NamespaceId,
    after: i64,
    limit: i64,
) -> Result<Vec<(i64, String)>, DbError> {
    let sql = "SELECT id, name FROM repo WHERE namespace_id = $1 AND id > $2 ORDER BY id LIMIT $3";
    tx.query(sql, args![owner.key(), after, limit]).await
}

/// Whether a row of this address exists, whoever may know of it.
pub(crate) async fn exists(tx: &mut Tx, addr: &RepoAddr) -> Result<bool, DbError> {
    let row: Option<(i64,)> = tx
        .query_opt(
            "SELECT id FROM repo WHERE kind = $1 AND namespace_key = $2 AND name_key = $3",
            args![addr.kind.to_db(), addr.namespace.key(), addr.name.key()],
        )
        .await?;
    Ok(row.is_some())
}

/// Writes what a change of settings asks for.
pub(crate) async fn update_settings(tx: &mut Tx, state: &RepoState, change: &SettingsChange) -> Result<(), DbError> {
    let visibility = change.visibility.unwrap_or(state.visibility);
    let gating = change.gating.unwrap_or(state.gating);
    let settings = change.applied_to(&state.settings);
    tx.exec(
        "UPDATE repo SET visibility = $2, gated = $3, settings = $4 WHERE id = $1",
        args![state.id.0, visibility.word(), gating.to_db(), settings_json(&settings)],
    )
    .await?;
    Ok(())
}

/// Switches the repository off or on; answers whether it is still there.
pub(crate) async fn set_disabled(tx: &mut Tx, id: RepoId, is_off: bool) -> Result<bool, DbError> {
    let changed = tx.exec("UPDATE repo SET disabled = $2 WHERE id = $1", args![id.0, i64::from(is_off)]).await?;
    Ok(changed == 1)
}

/// Marks a repository as not for all audiences, or no longer; its row is locked.
pub(crate) async fn set_not_for_all(tx: &mut Tx, id: RepoId, is_marked: bool) -> Result<(), RepoError> {
    let (text,): (String,) = tx.query_one("SELECT settings FROM repo WHERE id = $1", args![id.0]).await?;
    let damaged = |_| RepoError::Inconsistent(format!("repository {} has damaged settings", id.0));
    let mut settings: Settings = serde_json::from_str(&text).map_err(damaged)?;
    settings.not_for_all_audiences = is_marked;
    tx.exec("UPDATE repo SET settings = $2 WHERE id = $1", args![id.0, settings_json(&settings)]).await?;
    Ok(())
}

/// Marks the moment of the last change; answers whether the repository is still there. Its row stays locked until the
/// transaction ends, so that it cannot be deleted in between.
pub(crate) async fn touch(tx: &mut Tx, id: RepoId, at: Timestamp) -> Result<bool, DbError> {
    let touched = tx.exec("UPDATE repo SET modified_ms = $2 WHERE id = $1", args![id.0, at]).await?;
    Ok(touched == 1)
}

/// Keeps the repository from being deleted until the transaction ends; answers whether it is still there.
pub(crate) async fn lock(tx: &mut Tx, id: RepoId) -> Result<bool, DbError> {
    let locked = tx.exec("UPDATE repo SET modified_ms = modified_ms WHERE id = $1", args![id.0]).await?;
    Ok(locked == 1)
}

/// Adds to the bytes that the repository is charged with; negative after a purge.
pub(crate) async fn add_used_bytes(tx: &mut Tx, id: RepoId, delta: i64) -> Result<(), DbError> {
    tx.exec("UPDATE repo SET used_bytes = used_bytes + $2 WHERE id = $1", args![id.0, delta]).await?;
    Ok(())
}

/// Removes the repository and every row that belongs to it. Large content without a holder is collected later.
pub(crate) async fn delete(tx: &mut Tx, id: RepoId) -> Result<(), DbError> {
    for table in [
        "bucket",
        "bucket_file",
        "bucket_folder",
        "bucket_change",
        "git_ref",
        "branch_rule",
        "space_environment",
        "lfs_lock",
        "pull",
        "path_change",
        "git_commit",
        "git_object",
        "repo_large_object",
        "upload",
        "repo_tag",
        "repo_alias",
        "download_day",
        "download_seen",
    ] {
        tx.exec(&format!("DELETE FROM {table} WHERE repo_id = $1"), args![id.0]).await?;
    }
    tx.exec("DELETE FROM repo WHERE id = $1", args![id.0]).await?;
    Ok(())
}

/// Gives `to` all references, commits, objects and large files of `from`; content is shared, so no bytes move.
pub(crate) async fn copy_content(
    tx: &mut Tx,
    from: RepoId,
    to: RepoId,
    by: NamespaceId,
    at: Timestamp,
) -> Result<(), DbError> {
    const COPIES: [(&str, &str); 5] = [
        ("git_object", "oid, kind, size, data, content, target, target_size, created_ms, base, delta_size, depth"),
        ("git_commit", "oid, tree, first_parent, parents, generation, ancestors, seconds, introduced"),
        ("path_change", "path, generation, commit_oid"),
        ("git_ref", "name, oid, updated_ms"),
        ("repo_tag", "tag"),
    ];
    for (table, columns) in COPIES {
        // Branches of pull requests belong to the discussions of the original.
        let only = if table == "git_ref" { " AND name NOT LIKE 'refs/pr/%'" } else { "" };
        let sql = format!(
            "INSERT INTO {table} (repo_id, {columns}) SELECT $2, {columns} FROM {table} WHERE repo_id = $1{only}"
        );
        tx.exec(&sql, args![from.0, to.0]).await?;
    }
    tx.exec(
        "INSERT INTO repo_large_object (repo_id, sha256, pushed_by, pushed_ms) \
         SELECT $2, sha256, $3, $4 FROM repo_large_object WHERE repo_id = $1",
        args![from.0, to.0, by.key(), at],
    )
    .await?;
    tx.exec(
        "UPDATE repo SET facts = (SELECT facts FROM repo WHERE id = $1), \
         used_bytes = (SELECT used_bytes FROM repo WHERE id = $1) WHERE id = $2",
        args![from.0, to.0],
    )
    .await?;
    Ok(())
}

/// How many repositories a namespace owns.
pub(crate) async fn count_of(db: &Db, namespace: NamespaceId) -> Result<i64, DbError> {
    let (count,): (i64,) =
        db.query_one("SELECT COUNT(*) FROM repo WHERE namespace_id = $1", args![namespace.key()]).await?;
    Ok(count)
}

/// Repositories that hold a content, at most `limit`.
pub(crate) async fn holders(db: &Db, sha256: hub_core::Sha256, limit: i64) -> Result<Vec<RepoRow>, DbError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM repo_large_object r JOIN repo ON repo.id = r.repo_id WHERE r.sha256 = $1 LIMIT $2"
    );
    db.query(&sql, args![sha256, limit]).await
}

/// The bytes that all repositories of a namespace are charged with.
pub(crate) async fn used_by(db: &Db, namespace: NamespaceId) -> Result<u64, DbError> {
    let (used,): (i64,) = db
        .query_one(
            "SELECT CAST(COALESCE(SUM(used_bytes), 0) AS BIGINT) FROM repo WHERE namespace_id = $1",
            args![namespace.key()],
        )
        .await?;
    Ok(used.max(0) as u64)
}

/// What a person calls the repository, for reports.
pub(crate) async fn name_of(db: &Db, id: RepoId) -> Result<Option<String>, DbError> {
    let row: Option<(String, String)> =
        db.query_opt("SELECT namespace, name FROM repo WHERE id = $1", args![id.0]).await?;
    Ok(row.map(|(namespace, name)| format!("{namespace}/{name}")))
}
