//! What holds for every response, put around a router once: request id, errors rendered, CORS, security headers,
//! access log, figures, and bodies that are counted and may not stall.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use futures::FutureExt;
use hub_core::{Code, Ids};
use tracing::Instrument;

use crate::context::{ContextInput, PublicUrl, RequestContext};
use crate::error::ApiError;
use crate::ledger::{Ledger, Rest};
use crate::metrics::Metrics;
use crate::proxies::TrustedProxies;
use crate::rate::{RateLimits, Ticket};
use crate::{cors, ledger, security};

const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const X_AMZN_TRACE_ID: HeaderName = HeaderName::from_static("x-amzn-trace-id");

/// The longest request id that is taken from a client.
const REQUEST_ID_MAX: usize = 128;

/// How requests are received.
#[derive(Clone, Debug)]
pub struct ServiceSettings {
    /// Where clients reach the server; without it, each request tells by its `Host`.
    pub public_url: Option<PublicUrl>,
    /// Who is believed about clients.
    pub trusted_proxies: TrustedProxies,
    /// The most bytes of a body that is read into memory.
    pub body_limit: u64,
    /// How long a request body may pause.
    pub body_idle: Duration,
    /// How many requests a caller may make.
    pub rate: RateLimits,
}

struct Service {
    settings: ServiceSettings,
    ids: Arc<dyn Ids>,
    metrics: Metrics,
}

/// Dresses a router. To be called once, on the outside.
pub fn dress(router: Router, settings: ServiceSettings, ids: Arc<dyn Ids>, metrics: Metrics) -> Router {
    let service = Arc::new(Service { settings, ids, metrics });
    router.layer(from_fn_with_state(service, serve))
}

async fn serve(State(service): State<Arc<Service>>, mut request: Request, next: Next) -> Response {
    let context = service.context(&request);
    let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let ledger = Ledger::open(&service.metrics, &request, route, context.clone());
    request.extensions_mut().insert(context.clone());
    let rest = Rest::of(&request);
    let request =
        request.map(|body| Body::new(ledger::RequestBody::new(body, rest, context.body_idle(), ledger.received())));

    let limits = &service.settings.rate;
    let (mut response, ticket) = match cors::preflight(request.method()) {
        Some(response) => (response, None),
        None => {
            let span = tracing::info_span!("request", request_id = context.id());
            let ticket = limits.count(&request, context.client());
            let response = match ticket.as_ref().and_then(Ticket::refusal) {
                Some(refusal) => rendered(refusal.into_response(), &context),
                None => answer(request, next, &context).instrument(span).await,
            };
            (response, ticket)
        }
    };
    let headers = response.headers_mut();
    if let Some(ticket) = &ticket {
        limits.learn(ticket, &context);
        ticket.tell(headers);
    }
    cors::open(headers);
    security::harden(headers);
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("private, no-cache"));
    if let Ok(id) = HeaderValue::from_str(context.id()) {
        headers.insert(X_REQUEST_ID, id);
    }
    ledger.close_with(response)
}

/// The handler's response, with its error rendered; a panic is a fault of ours like any other.
async fn answer(request: Request, next: Next, context: &RequestContext) -> Response {
    let response = match AssertUnwindSafe(next.run(request)).catch_unwind().await {
        Ok(response) => response,
        Err(panic) => {
            let text = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
            ApiError::new(Code::Internal, format!("panic: {}", text.unwrap_or("unknown"))).into_response()
        }
    };
    rendered(response, context)
}

/// A response whose error, if it has one, is put into words.
fn rendered(mut response: Response, context: &RequestContext) -> Response {
    let Some(error) = response.extensions_mut().remove::<ApiError>() else { return response };
    error.log(context);
    let (fresh, body) = error.render(context).into_parts();
    response.headers_mut().remove(header::CONTENT_LENGTH);
    for (name, value) in &fresh.headers {
        response.headers_mut().insert(name, value.clone());
    }
    *response.status_mut() = fresh.status;
    *response.body_mut() = body;
    response
}

impl Service {
    fn context(&self, request: &Request) -> RequestContext {
        let client = self.settings.trusted_proxies.client_of(request.extensions(), request.headers());
        let public_url = match &self.settings.public_url {
            Some(url) => url.clone(),
            None => PublicUrl::from_request(request.headers(), request.uri(), client.by_proxy),
        };
        RequestContext::new(ContextInput {
            id: sent_id(request.headers()).unwrap_or_else(|| self.fresh_id()),
            uri: request.uri().clone(),
            public_url,
            client: client.address,
            body_limit: self.settings.body_limit,
            body_idle: self.settings.body_idle,
        })
    }

    fn fresh_id(&self) -> String {
        let mut bytes = [0; 12];
        self.ids.fill(&mut bytes);
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// The id that the client or a proxy has given, if it is fit for logs and headers.
fn sent_id(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(&X_REQUEST_ID).or_else(|| headers.get(&X_AMZN_TRACE_ID))?;
    let text = value.to_str().ok()?;
    let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'=' | b';' | b':' | b'.' | b'/' | b'+');
    (!text.is_empty() && text.len() <= REQUEST_ID_MAX && text.bytes().all(fits)).then(|| text.to_owned())
}

/// The method as a label: strangers cannot make up new ones.
pub(crate) fn method_label(method: &Method) -> &'static str {
    const KNOWN: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
    KNOWN.into_iter().find(|known| *known == method.as_str()).unwrap_or("OTHER")
}

#[cfg(test)]
mod tests;
