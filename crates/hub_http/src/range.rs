//! The `Range` header (RFC 9110 section 14): which bytes of a file a request wants.

use std::ops::Range;

/// The most ranges that one request gets; whoever asks for more gets the whole file.
const MAX_PARTS: usize = 64;

/// What a request wants of a file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Wanted {
    /// All of it: no range was named, or none that we understand.
    Whole,
    /// One range.
    Part(Range<u64>),
    /// Several ranges, in the order of the request.
    Parts(Vec<Range<u64>>),
    /// Only bytes that the file does not have.
    Nothing,
}

impl Wanted {
    /// Reads the header for a file of `size` bytes. A faulty header is ignored, as the specification wants.
    pub fn parse(header: Option<&str>, size: u64) -> Self {
        let Some(list) = header.and_then(|text| text.trim().strip_prefix("bytes=")) else { return Wanted::Whole };
        let mut parts = Vec::new();
        for text in list.split(',').map(str::trim).filter(|text| !text.is_empty()) {
            match part(text, size) {
                Ok(Some(range)) => parts.push(range),
                Ok(None) => {}
                Err(Faulty) => return Wanted::Whole,
            }
        }
        let wanted: u64 = parts.iter().map(|range| range.end - range.start).fold(0, u64::saturating_add);
        match parts.len() {
            0 if list.trim().is_empty() => Wanted::Whole,
            0 => Wanted::Nothing,
            1 => Wanted::Part(parts.remove(0)),
            // Overlapping ranges that add up to more than the file are no honest request.
            count if count > MAX_PARTS || wanted > size => Wanted::Whole,
            _ => Wanted::Parts(parts),
        }
    }
}

struct Faulty;

/// `0-99`, `100-`, `-100`; `None` when the file has no such byte.
fn part(text: &str, size: u64) -> Result<Option<Range<u64>>, Faulty> {
    let number = |text: &str| -> Result<u64, Faulty> {
        if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit()) {
            return Err(Faulty);
        }
        Ok(text.parse().unwrap_or(u64::MAX))
    };
    let (first, last) = text.split_once('-').ok_or(Faulty)?;
    if first.is_empty() {
        let range = size.saturating_sub(number(last)?)..size;
        return Ok((!range.is_empty()).then_some(range));
    }
    let first = number(first)?;
    let end = if last.is_empty() { size } else { number(last)?.saturating_add(1).min(size) };
    if !last.is_empty() && number(last)? < first {
        return Err(Faulty);
    }
    Ok((first < size).then_some(first..end))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(header: &str, size: u64, expect: Wanted) {
        assert_eq!(Wanted::parse(Some(header), size), expect, "{header} of {size}");
    }

    #[test]
    fn ranges_are_cut_to_the_file() {
        assert_eq!(Wanted::parse(None, 10), Wanted::Whole);
        check("bytes=0-0", 10, Wanted::Part(0..1));
        check("bytes=2-", 10, Wanted::Part(2..10));
        check("bytes=2-500", 10, Wanted::Part(2..10));
        check("bytes=-3", 10, Wanted::Part(7..10));
        check("bytes=-30", 10, Wanted::Part(0..10));
        check("bytes= 0-1 , 4-5,,", 10, Wanted::Parts(vec![0..2, 4..6]));
        check("bytes=0-1,20-30", 10, Wanted::Part(0..2));
        check("bytes=0-99999999999999999999999", 10, Wanted::Part(0..10));
    }

    #[test]
    fn bytes_beyond_the_end_cannot_be_had() {
        for header in ["bytes=10-", "bytes=10-20", "bytes=-0", "bytes=11-,12-"] {
            check(header, 10, Wanted::Nothing);
        }
        check("bytes=0-", 0, Wanted::Nothing);
    }

    #[test]
    fn faulty_and_greedy_headers_get_the_whole_file() {
        for header in
            ["bytes=", "bytes=a-b", "bytes=5-2", "bytes=--1", "lines=0-1", "bytes 0-1", "bytes=1", "bytes=+1-2"]
        {
            check(header, 10, Wanted::Whole);
        }
        check("bytes=0-,0-,0-", 10, Wanted::Whole);
        check(&format!("bytes={}", "0-0,".repeat(65)), 1000, Wanted::Whole);
    }
}
