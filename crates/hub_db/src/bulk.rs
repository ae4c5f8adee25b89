//! Many rows and many keys in few statements.

use deadpool_postgres::ClientWrapper;
use rusqlite::{Connection, params_from_iter};
use tokio_postgres::types::ToSql;

use crate::{DbError, Value};

/// What an insert does with a row that is there already.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OnConflict {
    /// Fails with [`DbError::Unique`].
    Fail,
    /// Leaves the old row as it is.
    Ignore,
}

/// The lengths to which lists of keys are filled up, so that few different statements are ever prepared.
const LIST_SIZES: [usize; 4] = [1, 8, 64, 512];
/// Rows that PostgreSQL takes in one statement.
const ROWS_PER_INSERT: usize = 1000;

/// One statement of a question about many keys.
pub(crate) struct Part {
    pub(crate) sql: String,
    pub(crate) args: Vec<Value>,
}

/// Splits `keys` into statements; each list is filled up by repeating its last key, which adds no rows to `{in}`.
pub(crate) fn expand(sql: &str, args: &[Value], keys: &[Value]) -> Vec<Part> {
    debug_assert!(sql.contains("{in}") || sql.contains("{rows}"), "the statement says where the keys go: {sql}");
    let longest = LIST_SIZES[LIST_SIZES.len() - 1];
    let part = |chunk: &[Value]| {
        let size = LIST_SIZES.into_iter().find(|size| *size >= chunk.len()).unwrap_or(longest);
        let list: Vec<String> = (1..=size).map(|place| format!("${}", args.len() + place)).collect();
        let filler = chunk.last().into_iter().cycle();
        let args = args.iter().chain(chunk.iter().chain(filler).take(size)).cloned().collect();
        let rows = || format!("({})", list.join("), ("));
        let sql = if sql.contains("{rows}") { sql.replace("{rows}", &rows()) } else { sql.to_owned() };
        Part { sql: sql.replace("{in}", &list.join(", ")), args }
    };
    keys.chunks(longest).map(part).collect()
}

fn insert_head(table: &str, columns: &[&str]) -> String {
    format!("INSERT INTO {table} ({})", columns.join(", "))
}

fn single_row(table: &str, columns: &[&str], on_conflict: OnConflict) -> String {
    let places: Vec<String> = (1..=columns.len()).map(|place| format!("${place}")).collect();
    format!("{} VALUES ({}){}", insert_head(table, columns), places.join(", "), tail(on_conflict))
}

fn tail(on_conflict: OnConflict) -> &'static str {
    match on_conflict {
        OnConflict::Fail => "",
        OnConflict::Ignore => " ON CONFLICT DO NOTHING",
    }
}

pub(crate) fn insert_sqlite(
    connection: &Connection,
    table: &str,
    columns: &[&str],
    rows: &[Vec<Value>],
    on_conflict: OnConflict,
) -> Result<u64, DbError> {
    let mut statement = connection.prepare_cached(&single_row(table, columns, on_conflict))?;
    let mut count = 0;
    for row in rows {
        count += statement.execute(params_from_iter(row))? as u64;
    }
    Ok(count)
}

pub(crate) async fn insert_postgres(
    client: &ClientWrapper,
    table: &str,
    columns: &[&str],
    rows: &[Vec<Value>],
    on_conflict: OnConflict,
) -> Result<u64, DbError> {
    // Preparing the insert of one row tells the type of each column, which the arrays must name.
    let one = client.prepare_cached(&single_row(table, columns, on_conflict)).await?;
    let arrays: Vec<String> =
        one.params().iter().enumerate().map(|(at, ty)| format!("${}::{}[]", at + 1, ty.name())).collect();
    let head = insert_head(table, columns);
    let sql = format!("{head} SELECT * FROM unnest({}){}", arrays.join(", "), tail(on_conflict));
    let statement = client.prepare_cached(&sql).await?;
    let mut count = 0;
    for chunk in rows.chunks(ROWS_PER_INSERT) {
        let values: Vec<Vec<&Value>> =
            (0..columns.len()).map(|column| chunk.iter().map(|row| &row[column]).collect()).collect();
        let bound: Vec<&(dyn ToSql + Sync)> = values.iter().map(|array| array as &(dyn ToSql + Sync)).collect();
        count += client.execute(&statement, &bound).await?;
    }
    Ok(count)
}
