use serde_json::json;

use super::*;

fn derived(kind: RepoKind, readme: &str, files: &[&str], configs: &[(&str, Value)]) -> Derived {
    let card = Card::parse(readme).expect("card");
    derive(&Sources { kind, readme, card: &card, files, configs, has_chat_template: false })
}

fn check_tags(found: &Derived, expect: &str) {
    assert_eq!(found.tags.join(" "), expect);
}

#[test]
fn a_chat_model() {
    let readme = "---\nlicense: apache-2.0\nlanguage: [en, de]\nbase_model: owner/base\ndatasets: [owner/data]\ntags: [chat, safetensors]\n---\n\
        See https://arxiv.org/abs/2309.00071, arXiv:2309.00071 and https://example.org/papers/2401.12345v2. Not 1234.5678.\n";
    let found = derived(
        RepoKind::Model,
        readme,
        &["README.md", "config.json", "model.safetensors", "tokenizer.json", "runs/events.out.tfevents.1"],
        &[
            ("config.json", json!({"architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": 5})),
            ("tokenizer_config.json", json!({"chat_template": "{{ x }}", "bos_token": {"content": "<s>"}, "other": 1})),
        ],
    );
    check_tags(
        &found,
        "transformers safetensors tensorboard llama text-generation chat conversational en de dataset:owner/data \
         arxiv:2309.00071 arxiv:2401.12345 base_model:owner/base base_model:finetune:owner/base license:apache-2.0 region:us",
    );
    assert_eq!(found.pipeline_tag.as_deref(), Some("text-generation"));
    assert_eq!(found.library_name.as_deref(), Some("transformers"));
    assert_eq!(
        found.transformers_info,
        Some(
            json!({"auto_model": "AutoModelForCausalLM", "pipeline_tag": "text-generation", "processor": "AutoTokenizer"})
        )
    );
    assert_eq!(
        found.config,
        Some(json!({
            "architectures": ["LlamaForCausalLM"], "model_type": "llama",
            "tokenizer_config": {"chat_template": "{{ x }}", "bos_token": "<s>"}
        }))
    );
}

#[test]
fn a_sentence_model() {
    let found = derived(
        RepoKind::Model,
        "",
        &["modules.json", "config_sentence_transformers.json", "config.json", "pytorch_model.bin", "onnx/model.onnx"],
        &[
            ("config.json", json!({"architectures": ["BertModel"], "model_type": "bert"})),
            ("tokenizer_config.json", json!({"mask_token": "[MASK]"})),
        ],
    );
    check_tags(&found, "sentence-transformers transformers pytorch onnx bert sentence-similarity region:us");
    assert_eq!(found.library_name.as_deref(), Some("sentence-transformers"));
    assert_eq!(found.mask_token.as_deref(), Some("[MASK]"));
    assert_eq!(found.transformers_info.expect("info")["pipeline_tag"], "feature-extraction");
}

#[test]
fn adapters_merges_and_quantised_models_name_their_relation() {
    let check = |readme: &str, files: &[&str], configs: &[(&str, Value)], expect: &str| {
        let found = derived(RepoKind::Model, readme, files, configs);
        assert!(found.tags.iter().any(|tag| tag == expect), "{:?}", found.tags);
    };
    let adapter = ("adapter_config.json", json!({"base_model_name_or_path": "a/b", "task_type": "CAUSAL_LM"}));
    check("", &["adapter_config.json"], &[adapter], "base_model:adapter:a/b");
    check("---\nbase_model: a/b\n---", &["x.gguf"], &[], "base_model:quantized:a/b");
    check("---\nbase_model: [a/b, c/d]\n---", &[], &[], "base_model:merge:c/d");
    check("---\nbase_model: a/b\nbase_model_relation: merge\n---", &["x.gguf"], &[], "base_model:merge:a/b");
    let disk = ("adapter_config.json", json!({"base_model_name_or_path": "/home/me"}));
    let found = derived(RepoKind::Model, "", &["adapter_config.json"], &[disk]);
    check_tags(&found, "peft region:us");
}

#[test]
fn other_libraries_and_tasks() {
    let check = |readme: &str, files: &[&str], configs: &[(&str, Value)], library: Option<&str>, task: Option<&str>| {
        let found = derived(RepoKind::Model, readme, files, configs);
        assert_eq!(
            (found.library_name.as_deref(), found.pipeline_tag.as_deref()),
            (library, task),
            "{readme} {files:?}"
        );
    };
    let index = ("model_index.json", json!({"_class_name": "StableDiffusionPipeline"}));
    check("", &["model_index.json"], &[index], Some("diffusers"), Some("text-to-image"));
    check("---\nlibrary_name: mine\npipeline_tag: other\n---", &["model_index.json"], &[], Some("mine"), Some("other"));
    check("---\ntags: [x, sklearn, tabular-regression]\n---", &[], &[], Some("sklearn"), Some("tabular-regression"));
    let config = |value| ("config.json", value);
    let whisper = json!({"architectures": ["WhisperForConditionalGeneration"], "model_type": "whisper"});
    check("", &[], &[config(whisper)], Some("transformers"), Some("automatic-speech-recognition"));
    let seeing = json!({"architectures": ["XForConditionalGeneration"], "vision_config": {}});
    check("", &[], &[config(seeing)], Some("transformers"), Some("image-text-to-text"));
    let t5 = json!({"architectures": ["T5ForConditionalGeneration"], "model_type": "t5"});
    check("", &[], &[config(t5)], Some("transformers"), None);
    check(
        "",
        &[],
        &[config(json!({"pretrained_cfg": {}, "architecture": "vit"}))],
        Some("timm"),
        Some("image-classification"),
    );
    for odd in
        [json!([]), json!({"architectures": [1]}), json!({"architectures": "x"}), json!({"model_type": 3}), json!(null)]
    {
        derived(RepoKind::Model, "", &["config.json"], &[config(odd)]);
    }
    check("", &[], &[], None, None);
}

#[test]
fn custom_code_is_told() {
    let config = json!({"model_type": "mine", "auto_map": {"AutoModelForCausalLM": "modeling.Mine"}, "quantization_config": {"quant_method": "gptq", "bits": 4}});
    let found = derived(RepoKind::Model, "", &[], &[("config.json", config)]);
    check_tags(&found, "transformers mine custom_code 4-bit gptq region:us");
    assert_eq!(
        found.transformers_info,
        Some(json!({"auto_model": "AutoModelForCausalLM", "custom_class": "modeling.Mine"}))
    );
}

#[test]
fn datasets_are_tagged_by_card_and_files() {
    let readme = "---\nlicense: mit\nlanguage: en\ntask_categories: [question-answering]\nsize_categories: n<1K\ntags: [mine]\n---\n";
    let found = derived(
        RepoKind::Dataset,
        readme,
        &["README.md", "data/train-0.parquet", "data/test-0.parquet", "logo.png"],
        &[],
    );
    check_tags(
        &found,
        "task_categories:question-answering language:en license:mit size_categories:n<1K format:parquet \
         library:datasets library:dask library:polars library:mlcroissant mine region:us",
    );
    let check = |files: &[&str], format: &str, modality: &str| {
        let found = derived(RepoKind::Dataset, "", files, &[]);
        let value = |prefix: &str| found.tags.iter().find_map(|tag| tag.strip_prefix(prefix)).unwrap_or("");
        assert_eq!((value("format:"), value("modality:")), (format, modality), "{files:?}");
    };
    check(&["a.csv"], "csv", "tabular");
    check(&["a.jsonl.gz", "dataset_infos.json"], "json", "");
    check(&["train/cat/1.png", "train/dog/2.jpg"], "imagefolder", "image");
    check(&["a.wav"], "audiofolder", "audio");
    check(&["a.tar", "b.tar"], "webdataset", "");
    check(&["README.md"], "", "");
    check(&["x.pdf"], "", "document");
    let card = "---\ndataset_info:\n  features:\n  - name: a\n    dtype: string\n  - name: b\n    dtype: int64\n---\n";
    check_tags(&derived(RepoKind::Dataset, card, &[], &[]), "modality:text modality:tabular region:us");
}

#[test]
fn spaces_and_kernels() {
    let found = derived(RepoKind::Space, "---\nsdk: gradio\ntags: [mcp-server]\n---\n", &[], &[]);
    check_tags(&found, "gradio mcp-server region:us");
    check_tags(&derived(RepoKind::Kernel, "---\nlicense: mit\n---\n", &[], &[]), "kernel license:mit region:us");
}

#[test]
fn hostile_cards_yield_few_and_short_tags() {
    let tags: Vec<String> = (0..2000).map(|i| format!("t{i}")).collect();
    let readme = format!(
        "---\ntags: [{}, {}, \"a\\nb\"]\n---\n{}",
        "x".repeat(5000),
        tags.join(","),
        "arxiv:1234.56789 ".repeat(10)
    );
    let found = derived(RepoKind::Model, &readme, &[], &[]);
    assert!(found.tags.len() <= TAGS_MAX && found.tags.iter().all(|tag| tag.len() < 300 && !tag.contains('\n')));
    for readme in ["arxiv:", "arxiv:12.", "ü.ü", "arxiv:ü234.12345", ".....", "arxiv:1234.123456"] {
        check_tags(&derived(RepoKind::Model, readme, &[], &[]), "region:us");
    }
}

#[test]
fn files_that_tell_nothing_may_be_left_out() {
    let paths = [
        "README.md",
        "config.json",
        "sub/config.json",
        "model.safetensors",
        "a/b/weights.GGUF",
        "weights.bin",
        "pytorch_model-1.bin",
        "x/tf_model.h5",
        "m.mlpackage/data",
        "notes/note.txt",
        "data.csv.gz",
        "data.jsonl",
        ".hidden.csv",
        "dataset_infos.json",
        "images/1.PNG",
        "paper.pdf",
        "chat_template.jinja",
        "vocab.txt",
        "modules.json",
        "runs/events.out.tfevents.1",
        "LICENSE",
        "main.py",
        "scan.ply",
        "town.geojson",
        "a.tar",
    ];
    for kind in [RepoKind::Model, RepoKind::Dataset, RepoKind::Space, RepoKind::Kernel] {
        // Each file alone, and beside all the others, which outvote it or not.
        for (left_out, path) in paths.iter().enumerate().filter(|(_, path)| !tells(kind, path)) {
            assert_eq!(derived(kind, "", &[path], &[]), derived(kind, "", &[], &[]), "{kind:?} {path}");
            let others: Vec<&str> =
                paths.iter().enumerate().filter(|(at, _)| *at != left_out).map(|(_, p)| *p).collect();
            assert_eq!(derived(kind, "", &paths, &[]), derived(kind, "", &others, &[]), "{kind:?} {path}");
        }
    }
    let told = |kind| paths.iter().filter(|path| tells(kind, path)).count();
    assert_eq!((told(RepoKind::Model), told(RepoKind::Dataset), told(RepoKind::Space)), (11, 11, 1));
}
