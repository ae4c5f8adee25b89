//! The first rows of a CSV or TSV file (RFC 4180, forgiving).

/// The most rows and cells of a row that are shown, and the most characters of a cell.
const ROWS_MAX: usize = 200;
const CELLS_MAX: usize = 60;
const CELL_MAX: usize = 300;

/// Rows of a table.
pub(super) struct Rows {
    pub(super) rows: Vec<Vec<String>>,
    /// Whether the text has more of them.
    pub(super) is_cut: bool,
}

/// Reads the rows of a text; the last one counts only if the text is whole or the row has ended.
pub(super) fn rows(text: &str, separator: u8, is_whole: bool) -> Rows {
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
                if rows.len() > ROWS_MAX {
                    rows.truncate(ROWS_MAX);
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
    if row.len() < CELLS_MAX {
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
        let check =
            |text: &str, is_whole, expect: &[&[&str]]| assert_eq!(rows(text, b',', is_whole).rows, expect, "{text:?}");
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
        let found = rows(&text, b',', true);
        assert!(found.is_cut && found.rows.len() == ROWS_MAX && found.rows.iter().all(|row| row.len() == CELLS_MAX));
    }
}
