//! What happens in the background of a serving process: writing down what was counted, removing what nobody needs.
//!
//! Each task may run in every replica at once, may be lost at any moment, and does nothing twice.

use std::time::Duration;

use hub_core::Code;
use hub_core::UserError;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::config::Config;
use crate::hub::Hub;

/// How often daily buckets are rolled up.
const ROLL_EVERY: Duration = Duration::from_secs(3600);

/// Starts the tasks; they end with `stop`.
pub(crate) fn start(hub: &Hub, config: &Config, tasks: &TaskTracker, stop: &CancellationToken) {
    let flush = Duration::from_secs(config.jobs.flush_secs.max(1));
    let every_flush = hub.clone();
    tasks.spawn(repeat(flush, stop.clone(), move || {
        let hub = every_flush.clone();
        async move { write_down(&hub).await }
    }));
    let rolled = hub.clone();
    tasks.spawn(repeat(ROLL_EVERY, stop.clone(), move || {
        let hub = rolled.clone();
        async move { tell("roll up downloads", hub.repos.roll_downloads().await) }
    }));
    if config.jobs.garbage_secs > 0 {
        let (collected, grace) = (hub.clone(), config.limits.upload_grace_secs);
        tasks.spawn(repeat(Duration::from_secs(config.jobs.garbage_secs), stop.clone(), move || {
            let hub = collected.clone();
            async move { tell("collect garbage", hub.repos.collect_garbage(grace).await.map(|_| ())) }
        }));
    }
}

/// Writes what was counted in memory; also the last act of the process.
pub(crate) async fn write_down(hub: &Hub) {
    tell("write down downloads", hub.repos.write_downloads().await);
    tell("write down the use of tokens", hub.accounts.flush_token_use().await);
}

async fn repeat<F, Fut>(every: Duration, stop: CancellationToken, work: F)
where
    F: Fn() -> Fut,
    Fut: Future<Output = ()>,
{
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(every) => work().await,
        }
    }
}

/// A failure is told and tried again at the next turn.
fn tell<E: UserError>(what: &str, outcome: Result<(), E>) {
    if let Err(error) = outcome {
        let transient = matches!(error.code(), Code::Unavailable);
        let chain = std::iter::successors(error.source(), |&cause| cause.source());
        let causes: String = chain.map(|cause| format!(": {cause}")).collect();
        tracing::error!(what, transient, error = %format!("{error}{causes}"), "work in the background failed");
    }
}
