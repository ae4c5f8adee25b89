//! Rows and columns, ready to be shown.

/// The most columns that are shown, and the most characters of a cell.
pub(crate) const COLUMNS_MAX: usize = 60;
pub(crate) const CELL_MAX: usize = 300;

/// A column.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// What its values are, such as `string` or `list<int64>`.
    pub kind: String,
    /// Whether its values are numbers, which are compared best when they are aligned.
    pub is_number: bool,
}

impl Column {
    pub(crate) fn new(name: impl Into<String>, kind: impl Into<String>) -> Self {
        let kind = kind.into();
        let is_number = ["int", "uint", "float", "decimal"].iter().any(|number| kind.starts_with(number));
        Self { name: name.into(), kind, is_number }
    }
}

/// Where a page of rows begins.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Start {
    /// How many rows come before it. Parquet is read from there; for a text it is only shown.
    pub row: u64,
    /// The byte at which its first row begins, in a text: one that a page before it named.
    pub byte: u64,
}

/// A page of a table.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Table {
    /// The columns.
    pub columns: Vec<Column>,
    /// The rows, each with a cell per column.
    pub rows: Vec<Vec<String>>,
    /// How many rows come before the first one here.
    pub first: u64,
    /// How many rows there are in all, where the file says so.
    pub total: Option<u64>,
    /// Whether there are more rows behind those that are shown.
    pub is_cut: bool,
    /// Where these begin, if they can be shown.
    pub next: Option<Start>,
}

impl Table {
    /// The number of the last row that is shown, the first of all being 1.
    pub fn last(&self) -> u64 {
        self.first.saturating_add(self.rows.len() as u64)
    }
}

/// A text no longer than a cell.
pub(crate) fn cell(text: &str) -> String {
    match text.char_indices().nth(CELL_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// What values are when they are read as texts: the narrowest kind that fits them all.
pub(crate) fn kind_of_texts<'a>(values: impl Iterator<Item = &'a str>) -> &'static str {
    let mut kind = "";
    for value in values.map(str::trim).filter(|value| !value.is_empty()) {
        let this = match value {
            _ if value.parse::<i64>().is_ok() => "int",
            _ if value.parse::<f64>().is_ok() => "float",
            "true" | "false" | "True" | "False" => "bool",
            _ => "string",
        };
        kind = match (kind, this) {
            ("", this) => this,
            (kind, this) if kind == this => kind,
            ("int", "float") | ("float", "int") => "float",
            _ => return "string",
        };
    }
    if kind.is_empty() { "string" } else { kind }
}
