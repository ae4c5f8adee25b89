//! Formulas as MathML, which browsers set by themselves: no script, no fonts, nothing to fetch.
//!
//! Formulas come in two ways: as the Markdown reader marks them (`$x$`, `$$x$$`), and in the text as `\(x\)` and
//! `\[x\]`. What comes out of the converter goes through an allow-list of its own, so a formula can no more than a formula.

use std::collections::HashSet;
use std::sync::LazyLock;

use ammonia::Builder;
use math_core::{LatexToMathML, MathCoreConfig, MathDisplay};

/// The longest formula that is set, and the most on one page; others stay as they were written.
const FORMULA_MAX: usize = 4000;
const FORMULAS_MAX: usize = 1000;

const ELEMENTS: [&str; 30] = [
    "math",
    "mi",
    "mo",
    "mn",
    "ms",
    "mtext",
    "mspace",
    "mrow",
    "mfrac",
    "msqrt",
    "mroot",
    "mstyle",
    "merror",
    "mpadded",
    "mphantom",
    "msub",
    "msup",
    "msubsup",
    "munder",
    "mover",
    "munderover",
    "mmultiscripts",
    "mprescripts",
    "mtable",
    "mtr",
    "mtd",
    "semantics",
    "menclose",
    "maction",
    "none",
];
const ATTRIBUTES: [&str; 29] = [
    "accent",
    "accentunder",
    "columnalign",
    "columnspan",
    "depth",
    "dir",
    "display",
    "displaystyle",
    "fence",
    "form",
    "height",
    "largeop",
    "linethickness",
    "lspace",
    "mathsize",
    "mathvariant",
    "maxsize",
    "minsize",
    "movablelimits",
    "notation",
    "rowspan",
    "rspace",
    "scriptlevel",
    "separator",
    "stretchy",
    "symmetric",
    "voffset",
    "width",
    "xmlns",
];

static CONVERTER: LazyLock<Option<LatexToMathML>> =
    LazyLock::new(|| LatexToMathML::new(MathCoreConfig::default()).ok());
static ALLOWED: LazyLock<Builder<'static>> = LazyLock::new(|| {
    let mut builder = Builder::default();
    builder
        .tags(HashSet::from(ELEMENTS))
        .clean_content_tags(HashSet::from(["script", "style"]))
        .generic_attributes(HashSet::from(ATTRIBUTES))
        .tag_attributes(std::collections::HashMap::new())
        .allowed_classes(std::collections::HashMap::new())
        .link_rel(None);
    builder
});

/// A formula as MathML; nothing if it is none.
fn set(latex: &str, display: MathDisplay) -> Option<String> {
    if latex.len() > FORMULA_MAX || latex.trim().is_empty() {
        return None;
    }
    let converted = CONVERTER.as_ref()?.convert_with_local_state(latex, display).ok()?;
    Some(ALLOWED.clean(&converted.mathml).to_string())
}

/// Sets the formulas of HTML that was made safe before.
pub(super) fn typeset(html: String) -> String {
    if !html.contains("data-math-style") && !html.contains("\\(") && !html.contains("\\[") {
        return html;
    }
    let mut out = String::with_capacity(html.len() * 2);
    let mut rest = html.as_str();
    let mut left = FORMULAS_MAX;
    // How deep in code, where backslashes are meant as they stand.
    let mut code = 0_usize;
    while let Some(start) = rest.find('<') {
        let (text, behind) = rest.split_at(start);
        write_text(&mut out, text, code > 0, &mut left);
        if let Some((whole, latex, display)) = marked(behind) {
            match (left > 0).then(|| set(&unescaped(latex), display)).flatten() {
                Some(formula) => {
                    left -= 1;
                    out.push_str(&formula);
                }
                None => out.push_str(&behind[..whole]),
            }
            rest = &behind[whole..];
            continue;
        }
        let end = behind.find('>').map_or(behind.len(), |end| end + 1);
        let tag = &behind[..end];
        let is = |names: [&str; 2]| names.iter().any(|name| tag.starts_with(name));
        if is(["<code", "<pre"]) {
            code += 1;
        } else if is(["</code", "</pre"]) {
            code = code.saturating_sub(1);
        }
        out.push_str(tag);
        rest = &behind[end..];
    }
    write_text(&mut out, rest, code > 0, &mut left);
    out
}

/// A marked formula at the beginning of a text: how long it is with its marks, what it says, how it stands.
fn marked(html: &str) -> Option<(usize, &str, MathDisplay)> {
    for (open, close) in [("<span data-math-style=\"", "</span>"), ("<code data-math-style=\"", "</code>")] {
        let Some(inner) = html.strip_prefix(open) else { continue };
        let (style, inner) = inner.split_once("\">")?;
        let (latex, _) = inner.split_once(close)?;
        if latex.contains('<') {
            return None;
        }
        let display = if style == "display" { MathDisplay::Block } else { MathDisplay::Inline };
        return Some((open.len() + style.len() + 2 + latex.len() + close.len(), latex, display));
    }
    None
}

/// Writes a text without elements, and sets the formulas between `\(` and `\)` or `\[` and `\]` in it.
fn write_text(out: &mut String, text: &str, is_code: bool, left: &mut usize) {
    let mut rest = text;
    while !is_code && *left > 0 {
        let Some(start) = rest.find("\\(").into_iter().chain(rest.find("\\[")).min() else { break };
        let is_inline = rest[start..].starts_with("\\(");
        let (close, display) = if is_inline { ("\\)", MathDisplay::Inline) } else { ("\\]", MathDisplay::Block) };
        let Some(length) = rest[start + 2..].find(close) else { break };
        let Some(formula) = set(&unescaped(&rest[start + 2..start + 2 + length]), display) else { break };
        *left -= 1;
        out.push_str(&rest[..start]);
        out.push_str(&formula);
        rest = &rest[start + length + 4..];
    }
    out.push_str(rest);
}

fn unescaped(text: &str) -> String {
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&#39;", "'")
        .replace("&nbsp;", " ")
        .replace("&amp;", "&")
}
