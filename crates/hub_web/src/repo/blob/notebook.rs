//! Jupyter notebooks (nbformat 4), read and never run: texts rendered, code coloured, outputs as text, pictures, or HTML
//! through the same allow-list as cards.

use serde_json::Value;

use crate::highlight;
use crate::markdown::{self, Place, SafeHtml};

/// The most cells and outputs of a cell that are shown.
const CELLS_MAX: usize = 500;
const OUTPUTS_MAX: usize = 50;
/// The most characters of a text output, and of a picture.
const TEXT_MAX: usize = 20_000;
const PICTURE_MAX: usize = 4 << 20;

/// One cell.
pub(crate) struct Cell {
    pub(super) kind: CellKind,
    pub(super) outputs: Vec<Output>,
}

/// What a cell is.
pub(crate) enum CellKind {
    Text(SafeHtml),
    /// With the number of its run.
    Code(SafeHtml, String),
}

/// What a cell printed.
pub(crate) enum Output {
    Text(String),
    /// A picture as a `data:` address.
    Picture(String),
    Html(SafeHtml),
}

/// The cells of a notebook; `None` if it is none.
pub(super) fn cells(bytes: &[u8], place: &Place) -> Option<Vec<Cell>> {
    let notebook: Value = serde_json::from_slice(bytes).ok()?;
    let language = notebook.pointer("/metadata/language_info/name").and_then(Value::as_str).unwrap_or("python");
    let cells = notebook.get("cells")?.as_array()?;
    Some(cells.iter().take(CELLS_MAX).map(|cell| read(cell, language, place)).collect())
}

fn read(cell: &Value, language: &str, place: &Place) -> Cell {
    let source = text(cell.get("source"));
    let kind = match cell.get("cell_type").and_then(Value::as_str) {
        Some("markdown") => CellKind::Text(markdown::render(&source, place).html),
        Some("code") => {
            let run = cell.get("execution_count").and_then(Value::as_u64).map(|run| run.to_string());
            CellKind::Code(SafeHtml::of_code(highlight::to_html(language, &source)), run.unwrap_or_default())
        }
        _ => CellKind::Code(SafeHtml::of_code(highlight::to_html("", &source)), String::new()),
    };
    let outputs = cell.get("outputs").and_then(Value::as_array).into_iter().flatten().take(OUTPUTS_MAX);
    Cell { kind, outputs: outputs.filter_map(|output| shown(output, place)).collect() }
}

/// An output in the richest form that is safe.
fn shown(output: &Value, place: &Place) -> Option<Output> {
    if let Some(printed) = output.get("text") {
        return Some(Output::Text(plain(&text(Some(printed)))));
    }
    if let Some(trace) = output.get("traceback").and_then(Value::as_array) {
        let lines: Vec<&str> = trace.iter().filter_map(Value::as_str).collect();
        return Some(Output::Text(plain(&lines.join("\n"))));
    }
    let data = output.get("data")?;
    for media_type in ["image/png", "image/jpeg", "image/gif"] {
        let base64: String = text(data.get(media_type)).chars().filter(|c| !c.is_whitespace()).collect();
        let is_base64 = base64.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'='));
        if !base64.is_empty() && is_base64 && base64.len() <= PICTURE_MAX {
            return Some(Output::Picture(format!("data:{media_type};base64,{base64}")));
        }
    }
    if let Some(html) = data.get("text/html") {
        let html: String = text(Some(html)).chars().take(TEXT_MAX * 5).collect();
        return Some(Output::Html(markdown::sanitise(&html, place)));
    }
    if let Some(source) = data.get("text/markdown") {
        return Some(Output::Html(markdown::render(&text(Some(source)), place).html));
    }
    data.get("text/plain").map(|printed| Output::Text(plain(&text(Some(printed)))))
}

/// A text, which notebooks write as one or as a list of lines.
fn text(value: Option<&Value>) -> String {
    match value {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(lines)) => lines.iter().filter_map(Value::as_str).collect(),
        _ => String::new(),
    }
}

/// What a terminal would show: without the sequences that colour it.
fn plain(printed: &str) -> String {
    let mut shown = String::new();
    let mut characters = printed.chars().take(TEXT_MAX);
    while let Some(character) = characters.next() {
        match character {
            '\u{1b}' => {
                let _ = characters.by_ref().skip(1).find(|c| c.is_ascii_alphabetic());
            }
            '\n' | '\t' => shown.push(character),
            c if c.is_control() => {}
            c => shown.push(c),
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::RepoUrls;

    fn place() -> Place {
        let addr = hub_core::RepoAddr {
            kind: hub_core::RepoKind::Model,
            namespace: "alice".parse().unwrap(),
            name: "m".parse().unwrap(),
        };
        Place { urls: RepoUrls::of(&addr), revision: "main".to_owned(), folder: String::new() }
    }

    #[test]
    fn outputs_are_shown_and_none_of_them_runs() {
        let notebook = r##"{"cells": [
            {"cell_type": "markdown", "source": ["# Title\n", "<script>1</script>"]},
            {"cell_type": "code", "execution_count": 3, "source": "import x", "outputs": [
                {"output_type": "stream", "text": ["a\u001b[31mb\u001b[0m\n"]},
                {"output_type": "display_data", "data": {"text/html": "<b onclick=x>h</b><script>1</script>"}},
                {"output_type": "display_data", "data": {"image/png": "AAAA\n"}},
                {"output_type": "display_data", "data": {"image/png": "\" onerror=1", "text/plain": "p"}},
                {"output_type": "display_data", "data": {"application/javascript": "alert(1)"}}]}]}"##;
        let cells = cells(notebook.as_bytes(), &place()).unwrap();
        assert_eq!(cells.len(), 2);
        let shown: Vec<String> = cells[1]
            .outputs
            .iter()
            .map(|output| match output {
                Output::Text(text) => text.clone(),
                Output::Picture(address) => address.clone(),
                Output::Html(html) => html.to_string(),
            })
            .collect();
        assert_eq!(shown, ["ab\n", "<b>h</b>", "data:image/png;base64,AAAA", "p"]);
        let CellKind::Text(html) = &cells[0].kind else { panic!("a text") };
        assert!(!html.to_string().contains("<script"));
        assert!(super::cells(b"{}", &place()).is_none() && super::cells(b"x", &place()).is_none());
    }
}
