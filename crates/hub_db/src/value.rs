//! What is bound to a placeholder.

use bytes::{Bytes, BytesMut};
use hub_core::{CommitId, NamespaceName, Oid, RefName, RepoName, RepoPath, Sha256, Timestamp, XetHash};
use rusqlite::types::{ToSqlOutput, ValueRef};
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};

use crate::DbError;

/// A value on its way into a statement.
#[derive(Clone, PartialEq, Debug)]
pub enum Value {
    /// No value, of whatever type the statement wants.
    Null,
    /// An integer, a flag or a moment.
    Int(i64),
    /// A number with a fraction.
    Real(f64),
    /// Text.
    Text(String),
    /// Bytes.
    Blob(Vec<u8>),
}

/// Turns each expression into a [`Value`] and gives them as a slice, the form in which statements take them.
#[macro_export]
macro_rules! args {
    () => { &[] as &[$crate::Value] };
    ($($value:expr),+ $(,)?) => { &[$($crate::Value::from($value)),+][..] };
}

/// Refuses what only one of the two databases would take.
pub(crate) fn check(values: &[Value]) -> Result<(), DbError> {
    let has_nul = |value: &Value| matches!(value, Value::Text(text) if text.as_bytes().contains(&0));
    if values.iter().any(has_nul) { Err(DbError::NulInText) } else { Ok(()) }
}

macro_rules! from {
    ($($source:ty => $variant:ident($value:ident) $make:expr;)*) => {
        $(impl From<$source> for Value {
            fn from($value: $source) -> Self {
                Value::$variant($make)
            }
        })*
    };
}

from! {
    i64 => Int(v) v;
    i32 => Int(v) i64::from(v);
    u32 => Int(v) i64::from(v);
    bool => Int(v) i64::from(v);
    Timestamp => Int(v) v.millis();
    f64 => Real(v) v;
    &str => Text(v) v.to_owned();
    String => Text(v) v;
    &String => Text(v) v.clone();
    &NamespaceName => Text(v) v.as_str().to_owned();
    &RepoName => Text(v) v.as_str().to_owned();
    &RepoPath => Text(v) v.as_str().to_owned();
    &RefName => Text(v) v.as_str().to_owned();
    Vec<u8> => Blob(v) v;
    &Vec<u8> => Blob(v) v.clone();
    &[u8] => Blob(v) v.to_vec();
    Bytes => Blob(v) v.into();
    &Bytes => Blob(v) v.to_vec();
    Oid => Blob(v) v.as_bytes().to_vec();
    &Oid => Blob(v) v.as_bytes().to_vec();
    Sha256 => Blob(v) v.as_bytes().to_vec();
    &Sha256 => Blob(v) v.as_bytes().to_vec();
    XetHash => Blob(v) v.as_bytes().to_vec();
    &XetHash => Blob(v) v.as_bytes().to_vec();
    CommitId => Blob(v) v.oid().as_bytes().to_vec();
    &CommitId => Blob(v) v.oid().as_bytes().to_vec();
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Value::Null, Into::into)
    }
}

impl From<&Value> for Value {
    fn from(value: &Value) -> Self {
        value.clone()
    }
}

impl rusqlite::ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Value::Null => ValueRef::Null,
            Value::Int(value) => ValueRef::Integer(*value),
            Value::Real(value) => ValueRef::Real(*value),
            Value::Text(value) => ValueRef::Text(value.as_bytes()),
            Value::Blob(value) => ValueRef::Blob(value),
        }))
    }
}

/// PostgreSQL says which type a placeholder has; an integer takes the width that is asked for, and anything that does
/// not fit the type is an error here rather than bytes that the server would misread.
impl ToSql for Value {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match (self, ty) {
            (Value::Null, _) => Ok(IsNull::Yes),
            (Value::Int(value), &Type::INT8) => value.to_sql(ty, out),
            (Value::Int(value), &Type::INT4) => i32::try_from(*value)?.to_sql(ty, out),
            (Value::Int(value), &Type::INT2) => i16::try_from(*value)?.to_sql(ty, out),
            (Value::Int(value), &Type::BOOL) => (*value != 0).to_sql(ty, out),
            (Value::Int(value), &Type::FLOAT8) => (*value as f64).to_sql(ty, out),
            (Value::Real(value), &Type::FLOAT8) => value.to_sql(ty, out),
            (Value::Text(value), ty) if <String as ToSql>::accepts(ty) => value.to_sql(ty, out),
            (Value::Blob(value), &Type::BYTEA) => value.to_sql(ty, out),
            (value, ty) => Err(format!("a placeholder of type {ty} cannot take {}", value.kind()).into()),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

impl Value {
    /// The kind of value in words; never the value, which may be personal.
    fn kind(&self) -> &'static str {
        match self {
            Value::Null => "null",
            Value::Int(_) => "an integer",
            Value::Real(_) => "a real number",
            Value::Text(_) => "text",
            Value::Blob(_) => "bytes",
        }
    }
}
