//! Types and values of Parquet as people read them.

use parquet::basic::{ConvertedType, LogicalType, Type as Physical};
use parquet::record::Field;
use parquet::schema::types::Type as SchemaField;

use crate::table::{CELL_MAX, cell};

/// What a field is: `string`, `int64`, `list<float>`, `struct`.
pub(super) fn kind(field: &SchemaField) -> String {
    let info = field.get_basic_info();
    if field.is_group() {
        return match info.converted_type() {
            ConvertedType::LIST => format!("list<{}>", element(field).map_or_else(|| "?".to_owned(), kind)),
            ConvertedType::MAP | ConvertedType::MAP_KEY_VALUE => "map".to_owned(),
            _ => "struct".to_owned(),
        };
    }
    let logical = match info.logical_type_ref() {
        Some(LogicalType::String | LogicalType::Enum) => Some("string"),
        Some(LogicalType::Json) => Some("json"),
        Some(LogicalType::Date) => Some("date"),
        Some(LogicalType::Time { .. }) => Some("time"),
        Some(LogicalType::Timestamp { .. }) => Some("timestamp"),
        Some(LogicalType::Decimal { .. }) => Some("decimal"),
        Some(LogicalType::Uuid) => Some("uuid"),
        Some(LogicalType::Float16) => Some("float16"),
        _ => None,
    };
    let converted = match info.converted_type() {
        ConvertedType::UTF8 | ConvertedType::ENUM => Some("string"),
        ConvertedType::JSON => Some("json"),
        ConvertedType::DATE => Some("date"),
        ConvertedType::TIMESTAMP_MILLIS | ConvertedType::TIMESTAMP_MICROS => Some("timestamp"),
        ConvertedType::DECIMAL => Some("decimal"),
        ConvertedType::INT_8 => Some("int8"),
        ConvertedType::INT_16 => Some("int16"),
        ConvertedType::UINT_8 => Some("uint8"),
        ConvertedType::UINT_16 => Some("uint16"),
        ConvertedType::UINT_32 => Some("uint32"),
        ConvertedType::UINT_64 => Some("uint64"),
        _ => None,
    };
    let physical = match field.get_physical_type() {
        Physical::BOOLEAN => "bool",
        Physical::INT32 => "int32",
        Physical::INT64 => "int64",
        Physical::INT96 => "timestamp",
        Physical::FLOAT => "float32",
        Physical::DOUBLE => "float64",
        Physical::BYTE_ARRAY | Physical::FIXED_LEN_BYTE_ARRAY => "binary",
    };
    logical.or(converted).unwrap_or(physical).to_owned()
}

/// What a list holds: it wraps its elements in a repeated group, or in old files repeats them itself.
fn element(list: &SchemaField) -> Option<&SchemaField> {
    let repeated = list.get_fields().first()?;
    match repeated.is_group() && repeated.get_fields().len() == 1 {
        true => repeated.get_fields().first().map(|element| &**element),
        false => Some(repeated),
    }
}

/// A value as a cell.
pub(super) fn cell_of(field: &Field) -> String {
    match field {
        Field::Null => String::new(),
        Field::Str(text) => cell(text),
        field => {
            let mut shown = String::new();
            write(field, &mut shown);
            cell(&shown)
        }
    }
}

/// Writes a value, until there is more than a cell holds.
fn write(field: &Field, into: &mut String) {
    if into.len() > CELL_MAX * 4 {
        return;
    }
    match field {
        Field::Null => into.push_str("null"),
        Field::Str(text) => {
            into.push('"');
            into.push_str(&cell(text));
            into.push('"');
        }
        Field::Bytes(bytes) => into.push_str(&format!("<{} bytes>", bytes.len())),
        Field::Group(row) => {
            into.push('{');
            for (place, (name, value)) in row.get_column_iter().enumerate() {
                into.push_str(if place == 0 { "" } else { ", " });
                into.push_str(name);
                into.push_str(": ");
                write(value, into);
            }
            into.push('}');
        }
        Field::ListInternal(list) => {
            into.push('[');
            for (place, value) in list.elements().iter().take(CELL_MAX).enumerate() {
                into.push_str(if place == 0 { "" } else { ", " });
                write(value, into);
            }
            into.push(']');
        }
        Field::MapInternal(map) => {
            into.push('{');
            for (place, (key, value)) in map.entries().iter().take(CELL_MAX).enumerate() {
                into.push_str(if place == 0 { "" } else { ", " });
                write(key, into);
                into.push_str(": ");
                write(value, into);
            }
            into.push('}');
        }
        plain => into.push_str(&plain.to_string()),
    }
}
