//! CSV and TSV (RFC 4180, forgiving).

use crate::table::{CELL_MAX, COLUMNS_MAX, Column, Table, kind_of_texts};

/// Rows of a table.
struct Rows {
    rows: Vec<Vec<String>>,
    /// Whether the text has more of them.
    is_cut: bool,
}

/// The table of a text, whose first row names the columns.
pub(crate) fn table(text: &str, separator: u8, is_whole: bool, most: usize) -> Table {
    let Rows { mut rows, is_cut } = rows(text, separator, is_whole, most + 1);
    if rows.is_empty() {
        return Table::default();
    }
    let names = rows.remove(0);
    let width = rows.iter().map(Vec::len).max().unwrap_or(0).max(names.len());
    for row in &mut rows {
        row.resize(width, String::new());
    }
    let column = |place: usize| {
        let name = names.get(place).cloned().unwrap_or_default();
        Column::new(name, kind_of_texts(rows.iter().map(|row| row[place].as_str())))
    };
    Table { columns: (0..width).map(column).collect(), rows, total: None, is_cut: is_cut || !is_whole }
}

/// Reads the rows of a text; the last one counts only if the text is whole or the row has ended.
fn rows(text: &str, separator: u8, is_whole: bool, most: usize) -> Rows {
    let separator = char::from(separator);
    let mut rows: Vec<Vec<String>> = Vec::new();
    let (mut row, mut cell) = (Vec::new(), String::new());
    let (mut quoted, mut any) = (false, false);
    let mut characters = text.trim_start_matches('\u{feff}').chars().peekable();
    while let Some(character) = characters.next() {
        any = true;
        match character {
            '"' if quoted && characters.peek() == Some(&'"') => {
                characters.next();
                put(&mut cell, '"');
            }
            '"' if quoted => quoted = false,
            '"' if cell.is_empty() => quoted = true,
            _ if quoted => put(&mut cell, character),
            '\r' if characters.peek() == Some(&'\n') => {}
            '\n' => {
                push(&mut row, &mut cell);
                rows.push(std::mem::take(&mut row));
                any = false;
                if rows.len() > most {
                    rows.truncate(most);
                    return Rows { rows, is_cut: true };
                }
            }
            _ if character == separator => push(&mut row, &mut cell),
            _ => put(&mut cell, character),
        }
    }
    if any && is_whole {
        push(&mut row, &mut cell);
        rows.push(row);
    }
    Rows { rows, is_cut: false }
}

fn push(row: &mut Vec<String>, cell: &mut String) {
    let cell = std::mem::take(cell);
    if row.len() < COLUMNS_MAX {
        row.push(cell);
    }
}

fn put(cell: &mut String, character: char) {
    if cell.len() < CELL_MAX {
        cell.push(character);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_read_as_spreadsheets_write_them() {
        let check = |text: &str, is_whole, expect: &[&[&str]]| {
            assert_eq!(rows(text, b',', is_whole, 9).rows, expect, "{text:?}")
        };
        check("a,b\r\n1,\"x, \"\"y\"\"\"\r\n", true, &[&["a", "b"], &["1", "x, \"y\""]]);
        check("a\n\"two\nlines\"", true, &[&["a"], &["two\nlines"]]);
        check("a,b\n1,", false, &[&["a", "b"]]);
        check("", true, &[]);
        check("\u{feff}a\n", true, &[&["a"]]);
        check("\"never closed", true, &[&["never closed"]]);
    }

    #[test]
    fn huge_tables_are_cut() {
        let text = format!("{}\n", vec!["x"; 500].join(",")).repeat(500);
        let found = rows(&text, b',', true, 200);
        assert!(found.is_cut && found.rows.len() == 200 && found.rows.iter().all(|row| row.len() == COLUMNS_MAX));
    }

    #[test]
    fn columns_are_what_their_values_are() {
        let found = table("a,b,c,d\n1,x,2,\n2,3,1.5\n", b',', true, 100);
        let kinds: Vec<&str> = found.columns.iter().map(|column| column.kind.as_str()).collect();
        assert_eq!(kinds, ["int", "string", "float", "string"]);
        assert_eq!((found.rows[1].len(), found.is_cut), (4, false));
        assert!(table("", b',', true, 9).columns.is_empty());
    }
}
