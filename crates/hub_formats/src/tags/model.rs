//! Models: library, task, base model, formats of weights.

use serde_json::{Map, Value, json};

use super::{CONFIG_FILES, Derived, Sources, Tags, arxiv, has_ending, pick, transformers};
use crate::card::lists::TASKS;

/// Libraries that a card may name among its tags instead of in `library_name`.
const LIBRARY_TAGS: &[&str] = &[
    "transformers",
    "transformers.js",
    "diffusers",
    "sentence-transformers",
    "peft",
    "setfit",
    "span-marker",
    "timm",
    "keras",
    "tf-keras",
    "keras-hub",
    "spacy",
    "flair",
    "stanza",
    "fasttext",
    "sklearn",
    "fastai",
    "adapter-transformers",
    "stable-baselines3",
    "sample-factory",
    "ml-agents",
    "espnet",
    "nemo",
    "speechbrain",
    "pyannote-audio",
    "asteroid",
    "mlx",
    "open_clip",
    "bertopic",
    "gliner",
    "lerobot",
    "model2vec",
    "colpali",
    "ultralytics",
    "doctr",
    "k2",
];

/// Files that only one library writes.
const LIBRARY_FILES: &[(&str, &str)] = &[
    ("model_index.json", "diffusers"),
    ("adapter_config.json", "peft"),
    ("config_setfit.json", "setfit"),
    ("config_sentence_transformers.json", "sentence-transformers"),
    ("modules.json", "sentence-transformers"),
    ("open_clip_config.json", "open_clip"),
    ("hyperparams.yaml", "speechbrain"),
];

/// Tags of a card that tell of a quantised model.
const QUANTISED_TAGS: &[&str] = &["gguf", "gptq", "awq", "exl2", "exl3", "quantized", "bitsandbytes", "4-bit", "8-bit"];

/// The conversation template of a model, beside its tokenizer's configuration.
const TEMPLATE_FILE: &str = "chat_template.jinja";

/// Whether the file matters to [`derive`].
pub(super) fn tells(path: &str) -> bool {
    CONFIG_FILES.contains(&path)
        || path == TEMPLATE_FILE
        || LIBRARY_FILES.iter().any(|(library_file, _)| *library_file == path)
        || transformers::tells(path)
        || WEIGHT_TAGS.iter().any(|(_, test)| test(path))
}

pub(super) fn derive(sources: &Sources<'_>, tags: &mut Tags) -> Derived {
    let card = sources.card;
    let config = sources.config("config.json").and_then(Value::as_object);
    let library = library(sources, config);
    let task = task(sources, config, library.as_deref());

    tags.extend("", library.as_deref());
    if config.is_some_and(transformers::is_transformers) {
        tags.extend("", ["transformers"]);
    }
    for (library_file, name) in LIBRARY_FILES.iter().filter(|(path, _)| sources.has(path)) {
        // Setfit and sentence-transformers share their module list.
        if *library_file != "modules.json" || library.as_deref() == Some(*name) {
            tags.extend("", [*name]);
        }
    }
    for (name, test) in WEIGHT_TAGS {
        if sources.any(test) {
            tags.extend("", [*name]);
        }
    }
    let class = sources.config("model_index.json").and_then(|index| index.get("_class_name")).and_then(Value::as_str);
    tags.extend("diffusers:", class);
    tags.extend("", config.and_then(|config| config.get("model_type")).and_then(Value::as_str));
    tags.extend("", task.as_deref());
    tags.extend("", card.texts("tags"));
    if card.data.contains_key("model-index") {
        tags.extend("", ["model-index"]);
    }
    let has_template = sources.has_chat_template
        || sources.has(TEMPLATE_FILE)
        || sources.config("tokenizer_config.json").is_some_and(|config| config.get("chat_template").is_some());
    if has_template && matches!(task.as_deref(), Some("text-generation" | "image-text-to-text" | "any-to-any")) {
        tags.extend("", ["conversational"]);
    }
    if config.is_some_and(|config| config.contains_key("auto_map")) {
        tags.extend("", ["custom_code"]);
    }
    tags.extend("", card.texts("language"));
    tags.extend("dataset:", card.texts("datasets"));
    tags.extend("arxiv:", arxiv::papers(sources.readme));
    base_models(sources, config, tags);
    tags.extend("license:", card.texts("license"));
    quantisation(config, tags);

    Derived {
        config: slim_config(sources),
        transformers_info: transformers::info(sources),
        mask_token: mask_token(sources),
        pipeline_tag: task,
        library_name: library,
        ..Derived::default()
    }
}

type PathTest = fn(&str) -> bool;

/// Tags for formats of weights, and which paths show them.
const WEIGHT_TAGS: &[(&str, PathTest)] = &[
    ("pytorch", |path| name(path).starts_with("pytorch_model") || has_ending(path, "pt") || has_ending(path, "pth")),
    ("tf", |path| name(path) == "tf_model.h5" || name(path).starts_with("tf_model-")),
    ("jax", |path| name(path).starts_with("flax_model")),
    ("tflite", |path| has_ending(path, "tflite")),
    ("rust", |path| name(path) == "rust_model.ot"),
    ("coreml", |path| has_ending(path, "mlmodel") || path.contains(".mlpackage/")),
    ("onnx", |path| has_ending(path, "onnx")),
    ("openvino", |path| name(path).starts_with("openvino_") && has_ending(path, "xml")),
    ("safetensors", |path| has_ending(path, "safetensors")),
    ("gguf", |path| has_ending(path, "gguf")),
    ("keras", |path| has_ending(path, "keras")),
    ("joblib", |path| has_ending(path, "joblib")),
    ("nemo", |path| has_ending(path, "nemo")),
    ("executorch", |path| has_ending(path, "pte")),
    ("tensorboard", |path| name(path).contains("tfevents")),
];

fn name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

fn library(sources: &Sources<'_>, config: Option<&Map<String, Value>>) -> Option<String> {
    let card = sources.card;
    let from_tags = || card.texts("tags").into_iter().find(|tag| LIBRARY_TAGS.contains(tag));
    let from_files = || LIBRARY_FILES.iter().find(|(path, _)| sources.has(path)).map(|(_, library)| *library);
    let from_config = || {
        let config = config?;
        if transformers::is_transformers(config) {
            return Some("transformers");
        }
        (config.contains_key("pretrained_cfg") && config.contains_key("architecture")).then_some("timm")
    };
    let from_endings = || {
        let has = |wanted: &str| sources.any(|path| has_ending(path, wanted));
        [("keras", "keras"), ("nemo", "nemo")].into_iter().find(|(ending, _)| has(ending)).map(|(_, library)| library)
    };
    let named = card.text("library_name").map(str::trim).filter(|library| !library.is_empty());
    named.or_else(from_tags).or_else(from_files).or_else(from_config).or_else(from_endings).map(str::to_owned)
}

fn task(sources: &Sources<'_>, config: Option<&Map<String, Value>>, library: Option<&str>) -> Option<String> {
    let card = sources.card;
    if let Some(task) = card.text("pipeline_tag").map(str::trim).filter(|task| !task.is_empty()) {
        return Some(task.to_owned());
    }
    let from_tags = card.texts("tags").into_iter().find(|tag| *tag != "other" && TASKS.contains(tag));
    let from_library = || match library? {
        "sentence-transformers" => Some("sentence-similarity"),
        "setfit" => Some("text-classification"),
        "diffusers" => sources.config("model_index.json")?.get("_class_name")?.as_str().and_then(diffusion_task),
        "timm" => Some("image-classification"),
        // An adapter does what its base does, which is told by its own configuration.
        "peft" => match sources.config("adapter_config.json")?.get("task_type")?.as_str()? {
            "CAUSAL_LM" => Some("text-generation"),
            "SEQ_CLS" => Some("text-classification"),
            "TOKEN_CLS" => Some("token-classification"),
            "FEATURE_EXTRACTION" => Some("feature-extraction"),
            _ => None,
        },
        _ => None,
    };
    from_tags.or_else(from_library).or_else(|| config.and_then(transformers::task)).map(str::to_owned)
}

/// The task of a diffusion pipeline, from the name of its class.
fn diffusion_task(class: &str) -> Option<&'static str> {
    let has = |part: &str| class.contains(part);
    Some(if has("ImageToVideo") || has("Img2Vid") || has("VideoDiffusion") {
        "image-to-video"
    } else if has("Video") {
        "text-to-video"
    } else if has("Audio") || has("Music") {
        "text-to-audio"
    } else if has("Img2Img") || has("Inpaint") || has("Edit") || has("Kontext") || has("Upscale") || has("ControlNet") {
        "image-to-image"
    } else if has("DDPM") || has("DDIM") || has("Unconditional") {
        "unconditional-image-generation"
    } else if class.ends_with("Pipeline") {
        "text-to-image"
    } else {
        return None;
    })
}

fn base_models(sources: &Sources<'_>, config: Option<&Map<String, Value>>, tags: &mut Tags) {
    let card = sources.card;
    let mut bases = card.texts("base_model");
    let adapted = sources.config("adapter_config.json");
    if bases.is_empty() {
        // A path on somebody's disk is no model; a repository has exactly one slash.
        let base = adapted.and_then(|config| config.get("base_model_name_or_path")).and_then(Value::as_str);
        bases.extend(base.filter(|base| base.split('/').filter(|part| !part.is_empty()).count() == 2));
        bases.retain(|base| !base.starts_with(['/', '.']));
    }
    let tagged = |words: &[&str]| card.texts("tags").iter().any(|tag| words.contains(tag));
    let relation = match card.text("base_model_relation") {
        Some(relation) => relation,
        None if adapted.is_some() || sources.has("adapter_config.json") || tagged(&["lora", "adapter"]) => "adapter",
        None if tagged(&["merge", "mergekit"]) || bases.len() > 1 => "merge",
        None if tagged(QUANTISED_TAGS)
            || tags.has("gguf")
            || config.is_some_and(|config| config.contains_key("quantization_config")) =>
        {
            "quantized"
        }
        None => "finetune",
    };
    tags.extend("base_model:", bases.iter().copied());
    tags.extend(&format!("base_model:{relation}:"), bases);
}

fn quantisation(config: Option<&Map<String, Value>>, tags: &mut Tags) {
    let Some(quantisation) = config.and_then(|config| config.get("quantization_config")) else { return };
    let number = |field: &str| quantisation.get(field).and_then(Value::as_u64);
    let is_set = |field: &str| quantisation.get(field).and_then(Value::as_bool) == Some(true);
    let bits = number("bits").or_else(|| number("w_bit"));
    let bits = bits.or(if is_set("load_in_4bit") { Some(4) } else { None });
    let bits = bits.or(if is_set("load_in_8bit") { Some(8) } else { None });
    if let Some(bits) = bits.filter(|bits| (1..=8).contains(bits)) {
        tags.extend("", [format!("{bits}-bit").as_str()]);
    }
    tags.extend("", quantisation.get("quant_method").and_then(Value::as_str));
}

/// The parts of the configuration that clients read, in the shape in which they read them.
fn slim_config(sources: &Sources<'_>) -> Option<Value> {
    let object = |path| sources.config(path).and_then(Value::as_object);
    let mut slim = Map::new();
    if let Some(config) = object("config.json") {
        slim.extend(pick(config, &["architectures", "model_type", "auto_map"]));
        if let Some(quantisation) = config.get("quantization_config").and_then(Value::as_object) {
            let fields = ["quant_method", "bits", "load_in_4bit", "load_in_8bit", "bnb_4bit_quant_type"];
            slim.insert("quantization_config".to_owned(), Value::Object(pick(quantisation, &fields)));
        }
    }
    if let Some(tokenizer) = object("tokenizer_config.json") {
        let mut fields = pick(tokenizer, &["chat_template", "use_default_system_prompt"]);
        for token in ["bos_token", "eos_token", "pad_token", "unk_token", "cls_token", "sep_token", "mask_token"] {
            if let Some(text) = tokenizer.get(token).and_then(token_text) {
                fields.insert(token.to_owned(), json!(text));
            }
        }
        slim.insert("tokenizer_config".to_owned(), Value::Object(fields));
    }
    if let Some(index) = object("model_index.json") {
        slim.insert("diffusers".to_owned(), Value::Object(pick(index, &["_class_name"])));
    }
    if let Some(adapter) = object("adapter_config.json") {
        slim.insert("peft".to_owned(), Value::Object(pick(adapter, &["base_model_name_or_path", "task_type"])));
    }
    (!slim.is_empty()).then_some(Value::Object(slim))
}

/// A token is written as a text, or as a mapping that has it.
fn token_text(token: &Value) -> Option<&str> {
    token.as_str().or_else(|| token.get("content")?.as_str())
}

fn mask_token(sources: &Sources<'_>) -> Option<String> {
    sources.config("tokenizer_config.json")?.get("mask_token").and_then(token_text).map(str::to_owned)
}
