//! What a new repository costs in a catalog of this size, and how soon others find it.

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, bail};
use serde_json::json;

use crate::http::Client;
use crate::measure::Plan;
use crate::stopwatch::Stopwatch;

/// How many repositories are made. They are removed again, so that the catalog stays what it was.
const REPOSITORIES: usize = 60;
/// Who makes them.
const AUTHOR: &str = "hearth-bench";

/// Times of a catalog that grows.
pub(crate) struct Writes {
    /// From the request for a new repository to its answer.
    pub(crate) created: Vec<Duration>,
    /// From that answer to the first list that holds it.
    pub(crate) visible: Vec<Duration>,
}

/// Makes repositories through the API of a server that runs, and looks for each in the lists as somebody else.
pub(crate) fn measure(plan: &Plan) -> anyhow::Result<Writes> {
    let token = token(plan)?;
    let address = format!("http://127.0.0.1:{}", plan.port);
    let config = ureq::Agent::config_builder().http_status_as_error(false).build();
    let agent: ureq::Agent = config.into();
    let send = |method: &str, path: &str, body: serde_json::Value| {
        let request = ureq::http::Request::builder()
            .method(method)
            .uri(format!("{address}{path}"))
            .header("Authorization", format!("Bearer {token}"))
            .header("Content-Type", "application/json")
            .body(body.to_string())?;
        let mut answer = agent.run(request)?;
        if !answer.status().is_success() {
            bail!("{method} {path}: {} {}", answer.status(), answer.body_mut().read_to_string()?);
        }
        Ok(())
    };
    let mut others = Client::connect(&format!("127.0.0.1:{}", plan.port))?;
    let (mut created, mut visible) = (Vec::new(), Vec::new());
    for number in 0..REPOSITORIES {
        let name = format!("new-{}-{number}", std::process::id());
        let watch = Stopwatch::start();
        send("POST", "/api/repos/create", json!({ "name": name, "type": "model" }))?;
        created.push(watch.elapsed());
        let watch = Stopwatch::start();
        let path = format!("/api/models?author={AUTHOR}&search={name}&limit=1");
        while !String::from_utf8_lossy(&others.ask(&path)?.body).contains(&name) {
            if watch.elapsed() > Duration::from_secs(10) {
                bail!("{AUTHOR}/{name} is in no list after ten seconds");
            }
        }
        visible.push(watch.elapsed());
        send("DELETE", "/api/repos/delete", json!({ "name": name, "organization": AUTHOR, "type": "model" }))?;
    }
    Ok(Writes { created, visible })
}

/// A token of the author, who is made if need be.
fn token(plan: &Plan) -> anyhow::Result<String> {
    let admin = |arguments: &[&str]| {
        let mut command = Command::new(&plan.binary);
        command.arg("admin").args(arguments).arg("--data").arg(&plan.data).args(["--log", "error"]);
        command.env("HEARTH_STORAGE__METADATA__URL", &plan.url).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.output().with_context(|| format!("cannot run {command:?}"))
    };
    let made = admin(&["user", "add", AUTHOR])?;
    let token = admin(&["token", "create", AUTHOR, "--days", "1"])?;
    if !token.status.success() {
        std::io::stderr().write_all(&made.stderr)?;
        bail!("no token for {AUTHOR}: {}", String::from_utf8_lossy(&token.stderr));
    }
    let said = String::from_utf8(token.stdout).context("the token is no text")?;
    let token = said.split_whitespace().find(|word| word.starts_with("hf_")).context("no token was printed")?;
    Ok(token.to_owned())
}
