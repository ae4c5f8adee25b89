//! Cutting text into words, alike for what is indexed and for what is asked.
//!
//! A word is a run of letters and digits. Scripts that are written without spaces between words (Chinese, Japanese, Thai
//! and others; Korean too, whose words carry their particles) are cut into overlapping pairs of characters, so that any
//! two characters that stand side by side are found, wherever a reader would see the border of a word.

use tantivy::tokenizer::{
    AsciiFoldingFilter, LowerCaser, RemoveLongFilter, TextAnalyzer, Token, TokenStream, Tokenizer,
};

/// The name of the analyzer in the schema. Another way of cutting needs another name, and the index is built anew.
pub(crate) const ANALYZER: &str = "words-1";
/// Longer words are no words.
const WORD_MAX_BYTES: usize = 64;

/// Cuts, puts into lower case and takes away accents of Latin letters.
pub(crate) fn analyzer() -> TextAnalyzer {
    TextAnalyzer::builder(Words)
        .filter(RemoveLongFilter::limit(WORD_MAX_BYTES))
        .filter(LowerCaser)
        .filter(AsciiFoldingFilter)
        .build()
}

/// The words of a text, each with the bytes that it takes in it.
pub(crate) fn words_of(text: &str) -> Vec<Token> {
    let mut words = Vec::new();
    analyzer().token_stream(text).process(&mut |token| words.push(token.clone()));
    words
}

#[derive(Clone)]
struct Words;

struct Stream {
    tokens: std::vec::IntoIter<Token>,
    present: Token,
}

impl Tokenizer for Words {
    type TokenStream<'a> = Stream;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> Stream {
        Stream { tokens: cut(text).into_iter(), present: Token::default() }
    }
}

impl TokenStream for Stream {
    fn advance(&mut self) -> bool {
        match self.tokens.next() {
            Some(token) => {
                self.present = token;
                true
            }
            None => false,
        }
    }

    fn token(&self) -> &Token {
        &self.present
    }

    fn token_mut(&mut self) -> &mut Token {
        &mut self.present
    }
}

fn cut(text: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut add = |from: usize, to: usize| {
        let position = tokens.len();
        let text = text[from..to].to_owned();
        tokens.push(Token { offset_from: from, offset_to: to, position, text, position_length: 1 });
    };
    let mut chars = text.char_indices().peekable();
    while let Some((from, first)) = chars.next() {
        let end = |next: Option<&(usize, char)>| next.map_or(text.len(), |(at, _)| *at);
        if is_unspaced(first) {
            let mut start = from;
            let mut is_alone = true;
            while let Some((middle, second)) = chars.peek().copied()
                && is_unspaced(second)
            {
                chars.next();
                add(start, end(chars.peek()));
                start = middle;
                is_alone = false;
            }
            if is_alone {
                add(from, end(chars.peek()));
            }
        } else if first.is_alphanumeric() {
            while chars.next_if(|(_, next)| next.is_alphanumeric() && !is_unspaced(*next)).is_some() {}
            add(from, end(chars.peek()));
        }
    }
    tokens
}

/// Whether a character belongs to a script whose words are not parted by spaces.
fn is_unspaced(character: char) -> bool {
    matches!(character,
        '\u{0e00}'..='\u{0eff}' // Thai, Lao
        | '\u{1000}'..='\u{109f}' // Burmese
        | '\u{1780}'..='\u{17ff}' // Khmer
        | '\u{3005}'..='\u{3007}' | '\u{3040}'..='\u{30ff}' | '\u{31f0}'..='\u{31ff}' // kana
        | '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{323af}' // ideographs
        | '\u{ac00}'..='\u{d7af}' // Hangul
    ) && character.is_alphanumeric()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: &[&str]) {
        let words: Vec<String> = words_of(text).into_iter().map(|token| token.text).collect();
        assert_eq!(words, expect, "{text:?}");
    }

    #[test]
    fn words_are_cut_by_script() {
        check("All-MiniLM_L6 v2, ça!", &["all", "minilm", "l6", "v2", "ca"]);
        check("機械学習モデル", &["機械", "械学", "学習", "習モ", "モデ", "デル"]);
        check("中文GPT 模", &["中文", "gpt", "模"]);
        check("", &[]);
        check(&"x".repeat(65), &[]);
    }

    #[test]
    fn words_know_their_place() {
        let text = "é 模型 b";
        for token in words_of(text) {
            assert!(text.is_char_boundary(token.offset_from) && text.is_char_boundary(token.offset_to));
        }
    }
}
