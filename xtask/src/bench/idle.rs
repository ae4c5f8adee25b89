//! What a server costs that has nothing to do.

use super::Bench;
use super::process::Process;
use super::table::Goal;

pub(super) fn measure(bench: &mut Bench) -> anyhow::Result<()> {
    let process = Process::new(bench.server.pid())?;
    let first = bench.server.ready_after.as_secs_f64() * 1000.0;
    bench.table.add("memory after the start", process.resident_mib()?, "MiB", Goal::Below(40.0));
    bench.table.add("first start to ready, on a new database", first, "ms", Goal::None);
    bench.server.stop()?;
    bench.server.restart()?;
    let again = bench.server.ready_after.as_secs_f64() * 1000.0;
    bench.table.add("start to ready", again, "ms", Goal::Below(100.0));
    Ok(())
}
