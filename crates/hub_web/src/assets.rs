//! The style sheet and the mark of the house, compiled in.

use axum::http::header;
use axum::response::{IntoResponse, Response};
use hub_http::{AccessClass, ApiRouter, get};

use crate::WebState;

const CSS: &str = include_str!("assets/hearth.css");
const MARK: &str = include_str!("assets/hearth.svg");

pub(crate) fn routes() -> ApiRouter<WebState> {
    let route = |path: &str| get(path).access(AccessClass::Public).undocumented();
    ApiRouter::new()
        .route(route("/static/hearth.css").to(style_sheet))
        .route(route("/static/hearth.svg").to(mark))
        .route(route("/favicon.ico").to(mark))
}

/// `GET /static/hearth.css`
async fn style_sheet() -> Response {
    asset("text/css; charset=utf-8", CSS)
}

/// `GET /static/hearth.svg`
async fn mark() -> Response {
    asset("image/svg+xml", MARK)
}

fn asset(media_type: &'static str, content: &'static str) -> Response {
    ([(header::CONTENT_TYPE, media_type), (header::CACHE_CONTROL, "public, max-age=3600")], content).into_response()
}
