//! CSV and TSV (RFC 4180, forgiving).

use crate::table::{CELL_MAX, COLUMNS_MAX, Column, Start, Table, kind_of_texts};

/// Rows of a table.
struct Rows {
    rows: Vec<Vec<String>>,
    /// The byte behind the last of them.
    end: usize,
    /// Whether the text has more of them.
    is_cut: bool,
}

/// The table of a text. Its first row names the columns, or that of `head` does, the beginning of the file, if the text is
/// from further on.
pub(crate) fn table(text: &[u8], head: &[u8], separator: u8, is_whole: bool, most: usize) -> Table {
    let is_first = head.is_empty();
    let Rows { mut rows, end, is_cut } = rows(text, separator, is_whole, most + usize::from(is_first));
    let names = match is_first {
        true if rows.is_empty() => return Table::default(),
        true => rows.remove(0),
        false => self::rows(head, separator, false, 1).rows.pop().unwrap_or_default(),
    };
    let width = rows.iter().map(Vec::len).max().unwrap_or(0).max(names.len());
    for row in &mut rows {
        row.resize(width, String::new());
    }
    let column = |place: usize| {
        let name = names.get(place).cloned().unwrap_or_default();
        Column::new(name, kind_of_texts(rows.iter().map(|row| row[place].as_str())))
    };
    let is_cut = is_cut || !is_whole;
    let next = Start { row: rows.len() as u64, byte: end as u64 };
    Table {
        columns: (0..width).map(column).collect(),
        // A row that is longer than a page stops the reader: what lies behind it is not found.
        next: (is_cut && !rows.is_empty()).then_some(next),
        rows,
        first: 0,
        total: None,
        is_cut,
    }
}

/// Reads the rows of a text; the last one counts only if the text is whole or the row has ended. Bytes that are no UTF-8
/// are shown as such, so that places stay those of the file.
fn rows(text: &[u8], separator: u8, is_whole: bool, most: usize) -> Rows {
    const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();
    let mut rows: Vec<Vec<String>> = Vec::new();
    let (mut row, mut cell) = (Vec::new(), Vec::new());
    let (mut quoted, mut any) = (false, false);
    let mut end = 0;
    let mut place = if text.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len() } else { 0 };
    while let Some(&byte) = text.get(place) {
        place += 1;
        any = true;
        match byte {
            b'"' if quoted && text.get(place) == Some(&b'"') => {
                place += 1;
                put(&mut cell, b'"');
            }
            b'"' if quoted => quoted = false,
            b'"' if cell.is_empty() => quoted = true,
            _ if quoted => put(&mut cell, byte),
            b'\r' if text.get(place) == Some(&b'\n') => {}
            b'\n' => {
                if rows.len() == most {
                    return Rows { rows, end, is_cut: true };
                }
                push(&mut row, &mut cell);
                rows.push(std::mem::take(&mut row));
                any = false;
                end = place;
            }
            _ if byte == separator => push(&mut row, &mut cell),
            _ => put(&mut cell, byte),
        }
    }
    if any && is_whole {
        if rows.len() == most {
            return Rows { rows, end, is_cut: true };
        }
        push(&mut row, &mut cell);
        rows.push(row);
        end = place;
    }
    Rows { rows, end, is_cut: false }
}

fn push(row: &mut Vec<String>, cell: &mut Vec<u8>) {
    let bytes = std::mem::take(cell);
    if row.len() < COLUMNS_MAX {
        row.push(String::from_utf8_lossy(&bytes).into_owned());
    }
}

fn put(cell: &mut Vec<u8>, byte: u8) {
    // A character that has begun is finished.
    let goes_on = byte & 0xc0 == 0x80;
    if cell.len() < CELL_MAX || goes_on && cell.len() < CELL_MAX + 3 {
        cell.push(byte);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_read_as_spreadsheets_write_them() {
        let check = |text: &str, is_whole, expect: &[&[&str]]| {
            assert_eq!(rows(text.as_bytes(), b',', is_whole, 9).rows, expect, "{text:?}")
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
        let found = rows(text.as_bytes(), b',', true, 200);
        assert!(found.is_cut && found.rows.len() == 200 && found.rows.iter().all(|row| row.len() == COLUMNS_MAX));
    }

    #[test]
    fn columns_are_what_their_values_are() {
        let found = table(b"a,b,c,d\n1,x,2,\n2,3,1.5\n", b"", b',', true, 100);
        let kinds: Vec<&str> = found.columns.iter().map(|column| column.kind.as_str()).collect();
        assert_eq!(kinds, ["int", "string", "float", "string"]);
        assert_eq!((found.rows[1].len(), found.is_cut), (4, false));
        assert!(table(b"", b"", b',', true, 9).columns.is_empty());
    }

    /// All rows, page by page, as a reader goes through them.
    fn paged(text: &[u8], most: usize) -> Vec<Vec<Vec<String>>> {
        let (mut pages, mut begin) = (Vec::new(), 0);
        loop {
            let head = if begin == 0 { &b""[..] } else { text };
            let found = table(&text[begin..], head, b',', true, most);
            let names: Vec<&str> = found.columns.iter().map(|column| column.name.as_str()).collect();
            assert_eq!(names, ["a", "b"]);
            pages.push(found.rows);
            let Some(next) = found.next else { return pages };
            begin += next.byte as usize;
        }
    }

    #[test]
    fn pages_follow_each_other_without_a_gap() {
        let text = "\u{feff}a,b\r\n1,\"x\n\"\r\n2,\u{e4}\r\n3,\"\"\"\"\r\n4,z".as_bytes();
        let all = [["1", "x\n"], ["2", "\u{e4}"], ["3", "\""], ["4", "z"]];
        for most in 1..=5 {
            let pages = paged(text, most);
            assert_eq!(pages.concat(), all, "{most}");
            assert!(pages.iter().all(|page| page.len() <= most), "{most}");
        }
        // Broken bytes do not move what follows them.
        assert_eq!(paged(b"a,b\n\xff\xff,1\n2,3\n", 1), [[["\u{fffd}\u{fffd}", "1"]], [["2", "3"]]]);
    }

    #[test]
    fn a_row_that_does_not_end_within_a_page_ends_the_reading() {
        let found = table(b"1,2", b"a,b\n", b',', false, 10);
        assert!(found.rows.is_empty() && found.is_cut && found.next.is_none() && found.columns.len() == 2);
    }
}
