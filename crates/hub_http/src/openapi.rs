//! The OpenAPI 3.1 description, made from the route registry.
//!
//! OpenAPI 3.1 takes JSON Schema 2020-12 as it is, so the schemas of the wire types go in unchanged; types used twice
//! become shared components.

use std::collections::HashSet;

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Map, Value, json};

use crate::registry::{AccessClass, Content, RouteFacts, SchemaOf};

/// The head of the description.
#[derive(Clone, Debug)]
pub struct Info {
    /// What the API is called.
    pub title: String,
    /// The version of the server.
    pub version: String,
    /// What a reader should know first, in Markdown.
    pub description: String,
    /// Where the server is reached, if that is known.
    pub server_url: Option<String>,
}

/// What every failed request answers.
#[derive(JsonSchema)]
#[schemars(rename = "Error")]
#[allow(dead_code, reason = "only its schema is used; the body itself is made by the error table")]
struct ErrorView {
    /// What went wrong and what to do next.
    error: String,
}

pub(crate) fn describe<'a>(info: &Info, routes: impl Iterator<Item = &'a RouteFacts>) -> Value {
    let settings = SchemaSettings::draft2020_12().with(|s| s.definitions_path = "/components/schemas".into());
    let mut schemas = SchemaGenerator::new(settings);
    let error = schemas.subschema_for::<ErrorView>();
    let mut paths: Map<String, Value> = Map::new();
    let mut taken = HashSet::new();
    for facts in routes.filter(|facts| facts.documented) {
        let operation = operation(facts, unique(&facts.operation, &mut taken), &mut schemas);
        let path = paths.entry(facts.path.replace("{*", "{")).or_insert_with(|| json!({}));
        path[facts.method.to_ascii_lowercase()] = operation;
    }
    paths.sort_keys();
    let mut document = json!({
        "openapi": "3.1.0",
        "info": { "title": info.title, "version": info.version, "description": info.description },
        "paths": paths,
        "components": {
            "schemas": schemas.take_definitions(true),
            "responses": { "Error": {
                "description": "The request failed. `X-Error-Code` names failures that clients tell apart.",
                "headers": {
                    "X-Error-Code": { "schema": { "type": "string" } },
                    "X-Error-Message": { "schema": { "type": "string" } },
                    "X-Request-Id": { "schema": { "type": "string" } },
                },
                "content": { "application/json": { "schema": error } },
            } },
            "securitySchemes": {
                "token": { "type": "http", "scheme": "bearer" },
                "basic": { "type": "http", "scheme": "basic", "description": "Any user name; the password is a token." },
            },
        },
    });
    if let Some(url) = &info.server_url {
        document["servers"] = json!([{ "url": url }]);
    }
    document
}

/// The name itself, or with a number when another route has it already.
fn unique(name: &str, taken: &mut HashSet<String>) -> String {
    let numbered = (2..).map(|n| format!("{name}_{n}"));
    let mut candidates = std::iter::once(name.to_owned()).chain(numbered);
    candidates.find(|candidate| taken.insert(candidate.clone())).unwrap_or_default()
}

fn operation(facts: &RouteFacts, id: String, schemas: &mut SchemaGenerator) -> Value {
    let mut operation = json!({
        "operationId": id,
        "summary": facts.summary,
        "x-access": facts.access.word(),
        "parameters": parameters(facts),
        "security": security(facts.access),
        "responses": { "default": { "$ref": "#/components/responses/Error" } },
    });
    if let Some(tag) = facts.tag {
        operation["tags"] = json!([tag]);
    }
    if !facts.body.is_empty() {
        let contents = facts.body.iter().map(|content| media(content, schemas)).collect::<Map<_, _>>();
        operation["requestBody"] = json!({ "required": true, "content": contents });
    }
    let mut success = json!({ "description": "Success" });
    if let Some(content) = &facts.answer {
        success["content"] = Value::Object(std::iter::once(media(content, schemas)).collect());
    }
    operation["responses"]["200"] = success;
    operation
}

fn media(content: &Content, schemas: &mut SchemaGenerator) -> (String, Value) {
    let value = match content.schema {
        Some(schema_of) => json!({ "schema": schema_of(schemas) }),
        None => json!({}),
    };
    (content.media_type.to_owned(), value)
}

/// An empty requirement means "also without": anonymous callers see what is public.
fn security(access: AccessClass) -> Value {
    match access {
        AccessClass::Public | AccessClass::Signed => json!([]),
        AccessClass::Read => json!([{}, { "token": [] }, { "basic": [] }]),
        AccessClass::Propose
        | AccessClass::Write
        | AccessClass::Admin
        | AccessClass::Login
        | AccessClass::SiteAdmin => {
            json!([{ "token": [] }, { "basic": [] }])
        }
    }
}

fn parameters(facts: &RouteFacts) -> Vec<Value> {
    let in_path = path_parameters(&facts.path)
        .map(|name| json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } }));
    let mut parameters: Vec<Value> = in_path.collect();
    if let Some(schema_of) = facts.query {
        parameters.extend(query_parameters(schema_of));
    }
    parameters
}

/// The names between braces: `{namespace}`, `{*path}`.
fn path_parameters(path: &str) -> impl Iterator<Item = &str> {
    path.split('/')
        .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
        .map(|name| name.trim_start_matches('*'))
}

/// A field of the query struct is a parameter each. Its schema is made with everything inline: parameters are short,
/// and the struct itself must not become a component that nothing refers to.
fn query_parameters(schema_of: SchemaOf) -> Vec<Value> {
    let settings = SchemaSettings::draft2020_12().with(|s| s.inline_subschemas = true);
    let whole = schema_of(&mut SchemaGenerator::new(settings)).to_value();
    let required: Vec<&str> =
        whole.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
    let fields = whole.get("properties").and_then(Value::as_object).into_iter().flatten();
    let parameter = |(name, schema): (&String, &Value)| {
        let mut schema = schema.clone();
        let description = schema.as_object_mut().and_then(|fields| fields.shift_remove("description"));
        let mut parameter = json!({
            "name": name, "in": "query", "required": required.contains(&name.as_str()), "schema": schema,
        });
        if let Some(text) = description {
            parameter["description"] = text;
        }
        parameter
    };
    fields.map(parameter).collect()
}
