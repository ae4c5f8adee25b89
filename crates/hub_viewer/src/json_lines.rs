//! A JSON object on each line: its fields are the columns, in the order in which they are first met.

use serde_json::Value;

use crate::table::{COLUMNS_MAX, Column, Start, Table, cell};

/// The table of a text. Lines that are no objects are passed over; the last line counts only if it has ended.
pub(crate) fn table(text: &[u8], is_whole: bool, most: usize) -> Table {
    let mut names: Vec<String> = Vec::new();
    let mut objects = Vec::new();
    let (mut end, mut is_cut) = (0, !is_whole);
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        if !is_whole && line.last() != Some(&b'\n') {
            break;
        }
        if objects.len() == most {
            is_cut |= !line.trim_ascii().is_empty();
            break;
        }
        end += line.len();
        let Ok(Value::Object(object)) = serde_json::from_slice::<Value>(line) else { continue };
        for name in object.keys() {
            if names.len() < COLUMNS_MAX && !names.contains(name) {
                names.push(name.clone());
            }
        }
        objects.push(object);
    }
    let column = |name: &String| {
        let mut kinds: Vec<&str> =
            objects.iter().filter_map(|object| object.get(name)).map(kind).filter(|kind| *kind != "null").collect();
        kinds.dedup();
        Column::new(
            cell(name),
            match kinds.as_slice() {
                [] => "null",
                [kind] => kind,
                many if many.iter().all(|kind| ["int", "float"].contains(kind)) => "float",
                _ => "mixed",
            },
        )
    };
    let columns = names.iter().map(column).collect();
    let row = |object: &serde_json::Map<String, Value>| names.iter().map(|name| shown(object.get(name))).collect();
    let rows: Vec<Vec<String>> = objects.iter().map(row).collect();
    let next = Start { row: rows.len() as u64, byte: end as u64 };
    Table { columns, next: (is_cut && end > 0).then_some(next), rows, first: 0, total: None, is_cut }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float",
        Value::Number(_) => "int",
        Value::String(_) => "string",
        Value::Array(_) => "list",
        Value::Object(_) => "struct",
    }
}

fn shown(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => cell(text),
        Some(value) => cell(&value.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_become_columns() {
        let text = "{\"a\": 1, \"b\": \"x\"}\n\nnot json\n{\"b\": [1], \"c\": {\"d\": null}}\n{\"a\": 2.5";
        let found = table(text.as_bytes(), false, 10);
        let columns: Vec<(&str, &str)> =
            found.columns.iter().map(|column| (column.name.as_str(), column.kind.as_str())).collect();
        assert_eq!(columns, [("a", "int"), ("b", "mixed"), ("c", "struct")]);
        assert_eq!(found.rows, [["1", "x", ""], ["", "[1]", "{\"d\":null}"]]);
        assert!(found.is_cut);
        assert_eq!(found.next, Some(Start { row: 2, byte: text.rfind('{').unwrap() as u64 }));
        assert!(table(b"", true, 10).columns.is_empty());
        let first = table(b"{\"a\":1}\n{\"a\":2}\n", true, 1);
        assert_eq!((first.rows.len(), first.next), (1, Some(Start { row: 1, byte: 8 })));
        let second = table(b"{\"a\":2}\n\n", true, 1);
        assert_eq!((second.rows.len(), second.is_cut, second.next), (1, false, None));
        // A line that is longer than a page ends the reading.
        assert!(table(b"{\"a\":", false, 1).next.is_none());
    }
}
