//! Publishes a small catalog through the public API, as people would: create, then commit a card.

use anyhow::{Context, bail};
use serde_json::json;

use crate::describe::Describer;
use crate::universe::Universe;

pub(crate) fn run(address: &str, token: &str, universe: &Universe, most: usize) -> anyhow::Result<()> {
    let describer = Describer::new(universe)?;
    let config = ureq::Agent::config_builder().http_status_as_error(false).build();
    let agent: ureq::Agent = config.into();
    let post = |path: &str, kind: &str, body: String| {
        let request = agent.post(format!("{address}{path}")).header("Authorization", format!("Bearer {token}"));
        let mut answer = request.header("Content-Type", kind).send(body.as_bytes())?;
        let said = answer.body_mut().read_to_string()?;
        if !answer.status().is_success() {
            bail!("POST {path}: {} {said}", answer.status());
        }
        Ok(said)
    };
    for repository in 0..universe.repositories().min(most) {
        let described = describer.describe(repository);
        let kind = described.kind;
        // All are the caller's own, so the names of their owners go into theirs.
        let name = format!("{}-{repository}", described.name);
        let mut new = json!({ "name": name, "type": kind.word(), "private": described.is_private });
        if let Some(sdk) = described.facts.get("card_data").and_then(|card| card.get("sdk")) {
            let is_known = ["gradio", "docker", "static"].contains(&sdk.as_str().unwrap_or_default());
            new["sdk"] = if is_known { sdk.clone() } else { json!("static") };
        }
        let made: serde_json::Value =
            serde_json::from_str(&post("/api/repos/create", "application/json", new.to_string())?)?;
        let id = made.get("id").or(made.get("name")).and_then(|id| id.as_str()).context("the answer names no id")?;
        let card = describer.card(repository, &described, 4000);
        let header = json!({ "key": "header", "value": { "summary": "Add the card", "description": "" } });
        let file = json!({ "key": "file", "value": { "path": "README.md", "encoding": "utf-8", "content": card } });
        let path = format!("/api/{}/{id}/commit/main", kind.plural());
        post(&path, "application/x-ndjson", format!("{header}\n{file}\n"))?;
    }
    Ok(())
}
