//! `POST …/preupload/{revision}`: tells a client, before it sends anything, how each file shall come and which files
//! the repository has already.

use std::collections::{BTreeSet, HashMap};

use axum::Json;
use axum::extract::State;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hub_core::{CommitId, RepoPath};
use hub_formats::attributes::Attributes;
use hub_formats::ignore::Ignore;
use hub_http::{AccessClass, ApiError, ApiRouter, Caller, JsonBody, Query, post};
use hub_repo::{EntryKind, Repo, RepoError, Repos, TreeEntryInfo};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ApiState;
use crate::address::{At, api_base, per_kind};
use crate::failure::Answer;

/// The most files of one request; clients send 256.
const FILES_MAX: usize = 5000;
/// A `.gitattributes` or `.gitignore` above this size has no say.
const RULES_MAX: u64 = 1 << 20;

pub(crate) fn routes() -> ApiRouter<ApiState> {
    per_kind(|kind| {
        ApiRouter::new().route(
            post(format!("{}/preupload/{{revision}}", api_base(kind)))
                .access(AccessClass::Write)
                .tag("uploads")
                .id(format!("preupload_to_{}", kind.word()))
                .summary("Says for each file whether it goes into the commit or is uploaded before")
                .query::<PreuploadQuery>()
                .body::<PreuploadBody>()
                .answer::<PreuploadView>()
                .to(preupload),
        )
    })
}

/// What follows the upload.
#[derive(Deserialize, JsonSchema)]
struct PreuploadQuery {
    /// Whether the commit becomes a pull request.
    #[serde(default)]
    create_pr: bool,
}

/// The files that a client wants to commit.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct PreuploadBody {
    files: Vec<FileBody>,
    /// The content of a `.gitignore` that counts instead of the repository's.
    git_ignore: Option<String>,
    /// The content of a `.gitattributes` that counts instead of the repository's.
    git_attributes: Option<String>,
}

/// One file.
#[derive(Deserialize, JsonSchema)]
struct FileBody {
    path: String,
    /// The first 512 bytes, in base64.
    #[serde(default)]
    sample: String,
    size: u64,
}

/// How the files shall come.
#[derive(Serialize, JsonSchema)]
struct PreuploadView {
    files: Vec<FileView>,
}

/// How one file shall come.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct FileView {
    path: String,
    /// `regular` or `lfs`.
    upload_mode: &'static str,
    should_ignore: bool,
    /// What is at the path now: the SHA-256 of a large file, else the id of the git blob.
    #[serde(skip_serializing_if = "Option::is_none")]
    oid: Option<String>,
}

/// `POST /api/{kind}s/{namespace}/{name}/preupload/{revision}`
async fn preupload(
    State(repos): State<Repos>,
    Caller(caller): Caller,
    at: At,
    Query(query): Query<PreuploadQuery>,
    JsonBody(body): JsonBody<PreuploadBody>,
) -> Answer<Json<PreuploadView>> {
    let repo = at.open(&repos, &caller, at.access_to_bring(query.create_pr)).await?;
    let commit = repo.resolve(&at.revision).await?;
    let paths = parse_paths(&body.files)?;
    let rules = Rules::read(&repo, commit, &paths, &body).await?;
    let present = repo.paths_info(commit, &paths).await?;
    let present: HashMap<&str, &TreeEntryInfo> = present.iter().map(|entry| (entry.path.as_str(), entry)).collect();
    let plain_max = repos.limits().plain_blob_bytes;
    let files = body.files.iter().map(|file| FileView {
        upload_mode: rules.upload_mode(file, plain_max),
        should_ignore: rules.ignore.is_ignored(&file.path),
        oid: present
            .get(file.path.as_str())
            .filter(|entry| entry.kind == EntryKind::File)
            .map(|entry| content_id(entry)),
        path: file.path.clone(),
    });
    Ok(Json(PreuploadView { files: files.collect() }))
}

fn parse_paths(files: &[FileBody]) -> Answer<Vec<RepoPath>> {
    if files.len() > FILES_MAX {
        return Err(ApiError::bad_request(format!("ask about at most {FILES_MAX} files at once")).into());
    }
    let parse = |file: &FileBody| {
        file.path.parse().map_err(|reason| RepoError::Path { path: file.path.clone(), reason }.into())
    };
    files.iter().map(parse).collect()
}

fn content_id(entry: &TreeEntryInfo) -> String {
    entry.large.map_or_else(|| entry.oid.to_string(), |large| large.sha256.to_string())
}

/// What the repository or the request says about files.
struct Rules {
    attributes: Attributes,
    ignore: Ignore,
}

impl Rules {
    /// Reads the attribute files of all folders above the given paths, and the `.gitignore` of the root.
    async fn read(repo: &Repo, commit: CommitId, paths: &[RepoPath], body: &PreuploadBody) -> Answer<Self> {
        let mut attributes = Attributes::default();
        for folder in folders_above(paths) {
            let file = if folder.is_empty() { ".gitattributes".to_owned() } else { format!("{folder}/.gitattributes") };
            let content = match &body.git_attributes {
                Some(content) if folder.is_empty() => Some(content.clone().into()),
                _ => read_rules(repo, commit, &file).await?,
            };
            attributes.add(&folder, &content.unwrap_or_default());
        }
        let ignore = match &body.git_ignore {
            Some(content) => Ignore::parse(content.as_bytes()),
            None => Ignore::parse(&read_rules(repo, commit, ".gitignore").await?.unwrap_or_default()),
        };
        Ok(Self { attributes, ignore })
    }

    /// Large, binary, or declared large: such files come by themselves. An empty file has nothing to send.
    fn upload_mode(&self, file: &FileBody, plain_max: u64) -> &'static str {
        let binary = || STANDARD.decode(&file.sample).is_ok_and(|sample| sample.contains(&0));
        let large = file.size > plain_max || self.attributes.is_lfs(&file.path) || binary();
        if large && file.size > 0 { "lfs" } else { "regular" }
    }
}

/// Every folder that holds one of the paths, outer ones first; the root is the empty text.
fn folders_above(paths: &[RepoPath]) -> BTreeSet<String> {
    let mut folders = BTreeSet::from([String::new()]);
    for path in paths {
        let mut folder = path.parent();
        while let Some(inner) = folder {
            folder = inner.parent();
            if !folders.insert(inner.to_string()) {
                break;
            }
        }
    }
    folders
}

async fn read_rules(repo: &Repo, commit: CommitId, path: &str) -> Answer<Option<bytes::Bytes>> {
    let Ok(path) = path.parse::<RepoPath>() else { return Ok(None) };
    let file = match repo.file(commit, &path).await {
        Ok(file) if file.size <= RULES_MAX => file,
        Ok(_) | Err(RepoError::EntryNotFound { .. }) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    Ok(Some(repo.read_small(&file, RULES_MAX).await?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_read_from_the_root_inwards() {
        let paths = ["a/b/c.txt", "a/d.txt", "e.txt"].map(|path| path.parse().unwrap());
        assert_eq!(folders_above(&paths).into_iter().collect::<Vec<_>>(), ["", "a", "a/b"]);
    }

    #[test]
    fn size_content_and_attributes_decide_how_a_file_comes() {
        let rules = Rules { attributes: Attributes::parse(b"*.bin filter=lfs -text\n"), ignore: Ignore::default() };
        let check = |path: &str, sample: &[u8], size, expect| {
            let file = FileBody { path: path.to_owned(), sample: STANDARD.encode(sample), size };
            assert_eq!(rules.upload_mode(&file, 1000), expect, "{path}");
        };
        check("README.md", b"# hello", 7, "regular");
        check("README.md", b"# hello", 1001, "lfs");
        check("model.bin", b"text", 4, "lfs");
        check("model.bin", b"", 0, "regular");
        check("picture.png", b"\x89PNG\0", 5, "lfs");
    }
}
