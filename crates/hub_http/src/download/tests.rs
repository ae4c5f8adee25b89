use axum::body::to_bytes;
use axum::http::Request;
use futures::FutureExt;

use super::*;

const CONTENT: &str = "0123456789";

type Source = std::io::Error;

#[derive(Debug, thiserror::Error)]
#[error("broken")]
struct Broken(#[from] Source);

impl hub_core::UserError for Broken {
    fn code(&self) -> Code {
        Code::Internal
    }
}

async fn ask(method: &str, pairs: &[(&str, &str)]) -> Response {
    let mut request = Request::builder().method(method).uri("/");
    for (name, value) in pairs {
        request = request.header(*name, *value);
    }
    let mut parts = request.body(()).unwrap().into_parts().0;
    let request = DownloadRequest::from_request_parts(&mut parts, &()).await.unwrap();
    let file = Download {
        size: CONTENT.len() as u64,
        etag: "abc".to_owned(),
        content_type: "text/plain",
        file_name: "übung \"1\".txt".to_owned(),
        attachment: false,
        headers: HeaderMap::from_iter([("x-repo-commit".parse().unwrap(), HeaderValue::from_static("c0"))]),
    };
    let open = |range: Range<u64>| {
        let bytes = Bytes::from(&CONTENT[range.start as usize..range.end as usize]);
        async move { Ok::<_, Broken>(stream::iter([Ok(bytes)])) }.boxed()
    };
    use axum::response::IntoResponse;
    file.answer(&request, open).await.into_response()
}

async fn check(pairs: &[(&str, &str)], status: u16, range: Option<&str>, body: &str) {
    let response = ask("GET", pairs).await;
    assert_eq!(response.status().as_u16(), status, "{pairs:?}");
    assert_eq!(response.headers()["etag"], "\"abc\"");
    assert_eq!(response.headers()["x-repo-commit"], "c0");
    assert_eq!(response.headers().get("content-range").map(|value| value.to_str().unwrap()), range);
    if status != 416 {
        let announced = response.headers().get("content-length").map(|value| value.to_str().unwrap().to_owned());
        let text = to_bytes(response.into_body(), 10_000).await.unwrap();
        assert_eq!(text, body);
        assert_eq!(announced.unwrap_or("0".to_owned()), text.len().to_string());
    }
}

#[tokio::test]
async fn whole_and_partial_content() {
    check(&[], 200, None, CONTENT).await;
    check(&[("range", "bytes=2-4")], 206, Some("bytes 2-4/10"), "234").await;
    check(&[("range", "bytes=-2")], 206, Some("bytes 8-9/10"), "89").await;
    check(&[("range", "bytes=10-")], 416, Some("bytes */10"), "").await;
    check(&[("range", "nonsense")], 200, None, CONTENT).await;
}

#[tokio::test]
async fn conditions_compare_tags_without_quotes_and_weakness() {
    for tag in ["\"abc\"", "W/\"abc\"", "abc", "\"x\", \"abc\"", "*"] {
        check(&[("if-none-match", tag)], 304, None, "").await;
    }
    check(&[("if-none-match", "\"other\"")], 200, None, CONTENT).await;
    check(&[("range", "bytes=0-0"), ("if-range", "\"abc\"")], 206, Some("bytes 0-0/10"), "0").await;
    check(&[("range", "bytes=0-0"), ("if-range", "\"old\"")], 200, None, CONTENT).await;
    // The bytes behind a weak tag may differ, so halves under it are not put together.
    check(&[("range", "bytes=0-0"), ("if-range", "W/\"abc\"")], 200, None, CONTENT).await;
}

#[tokio::test]
async fn several_ranges_come_as_parts() {
    let body = "\r\n--abc\r\nContent-Type: text/plain\r\nContent-Range: bytes 0-1/10\r\n\r\n01\
                \r\n--abc\r\nContent-Type: text/plain\r\nContent-Range: bytes 8-9/10\r\n\r\n89\r\n--abc--\r\n";
    check(&[("range", "bytes=0-1,-2")], 206, None, body).await;
    let response = ask("GET", &[("range", "bytes=0-1,-2")]).await;
    assert_eq!(response.headers()["content-type"], "multipart/byteranges; boundary=abc");
}

#[tokio::test]
async fn head_announces_the_real_length_and_files_are_marked_as_user_content() {
    let response = ask("HEAD", &[]).await;
    assert_eq!(response.headers()["content-length"], "10");
    let policy = response.headers()["content-security-policy"].to_str().unwrap();
    assert!(policy.contains("sandbox"), "{policy}");
    let expect = "inline; filename*=UTF-8''%C3%BCbung%20%221%22.txt; filename=\"_bung _1_.txt\";";
    assert_eq!(response.headers()["content-disposition"], expect);
    assert!(to_bytes(response.into_body(), 10).await.unwrap().is_empty());
}
