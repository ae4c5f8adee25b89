//! `POST …/commit/{revision}`: one commit from a body of JSON lines.
//!
//! The body is read line by line into a draft, so that its length costs no memory; nothing is visible until the last
//! line has been read and the branch has moved. A line is `{"key": …, "value": …}`: a `header`, then operations.

use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use hub_community::{Community, Proposed};
use hub_core::{Oid, RepoPath, Sha256};
use hub_http::{AccessClass, ApiError, ApiRouter, BodyStream, Caller, PublicUrl, Query, post};
use hub_repo::{CommitDraft, CommitHeader, Operation, RepoError, Repos};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ApiState;
use crate::address::{At, api_base, per_kind};
use crate::failure::{Answer, Failed};
use crate::upload::lines::Lines;

/// What a line has besides the content of its file: keys, path, quotes.
const LINE_OVERHEAD: u64 = 64 << 10;
/// Lines above this size are decoded on a thread that may be kept busy.
const INLINE_DECODE_MAX: usize = 64 << 10;

pub(crate) fn routes() -> ApiRouter<ApiState> {
    per_kind(|kind| {
        ApiRouter::new().route(
            post(format!("{}/commit/{{revision}}", api_base(kind)))
                .access(AccessClass::Write)
                .tag("uploads")
                .id(format!("commit_to_{}", kind.word()))
                .summary("Makes one commit of many operations")
                .query::<CommitQuery>()
                .body_as::<LineBody>("application/x-ndjson")
                .answer::<CommitDoneView>()
                .to(commit),
        )
    })
}

/// How the commit is made.
#[derive(Deserialize, JsonSchema)]
struct CommitQuery {
    /// Whether the commit opens a pull request for the revision, which whoever may read can do.
    #[serde(default)]
    create_pr: bool,
}

/// One line of the body.
#[derive(Deserialize, JsonSchema)]
#[serde(tag = "key", content = "value", rename_all = "camelCase")]
enum LineBody {
    Header(HeaderBody),
    File(FileBody),
    LfsFile(LargeFileBody),
    DeletedFile(PathBody),
    DeletedFolder(PathBody),
    DeletedEntry(PathBody),
}

/// What the commit says about itself.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct HeaderBody {
    summary: String,
    #[serde(default)]
    description: Option<String>,
    /// Where the branch must be.
    parent_commit: Option<String>,
}

/// A small file with its content.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct FileBody {
    path: String,
    #[serde(default)]
    content: String,
    /// `base64`, or `utf-8` if left out.
    encoding: Option<String>,
    /// Where the file was before.
    old_path: Option<String>,
}

/// A large file that was uploaded before.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct LargeFileBody {
    path: String,
    algo: Option<String>,
    /// The SHA-256; without it, the file at `oldPath` is moved as it is.
    oid: Option<String>,
    size: Option<u64>,
    /// Where the file was before.
    old_path: Option<String>,
}

/// A path to delete.
#[derive(Deserialize, JsonSchema)]
struct PathBody {
    path: String,
}

/// The commit that was made.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct CommitDoneView {
    success: bool,
    commit_oid: String,
    commit_url: String,
    /// The pull request that the commit opened, if it was to open one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pull_request_url: Option<String>,
    hook_output: String,
}

/// `POST /api/{kind}s/{namespace}/{name}/commit/{revision}`
async fn commit(
    State(repos): State<Repos>,
    State(community): State<Community>,
    Caller(caller): Caller,
    at: At,
    Query(query): Query<CommitQuery>,
    public_url: PublicUrl,
    mut body: BodyStream,
) -> Answer<impl IntoResponse> {
    let repo = at.open(&repos, &caller, at.access_to_bring(query.create_pr)).await?;
    let limits = repos.limits();
    body.limit(limits.commit_body_bytes)?;
    let longest = limits.plain_blob_bytes.div_ceil(3) * 4 + LINE_OVERHEAD;
    let lines = Lines::new(body, longest as usize);
    let (done, pull) = if query.create_pr {
        let (draft, base) = community.begin_proposal(&repo, &at.revision).await?;
        let (draft, header) = read_lines(lines, draft).await?;
        let Proposed { number, commit } = community.propose(&repo, draft, base, &header).await?;
        (commit, Some(number))
    } else {
        let (draft, header) = read_lines(lines, repo.begin_commit(&at.revision).await?).await?;
        (draft.finish(header).await?, None)
    };
    let view = CommitDoneView {
        success: true,
        commit_oid: done.id.to_string(),
        commit_url: public_url.join(&format!("/{}/commit/{}", repo.addr().url_path(), done.id)),
        pull_request_url: pull
            .map(|number| public_url.join(&format!("/{}/discussions/{number}", repo.addr().url_path()))),
        hook_output: done.card_warnings.join("\n"),
    };
    Ok((warning_header(&done.card_warnings), Json(view)))
}

/// The header by which clients show a warning to the person who committed: `topic; message`, once per topic.
fn warning_header(warnings: &[String]) -> Option<[(&'static str, String); 1]> {
    let text = warnings.join(" ");
    let plain: String =
        text.chars().map(|c| if c == ' ' || c.is_ascii_graphic() { c } else { '?' }).take(2000).collect();
    (!plain.is_empty()).then(|| [("x-hf-warning", format!("Card; {plain}"))])
}

async fn read_lines(mut lines: Lines<BodyStream>, mut draft: CommitDraft) -> Answer<(CommitDraft, CommitHeader)> {
    let mut header = None;
    let mut number = 0_usize;
    while let Some(line) = lines.next().await? {
        number += 1;
        match decode(line, number).await? {
            Decoded::Header(found) if header.is_none() => header = Some(found),
            Decoded::Header(_) => return Err(ApiError::bad_request(format!("line {number}: a second header")).into()),
            Decoded::Operation(operation) => draft.push(operation).await?,
        }
    }
    let header = header.ok_or_else(|| {
        ApiError::bad_request(
            "the body has no header: its first line is {\"key\": \"header\", \"value\": {\"summary\": …}}",
        )
    })?;
    Ok((draft, header))
}

/// A line with its parts parsed.
enum Decoded {
    Header(CommitHeader),
    Operation(Operation),
}

async fn decode(line: Bytes, number: usize) -> Answer<Decoded> {
    if line.len() <= INLINE_DECODE_MAX {
        return parse_line(&line, number);
    }
    let decoded = tokio::task::spawn_blocking(move || parse_line(&line, number)).await;
    decoded.map_err(|error| Failed::from(ApiError::internal(error)))?
}

fn parse_line(line: &[u8], number: usize) -> Answer<Decoded> {
    let body: LineBody = serde_json::from_slice(line)
        .map_err(|error| ApiError::bad_request(format!("line {number} of the body is not as expected: {error}")))?;
    Ok(Decoded::Operation(match body {
        LineBody::Header(header) => return header.parse().map(Decoded::Header),
        LineBody::File(file) => file.parse()?,
        LineBody::LfsFile(file) => file.parse()?,
        LineBody::DeletedFolder(PathBody { path }) => Operation::DeleteFolder(parse_path(folder(path))?),
        // Clients say `deletedFile` of whatever has no slash at its end, of folders too.
        LineBody::DeletedFile(PathBody { path }) | LineBody::DeletedEntry(PathBody { path }) => {
            Operation::DeleteEntry(parse_path(folder(path))?)
        }
    }))
}

impl HeaderBody {
    fn parse(self) -> Answer<CommitHeader> {
        let parent = self.parent_commit.filter(|text| !text.is_empty()).map(|text| {
            text.parse::<Oid>()
                .map_err(|reason| ApiError::bad_request(format!("`parentCommit` is no commit id: {reason}")))
        });
        Ok(CommitHeader {
            title: self.summary,
            description: self.description.unwrap_or_default(),
            parent: parent.transpose()?,
        })
    }
}

impl FileBody {
    fn parse(self) -> Answer<Operation> {
        let path = parse_path(self.path)?;
        let content = match self.encoding.as_deref() {
            None | Some("utf-8" | "utf8") => self.content.into_bytes(),
            Some("base64") => STANDARD
                .decode(self.content.as_bytes())
                .map_err(|reason| ApiError::bad_request(format!("the content of {path:?} is not base64: {reason}")))?,
            Some(other) => {
                let message = format!("unknown encoding {other:?} of {path:?}: use base64 or utf-8");
                return Err(ApiError::bad_request(message).into());
            }
        };
        Ok(Operation::Put { path, content: content.into(), old_path: self.old_path.map(parse_path).transpose()? })
    }
}

impl LargeFileBody {
    fn parse(self) -> Answer<Operation> {
        let path = parse_path(self.path)?;
        if self.algo.as_deref().is_some_and(|algo| !matches!(algo, "sha256" | "sha_256")) {
            return Err(ApiError::bad_request(format!("the `algo` of {path:?} must be sha256")).into());
        }
        let old_path = self.old_path.map(parse_path).transpose()?;
        match (self.oid, old_path) {
            (Some(oid), old_path) => {
                let sha256: Sha256 = oid.parse().map_err(|reason| {
                    ApiError::bad_request(format!("the `oid` of {path:?} is no SHA-256: {reason}"))
                })?;
                Ok(Operation::PutLarge { path, sha256, size: self.size, old_path })
            }
            (None, Some(from)) => Ok(Operation::Move { from, to: path }),
            (None, None) => Err(ApiError::bad_request(format!("the large file {path:?} has no `oid`")).into()),
        }
    }
}

/// Folders are sent with and without a slash at the end.
fn folder(path: String) -> String {
    path.strip_suffix('/').map(str::to_owned).unwrap_or(path)
}

fn parse_path(path: String) -> Answer<RepoPath> {
    match path.parse() {
        Ok(parsed) => Ok(parsed),
        Err(reason) => Err(RepoError::Path { path, reason }.into()),
    }
}
