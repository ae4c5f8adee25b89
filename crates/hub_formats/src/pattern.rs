//! The path patterns of `.gitignore` and `.gitattributes`.
//!
//! ```text
//! ?  one character but '/'        *   any run without '/'        [a-z] [!a-z] [[:digit:]]  a class
//! **/ at the start or after '/'   any number of folders          /** at the end   everything below
//! \x the character x itself       any other ** is *
//! ```
//! One oddity of git is kept, since people see its effect in their clones: git compares what stands before the first
//! wildcard by itself and then treats `**` there as if it began a part, so that `a/b**` covers all that begins with `a/b`.
//!
//! A pattern without a slash (but at its end) is held against the last part of a path, any other against the whole.
//! Patterns come from strangers, so matching never backtracks: all ways to match are followed at once, one bit for each
//! step of the pattern, in time proportional to the length of the path alone. What stands before the first and after the
//! last wildcard is compared directly, which settles most paths at once.

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
    Glob {
        prefix: Vec<u8>,
        core: Core,
        suffix: Vec<u8>,
    },
    /// A class without end: git matches nothing with it. Or more than [`CORE_MAX_STEPS`] steps.
    Never,
}

/// The most steps from the first to the last wildcard.
const CORE_MAX_STEPS: usize = 127;

/// The steps from the first to the last wildcard, as sets: bit `i` is step `i`.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
struct Core {
    length: usize,
    bytes: Vec<(u8, u128)>,
    classes: Vec<(Class, u128)>,
    ones: u128,
    runs: u128,
    folders: u128,
    everything: u128,
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
        Self { shape: compile(text, name_only), name_only }
    }

    /// Whether the pattern fits `path`, which is relative to the folder of the file that has the pattern.
    pub(crate) fn fits(&self, path: &str) -> bool {
        let text = if self.name_only { path.rsplit('/').next().unwrap_or(path) } else { path };
        let text = text.as_bytes();
        match &self.shape {
            Shape::Literal(literal) => literal == text,
            Shape::Glob { prefix, core, suffix } => text
                .strip_prefix(prefix.as_slice())
                .and_then(|rest| rest.strip_suffix(suffix.as_slice()))
                .is_some_and(|middle| core.fits(middle)),
            Shape::Never => false,
        }
    }
}

fn compile(text: &[u8], name_only: bool) -> Shape {
    let mut steps = Vec::new();
    let mut rest = text;
    let mut is_literal = !name_only;
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        let begins_wildcards = is_literal;
        is_literal &= !matches!(byte, b'?' | b'\\' | b'[' | b'*');
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
                let at_start =
                    begins_wildcards || matches!(steps.last(), None | Some(Step::Byte(b'/') | Step::Folders));
                if stars > 0 && at_start && rest.is_empty() {
                    steps.push(Step::Everything);
                } else if stars > 0 && at_start && rest.first() == Some(&b'/') {
                    rest = &rest[1..];
                    if steps.last() != Some(&Step::Folders) {
                        steps.push(Step::Folders);
                    }
                } else if steps.last() != Some(&Step::Run) {
                    steps.push(Step::Run);
                }
            }
            _ => steps.push(Step::Byte(byte)),
        }
    }
    let is_byte = |step: &Step| matches!(step, Step::Byte(_));
    let Some(first) = steps.iter().position(|step| !is_byte(step)) else { return Shape::Literal(bytes(&steps)) };
    let end = steps.iter().rposition(|step| !is_byte(step)).map_or(first, |last| last + 1);
    if end - first > CORE_MAX_STEPS {
        return Shape::Never;
    }
    Shape::Glob { prefix: bytes(&steps[..first]), core: Core::new(&steps[first..end]), suffix: bytes(&steps[end..]) }
}

fn bytes(steps: &[Step]) -> Vec<u8> {
    steps.iter().filter_map(|step| if let Step::Byte(byte) = step { Some(*byte) } else { None }).collect()
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

impl Core {
    fn new(steps: &[Step]) -> Self {
        let mut core = Self { length: steps.len(), ..Self::default() };
        for (i, step) in steps.iter().enumerate() {
            let bit = 1 << i;
            match step {
                Step::Byte(byte) => match core.bytes.iter_mut().find(|(known, _)| known == byte) {
                    Some((_, bits)) => *bits |= bit,
                    None => core.bytes.push((*byte, bit)),
                },
                Step::Class(class) => core.classes.push(((**class).clone(), bit)),
                Step::One => core.ones |= bit,
                Step::Run => core.runs |= bit,
                Step::Folders => core.folders |= bit,
                Step::Everything => core.everything |= bit,
            }
        }
        core
    }

    /// Follows all ways to match at once: bit `i` of `active` says that the steps before `i` match what was read so far.
    fn fits(&self, text: &[u8]) -> bool {
        let mut active = self.skip(1, true);
        for byte in text {
            let is_slash = *byte == b'/';
            let mut passes = self.everything;
            let mut stays = self.everything | self.folders;
            passes |= self.bytes.iter().find(|(known, _)| known == byte).map_or(0, |(_, bits)| *bits);
            if !is_slash {
                passes |= self.ones;
                passes |=
                    self.classes.iter().filter(|(class, _)| class.contains(*byte)).fold(0, |all, (_, bit)| all | bit);
                stays |= self.runs;
            }
            active = self.skip((active & passes) << 1 | active & stays, is_slash);
            if active == 0 {
                return false;
            }
        }
        active >> self.length & 1 == 1
    }

    /// Steps that may match nothing let the one behind them begin as well: `*` and a final `**` always, `**/`
    /// only where a part begins. No more than two such steps stand in a row, as in `**/*`.
    fn skip(&self, active: u128, at_part_start: bool) -> u128 {
        let always = self.runs | self.everything;
        let skips = if at_part_start { always | self.folders } else { always };
        let once = active | (active & skips) << 1;
        once | (once & skips) << 1
    }
}

#[cfg(test)]
mod tests;
