//! Any README is read, judged for each kind of repository, and yields tags.
#![no_main]

use hub_core::RepoKind;
use hub_formats::card::{Card, validate};
use hub_formats::tags::{Sources, derive};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (&str, &str)| {
    let (readme, config) = input;
    let card = Card::parse_or_default(readme);
    assert!(readme.get(card.body_offset..).is_some());
    let configs: Vec<_> = serde_json::from_str(config).map(|value| ("config.json", value)).into_iter().collect();
    for kind in RepoKind::ALL {
        validate(kind, readme);
        let files = ["README.md", "config.json"];
        derive(&Sources { kind, readme, card: &card, files: &files, configs: &configs, has_chat_template: true });
    }
});
