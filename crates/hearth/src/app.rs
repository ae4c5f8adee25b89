//! All faces as one application, as it is served and as the HTTP tests call it.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{FromRequestParts as _, Request};
use axum::response::{IntoResponse as _, Response};
use hub_account::{Accounts, SsoPolicy};
use hub_api::{ApiState, Exports, Streams, XetFigures};
use hub_core::Clock;
use hub_git::GitState;
use hub_http::{
    ApiRouter, Caller, Metrics, Outgoing, PublicUrl, RateLimits, RequestContext, ServiceSettings, TrustedProxies, dress,
};
use hub_jobs::Queue;
use hub_web::{House, Issuers, Sso, WebState};
use tokio_util::sync::CancellationToken;

use crate::config::{BlobKind, Config};
use crate::health::{self, Health};
use crate::hub::Hub;

/// The routes of all faces, and what is put around them.
pub struct App {
    routes: ApiRouter,
    settings: ServiceSettings,
    web: WebState,
}

impl App {
    /// Wires the faces to the engine.
    pub fn new(hub: &Hub, config: &Config, metrics: &Metrics) -> Self {
        Self::ending_with(hub, config, metrics, CancellationToken::new())
    }

    /// The same; answers that last as long as their clients stay end with `stop`.
    pub fn ending_with(hub: &Hub, config: &Config, metrics: &Metrics, stop: CancellationToken) -> Self {
        let health = Health::new(hub.db.clone(), hub.blobs.clone(), metrics.clone());
        let web = web_state(hub, config, &health);
        let faces = faces(hub, config, metrics, &web, stop);
        let routes = ApiRouter::new().merge(health::routes().with_state(health)).merge(faces);
        Self { routes, settings: service_settings(config, &hub.clock), web }
    }

    /// A line for each route, with its access class.
    pub fn snapshot(&self) -> String {
        self.routes.snapshot()
    }

    /// The service itself.
    pub fn into_router(self, hub: &Hub, metrics: &Metrics) -> Router {
        let accounts = hub.accounts.clone();
        let unknown = move |request: Request| unknown(accounts.clone(), request);
        let router = self.routes.into_router_or(unknown);
        // Around every route: nothing of Hearth is served by the hosts of apps.
        let router = router.layer(axum::middleware::from_fn_with_state(self.web.clone(), hub_web::apps));
        let dressed = dress(router, self.settings, hub.ids.clone(), metrics.clone());
        dressed.layer(axum::middleware::from_fn_with_state(self.web, hub_web::pages))
    }

    /// The service of a port that serves nothing but the apps of Spaces.
    pub fn app_router(hub: &Hub, config: &Config, metrics: &Metrics) -> Router {
        let health = Health::new(hub.db.clone(), hub.blobs.clone(), metrics.clone());
        let web = web_state(hub, config, &health);
        let router = Router::new().fallback(hub_web::shared_apps).with_state(web);
        dress(router, service_settings(config, &hub.clock), hub.ids.clone(), metrics.clone())
    }
}

fn service_settings(config: &Config, clock: &Arc<dyn Clock>) -> ServiceSettings {
    ServiceSettings {
        public_url: config.server.public_url.as_deref().map(PublicUrl::new),
        trusted_proxies: TrustedProxies::new(&config.server.trusted_proxies),
        body_limit: config.limits.api_body_bytes,
        body_idle: Duration::from_secs(config.server.body_idle_secs),
        rate: RateLimits::new(&config.rate, clock.clone()),
    }
}

fn faces(hub: &Hub, config: &Config, metrics: &Metrics, web: &WebState, stop: CancellationToken) -> ApiRouter {
    let state = ApiState {
        repos: hub.repos.clone(),
        catalog: hub.catalog.clone(),
        search: hub.search.clone(),
        insights: hub.insights.clone(),
        exports: Exports::default(),
        community: hub.community.clone(),
        cas: hub.cas.clone(),
        xet_epoch: config.xet.epoch.clone().unwrap_or_default(),
        xet_figures: XetFigures::new(metrics),
        streams: Streams::new(stop),
    };
    let api = hub_api::routes().with_state(state);
    let git = hub_git::routes().with_state(git_state(hub, config));
    api.merge(git).merge(hub_web::routes().with_state(web.clone()))
}

/// What git needs, over HTTP and SSH alike.
pub(crate) fn git_state(hub: &Hub, config: &Config) -> GitState {
    GitState { repos: hub.repos.clone(), incoming: config.incoming_folder() }
}

fn web_state(hub: &Hub, config: &Config, health: &Health) -> WebState {
    WebState {
        repos: hub.repos.clone(),
        catalog: hub.catalog.clone(),
        search: hub.search.clone(),
        apps: config.spaces.app_origin(),
        content_origin: config.content_origin().map(Into::into),
        community: hub.community.clone(),
        ids: hub.ids.clone(),
        issuers: Issuers::new(outgoing("trusted publishers"), hub.clock.clone()),
        sso: sso(config),
        house: house(hub, config, health),
        clock: hub.clock.clone(),
    }
}

/// What administrators see of the installation itself.
fn house(hub: &Hub, config: &Config, health: &Health) -> House {
    let database = if config.database_url().starts_with("postgres") { "PostgreSQL" } else { "SQLite" };
    let bytes = match config.storage.blobs.kind {
        BlobKind::Folder => "folder",
        BlobKind::S3 => "S3",
    };
    let health = health.clone();
    House {
        version: env!("CARGO_PKG_VERSION"),
        started_at: hub.clock.now(),
        stores: (database, bytes),
        // Secrets print nothing of themselves.
        configuration: format!("{config:#?}").into(),
        health: Arc::new(move || {
            let health = health.clone();
            Box::pin(async move { health.check().await })
        }),
        queue: Queue::new(hub.db.clone(), hub.clock.clone(), hub.ids.clone()),
        collects_garbage: config.jobs.garbage_secs > 0,
    }
}

/// By what other houses are asked, for something that goes without if the system has no certificates to trust.
fn outgoing(purpose: &'static str) -> Option<Outgoing> {
    let outgoing = Outgoing::new();
    if let Err(error) = &outgoing {
        tracing::error!(%error, purpose, "requests to other houses cannot be sent");
    }
    outgoing.ok()
}

/// The house by which people sign in, if the configuration names one.
fn sso(config: &Config) -> Option<Sso> {
    let issuer = config.sso.issuer.as_deref().filter(|issuer| !issuer.is_empty())?;
    let outgoing = outgoing("single sign-on")?;
    Some(Sso {
        label: config.sso.label.clone(),
        client_secret: config.sso.client_secret.clone(),
        scopes: config.sso.scopes.clone(),
        policy: SsoPolicy {
            issuer: issuer.trim_end_matches('/').to_owned(),
            client_id: config.sso.client_id.clone(),
            sign_up: config.sso.sign_up,
            domains: config.sso.domains.clone(),
            link_by_email: config.sso.link_by_email,
            name_claim: config.sso.name_claim.clone(),
        },
        outgoing,
    })
}

/// The answer to paths that no route has. It depends on who asks, as for a repository that is missing.
async fn unknown(accounts: Accounts, request: Request) -> Response {
    let (mut parts, _) = request.into_parts();
    // A token of the chunk store is no one's credential: what is not offered there is missing, whoever asks.
    let judges_caller = !hub_api::is_chunk_store(parts.uri.path());
    if judges_caller && let Err(refusal) = Caller::from_request_parts(&mut parts, &accounts).await {
        return refusal.into_response();
    }
    match RequestContext::from_request_parts(&mut parts, &accounts).await {
        Ok(context) => hub_api::no_such_route(context, parts.method, parts.uri).await.into_response(),
        Err(never) => match never {},
    }
}
