//! Git over SSH: a server of our own, in which a public key says who knocks and the commands of git are all there is.
//!
//! ```text
//! git-upload-pack 'ns/name.git'    git-receive-pack 'ns/name.git'    git-lfs-authenticate 'ns/name.git' upload|download
//! ```
//! There is no shell, no forwarding and no file transfer. The host key is made from a seed in the database, so that all
//! replicas are one host.

mod command;
mod session;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use hub_account::AccountError;
use hub_http::PublicUrl;
use russh::keys::PrivateKey;
use russh::keys::ssh_key::private::Ed25519Keypair;
use russh::server::{Config, run_stream};
use russh::{Disconnect, MethodKind, MethodSet, SshId};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{interval, sleep};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::GitState;
use session::{Connection, Presence};

/// The most connections at a time; more wait to be accepted.
const CONNECTIONS_MAX: usize = 512;
/// How long a client may take to show a key.
const LOGIN_GRACE: Duration = Duration::from_secs(60);
/// How often a silent client is asked for a sign of life, and after how many without an answer it is given up.
const SIGN_OF_LIFE: Duration = Duration::from_secs(30);
const SIGNS_MISSED_MAX: usize = 4;
/// The most keys that a client may try.
const KEYS_TRIED_MAX: usize = 12;
/// How long a refusal takes, so that its time tells nothing.
const REFUSAL: Duration = Duration::from_millis(200);
/// How often a stopping server looks whether the commands under way have ended.
const DRAIN_LOOK: Duration = Duration::from_millis(50);

/// The SSH door.
pub struct SshServer {
    state: GitState,
    config: Arc<Config>,
    public_url: PublicUrl,
    drain: Duration,
}

impl SshServer {
    /// Prepares the server. `public_url` is where its clients reach the HTTP side, for large files; `drain` is how long
    /// commands may still run after the order to stop.
    pub async fn new(state: GitState, public_url: PublicUrl, drain: Duration) -> Result<Self, AccountError> {
        let seed = state.repos.accounts().ssh_host_seed().await?;
        let config = Config {
            server_id: SshId::Standard("SSH-2.0-Hearth".into()),
            methods: MethodSet::from(&[MethodKind::PublicKey][..]),
            auth_rejection_time: REFUSAL,
            auth_rejection_time_initial: Some(Duration::ZERO),
            max_auth_attempts: KEYS_TRIED_MAX,
            keys: vec![PrivateKey::from(Ed25519Keypair::from_seed(&seed))],
            inactivity_timeout: None,
            keepalive_interval: Some(SIGN_OF_LIFE),
            keepalive_max: SIGNS_MISSED_MAX,
            nodelay: true,
            ..Config::default()
        };
        Ok(Self { state, config: Arc::new(config), public_url, drain })
    }

    /// The host key as `known_hosts` holds it.
    pub fn host_key(&self) -> String {
        let key = self.config.keys.first().and_then(|key| key.public_key().to_openssh().ok());
        key.unwrap_or_default()
    }

    /// Serves until it is told to stop, and then until the commands under way have ended.
    pub async fn serve(self, listener: TcpListener, stop: CancellationToken) {
        let server = Arc::new(self);
        let slots = Arc::new(Semaphore::new(CONNECTIONS_MAX));
        let tasks = TaskTracker::new();
        loop {
            let slot = tokio::select! {
                () = stop.cancelled() => break,
                slot = slots.clone().acquire_owned() => slot,
            };
            let Ok(slot) = slot else { break };
            let accepted = tokio::select! {
                () = stop.cancelled() => break,
                accepted = listener.accept() => accepted,
            };
            match accepted {
                Ok((stream, _)) => {
                    let (server, stop) = (server.clone(), stop.clone());
                    tasks.spawn(async move {
                        server.connection(stream, stop).await;
                        drop(slot);
                    });
                }
                Err(error) => {
                    // Such as too many open files: others must close theirs first.
                    tracing::warn!(%error, "cannot accept an SSH connection");
                    sleep(Duration::from_millis(100)).await;
                }
            }
        }
        tasks.close();
        tasks.wait().await;
    }

    async fn connection(&self, stream: TcpStream, stop: CancellationToken) {
        let presence = Arc::new(Presence { is_known: AtomicBool::new(false), running: AtomicUsize::new(0) });
        let connection = Connection::new(self.state.clone(), self.public_url.clone(), presence.clone());
        let begun = tokio::select! {
            begun = run_stream(self.config.clone(), stream, connection) => begun,
            () = sleep(LOGIN_GRACE) => return,
        };
        let Ok(session) = begun else { return };
        let handle = session.handle();
        let login_over = async {
            sleep(LOGIN_GRACE).await;
            if presence.is_known.load(Ordering::Relaxed) {
                std::future::pending::<()>().await;
            }
        };
        let stopped = async {
            stop.cancelled().await;
            let mut look = interval(DRAIN_LOOK);
            let idle = async {
                while presence.running.load(Ordering::Relaxed) > 0 {
                    look.tick().await;
                }
            };
            let _ = tokio::time::timeout(self.drain, idle).await;
        };
        let reason = tokio::select! {
            ended = session => {
                if let Err(error) = ended {
                    tracing::debug!(error = %error, "an SSH connection ended");
                }
                return;
            }
            () = login_over => "sign in sooner",
            () = stopped => "the server is stopping",
        };
        let _ = handle.disconnect(Disconnect::ByApplication, reason.to_owned(), String::new()).await;
    }
}
