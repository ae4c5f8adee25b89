//! Parquet: the schema from the footer, and of the row groups no more pages than the rows that are shown.
//!
//! The library reads when it pleases, so it runs on a thread of its own and its reads become ranges of the file. What
//! a file claims about itself is never believed: bytes read and pages decompressed have limits of ours.

mod flat;
mod ranges;
mod shown;

use std::sync::LazyLock;

use hub_repo::{FileContent, Repo, RepoError};
use parquet::errors::{ParquetError, Result};
use parquet::file::reader::{ChunkReader, FileReader, RowGroupReader, SerializedFileReader};
use parquet::record::reader::TreeBuilder;
use tokio::sync::Semaphore;

use crate::table::{COLUMNS_MAX, Column, Start, Table};
use ranges::Ranges;

/// How many files are decoded at a time; others wait.
static TURNS: LazyLock<Semaphore> = LazyLock::new(|| Semaphore::new(2));
/// More columns than this are a table for machines: only the schema is shown then.
const READ_MAX: usize = 200;
/// How many values are decoded to get to the rows of a page, where they cannot be passed over.
const PASSED_MAX: usize = 2_000_000;

/// Rows of a file from the row `first` on; nothing if it cannot be read within the bounds.
pub(crate) async fn rows(
    repo: &Repo,
    file: &FileContent,
    first: u64,
    most: usize,
) -> std::result::Result<Option<Table>, RepoError> {
    let Ok(_turn) = TURNS.acquire().await else { return Ok(None) };
    let ranges = Ranges::new(repo.clone(), file.clone());
    // A damaged file may make the library fail in any way; the thread takes it.
    let read = tokio::task::spawn_blocking(move || table(ranges, first, most)).await;
    Ok(read.ok().and_then(Result::ok).filter(|table| !table.columns.is_empty()))
}

fn table(ranges: impl ChunkReader + 'static, first: u64, most: usize) -> Result<Table> {
    let reader = SerializedFileReader::new(ranges)?;
    let metadata = reader.metadata().file_metadata();
    let total = u64::try_from(metadata.num_rows()).unwrap_or_default();
    let first = first.min(total);
    let fields = metadata.schema().get_fields();
    let columns: Vec<Column> =
        fields.iter().take(COLUMNS_MAX).map(|field| Column::new(field.name(), shown::kind(field))).collect();
    let mut table = Table { columns, first, total: Some(total), is_cut: total > first, ..Table::default() };
    if metadata.schema_descr().num_columns() > READ_MAX {
        return Ok(table);
    }
    // Rows that cannot be read leave the schema, which is worth seeing alone.
    if let Ok(rows) = read_rows(&reader, first, most) {
        let next = first + rows.len() as u64;
        table.is_cut = total > next;
        table.next = (table.is_cut && !rows.is_empty()).then_some(Start { row: next, byte: 0 });
        table.rows = rows;
    }
    Ok(table)
}

/// Rows from `first` on. Groups before them are passed over unread.
fn read_rows(reader: &impl FileReader, first: u64, most: usize) -> Result<Vec<Vec<String>>> {
    let (mut rows, mut before) = (Vec::new(), 0_u64);
    for group in 0..reader.metadata().num_row_groups() {
        if rows.len() >= most {
            break;
        }
        let count = u64::try_from(reader.metadata().row_group(group).num_rows()).unwrap_or_default();
        let skip = first.saturating_sub(before).min(count);
        before = before.saturating_add(count);
        if skip == count {
            continue;
        }
        let skip = usize::try_from(skip).unwrap_or(usize::MAX);
        let group = reader.get_row_group(group)?;
        rows.extend(rows_of_group(&*group, skip, most - rows.len())?);
    }
    Ok(rows)
}

/// Rows of one group behind the first `skip`.
fn rows_of_group(group: &dyn RowGroupReader, skip: usize, most: usize) -> Result<Vec<Vec<String>>> {
    let schema = group.metadata().schema_descr_ptr();
    if flat::is_flat(&schema) {
        return flat::rows(group, skip, most);
    }
    // Lists and structures are put together from their columns row by row, so what comes before is decoded too.
    if skip.saturating_mul(schema.num_columns()) > PASSED_MAX {
        return Err(ParquetError::General("too many values lie before the rows".to_owned()));
    }
    let batch = most.max(skip.min(1000));
    let found = TreeBuilder::new().with_batch_size(batch).as_iter(schema, group)?.skip(skip).take(most);
    found
        .map(|row| Ok(row?.get_column_iter().take(COLUMNS_MAX).map(|(_, field)| shown::cell_of(field)).collect()))
        .collect()
}

#[cfg(test)]
mod tests;
