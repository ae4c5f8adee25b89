//! Requests that Hearth itself sends: to the provider that signs people in. JSON comes back, small and soon, or a failure.
//!
//! Only addresses of the configuration, and addresses that those name, are asked. Redirects are not followed.

use std::time::Duration;

use bytes::BytesMut;
use futures::StreamExt as _;
use serde::de::DeserializeOwned;

/// The longest that a whole request may take.
const WITHIN: Duration = Duration::from_secs(15);
/// The most bytes of an answer.
const ANSWER_MAX: usize = 1 << 20;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum OutgoingError {
    /// It could not be asked.
    #[error("cannot reach {host}")]
    Unreachable {
        /// Whom.
        host: String,
        /// Why.
        #[source]
        source: reqwest::Error,
    },
    /// It answered with a failure, or with something else than was asked for.
    #[error("{host} answered {status}: {told}")]
    Refused {
        /// Who.
        host: String,
        /// The number of the answer.
        status: u16,
        /// The beginning of what it says.
        told: String,
    },
    /// It answered more than is taken.
    #[error("{host} answered more than {ANSWER_MAX} bytes")]
    TooLarge {
        /// Who.
        host: String,
    },
}

/// Sends requests; clones share connections.
#[derive(Clone, Debug)]
pub struct Outgoing {
    client: reqwest::Client,
}

impl Outgoing {
    /// A sender. It fails only where the system has no certificates to trust.
    pub fn new() -> Result<Self, OutgoingError> {
        // The client takes the cryptography of the process, of which there is one; whoever was first has chosen the same.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let built = reqwest::Client::builder()
            .timeout(WITHIN)
            .connect_timeout(WITHIN)
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("Hearth/", env!("CARGO_PKG_VERSION")))
            .build();
        let client = built.map_err(|source| OutgoingError::Unreachable { host: "anyone".to_owned(), source })?;
        Ok(Self { client })
    }

    /// Asks for a JSON document.
    pub async fn get_json<T: DeserializeOwned>(&self, url: &str) -> Result<T, OutgoingError> {
        self.send(url, self.client.get(url)).await
    }

    /// Sends a form, for a JSON document.
    pub async fn post_form<T: DeserializeOwned>(&self, url: &str, fields: &[(&str, &str)]) -> Result<T, OutgoingError> {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let request = self.client.post(url).header("content-type", "application/x-www-form-urlencoded");
        self.send(url, request.body(body)).await
    }

    async fn send<T: DeserializeOwned>(&self, url: &str, request: reqwest::RequestBuilder) -> Result<T, OutgoingError> {
        let host = host_of(url);
        let unreachable = |source| OutgoingError::Unreachable { host: host.clone(), source };
        let response = request.header("accept", "application/json").send().await.map_err(unreachable)?;
        let status = response.status();
        let mut stream = response.bytes_stream();
        let mut body = BytesMut::new();
        while let Some(chunk) = stream.next().await {
            body.extend_from_slice(&chunk.map_err(unreachable)?);
            if body.len() > ANSWER_MAX {
                return Err(OutgoingError::TooLarge { host });
            }
        }
        let refused = || {
            let told: String = String::from_utf8_lossy(&body).chars().filter(|c| !c.is_control()).take(300).collect();
            OutgoingError::Refused { host: host.clone(), status: status.as_u16(), told }
        };
        if !status.is_success() {
            return Err(refused());
        }
        serde_json::from_slice(&body).map_err(|_| refused())
    }
}

/// The host of an address, for messages.
fn host_of(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split(['/', '?']).next().unwrap_or_default().to_owned()
}
