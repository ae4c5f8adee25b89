//! What every page shows around its own content, and the words and forms of numbers in which templates speak.

use std::fmt::Display;

use askama::filters::HtmlSafe;
use hub_core::Timestamp;
use hub_http::PublicUrl;

use crate::icon::Icon;
use crate::words::Words;

/// The frame of a page.
#[derive(Clone)]
pub(crate) struct Shell {
    pub(crate) words: &'static Words,
    pub(crate) theme: &'static str,
    pub(crate) user: Option<ShellUser>,
    pub(crate) form_token: String,
    /// Path and query of this page, to come back to.
    pub(crate) here: String,
    /// The part of the house that the page belongs to.
    pub(crate) section: &'static str,
    pub(crate) now: Timestamp,
    pub(crate) host: PublicUrl,
    /// What was just done, by the word in the address.
    pub(crate) done: Option<String>,
}

/// Who is signed in.
#[derive(Clone)]
pub(crate) struct ShellUser {
    pub(crate) name: String,
    pub(crate) is_admin: bool,
    /// How many notifications they have not read.
    pub(crate) unread: u64,
}

impl Shell {
    /// A message.
    pub(crate) fn t(&self, key: &'static str) -> &'static str {
        self.words.get(key)
    }

    /// A message with a value in it.
    pub(crate) fn t1(&self, key: &'static str, value: impl Display) -> String {
        self.words.fill(key, &[&value])
    }

    /// A message that counts.
    pub(crate) fn n(&self, key: &'static str, number: &u64) -> String {
        self.words.count(key, *number)
    }

    /// A message that counts things of a list.
    pub(crate) fn items(&self, key: &'static str, number: usize) -> String {
        self.words.count(key, number as u64)
    }

    /// What was just done, in words.
    pub(crate) fn notice(&self) -> Option<&'static str> {
        self.words.find(&format!("done.{}", self.done.as_deref()?))
    }

    pub(crate) fn icon(&self, name: &'static str) -> Icon {
        Icon::named(name)
    }

    pub(crate) fn number(&self, number: &u64) -> String {
        self.words.number(*number)
    }

    pub(crate) fn compact(&self, number: &u64) -> String {
        self.words.compact(*number)
    }

    pub(crate) fn size(&self, bytes: &u64) -> String {
        self.words.size(*bytes)
    }

    /// How long ago a moment is, with the moment itself for the pointer and for scripts.
    pub(crate) fn ago(&self, moment: &Timestamp) -> Moment {
        let seconds = self.now.seconds() - moment.seconds();
        let text = match u64::try_from(seconds).unwrap_or_default() {
            0..60 => self.words.get("time.now").to_owned(),
            seconds @ 60..3_600 => self.words.count("time.minutes", seconds / 60),
            seconds @ 3_600..86_400 => self.words.count("time.hours", seconds / 3_600),
            seconds @ 86_400..2_592_000 => self.words.count("time.days", seconds / 86_400),
            seconds @ 2_592_000..31_536_000 => self.words.count("time.months", seconds / 2_592_000),
            seconds => self.words.count("time.years", seconds / 31_536_000),
        };
        Moment { iso: moment.to_string(), text }
    }

    /// The day of a moment.
    pub(crate) fn day(&self, moment: &Timestamp) -> Moment {
        let iso = moment.to_string();
        Moment { text: iso.get(..10).unwrap_or(&iso).to_owned(), iso }
    }

    /// Where the style sheet is.
    pub(crate) fn css(&self) -> String {
        crate::assets::address_of("hearth.css")
    }

    /// Where the script is.
    pub(crate) fn js(&self) -> String {
        crate::assets::address_of("hearth.js")
    }

    /// Where the script of the upload form is.
    pub(crate) fn upload_js(&self) -> String {
        crate::assets::address_of("upload.js")
    }

    /// Every language, with its tag, its name, and whether this page is in it.
    pub(crate) fn languages(&self) -> Vec<(&'static str, &'static str, bool)> {
        Words::all().iter().map(|words| (words.tag, words.name, words.tag == self.words.tag)).collect()
    }

    /// Whether the page belongs to that part of the house.
    pub(crate) fn is_in(&self, section: &str) -> bool {
        self.section == section
    }

    /// Where a stranger signs in to come back here.
    pub(crate) fn sign_in_here(&self) -> String {
        if self.here == "/" || self.here.starts_with("/login") || self.here.starts_with("/join") {
            return "/login".to_owned();
        }
        format!("/login?next={}", crate::address::escape_value(&self.here))
    }
}

/// A moment as a `time` element. Everything in it is made here.
pub(crate) struct Moment {
    iso: String,
    text: String,
}

impl Display for Moment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "<time datetime=\"{}\" title=\"{}\">{}</time>", self.iso, self.iso, self.text)
    }
}

impl HtmlSafe for Moment {}
