//! Request bodies with bounds: JSON, forms, and streams that are read as they come.
//!
//! A body in memory has at most the limit of the request's context; a stream has the limit that its handler states.
//! Both fail clearly, both end when the client stops sending for too long.

use std::pin::Pin;

use axum::body::{Body, BodyDataStream};
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::{HeaderMap, header};
use bytes::{Bytes, BytesMut};
use futures::{Stream, StreamExt};
use hub_core::Code;
use serde::de::DeserializeOwned;

use crate::context::RequestContext;
use crate::error::ApiError;
use crate::query;

/// A JSON body. The content type is not asked: some clients forget it.
///
/// Nesting is bounded by serde_json (128 levels), the size by the context.
#[derive(Clone, Copy, Debug)]
pub struct JsonBody<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for JsonBody<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let bytes = WholeBody::from_request(request, state).await?.0;
        json(&bytes).map(Self)
    }
}

/// A body that some clients send as JSON and others as a form.
#[derive(Clone, Copy, Debug)]
pub struct JsonOrForm<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for JsonOrForm<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let is_form = content_type(request.headers()).starts_with("application/x-www-form-urlencoded");
        let bytes = WholeBody::from_request(request, state).await?.0;
        if !is_form {
            return json(&bytes).map(Self);
        }
        let text = std::str::from_utf8(&bytes).map_err(|_| ApiError::bad_request("the form is not UTF-8 text"))?;
        query::parse(text, "form field").map(Self)
    }
}

/// The bytes of a body, read whole within the limit of the context.
#[derive(Clone, Debug)]
pub struct WholeBody(pub Bytes);

impl<S: Send + Sync> FromRequest<S> for WholeBody {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &S) -> Result<Self, ApiError> {
        let (parts, body) = request.into_parts();
        let limit = RequestContext::of(&parts).body_limit();
        let mut stream = BodyStream::new(body, &parts.headers);
        stream.limit(limit)?;
        let mut whole = BytesMut::with_capacity(stream.announced().unwrap_or(0).min(limit).min(1 << 20) as usize);
        while let Some(chunk) = stream.next().await {
            whole.extend_from_slice(&chunk?);
        }
        Ok(Self(whole.freeze()))
    }
}

/// A body read as it comes. Without [`BodyStream::limit`] nothing bounds it.
pub struct BodyStream {
    stream: BodyDataStream,
    announced: Option<u64>,
    limit: u64,
    received: u64,
}

impl BodyStream {
    fn new(body: Body, headers: &HeaderMap) -> Self {
        let announced = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
        Self { stream: body.into_data_stream(), announced, limit: u64::MAX, received: 0 }
    }

    /// The size that the client announced.
    pub fn announced(&self) -> Option<u64> {
        self.announced
    }

    /// Refuses more than `bytes`: at once if more are announced, else when they come.
    pub fn limit(&mut self, bytes: u64) -> Result<(), ApiError> {
        self.limit = bytes;
        match self.announced {
            Some(announced) if announced > bytes => Err(too_large(bytes)),
            _ => Ok(()),
        }
    }
}

impl BodyStream {
    /// All of it, in memory, if that is no more than `bytes`.
    pub async fn whole(mut self, bytes: u64) -> Result<Bytes, ApiError> {
        self.limit(bytes)?;
        let mut whole = BytesMut::new();
        while let Some(chunk) = self.next().await {
            whole.extend_from_slice(&chunk?);
        }
        Ok(whole.freeze())
    }
}

impl<S: Send + Sync> FromRequest<S> for BodyStream {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &S) -> Result<Self, ApiError> {
        let (parts, body) = request.into_parts();
        Ok(Self::new(body, &parts.headers))
    }
}

impl Stream for BodyStream {
    type Item = Result<Bytes, ApiError>;

    fn poll_next(
        mut self: Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Self::Item>> {
        let polled = self.stream.poll_next_unpin(context);
        polled.map(|next| {
            next.map(|chunk| {
                let chunk = chunk.map_err(|error| {
                    ApiError::bad_request(format!("the request body ended early: {}", innermost(&error)))
                })?;
                self.received += chunk.len() as u64;
                if self.received > self.limit { Err(too_large(self.limit)) } else { Ok(chunk) }
            })
        })
    }
}

impl std::fmt::Debug for BodyStream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BodyStream").field("announced", &self.announced).field("received", &self.received).finish()
    }
}

/// The path parameters; text that does not fit their types names nothing, so the answer is 404.
#[derive(Clone, Copy, Debug)]
pub struct Path<T>(pub T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut axum::http::request::Parts, state: &S) -> Result<Self, ApiError> {
        match axum::extract::Path::<T>::from_request_parts(parts, state).await {
            Ok(path) => Ok(Self(path.0)),
            Err(rejection) => Err(ApiError::new(Code::NotFound, format!("no such address: {}", rejection.body_text()))),
        }
    }
}

fn json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ApiError> {
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(ApiError::bad_request("the body is empty; send a JSON object"));
    }
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let path = error.path().to_string();
        let place = if path == "." { String::new() } else { format!(" at `{path}`") };
        ApiError::bad_request(format!("the JSON body is not as expected{place}: {}", error.inner()))
    })?;
    reader.end().map_err(|error| ApiError::bad_request(format!("the JSON body has a tail: {error}")))?;
    Ok(value)
}

fn content_type(headers: &HeaderMap) -> &str {
    headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

fn too_large(limit: u64) -> ApiError {
    ApiError::new(Code::TooLarge, format!("the body is larger than the {limit} bytes that are allowed here"))
}

/// The cause of causes: what the connection said.
fn innermost<'a>(error: &'a (dyn std::error::Error + 'static)) -> &'a (dyn std::error::Error + 'static) {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(serde::Deserialize, Debug)]
    struct Files {
        #[allow(dead_code, reason = "only its shape matters")]
        files: Vec<u32>,
    }

    fn refused(body: &str) -> String {
        json::<Files>(body.as_bytes()).unwrap_err().message().to_owned()
    }

    #[test]
    fn faulty_json_is_explained() {
        assert_eq!(refused(" "), "the body is empty; send a JSON object");
        assert!(
            refused(r#"{"files":[1,"x"]}"#).starts_with("the JSON body is not as expected at `files[1]`: invalid type")
        );
        assert!(refused(r#"{"files":[]} x"#).starts_with("the JSON body has a tail"));
        let deep = "[".repeat(5000);
        let error = json::<serde_json::Value>(deep.as_bytes()).unwrap_err();
        assert!(error.message().contains("recursion limit"), "{error}");
    }

    #[tokio::test]
    async fn a_body_beyond_the_limit_is_refused_at_once_or_on_the_way() {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_LENGTH, 11.into());
        assert_eq!(BodyStream::new(Body::empty(), &headers).limit(10).unwrap_err().code(), Code::TooLarge);

        let mut stream = BodyStream::new(Body::from("12345678901"), &HeaderMap::new());
        stream.limit(10).unwrap();
        assert_eq!(stream.next().await.unwrap().unwrap_err().code(), Code::TooLarge);
    }
}
