//! Counting downloads.
//!
//! The rule, as the clients' documentation states it: of a model, a request for one of its *query files* counts (every
//! GGUF file is one); of a dataset, any file. All requests of one client for one repository within five minutes count
//! once. Counts are kept per day, class of file and class of client; a client is remembered only as a keyed hash, and
//! only as long as its window lasts. Requests are collected in memory and written in batches: a crash loses at most the
//! batch, never more.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use hmac::{Hmac, KeyInit, Mac};
use hub_core::{Access, RepoKind, RepoPath};
use hub_jobs::Outbox;
use sha2::Sha256;

use crate::attention::Attention;
use crate::store::{downloads, secrets};
use crate::{Repo, RepoError, RepoId, Repos};

/// What kind of program asks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ClientClass {
    /// A client library or command of the Hub's ecosystem.
    Library,
    /// A browser.
    Browser,
    /// git or git-lfs.
    Git,
    /// Anything else.
    Other,
}

impl ClientClass {
    /// Reads the class from a `User-Agent`.
    pub fn of_user_agent(text: &str) -> Self {
        let text = text.to_ascii_lowercase();
        let has = |words: &[&str]| words.iter().any(|word| text.contains(word));
        if has(&["git-lfs", "git/", "jgit", "libgit2"]) {
            Self::Git
        } else if has(&["huggingface", "hf_hub", "hf-hub", "transformers", "datasets", "llama", "hf/"]) {
            Self::Library
        } else if has(&["mozilla"]) {
            Self::Browser
        } else {
            Self::Other
        }
    }

    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Library => "library",
            Self::Browser => "browser",
            Self::Git => "git",
            Self::Other => "other",
        }
    }
}

/// A request for a file that may count.
#[derive(Clone, Debug)]
pub struct Download<'a> {
    /// Which file.
    pub path: &'a RepoPath,
    /// Where the request comes from, if that is known; with the account it tells clients apart.
    pub address: Option<IpAddr>,
    /// What kind of program asks.
    pub class: ClientClass,
}

/// A download that waits to be written.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Pending {
    pub(crate) repo: RepoId,
    pub(crate) day: i64,
    pub(crate) window: i64,
    pub(crate) client: Vec<u8>,
    pub(crate) file_class: &'static str,
    pub(crate) client_class: &'static str,
}

/// How long one client counts once, in milliseconds.
const WINDOW_MS: i64 = 5 * 60 * 1000;
/// How many downloads wait at most; beyond that the oldest batch is written by whoever comes.
const MAX_PENDING: usize = 4096;
/// The most repositories that one event names.
const COUNTED_MAX: usize = 5000;
/// The files by which a model is loaded, whatever its library.
const QUERY_FILES: &[&str] = &["config.json", "config.yaml", "hyperparams.yaml", "params.json", "meta.yaml"];

/// Downloads of this process that wait to be written.
#[derive(Default)]
pub(crate) struct DownloadBuffer(Mutex<Vec<Pending>>);

impl Repo {
    /// Counts a request for a file, if the rule says so.
    pub async fn count_download(&self, download: &Download<'_>) -> Result<(), RepoError> {
        let Some(file_class) = counted_class(self.addr().kind, download.path) else { return Ok(()) };
        let key = secrets::get_or_create(self.repos.db(), "download_client", self.repos.ids()).await?;
        let mut mac = Hmac::<Sha256>::new_from_slice(&key)
            .map_err(|_| RepoError::Inconsistent("the key for clients cannot be used".to_owned()))?;
        let user = self.caller().user().map(|user| user.name.as_str()).unwrap_or_default();
        let address = download.address.map(|address| address.to_string()).unwrap_or_default();
        mac.update(format!("{address} {user}").as_bytes());
        let now = self.repos.clock().now();
        let pending = Pending {
            repo: self.id(),
            day: now.day(),
            window: now.millis().div_euclid(WINDOW_MS),
            client: mac.finalize().into_bytes()[..16].to_vec(),
            file_class,
            client_class: download.class.word(),
        };
        let full = {
            let mut waiting = self.repos.downloads().0.lock().unwrap_or_else(PoisonError::into_inner);
            if !waiting.contains(&pending) {
                waiting.push(pending);
            }
            waiting.len() >= MAX_PENDING
        };
        if full {
            self.repos.write_downloads().await?;
        }
        self.notice(Attention::Download, download.address).await;
        Ok(())
    }
}

impl Repo {
    /// The downloads of each of the last `days` days, today's last.
    pub async fn downloads_by_day(&self, days: usize) -> Result<Vec<u64>, RepoError> {
        self.require(Access::Metadata)?;
        let today = self.repos.clock().now().day();
        let first = today - i64::try_from(days).unwrap_or_default() + 1;
        let mut counts = vec![0; days];
        for (day, count) in downloads::by_day(self.repos.db(), self.id(), first).await? {
            let place = usize::try_from(day - first).ok().and_then(|place| counts.get_mut(place));
            if let Some(slot) = place {
                *slot = u64::try_from(count).unwrap_or_default();
            }
        }
        Ok(counts)
    }
}

impl Repos {
    /// Writes the downloads that wait. Called every few seconds and at shutdown.
    pub async fn write_downloads(&self) -> Result<(), RepoError> {
        let batch = std::mem::take(&mut *self.downloads().0.lock().unwrap_or_else(PoisonError::into_inner));
        if batch.is_empty() {
            return Ok(());
        }
        let mut tx = self.db().begin().await?;
        for pending in &batch {
            downloads::count_once(&mut tx, pending).await?;
        }
        let counted: BTreeSet<i64> = batch.iter().map(|pending| pending.repo.key()).collect();
        let payload = serde_json::json!({ "repos": counted });
        Outbox::append(&mut tx, "repos.counted", "repos", &payload, self.clock().now()).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Brings the 30-day counts up to date and forgets the windows that are over. Called once an hour.
    pub async fn roll_downloads(&self) -> Result<(), RepoError> {
        self.forget_attention().await?;
        let now = self.clock().now();
        let mut tx = self.db().begin().await?;
        downloads::forget_windows_before(&mut tx, now.millis().div_euclid(WINDOW_MS) - 1).await?;
        let counted = downloads::sum_days_since(&mut tx, now.day() - 29).await?;
        for part in counted.chunks(COUNTED_MAX) {
            let payload = serde_json::json!({ "repos": part });
            Outbox::append(&mut tx, "repos.counted", "repos", &payload, now).await?;
        }
        tx.commit().await?;
        Ok(())
    }
}

/// Under which class a request for this file counts; `None` if it does not.
fn counted_class(kind: RepoKind, path: &RepoPath) -> Option<&'static str> {
    let name = path.file_name();
    let is_gguf = name.to_ascii_lowercase().ends_with(".gguf");
    match kind {
        RepoKind::Model if is_gguf => Some("gguf"),
        RepoKind::Model => QUERY_FILES.contains(&path.as_str()).then_some("query"),
        RepoKind::Dataset => Some("data"),
        RepoKind::Kernel => Some("kernel"),
        RepoKind::Space | RepoKind::Bucket => None,
    }
}
