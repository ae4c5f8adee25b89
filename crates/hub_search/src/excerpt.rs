//! The part of a text that shows why it was found.

use std::collections::HashSet;

use crate::words::words_of;

/// About how much of a text is shown, in bytes.
const LENGTH: usize = 280;

/// A part of an excerpt.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Piece {
    /// What it says.
    pub text: String,
    /// Whether it is one of the words that were asked for.
    pub is_match: bool,
}

/// The part of `text` that holds most different ones of the words, with these told apart; nothing if it holds none.
pub(crate) fn excerpt(text: &str, wanted: &HashSet<String>) -> Vec<Piece> {
    let matches: Vec<(usize, usize, String)> = words_of(text)
        .into_iter()
        .filter(|token| wanted.contains(&token.text))
        .map(|token| (token.offset_from, token.offset_to, token.text))
        .collect();
    let Some(first) = best_window(&matches) else { return Vec::new() };
    let start = start_of(text, first);
    let end = end_of(text, start);
    let mut pieces: Vec<Piece> = Vec::new();
    let mut add = |part: &str, is_match: bool| {
        if part.is_empty() {
            return;
        }
        match pieces.last_mut() {
            // Pairs of characters overlap and follow one another: they are one match.
            Some(last) if last.is_match == is_match => last.text.push_str(part),
            _ => pieces.push(Piece { text: part.to_owned(), is_match }),
        }
    };
    let mut at = start;
    for (from, to, _) in matches.iter().filter(|(from, to, _)| *from >= start && *to <= end) {
        if *from > at {
            add(&text[at..*from], false);
        }
        add(&text[(*from).max(at)..(*to).max(at)], true);
        at = at.max(*to);
    }
    add(&text[at..end], false);
    for piece in &mut pieces {
        // Lines of Markdown read as one.
        piece.text = piece.text.replace(['\n', '\r', '\t'], " ");
    }
    if start > 0 {
        pieces.insert(0, Piece { text: "… ".to_owned(), is_match: false });
    }
    if end < text.len() {
        pieces.push(Piece { text: " …".to_owned(), is_match: false });
    }
    pieces
}

/// Where the window with most different words begins: the first of those that are equally good.
fn best_window(matches: &[(usize, usize, String)]) -> Option<usize> {
    let mut best: Option<(usize, usize)> = None;
    // Enough to find a good one; a text may consist of nothing but matches.
    for (place, (from, _, _)) in matches.iter().enumerate().take(2000) {
        let within = matches[place..].iter().take(200).take_while(|(_, to, _)| *to <= from + LENGTH);
        let different = within.map(|(_, _, word)| word).collect::<HashSet<_>>().len();
        if best.is_none_or(|(most, _)| different > most) {
            best = Some((different, *from));
        }
    }
    best.map(|(_, from)| from)
}

/// A little before the first match, at the beginning of a word or line.
fn start_of(text: &str, first: usize) -> usize {
    let mut start = first.saturating_sub(LENGTH / 5);
    while !text.is_char_boundary(start) {
        start += 1;
    }
    if start == 0 {
        return 0;
    }
    let before = &text[start..first];
    match before.rfind('\n').or_else(|| before.find(char::is_whitespace)) {
        Some(gap) => start + gap + 1,
        None => start,
    }
}

fn end_of(text: &str, start: usize) -> usize {
    let mut end = (start + LENGTH).min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    if end == text.len() {
        return end;
    }
    let part = &text[start..end];
    match part.rfind(char::is_whitespace) {
        Some(gap) if gap > LENGTH / 2 => start + gap,
        _ => end,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(words: &[&str]) -> HashSet<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    #[test]
    fn the_part_with_most_words_is_shown() {
        let filler = "nothing to see here and more of it ".repeat(40);
        let text = format!("one. {filler} One, and the Two of them. {filler}");
        let pieces = excerpt(&text, &wanted(&["one", "two"]));
        let matches: Vec<&str> = pieces.iter().filter(|piece| piece.is_match).map(|piece| &*piece.text).collect();
        assert_eq!(matches, ["One", "Two"]);
        assert_eq!((&*pieces[0].text, &*pieces.last().unwrap().text), ("… ", " …"));
    }

    #[test]
    fn pairs_of_characters_are_one_match() {
        let pieces = excerpt("这是一个语言模型。", &wanted(&["语言", "言模", "模型"]));
        assert!(pieces.contains(&Piece { text: "语言模型".to_owned(), is_match: true }), "{pieces:?}");
        assert_eq!(excerpt("nothing", &wanted(&["else"])), []);
        assert_eq!(excerpt("", &wanted(&["x"])), []);
    }

    #[test]
    fn long_runs_without_spaces_are_cut_at_characters() {
        let text = "模".repeat(5000);
        let pieces = excerpt(&text, &wanted(&["模模"]));
        assert!(pieces.iter().map(|piece| piece.text.len()).sum::<usize>() < 2 * LENGTH);
    }
}
