//! The route registry: each route of a face is declared once, in one fluent expression, beside its handler.
//!
//! From the declarations come the axum router, the OpenAPI description (`openapi.rs`) and the snapshot that lists all
//! routes with their access class. A route that is served is therefore described, and the other way round.
//!
//! ```
//! # use hub_http::{AccessClass, ApiRouter, get};
//! # async fn list_tree() -> &'static str { "" }
//! let router: ApiRouter<()> = ApiRouter::new().route(
//!     get("/api/models/{namespace}/{name}/tree/{revision}")
//!         .access(AccessClass::Read)
//!         .summary("Lists the files of a revision")
//!         .to(list_tree),
//! );
//! # let _ = router.snapshot();
//! ```

use std::fmt;

use axum::handler::Handler;
use axum::routing::{MethodFilter, MethodRouter};
use schemars::{JsonSchema, Schema, SchemaGenerator};

use crate::openapi;

/// Who can use a route at all; what they see behind it is decided by `Repos::open` and the use cases.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AccessClass {
    /// Everyone, and the answer does not depend on who asks.
    Public,
    /// Whoever may read the thing addressed; anonymous callers see public things.
    Read,
    /// Whoever may read the thing addressed and is signed in with a credential that may speak for them.
    Propose,
    /// Whoever may write to the thing addressed.
    Write,
    /// Whoever may administer the thing addressed.
    Admin,
    /// Every signed-in caller, about their own affairs.
    Login,
    /// Administrators of this installation.
    SiteAdmin,
    /// Whoever holds the URL: it carries a signature.
    Signed,
}

impl AccessClass {
    /// The word of the snapshot and of `x-access` in the OpenAPI description.
    pub const fn word(self) -> &'static str {
        match self {
            AccessClass::Public => "public",
            AccessClass::Read => "read",
            AccessClass::Propose => "propose",
            AccessClass::Write => "write",
            AccessClass::Admin => "admin",
            AccessClass::Login => "login",
            AccessClass::SiteAdmin => "site-admin",
            AccessClass::Signed => "signed",
        }
    }
}

/// Makes the schema of one type, given the generator that collects shared definitions.
pub(crate) type SchemaOf = fn(&mut SchemaGenerator) -> Schema;

/// What a body consists of.
#[derive(Clone, Debug)]
pub(crate) struct Content {
    pub(crate) media_type: &'static str,
    pub(crate) schema: Option<SchemaOf>,
}

/// What is known of a route besides its handler.
#[derive(Clone, Debug)]
pub(crate) struct RouteFacts {
    pub(crate) method: &'static str,
    pub(crate) path: String,
    pub(crate) access: AccessClass,
    pub(crate) operation: String,
    pub(crate) summary: String,
    pub(crate) tag: Option<&'static str>,
    pub(crate) query: Option<SchemaOf>,
    pub(crate) body: Vec<Content>,
    pub(crate) answer: Option<Content>,
    pub(crate) documented: bool,
}

/// A route that still wants its handler; made by [`get`], [`post`] and their like, finished by [`RouteDraft::to`].
#[must_use]
#[derive(Debug)]
pub struct RouteDraft {
    filter: MethodFilter,
    facts: RouteFacts,
}

macro_rules! methods {
    ($($function:ident $word:literal $filter:ident $doc:literal;)*) => {$(
        #[doc = $doc]
        pub fn $function(path: impl Into<String>) -> RouteDraft {
            RouteDraft::new($word, MethodFilter::$filter, path.into())
        }
    )*};
}

methods! {
    get "GET" GET "Begins a GET route; it answers HEAD too.";
    post "POST" POST "Begins a POST route.";
    put "PUT" PUT "Begins a PUT route.";
    patch "PATCH" PATCH "Begins a PATCH route.";
    delete "DELETE" DELETE "Begins a DELETE route.";
    head "HEAD" HEAD "Begins a HEAD route, where it must differ from the GET of the same path.";
}

impl RouteDraft {
    fn new(method: &'static str, filter: MethodFilter, path: String) -> Self {
        let facts = RouteFacts {
            method,
            path,
            // The strictest class until `access` says otherwise: a forgotten line shows up in the snapshot.
            access: AccessClass::SiteAdmin,
            operation: String::new(),
            summary: String::new(),
            tag: None,
            query: None,
            body: Vec::new(),
            answer: None,
            documented: true,
        };
        Self { filter, facts }
    }

    /// Who can use the route.
    pub fn access(mut self, class: AccessClass) -> Self {
        self.facts.access = class;
        self
    }

    /// What the route does, in one line.
    pub fn summary(mut self, text: impl Into<String>) -> Self {
        self.facts.summary = text.into();
        self
    }

    /// The operation id; without it, the name of the handler function.
    pub fn id(mut self, operation: impl Into<String>) -> Self {
        self.facts.operation = operation.into();
        self
    }

    /// The chapter of the API description.
    pub fn tag(mut self, tag: &'static str) -> Self {
        self.facts.tag = Some(tag);
        self
    }

    /// The query parameters: a struct with a field each.
    pub fn query<T: JsonSchema>(mut self) -> Self {
        self.facts.query = Some(SchemaGenerator::subschema_for::<T>);
        self
    }

    /// The JSON body.
    pub fn body<T: JsonSchema>(self) -> Self {
        self.body_as::<T>("application/json")
    }

    /// A body of that shape in another media type; may be said several times.
    pub fn body_as<T: JsonSchema>(mut self, media_type: &'static str) -> Self {
        self.facts.body.push(Content { media_type, schema: Some(SchemaGenerator::subschema_for::<T>) });
        self
    }

    /// A body without a shape that a schema could tell: bytes, NDJSON.
    pub fn body_bytes(mut self, media_type: &'static str) -> Self {
        self.facts.body.push(Content { media_type, schema: None });
        self
    }

    /// The JSON answer.
    pub fn answer<T: JsonSchema>(self) -> Self {
        self.answer_as::<T>("application/json")
    }

    /// An answer of that shape in another media type.
    pub fn answer_as<T: JsonSchema>(mut self, media_type: &'static str) -> Self {
        self.facts.answer = Some(Content { media_type, schema: Some(SchemaGenerator::subschema_for::<T>) });
        self
    }

    /// An answer that is bytes or text of that media type.
    pub fn answer_bytes(mut self, media_type: &'static str) -> Self {
        self.facts.answer = Some(Content { media_type, schema: None });
        self
    }

    /// Leaves the route out of the OpenAPI description (pages, second spellings of a path); the snapshot still has it.
    pub fn undocumented(mut self) -> Self {
        self.facts.documented = false;
        self
    }

    /// Finishes the route with its handler.
    pub fn to<H, T, S>(mut self, handler: H) -> Route<S>
    where
        H: Handler<T, S>,
        T: 'static,
        S: Clone + Send + Sync + 'static,
    {
        if self.facts.operation.is_empty() {
            self.facts.operation = function_name(std::any::type_name::<H>()).to_owned();
        }
        Route { facts: self.facts, service: axum::routing::on(self.filter, handler) }
    }
}

/// `list_tree` from `hub_api::repos::tree::list_tree` or `list_tree<Model>`.
fn function_name(type_name: &str) -> &str {
    let plain = type_name.split('<').next().unwrap_or(type_name);
    plain.rsplit("::").find(|part| *part != "{{closure}}").unwrap_or(plain)
}

/// A finished route.
pub struct Route<S> {
    facts: RouteFacts,
    service: MethodRouter<S>,
}

/// Routes in the order of their declaration.
#[must_use]
pub struct ApiRouter<S = ()> {
    routes: Vec<Route<S>>,
}

impl<S: Clone + Send + Sync + 'static> ApiRouter<S> {
    /// No routes yet.
    pub fn new() -> Self {
        Self { routes: Vec::new() }
    }

    /// Adds a route.
    pub fn route(mut self, route: Route<S>) -> Self {
        self.routes.push(route);
        self
    }

    /// Adds the routes of another part of the same face.
    pub fn merge(mut self, other: Self) -> Self {
        self.routes.extend(other.routes);
        self
    }

    /// Hands the handlers their state, so that faces with different states can be merged.
    pub fn with_state<S2: Clone + Send + Sync + 'static>(self, state: S) -> ApiRouter<S2> {
        let settle = |route: Route<S>| Route { facts: route.facts, service: route.service.with_state(state.clone()) };
        ApiRouter { routes: self.routes.into_iter().map(settle).collect() }
    }

    /// The axum router. Unknown paths and methods answer 404 as JSON: clients read a 405 as a broken server.
    pub fn into_router(self) -> axum::Router<S> {
        self.into_router_or(crate::error::no_such_route)
    }

    /// The axum router with an answer of one's own to unknown paths and methods.
    pub fn into_router_or<H, T>(self, unknown: H) -> axum::Router<S>
    where
        H: Handler<T, S>,
        T: 'static,
    {
        let router = axum::Router::new().fallback(unknown.clone());
        let add = |router: axum::Router<S>, route: Route<S>| router.route(&route.facts.path, route.service);
        self.routes.into_iter().fold(router, add).method_not_allowed_fallback(unknown)
    }

    /// The OpenAPI 3.1 description of all documented routes.
    pub fn openapi(&self, info: &openapi::Info) -> serde_json::Value {
        openapi::describe(info, self.routes.iter().map(|route| &route.facts))
    }

    /// A line `METHOD path access` per route, sorted by path: what `routes.snap` holds.
    pub fn snapshot(&self) -> String {
        let mut routes: Vec<&RouteFacts> = self.routes.iter().map(|route| &route.facts).collect();
        routes.sort_by_key(|facts| (facts.path.as_str(), facts.method));
        routes.iter().map(|facts| format!("{} {} {}\n", facts.method, facts.path, facts.access.word())).collect()
    }
}

impl<S: Clone + Send + Sync + 'static> Default for ApiRouter<S> {
    fn default() -> Self {
        Self::new()
    }
}

impl<S> fmt::Debug for ApiRouter<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.routes.iter().map(|route| &route.facts.path)).finish()
    }
}

impl<S> fmt::Debug for Route<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Route").field(&self.facts).finish()
    }
}

#[cfg(test)]
mod tests;
