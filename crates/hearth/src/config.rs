//! The configuration: one documented struct per concern, read once, handed down.
//!
//! Layers, later ones win: the defaults, a TOML file, `HEARTH_SECTION__KEY` from the environment, flags of the command
//! line (`layers.rs`). An unknown key is refused, because a misspelt limit that is silently ignored is no limit.
//! `default.toml` is the reference that `hearth config print-default` prints; a test holds it against this file.

mod layers;

use std::net::SocketAddr;
use std::path::PathBuf;

use hub_account::{SignUpPolicy, SsoSignUp};
use hub_api::XetEpoch;
use hub_blob::S3Config;
use hub_cas::CasConfig;
use hub_core::{Limits, SecretString};
use hub_http::{Network, RateConfig};
use hub_mail::MailConfig;
use hub_repo::ChunkPolicy;
use hub_web::AppOrigin;
use serde::Deserialize;

pub use layers::{ConfigError, Flags, load};

/// What `hearth config print-default` prints.
pub const DEFAULT_TOML: &str = include_str!("config/default.toml");

/// Everything that an operator decides.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Where Hearth keeps what is not placed elsewhere by `storage`.
    pub data: PathBuf,
    /// How requests are received.
    pub server: ServerConfig,
    /// Git over SSH.
    pub ssh: SshConfig,
    /// Where metadata and bytes are.
    pub storage: StorageConfig,
    /// Large files in chunks.
    pub xet: XetConfig,
    /// Who may have an account.
    pub accounts: AccountsConfig,
    /// Signing in through another house.
    pub sso: SsoConfig,
    /// By which server mail is sent.
    pub mail: MailConfig,
    /// Where the apps of Spaces are served.
    pub spaces: SpacesConfig,
    /// What is too large.
    pub limits: Limits,
    /// How many requests a caller may make.
    pub rate: RateConfig,
    /// What is logged, and how.
    pub log: LogConfig,
    /// Work in the background.
    pub jobs: JobsConfig,
    /// Messages to other servers.
    pub webhooks: WebhooksConfig,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            data: PathBuf::from("data"),
            server: ServerConfig::default(),
            ssh: SshConfig::default(),
            storage: StorageConfig::default(),
            xet: XetConfig::default(),
            accounts: AccountsConfig::default(),
            sso: SsoConfig::default(),
            mail: MailConfig::default(),
            spaces: SpacesConfig::default(),
            limits: Limits::default(),
            rate: RateConfig::default(),
            log: LogConfig::default(),
            webhooks: WebhooksConfig::default(),
            jobs: JobsConfig::default(),
        }
    }
}

impl Config {
    /// The address of the metadata database.
    pub fn database_url(&self) -> String {
        match &self.storage.metadata.url {
            Some(url) => url.reveal().to_owned(),
            None => format!("sqlite:{}", self.data.join("hearth.db").display()),
        }
    }

    /// The folder for pushes that were not found good yet; its files have no names and end with the process.
    pub fn incoming_folder(&self) -> PathBuf {
        self.data.join("incoming")
    }

    /// The origin from which clients fetch files, where the blob store gives them links.
    pub fn content_origin(&self) -> Option<String> {
        let s3 = &self.storage.blobs.s3;
        if self.storage.blobs.kind != BlobKind::S3 || s3.no_links {
            return None;
        }
        let region = s3.region.as_deref().unwrap_or("us-east-1");
        let amazon = format!("https://s3.{region}.amazonaws.com");
        let endpoint = s3.public_endpoint.as_deref().or(s3.endpoint.as_deref()).unwrap_or(&amazon);
        let (scheme, rest) = endpoint.split_once("://")?;
        let host = rest.split('/').next()?;
        let bucket = if s3.bucket_in_host { format!("{}.", s3.bucket) } else { String::new() };
        Some(format!("{scheme}://{bucket}{host}"))
    }

    /// The folder of the blob store, if it is one.
    pub fn blob_folder(&self) -> PathBuf {
        self.storage.blobs.folder.clone().unwrap_or_else(|| self.data.join("blobs"))
    }
}

/// How requests are received.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ServerConfig {
    /// The address to listen on.
    pub listen: SocketAddr,
    /// Where clients reach the server, if that differs from what their requests say.
    pub public_url: Option<String>,
    /// Whose word about a request counts: the addresses of the proxies in front.
    pub trusted_proxies: Vec<Network>,
    /// The most open connections; more wait.
    pub max_connections: usize,
    /// The most bytes of the head of a request.
    pub max_header_bytes: usize,
    /// How long a client may take to send the head of a request, in seconds.
    pub header_timeout_secs: u64,
    /// How long the body of a request may pause, in seconds.
    pub body_idle_secs: u64,
    /// How long a client may take none of what is sent to it, in seconds.
    pub send_stall_secs: u64,
    /// How long requests may still run after the order to stop, in seconds.
    pub drain_secs: u64,
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            public_url: None,
            trusted_proxies: Vec::new(),
            max_connections: 4096,
            max_header_bytes: 64 << 10,
            header_timeout_secs: 15,
            body_idle_secs: 60,
            send_stall_secs: 120,
            drain_secs: 30,
        }
    }
}

/// Git over SSH.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SshConfig {
    /// The address to listen on; without one there is no SSH.
    pub listen: Option<SocketAddr>,
}

/// Where metadata and bytes are.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StorageConfig {
    /// The database.
    pub metadata: MetadataConfig,
    /// The bytes of large files.
    pub blobs: BlobsConfig,
}

/// The database.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MetadataConfig {
    /// `sqlite:PATH` or `postgres://…`; without it, a file in the data folder. Secret, because it may hold a password.
    pub url: Option<SecretString>,
    /// The most connections to the database.
    pub max_connections: usize,
}

impl Default for MetadataConfig {
    fn default() -> Self {
        Self { url: None, max_connections: 16 }
    }
}

/// The bytes of large files.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BlobsConfig {
    /// Which of the two stores.
    pub kind: BlobKind,
    /// The folder; without it, one in the data folder.
    pub folder: Option<PathBuf>,
    /// The S3-compatible store.
    pub s3: S3Config,
}

/// Which kind of blob store.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BlobKind {
    /// Files of a local or shared folder.
    #[default]
    Folder,
    /// An S3-compatible store.
    S3,
}

/// Large files in chunks.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct XetConfig {
    /// A word in the address of the chunk store. Clients that see another one forget what they know of the store, as they
    /// must after it was restored from a backup or cleared before its time. Without it, a word of the store's own.
    pub epoch: Option<XetEpoch>,
    /// How often large files that came in one piece are put into chunks, in seconds; 0 means never.
    pub chunk_secs: u64,
    /// Files below this size stay in one piece, in bytes.
    pub chunk_from_bytes: u64,
    /// How long the whole copy of a file is kept after it was put into chunks, in seconds.
    pub keep_whole_secs: u64,
    /// The chunk store itself.
    pub store: CasConfig,
}

impl Default for XetConfig {
    fn default() -> Self {
        Self {
            epoch: None,
            chunk_secs: 600,
            chunk_from_bytes: 0,
            keep_whole_secs: 7 * 24 * 3600,
            store: CasConfig::default(),
        }
    }
}

impl XetConfig {
    /// When whole copies become chunks, and how long they are kept beside them.
    pub fn chunk_policy(&self) -> ChunkPolicy {
        ChunkPolicy { from_bytes: self.chunk_from_bytes, keep_whole_secs: self.keep_whole_secs }
    }
}

/// Who may have an account.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AccountsConfig {
    /// Who may make one for themselves.
    pub sign_up: SignUpPolicy,
    /// Whose word counts for programs that publish without a secret.
    pub publisher_issuers: Vec<String>,
}

impl Default for AccountsConfig {
    fn default() -> Self {
        let known = ["https://token.actions.githubusercontent.com", "https://gitlab.com"];
        Self { sign_up: SignUpPolicy::default(), publisher_issuers: known.map(str::to_owned).to_vec() }
    }
}

/// Where the apps of Spaces are served. Never by Hearth's own origin: their scripts may do there what they like.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SpacesConfig {
    /// The domain whose subdomains are apps.
    pub domain: Option<String>,
    /// The origin that all apps share where there is no such domain.
    pub origin: Option<String>,
    /// The address of a port for apps alone, for the shared origin.
    pub listen: Option<SocketAddr>,
}

impl SpacesConfig {
    /// As the pages want it.
    pub fn app_origin(&self) -> AppOrigin {
        AppOrigin {
            domain: self.domain.as_deref().map(str::to_ascii_lowercase),
            shared: self.origin.clone(),
            port: self.listen.map(|address| address.port()),
        }
    }
}

/// Signing in through another house, by OpenID Connect.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SsoConfig {
    /// Its address, below which it has `.well-known/openid-configuration`; without one there is no single sign-on.
    pub issuer: Option<String>,
    /// Who this Hearth is there.
    pub client_id: String,
    /// Its secret there, if it has one.
    pub client_secret: Option<SecretString>,
    /// What is asked for.
    pub scopes: String,
    /// What the button is called.
    pub label: String,
    /// Who may come in without an account here.
    pub sign_up: SsoSignUp,
    /// The domains of addresses that may, if that is the rule.
    pub domains: Vec<String>,
    /// Whether an address that both houses know to be proved links an account.
    pub link_by_email: bool,
    /// The claim that new accounts are named by.
    pub name_claim: String,
}

impl Default for SsoConfig {
    fn default() -> Self {
        Self {
            issuer: None,
            client_id: String::new(),
            client_secret: None,
            scopes: "openid profile email".to_owned(),
            label: "single sign-on".to_owned(),
            sign_up: SsoSignUp::default(),
            domains: Vec::new(),
            link_by_email: false,
            name_claim: "preferred_username".to_owned(),
        }
    }
}

/// What is logged, and how.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LogConfig {
    /// For people or for machines.
    pub format: LogFormat,
    /// What is logged: a level, or `target=level` pairs.
    pub filter: String,
}

impl Default for LogConfig {
    fn default() -> Self {
        Self { format: LogFormat::Text, filter: "info".to_owned() }
    }
}

/// For whom the log is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// A line for people.
    Text,
    /// A JSON object per line.
    Json,
}

/// Work in the background.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct JobsConfig {
    /// How often counted downloads and the last use of tokens are written down, in seconds.
    pub flush_secs: u64,
    /// How often people are told of what happened in discussions, in seconds.
    pub notify_secs: u64,
    /// How often what nothing refers to is removed, in seconds; 0 means only by `hearth admin gc`.
    pub garbage_secs: u64,
    /// How long events, and jobs that failed for good, are kept, in days.
    pub event_days: u64,
    /// How long it is kept who did what, in days; 0 means for ever.
    pub audit_days: u64,
}

impl Default for JobsConfig {
    fn default() -> Self {
        Self { flush_secs: 10, notify_secs: 2, garbage_secs: 24 * 3600, event_days: 30, audit_days: 730 }
    }
}

/// Messages to other servers.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WebhooksConfig {
    /// Whether messages may be sent to private networks, this machine included.
    pub allow_private: bool,
    /// How often messages are made of what happened, in seconds.
    pub dispatch_secs: u64,
}

impl Default for WebhooksConfig {
    fn default() -> Self {
        Self { allow_private: false, dispatch_secs: 5 }
    }
}

#[cfg(test)]
mod tests;
