//! The icons of the house: outlines on a grid of 16, drawn for it, coloured by the text around them.

use std::fmt;

use askama::filters::HtmlSafe;

/// One icon. It repeats what a word says, so screen readers pass over it.
#[derive(Clone, Copy)]
pub(crate) struct Icon(&'static str);

/// The name of each icon and its strokes.
const ICONS: &[(&str, &str)] = &[
    ("model", "M8 1.5 14 5v6l-6 3.5L2 11V5zM2 5l6 3.5L14 5M8 8.5v6"),
    (
        "dataset",
        "M2.5 4c0-1.1 2.5-2 5.5-2s5.5.9 5.5 2v8c0 1.1-2.5 2-5.5 2s-5.5-.9-5.5-2zM2.5 4c0 1.1 2.5 2 5.5 2s5.5-.9 5.5-2M2.5 8c0 1.1 2.5 2 5.5 2s5.5-.9 5.5-2",
    ),
    ("space", "M2 2.5h5v5H2zM9 2.5h5v5H9zM2 9.5h5v4H2zM9 9.5h5v4H9z"),
    ("kernel", "M4.5 4.5h7v7h-7zM6.5 1.5v3M9.5 1.5v3M6.5 11.5v3M9.5 11.5v3M1.5 6.5h3M1.5 9.5h3M11.5 6.5h3M11.5 9.5h3"),
    (
        "bucket",
        "M2 4.5c0-1.1 2.7-2 6-2s6 .9 6 2-2.7 2-6 2-6-.9-6-2zM2 4.5l1.5 8c.3 1 2.200 1.700 4.500 1.700s4.200-.7 4.500-1.700l1.500-8",
    ),
    ("search", "M7 12A5 5 0 1 0 7 2a5 5 0 0 0 0 10zM10.7 10.7 14 14"),
    ("file", "M3.5 1.5h6l3 3v10h-9zM9.5 1.5v3h3"),
    ("folder", "M1.5 3.5h5l1.5 2h6.5v7.5h-13z"),
    ("lock", "M3.5 7.5h9v6.5h-9zM5.5 7.5v-2a2.5 2.5 0 0 1 5 0v2"),
    ("person", "M8 8a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM2.5 14c.5-3 2.5-4.5 5.5-4.5s5 1.5 5.5 4.5"),
    (
        "people",
        "M6 8a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5zM1.5 13.5c.4-2.7 2-4 4.5-4s4.1 1.3 4.5 4M10.5 3.200a2.5 2.5 0 0 1 0 4.600M12 9.800c1.4.5 2.2 1.8 2.5 3.7",
    ),
    ("download", "M8 2v8M4.5 7 8 10.5 11.5 7M2.5 13.5h11"),
    (
        "smile",
        "M8 14.5a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13zM5 9.5c.6 1.200 1.700 1.8 3 1.8s2.400-.6 3-1.8M5.800 6v.6M10.200 6v.6",
    ),
    ("heart", "M8 13.5S2 10 2 6a3.2 3.2 0 0 1 6-1.5A3.2 3.2 0 0 1 14 6c0 4-6 7.5-6 7.5z"),
    (
        "branch",
        "M4.5 5.5v5M4.5 5.5a1.7 1.7 0 1 0 0-3.4 1.7 1.7 0 0 0 0 3.400zM4.5 14a1.7 1.7 0 1 0 0-3.4 1.7 1.7 0 0 0 0 3.400zM11.5 6.5a1.7 1.7 0 1 0 0-3.4 1.7 1.7 0 0 0 0 3.400zM11.5 6.5c0 2.5-7 1.5-7 4",
    ),
    ("talk", "M2 2.5h12v8.500H7.5L4.500 13.500V11H2z"),
    ("clock", "M8 14.5a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13zM8 4.5V8l2.5 1.5"),
    (
        "bell",
        "M3.5 11.5c1-1 1-2.300 1-4.500a3.5 3.5 0 0 1 7 0c0 2.200 0 3.500 1 4.500zM6.5 13.5c.3.7.8 1 1.5 1s1.2-.3 1.5-1M8 3.500V2",
    ),
    ("plus", "M8 3v10M3 8h10"),
    ("pencil", "M2.5 13.5l.7-3L10.5 3.200l2.3 2.3-7.3 7.300z"),
    ("trash", "M2.5 4h11M6 4V2.5h4V4M4 4l.7 10h6.600L12 4"),
    ("upload", "M8 10V2.5M4.5 6 8 2.5 11.5 6M2.5 13.5h11"),
    ("key", "M10.5 8.5a3 3 0 1 0-2.8-2L2 12.200V14h2.5v-1.5H6V11l1.7-1.700z"),
    (
        "gear",
        "M8 10.200a2.2 2.2 0 1 0 0-4.4 2.2 2.2 0 0 0 0 4.400zM8 1.5v2M8 12.5v2M1.5 8h2M12.5 8h2M3.4 3.400l1.4 1.400M11.2 11.200l1.4 1.400M12.6 3.400l-1.4 1.400M4.8 11.200l-1.4 1.4",
    ),
    ("check", "M3 8.5 6.5 12 13 4.5"),
    ("copy", "M5.5 5.5h8v8h-8zM10.5 5.5v-3h-8v8h3"),
    (
        "sun",
        "M8 11a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM8 1v1.5M8 13.5V15M1 8h1.5M13.5 8H15M3 3l1.1 1.100M11.9 11.9 13 13M13 3l-1.1 1.100M4.1 11.9 3 13",
    ),
    ("home", "M2 7.5 8 2l6 5.5V14h-4v-4H6v4H2z"),
    ("shield", "M8 1.5 13.5 3.5v4c0 3.5-2.3 5.8-5.5 7-3.2-1.2-5.5-3.5-5.5-7v-4z"),
    ("book", "M8 3.5C6.5 2.3 4.5 2 2 2v10.5c2.5 0 4.5.3 6 1.5 1.5-1.2 3.5-1.5 6-1.5V2c-2.5 0-4.5.3-6 1.5zM8 3.5V14"),
    ("list", "M2.5 4h11M2.5 8h11M2.5 12h11"),
    ("screen", "M1.5 2.5h13v8.5h-13zM5.5 14h5M8 11v3"),
    ("table", "M2 2.5h12v11H2zM2 6h12M2 9.700h12M6.500 2.500v11"),
    ("menu", "M2 4h12M2 8h12M2 12h12"),
];

impl Icon {
    /// The icon of that name; an empty one if there is none, which a test refuses.
    pub(crate) fn named(name: &str) -> Self {
        Self(ICONS.iter().find(|(known, _)| *known == name).map_or("", |(_, strokes)| strokes))
    }
}

impl fmt::Display for Icon {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<svg class=\"icon\" viewBox=\"0 0 16 16\" aria-hidden=\"true\"><path d=\"{}\"/></svg>", self.0)
    }
}

impl HtmlSafe for Icon {}
