//! Kit of the faces: who asks, errors as responses, the route registry, bodies, pages, ranges, middleware, metrics.
//!
//! A face declares routes with [`ApiRouter`], takes what it needs through the extractors of this crate, fails with
//! [`ApiError`], and is dressed by [`dress`] with everything that holds for each response: request id, access log,
//! CORS, security headers, rendered errors. Nothing here decides what a caller may do.

mod addr;
mod body;
mod context;
mod error;
mod openapi;
mod paging;
mod query;
mod registry;

pub use addr::Addr;
pub use axum::Json;
pub use body::{BodyStream, JsonBody, JsonOrForm, Path, WholeBody};
pub use context::{PublicUrl, RequestContext};
pub use error::ApiError;
pub use openapi::Info;
pub use paging::{Page, Paging};
pub use query::Query;
pub use registry::{AccessClass, ApiRouter, Route, RouteDraft, delete, get, head, patch, post, put};
