//! Many small files, fetched one by one as a loader of a dataset fetches them, by one client and by many.

use std::thread;

use anyhow::{bail, ensure};

use crate::client::{Change, Hub};
use crate::server::USER;
use crate::stopwatch::Stopwatch;

use super::Bench;
use super::client;
use super::commits::many_files;
use super::table::{Goal, percentile};

const REPO: &str = "small";
/// How many files each client fetches.
const FETCHES: usize = 500;

pub(super) fn measure(bench: &mut Bench) -> anyhow::Result<()> {
    let hub = bench.server.hub();
    hub.create_model(REPO)?;
    let files = many_files(0);
    let changes: Vec<Change<'_>> =
        files.iter().map(|(path, content)| Change::File { path, content: content.as_bytes() }).collect();
    hub.commit(&format!("{USER}/{REPO}"), "Add files", &changes)?;
    for clients in [1, bench.plan.clients] {
        let watch = Stopwatch::start();
        let mut seconds: Vec<f64> = Vec::new();
        thread::scope(|scope| {
            let clients: Vec<_> = (0..clients)
                .map(|client| {
                    let (hub, files) = (bench.server.hub(), &files);
                    scope.spawn(move || fetch(&hub, files, client as usize))
                })
                .collect();
            for client in clients {
                match client.join() {
                    Ok(outcome) => seconds.extend(outcome?),
                    Err(_) => bail!("a thread panicked"),
                }
            }
            Ok(())
        })?;
        let rate = seconds.len() as f64 / watch.seconds();
        bench.table.add(format!("small files down, {clients} at once"), rate, "per s", Goal::None);
        let worst = percentile(&mut seconds, 0.99) * 1000.0;
        bench.table.add(format!("small files down, {clients} at once, p99"), worst, "ms", Goal::None);
    }
    client::small_files(bench)
}

/// Fetches files over one connection, each client beginning elsewhere; the seconds of each.
fn fetch(hub: &Hub, files: &[(String, String)], client: usize) -> anyhow::Result<Vec<f64>> {
    let mut seconds = Vec::with_capacity(FETCHES);
    for (path, content) in files.iter().cycle().skip(client * 31 % files.len()).take(FETCHES) {
        let watch = Stopwatch::start();
        let bytes = hub.file(&format!("{USER}/{REPO}"), "main", path)?;
        seconds.push(watch.seconds());
        ensure!(bytes == content.as_bytes(), "{path} came back other than it was sent");
    }
    Ok(seconds)
}
