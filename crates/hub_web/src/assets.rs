//! The style sheet, the script and the mark of the house, compiled in and named by their content, so that a browser may
//! keep them for good.

use axum::http::header;
use axum::response::{IntoResponse, Response};
use hub_core::Code;
use hub_http::{AccessClass, ApiError, ApiRouter, Path, get};

use crate::WebState;

/// Name, media type, content, and the number in its address.
struct Asset(&'static str, &'static str, &'static str, u64);

const ASSETS: &[Asset] = &[
    asset("hearth.css", "text/css; charset=utf-8", include_str!("assets/hearth.css")),
    asset("hearth.js", "text/javascript; charset=utf-8", include_str!("assets/hearth.js")),
    asset("upload.js", "text/javascript; charset=utf-8", include_str!("assets/upload.js")),
    asset("hearth.svg", "image/svg+xml", include_str!("assets/hearth.svg")),
];

const fn asset(name: &'static str, media_type: &'static str, content: &'static str) -> Asset {
    Asset(name, media_type, content, fingerprint(content.as_bytes()))
}

/// A number that changes with the content (FNV-1a).
const fn fingerprint(bytes: &[u8]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut place = 0;
    while place < bytes.len() {
        hash = (hash ^ bytes[place] as u64).wrapping_mul(0x0100_0000_01b3);
        place += 1;
    }
    hash
}

pub(crate) fn routes() -> ApiRouter<WebState> {
    let route = |path: &str| get(path).access(AccessClass::Public).undocumented();
    ApiRouter::new().route(route("/static/{file}").to(file)).route(route("/favicon.ico").to(mark))
}

/// Where an asset is, by its present content.
pub(crate) fn address_of(name: &str) -> String {
    let version = ASSETS.iter().find(|asset| asset.0 == name).map_or(0, |asset| asset.3);
    format!("/static/{name}?v={version:016x}")
}

/// `GET /static/{file}`
async fn file(Path(name): Path<String>) -> Result<Response, ApiError> {
    let found = ASSETS.iter().find(|asset| asset.0 == name);
    found.map(send).ok_or_else(|| ApiError::new(Code::NotFound, "there is no such file"))
}

/// `GET /favicon.ico`
async fn mark() -> Result<Response, ApiError> {
    file(Path("hearth.svg".to_owned())).await
}

fn send(asset: &Asset) -> Response {
    let cache = "public, max-age=31536000, immutable";
    ([(header::CONTENT_TYPE, asset.1), (header::CACHE_CONTROL, cache)], asset.2).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_style_sheet_and_the_script_stay_small() {
        let size = |name: &str| ASSETS.iter().find(|asset| asset.0 == name).unwrap().2.len();
        assert!(size("hearth.css") < 30_000, "{}", size("hearth.css"));
        assert!(size("hearth.js") + size("upload.js") < 30_000, "{}", size("hearth.js"));
    }

    #[test]
    fn an_address_changes_with_the_content() {
        assert_ne!(fingerprint(b"a"), fingerprint(b"b"));
        assert!(address_of("hearth.css").starts_with("/static/hearth.css?v="));
    }
}
