//! Posts and articles: `/posts` and `/blog`, one of either with what is said about it, and the forms by which they are
//! written. What a form does is done by `POST` to the address of its page.

mod act;
mod articles;
mod posts;
mod show;
mod view;

use hub_community::PieceKind;
use hub_http::{AccessClass, ApiRouter, RouteDraft};
use serde::Deserialize;

use crate::WebState;

pub(crate) use view::{PieceView, rendered};

pub(crate) fn routes() -> ApiRouter<WebState> {
    posts::routes().merge(articles::routes()).merge(show::routes()).merge(act::routes())
}

fn get(path: &str) -> RouteDraft {
    hub_http::get(path).access(AccessClass::Read).undocumented()
}

fn post(path: &str) -> RouteDraft {
    hub_http::post(path).access(AccessClass::Login).undocumented()
}

/// The address of one piece of a kind.
fn one_of(kind: PieceKind) -> String {
    format!("/{}/{{namespace}}/{{slug}}", kind.root())
}

/// The parts of that address.
#[derive(Deserialize)]
struct PiecePath {
    namespace: String,
    slug: String,
}

/// Which page of a list.
#[derive(Deserialize, Default)]
#[serde(default)]
struct PageQuery {
    author: Option<String>,
    after: Option<String>,
}
