//! Mentions: `@name` in what people write.

use std::collections::HashSet;

use hub_core::NamespaceName;

use crate::{Community, CommunityError};

/// The most people whom one text can mention; further names are read as words.
const MENTIONS_MAX: usize = 20;
/// The most bytes of a text that are looked through.
const TEXT_MAX: usize = 100_000;
/// The most people whose mentions in the texts of one page are looked up.
const MENTIONED_MAX: usize = 200;

impl Community {
    /// The names in lower case of those whom some texts mention and who are here.
    pub async fn mentioned(&self, texts: impl Iterator<Item = &str> + Send) -> Result<HashSet<String>, CommunityError> {
        let mut named: Vec<NamespaceName> = texts.flat_map(mentions).collect();
        named.sort_unstable_by_key(NamespaceName::key);
        named.dedup_by_key(|name| name.key());
        named.truncate(MENTIONED_MAX);
        let found = self.accounts().namespaces_by_name(&named).await?;
        Ok(found.iter().map(|one| one.name.key()).collect())
    }
}

/// The names that a Markdown text mentions, each once, in their order. Code mentions nobody, and neither does the domain of
/// an address of mail.
pub(crate) fn mentions(text: &str) -> Vec<NamespaceName> {
    let mut found: Vec<NamespaceName> = Vec::new();
    let mut fence: Option<char> = None;
    let end = text.floor_char_boundary(TEXT_MAX);
    for line in text[..end].lines() {
        let start = line.trim_start();
        let mark = ['`', '~'].into_iter().find(|mark| start.starts_with(&mark.to_string().repeat(3)));
        match (fence, mark) {
            (None, Some(mark)) => fence = Some(mark),
            (Some(open), Some(mark)) if open == mark => fence = None,
            (None, None) => take_from_line(line, &mut found),
            (Some(_), _) => {}
        }
    }
    found
}

fn take_from_line(line: &str, found: &mut Vec<NamespaceName>) {
    // Every second stretch between backquotes is code.
    for (_, name) in line.split('`').step_by(2).flat_map(mentions_in_prose) {
        if let Ok(name) = name.parse::<NamespaceName>()
            && found.len() < MENTIONS_MAX
            && !found.iter().any(|known| known.key() == name.key())
        {
            found.push(name);
        }
    }
}

/// Where in a text without code an `@` stands that begins a mention, with what follows it as a name. Addresses of mail,
/// paths and the foreign `@scope/package` mention nobody, and what ends a sentence is no part of a name.
pub fn mentions_in_prose(prose: &str) -> impl Iterator<Item = (usize, &str)> {
    prose.match_indices('@').filter_map(|(at, _)| {
        let before = prose[..at].chars().next_back().unwrap_or(' ');
        let rest = &prose[at + 1..];
        let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        let length = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
        let name = rest[..length].trim_end_matches(['.', '-', '_']);
        let begins = !before.is_alphanumeric() && !matches!(before, '@' | '/' | '.' | '-' | '_');
        (begins && !name.is_empty() && !rest[length..].starts_with('/')).then_some((at, name))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Vec<String> {
        mentions(text).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn names_in_prose_are_mentions() {
        assert_eq!(names("Hi @ada, and (@bob-2)! Thanks, @eve."), ["ada", "bob-2", "eve"]);
        assert_eq!(names("@ada @ADA @ada"), ["ada"]);
        assert_eq!(names("ask **@ada**\n> @bob said"), ["ada", "bob"]);
    }

    #[test]
    fn code_addresses_and_packages_mention_nobody() {
        for text in
            ["`@ada`", "```\n@ada\n```", "~~~ py\n@ada\n~~~", "a@b.example", "@scope/package", "@", "x/@ada", "@@ada"]
        {
            assert_eq!(names(text), [""; 0], "{text:?}");
        }
        assert_eq!(names("```\n@ada\n```\n@bob"), ["bob"]);
    }

    #[test]
    fn one_text_mentions_few() {
        let crowd: String = (0..3000).map(|number| format!("@user{number} ")).collect();
        assert_eq!(mentions(&crowd).len(), MENTIONS_MAX);
    }
}
