//! Which models the apps of people's own machines can run: what `apps=` filters by.

use hub_catalog::{Clause, Group, Term};

/// What an app reads.
#[derive(Clone, Copy)]
enum Reads {
    /// GGUF files.
    Gguf,
    /// MLX weights.
    Mlx,
    /// Models for Apple's machines: MLX weights or GGUF files.
    GgufOrMlx,
    /// Language models in safetensors, as servers on GPUs do.
    Served,
    /// Pipelines and adapters for pictures.
    Diffusers,
}

const APPS: [(&str, Reads); 24] = [
    ("llama.cpp", Reads::Gguf),
    ("node-llama-cpp", Reads::Gguf),
    ("ollama", Reads::Gguf),
    ("lmstudio", Reads::GgufOrMlx),
    ("jan", Reads::Gguf),
    ("backyard", Reads::Gguf),
    ("sanctum", Reads::Gguf),
    ("jellybox", Reads::Gguf),
    ("msty", Reads::Gguf),
    ("recursechat", Reads::Gguf),
    ("koboldcpp", Reads::Gguf),
    ("docker-model-runner", Reads::Gguf),
    ("lemonade", Reads::Gguf),
    ("unsloth", Reads::Gguf),
    ("cellm", Reads::Gguf),
    ("ramalama", Reads::Gguf),
    ("mlx-lm", Reads::Mlx),
    ("vllm", Reads::Served),
    ("sglang", Reads::Served),
    ("tgi", Reads::Served),
    ("drawthings", Reads::Diffusers),
    ("diffusionbee", Reads::Diffusers),
    ("joyfusion", Reads::Diffusers),
    ("invoke", Reads::Diffusers),
];

/// The conditions under which an app runs a model; `None` for an app that is not known.
pub(crate) fn clauses(app: &str) -> Option<Vec<Clause>> {
    let reads = APPS.iter().find(|(name, _)| name.eq_ignore_ascii_case(app)).map(|(_, reads)| *reads)?;
    let any = |group: Group, values: &[&str]| Clause {
        terms: values.iter().map(|value| Term::new(group, *value)).collect(),
        negated: false,
    };
    Some(match reads {
        Reads::Gguf => vec![any(Group::Tag, &["gguf"])],
        Reads::Mlx => vec![any(Group::Tag, &["mlx"])],
        Reads::GgufOrMlx => vec![any(Group::Tag, &["gguf", "mlx"])],
        Reads::Served => vec![
            any(Group::Tag, &["safetensors"]),
            any(Group::Task, &["text-generation", "image-text-to-text", "any-to-any"]),
        ],
        Reads::Diffusers => {
            vec![any(Group::Library, &["diffusers"]), any(Group::Task, &["text-to-image", "image-to-image"])]
        }
    })
}

/// The apps that are known, for messages.
pub(crate) fn names() -> String {
    APPS.map(|(name, _)| name).join("|")
}
