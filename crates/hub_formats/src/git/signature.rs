//! Who made a commit or tag, and when.
//!
//! ```text
//! signature = name SP '<' email '>' SP seconds SP ('+' | '-') hhmm
//! ```
//! Histories hold lines that no tool should have written: no date, `-0000`, brackets within a name, other encodings.
//! Each is read as far as it makes sense and written back as it stood, since the ids of objects depend on it.

/// A person and a moment.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Signature {
    name: String,
    email: String,
    seconds: i64,
    offset_minutes: i32,
    /// The line itself where writing the fields would not give it back.
    odd_line: Option<Box<[u8]>>,
}

impl Signature {
    /// A signature of our own making. What git does not allow in a name or address (`<`, `>`, line breaks, NUL, and
    /// punctuation at the ends of a name) is left out.
    pub fn new(name: &str, email: &str, seconds: i64, offset_minutes: i32) -> Self {
        let clean = |text: &str| -> String {
            let kept: String = text.chars().filter(|c| !matches!(c, '<' | '>') && !c.is_control()).collect();
            kept.trim_matches(|c: char| c.is_whitespace() || matches!(c, ',' | ':' | ';' | '"' | '\\' | '\''))
                .to_owned()
        };
        Self {
            name: clean(name),
            email: clean(email),
            seconds: seconds.max(0),
            offset_minutes: offset_minutes.clamp(-OFFSET_MAX, OFFSET_MAX),
            odd_line: None,
        }
    }

    /// The name, without surrounding space.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The address between the brackets.
    pub fn email(&self) -> &str {
        &self.email
    }

    /// Seconds since 1970; 0 where the line has no date.
    pub const fn seconds(&self) -> i64 {
        self.seconds
    }

    /// East of Greenwich.
    pub const fn offset_minutes(&self) -> i32 {
        self.offset_minutes
    }

    /// Reads what follows `author ` and the like; any line is read somehow.
    pub fn parse(line: &[u8]) -> Self {
        let (person, date) = match line.iter().rposition(|byte| *byte == b'>') {
            Some(end) => (&line[..end], &line[end + 1..]),
            None => (line, &[][..]),
        };
        let (name, email) = match person.iter().position(|byte| *byte == b'<') {
            Some(start) => (&person[..start], &person[start + 1..]),
            None => (person, &[][..]),
        };
        let (seconds, offset_minutes) = parse_date(date).unwrap_or((0, 0));
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
        let mut signature = Self { name: text(name), email: text(email), seconds, offset_minutes, odd_line: None };
        if signature.write() != line {
            signature.odd_line = Some(line.into());
        }
        signature
    }

    /// The text that follows `author ` and the like.
    pub fn write(&self) -> Vec<u8> {
        if let Some(line) = &self.odd_line {
            return line.to_vec();
        }
        let sign = if self.offset_minutes < 0 { '-' } else { '+' };
        let offset = self.offset_minutes.unsigned_abs();
        let name_and_space = if self.name.is_empty() { String::new() } else { format!("{} ", self.name) };
        format!("{name_and_space}<{}> {} {sign}{:02}{:02}", self.email, self.seconds, offset / 60, offset % 60)
            .into_bytes()
    }
}

/// The largest offset that four digits can say.
const OFFSET_MAX: i32 = 99 * 60 + 59;

fn parse_date(date: &[u8]) -> Option<(i64, i32)> {
    let date = std::str::from_utf8(date).ok()?;
    let mut words = date.split_ascii_whitespace();
    let seconds: i64 = words.next()?.parse().ok().filter(|seconds| *seconds >= 0)?;
    Some((seconds, words.next().and_then(parse_offset).unwrap_or(0)))
}

fn parse_offset(word: &str) -> Option<i32> {
    let (sign, digits) = match word.as_bytes() {
        [b'+', digits @ ..] => (1, digits),
        [b'-', digits @ ..] => (-1, digits),
        _ => return None,
    };
    if digits.len() != 4 || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let number = digits.iter().fold(0, |number, digit| number * 10 + i32::from(digit - b'0'));
    Some(sign * (number / 100 * 60 + number % 100))
}

#[cfg(test)]
mod tests;
