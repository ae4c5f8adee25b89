//! An engine with people in it: a fresh database, a folder for bytes, a clock that stands still.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use hub_account::{AccountConfig, Accounts, By, Caller};
use hub_blob::{BlobStore, FolderStore, S3Config, S3Store};
use hub_cas::{Cas, CasConfig, CasParts};
use hub_core::{FixedClock, Ids, Limits, SecretString, Timestamp};
use hub_db::testing::TestDb;
use hub_repo::{Repos, ReposParts};

/// Ids that count up, so that tests see the same ones each time.
#[derive(Debug, Default)]
pub struct CountingIds(AtomicU64);

impl CountingIds {
    /// Ids that begin elsewhere, so that two counts do not meet.
    pub fn starting_at(first: u64) -> Self {
        Self(AtomicU64::new(first))
    }
}

impl Ids for CountingIds {
    fn fill(&self, bytes: &mut [u8]) {
        // The count comes first, so that even two bytes differ from one call to the next.
        for chunk in bytes.chunks_mut(8) {
            let number = self.0.fetch_add(1, Ordering::SeqCst) + 1;
            chunk.copy_from_slice(&number.to_le_bytes()[..chunk.len()]);
        }
    }
}

/// The moment at which test clocks begin: 2026-01-01.
pub const START: Timestamp = Timestamp::from_millis(1_767_225_600_000);

/// People of every test: `alice` and `bob` own things, `carol` is a stranger; the organisation `acme` has `alice` as
/// administrator and `bob` as contributor. Their tokens are `hf_` and the name.
const PEOPLE: &str = r#"{
  "users": [
    {"name": "alice", "full_name": "Alice", "email": "alice@example.org",
     "tokens": [{"value": "hf_alice", "role": "write", "display_name": "all"},
                {"value": "hf_alice_read", "role": "read", "display_name": "read"}]},
    {"name": "bob", "full_name": "Bob", "email": "bob@example.org",
     "tokens": [{"value": "hf_bob", "role": "write", "display_name": "all"}]},
    {"name": "carol", "full_name": "Carol", "email": "carol@example.org",
     "tokens": [{"value": "hf_carol", "role": "write", "display_name": "all"}]}
  ],
  "organizations": [
    {"name": "acme", "full_name": "Acme", "members": [
      {"user": "alice", "role": "admin"}, {"user": "bob", "role": "contributor"}]}
  ]
}"#;

/// A whole engine of one test.
pub struct TestEngine {
    /// Its repositories.
    pub repos: Repos,
    /// Its bytes in chunks.
    pub cas: Cas,
    /// Its people.
    pub accounts: Accounts,
    /// Its time.
    pub clock: Arc<FixedClock>,
    /// Its bytes.
    pub blobs: Arc<dyn BlobStore>,
    /// Its database.
    pub db: TestDb,
    folder: PathBuf,
}

impl TestEngine {
    /// A fresh engine with the default limits.
    pub async fn new() -> Self {
        Self::with_limits(Limits::default()).await
    }

    /// A fresh engine with other limits.
    pub async fn with_limits(limits: Limits) -> Self {
        Self::with(limits, None).await
    }

    /// A fresh engine whose bytes are in the S3-compatible store of `TEST_S3_ENDPOINT`; `None` without one.
    pub async fn on_s3(limits: Limits) -> Option<Self> {
        let endpoint = std::env::var("TEST_S3_ENDPOINT").ok()?;
        let var = |name: &str| std::env::var(name).unwrap_or_else(|_| panic!("TEST_S3_ENDPOINT is set, {name} is not"));
        let config = S3Config {
            endpoint: Some(endpoint),
            bucket: var("TEST_S3_BUCKET"),
            access_key: Some(var("TEST_S3_ACCESS_KEY")),
            secret_key: Some(SecretString::new(var("TEST_S3_SECRET_KEY"))),
            prefix: place(),
            ..S3Config::default()
        };
        let blobs = S3Store::open(&config).expect("the test's S3 store is well described");
        Some(Self::with(limits, Some(Arc::new(blobs))).await)
    }

    async fn with(limits: Limits, blobs: Option<Arc<dyn BlobStore>>) -> Self {
        let db = hub_db::testing::database().await;
        let clock = Arc::new(FixedClock::new(START));
        let ids: Arc<dyn Ids> = Arc::new(CountingIds::default());
        let folder = std::env::temp_dir().join(place());
        let gives_links = blobs.is_some();
        let blobs = blobs.unwrap_or_else(|| {
            Arc::new(FolderStore::open(&folder, ids.clone()).expect("the temporary folder is writable"))
        });
        let accounts = Accounts::new(db.clone(), clock.clone(), ids.clone(), &AccountConfig::default());
        accounts.import_accounts(By::Operator, PEOPLE).await.expect("the people are valid");
        let cas = Cas::new(CasParts {
            db: db.clone(),
            blobs: blobs.clone(),
            clock: clock.clone(),
            ids: ids.clone(),
            config: CasConfig { upload_grants: gives_links, ..CasConfig::default() },
        });
        let repos = Repos::new(ReposParts {
            db: db.clone(),
            blobs: blobs.clone(),
            cas: cas.clone(),
            accounts: accounts.clone(),
            clock: clock.clone(),
            ids,
            limits,
        });
        Self { repos, cas, accounts, clock, blobs, db, folder }
    }

    /// Where its bytes are, unless they are in an S3-compatible store.
    pub fn bytes_folder(&self) -> &std::path::Path {
        &self.folder
    }

    /// Where an index of texts may lie; it is removed with the engine.
    pub fn texts_folder(&self) -> PathBuf {
        self.folder.with_extension("texts")
    }

    /// The person with that name, signed in by their token.
    pub async fn caller(&self, name: &str) -> Caller {
        let token = SecretString::new(format!("hf_{name}"));
        self.accounts.authenticate_token(&token).await.expect("the person is one of the test's")
    }
}

/// A name for the bytes of one test.
fn place() -> String {
    static PLACES: AtomicU64 = AtomicU64::new(0);
    format!("hearth-test-blobs-{}-{}", std::process::id(), PLACES.fetch_add(1, Ordering::SeqCst))
}

impl Drop for TestEngine {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
        let _ = std::fs::remove_dir_all(self.texts_folder());
    }
}
