//! The path patterns of `.gitignore` and `.gitattributes`.
//!
//! ```text
//! ?  one character but '/'        *   any run without '/'        [a-z] [!a-z] [[:digit:]]  a class
//! **/ at the start or after '/'   any number of folders          /** at the end   everything below
//! \x the character x itself       any other ** is *
//! ```
//! A pattern without a slash (but at its end) is held against the last part of a path, any other against the whole.
//! Patterns come from strangers, so matching never backtracks: all ways to match are followed at once, in time
//! proportional to the length of pattern times path. The two commonest shapes, `name` and `*.suffix`, are compared directly.

/// One step of a compiled pattern.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Step {
    Byte(u8),
    /// `?`
    One,
    /// `*`
    Run,
    /// `**/`
    Folders,
    /// The `**` of a trailing `/**`, or a pattern that is only `**`.
    Everything,
    Class(Box<Class>),
}

/// A set of bytes, one bit each.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
struct Class([u64; 4]);

impl Class {
    fn insert(&mut self, byte: u8) {
        self.0[usize::from(byte >> 6)] |= 1 << (byte & 63);
    }

    fn contains(&self, byte: u8) -> bool {
        self.0[usize::from(byte >> 6)] & (1 << (byte & 63)) != 0
    }
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum Shape {
    Literal(Vec<u8>),
    Suffix(Vec<u8>),
    Steps(Vec<Step>),
    /// A class without end: git matches nothing with it.
    Never,
}

/// A compiled pattern, without the `!` and the trailing `/` that `.gitignore` knows.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Pattern {
    shape: Shape,
    /// Held against the last part of a path only.
    name_only: bool,
}

impl Pattern {
    pub(crate) fn new(text: &[u8]) -> Self {
        let name_only = !text.contains(&b'/');
        let text = text.strip_prefix(b"/").unwrap_or(text);
        Self { shape: compile(text), name_only }
    }

    /// Whether the pattern fits `path`, which is relative to the folder of the file that has the pattern.
    pub(crate) fn fits(&self, path: &str) -> bool {
        let text = if self.name_only { path.rsplit('/').next().unwrap_or(path) } else { path };
        let text = text.as_bytes();
        match &self.shape {
            Shape::Literal(literal) => literal == text,
            // `*` does not cross a slash; in a name there is none.
            Shape::Suffix(suffix) => {
                text.strip_suffix(suffix.as_slice()).is_some_and(|run| self.name_only || !run.contains(&b'/'))
            }
            Shape::Steps(steps) => follow(steps, text),
            Shape::Never => false,
        }
    }
}

fn compile(text: &[u8]) -> Shape {
    let mut steps = Vec::new();
    let mut rest = text;
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        match byte {
            b'?' => steps.push(Step::One),
            b'\\' => {
                let Some((&escaped, after)) = rest.split_first() else { return Shape::Never };
                rest = after;
                steps.push(Step::Byte(escaped));
            }
            b'[' => match class(rest) {
                Some((class, after)) => {
                    rest = after;
                    steps.push(Step::Class(Box::new(class)));
                }
                None => return Shape::Never,
            },
            b'*' => {
                let stars = rest.iter().take_while(|byte| **byte == b'*').count();
                rest = &rest[stars..];
                let at_start = matches!(steps.last(), None | Some(Step::Byte(b'/') | Step::Folders));
                if stars == 1 && at_start && rest.is_empty() {
                    steps.push(Step::Everything);
                } else if stars == 1 && at_start && rest.first() == Some(&b'/') {
                    rest = &rest[1..];
                    steps.push(Step::Folders);
                } else if steps.last() != Some(&Step::Run) {
                    steps.push(Step::Run);
                }
            }
            _ => steps.push(Step::Byte(byte)),
        }
    }
    let bytes = |steps: &[Step]| -> Option<Vec<u8>> {
        steps.iter().map(|step| if let Step::Byte(byte) = step { Some(*byte) } else { None }).collect()
    };
    if let Some(literal) = bytes(&steps) {
        return Shape::Literal(literal);
    }
    match steps.split_first() {
        Some((Step::Run, rest)) => bytes(rest).map(Shape::Suffix).unwrap_or(Shape::Steps(steps)),
        _ => Shape::Steps(steps),
    }
}

/// Reads a class after its `[`; `None` if it has no end.
fn class(text: &[u8]) -> Option<(Class, &[u8])> {
    let (negated, mut rest) = match text {
        [b'!' | b'^', rest @ ..] => (true, rest),
        _ => (false, text),
    };
    let mut members = Class::default();
    let mut first = true;
    loop {
        let (&byte, after) = rest.split_first()?;
        rest = after;
        if byte == b']' && !first {
            break;
        }
        first = false;
        if byte == b'['
            && let Some(named) = rest.strip_prefix(b":")
        {
            let end = named.windows(2).position(|pair| pair == b":]")?;
            insert_named(&mut members, &named[..end])?;
            rest = &named[end + 2..];
            continue;
        }
        let (low, after) = literal(byte, rest)?;
        rest = after;
        let mut high = low;
        if let [b'-', next, after @ ..] = rest
            && *next != b']'
        {
            (high, rest) = literal(*next, after)?;
        }
        for byte in low..=high {
            members.insert(byte);
        }
    }
    if negated {
        members.0 = members.0.map(|bits| !bits);
    }
    // No class matches the slash between folders.
    members.0[0] &= !(1 << b'/');
    Some((members, rest))
}

fn literal(byte: u8, rest: &[u8]) -> Option<(u8, &[u8])> {
    if byte == b'\\' { rest.split_first().map(|(byte, rest)| (*byte, rest)) } else { Some((byte, rest)) }
}

fn insert_named(members: &mut Class, name: &[u8]) -> Option<()> {
    let test: fn(&u8) -> bool = match name {
        b"alnum" => u8::is_ascii_alphanumeric,
        b"alpha" => u8::is_ascii_alphabetic,
        b"blank" => |byte| matches!(byte, b' ' | b'\t'),
        b"cntrl" => u8::is_ascii_control,
        b"digit" => u8::is_ascii_digit,
        b"graph" => u8::is_ascii_graphic,
        b"lower" => u8::is_ascii_lowercase,
        b"print" => |byte| byte.is_ascii_graphic() || *byte == b' ',
        b"punct" => u8::is_ascii_punctuation,
        b"space" => |byte| byte.is_ascii_whitespace() || *byte == 0x0b,
        b"upper" => u8::is_ascii_uppercase,
        b"xdigit" => u8::is_ascii_hexdigit,
        _ => return None,
    };
    for byte in (0..=127).filter(test) {
        members.insert(byte);
    }
    Some(())
}

/// Follows all ways to match at once. `active[i]` says that the steps before `i` have matched what was read so far.
fn follow(steps: &[Step], text: &[u8]) -> bool {
    let mut active = vec![false; steps.len() + 1];
    let mut next = active.clone();
    active[0] = true;
    skip_empty(steps, &mut active, true);
    for byte in text {
        next.fill(false);
        for (i, step) in steps.iter().enumerate().filter(|(i, _)| active[*i]) {
            match step {
                Step::Byte(wanted) => next[i + 1] |= wanted == byte,
                Step::One => next[i + 1] |= *byte != b'/',
                Step::Class(class) => next[i + 1] |= class.contains(*byte),
                Step::Run => next[i] |= *byte != b'/',
                Step::Folders => next[i] = true,
                Step::Everything => {
                    next[i] = true;
                    next[i + 1] = true;
                }
            }
        }
        skip_empty(steps, &mut next, *byte == b'/');
        std::mem::swap(&mut active, &mut next);
    }
    active[steps.len()]
}

/// Steps that may match nothing let the ones behind them begin as well: `*` always, `**/` only where a part begins.
fn skip_empty(steps: &[Step], active: &mut [bool], at_part_start: bool) {
    for (i, step) in steps.iter().enumerate() {
        let skips = matches!(step, Step::Run) || (matches!(step, Step::Folders) && at_part_start);
        if active[i] && skips {
            active[i + 1] = true;
        }
    }
}

#[cfg(test)]
mod tests;
