//! A small client of the hub's HTTP API, written against the wire as curl would speak it.
//!
//! The real clients are tried in compat/; bench and chaos need one whose own cost is small and whose
//! every request is known.

use anyhow::{Context, bail};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use ureq::Agent;
use ureq::http::Response;

const BODY_LIMIT_BYTES: u64 = 4 << 30;

/// A connection pool and a token. Cloning shares the pool; a thread that measures makes its own.
#[derive(Clone)]
pub(crate) struct Hub {
    agent: Agent,
    address: String,
    authorization: String,
}

/// One line of a commit.
pub(crate) enum Change<'a> {
    File { path: &'a str, content: &'a [u8] },
    LargeFile { path: &'a str, sha256: &'a str, size: u64 },
}

pub(crate) fn sha256_hex(content: &[u8]) -> String {
    hex::encode(Sha256::digest(content))
}

impl Hub {
    pub(crate) fn new(address: String, token: &str) -> Self {
        let config = Agent::config_builder().http_status_as_error(false).build();
        Self { agent: config.into(), address, authorization: format!("Bearer {token}") }
    }

    pub(crate) fn is_ready(&self) -> bool {
        let response = self.agent.get(format!("{}/health/ready", self.address)).call();
        response.is_ok_and(|response| response.status().is_success())
    }

    pub(crate) fn create_model(&self, name: &str) -> anyhow::Result<()> {
        self.post(
            "/api/repos/create",
            "application/json",
            json!({"name": name, "type": "model"}).to_string().as_bytes(),
        )
        .map(drop)
    }

    /// Commits to `main` and returns the new commit's id.
    pub(crate) fn commit(&self, repo: &str, summary: &str, changes: &[Change<'_>]) -> anyhow::Result<String> {
        let body = commit_body(summary, changes);
        let path = format!("/api/models/{repo}/commit/main");
        let answer: Value = serde_json::from_str(&self.post(&path, "application/x-ndjson", body.as_bytes())?)?;
        Ok(answer["commitOid"].as_str().context("the answer to a commit has no commitOid")?.to_owned())
    }

    /// Where to PUT an object of this hash and size; `None` if the server has it.
    pub(crate) fn upload_address(&self, repo: &str, sha256: &str, size: u64) -> anyhow::Result<Option<String>> {
        let body = json!({
            "operation": "upload", "transfers": ["basic"], "hash_algo": "sha256",
            "objects": [{"oid": sha256, "size": size}],
        });
        let path = format!("/{repo}.git/info/lfs/objects/batch");
        let answer = self.post(&path, "application/vnd.git-lfs+json", body.to_string().as_bytes())?;
        let answer: Value = serde_json::from_str(&answer)?;
        let object = &answer["objects"][0];
        if let Some(message) = object["error"]["message"].as_str() {
            bail!("the server refuses the object: {message}");
        }
        Ok(object["actions"]["upload"]["href"].as_str().map(str::to_owned))
    }

    /// Sends one large object. The address authorises itself, as the contract of the clients demands.
    pub(crate) fn upload(&self, repo: &str, content: &[u8]) -> anyhow::Result<String> {
        let sha256 = sha256_hex(content);
        if let Some(address) = self.upload_address(repo, &sha256, content.len() as u64)? {
            read(self.agent.put(&address).send(content)?).with_context(|| format!("PUT {address}"))?;
        }
        Ok(sha256)
    }

    /// The bytes of a file, as stored at a revision.
    pub(crate) fn file(&self, repo: &str, revision: &str, path: &str) -> anyhow::Result<Vec<u8>> {
        self.get(&format!("/{repo}/resolve/{revision}/{path}"))
    }

    /// The bytes behind a path of the API, and where the next page is.
    pub(crate) fn page(&self, path: &str) -> anyhow::Result<(Vec<u8>, Option<String>)> {
        let address = if path.starts_with("http") { path.to_owned() } else { format!("{}{path}", self.address) };
        let response = self.agent.get(&address).header("Authorization", &self.authorization).call()?;
        let next = response.headers().get("link").and_then(|link| link.to_str().ok()).and_then(next_link);
        Ok((read(response).with_context(|| format!("GET {address}"))?, next))
    }

    pub(crate) fn get(&self, path: &str) -> anyhow::Result<Vec<u8>> {
        Ok(self.page(path)?.0)
    }

    fn post(&self, path: &str, content_type: &str, body: &[u8]) -> anyhow::Result<String> {
        let address = format!("{}{path}", self.address);
        let request = self.agent.post(&address);
        let request = request.header("Authorization", &self.authorization).header("Content-Type", content_type);
        let bytes = read(request.send(body)?).with_context(|| format!("POST {address}"))?;
        Ok(String::from_utf8(bytes)?)
    }
}

fn read(mut response: Response<ureq::Body>) -> anyhow::Result<Vec<u8>> {
    let status = response.status();
    let bytes = response.body_mut().with_config().limit(BODY_LIMIT_BYTES).read_to_vec()?;
    if !status.is_success() {
        bail!("{status}: {}", String::from_utf8_lossy(&bytes[..bytes.len().min(500)]));
    }
    Ok(bytes)
}

/// The address in `<…>; rel="next"`.
fn next_link(header: &str) -> Option<String> {
    header.split(',').find(|part| part.contains("rel=\"next\"")).and_then(|part| {
        let inside = part.trim().strip_prefix('<')?;
        Some(inside.split_once('>')?.0.to_owned())
    })
}

fn commit_body(summary: &str, changes: &[Change<'_>]) -> String {
    let mut body = json!({"key": "header", "value": {"summary": summary, "description": ""}}).to_string();
    for change in changes {
        let line = match change {
            Change::File { path, content } => json!({
                "key": "file", "value": {"path": path, "encoding": "base64", "content": STANDARD.encode(content)},
            }),
            Change::LargeFile { path, sha256, size } => json!({
                "key": "lfsFile", "value": {"path": path, "algo": "sha256", "oid": sha256, "size": size},
            }),
        };
        body.push('\n');
        body.push_str(&line.to_string());
    }
    body.push('\n');
    body
}
