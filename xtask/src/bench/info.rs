//! The information page of a repository, which every client asks for first.

use crate::client::Change;
use crate::server::USER;
use crate::stopwatch::Stopwatch;

use super::Bench;
use super::commits::{MANY_FILES, many_files};
use super::table::{Goal, percentile};

const REQUESTS: usize = 500;

pub(super) fn measure(bench: &mut Bench) -> anyhow::Result<()> {
    let hub = bench.server.hub();
    hub.create_model("info")?;
    let files = many_files(0);
    let changes: Vec<Change<'_>> =
        files.iter().map(|(path, content)| Change::File { path, content: content.as_bytes() }).collect();
    hub.commit(&format!("{USER}/info"), "Add files", &changes)?;
    for (query, name) in [("", "info"), ("?blobs=true", "info with sizes and hashes")] {
        let mut seconds = Vec::new();
        for _ in 0..REQUESTS {
            let watch = Stopwatch::start();
            hub.get(&format!("/api/models/{USER}/info{query}"))?;
            seconds.push(watch.seconds());
        }
        let goal = if query.is_empty() { Goal::Below(5.0) } else { Goal::None };
        let median = percentile(&mut seconds, 0.5) * 1000.0;
        bench.table.add(format!("{name} of {MANY_FILES} files, median"), median, "ms", goal);
        let worst = percentile(&mut seconds, 0.99) * 1000.0;
        bench.table.add(format!("{name}, the slowest in a hundred"), worst, "ms", Goal::None);
    }
    Ok(())
}
