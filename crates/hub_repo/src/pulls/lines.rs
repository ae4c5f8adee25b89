//! Merging two changes of one text, line by line: what one side left alone becomes what the other side made of it.

use std::ops::Range;
use std::time::{Duration, Instant};

use super::LineRange;
use similar::{Algorithm, DiffTag, capture_diff_slices_deadline};

/// After this long the lines of a file that still wait count as replaced, which at worst is a conflict.
const MAX_TIME: Duration = Duration::from_millis(500);

/// A run of lines that one side replaced.
struct Hunk {
    old: Range<usize>,
    new: Range<usize>,
}

/// The text with the changes of both sides; `None` if they changed the same lines, or neighbours, differently.
pub(super) fn merge_lines(base: &str, ours: &str, theirs: &str) -> Option<String> {
    let lines = |text| -> Vec<&str> { str::split_inclusive(text, '\n').collect() };
    let (base, ours, theirs) = (lines(base), lines(ours), lines(theirs));
    let (mine, yours) = (hunks(&base, &ours), hunks(&base, &theirs));
    let (mut mine, mut yours) = (mine.into_iter().peekable(), yours.into_iter().peekable());
    let mut merged = String::new();
    let mut at = 0;
    let mut emit = |hunk: &Hunk, side: &[&str]| {
        merged.extend(base[at..hunk.old.start].iter().copied().chain(side[hunk.new.clone()].iter().copied()));
        at = hunk.old.end;
    };
    loop {
        match (mine.peek(), yours.peek()) {
            (None, None) => break,
            (Some(a), Some(b)) if a.old.start <= b.old.end && b.old.start <= a.old.end => {
                if a.old != b.old || ours[a.new.clone()] != theirs[b.new.clone()] {
                    return None;
                }
                emit(a, &ours);
                mine.next();
                yours.next();
            }
            (Some(a), b) if b.is_none_or(|b| a.old.start < b.old.start) => {
                emit(a, &ours);
                mine.next();
            }
            (_, Some(b)) => {
                emit(b, &theirs);
                yours.next();
            }
            (Some(_), None) => unreachable!("a hunk alone comes before nothing"),
        }
    }
    merged.extend(base[at..].iter().copied());
    Some(merged)
}

/// The text with the changes of both sides, and the marks of git around what they disagree on. Each side comes with its name.
pub(super) fn merge_marked(base: &str, (ours, our_name): (&str, &str), (theirs, their_name): (&str, &str)) -> String {
    let lines = |text| -> Vec<&str> { str::split_inclusive(text, '\n').collect() };
    let (base, ours, theirs) = (lines(base), lines(ours), lines(theirs));
    let (mine, yours) = (hunks(&base, &ours), hunks(&base, &theirs));
    let (mut i, mut j, mut at) = (0, 0, 0);
    let mut merged = String::new();
    loop {
        let starts = [mine.get(i), yours.get(j)].into_iter().flatten().map(|hunk| hunk.old.start);
        let Some(start) = starts.min() else { break };
        // What touches belongs together.
        let (mut end, mut k, mut l) = (start, i, j);
        loop {
            if let Some(hunk) = mine.get(k).filter(|hunk| hunk.old.start <= end) {
                (end, k) = (end.max(hunk.old.end), k + 1);
            } else if let Some(hunk) = yours.get(l).filter(|hunk| hunk.old.start <= end) {
                (end, l) = (end.max(hunk.old.end), l + 1);
            } else {
                break;
            }
        }
        merged.extend(base[at..start].iter().copied());
        let our_text = replayed(&base, &ours, &mine[i..k], start..end);
        let their_text = replayed(&base, &theirs, &yours[j..l], start..end);
        if i == k {
            merged.push_str(&their_text);
        } else if j == l || our_text == their_text {
            merged.push_str(&our_text);
        } else {
            let ended = |text: String| if text.is_empty() || text.ends_with('\n') { text } else { text + "\n" };
            let (our_text, their_text) = (ended(our_text), ended(their_text));
            merged.push_str(&format!("<<<<<<< {our_name}\n{our_text}=======\n{their_text}>>>>>>> {their_name}\n"));
        }
        (i, j, at) = (k, l, end);
    }
    merged.extend(base[at..].iter().copied());
    merged
}

/// What one side made of a range of the base.
fn replayed(base: &[&str], side: &[&str], hunks: &[Hunk], range: Range<usize>) -> String {
    let (mut text, mut at) = (String::new(), range.start);
    for hunk in hunks {
        text.extend(base[at..hunk.old.start].iter().copied().chain(side[hunk.new.clone()].iter().copied()));
        at = hunk.old.end;
    }
    text.extend(base[at..range.end].iter().copied());
    text
}

/// Where lines of one text are in another; `None` for those of which any was changed.
pub(super) fn follow(old: &str, new: &str, ranges: &[LineRange]) -> Vec<Option<LineRange>> {
    let lines = |text| -> Vec<&str> { str::split_inclusive(text, '\n').collect() };
    let (old, new) = (lines(old), lines(new));
    let hunks = hunks(&old, &new);
    let place = |range: &LineRange| {
        let (start, end) = ((range.first as usize).checked_sub(1)?, range.last as usize);
        if start >= end || end > old.len() {
            return None;
        }
        if hunks.iter().any(|hunk| hunk.old.start < end && hunk.old.end > start) {
            return None;
        }
        let before = hunks.iter().rfind(|hunk| hunk.old.end <= start);
        let first = before.map_or(start, |hunk| start - hunk.old.end + hunk.new.end);
        let (first, last) = (u32::try_from(first + 1).ok()?, u32::try_from(first + end - start).ok()?);
        Some(LineRange { first, last })
    };
    ranges.iter().map(place).collect()
}

fn hunks(old: &[&str], new: &[&str]) -> Vec<Hunk> {
    // The deadline only bounds the work: past it the answer is coarser, and still right.
    #[expect(clippy::disallowed_methods, reason = "a bound on work, not a moment that anything is told")]
    let deadline = Some(Instant::now() + MAX_TIME);
    let ops = capture_diff_slices_deadline(Algorithm::Myers, old, new, deadline);
    let changed = ops.into_iter().filter(|op| op.tag() != DiffTag::Equal);
    let mut hunks: Vec<Hunk> = Vec::new();
    for op in changed {
        match hunks.last_mut() {
            // A removal and an addition at one place are one replacement.
            Some(last) if last.old.end == op.old_range().start && last.new.end == op.new_range().start => {
                last.old.end = op.old_range().end;
                last.new.end = op.new_range().end;
            }
            _ => hunks.push(Hunk { old: op.old_range(), new: op.new_range() }),
        }
    }
    hunks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_both_sides_changed_is_marked() {
        let check = |ours, theirs, expect: &str| {
            assert_eq!(merge_marked("a\nb\nc\nd\n", (ours, "pr"), (theirs, "main")), expect, "{ours:?} {theirs:?}");
        };
        check("A\nb\nc\nd\n", "a\nb\nc\nD\n", "A\nb\nc\nD\n");
        check("a\nX\nc\nd\n", "a\nY\nc\nD\n", "a\n<<<<<<< pr\nX\n=======\nY\n>>>>>>> main\nc\nD\n");
        check("a\nb\nc\nX", "a\nb\nc\nY", "a\nb\nc\n<<<<<<< pr\nX\n=======\nY\n>>>>>>> main\n");
        check("", "a\nB\nc\nd\n", "<<<<<<< pr\n=======\na\nB\nc\nd\n>>>>>>> main\n");
        check("a\nX\nc\nd\n", "a\nX\nc\nd\n", "a\nX\nc\nd\n");
    }

    #[test]
    fn lines_are_found_again_unless_they_changed() {
        let check = |new, (first, last), expect: Option<(u32, u32)>| {
            let found = follow("a\nb\nc\nd\ne\n", new, &[LineRange { first, last }]);
            assert_eq!(found[0].map(|range| (range.first, range.last)), expect, "{new:?} {first} {last}");
        };
        check("a\nb\nc\nd\ne\n", (2, 3), Some((2, 3)));
        check("x\ny\na\nb\nc\nd\ne\n", (2, 3), Some((4, 5)));
        check("b\nc\nd\ne\n", (2, 3), Some((1, 2)));
        check("a\nb\nc\nd\n", (2, 3), Some((2, 3)));
        check("a\nB\nc\nd\ne\n", (2, 3), None);
        check("a\nb\nx\nc\nd\ne\n", (2, 3), None);
        check("a\nx\nb\nc\nd\ne\n", (2, 3), Some((3, 4)));
        check("a\nb\nc\nd\ne\n", (0, 1), None);
        check("a\nb\nc\nd\ne\n", (5, 6), None);
        check("", (1, 1), None);
    }

    #[test]
    fn changes_apart_are_joined_and_changes_of_one_place_are_not() {
        let base = "a\nb\nc\nd\ne\n";
        let check = |ours, theirs, expect: Option<&str>| {
            assert_eq!(merge_lines(base, ours, theirs).as_deref(), expect, "{ours:?} {theirs:?}");
            assert_eq!(merge_lines(base, theirs, ours).as_deref(), expect, "{theirs:?} {ours:?}");
        };
        check("A\nb\nc\nd\ne\n", "a\nb\nc\nd\nE\n", Some("A\nb\nc\nd\nE\n"));
        check("b\nc\nd\ne\n", "a\nb\nc\nd\ne\nf\n", Some("b\nc\nd\ne\nf\n"));
        check("a\nb\nC\nd\ne\n", "a\nb\nC\nd\ne\n", Some("a\nb\nC\nd\ne\n"));
        check("a\nb\nc\nd\ne\n", "a\nb\nX\nd\ne\n", Some("a\nb\nX\nd\ne\n"));
        check("a\nb\nC\nd\ne\n", "a\nb\nX\nd\ne\n", None);
        check("a\nB\nc\nd\ne\n", "a\nb\nC\nd\ne\n", None);
        check("a\nb\nx\nc\nd\ne\n", "a\nb\ny\nc\nd\ne\n", None);
        check("", "a\nb\nc\nd\nE\n", None);
        check("x\na\nb\nc\nd\ne\n", "a\nb\nc\nd\ne\ny", Some("x\na\nb\nc\nd\ne\ny"));
    }
}
