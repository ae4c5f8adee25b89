//! Rows of the tables that people publish, page by page: CSV, TSV, JSON lines and Parquet.
//!
//! Files are read by ranges and only where the rows are that are shown, whatever their size; nothing of a repository is
//! ever run. Everything is bounded: bytes read, pages decompressed, rows, columns, characters of a cell. A file that is
//! not what its name says is no failure: there is just no table to show.

mod csv;
mod format;
mod json_lines;
mod parquet_file;
mod table;

use bytes::{Bytes, BytesMut};
use futures::TryStreamExt;
use hub_repo::{FileContent, Repo, RepoError};

pub use format::Format;
pub use table::{Column, Start, Table};

/// How much of a text is read for a page.
const PAGE_MAX: u64 = 1 << 20;
/// How much of a text is read for the names of its columns.
const HEAD_MAX: u64 = 64 << 10;

/// Rows of a file from `start` on, at most `most` of them; nothing if it is damaged or does not fit the bounds.
pub async fn rows(
    repo: &Repo,
    file: &FileContent,
    format: Format,
    start: Start,
    most: usize,
) -> Result<Option<Table>, RepoError> {
    if format == Format::Parquet {
        return parquet_file::rows(repo, file, start.row, most).await;
    }
    let begin = start.byte.min(file.size);
    let end = begin.saturating_add(PAGE_MAX).min(file.size);
    let text = read(repo, file, begin..end).await?;
    let head = match (begin, format) {
        (0, _) | (_, Format::JsonLines | Format::Parquet) => Bytes::new(),
        _ => read(repo, file, 0..HEAD_MAX.min(file.size)).await?,
    };
    let is_whole = end == file.size;
    let parse = move || {
        let mut table = match format {
            Format::Csv => csv::table(&text, &head, b',', is_whole, most),
            Format::Tsv => csv::table(&text, &head, b'\t', is_whole, most),
            Format::JsonLines | Format::Parquet => json_lines::table(&text, is_whole, most),
        };
        table.first = if begin == 0 { 0 } else { start.row };
        if let Some(next) = &mut table.next {
            next.row = next.row.saturating_add(table.first);
            next.byte += begin;
        }
        table
    };
    Ok(tokio::task::spawn_blocking(parse).await.ok().filter(|table| !table.columns.is_empty()))
}

/// A range of a file in memory.
async fn read(repo: &Repo, file: &FileContent, range: std::ops::Range<u64>) -> Result<Bytes, RepoError> {
    let mut stream = repo.read(file, range).await?;
    let mut bytes = BytesMut::new();
    while let Some(chunk) = stream.try_next().await? {
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes.freeze())
}
