//! The table that a bench prints: what was measured, the goal, whether it is met.

use std::fmt;

/// What a measured number is held against.
#[derive(Clone, Copy)]
pub(super) enum Goal {
    AtLeast(f64),
    Below(f64),
    /// Shown for orientation.
    None,
}

struct Row {
    what: String,
    value: f64,
    unit: &'static str,
    goal: Goal,
    note: String,
}

#[derive(Default)]
pub(super) struct Table {
    rows: Vec<Row>,
}

impl Table {
    pub(super) fn add(&mut self, what: impl Into<String>, value: f64, unit: &'static str, goal: Goal) {
        self.add_with_note(what, value, unit, goal, "");
    }

    pub(super) fn add_with_note(
        &mut self,
        what: impl Into<String>,
        value: f64,
        unit: &'static str,
        goal: Goal,
        note: impl Into<String>,
    ) {
        let row = Row { what: what.into(), value, unit, goal, note: note.into() };
        println!("  {}", row.line(0).trim_end());
        self.rows.push(row);
    }
}

impl Row {
    fn line(&self, width: usize) -> String {
        let (goal, verdict) = match self.goal {
            Goal::AtLeast(goal) => (format!(">= {}", short(goal)), verdict(self.value >= goal)),
            Goal::Below(goal) => (format!("< {}", short(goal)), verdict(self.value < goal)),
            Goal::None => (String::new(), ""),
        };
        let value = short(self.value);
        format!("{:width$}  {value:>9} {:<9} {goal:>8} {verdict:<6} {}", self.what, self.unit, self.note)
    }
}

fn verdict(met: bool) -> &'static str {
    if met { "met" } else { "MISSED" }
}

/// Three digits are what such a measurement is worth.
fn short(number: f64) -> String {
    match number.abs() {
        size if size >= 100.0 => format!("{number:.0}"),
        size if size >= 10.0 => format!("{number:.1}"),
        _ => format!("{number:.2}"),
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.rows.iter().map(|row| row.what.chars().count()).max().unwrap_or(0);
        writeln!(f)?;
        self.rows.iter().try_for_each(|row| writeln!(f, "{}", row.line(width).trim_end()))
    }
}

/// The value below which `share` (0 to 1) of the sorted samples lie.
pub(super) fn percentile(samples: &mut [f64], share: f64) -> f64 {
    samples.sort_by(f64::total_cmp);
    let rank = (samples.len() as f64 * share).ceil() as usize;
    samples.get(rank.saturating_sub(1)).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests;
