//! The downloads of the last days as a picture: an SVG of its own size, coloured by the style sheet.

use std::fmt;

use askama::filters::HtmlSafe;

const WIDTH: f64 = 300.0;
const HEIGHT: f64 = 60.0;

/// A line over days.
pub(super) struct Chart(String);

impl Chart {
    /// The chart of daily counts; `label` says in words what it shows.
    pub(super) fn of_days(counts: &[u64], label: &str) -> Self {
        let most = counts.iter().copied().max().unwrap_or_default().max(1) as f64;
        let step = WIDTH / (counts.len().max(2) - 1) as f64;
        let point = |(place, count): (usize, &u64)| {
            format!("{:.1},{:.1}", place as f64 * step, HEIGHT - 2.0 - *count as f64 / most * (HEIGHT - 4.0))
        };
        let line = counts.iter().enumerate().map(point).collect::<Vec<_>>().join(" ");
        let mut escaped = String::new();
        crate::highlight::escape(&mut escaped, label);
        Self(format!(
            "<svg class=\"chart\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" preserveAspectRatio=\"none\" role=\"img\" \
             aria-label=\"{escaped}\"><polygon class=\"area\" points=\"0,{HEIGHT} {line} {WIDTH},{HEIGHT}\"/>\
             <polyline class=\"edge\" points=\"{line}\"/></svg>"
        ))
    }
}

impl fmt::Display for Chart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl HtmlSafe for Chart {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_spans_the_picture_and_the_label_is_escaped() {
        let chart = Chart::of_days(&[0, 5, 10], "<b>").to_string();
        assert!(chart.contains("points=\"0.0,58.0 150.0,30.0 300.0,2.0\"") && chart.contains("&lt;b&gt;"), "{chart}");
        assert!(!Chart::of_days(&[], "x").to_string().contains("NaN"));
        assert!(!Chart::of_days(&[3], "x").to_string().contains("NaN"));
    }
}
