//! The first rows of the tables that people publish: CSV, TSV, JSON lines and Parquet.
//!
//! Files are read by ranges and only as far as the rows that are shown, whatever their size; nothing of a repository is
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
pub use table::{Column, Table};

/// How much of a text is read.
const PREFIX_MAX: u64 = 1 << 20;

/// The first rows of a file, at most `most` of them; nothing if it is damaged or does not fit the bounds.
pub async fn first_rows(
    repo: &Repo,
    file: &FileContent,
    format: Format,
    most: usize,
) -> Result<Option<Table>, RepoError> {
    if format == Format::Parquet {
        return parquet_file::first_rows(repo, file, most).await;
    }
    let prefix = read(repo, file, 0..PREFIX_MAX.min(file.size)).await?;
    let is_whole = prefix.len() as u64 == file.size;
    let parse = move || {
        let text = String::from_utf8_lossy(&prefix);
        match format {
            Format::Csv => csv::table(&text, b',', is_whole, most),
            Format::Tsv => csv::table(&text, b'\t', is_whole, most),
            Format::JsonLines | Format::Parquet => json_lines::table(&text, is_whole, most),
        }
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
