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

/// The snippets of a repository, the most fitting first. `host` is the address of this Hearth, `weights` the file that
/// local apps load.
pub(super) fn of(addr: &RepoAddr, facts: &Facts, weights: Option<&str>, host: &str) -> Vec<Snippet> {
    let id = addr.repo_id();
    let mut snippets = Vec::new();
    match addr.kind {
        RepoKind::Model => snippets.extend(of_model(&id, facts, weights, host)),
        RepoKind::Dataset => snippets.extend(of_dataset(&id, facts, host)),
        RepoKind::Space | RepoKind::Kernel | RepoKind::Bucket => {}
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
    snippets.push(snippet("git", "bash", format!("git lfs install\ngit clone {host}/{}", addr.url_path())));
    snippets
}

/// Libraries read the address when they are imported, so it is set before.
fn point_python(host: &str) -> String {
    format!("import os\nos.environ[\"HF_ENDPOINT\"] = \"{host}\"\n\n")
}

fn of_dataset(id: &str, facts: &Facts, host: &str) -> Vec<Snippet> {
    let point = point_python(host);
    let has = |tag: &str| facts.tags.iter().any(|has| has == tag);
    let mut snippets = vec![snippet(
        "datasets",
        "python",
        format!("{point}from datasets import load_dataset\n\ndataset = load_dataset(\"{id}\")"),
    )];
    if has("format:parquet") {
        snippets.push(snippet(
            "pandas",
            "python",
            format!(
                "{point}import pandas as pd\nfrom huggingface_hub import HfFileSystem\n\n\
                 files = HfFileSystem().glob(\"datasets/{id}/**/*.parquet\")\n\
                 table = pd.read_parquet(f\"hf://{{files[0]}}\")"
            ),
        ));
    }
    snippets
}

fn of_model(id: &str, facts: &Facts, weights: Option<&str>, host: &str) -> Vec<Snippet> {
    let has = |tag: &str| facts.tags.iter().any(|has| has == tag);
    let point = point_python(host);
    let mut snippets = Vec::new();
    if let Some(file) = weights.map(quoted) {
        snippets.extend(of_gguf(id, &file, host));
    }
    let code = facts.library_name.as_deref().and_then(|library| by_library(library, id, facts));
    let is_chat = has("conversational");
    snippets.extend(code.map(|(title, code)| snippet(title, "python", format!("{point}{code}"))));
    let generates = matches!(facts.pipeline_tag.as_deref(), Some("text-generation" | "image-text-to-text"));
    if generates && facts.library_name.as_deref() == Some("transformers") && weights.is_none() {
        let path = if is_chat { "chat/completions" } else { "completions" };
        let body = if is_chat {
            format!("{{\"model\": \"{id}\", \"messages\": [{{\"role\": \"user\", \"content\": \"Hello\"}}]}}")
        } else {
            format!("{{\"model\": \"{id}\", \"prompt\": \"Once upon a time\", \"max_tokens\": 64}}")
        };
        snippets.push(snippet(
            "vLLM",
            "bash",
            format!(
                "export HF_ENDPOINT={host}\nvllm serve {id}\n\n# in another terminal\n\
                 curl http://localhost:8000/v1/{path} -H 'Content-Type: application/json' \\\n  -d '{body}'"
            ),
        ));
    }
    if has("transformers.js") || has("onnx") {
        let task = plain_word(facts.pipeline_tag.as_deref()).unwrap_or("feature-extraction");
        snippets.push(snippet(
            "transformers.js",
            "javascript",
            format!(
                "import {{ env, pipeline }} from \"@huggingface/transformers\";\n\nenv.remoteHost = \"{host}/\";\n\
                 const pipe = await pipeline(\"{task}\", \"{id}\");"
            ),
        ));
    }
    snippets
}

/// What loads one file of a model on a machine of one's own.
fn of_gguf(id: &str, file: &str, host: &str) -> Vec<Snippet> {
    let fetch = format!("export HF_ENDPOINT={host}\nhf download {id} {file} --local-dir .");
    let name = id.rsplit('/').next().unwrap_or(id).to_ascii_lowercase();
    vec![
        snippet("llama.cpp", "bash", format!("{fetch}\nllama-server -m {file}")),
        snippet(
            "Ollama",
            "bash",
            format!("{fetch}\necho FROM ./{file} > Modelfile\nollama create {name} -f Modelfile\nollama run {name}"),
        ),
        snippet(
            "llama-cpp-python",
            "python",
            format!(
                "{}from llama_cpp import Llama\n\nllm = Llama.from_pretrained(\"{id}\", filename=\"{}\")\n\
                 print(llm(\"Once upon a time\", max_tokens=64)[\"choices\"][0][\"text\"])",
                point_python(host),
                file.trim_matches('\''),
            ),
        ),
    ]
}

/// How a library of Python loads a model.
fn by_library(library: &str, id: &str, facts: &Facts) -> Option<(&'static str, String)> {
    let task = plain_word(facts.pipeline_tag.as_deref());
    Some(match library {
        "transformers" => ("transformers", transformers(id, facts)),
        "diffusers" => (
            "diffusers",
            format!(
                "from diffusers import DiffusionPipeline\n\npipeline = DiffusionPipeline.from_pretrained(\"{id}\")\n\
                 image = pipeline(\"a lighthouse at dusk\").images[0]"
            ),
        ),
        "sentence-transformers" if task == Some("text-ranking") => (
            "sentence-transformers",
            format!(
                "from sentence_transformers import CrossEncoder\n\nmodel = CrossEncoder(\"{id}\")\n\
                 ranks = model.rank(\"What is a hearth?\", [\"A place for a fire.\", \"A kind of fish.\"])"
            ),
        ),
        "sentence-transformers" => (
            "sentence-transformers",
            format!(
                "from sentence_transformers import SentenceTransformer\n\nmodel = SentenceTransformer(\"{id}\")\n\
                 embeddings = model.encode([\"A first sentence\", \"and a second\"])\n\
                 print(model.similarity(embeddings, embeddings))"
            ),
        ),
        "peft" => {
            let class = match task {
                Some("text-generation") => "AutoPeftModelForCausalLM",
                _ => "AutoPeftModel",
            };
            ("peft", format!("from peft import {class}\n\nmodel = {class}.from_pretrained(\"{id}\")"))
        }
        "timm" => ("timm", format!("import timm\n\nmodel = timm.create_model(\"hf_hub:{id}\", pretrained=True)")),
        "mlx" => (
            "mlx-lm",
            format!(
                "from mlx_lm import load, generate\n\nmodel, tokenizer = load(\"{id}\")\nprint(generate(model, tokenizer, prompt=\"Once upon a time\"))"
            ),
        ),
        "keras" => ("keras", format!("import keras\n\nmodel = keras.saving.load_model(\"hf://{id}\")")),
        "sklearn" => (
            "scikit-learn",
            format!(
                "import joblib\nfrom huggingface_hub import hf_hub_download\n\n\
                 model = joblib.load(hf_hub_download(\"{id}\", \"sklearn_model.joblib\"))"
            ),
        ),
        "open_clip" => (
            "open_clip",
            format!("import open_clip\n\nmodel, preprocess = open_clip.create_model_from_pretrained(\"hf-hub:{id}\")"),
        ),
        "setfit" => {
            ("setfit", format!("from setfit import SetFitModel\n\nmodel = SetFitModel.from_pretrained(\"{id}\")"))
        }
        "gliner" => ("gliner", format!("from gliner import GLiNER\n\nmodel = GLiNER.from_pretrained(\"{id}\")")),
        _ => return None,
    })
}

fn transformers(id: &str, facts: &Facts) -> String {
    let class = facts
        .transformers_info
        .as_ref()
        .and_then(|info| info.get("auto_model")?.as_str())
        .filter(|class| class.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_'))
        .unwrap_or("AutoModel");
    let trust = if facts.tags.iter().any(|tag| tag == "custom_code") { ", trust_remote_code=True" } else { "" };
    match plain_word(facts.pipeline_tag.as_deref()) {
        Some("text-generation") => {
            let input = match facts.tags.iter().any(|tag| tag == "conversational") {
                true => "[{\"role\": \"user\", \"content\": \"Who are you?\"}]",
                false => "\"Once upon a time\"",
            };
            format!(
                "from transformers import pipeline\n\npipe = pipeline(\"text-generation\", model=\"{id}\"{trust})\n\
                 print(pipe({input}))"
            )
        }
        Some(task) => {
            format!("from transformers import pipeline\n\npipe = pipeline(\"{task}\", model=\"{id}\"{trust})")
        }
        None => format!("from transformers import {class}\n\nmodel = {class}.from_pretrained(\"{id}\"{trust})"),
    }
}

/// A word of a card that can stand in code as it is.
fn plain_word(word: Option<&str>) -> Option<&str> {
    word.filter(|word| word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-'))
}

/// The name of a file as a shell takes it.
fn quoted(name: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-' | b'/');
    match name.bytes().all(is_plain) && !name.starts_with('-') {
        true => name.to_owned(),
        // No quote, backslash or sign of the shell means anything between quotes but the quote itself.
        false => format!(
            "'{}'",
            name.chars().filter(|c| !matches!(c, '\'' | '"' | '\\') && !c.is_control()).collect::<String>()
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(kind: RepoKind, facts: &Facts) -> Vec<(&'static str, String)> {
        let addr = RepoAddr { kind, namespace: "alice".parse().unwrap(), name: "m".parse().unwrap() };
        of(&addr, facts, Some("m-q4.gguf"), "http://hub.test")
            .into_iter()
            .map(|snippet| (snippet.title, snippet.code))
            .collect()
    }

    #[test]
    fn every_snippet_names_this_host_and_the_repository() {
        let facts = Facts {
            library_name: Some("transformers".to_owned()),
            pipeline_tag: Some("text-generation".to_owned()),
            tags: vec!["gguf".to_owned(), "onnx".to_owned()],
            ..Facts::default()
        };
        let found = codes(RepoKind::Model, &facts);
        assert_eq!(
            found.iter().map(|(title, _)| *title).collect::<Vec<_>>(),
            [
                "llama.cpp",
                "Ollama",
                "llama-cpp-python",
                "transformers",
                "transformers.js",
                "hf",
                "huggingface_hub",
                "git"
            ]
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
        let code = &codes(RepoKind::Model, &facts)[3].1;
        assert!(!code.contains("os.system") && code.contains("import AutoModel\n"), "{code}");
        assert_eq!(quoted("a b'; rm -rf ~.gguf"), "'a b; rm -rf ~.gguf'");
        assert_eq!(quoted("-x.gguf"), "'-x.gguf'");
    }
}
