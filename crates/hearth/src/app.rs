//! All faces as one application, as it is served and as the HTTP tests call it.

use std::time::Duration;

use axum::Router;
use axum::http::header::CONTENT_TYPE;
use hub_http::{AccessClass, ApiRouter, Info, Metrics, PublicUrl, ServiceSettings, dress, get};

use crate::config::Config;
use crate::health::{self, Health};
use crate::hub::Hub;

/// The routes of all faces, and what is put around them.
#[derive(Debug)]
pub struct App {
    routes: ApiRouter,
    settings: ServiceSettings,
    info: Info,
}

impl App {
    /// Wires the faces to the engine.
    pub fn new(hub: &Hub, config: &Config, metrics: &Metrics) -> Self {
        let health = Health::new(hub.db.clone(), hub.blobs.clone(), metrics.clone());
        let routes = ApiRouter::new().merge(health::routes().with_state(health)).merge(faces(hub));
        let settings = ServiceSettings {
            public_url: config.server.public_url.as_deref().map(PublicUrl::new),
            body_limit: config.limits.api_body_bytes,
            body_idle: Duration::from_secs(config.server.body_idle_secs),
        };
        let info = Info {
            title: "Hearth".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            description: "The HTTP API of Hearth, which the clients of the Hugging Face Hub speak.".to_owned(),
            server_url: config.server.public_url.clone(),
        };
        Self { routes, settings, info }
    }

    /// The description of the API, which is also served.
    pub fn openapi(&self) -> serde_json::Value {
        self.routes.openapi(&self.info)
    }

    /// A line for each route, with its access class.
    pub fn snapshot(&self) -> String {
        self.routes.snapshot()
    }

    /// The service itself.
    pub fn into_router(self, hub: &Hub, metrics: &Metrics) -> Router {
        let description = bytes::Bytes::from(self.openapi().to_string());
        let described = get("/.well-known/openapi.json")
            .access(AccessClass::Public)
            .undocumented()
            .to(|| async move { ([(CONTENT_TYPE, "application/json")], description) });
        dress(self.routes.route(described).into_router(), self.settings, hub.ids.clone(), metrics.clone())
    }
}

fn faces(_hub: &Hub) -> ApiRouter {
    ApiRouter::new()
}
