//! YAML into JSON values, with bounds that hold for any input.
//!
//! The text is read event by event; depth, values and text are counted as they come, copies made for aliases included,
//! so that neither deep nesting nor aliases of aliases cost more than the bounds below. Plain scalars are resolved by
//! the core schema of YAML 1.2 (`no` is a text, not a falsehood). What JSON cannot hold (`.nan`, `.inf`, dates, binary)
//! stays the text that it was. Keys that are numbers, booleans or nothing become text. `<<` merges.

use std::collections::{HashMap, HashSet};

use granit_parser::{Event, Parser, ScalarStyle, ScanError, Tag};
use serde_json::{Map, Number, Value};

/// Longer texts are refused unread.
pub(crate) const TEXT_MAX_BYTES: usize = 1 << 20;
const DEPTH_MAX: usize = 64;
const VALUES_MAX: usize = 100_000;
const COPIED_MAX_BYTES: usize = 4 << 20;

/// Why a text is no YAML that we take.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason} (line {line})")]
pub(crate) struct YamlError {
    /// Counted from 1 within the text.
    pub(crate) line: usize,
    pub(crate) reason: String,
}

/// A value, and what is odd about its text without making it unreadable.
#[derive(Debug, Default)]
pub(crate) struct Yaml {
    pub(crate) value: Value,
    /// Keys that one mapping has twice, with the line of the later one, whose value is kept.
    pub(crate) duplicates: Vec<(String, usize)>,
}

enum Frame {
    List { items: Vec<Value>, anchor: usize },
    Mapping { map: Map<String, Value>, key: Option<String>, merged: HashSet<String>, anchor: usize },
}

#[derive(Default)]
struct Builder {
    frames: Vec<Frame>,
    anchors: HashMap<usize, Value>,
    values: usize,
    copied_bytes: usize,
    yaml: Yaml,
    done: bool,
}

/// Reads the one document of a text; an empty text is null.
pub(crate) fn parse(text: &str) -> Result<Yaml, YamlError> {
    if text.len() > TEXT_MAX_BYTES {
        return Err(YamlError { line: 1, reason: format!("the text is longer than {TEXT_MAX_BYTES} bytes") });
    }
    let mut builder = Builder::default();
    for next in Parser::new_from_str(text) {
        let (event, span) = next.map_err(|error| from_scan(&error, text))?;
        let line = span.start.line();
        builder.take(event, line).map_err(|reason| YamlError { line, reason })?;
    }
    Ok(builder.yaml)
}

fn from_scan(error: &ScanError, text: &str) -> YamlError {
    let line = error.marker().line().max(1);
    // The commonest mistake is told in words; the scanner may stumble over it one line late or early.
    let is_tabbed = |line: &str| line.trim_start_matches(' ').starts_with('\t');
    let near = text.lines().enumerate().skip(line.saturating_sub(2)).take(3);
    match near.into_iter().find(|(_, text)| is_tabbed(text)) {
        Some((i, _)) => YamlError { line: i + 1, reason: "the line begins with a tab; indent with spaces".to_owned() },
        None => YamlError { line, reason: error.info() },
    }
}

impl Builder {
    fn take(&mut self, event: Event<'_>, line: usize) -> Result<(), String> {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let value = scalar(&text, style, tag.as_deref());
                self.remember(anchor, &value)?;
                self.put(value, line)
            }
            Event::SequenceStart(_, anchor, _) => self.open(Frame::List { items: Vec::new(), anchor }),
            Event::MappingStart(_, anchor, _) => {
                self.open(Frame::Mapping { map: Map::new(), key: None, merged: HashSet::new(), anchor })
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let (value, anchor) = match self.frames.pop() {
                    Some(Frame::List { items, anchor }) => (Value::Array(items), anchor),
                    Some(Frame::Mapping { map, anchor, .. }) => (Value::Object(map), anchor),
                    None => return Err("a list or mapping ends that never began".to_owned()),
                };
                self.remember(anchor, &value)?;
                self.put(value, line)
            }
            Event::Alias(anchor) => {
                let value = self.anchors.get(&anchor).cloned().ok_or("an alias stands within what it refers to")?;
                self.count_copy(&value)?;
                self.put(value, line)
            }
            Event::DocumentStart(..) if self.done => Err("a second document begins".to_owned()),
            Event::DocumentEnd => {
                self.done = true;
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn open(&mut self, frame: Frame) -> Result<(), String> {
        if self.frames.len() >= DEPTH_MAX {
            return Err(format!("lists and mappings are nested deeper than {DEPTH_MAX}"));
        }
        self.frames.push(frame);
        Ok(())
    }

    fn remember(&mut self, anchor: usize, value: &Value) -> Result<(), String> {
        if anchor != 0 {
            self.count_copy(value)?;
            self.anchors.insert(anchor, value.clone());
        }
        Ok(())
    }

    fn count_copy(&mut self, value: &Value) -> Result<(), String> {
        let (values, bytes) = weigh(value);
        self.values += values;
        self.copied_bytes += bytes;
        self.check_bounds()
    }

    fn check_bounds(&self) -> Result<(), String> {
        if self.values > VALUES_MAX || self.copied_bytes > COPIED_MAX_BYTES {
            return Err("there are too many values or aliases".to_owned());
        }
        Ok(())
    }

    fn put(&mut self, value: Value, line: usize) -> Result<(), String> {
        self.values += 1;
        self.check_bounds()?;
        match self.frames.last_mut() {
            None => self.yaml.value = value,
            Some(Frame::List { items, .. }) => items.push(value),
            Some(Frame::Mapping { map, key, merged, .. }) => match key.take() {
                None => {
                    *key = Some(match value {
                        Value::String(text) => text,
                        Value::Array(_) | Value::Object(_) => return Err("a key must be a plain text".to_owned()),
                        other => other.to_string(),
                    });
                }
                Some(name) if name == "<<" && mergeable(&value) => {
                    let sources = match value {
                        Value::Array(list) => list,
                        one => vec![one],
                    };
                    for (name, value) in sources.into_iter().filter_map(into_object).flatten() {
                        if !map.contains_key(&name) {
                            merged.insert(name.clone());
                            map.insert(name, value);
                        }
                    }
                }
                Some(name) => {
                    if map.insert(name.clone(), value).is_some() && !merged.remove(&name) {
                        self.yaml.duplicates.push((name, line));
                    }
                }
            },
        }
        Ok(())
    }
}

fn mergeable(value: &Value) -> bool {
    match value {
        Value::Object(_) => true,
        Value::Array(list) => list.iter().all(Value::is_object),
        _ => false,
    }
}

fn into_object(value: Value) -> Option<Map<String, Value>> {
    match value {
        Value::Object(map) => Some(map),
        _ => None,
    }
}

/// How many values there are in a value, and how many bytes of text. Its depth is bounded.
fn weigh(value: &Value) -> (usize, usize) {
    let sum = |(values, bytes), (more_values, more_bytes)| (values + more_values, bytes + more_bytes);
    match value {
        Value::String(text) => (1, text.len()),
        Value::Array(list) => list.iter().map(weigh).fold((1, 0), sum),
        Value::Object(map) => map.iter().map(|(key, value)| sum(weigh(value), (1, key.len()))).fold((1, 0), sum),
        _ => (1, 0),
    }
}

fn scalar(text: &str, style: ScalarStyle, tag: Option<&Tag>) -> Value {
    let is_plain = style == ScalarStyle::Plain;
    match tag.map(Tag::core_suffix) {
        None if is_plain => resolve(text),
        Some(Some("int" | "float" | "bool" | "null")) => resolve(text),
        // A tag of an application says nothing about the shape of the text.
        Some(None) if is_plain && tag.is_some_and(Tag::is_custom) => resolve(text),
        _ => Value::String(text.to_owned()),
    }
}

/// The core schema of YAML 1.2.
fn resolve(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "true" | "True" | "TRUE" => return Value::Bool(true),
        "false" | "False" | "FALSE" => return Value::Bool(false),
        _ => {}
    }
    number(text).map_or_else(|| Value::String(text.to_owned()), Value::Number)
}

fn number(text: &str) -> Option<Number> {
    let radix = |prefix, radix| text.strip_prefix(prefix).map(|digits| (digits, radix));
    if let Some((digits, radix)) = radix("0x", 16).or_else(|| radix("0o", 8)) {
        let plain = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        return u64::from_str_radix(digits, radix).ok().filter(|_| plain).map(Number::from);
    }
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let numeric =
        unsigned.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'E' | b'+' | b'-'));
    if !numeric || !unsigned.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return None;
    }
    let text = text.strip_prefix('+').unwrap_or(text);
    if unsigned.bytes().all(|byte| byte.is_ascii_digit()) {
        if let Ok(number) = text.parse::<i64>() {
            return Some(number.into());
        }
        if let Ok(number) = text.parse::<u64>() {
            return Some(number.into());
        }
    }
    text.parse().ok().and_then(Number::from_f64)
}

#[cfg(test)]
mod tests;
