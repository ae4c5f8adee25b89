//! Parquet: the schema from the footer, and of the row groups no more pages than the rows that are shown.
//!
//! The library reads when it pleases, so it runs on a thread of its own and its reads become ranges of the file. What
//! a file claims about itself is never believed: bytes read and pages decompressed have limits of ours.

mod ranges;
mod shown;

use std::sync::LazyLock;

use hub_repo::{FileContent, Repo, RepoError};
use parquet::errors::Result;
use parquet::file::reader::{ChunkReader, FileReader, SerializedFileReader};
use parquet::record::reader::TreeBuilder;
use tokio::sync::Semaphore;

use crate::table::{COLUMNS_MAX, Column, Table};
use ranges::Ranges;

/// How many files are decoded at a time; others wait.
static TURNS: LazyLock<Semaphore> = LazyLock::new(|| Semaphore::new(2));
/// More columns than this are a table for machines: only the schema is shown then.
const READ_MAX: usize = 200;

/// The first rows of a file; nothing if it cannot be read within the bounds.
pub(crate) async fn first_rows(
    repo: &Repo,
    file: &FileContent,
    most: usize,
) -> std::result::Result<Option<Table>, RepoError> {
    let Ok(_turn) = TURNS.acquire().await else { return Ok(None) };
    let ranges = Ranges::new(repo.clone(), file.clone());
    // A damaged file may make the library fail in any way; the thread takes it.
    let read = tokio::task::spawn_blocking(move || table(ranges, most)).await;
    Ok(read.ok().and_then(Result::ok).filter(|table| !table.columns.is_empty()))
}

fn table(ranges: impl ChunkReader + 'static, most: usize) -> Result<Table> {
    let reader = SerializedFileReader::new(ranges)?;
    let metadata = reader.metadata().file_metadata();
    let total = u64::try_from(metadata.num_rows()).unwrap_or_default();
    let fields = metadata.schema().get_fields();
    let columns: Vec<Column> =
        fields.iter().take(COLUMNS_MAX).map(|field| Column::new(field.name(), shown::kind(field))).collect();
    let mut table = Table { columns, rows: Vec::new(), total: Some(total), is_cut: total > 0 };
    if metadata.schema_descr().num_columns() > READ_MAX {
        return Ok(table);
    }
    // Rows that cannot be read leave the schema, which is worth seeing alone.
    if let Ok(rows) = rows(&reader, most) {
        table.is_cut = total > rows.len() as u64;
        table.rows = rows;
    }
    Ok(table)
}

fn rows(reader: &impl FileReader, most: usize) -> Result<Vec<Vec<String>>> {
    let mut rows = Vec::new();
    for group in 0..reader.metadata().num_row_groups() {
        if rows.len() >= most {
            break;
        }
        let group = reader.get_row_group(group)?;
        let schema = reader.metadata().file_metadata().schema_descr_ptr();
        let wanted = most - rows.len();
        for row in TreeBuilder::new().with_batch_size(wanted).as_iter(schema, &*group)?.take(wanted) {
            rows.push(row?.get_column_iter().take(COLUMNS_MAX).map(|(_, field)| shown::cell_of(field)).collect());
        }
    }
    Ok(rows)
}

#[cfg(test)]
mod tests;
