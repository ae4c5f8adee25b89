//! Kit of the faces: who asks, errors as responses, the route registry, bodies, pages, ranges, middleware, metrics.
//!
//! A face declares routes with [`ApiRouter`], takes what it needs through the extractors of this crate, fails with
//! [`ApiError`], and is dressed by [`dress`] with everything that holds for each response: request id, access log,
//! CORS, security headers, rendered errors. Nothing here decides what a caller may do.

mod addr;
mod body;
mod caller;
mod context;
mod cors;
mod download;
mod error;
mod ledger;
mod media;
mod metrics;
mod openapi;
mod outgoing;
mod paging;
mod proxies;
mod query;
mod range;
mod rate;
mod registry;
mod security;
mod service;

pub use addr::Addr;
pub use axum::Json;
pub use body::{BodyStream, JsonBody, JsonOrForm, Path, WholeBody};
pub use caller::{Caller, LargeFileCaller, SESSION_COOKIE, SignedIn, SiteAdmin, basic_credentials, session_of};
pub use context::{PublicUrl, RequestContext};
pub use download::{ByteStream, Download, DownloadRequest};
pub use error::ApiError;
pub use media::media_type_of;
pub use metrics::{Counter, Gauge, Metrics};
pub use openapi::Info;
pub use outgoing::{Outgoing, OutgoingError};
pub use paging::{Page, Paging};
pub use proxies::{Network, NetworkError, TrustedProxies};
pub use query::Query;
pub use range::Wanted;
pub use rate::{Quotas, RateConfig, RateLimits};
pub use registry::{AccessClass, ApiRouter, Route, RouteDraft, delete, get, head, patch, post, put};
pub use security::user_content;
pub use service::{ServiceSettings, dress};
