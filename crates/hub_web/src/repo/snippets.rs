//! "Use this model": the lines that load a repository in the libraries and apps that fit it, from this very address.

use hub_core::{RepoAddr, RepoKind};
use hub_repo::Facts;

/// Lines to paste, and what they are for.
pub(super) struct Snippet {
    pub(super) title: &'static str,
    pub(super) language: &'static str,
    pub(super) code: String,
}

fn snippet(title: &'static str, language: &'static str, code: String) -> Snippet {
    Snippet { title, language, code }
}

/// The snippets of a repository, the most fitting first. `host` is the address of this Hearth.
pub(super) fn of(addr: &RepoAddr, facts: &Facts, host: &str) -> Vec<Snippet> {
    let id = addr.repo_id();
    let mut snippets = Vec::new();
    match addr.kind {
        RepoKind::Model => snippets.extend(of_model(&id, facts, host)),
        RepoKind::Dataset => snippets.push(snippet(
            "datasets",
            "python",
            format!("{}from datasets import load_dataset\n\ndataset = load_dataset(\"{id}\")", point_python(host)),
        )),
        RepoKind::Space | RepoKind::Kernel => {}
    }
    let kind = match addr.kind {
        RepoKind::Model => String::new(),
        kind => format!("--repo-type {kind} "),
    };
    snippets.push(snippet("hf", "bash", format!("export HF_ENDPOINT={host}\nhf download {kind}{id}")));
    let repo_type = match addr.kind {
        RepoKind::Model => String::new(),
        kind => format!(", repo_type=\"{kind}\""),
    };
    snippets.push(snippet(
        "huggingface_hub",
        "python",
        format!(
            "from huggingface_hub import snapshot_download\n\n\
             path = snapshot_download(\"{id}\"{repo_type}, endpoint=\"{host}\")"
        ),
    ));
    snippets
}

/// Libraries read the address when they are imported, so it is set before.
fn point_python(host: &str) -> String {
    format!("import os\nos.environ[\"HF_ENDPOINT\"] = \"{host}\"\n\n")
}

fn of_model(id: &str, facts: &Facts, host: &str) -> Vec<Snippet> {
    let has = |tag: &str| facts.tags.iter().any(|has| has == tag);
    let point = point_python(host);
    let mut snippets = Vec::new();
    if has("gguf") {
        snippets.push(snippet("llama.cpp", "bash", format!("export MODEL_ENDPOINT={host}\nllama-server -hf {id}")));
    }
    let code = match facts.library_name.as_deref() {
        Some("transformers") => Some(("transformers", transformers(id, facts))),
        Some("diffusers") => Some((
            "diffusers",
            format!(
                "from diffusers import DiffusionPipeline\n\npipeline = DiffusionPipeline.from_pretrained(\"{id}\")"
            ),
        )),
        Some("sentence-transformers") => Some((
            "sentence-transformers",
            format!(
                "from sentence_transformers import SentenceTransformer\n\nmodel = SentenceTransformer(\"{id}\")\n\
                 embeddings = model.encode([\"A first sentence\", \"and a second\"])"
            ),
        )),
        Some("peft") => {
            Some(("peft", format!("from peft import AutoPeftModel\n\nmodel = AutoPeftModel.from_pretrained(\"{id}\")")))
        }
        Some("timm") => {
            Some(("timm", format!("import timm\n\nmodel = timm.create_model(\"hf_hub:{id}\", pretrained=True)")))
        }
        Some("mlx") => Some(("mlx", format!("from mlx_lm import load, generate\n\nmodel, tokenizer = load(\"{id}\")"))),
        _ => None,
    };
    snippets.extend(code.map(|(title, code)| snippet(title, "python", format!("{point}{code}"))));
    snippets
}

fn transformers(id: &str, facts: &Facts) -> String {
    let class = facts
        .transformers_info
        .as_ref()
        .and_then(|info| info.get("auto_model")?.as_str())
        .filter(|class| class.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_'))
        .unwrap_or("AutoModel");
    match facts
        .pipeline_tag
        .as_deref()
        .filter(|task| task.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'))
    {
        Some(task) => format!("from transformers import pipeline\n\npipe = pipeline(\"{task}\", model=\"{id}\")"),
        None => format!("from transformers import {class}\n\nmodel = {class}.from_pretrained(\"{id}\")"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(kind: RepoKind, facts: &Facts) -> Vec<(&'static str, String)> {
        let addr = RepoAddr { kind, namespace: "alice".parse().unwrap(), name: "m".parse().unwrap() };
        of(&addr, facts, "http://hub.test").into_iter().map(|snippet| (snippet.title, snippet.code)).collect()
    }

    #[test]
    fn every_snippet_names_this_host_and_the_repository() {
        let facts = Facts {
            library_name: Some("transformers".to_owned()),
            pipeline_tag: Some("text-generation".to_owned()),
            tags: vec!["gguf".to_owned()],
            ..Facts::default()
        };
        let found = codes(RepoKind::Model, &facts);
        assert_eq!(
            found.iter().map(|(title, _)| *title).collect::<Vec<_>>(),
            ["llama.cpp", "transformers", "hf", "huggingface_hub"]
        );
        for (title, code) in found.into_iter().chain(codes(RepoKind::Dataset, &Facts::default())) {
            assert!(code.contains("http://hub.test") && code.contains("alice/m"), "{title}: {code}");
        }
    }

    #[test]
    fn a_card_cannot_write_code_into_a_snippet() {
        let facts = Facts {
            library_name: Some("transformers".to_owned()),
            pipeline_tag: Some("x\"); import os; os.system(\"".to_owned()),
            transformers_info: Some(serde_json::json!({ "auto_model": "A; import os" })),
            ..Facts::default()
        };
        let code = &codes(RepoKind::Model, &facts)[0].1;
        assert!(!code.contains("os.system") && code.contains("import AutoModel\n"), "{code}");
    }
}
