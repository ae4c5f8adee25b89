//! The query behind lists.

use hub_account::NamespaceId;
use hub_core::{Oid, Timestamp};
use hub_db::{Db, DbError, FromRow, Row, Value, args};

use crate::list::{ListCursor, ListQuery, ListedRepo, SortKey};
use crate::store::repos::{COLUMNS, RepoRow};
use crate::{Facts, RepoError, RepoId};

/// How many columns a [`RepoRow`] takes.
const REPO_COLUMNS: usize = 18;

/// A repository with what lists show beside its state.
pub(crate) struct ListRow {
    repo: RepoRow,
    facts: String,
    head: Option<Oid>,
    id: i64,
    created: i64,
    modified: i64,
    downloads: i64,
    likes: i64,
    trending: i64,
}

impl FromRow for ListRow {
    fn from_row(row: &Row<'_>) -> Result<Self, DbError> {
        Ok(Self {
            repo: RepoRow::from_row(row)?,
            facts: row.get(REPO_COLUMNS)?,
            head: row.get(REPO_COLUMNS + 1)?,
            id: row.get(0)?,
            created: row.get(9)?,
            modified: row.get(10)?,
            downloads: row.get(13)?,
            likes: row.get(15)?,
            trending: row.get(16)?,
        })
    }
}

impl ListRow {
    pub(crate) fn cursor(&self, sort: SortKey) -> ListCursor {
        let value = match sort {
            SortKey::Created => self.created,
            SortKey::Modified => self.modified,
            SortKey::Downloads => self.downloads,
            SortKey::Likes => self.likes,
            SortKey::Trending => self.trending,
        };
        ListCursor { value, id: self.id }
    }

    pub(crate) fn into_listed(self) -> Result<ListedRepo, RepoError> {
        let facts = Facts::from_row(&self.facts)?;
        Ok(ListedRepo { state: self.repo.into_state()?, facts, head: self.head })
    }
}

fn column(sort: SortKey) -> &'static str {
    match sort {
        SortKey::Created => "repo.created_ms",
        SortKey::Modified => "repo.modified_ms",
        SortKey::Downloads => "repo.downloads",
        SortKey::Likes => "repo.likes",
        SortKey::Trending => "repo.trending",
    }
}

/// Conditions and their values, numbered as they come.
#[derive(Default)]
struct Conditions {
    texts: Vec<String>,
    values: Vec<Value>,
}

impl Conditions {
    /// Adds a condition in which `?` stands for the value.
    fn add(&mut self, text: &str, value: impl Into<Value>) {
        self.values.push(value.into());
        self.texts.push(text.replace('?', &format!("${}", self.values.len())));
    }
}

/// A page of a list. With `named`, the name without that of its owner must hold the text.
pub(crate) async fn page(
    db: &Db,
    query: &ListQuery,
    named: Option<&str>,
    namespaces: &[NamespaceId],
    limit: i64,
) -> Result<Vec<ListRow>, DbError> {
    let mut conditions = Conditions::default();
    conditions.add("repo.kind = ?", query.kind.to_db());
    conditions.texts.push(visible(namespaces));
    if let Some(text) = named {
        conditions.add("repo.name_key LIKE ? ESCAPE '\\'", like_pattern(text));
    }
    if let Some(author) = &query.author {
        conditions.add("repo.namespace_key = ?", author.to_ascii_lowercase());
    }
    for text in &query.search {
        conditions.add("repo.namespace_key || '/' || repo.name_key LIKE ? ESCAPE '\\'", like_pattern(text));
    }
    for tag in &query.tags {
        conditions
            .add("EXISTS (SELECT 1 FROM repo_tag WHERE repo_tag.tag = ? AND repo_tag.repo_id = repo.id)", tag.as_str());
    }
    if let Some(gated) = query.gated {
        conditions.texts.push(format!("repo.gated {} ''", if gated { "<>" } else { "=" }));
    }
    if let Some(min) = query.parameters_min {
        conditions.add("repo.parameters >= ?", i64::try_from(min).unwrap_or(i64::MAX));
    }
    if let Some(max) = query.parameters_max {
        conditions.add("repo.parameters <= ?", i64::try_from(max).unwrap_or(i64::MAX));
    }
    let (sort, order, beyond) = match query.ascending {
        true => (column(query.sort), "ASC", ">"),
        false => (column(query.sort), "DESC", "<"),
    };
    if let Some(cursor) = query.after {
        let first = conditions.values.len() + 1;
        conditions.values.extend([Value::from(cursor.value), Value::from(cursor.id)]);
        conditions.texts.push(format!("({sort}, repo.id) {beyond} (${first}, ${})", first + 1));
    }
    conditions.values.push(Value::from(limit));
    let sql = format!(
        "SELECT {COLUMNS}, repo.facts, git_ref.oid FROM repo \
         LEFT JOIN git_ref ON git_ref.repo_id = repo.id AND git_ref.name = 'refs/heads/main' \
         WHERE {} ORDER BY {sort} {order}, repo.id {order} LIMIT ${}",
        conditions.texts.join(" AND "),
        conditions.values.len(),
    );
    db.query(&sql, &conditions.values).await
}

/// The repositories of these keys, in no order.
pub(crate) async fn of(db: &Db, ids: &[RepoId]) -> Result<Vec<ListRow>, DbError> {
    let keys: Vec<Value> = ids.iter().map(|id| Value::from(id.key())).collect();
    let sql = format!(
        "SELECT {COLUMNS}, repo.facts, git_ref.oid FROM repo \
         LEFT JOIN git_ref ON git_ref.repo_id = repo.id AND git_ref.name = 'refs/heads/main' WHERE repo.id IN ({{in}})"
    );
    db.query_in(&sql, &[], &keys).await
}

/// The condition that a repository is public or of one of the namespaces.
fn visible(namespaces: &[NamespaceId]) -> String {
    if namespaces.is_empty() {
        return "repo.visibility = 'public'".to_owned();
    }
    let own: Vec<String> = namespaces.iter().map(|namespace| namespace.key().to_string()).collect();
    format!("(repo.visibility = 'public' OR repo.namespace_id IN ({}))", own.join(", "))
}

/// The newest repositories of some owners in a stretch of time, each with when it was made.
pub(crate) async fn created_of(
    db: &Db,
    owners: &[NamespaceId],
    (since, before, key): (Timestamp, Timestamp, i64),
    limit: i64,
) -> Result<Vec<(RepoId, Timestamp)>, RepoError> {
    let keys: Vec<Value> = owners.iter().map(|owner| Value::from(owner.key())).collect();
    let rows: Vec<(i64, Timestamp)> = db
        .query_in(
            "SELECT id, created_ms FROM repo WHERE namespace_id IN ({in}) AND created_ms >= $1 \
             AND (created_ms, id) < ($2, $3) ORDER BY created_ms DESC, id DESC LIMIT $4",
            args![since, before, key, limit],
            &keys,
        )
        .await?;
    Ok(rows.into_iter().map(|(id, at)| (RepoId(id), at)).collect())
}

/// The kinds of which a namespace has repositories that are public or of one of the namespaces, each with their number.
pub(crate) async fn counts(
    db: &Db,
    owner: NamespaceId,
    namespaces: &[NamespaceId],
) -> Result<Vec<(i64, i64)>, DbError> {
    let visible = visible(namespaces);
    let sql = format!("SELECT kind, COUNT(*) FROM repo WHERE repo.namespace_id = $1 AND {visible} GROUP BY kind");
    db.query(&sql, args![owner.key()]).await
}

/// The pattern that finds a text anywhere, its own wildcards taken literally.
fn like_pattern(text: &str) -> String {
    let escaped: String = text
        .to_lowercase()
        .chars()
        .flat_map(|c| matches!(c, '%' | '_' | '\\').then_some('\\').into_iter().chain([c]))
        .collect();
    format!("%{escaped}%")
}
