//! The budgets of the pages: how many bytes a browser fetches, compressed, from where, and how soon the first page is there.

use std::io::Write as _;

use anyhow::ensure;
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::client::Change;
use crate::server::USER;
use crate::stopwatch::Stopwatch;

use super::Bench;
use super::table::{Goal, percentile};

/// Models that the lists have to show.
const MODELS: usize = 60;
const REQUESTS: usize = 100;
const CARD: &str = "\n# A model\n\nSome **words** and $x^2$.\n\n## Use\n\n```python\nprint(1)\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |\n";

pub(super) fn measure(bench: &mut Bench) -> anyhow::Result<()> {
    let hub = bench.server.hub();
    let tasks = ["text-generation", "fill-mask", "text-to-image", "translation"];
    for number in 0..MODELS {
        let name = format!("pages-{number}");
        hub.create_model(&name)?;
        let card = format!(
            "---\nlicense: mit\npipeline_tag: {}\nlanguage: [en, de]\ntags: [tag-{number}]\n---\n{}",
            tasks[number % tasks.len()],
            CARD.repeat(20)
        );
        let files = [
            Change::File { path: "README.md", content: card.as_bytes() },
            Change::File { path: "config.json", content: b"{}" },
        ];
        hub.commit(&format!("{USER}/{name}"), "Add files", &files)?;
    }
    let model = format!("/{USER}/pages-0");
    for (what, path) in [
        ("home", "/".to_owned()),
        ("models", "/models".to_owned()),
        ("models under two facets", "/models?tag=license:mit&tag=fill-mask".to_owned()),
        ("search", "/search?q=pages".to_owned()),
        ("model", model.clone()),
        ("files", format!("{model}/tree/main")),
        ("file", format!("{model}/blob/main/README.md?source=true")),
        ("person", format!("/{USER}")),
    ] {
        let page = String::from_utf8(hub.get(&path)?)?;
        check_addresses(&path, &page)?;
        bench.table.add(format!("{what}: HTML, compressed"), compressed(page.as_bytes())?, "kB", Goal::Below(60.0));
        let mut seconds = Vec::new();
        for _ in 0..REQUESTS {
            let watch = Stopwatch::start();
            hub.get(&path)?;
            seconds.push(watch.seconds());
        }
        let slow = percentile(&mut seconds, 0.95) * 1000.0;
        bench.table.add(format!("{what}: the slowest in twenty"), slow, "ms", Goal::Below(100.0));
    }
    let page = String::from_utf8(hub.get("/")?)?;
    for (what, mark, goal) in [("style sheet", "rel=\"stylesheet\" href=\"", 30.0), ("script", "<script src=\"", 70.0)]
    {
        let mut bytes = 0.0;
        for rest in page.split(mark).skip(1) {
            let address = rest.split('"').next().unwrap_or_default();
            bytes += compressed(&hub.get(address)?)?;
        }
        bench.table.add(format!("{what}, compressed"), bytes, "kB", Goal::Below(goal));
    }
    Ok(())
}

/// States that a page fetches nothing from another host.
fn check_addresses(path: &str, page: &str) -> anyhow::Result<()> {
    for mark in ["src=\"", "rel=\"stylesheet\" href=\"", "rel=\"icon\" href=\"", "poster=\""] {
        for rest in page.split(mark).skip(1) {
            let address = rest.split('"').next().unwrap_or_default();
            let is_own = address.starts_with('/') && !address.starts_with("//") || address.starts_with("data:");
            ensure!(is_own, "{path} fetches {address}");
        }
    }
    Ok(())
}

/// Thousands of bytes after compression.
fn compressed(bytes: &[u8]) -> anyhow::Result<f64> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes)?;
    Ok(encoder.finish()?.len() as f64 / 1000.0)
}
