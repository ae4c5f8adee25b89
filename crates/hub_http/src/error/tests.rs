use axum::body::to_bytes;
use axum::http::Uri;
use hub_core::RepoKind;

use super::*;
use crate::context::{ContextInput, PublicUrl};

fn context(path: &'static str, user: Option<&str>) -> RequestContext {
    let context = RequestContext::new(ContextInput {
        id: "req1".to_owned(),
        uri: Uri::from_static(path),
        public_url: PublicUrl::new("http://hub"),
        client: None,
        body_limit: 1,
        body_idle: std::time::Duration::from_secs(1),
    });
    if let Some(name) = user {
        context.recognise(name);
    }
    context
}

async fn body(response: Response) -> String {
    String::from_utf8(to_bytes(response.into_body(), 10_000).await.unwrap().to_vec()).unwrap()
}

fn status(code: Code, user: Option<&str>) -> u16 {
    ApiError::new(code, "m").render(&context("/api/models/a/b", user)).status().as_u16()
}

#[test]
fn hidden_and_missing_repositories_look_alike() {
    let check = |code, anonymous, signed_in| {
        assert_eq!((status(code, None), status(code, Some("ann"))), (anonymous, signed_in), "{code:?}");
    };
    check(Code::RepoNotFound, 401, 404);
    check(Code::GatedRepo, 401, 403);
    check(Code::EntryNotFound, 404, 404);
    check(Code::Forbidden, 403, 403);
    check(Code::StaleParent, 412, 412);
}

#[tokio::test]
async fn clients_find_code_message_and_fields() {
    let error = ApiError::new(Code::RepoNotFound, "Repository “x”\nnot found").with_field("url", "http://hub/a/b");
    let response = error.render(&context("/api/models/a/b", Some("ann")));
    assert_eq!(response.headers()["x-error-code"], "RepoNotFound");
    assert_eq!(response.headers()["x-error-message"], "Repository ?x? not found");
    assert!(response.headers().get("www-authenticate").is_none());
    assert_eq!(body(response).await, r#"{"error":"Repository “x”\nnot found","url":"http://hub/a/b"}"#);
}

#[tokio::test]
async fn git_is_asked_to_sign_in_and_lfs_reads_its_own_form() {
    let error = ApiError::new(Code::RepoNotFound, "Repository not found");
    let response = error.render(&context("/a/b.git/info/lfs/objects/batch", None));
    assert_eq!(response.headers()["www-authenticate"], "Basic realm=\"Hearth\"");
    assert_eq!(response.headers()["content-type"], "application/vnd.git-lfs+json");
    let expect = r#"{"error":"Repository not found","message":"Repository not found","request_id":"req1"}"#;
    assert_eq!(body(response).await, expect);
}

#[tokio::test]
async fn git_shows_its_user_plain_text() {
    let error = ApiError::new(Code::Forbidden, "this token may not write: use another");
    for path in ["/a/b/info/refs?service=git-receive-pack", "/datasets/a/b.git/git-upload-pack"] {
        let response = error.render(&context(path, Some("ann")));
        assert_eq!(response.headers()["content-type"], "text/plain; charset=utf-8");
        assert_eq!(body(response).await, "this token may not write: use another\n");
    }
}

#[tokio::test]
async fn a_fault_of_ours_shows_only_the_request_id() {
    let error = ApiError::internal(std::io::Error::other("secret detail"));
    let response = error.render(&context("/api/models", None));
    assert_eq!(response.status(), 500);
    let text = body(response).await;
    assert!(text.contains("req1") && !text.contains("secret"), "{text}");
}

#[test]
fn fixed_texts_are_exact() {
    let message =
        |code| ApiError::new(code, "anything").render(&context("/", None)).headers()["x-error-message"].clone();
    assert_eq!(message(Code::BadCredentials), "Invalid credentials in Authorization header");
    assert_eq!(message(Code::RepoDisabled), "Access to this resource is disabled.");
}

#[test]
fn a_renamed_repository_redirects_relatively_and_keeps_method_and_query() {
    let addr = |id: &str| RepoAddr::parse(RepoKind::Dataset, id).unwrap();
    let context = context("/datasets/ann/old/resolve/main/x.csv?download=true", None);
    let response = ApiError::moved(addr("ann/old"), addr("bob/new")).render(&context);
    assert_eq!(response.status(), 307);
    assert_eq!(response.headers()["location"], "/datasets/bob/new/resolve/main/x.csv?download=true");
}
