//! Which files are tables, by their names.

/// How a table is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Format {
    /// Values between commas.
    Csv,
    /// Values between tabulators.
    Tsv,
    /// A JSON object on each line.
    JsonLines,
    /// Apache Parquet.
    Parquet,
}

impl Format {
    /// The format of a file of this path, if it is a table.
    pub fn of_path(path: &str) -> Option<Self> {
        let (_, ending) = path.rsplit_once('.')?;
        Some(match ending.to_ascii_lowercase().as_str() {
            "csv" => Self::Csv,
            "tsv" => Self::Tsv,
            "jsonl" | "ndjson" => Self::JsonLines,
            "parquet" => Self::Parquet,
            _ => return None,
        })
    }

    /// Whether the file is text that can be looked at as such.
    pub fn is_text(self) -> bool {
        self != Self::Parquet
    }
}
