//! What happens in the background of a serving process: writing down what was counted, removing what nobody needs.
//!
//! What a process holds in memory it writes down itself, on a timer of its own. Everything else is a scheduled job of
//! [`hub_jobs`]: of all replicas one does it, each time its interval has passed, and a failure is tried again.

use std::time::Duration;

use hub_core::{Code, UserError};
use hub_jobs::{JobContext, JobError, Outbox, Queue, Worker, WorkerSettings};
use hub_mail::{Courier, Letter, MAIL_JOB};
use hub_repo::{ChunkReport, RepoError};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::config::Config;
use crate::hub::Hub;
use crate::webhooks;

/// How often daily buckets are rolled up.
const ROLL_EVERY: Duration = Duration::from_secs(3600);
/// How often old events and jobs are removed.
const PRUNE_EVERY: Duration = Duration::from_secs(24 * 3600);
/// How often the feed of public changes takes in what nobody asked about.
const FEED_EVERY: Duration = Duration::from_secs(60);
const DAY_MILLIS: i64 = 86_400_000;

/// Starts everything; it ends with `stop`.
pub(crate) fn start(hub: &Hub, config: &Config, tasks: &TaskTracker, stop: &CancellationToken) {
    let flush = Duration::from_secs(config.jobs.flush_secs.max(1));
    tasks.spawn(keep_writing(hub.clone(), flush, stop.clone()));
    tasks.spawn(worker(hub, config).run(stop.clone(), tasks.clone()));
}

/// The worker with every scheduled job.
pub fn worker(hub: &Hub, config: &Config) -> Worker {
    let queue = Queue::new(hub.db.clone(), hub.clock.clone(), hub.ids.clone());
    let told = queue.clone();
    let mut worker = Worker::new(queue.clone(), WorkerSettings::default());

    let repos = hub.repos.clone();
    let roll = move |(): (), _| {
        let repos = repos.clone();
        async move { Ok(repos.roll_downloads().await?) }
    };
    worker = worker.on("downloads.roll", roll).every("downloads.roll", ROLL_EVERY);

    let (pruned, keep) = (hub.clone(), i64::try_from(config.jobs.event_days).unwrap_or(i64::MAX));
    let audit_days = i64::try_from(config.jobs.audit_days).unwrap_or(i64::MAX);
    let prune = move |(): (), _| {
        let (hub, queue) = (pruned.clone(), queue.clone());
        async move {
            let before = hub.clock.now().plus_millis(keep.saturating_mul(DAY_MILLIS).saturating_neg());
            let events = Outbox::new(hub.db.clone()).prune(before).await?;
            let jobs = queue.remove_dead(before).await?;
            if audit_days > 0 {
                let before = hub.clock.now().plus_millis(audit_days.saturating_mul(DAY_MILLIS).saturating_neg());
                hub.accounts.prune_audit(before).await?;
            }
            let changes = hub.repos.forget_bucket_changes(before).await?;
            let apps = hub.accounts.forget_unused_apps().await?;
            tracing::info!(
                events,
                jobs,
                changes,
                apps,
                "removed old events, changes of buckets, jobs that were given up, and apps that nobody uses"
            );
            Ok(())
        }
    };
    worker = worker.on("events.prune", prune).every("events.prune", PRUNE_EVERY);

    worker = chunking(worker, hub, config);
    worker = posting(worker, config);
    worker = webhooks::jobs(worker, hub, config);
    worker = notifying(worker, hub, config);
    worker = feeding(worker, hub);
    worker = citing(worker, hub, config);

    if config.jobs.garbage_secs == 0 {
        return worker;
    }
    let (repos, cas, grace) = (hub.repos.clone(), hub.cas.clone(), config.limits.upload_grace_secs);
    let collect = move |(): (), context: JobContext| {
        let (repos, cas, told) = (repos.clone(), cas.clone(), told.clone());
        async move {
            let work = async {
                let report = repos.collect_garbage(grace).await?;
                // What the repositories have just let go of comes first, so that its chunks go at once.
                let chunks = cas.collect(&repos).await.map_err(RepoError::from)?;
                tracing::info!(?report, ?chunks, "collected garbage");
                told.keep_outcome("garbage.collect", &format!("{report:#?}\n{chunks:#?}")).await?;
                Ok::<_, RepoError>(())
            };
            // It can be left at any point, and a server that stops does not wait for it.
            tokio::select! {
                done = work => Ok(done?),
                () = context.cancelled.cancelled() => Err(JobError::Retry("the server stops".into())),
            }
        }
    };
    worker.on("garbage.collect", collect).every("garbage.collect", Duration::from_secs(config.jobs.garbage_secs))
}

/// Adds the job that delivers letters, where there is a mail server.
fn posting(worker: Worker, config: &Config) -> Worker {
    let courier = match Courier::new(&config.mail) {
        Ok(Some(courier)) => courier,
        Ok(None) => return worker,
        Err(error) => {
            tracing::error!(%error, "letters are not delivered");
            return worker;
        }
    };
    worker.on(MAIL_JOB, move |letter: Letter, _| {
        let courier = courier.clone();
        async move { courier.deliver(&letter).await }
    })
}

/// Adds the job that tells people of discussions.
fn notifying(worker: Worker, hub: &Hub, config: &Config) -> Worker {
    let community = hub.community.clone();
    let tell = move |(): (), _| {
        let community = community.clone();
        async move {
            community.dispatch_notifications().await?;
            Ok(())
        }
    };
    let every = Duration::from_secs(config.jobs.notify_secs.max(1));
    worker.on("notifications.tell", tell).every("notifications.tell", every)
}

/// Adds the job that makes the papers known that cards name.
fn citing(worker: Worker, hub: &Hub, config: &Config) -> Worker {
    let community = hub.community.clone();
    let collect = move |(): (), _| {
        let community = community.clone();
        async move {
            community.collect_papers().await?;
            Ok(())
        }
    };
    let every = Duration::from_secs(config.jobs.notify_secs.max(1));
    worker.on("papers.collect", collect).every("papers.collect", every)
}

/// Adds the job that carries the feed of public changes on, before events are removed that nobody asked about.
fn feeding(worker: Worker, hub: &Hub) -> Worker {
    let insights = hub.insights.clone();
    let carry = move |(): (), context: JobContext| {
        let insights = insights.clone();
        async move {
            tokio::select! {
                done = insights.carry_feed_on() => Ok(done?),
                () = context.cancelled.cancelled() => Err(JobError::Retry("the server stops".into())),
            }
        }
    };
    worker.on("feed.carry", carry).every("feed.carry", FEED_EVERY)
}

/// Adds the job that puts large files into chunks that came in one piece.
fn chunking(worker: Worker, hub: &Hub, config: &Config) -> Worker {
    if config.xet.chunk_secs == 0 {
        return worker;
    }
    let (repos, policy) = (hub.repos.clone(), config.xet.chunk_policy());
    let chunk = move |(): (), context: JobContext| {
        let repos = repos.clone();
        async move {
            let report = repos.chunk_large_files(policy, &context.cancelled).await?;
            if context.cancelled.is_cancelled() {
                return Err(JobError::Retry("the server stops".into()));
            }
            if report != ChunkReport::default() {
                tracing::info!(?report, "put large files into chunks");
            }
            Ok(())
        }
    };
    worker.on("large.chunk", chunk).every("large.chunk", Duration::from_secs(config.xet.chunk_secs))
}

/// Writes what was counted in memory; also the last act of the process.
pub(crate) async fn write_down(hub: &Hub) {
    tell("write down downloads", hub.repos.write_downloads().await);
    tell("write down attention", hub.repos.write_attention().await);
    tell("write down the use of tokens", hub.accounts.flush_token_use().await);
}

async fn keep_writing(hub: Hub, every: Duration, stop: CancellationToken) {
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(every) => write_down(&hub).await,
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
