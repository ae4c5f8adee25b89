//! A JSON object on each line: its fields are the columns, in the order in which they are first met.

use serde_json::Value;

use crate::table::{COLUMNS_MAX, Column, Table, cell};

/// The table of a text. Lines that are no objects are passed over; the last line counts only if it has ended.
pub(crate) fn table(text: &str, is_whole: bool, most: usize) -> Table {
    let end = if is_whole { text.len() } else { text.rfind('\n').map_or(0, |end| end + 1) };
    let mut lines = text[..end].lines().filter(|line| !line.trim().is_empty());
    let mut names: Vec<String> = Vec::new();
    let mut objects = Vec::new();
    for line in lines.by_ref().take(most) {
        let Ok(Value::Object(object)) = serde_json::from_str::<Value>(line) else { continue };
        for name in object.keys() {
            if names.len() < COLUMNS_MAX && !names.contains(name) {
                names.push(name.clone());
            }
        }
        objects.push(object);
    }
    let is_cut = !is_whole || lines.next().is_some();
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
    Table { columns, rows: objects.iter().map(row).collect(), total: None, is_cut }
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
        let found = table(text, false, 10);
        let columns: Vec<(&str, &str)> =
            found.columns.iter().map(|column| (column.name.as_str(), column.kind.as_str())).collect();
        assert_eq!(columns, [("a", "int"), ("b", "mixed"), ("c", "struct")]);
        assert_eq!(found.rows, [["1", "x", ""], ["", "[1]", "{\"d\":null}"]]);
        assert!(found.is_cut);
        assert!(table("", true, 10).columns.is_empty());
        assert_eq!(table("{\"a\":1}\n{\"a\":2}", true, 1).rows.len(), 1);
    }
}
