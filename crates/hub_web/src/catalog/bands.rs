//! Bands of numbers by which lists are narrowed.

/// A band of numbers, both ends included.
pub(super) struct Band {
    /// As it stands in addresses.
    pub(super) name: &'static str,
    pub(super) shown: &'static str,
    pub(super) min: Option<i64>,
    pub(super) max: Option<i64>,
}

const fn band(name: &'static str, shown: &'static str, min: Option<i64>, max: Option<i64>) -> Band {
    Band { name, shown, min, max }
}

pub(super) const PARAMETERS: &[Band] = &[
    band("lt-100M", "< 100M", Some(1), Some(99_999_999)),
    band("100M-1B", "100M – 1B", Some(100_000_000), Some(999_999_999)),
    band("1B-7B", "1B – 7B", Some(1_000_000_000), Some(6_999_999_999)),
    band("7B-34B", "7B – 34B", Some(7_000_000_000), Some(33_999_999_999)),
    band("34B-100B", "34B – 100B", Some(34_000_000_000), Some(99_999_999_999)),
    band("gt-100B", "> 100B", Some(100_000_000_000), None),
];

/// The memory of common devices.
pub(super) const MEMORY: &[Band] = &[
    band("4", "4 GB", None, Some(4_000_000_000)),
    band("8", "8 GB", None, Some(8_000_000_000)),
    band("16", "16 GB", None, Some(16_000_000_000)),
    band("24", "24 GB", None, Some(24_000_000_000)),
    band("48", "48 GB", None, Some(48_000_000_000)),
    band("80", "80 GB", None, Some(80_000_000_000)),
];
