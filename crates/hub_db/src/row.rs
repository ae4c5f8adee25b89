//! What comes out of a statement: rows, and how columns become values of the program.

use hub_core::{CommitId, Oid, Sha256, Timestamp, XetHash};
use rusqlite::types::ValueRef;
use tokio_postgres::types::Type;

use crate::DbError;

/// One row of a result, readable while it is decoded.
pub struct Row<'a>(Source<'a>);

enum Source<'a> {
    Sqlite(&'a rusqlite::Row<'a>),
    Postgres(&'a tokio_postgres::Row),
}

/// The raw content of one column, the same for both databases.
#[derive(Clone, Copy, Debug)]
pub enum Cell<'a> {
    /// No value.
    Null,
    /// An integer, a flag or a moment.
    Int(i64),
    /// A number with a fraction.
    Real(f64),
    /// Text.
    Text(&'a str),
    /// Bytes.
    Blob(&'a [u8]),
}

/// Why a cell is not what a [`Column`] expects.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct CellError(pub String);

/// A type that one column holds. Crates implement it for their own words, such as an enum kept as text.
pub trait Column: Sized {
    /// Reads the cell.
    fn from_cell(cell: Cell<'_>) -> Result<Self, CellError>;
}

/// A type that one row holds: tuples of columns, and structs that read theirs by position.
pub trait FromRow: Sized + Send + 'static {
    /// Reads the row.
    fn from_row(row: &Row<'_>) -> Result<Self, DbError>;
}

impl<'a> Row<'a> {
    pub(crate) fn sqlite(row: &'a rusqlite::Row<'a>) -> Self {
        Self(Source::Sqlite(row))
    }

    pub(crate) fn postgres(row: &'a tokio_postgres::Row) -> Self {
        Self(Source::Postgres(row))
    }

    /// The value of the column at `index`, counted from 0 in the order of the `SELECT` list.
    pub fn get<T: Column>(&self, index: usize) -> Result<T, DbError> {
        let cell = match &self.0 {
            Source::Sqlite(row) => sqlite_cell(row, index),
            Source::Postgres(row) => postgres_cell(row, index),
        };
        cell.and_then(T::from_cell).map_err(|CellError(reason)| DbError::Decode { column: index, reason })
    }
}

fn sqlite_cell<'r>(row: &'r rusqlite::Row<'_>, index: usize) -> Result<Cell<'r>, CellError> {
    Ok(match row.get_ref(index).map_err(|error| CellError(error.to_string()))? {
        ValueRef::Null => Cell::Null,
        ValueRef::Integer(value) => Cell::Int(value),
        ValueRef::Real(value) => Cell::Real(value),
        ValueRef::Text(bytes) => {
            Cell::Text(std::str::from_utf8(bytes).map_err(|_| CellError("text that is not UTF-8".into()))?)
        }
        ValueRef::Blob(bytes) => Cell::Blob(bytes),
    })
}

fn postgres_cell(row: &tokio_postgres::Row, index: usize) -> Result<Cell<'_>, CellError> {
    let column = row.columns().get(index).ok_or_else(|| CellError("there is no such column".into()))?;
    let fail = |error: tokio_postgres::Error| CellError(error.to_string());
    let cell = match *column.type_() {
        Type::INT8 => row.try_get::<_, Option<i64>>(index).map_err(fail)?.map(Cell::Int),
        Type::INT4 => row.try_get::<_, Option<i32>>(index).map_err(fail)?.map(|v| Cell::Int(v.into())),
        Type::INT2 => row.try_get::<_, Option<i16>>(index).map_err(fail)?.map(|v| Cell::Int(v.into())),
        Type::BOOL => row.try_get::<_, Option<bool>>(index).map_err(fail)?.map(|v| Cell::Int(v.into())),
        Type::FLOAT8 => row.try_get::<_, Option<f64>>(index).map_err(fail)?.map(Cell::Real),
        Type::TEXT | Type::VARCHAR | Type::NAME => row.try_get::<_, Option<&str>>(index).map_err(fail)?.map(Cell::Text),
        Type::BYTEA => row.try_get::<_, Option<&[u8]>>(index).map_err(fail)?.map(Cell::Blob),
        Type::NUMERIC => return Err(CellError("a NUMERIC: write CAST(… AS BIGINT) around the sum".into())),
        ref other => return Err(CellError(format!("a {other}, which has no equal in SQLite"))),
    };
    Ok(cell.unwrap_or(Cell::Null))
}

impl Cell<'_> {
    /// The error for a cell that holds something else than `wanted`.
    pub fn unlike(self, wanted: &str) -> CellError {
        let found = match self {
            Cell::Null => "nothing",
            Cell::Int(_) => "an integer",
            Cell::Real(_) => "a real number",
            Cell::Text(_) => "text",
            Cell::Blob(_) => "bytes",
        };
        CellError(format!("wanted {wanted}, found {found}"))
    }
}

macro_rules! column {
    ($($target:ty, $wanted:literal: $($pattern:pat => $value:expr),+;)*) => {
        $(impl Column for $target {
            fn from_cell(cell: Cell<'_>) -> Result<Self, CellError> {
                match cell {
                    $($pattern => Ok($value),)+
                    other => Err(other.unlike($wanted)),
                }
            }
        })*
    };
}

column! {
    i64, "an integer": Cell::Int(value) => value;
    bool, "a flag": Cell::Int(value) => value != 0;
    Timestamp, "a moment": Cell::Int(value) => Timestamp::from_millis(value);
    // SQLite keeps a real number without fraction as an integer where the column's type allows it.
    f64, "a real number": Cell::Real(value) => value, Cell::Int(value) => value as f64;
    String, "text": Cell::Text(value) => value.to_owned();
    Vec<u8>, "bytes": Cell::Blob(value) => value.to_vec();
    bytes::Bytes, "bytes": Cell::Blob(value) => bytes::Bytes::copy_from_slice(value);
}

impl Column for Oid {
    fn from_cell(cell: Cell<'_>) -> Result<Self, CellError> {
        match cell {
            Cell::Blob(bytes) => Oid::from_slice(bytes).map_err(|error| CellError(error.to_string())),
            other => Err(other.unlike("the bytes of an object id")),
        }
    }
}

impl Column for Sha256 {
    fn from_cell(cell: Cell<'_>) -> Result<Self, CellError> {
        match cell {
            Cell::Blob(bytes) => Sha256::from_slice(bytes).map_err(|error| CellError(error.to_string())),
            other => Err(other.unlike("the bytes of a SHA-256")),
        }
    }
}

impl Column for XetHash {
    fn from_cell(cell: Cell<'_>) -> Result<Self, CellError> {
        match cell {
            Cell::Blob(bytes) => XetHash::from_slice(bytes).map_err(|error| CellError(error.to_string())),
            other => Err(other.unlike("the bytes of a Xet hash")),
        }
    }
}

/// A column of commit ids holds nothing else: whoever wrote it knew that it was a commit.
impl Column for CommitId {
    fn from_cell(cell: Cell<'_>) -> Result<Self, CellError> {
        Oid::from_cell(cell).map(CommitId::new)
    }
}

impl<T: Column> Column for Option<T> {
    fn from_cell(cell: Cell<'_>) -> Result<Self, CellError> {
        match cell {
            Cell::Null => Ok(None),
            cell => T::from_cell(cell).map(Some),
        }
    }
}

macro_rules! tuple {
    ($($name:ident $index:literal),+) => {
        impl<$($name: Column + Send + 'static),+> FromRow for ($($name,)+) {
            fn from_row(row: &Row<'_>) -> Result<Self, DbError> {
                Ok(($(row.get::<$name>($index)?,)+))
            }
        }
    };
}

tuple!(A 0);
tuple!(A 0, B 1);
tuple!(A 0, B 1, C 2);
tuple!(A 0, B 1, C 2, D 3);
tuple!(A 0, B 1, C 2, D 3, E 4);
tuple!(A 0, B 1, C 2, D 3, E 4, F 5);
tuple!(A 0, B 1, C 2, D 3, E 4, F 5, G 6);
tuple!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7);
tuple!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8);
tuple!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9);
tuple!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10);
tuple!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10, L 11);
tuple!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10, L 11, M 12);
tuple!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10, L 11, M 12, N 13);
