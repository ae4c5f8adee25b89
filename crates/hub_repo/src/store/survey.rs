//! Reading all repositories for an index, with as much of their facts as it needs.

use hub_account::NamespaceId;
use hub_core::{RepoKind, Timestamp};
use hub_db::{Db, DbError, FromRow, Row, Value, args};
use serde::Deserialize;

use crate::survey::Surveyed;
use crate::{Gating, RepoError, RepoId};

const COLUMNS: &str = "id, kind, namespace_id, namespace_key, name_key, visibility, gated, created_ms, modified_ms, \
     downloads, likes, trending, parameters, used_bytes, facts";

struct SurveyRow {
    id: i64,
    kind: i64,
    owner: i64,
    namespace: String,
    name: String,
    visibility: String,
    gated: String,
    created: Timestamp,
    modified: Timestamp,
    downloads: i64,
    likes: i64,
    trending: i64,
    parameters: Option<i64>,
    used_bytes: i64,
    facts: String,
}

impl FromRow for SurveyRow {
    fn from_row(row: &Row<'_>) -> Result<Self, DbError> {
        Ok(Self {
            id: row.get(0)?,
            kind: row.get(1)?,
            owner: row.get(2)?,
            namespace: row.get(3)?,
            name: row.get(4)?,
            visibility: row.get(5)?,
            gated: row.get(6)?,
            created: row.get(7)?,
            modified: row.get(8)?,
            downloads: row.get(9)?,
            likes: row.get(10)?,
            trending: row.get(11)?,
            parameters: row.get(12)?,
            used_bytes: row.get(13)?,
            facts: row.get(14)?,
        })
    }
}

/// The facts that an index needs. What else a card says is passed over, not read.
#[derive(Deserialize, Default)]
#[serde(default)]
struct FewFacts {
    tags: Vec<String>,
    pipeline_tag: Option<String>,
    library_name: Option<String>,
    card_data: Option<FewFields>,
}

/// The fields of a card that name other repositories.
#[derive(Deserialize, Default)]
#[serde(default)]
struct FewFields {
    models: serde_json::Value,
    datasets: serde_json::Value,
}

/// The texts of a field that is a text or a list of them; as many as an index needs.
fn texts(field: &serde_json::Value) -> Vec<String> {
    const TEXTS_MAX: usize = 50;
    match field {
        serde_json::Value::String(text) => vec![text.clone()],
        serde_json::Value::Array(items) => {
            items.iter().filter_map(|item| item.as_str().map(str::to_owned)).take(TEXTS_MAX).collect()
        }
        _ => Vec::new(),
    }
}

impl SurveyRow {
    fn into_surveyed(self) -> Result<Surveyed, RepoError> {
        let damaged = |what: &str| RepoError::Inconsistent(format!("repository {} has a damaged {what}", self.id));
        let facts: FewFacts = serde_json::from_str(&self.facts).map_err(|_| damaged("list of facts"))?;
        let named = facts.card_data.unwrap_or_default();
        Ok(Surveyed {
            id: RepoId(self.id),
            kind: RepoKind::from_db(self.kind).ok_or_else(|| damaged("kind"))?,
            owner: NamespaceId::new(self.owner),
            name: format!("{}/{}", self.namespace, self.name),
            is_hidden: self.visibility != "public",
            gating: Gating::from_db(&self.gated).ok_or_else(|| damaged("gating"))?,
            created: self.created,
            modified: self.modified,
            downloads: self.downloads.max(0) as u64,
            likes: self.likes.max(0) as u64,
            trending: self.trending,
            parameters: self.parameters.map(|count| count.max(0) as u64),
            used_bytes: self.used_bytes.max(0) as u64,
            tags: facts.tags,
            task: facts.pipeline_tag,
            library: facts.library_name,
            models: texts(&named.models),
            datasets: texts(&named.datasets),
        })
    }
}

pub(crate) async fn after(db: &Db, id: i64, limit: i64) -> Result<Vec<Surveyed>, RepoError> {
    let sql = format!("SELECT {COLUMNS} FROM repo WHERE id > $1 ORDER BY id LIMIT $2");
    let rows: Vec<SurveyRow> = db.query(&sql, args![id, limit]).await?;
    rows.into_iter().map(SurveyRow::into_surveyed).collect()
}

pub(crate) async fn of(db: &Db, ids: &[RepoId]) -> Result<Vec<Surveyed>, RepoError> {
    let keys: Vec<Value> = ids.iter().map(|id| Value::from(id.key())).collect();
    let sql = format!("SELECT {COLUMNS} FROM repo WHERE id IN ({{in}})");
    let rows: Vec<SurveyRow> = db.query_in(&sql, args![], &keys).await?;
    rows.into_iter().map(SurveyRow::into_surveyed).collect()
}
