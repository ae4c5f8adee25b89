//! The reference Rust client (`hf-hub`) against a running Hearth, whose address is in `HEARTH_URL`.
//!
//! This file owns what every test needs: a client per person, of `../python/accounts.json`, with a
//! cache folder of its own, and names that no other test uses.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use hf_hub::repository::{AddSource, CommitOperation};
use hf_hub::{HFClient, HFRepository, RepoType, RepoTypeModel};
use tempfile::TempDir;

pub const ALICE: &str = "hf_AliceWriteAliceWriteAliceWriteAliceWr";
pub const BOB: &str = "hf_BobWriteBobWriteBobWriteBobWriteBobWr";

/// A client, and the folder that is its cache as long as it lives.
pub struct Client {
    pub hub: HFClient,
    _cache: TempDir,
}

/// A client with a token, or an anonymous one for `""`.
pub fn client(token: &str) -> Client {
    let cache = tempfile::tempdir().expect("a temporary folder");
    let url = std::env::var("HEARTH_URL").expect("HEARTH_URL says where Hearth listens");
    let builder = HFClient::builder().endpoint(url).cache_dir(cache.path()).retry_max_attempts(1);
    let builder = if token.is_empty() { builder } else { builder.token(token) };
    Client { hub: builder.build().expect("a client"), _cache: cache }
}

/// A repository name that no other test uses.
pub fn new_name(stem: &str) -> String {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_nanos();
    format!("rust-{stem}-{now:x}-{number}")
}

/// A fresh public model repository of Alice's with a few files in it.
pub async fn filled(client: &Client, stem: &str) -> HFRepository<RepoTypeModel> {
    let name = new_name(stem);
    create(client, &name, RepoTypeModel).await;
    let repo = client.hub.model("alice", name);
    repo.create_commit()
        .operations(vec![
            CommitOperation::add_bytes("README.md", "---\nlicense: mit\n---\n# Hello\n"),
            CommitOperation::add_bytes("data/a.txt", "a"),
            CommitOperation::add_bytes("data/deep/b.txt", "b"),
            CommitOperation::add_bytes("weights.bin", large()),
        ])
        .commit_message("fill")
        .send()
        .await
        .expect("a commit");
    repo
}

/// Creates a repository of Alice's.
pub async fn create(client: &Client, name: &str, kind: impl RepoType) {
    let id = format!("alice/{name}");
    client.hub.create_repository().repo_id(&id).repo_type(kind).send().await.expect("a new repository");
}

/// Three megabytes that do not look like text.
pub fn large() -> Vec<u8> {
    let mut state: u32 = 1;
    (0..3 << 20)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        })
        .collect()
}

/// Content in the form that uploads take.
pub fn bytes(content: impl Into<Vec<u8>>) -> AddSource {
    AddSource::bytes(content.into())
}
