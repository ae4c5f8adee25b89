//! The stores and the engine, put together from the configuration: what `serve` and `admin` both stand on.

use std::sync::Arc;

use anyhow::Context as _;
use hub_account::{AccountConfig, Accounts};
use hub_blob::{BlobStore, FolderStore, S3Store};
use hub_cas::{Cas, CasConfig, CasParts};
use hub_catalog::Catalog;
use hub_community::{Community, CommunityParts};
use hub_core::{Clock, Ids};
use hub_db::{Db, DbConfig};
use hub_insights::Insights;
use hub_jobs::Queue;
use hub_mail::{Courier, Mail};
use hub_repo::{Repos, ReposParts};
use hub_search::Search;

use crate::config::{BlobKind, Config};
use crate::system::{SystemClock, SystemIds};

/// The snapshot of the search index, in the data folder of this replica.
const CATALOG_SNAPSHOT: &str = "catalog.snapshot";
/// The index of texts, beside it.
const TEXT_INDEX: &str = "texts";

/// What an installation stands on.
#[derive(Clone, Debug)]
pub struct Stores {
    /// The metadata.
    pub db: Db,
    /// The bytes.
    pub blobs: Arc<dyn BlobStore>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Fresh randomness.
    pub ids: Arc<dyn Ids>,
}

/// Everything below the faces.
#[derive(Clone)]
pub struct Hub {
    /// The metadata.
    pub db: Db,
    /// The bytes.
    pub blobs: Arc<dyn BlobStore>,
    /// The bytes of large files in chunks.
    pub cas: Cas,
    /// Who is who.
    pub accounts: Accounts,
    /// All repositories.
    pub repos: Repos,
    /// The index by which they are found.
    pub catalog: Catalog,
    /// The index of what they say.
    pub search: Search,
    /// What is told to the public of all of it.
    pub insights: Insights,
    /// What people do about repositories together.
    pub community: Community,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Fresh randomness.
    pub ids: Arc<dyn Ids>,
}

impl Hub {
    /// Opens the stores, creating and migrating what is missing.
    pub async fn open(config: &Config) -> anyhow::Result<Self> {
        if Courier::new(&config.mail)?.is_some() {
            anyhow::ensure!(
                config.server.public_url.is_some(),
                "mail.host is set, so server.public_url must be set too"
            );
        }
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let ids: Arc<dyn Ids> = Arc::new(SystemIds);
        let db = open_db(config).await?;
        let applied = db.migrate().await.context("cannot bring the database up to this version")?;
        if !applied.is_empty() {
            tracing::info!(steps = applied.len(), last = applied.last(), "migrated the database");
        }
        let blobs = open_blobs(config, ids.clone())?;
        Ok(Self::of(Stores { db, blobs, clock, ids }, config))
    }

    /// Puts the engine on stores that are open and migrated.
    pub fn of(stores: Stores, config: &Config) -> Self {
        let Stores { db, blobs, clock, ids } = stores;
        let policy = AccountConfig {
            publisher_issuers: config.accounts.publisher_issuers.clone(),
            sign_up: config.accounts.sign_up,
            mail: mail(&db, &clock, &ids, config),
            ..AccountConfig::default()
        };
        let accounts = Accounts::new(db.clone(), clock.clone(), ids.clone(), &policy);
        let cas = Cas::new(CasParts {
            db: db.clone(),
            blobs: blobs.clone(),
            clock: clock.clone(),
            ids: ids.clone(),
            config: config.xet.store.clone(),
        });
        let repos = Repos::new(ReposParts {
            db: db.clone(),
            blobs: blobs.clone(),
            cas: cas.clone(),
            accounts: accounts.clone(),
            clock: clock.clone(),
            ids: ids.clone(),
            limits: config.limits.clone(),
        });
        let catalog = Catalog::with_snapshot(repos.clone(), db.clone(), config.data.join(CATALOG_SNAPSHOT));
        let search = Search::new(repos.clone(), db.clone(), config.data.join(TEXT_INDEX));
        let insights = Insights::new(repos.clone(), db.clone(), clock.clone());
        let community = Community::new(CommunityParts {
            db: db.clone(),
            repos: repos.clone(),
            clock: clock.clone(),
            ids: ids.clone(),
        });
        Self { db, blobs, cas, accounts, repos, catalog, search, insights, community, clock, ids }
    }

    /// The chunk store with other times.
    pub(crate) fn cas_with(&self, config: CasConfig) -> Cas {
        let (db, blobs, clock, ids) = (self.db.clone(), self.blobs.clone(), self.clock.clone(), self.ids.clone());
        Cas::new(CasParts { db, blobs, clock, ids, config })
    }

    /// The same hub for uploads from this process itself: its blob store gives no links, so that all bytes go through
    /// the engine and no HTTP client is needed.
    pub(crate) fn without_links(&self, config: &Config) -> anyhow::Result<Self> {
        let mut config = config.clone();
        config.storage.blobs.s3.no_links = true;
        let blobs = open_blobs(&config, self.ids.clone())?;
        let stores = Stores { db: self.db.clone(), blobs, clock: self.clock.clone(), ids: self.ids.clone() };
        Ok(Self::of(stores, &config))
    }
}

/// The door for letters, closed where the configuration names no mail server.
fn mail(db: &Db, clock: &Arc<dyn Clock>, ids: &Arc<dyn Ids>, config: &Config) -> Mail {
    match (&config.mail.host, &config.server.public_url) {
        (Some(host), Some(url)) if !host.is_empty() => {
            Mail::by(Queue::new(db.clone(), clock.clone(), ids.clone()), url)
        }
        _ => Mail::off(),
    }
}

/// Opens the database without changing it.
pub async fn open_db(config: &Config) -> anyhow::Result<Db> {
    std::fs::create_dir_all(&config.data)
        .with_context(|| format!("cannot create the data folder {}", config.data.display()))?;
    let incoming = config.incoming_folder();
    std::fs::create_dir_all(&incoming).with_context(|| format!("cannot create the folder {}", incoming.display()))?;
    let db = DbConfig { url: config.database_url(), max_connections: config.storage.metadata.max_connections };
    Db::open(&db).await.with_context(|| format!("cannot open the database {db:?}"))
}

fn open_blobs(config: &Config, ids: Arc<dyn Ids>) -> anyhow::Result<Arc<dyn BlobStore>> {
    Ok(match config.storage.blobs.kind {
        BlobKind::Folder => {
            let folder = config.blob_folder();
            let store = FolderStore::open(&folder, ids);
            Arc::new(store.with_context(|| format!("cannot open the blob folder {}", folder.display()))?)
        }
        BlobKind::S3 => {
            let s3 = &config.storage.blobs.s3;
            anyhow::ensure!(
                !s3.bucket.is_empty(),
                "storage.blobs.kind is \"s3\", so storage.blobs.s3.bucket must be set"
            );
            Arc::new(S3Store::open(s3).with_context(|| format!("cannot use the bucket {:?}", s3.bucket))?)
        }
    })
}
