//! What lies in a bucket: listings, and what is known of given paths.

use axum::Json;
use axum::extract::State;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hub_core::{Access, BucketPath, Timestamp};
use hub_http::{AccessClass, ApiError, ApiRouter, Caller, JsonOrForm, Page, Paging, Query, get, post};
use hub_repo::{BucketEntry, BucketFile, BucketListing, BucketOrder, BucketPlace, Repos};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

use crate::ApiState;
use crate::address::At;
use crate::buckets::{API, TAG, open};
use crate::failure::Answer;

/// Entries of a page, and the most that a request can ask for.
const PAGE: usize = 1000;
const PAGE_MAX: usize = 5000;
/// The most paths that one request can ask about.
const PATHS_MAX: usize = 10_000;

pub(super) fn routes() -> ApiRouter<ApiState> {
    let tree = |path: String| {
        get(path)
            .access(AccessClass::Read)
            .tag(TAG)
            .id("list_bucket_tree")
            .summary("Lists the files of a bucket whose paths begin with a text")
            .query::<TreeQuery>()
            .answer::<Vec<EntryView>>()
    };
    ApiRouter::new()
        .route(tree(format!("{API}/tree")).to(list_tree))
        .route(tree(format!("{API}/tree/")).undocumented().to(list_tree))
        .route(tree(format!("{API}/tree/{{*path}}")).to(list_tree))
        .route(
            post(format!("{API}/paths-info"))
                .access(AccessClass::Read)
                .tag(TAG)
                .id("get_bucket_paths_info")
                .summary("Tells of the files at given paths; those that do not exist are left out")
                .body::<PathsBody>()
                .body_as::<PathsBody>("application/x-www-form-urlencoded")
                .answer::<Vec<EntryView>>()
                .to(paths_info),
        )
}

/// Which part of the listing is wanted.
#[derive(Deserialize, JsonSchema)]
struct TreeQuery {
    /// Whether all files are listed, or folders stand for what lies in them.
    #[serde(default = "yes")]
    recursive: bool,
    /// `path` or `uploadedAt`.
    #[serde(default)]
    sort: SortWord,
    /// `asc` or `desc`; paths go up and moments go down by themselves.
    direction: Option<DirectionWord>,
    /// The most entries of a page.
    limit: Option<usize>,
    /// Where the page begins, from the link of the page before.
    cursor: Option<String>,
}

fn yes() -> bool {
    true
}

/// By what a listing is ordered.
#[derive(Deserialize, JsonSchema, Clone, Copy, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
enum SortWord {
    #[default]
    Path,
    UploadedAt,
}

/// Which way a listing goes.
#[derive(Deserialize, JsonSchema, Clone, Copy, PartialEq)]
#[serde(rename_all = "lowercase")]
enum DirectionWord {
    Asc,
    Desc,
}

/// A file or folder.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct EntryView {
    /// `file` or `directory`.
    r#type: &'static str,
    path: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    xet_hash: Option<String>,
    /// When its sender last changed it.
    #[serde(skip_serializing_if = "Option::is_none")]
    mtime: Option<String>,
    /// What that lacks, in nanoseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    mtime_nanos: Option<u32>,
    uploaded_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    content_type: Option<String>,
}

impl From<BucketFile> for EntryView {
    fn from(file: BucketFile) -> Self {
        Self {
            r#type: "file",
            path: file.path,
            size: Some(file.size),
            xet_hash: Some(file.xet.to_string()),
            mtime: file.modified.map(|modified| modified.at.to_string()),
            mtime_nanos: file.modified.map(|modified| modified.nanos).filter(|nanos| *nanos > 0),
            uploaded_at: file.uploaded.to_string(),
            content_type: file.content_type,
        }
    }
}

impl From<BucketEntry> for EntryView {
    fn from(entry: BucketEntry) -> Self {
        match entry {
            BucketEntry::File(file) => file.into(),
            BucketEntry::Folder { path, uploaded } => Self {
                r#type: "directory",
                path,
                size: None,
                xet_hash: None,
                mtime: None,
                mtime_nanos: None,
                uploaded_at: uploaded.to_string(),
                content_type: None,
            },
        }
    }
}

/// `GET /api/buckets/{namespace}/{name}/tree/{prefix}`
///
/// What begins like no path lists nothing, and is no error: clients ask before they upload.
async fn list_tree(
    State(repos): State<Repos>,
    Caller(caller): Caller,
    at: At,
    Query(query): Query<TreeQuery>,
    paging: Paging,
) -> Answer<Page<EntryView>> {
    let bucket = open(&repos, &caller, &at, Access::Read).await?;
    let prefix = at.tail.trim_start_matches('/');
    let by_moment = query.sort == SortWord::UploadedAt;
    if by_moment && query.recursive && !prefix.is_empty() {
        let message =
            "`sort=uploadedAt` lists a whole bucket or one folder: leave the path out, or send `recursive=false`";
        return Err(ApiError::bad_request(message).into());
    }
    let listing = BucketListing {
        prefix,
        recursive: query.recursive,
        order: if by_moment { BucketOrder::Uploaded } else { BucketOrder::Path },
        ascending: query.direction.map_or(!by_moment, |direction| direction == DirectionWord::Asc),
        after: query.cursor.as_deref().map(parse_cursor).transpose()?,
        limit: query.limit.unwrap_or(PAGE).clamp(1, PAGE_MAX),
    };
    let page = bucket.list(&listing).await?;
    let next = page.next.map(|place| cursor_at(&place));
    Ok(paging.page(page.entries.into_iter().map(EntryView::from).collect(), next))
}

/// The cursor of the page that begins after a place.
fn cursor_at(place: &BucketPlace) -> String {
    URL_SAFE_NO_PAD.encode(format!("at {} {}", place.uploaded.millis(), place.path))
}

fn parse_cursor(text: &str) -> Result<BucketPlace, ApiError> {
    let place = || {
        let text = String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
        let (moment, path) = text.strip_prefix("at ")?.split_once(' ')?;
        let path = path.parse::<BucketPath>().ok()?.as_str().to_owned();
        Some(BucketPlace { path, uploaded: Timestamp::from_millis(moment.parse().ok()?) })
    };
    place().ok_or_else(|| ApiError::bad_request("`cursor` is not one that this listing has given"))
}

/// Which paths are asked about.
#[derive(Deserialize, JsonSchema)]
struct PathsBody {
    /// One path or several.
    #[serde(deserialize_with = "one_or_many")]
    #[schemars(with = "Vec<String>")]
    paths: Vec<String>,
}

fn one_or_many<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    struct Paths;
    impl<'de> serde::de::Visitor<'de> for Paths {
        type Value = Vec<String>;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("a path or a list of paths")
        }

        fn visit_str<E>(self, path: &str) -> Result<Vec<String>, E> {
            Ok(vec![path.to_owned()])
        }

        fn visit_seq<A: serde::de::SeqAccess<'de>>(self, seq: A) -> Result<Vec<String>, A::Error> {
            Vec::deserialize(serde::de::value::SeqAccessDeserializer::new(seq))
        }
    }
    deserializer.deserialize_any(Paths)
}

/// `POST /api/buckets/{namespace}/{name}/paths-info`
async fn paths_info(
    State(repos): State<Repos>,
    Caller(caller): Caller,
    at: At,
    JsonOrForm(body): JsonOrForm<PathsBody>,
) -> Answer<Json<Vec<EntryView>>> {
    let bucket = open(&repos, &caller, &at, Access::Read).await?;
    if body.paths.len() > PATHS_MAX {
        return Err(ApiError::bad_request(format!("ask about at most {PATHS_MAX} paths at once")).into());
    }
    // A path that cannot exist is left out like one that does not.
    let paths: Vec<BucketPath> = body.paths.iter().filter_map(|path| path.parse().ok()).collect();
    let files = bucket.files(&paths).await?;
    Ok(Json(files.into_iter().map(EntryView::from).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_cursors_of_a_listing_are_taken() {
        let place = BucketPlace { path: "a b/c".to_owned(), uploaded: Timestamp::from_millis(5) };
        assert_eq!(parse_cursor(&cursor_at(&place)).unwrap(), place);
        for wrong in ["", "x", "YXQgMSA", &URL_SAFE_NO_PAD.encode("at x a"), &URL_SAFE_NO_PAD.encode("at 1 ../a")] {
            assert!(parse_cursor(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn paths_come_alone_or_as_a_list() {
        let read = |text: &str| serde_json::from_str::<PathsBody>(text).map(|body| body.paths).ok();
        assert_eq!(read(r#"{"paths":"a"}"#), Some(vec!["a".to_owned()]));
        assert_eq!(read(r#"{"paths":["a","b"]}"#), Some(vec!["a".to_owned(), "b".to_owned()]));
        assert_eq!(read(r#"{"paths":5}"#), None);
        assert_eq!(read("{}"), None);
    }
}
