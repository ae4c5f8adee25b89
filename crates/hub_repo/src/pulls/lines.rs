//! Merging two changes of one text, line by line: what one side left alone becomes what the other side made of it.

use std::ops::Range;
use std::time::{Duration, Instant};

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
