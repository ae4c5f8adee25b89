//! What authors write, as HTML that cannot run: GitHub-flavoured Markdown with the HTML that authors mix in, then an
//! allow-list of elements and attributes, with links and pictures led to the files of the repository.
//!
//! No picture is fetched from elsewhere, for that would tell others who reads what: such pictures become their texts.
//! Anchors get a prefix, so that no author can bear the name of an element of the page.

mod math;
mod mentions;

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::fmt::{self, Write};
use std::sync::{Mutex, PoisonError};

use ammonia::Builder;
use askama::filters::HtmlSafe;
use comrak::adapters::{HeadingAdapter, HeadingMeta, SyntaxHighlighterAdapter};
use comrak::nodes::Sourcepos;
use comrak::options::Plugins;
use comrak::{Options, markdown_to_html_with_plugins};

use crate::address::{RepoUrls, escape_path};
use crate::highlight;

/// What stands before each anchor of an author.
const ANCHOR: &str = "c-";
/// The boxes in which authors warn and hint.
const ALERTS: [&str; 6] = [
    "markdown-alert",
    "markdown-alert-note",
    "markdown-alert-tip",
    "markdown-alert-important",
    "markdown-alert-warning",
    "markdown-alert-caution",
];
/// The most headings of a table of contents.
const HEADINGS_MAX: usize = 60;

/// HTML that was made safe.
#[derive(Clone, Default)]
pub(crate) struct SafeHtml(String);

impl fmt::Display for SafeHtml {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl HtmlSafe for SafeHtml {}

impl SafeHtml {
    /// The same with links to those of these people, by their names in lower case, whom it mentions.
    pub(crate) fn with_mentions(self, known: &HashSet<String>) -> Self {
        if known.is_empty() { self } else { Self(mentions::link(&self.0, known)) }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Escaped source code with the colours of [`highlight`].
    pub(crate) fn of_code(html: String) -> Self {
        Self(html)
    }
}

/// A heading of the text.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Heading {
    /// 1 for the uppermost level that occurs.
    pub(crate) depth: u8,
    pub(crate) text: String,
    pub(crate) anchor: String,
}

/// A text, ready to be shown.
#[derive(Clone, Default)]
pub(crate) struct Rendered {
    pub(crate) html: SafeHtml,
    pub(crate) headings: Vec<Heading>,
}

impl Rendered {
    pub(crate) fn is_empty(&self) -> bool {
        self.html.0.is_empty()
    }

    /// About how much memory it takes.
    pub(crate) fn bytes(&self) -> usize {
        self.html.0.len()
            + self.headings.iter().map(|heading| heading.text.len() + heading.anchor.len() + 64).sum::<usize>()
    }

    #[cfg(test)]
    pub(crate) fn of_html(html: String) -> Self {
        Self { html: SafeHtml(html), headings: Vec::new() }
    }
}

/// Where a text stands, for the links in it.
#[derive(Clone)]
pub(crate) struct Place {
    pub(crate) urls: RepoUrls,
    pub(crate) revision: String,
    /// The folder of the file; empty for the root.
    pub(crate) folder: String,
}

/// Renders a text. This takes milliseconds for a large one: not for a thread that serves requests.
pub(crate) fn render(text: &str, place: &Place) -> Rendered {
    let headings = Headings { state: Mutex::default(), has_title: !place.is_nowhere() };
    let mut plugins = Plugins::default();
    plugins.render.heading_adapter = Some(&headings);
    plugins.render.codefence_syntax_highlighter = Some(&Colours);
    let html = markdown_to_html_with_plugins(text, &options(), &plugins);
    let html = SafeHtml(math::typeset(sanitise(&html, place).0));
    let mut headings = headings.state.into_inner().unwrap_or_else(PoisonError::into_inner).found;
    let upper = headings.iter().map(|heading| heading.depth).min().unwrap_or(1);
    headings.iter_mut().for_each(|heading| heading.depth = heading.depth - upper + 1);
    headings.retain(|heading| heading.depth <= 3);
    headings.truncate(HEADINGS_MAX);
    Rendered { html, headings }
}

fn options() -> Options<'static> {
    let mut options = Options::default();
    options.extension.strikethrough = true;
    options.extension.table = true;
    options.extension.autolink = true;
    options.extension.tasklist = true;
    options.extension.footnotes = true;
    options.extension.alerts = true;
    options.extension.math_dollars = true;
    // What authors mix in goes through the allow-list like everything else.
    options.render.r#unsafe = true;
    options.render.gfm_quirks = true;
    options
}

/// Gives headings their anchors and keeps them for the table of contents.
struct Headings {
    state: Mutex<HeadingState>,
    /// Whether the uppermost heading is the title of the text, as in a card; an article has its title beside it.
    has_title: bool,
}

#[derive(Default)]
struct HeadingState {
    anchors: comrak::Anchorizer,
    found: Vec<Heading>,
}

impl HeadingAdapter for Headings {
    fn enter(&self, output: &mut dyn Write, heading: &HeadingMeta, _: Option<Sourcepos>) -> fmt::Result {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let anchor = state.anchors.anchorize(&heading.content);
        state.found.push(Heading {
            depth: heading.level,
            text: heading.content.clone(),
            anchor: format!("{ANCHOR}{anchor}"),
        });
        let mut escaped = String::new();
        highlight::escape(&mut escaped, &anchor);
        write!(output, "<h{} id=\"{escaped}\"><a class=\"anchor\" href=\"#{escaped}\">#</a>", self.below(heading.level))
    }

    fn exit(&self, output: &mut dyn Write, heading: &HeadingMeta) -> fmt::Result {
        write!(output, "</h{}>", self.below(heading.level))
    }
}

impl Headings {
    /// Headings of a text stand below the one heading of the page.
    fn below(&self, level: u8) -> u8 {
        if self.has_title { (level + 1).min(6) } else { level.max(2) }
    }
}

/// Colours fenced code.
struct Colours;

impl SyntaxHighlighterAdapter for Colours {
    fn write_highlighted(&self, output: &mut dyn Write, language: Option<&str>, code: &str) -> fmt::Result {
        let language = language.and_then(|text| text.split([' ', ',', '{']).next()).unwrap_or_default();
        output.write_str(&highlight::to_html(language, code))
    }

    fn write_pre_tag(&self, output: &mut dyn Write, _: HashMap<&'static str, Cow<'_, str>>) -> fmt::Result {
        output.write_str("<pre>")
    }

    fn write_code_tag(&self, output: &mut dyn Write, _: HashMap<&'static str, Cow<'_, str>>) -> fmt::Result {
        output.write_str("<code>")
    }
}

/// HTML of an author through the allow-list.
pub(crate) fn sanitise(html: &str, place: &Place) -> SafeHtml {
    let place = place.clone();
    let mut builder = Builder::default();
    builder
        .add_tags(["details", "summary", "input", "picture", "source", "video", "audio", "section", "figure"])
        .add_tags(["figcaption", "center", "font", "kbd", "mark", "sub", "sup", "samp", "var"])
        .add_generic_attributes(["align", "id", "dir", "title", "lang"])
        .add_tag_attributes("details", ["open"])
        .add_tag_attributes("input", ["checked"])
        .add_tag_attributes("img", ["width", "height", "loading", "align"])
        .add_tag_attributes("source", ["src", "srcset", "media", "type"])
        .add_tag_attributes("video", ["src", "controls", "width", "height", "loop", "muted", "poster"])
        .add_tag_attributes("audio", ["src", "controls"])
        .add_tag_attributes("span", ["data-math-style"])
        .add_tag_attributes("code", ["data-math-style"])
        .add_tag_attributes("td", ["align", "colspan", "rowspan"])
        .add_tag_attributes("th", ["align", "colspan", "rowspan", "scope"])
        .add_allowed_classes("span", ["k", "s", "c", "n", "f"])
        .add_allowed_classes("a", ["anchor"])
        .add_allowed_classes("div", ALERTS)
        .add_allowed_classes("p", ["markdown-alert-title"])
        .id_prefix(Some(ANCHOR))
        .link_rel(Some("noopener nofollow ugc"))
        .url_schemes(HashSet::from(["http", "https", "mailto"]))
        .set_tag_attribute_value("input", "type", "checkbox")
        .set_tag_attribute_value("input", "disabled", "")
        .set_tag_attribute_value("img", "loading", "lazy")
        .attribute_filter(move |element, attribute, value| led(element, attribute, value, &place));
    SafeHtml(builder.clean(html).to_string())
}

/// Where an author's link or picture leads here.
fn led<'v>(element: &str, attribute: &str, value: &'v str, place: &Place) -> Option<Cow<'v, str>> {
    match (element, attribute) {
        ("a", "href") => Some(place.link(value)),
        (_, "src" | "poster") => place.file(value).map(Cow::Owned),
        // A list of sources is a list of addresses; those of files here are seldom, so none is taken.
        (_, "srcset") => None,
        _ => Some(Cow::Borrowed(value)),
    }
}

impl Place {
    /// Where a file of a repository stands.
    pub(crate) fn of_file(addr: &hub_core::RepoAddr, revision: &str, path: &hub_core::RepoPath) -> Self {
        let folder = path.parent().map(|folder| folder.to_string()).unwrap_or_default();
        Self { urls: RepoUrls::of(addr), revision: revision.to_owned(), folder }
    }

    /// Of a text that belongs to no repository: its links begin at the root of this server, and pictures are files of
    /// repositories here.
    pub(crate) fn nowhere() -> Self {
        Self { urls: RepoUrls::nowhere(), revision: String::new(), folder: String::new() }
    }

    fn is_nowhere(&self) -> bool {
        self.urls.page().is_empty()
    }

    /// What the links depend on, as one text.
    pub(crate) fn key(&self) -> String {
        format!("{} {} {}", self.urls.page(), self.revision, self.folder)
    }

    /// A link: to an anchor of the same text, a file of the repository, or elsewhere.
    fn link<'v>(&self, value: &'v str) -> Cow<'v, str> {
        if let Some(anchor) = value.strip_prefix('#') {
            return Cow::Owned(format!("#{ANCHOR}{anchor}"));
        }
        match self.relative(value) {
            Some((path, tail)) if self.is_nowhere() => Cow::Owned(format!("/{}{tail}", escape_path(&path))),
            Some((path, tail)) => Cow::Owned(format!("{}{tail}", self.urls.at("blob", &self.revision, &path))),
            None => Cow::Borrowed(value),
        }
    }

    /// A picture or sound of the repository; `None` for one from elsewhere.
    fn file(&self, value: &str) -> Option<String> {
        if self.is_nowhere() {
            let (path, _) = self.relative(value.trim().strip_prefix('/').unwrap_or(value))?;
            return path.contains("/resolve/").then(|| format!("/{}", escape_path(&path)));
        }
        let (path, _) = self.relative(value)?;
        Some(self.urls.at("resolve", &self.revision, &path))
    }

    /// The path in the repository that a relative address means, and what follows it (`?…`, `#…`).
    fn relative<'v>(&self, value: &'v str) -> Option<(String, &'v str)> {
        let value = value.trim();
        let end = value.find(['?', '#']).unwrap_or(value.len());
        let (path, tail) = value.split_at(end);
        let has_scheme = path.find(':').is_some_and(|colon| !path[..colon].contains('/'));
        if path.is_empty() || path.starts_with('/') || path.starts_with('\\') || has_scheme {
            return None;
        }
        let mut parts: Vec<&str> = self.folder.split('/').filter(|part| !part.is_empty()).collect();
        for part in path.split('/') {
            match part {
                "" | "." => {}
                ".." => {
                    parts.pop()?;
                }
                part => parts.push(part),
            }
        }
        let joined = unescaped(&parts.join("/"));
        (!joined.is_empty()).then_some((joined, tail))
    }
}

/// A path whose author escaped it already, as it is in the repository.
fn unescaped(path: &str) -> String {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        let escape = (*first == b'%').then(|| behind.get(..2)).flatten();
        let byte = escape.and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok());
        bytes.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { &behind[2..] } else { behind };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests;
