//! What the tests of this crate share: short ways to create, commit and read.

use bytes::Bytes;
use futures::TryStreamExt;
use hub_account::Caller;
use hub_core::{Access, RepoAddr, RepoKind, RepoPath, Revision, Sha256};
use hub_repo::{CommitDone, CommitHeader, NewRepo, Operation, Repo, RepoError, UploadPlan};
use hub_test::TestEngine;
use sha2::Digest;

pub(crate) fn path(text: &str) -> RepoPath {
    text.parse().expect("a valid path")
}

pub(crate) fn addr(text: &str) -> RepoAddr {
    RepoAddr::parse(RepoKind::Model, text).expect("a valid address")
}

pub(crate) fn new_model(namespace: &str, name: &str) -> NewRepo {
    NewRepo {
        kind: RepoKind::Model,
        namespace: Some(namespace.parse().expect("a valid name")),
        name: name.parse().expect("a valid name"),
        visibility: None,
        sdk: None,
        license: None,
        files: Vec::new(),
    }
}

pub(crate) async fn model(engine: &TestEngine, caller: &Caller, id: &str) -> Repo {
    let (namespace, name) = id.split_once('/').expect("namespace/name");
    engine.repos.create(caller, new_model(namespace, name)).await.expect("the repository is created");
    engine.repos.open(caller, &addr(id), Access::Admin).await.expect("its owner opens it")
}

pub(crate) fn put(at: &str, content: &str) -> Operation {
    Operation::Put { path: path(at), content: Bytes::copy_from_slice(content.as_bytes()), old_path: None }
}

pub(crate) fn titled(title: &str) -> CommitHeader {
    CommitHeader { title: title.to_owned(), ..CommitHeader::default() }
}

pub(crate) async fn commit(repo: &Repo, title: &str, operations: Vec<Operation>) -> Result<CommitDone, RepoError> {
    let mut draft = repo.begin_commit(&Revision::main()).await?;
    for operation in operations {
        draft.push(operation).await?;
    }
    draft.finish(titled(title)).await
}

pub(crate) async fn read(repo: &Repo, at: &str) -> Result<Vec<u8>, RepoError> {
    let commit = repo.resolve(&Revision::main()).await?;
    let file = repo.file(commit, &path(at)).await?;
    let chunks: Vec<Bytes> = repo.read(&file, 0..file.size).await?.try_collect().await?;
    Ok(chunks.concat())
}

pub(crate) async fn paths(repo: &Repo) -> Vec<String> {
    let commit = repo.resolve(&Revision::main()).await.expect("main exists");
    let page = repo.list_tree(commit, None, true, None, 1000).await.expect("the tree is listed");
    page.entries.into_iter().map(|entry| entry.path).collect()
}

pub(crate) fn sha256(content: &[u8]) -> Sha256 {
    Sha256::new(sha2::Sha256::digest(content).into())
}

/// Sends a large file the way a client without parts does.
pub(crate) async fn upload(engine: &TestEngine, repo: &Repo, content: &[u8]) -> Result<Sha256, RepoError> {
    let hash = sha256(content);
    match repo.plan_upload(hash, content.len() as u64, false).await? {
        UploadPlan::Present => {}
        UploadPlan::Whole(ticket) => {
            let body = futures::stream::iter([Ok(Bytes::copy_from_slice(content))]);
            engine.repos.receive_whole(&ticket, body).await?;
        }
        other => panic!("a folder store gives no links: {other:?}"),
    }
    Ok(hash)
}

pub(crate) fn put_large(at: &str, content: &[u8]) -> Operation {
    let size = Some(content.len() as u64);
    Operation::PutLarge { path: path(at), sha256: sha256(content), size, old_path: None }
}
