use axum::body::Body;
use axum::http::{Request, StatusCode};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tower::ServiceExt;

use super::*;
use crate::{Info, Json, Path, Query};

#[derive(Deserialize, JsonSchema)]
struct TreeQuery {
    /// Also what lies in folders.
    #[serde(default)]
    recursive: bool,
}

#[derive(Serialize, JsonSchema)]
struct EntryView {
    path: String,
}

async fn list_tree(Path(path): Path<String>, Query(query): Query<TreeQuery>) -> Json<Vec<EntryView>> {
    Json(vec![EntryView { path: format!("{path} {}", query.recursive) }])
}

fn router() -> ApiRouter {
    let list = get("/tree/{*path}")
        .access(AccessClass::Read)
        .summary("Lists files")
        .tag("files")
        .query::<TreeQuery>()
        .answer::<Vec<EntryView>>();
    ApiRouter::new()
        .route(list.to(list_tree))
        .route(get("/again/{path}").access(AccessClass::Public).answer::<EntryView>().to(list_tree))
        .route(post("/again/{path}").access(AccessClass::Write).undocumented().to(|| async { "" }))
}

#[test]
fn the_snapshot_lists_every_route() {
    assert_eq!(router().snapshot(), "GET /again/{path} public\nPOST /again/{path} write\nGET /tree/{*path} read\n");
}

#[test]
fn the_description_has_parameters_answers_and_unique_names() {
    let info = Info { title: "T".into(), version: "1".into(), description: String::new(), server_url: None };
    let document = router().openapi(&info);
    let list = &document["paths"]["/tree/{path}"]["get"];
    assert_eq!(list["operationId"], "list_tree");
    assert_eq!(list["x-access"], "read");
    assert_eq!(list["parameters"][0]["name"], "path");
    assert_eq!(list["parameters"][1]["name"], "recursive");
    assert_eq!(list["parameters"][1]["required"], false);
    assert_eq!(list["parameters"][1]["description"], "Also what lies in folders.");
    let items = &list["responses"]["200"]["content"]["application/json"]["schema"]["items"];
    assert_eq!(items["$ref"], "#/components/schemas/EntryView");
    assert_eq!(document["paths"]["/again/{path}"]["get"]["operationId"], "list_tree_2");
    assert!(document["paths"]["/again/{path}"].get("post").is_none());
    assert!(document["components"]["schemas"].get("EntryView").is_some());
    assert!(document["components"]["schemas"].get("TreeQuery").is_none());
}

#[tokio::test]
async fn unknown_paths_and_methods_are_not_found_as_json() {
    let app = router().into_router();
    for (method, path) in [("GET", "/nothing"), ("DELETE", "/again/x"), ("PUT", "/tree/a/b")] {
        let request = Request::builder().method(method).uri(path).body(Body::empty()).unwrap();
        let response = app.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), StatusCode::NOT_FOUND, "{method} {path}");
        assert_eq!(response.headers()["content-type"], "application/json");
    }
    let request = Request::builder().uri("/tree/a%2Fb?recursive=True").body(Body::empty()).unwrap();
    let response = app.oneshot(request).await.unwrap();
    let body = axum::body::to_bytes(response.into_body(), 1000).await.unwrap();
    assert_eq!(body, r#"[{"path":"a/b true"}]"#);
}
