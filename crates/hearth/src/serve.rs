//! `hearth serve`: from the configuration to a listening server, and back down again.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use hub_api::XetEpoch;
use hub_catalog::Built;
use hub_git::SshServer;
use hub_http::{Metrics, PublicUrl};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::app::{App, git_state};
use crate::config::Config;
use crate::greeting::{Greeting, url_of};
use crate::hub::Hub;
use crate::{housekeeping, listener, print, samples};

/// Runs until SIGTERM or SIGINT.
pub(crate) async fn run(mut config: Config, sample_folder: Option<PathBuf>) -> anyhow::Result<()> {
    raise_file_limit();
    let stop = stop_on_signals()?;
    let hub = Hub::open(&config).await?;
    if config.xet.epoch.is_none() {
        // Whoever sets up a store anew at the same address finds clients that remember what the one before held.
        config.xet.epoch = Some(XetEpoch::new(&hub.repos.instance().await?)?);
    }
    let address = config.server.listen;
    let listener = TcpListener::bind(address).await.with_context(|| format!("cannot listen on {address}"))?;
    let address = listener.local_addr()?;

    let metrics = Metrics::new(env!("CARGO_PKG_VERSION"));
    metrics.watch("hearth_searches_given_up_total", "Searches that took too long.", hub.catalog.given_up());
    let router = App::ending_with(&hub, &config, &metrics, stop.clone()).into_router(&hub, &metrics);
    let tasks = TaskTracker::new();
    housekeeping::start(&hub, &config, &tasks, &stop);
    tasks.spawn(index(hub.clone(), stop.clone()));
    tracing::info!(%address, version = env!("CARGO_PKG_VERSION"), "listening");

    let url = config.server.public_url.clone().unwrap_or_else(|| url_of(address));
    if let Some(address) = config.ssh.listen {
        tasks.spawn(serve_ssh(&hub, &config, address, &url, stop.clone()).await?);
    }
    if let Some(address) = config.spaces.listen {
        tasks.spawn(serve_apps(&hub, &config, address, &metrics, stop.clone()).await?);
    }
    let (greeter, ending, its_config) = (hub.clone(), stop.clone(), config.clone());
    tasks.spawn(async move {
        let sample = tokio::select! {
            () = ending.cancelled() => return,
            sample = publish(&greeter, &its_config, sample_folder) => sample,
        };
        greet(&greeter, url, sample).await;
    });

    listener::serve(listener, router, &config.server, &metrics, stop).await;
    tasks.close();
    tasks.wait().await;
    housekeeping::write_down(&hub).await;
    tracing::info!("stopped");
    Ok(())
}

/// How often the index is written down, if it changed.
const SNAPSHOT_EVERY: Duration = Duration::from_secs(600);

/// Keeps the indexes by which things are found. That of repositories comes first, alone: a start is as quick as it can be,
/// and for the index of texts, which takes long the first time, the database must be read once more.
async fn index(hub: Hub, stop: CancellationToken) {
    tokio::select! {
        () = stop.cancelled() => return,
        () = build_catalog(&hub) => {}
    }
    tokio::join!(write_snapshots(&hub, &stop), index_texts(&hub, &stop));
}

/// Builds the index of all repositories; until it stands the database answers, more slowly.
async fn build_catalog(hub: &Hub) {
    match hub.catalog.build().await {
        Ok(Built { repositories, from_snapshot, refused }) => {
            if let Some(reason) = refused {
                tracing::warn!(reason, "the snapshot of the index was not used");
            }
            tracing::info!(repositories, from_snapshot, "the index of repositories is built");
        }
        Err(error) => {
            let error = format!("{:#}", anyhow::Error::from(error));
            tracing::error!(error, "no index of repositories: the database answers, more slowly");
        }
    }
}

/// Keeps the snapshot of the index fresh, so that the next start is quick.
async fn write_snapshots(hub: &Hub, stop: &CancellationToken) {
    loop {
        let is_over = tokio::select! {
            () = stop.cancelled() => true,
            () = tokio::time::sleep(SNAPSHOT_EVERY) => false,
        };
        if let Err(error) = hub.catalog.write_snapshot().await {
            let error = format!("{:#}", anyhow::Error::from(error));
            tracing::warn!(error, "the next start reads all repositories from the database");
        }
        if is_over {
            return;
        }
    }
}

/// How often the index of texts takes in what changed.
const TEXTS_EVERY: Duration = Duration::from_secs(2);

/// Keeps the index of texts equal to the database. It can be left at any point.
async fn index_texts(hub: &Hub, stop: &CancellationToken) {
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            caught_up = hub.search.catch_up() => match caught_up {
                Ok(0) => {}
                Ok(repositories) => tracing::debug!(repositories, "wrote texts of repositories to their index"),
                Err(error) => {
                    let error = format!("{:#}", anyhow::Error::from(error));
                    tracing::warn!(error, "the index of texts lags behind");
                }
            },
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(TEXTS_EVERY) => {}
        }
    }
}

/// Opens the SSH door; the future serves it.
async fn serve_ssh(
    hub: &Hub,
    config: &Config,
    address: SocketAddr,
    url: &str,
    stop: CancellationToken,
) -> anyhow::Result<impl Future<Output = ()> + use<>> {
    let drain = Duration::from_secs(config.server.drain_secs);
    let server = SshServer::new(git_state(hub, config), PublicUrl::new(url), drain).await?;
    let listener = TcpListener::bind(address).await.with_context(|| format!("cannot listen on {address} for SSH"))?;
    tracing::info!(address = %listener.local_addr()?, host_key = server.host_key(), "listening for SSH");
    Ok(server.serve(listener, stop))
}

/// Opens the door of the apps of Spaces; the future serves it.
async fn serve_apps(
    hub: &Hub,
    config: &Config,
    address: SocketAddr,
    metrics: &Metrics,
    stop: CancellationToken,
) -> anyhow::Result<impl Future<Output = ()> + use<>> {
    let listener = TcpListener::bind(address).await.with_context(|| format!("cannot listen on {address} for apps"))?;
    tracing::info!(address = %listener.local_addr()?, "listening for the apps of Spaces");
    let router = App::app_router(hub, config, metrics);
    let (server, metrics) = (config.server.clone(), metrics.clone());
    Ok(async move { listener::serve(listener, router, &server, &metrics, stop).await })
}

/// Publishes the samples, if there are any; the server answers meanwhile. Gives the id of a model to try.
async fn publish(hub: &Hub, config: &Config, folder: Option<PathBuf>) -> Option<String> {
    let folder = folder?;
    let published = match hub.without_links(config) {
        Ok(hub) => samples::publish(&hub, &folder).await,
        Err(error) => Err(error),
    };
    published
        .inspect_err(|error| {
            tracing::error!(folder = %folder.display(), error = %format!("{error:#}"), "no samples published");
        })
        .ok()
        .flatten()
}

/// Prints where everything is.
async fn greet(hub: &Hub, url: String, sample: Option<String>) {
    match hub.accounts.issue_setup_code().await {
        Ok(setup_code) => {
            if let Err(error) = print(&Greeting { url, setup_code, sample }.text()) {
                tracing::warn!(%error, "cannot write to standard output");
            }
        }
        Err(error) => tracing::error!(%error, "cannot tell whether there is an administrator"),
    }
}

/// A token that is cancelled by SIGTERM or SIGINT. A second signal ends the process at once.
fn stop_on_signals() -> anyhow::Result<CancellationToken> {
    let stop = CancellationToken::new();
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let stopped = stop.clone();
    tokio::spawn(async move {
        loop {
            let name = tokio::select! {
                _ = terminate.recv() => "SIGTERM",
                _ = interrupt.recv() => "SIGINT",
            };
            if stopped.is_cancelled() {
                tracing::warn!(signal = name, "stopping at once");
                std::process::exit(130);
            }
            tracing::info!(signal = name, "stopping: open requests may end");
            stopped.cancel();
        }
    });
    Ok(stop)
}

/// Each connection and each open file needs a descriptor; the usual soft limit of 1024 is soon reached.
fn raise_file_limit() {
    let limit = getrlimit(Resource::Nofile);
    if limit.current == limit.maximum {
        return;
    }
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    if let Err(error) = setrlimit(Resource::Nofile, raised) {
        tracing::warn!(%error, limit = limit.current, "cannot raise the number of open files");
    }
}
