//! Publishes a folder of sample content on start; docs/samples.md specifies the folder and the rules.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, bail, ensure};
use bytes::{Bytes, BytesMut};
use futures::{Stream, TryStreamExt, stream};
use hub_account::{By, Caller, CallerUser, Credential, Membership, Namespace, NamespaceId, NewOrganization};
use hub_blob::BlobError;
use hub_core::{Access, NamespaceName, OrgRole, RepoAddr, RepoKind, RepoPath, Revision, Sha256, Visibility};
use hub_formats::attributes::Attributes;
use hub_repo::{CommitHeader, NewRepo, Operation, Repo, RepoError, UploadPlan};
use serde::Deserialize;
use tokio::io::AsyncReadExt as _;

use crate::hub::Hub;
use crate::print;

/// The only version of the manifest so far.
const VERSION: u32 = 1;
/// How much of a file is read at a time.
const CHUNK_BYTES: usize = 1 << 20;

/// `manifest.json`.
#[derive(Deserialize)]
struct Manifest {
    version: u32,
    repositories: Vec<Sample>,
}

/// A repository to publish.
#[derive(Deserialize)]
struct Sample {
    kind: RepoKind,
    namespace: NamespaceName,
    name: String,
    message: String,
    files: Vec<SampleFile>,
}

/// A file of a repository.
#[derive(Deserialize)]
struct SampleFile {
    path: String,
    size: u64,
    sha256: Sha256,
}

/// Publishes what is not there yet, and gives the id of a model to try.
pub(crate) async fn publish(hub: &Hub, folder: &Path) -> anyhow::Result<Option<String>> {
    let path = folder.join("manifest.json");
    let text = tokio::fs::read(&path).await.with_context(|| format!("{} is no sample folder", folder.display()))?;
    let manifest: Manifest = serde_json::from_slice(&text).with_context(|| format!("{} is faulty", path.display()))?;
    ensure!(manifest.version == VERSION, "{} has version {}, not {VERSION}", path.display(), manifest.version);
    let mut smallest: Option<(u64, String)> = None;
    for sample in &manifest.repositories {
        let addr = RepoAddr::parse(sample.kind, &format!("{}/{}", sample.namespace, sample.name))?;
        if let Err(error) = publish_one(hub, folder, sample, &addr).await {
            // One faulty repository must not keep the others away.
            tracing::error!(repo.addr = %addr, error = %format!("{error:#}"), "a sample was not published");
            continue;
        }
        let bytes = sample.files.iter().map(|file| file.size).sum();
        if addr.kind == RepoKind::Model && smallest.as_ref().is_none_or(|(least, _)| bytes < *least) {
            smallest = Some((bytes, addr.repo_id()));
        }
    }
    Ok(smallest.map(|(_, id)| id))
}

async fn publish_one(hub: &Hub, folder: &Path, sample: &Sample, addr: &RepoAddr) -> anyhow::Result<()> {
    let caller = publisher(&owner(hub, &sample.namespace).await?);
    match hub.repos.open(&caller, addr, Access::Metadata).await {
        Ok(_) | Err(RepoError::Moved { .. }) => return Ok(()),
        Err(RepoError::RepoNotFound) => {}
        Err(error) => return Err(error.into()),
    }
    let bytes: u64 = sample.files.iter().map(|file| file.size).sum();
    print(&format!("  publishing the sample {addr} ({:.1} MB) …", bytes as f64 / 1e6))?;
    let new = NewRepo {
        kind: addr.kind,
        namespace: Some(addr.namespace.clone()),
        name: addr.name.clone(),
        visibility: Some(Visibility::Public),
        sdk: None,
        license: None,
        files: Vec::new(),
    };
    let repo = hub.repos.create(&caller, new).await?;
    let files = folder.join(addr.kind.plural()).join(sample.namespace.as_str()).join(&sample.name);
    match fill(hub, &repo, &files, sample).await {
        Ok(()) => print(" done\n").map_err(Into::into),
        Err(error) => {
            print(" failed\n")?;
            // What is half published would be left alone by the next start.
            let repo = hub.repos.open(&caller, addr, Access::Admin).await?;
            hub.repos.delete(&repo).await?;
            Err(error)
        }
    }
}

/// The organisation that samples belong to, made if nobody has the name.
async fn owner(hub: &Hub, name: &NamespaceName) -> anyhow::Result<Namespace> {
    if let Some(namespace) = hub.accounts.namespace(name).await? {
        return Ok(namespace);
    }
    let new = NewOrganization { name: name.clone(), full_name: None, default_visibility: Visibility::Public };
    Ok(hub.accounts.create_org(By::Operator, new).await?)
}

/// Whoever starts the server, in the role of a member of the organisation.
fn publisher(owner: &Namespace) -> Caller {
    let membership = Membership { org: owner.id, name: owner.name.clone(), role: OrgRole::Admin };
    Caller::User(Arc::new(CallerUser {
        id: NamespaceId::new(0),
        name: owner.name.clone(),
        is_admin: false,
        memberships: vec![membership],
        credential: Credential::Password,
    }))
}

async fn fill(hub: &Hub, repo: &Repo, files: &Path, sample: &Sample) -> anyhow::Result<()> {
    let attributes = Attributes::parse(hub_formats::attributes::default_for(sample.kind).as_bytes());
    let plain_max = hub.repos.limits().plain_blob_bytes;
    let mut draft = repo.begin_commit(&Revision::main()).await?;
    let mut seen = HashSet::new();
    for file in &sample.files {
        let path: RepoPath = file.path.parse().with_context(|| format!("{:?}", file.path))?;
        ensure!(seen.insert(path.clone()), "{path} is listed twice");
        let source = files.join(path.as_str());
        let operation = if attributes.is_lfs(path.as_str()) || file.size > plain_max {
            send(hub, repo, &source, file).await.with_context(|| path.to_string())?;
            Operation::PutLarge { path, sha256: file.sha256, size: Some(file.size), old_path: None }
        } else {
            let content = tokio::fs::read(&source).await.with_context(|| source.display().to_string())?;
            check(file, &content)?;
            Operation::Put { path, content: content.into(), old_path: None }
        };
        draft.push(operation).await?;
    }
    draft.finish(CommitHeader { title: sample.message.clone(), ..CommitHeader::default() }).await?;
    Ok(())
}

/// Sends a large file the way a client would; the engine checks size and hash. The hub gives no links to the blob
/// store here, see [`Hub::without_links`].
async fn send(hub: &Hub, repo: &Repo, source: &Path, file: &SampleFile) -> anyhow::Result<()> {
    match repo.plan_upload(file.sha256, file.size, false).await? {
        UploadPlan::Present => Ok(()),
        UploadPlan::Whole(ticket) => {
            let opened = tokio::fs::File::open(source).await.with_context(|| source.display().to_string())?;
            let body = Box::pin(chunks(opened).map_err(BlobError::body));
            Ok(hub.repos.receive_whole(&ticket, body).await?)
        }
        UploadPlan::Direct { .. } | UploadPlan::Parts { .. } => bail!("no way to send {} bytes", file.size),
    }
}

fn chunks(file: tokio::fs::File) -> impl Stream<Item = std::io::Result<Bytes>> + Send {
    stream::try_unfold(file, |mut file| async move {
        let mut chunk = BytesMut::with_capacity(CHUNK_BYTES);
        let read = file.read_buf(&mut chunk).await?;
        Ok((read > 0).then(|| (chunk.freeze(), file)))
    })
}

fn check(file: &SampleFile, content: &[u8]) -> anyhow::Result<()> {
    use sha2::Digest as _;
    let found = Sha256::new(sha2::Sha256::digest(content).into());
    ensure!(found == file.sha256 && content.len() as u64 == file.size, "{:?} is not what the manifest says", file.path);
    Ok(())
}
