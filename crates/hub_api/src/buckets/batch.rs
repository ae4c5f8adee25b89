//! `POST …/batch`: many changes to the files of a bucket, one JSON value per line.
//!
//! Each operation succeeds or fails by itself, and the answer tells of those that failed. Only a body that cannot be read
//! is refused as a whole.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use hub_core::{Access, BucketPath, RepoAddr, RepoKind, Timestamp, XetHash};
use hub_http::{AccessClass, ApiError, ApiRouter, BodyStream, Caller, post};
use hub_repo::{BatchOutcome, BucketOperation, ModifiedAt, NewFacts, Repos};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ApiState;
use crate::address::At;
use crate::buckets::{API, TAG, open};
use crate::failure::Answer;
use crate::upload::lines::Lines;

/// The most operations of a batch.
const OPERATIONS_MAX: usize = 10_000;
/// The most bytes of a line.
const LINE_MAX: usize = 16 << 10;
/// The most bytes of a media type.
const CONTENT_TYPE_MAX: usize = 255;
/// Moments are taken up to the year 9999, and as far back from 1970.
const MILLIS_MAX: f64 = 253_402_300_799_999.0;

pub(super) fn routes() -> ApiRouter<ApiState> {
    ApiRouter::new().route(
        post(format!("{API}/batch"))
            .access(AccessClass::Write)
            .tag(TAG)
            .id("change_bucket_files")
            .summary("Adds, copies and deletes files of a bucket; additions and copies come before deletions")
            .body_as::<LineBody>("application/x-ndjson")
            .answer::<BatchView>()
            .to(batch),
    )
}

/// One line of the body.
#[derive(Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all_fields = "camelCase")]
enum LineBody {
    /// Puts a file in place that was brought to this bucket.
    #[serde(rename = "addFile")]
    Add {
        path: String,
        xet_hash: String,
        #[serde(flatten)]
        facts: FactsBody,
    },
    /// Puts a file in place that another repository has.
    #[serde(rename = "copyFile")]
    Copy {
        path: String,
        xet_hash: String,
        /// `model`, `dataset`, `space`, `kernel` or `bucket`.
        source_repo_type: String,
        /// `namespace/name`
        source_repo_id: String,
        #[serde(flatten)]
        facts: FactsBody,
    },
    /// Takes a file away.
    #[serde(rename = "deleteFile")]
    Delete { path: String },
}

/// What the sender says of a file.
#[derive(Deserialize, JsonSchema, Default)]
#[serde(default, rename_all = "camelCase")]
struct FactsBody {
    /// When it was last changed, in milliseconds since 1970.
    mtime: Option<f64>,
    /// What that lacks, in nanoseconds.
    mtime_nanos: Option<f64>,
    content_type: Option<String>,
}

impl FactsBody {
    fn parse(self) -> Result<NewFacts, String> {
        let modified = match self.mtime {
            None => None,
            Some(millis) if millis.abs() <= MILLIS_MAX => {
                // A fraction of a millisecond counts if nothing more exact is said.
                let whole = millis.floor();
                let nanos = self.mtime_nanos.unwrap_or((millis - whole) * 1e6).clamp(0.0, 999_999.0);
                Some(ModifiedAt { at: Timestamp::from_millis(whole as i64), nanos: nanos as u32 })
            }
            Some(_) => return Err("`mtime` must be milliseconds since 1970".to_owned()),
        };
        let content_type = self.content_type.filter(|text| !text.is_empty());
        let is_plain =
            |text: &String| text.len() <= CONTENT_TYPE_MAX && text.bytes().all(|b| (b' '..=b'~').contains(&b));
        if content_type.as_ref().is_some_and(|text| !is_plain(text)) {
            return Err(format!("`contentType` must be at most {CONTENT_TYPE_MAX} plain characters"));
        }
        Ok(NewFacts { modified, content_type })
    }
}

/// What became of the batch.
#[derive(Serialize, JsonSchema)]
struct BatchView {
    /// Whether all operations succeeded.
    success: bool,
    processed: usize,
    succeeded: usize,
    failed: Vec<FailedView>,
}

/// An operation that failed.
#[derive(Serialize, JsonSchema)]
struct FailedView {
    path: String,
    error: String,
}

/// `POST /api/buckets/{namespace}/{name}/batch`
///
/// 200 if anything was done, 422 if every operation failed.
async fn batch(
    State(repos): State<Repos>,
    Caller(caller): Caller,
    at: At,
    mut body: BodyStream,
) -> Answer<(StatusCode, Json<BatchView>)> {
    let bucket = open(&repos, &caller, &at, Access::Write).await?;
    body.limit((OPERATIONS_MAX * LINE_MAX) as u64)?;
    let lines = read_lines(Lines::new(body, LINE_MAX)).await?;
    // What cannot be an operation has failed already; the others are tried.
    let mut paths = Vec::with_capacity(lines.len());
    let mut operations = Vec::with_capacity(lines.len());
    let mut refused = Vec::with_capacity(lines.len());
    for line in lines {
        let (path, parsed) = line.parse();
        paths.push(path);
        refused.push(parsed.map(|operation| operations.push(operation)).err());
    }
    let mut outcomes = bucket.apply(&operations).await?.into_iter();
    let outcomes = refused.into_iter().map(|reason| reason.map_or_else(|| outcomes.next().unwrap_or(Ok(())), Err));
    let view = BatchView::new(paths, outcomes);
    let status =
        if view.succeeded == 0 && view.processed > 0 { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    Ok((status, Json(view)))
}

impl BatchView {
    fn new(paths: Vec<String>, outcomes: impl Iterator<Item = BatchOutcome>) -> Self {
        let processed = paths.len();
        let failed: Vec<FailedView> = paths
            .into_iter()
            .zip(outcomes)
            .filter_map(|(path, outcome)| outcome.err().map(|error| FailedView { path, error }))
            .collect();
        Self { success: failed.is_empty(), processed, succeeded: processed - failed.len(), failed }
    }
}

async fn read_lines(mut lines: Lines<BodyStream>) -> Answer<Vec<LineBody>> {
    let mut found = Vec::new();
    let mut deletes = false;
    while let Some(line) = lines.next().await? {
        let number = found.len() + 1;
        if number > OPERATIONS_MAX {
            let message =
                format!("a batch has at most {OPERATIONS_MAX} operations: send the others in a batch of their own");
            return Err(ApiError::bad_request(message).into());
        }
        let body: LineBody = serde_json::from_slice(&line)
            .map_err(|error| ApiError::bad_request(format!("line {number} of the body is not as expected: {error}")))?;
        let is_delete = matches!(body, LineBody::Delete { .. });
        if deletes && !is_delete {
            let message = format!("line {number}: additions and copies come before all deletions");
            return Err(ApiError::bad_request(message).into());
        }
        deletes |= is_delete;
        found.push(body);
    }
    Ok(found)
}

impl LineBody {
    /// The path as it was sent, and what is asked of it.
    fn parse(self) -> (String, Result<BucketOperation, String>) {
        match self {
            LineBody::Add { path, xet_hash, facts } => {
                let parsed = parse_path(&path).and_then(|path| {
                    let file = parse_hash(&xet_hash)?;
                    Ok(BucketOperation::Add { path, file, facts: facts.parse()? })
                });
                (path, parsed)
            }
            LineBody::Copy { path, xet_hash, source_repo_type, source_repo_id, facts } => {
                let parsed = parse_path(&path).and_then(|path| {
                    let file = parse_hash(&xet_hash)?;
                    let kind = RepoKind::from_word(&source_repo_type)
                        .ok_or_else(|| format!("unknown `sourceRepoType` {source_repo_type:?}"))?;
                    let from = RepoAddr::parse(kind, &source_repo_id)
                        .map_err(|_| format!("Source repository not found: {kind} {source_repo_id}"))?;
                    Ok(BucketOperation::Copy { path, file, from, facts: facts.parse()? })
                });
                (path, parsed)
            }
            LineBody::Delete { path } => {
                let parsed = parse_path(&path).map(|path| BucketOperation::Delete { path });
                (path, parsed)
            }
        }
    }
}

fn parse_path(path: &str) -> Result<BucketPath, String> {
    path.parse().map_err(|reason| format!("Invalid path: {reason}"))
}

fn parse_hash(text: &str) -> Result<XetHash, String> {
    text.parse().map_err(|reason| format!("invalid `xetHash`: {reason}"))
}
