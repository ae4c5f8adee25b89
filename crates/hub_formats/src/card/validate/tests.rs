use super::*;

/// Asserts how the first error and the first warning begin; an empty text means that there is none.
fn check(kind: RepoKind, fields: &str, error: &str, warning: &str) {
    let found = validate(kind, &format!("---\n{fields}\n---\n"));
    for (messages, expect) in [(&found.errors, error), (&found.warnings, warning)] {
        let first = messages.first().map_or("", |message| message.message.as_str());
        assert!(first.starts_with(expect) && first.is_empty() == expect.is_empty(), "{fields}: {found:?}");
    }
}

#[test]
fn good_cards_are_clean() {
    check(
        RepoKind::Model,
        "license: apache-2.0\nlanguage: [en, no]\npipeline_tag: text-generation\ntags: [a]\nbase_model: a/b",
        "",
        "",
    );
    check(
        RepoKind::Dataset,
        "license: [mit, cc0-1.0]\nlanguage: en\nsize_categories: [n<1K]\nconfigs:\n- config_name: a\n  data_files: [{split: train, path: [a.csv]}]",
        "",
        "",
    );
    check(
        RepoKind::Space,
        "sdk: gradio\nsdk_version: 5.0\nemoji: 🚀\ncolorFrom: red\ncolorTo: blue\nshort_description: hello",
        "",
        "",
    );
    for emoji in ["👩‍💻", "🇩🇪", "❤️", "👍🏽", "1️⃣"] {
        check(RepoKind::Space, &format!("sdk: static\nemoji: {emoji}"), "", "");
    }
}

#[test]
fn missing_metadata_are_a_warning() {
    for readme in ["", "# Title", "---\n---\n", "---\n\n---\n"] {
        let found = validate(RepoKind::Model, readme);
        assert_eq!(found.errors, []);
        assert_eq!(found.warnings[0].message, "empty or missing yaml metadata in repo card");
    }
}

#[test]
fn faults_are_told() {
    let model = |fields, error, warning| check(RepoKind::Model, fields, error, warning);
    model("license: invalid-license", "\"license\" must be one of [apache-2.0, mit,", "");
    model("license: [mit, x]", "\"license[1]\" must be one of", "");
    model("license: 3", "\"license\" must be a string or a list", "");
    model("license: other", "", "\"license\" is \"other\"");
    model("language: English", "\"language\" must only contain lowercase", "");
    model("language: [en, english]", "\"language[1]\" with value \"english\" is not valid", "");
    model("language: false", "\"language\" must be a string; put quotes around \"no\"", "");
    model("language: zh-CN", "", "\"language\" with value \"zh-CN\": write \"zh\"");
    model("pipeline_tag: nonsense", "", "\"pipeline_tag\" must be one of");
    model("tags: [1]", "\"tags[0]\" must be a string, not 1", "");
    model("tags: {a: b}", "\"tags\" must be a string or a list of strings", "");
    model("base_model: a/b/c", "", "\"base_model\" with value \"a/b/c\"");
    model("base_model: a/b\nbase_model_relation: child", "\"base_model_relation\" must be one of", "");
    model("model-index: {}", "\"model-index\" must be a list", "");
    model("a: 1\na: 2", "duplicated mapping key \"a\" (line 3)", "");
    model("a: b: c", "the metadata cannot be read", "");
    model("a:\n\t- b", "the metadata cannot be read: the line begins with a tab; indent with spaces (line 3)", "");
    let dataset = |fields, error, warning| check(RepoKind::Dataset, fields, error, warning);
    dataset("configs: x", "\"configs\" must be a list", "");
    dataset("configs: [x]", "\"configs[0]\" must be a mapping", "");
    dataset("configs: [{data_files: x}]", "\"configs[0].config_name\" is required", "");
    dataset("configs: [{config_name: a, data_files: [{split: a}]}]", "\"configs[0].data_files\" must be", "");
    dataset("viewer: maybe", "\"viewer\" must be a boolean", "");
    dataset("size_categories: huge", "", "\"size_categories\" must be one of");
    let space = |fields, error, warning| check(RepoKind::Space, fields, error, warning);
    space("title: x", "\"sdk\" is required", "");
    space("sdk: java", "\"sdk\" must be one of [gradio, streamlit, docker, static]", "");
    space("sdk: static\ncolorFrom: pinkish", "\"colorFrom\" must be one of", "");
    space("sdk: static\nemoji: ab", "\"emoji\" must be an emoji", "");
    space("sdk: static\nemoji: 🚀🚀", "\"emoji\" must be an emoji", "");
    space("sdk: static\napp_port: 70000", "\"app_port\"", "");
    let long = format!("sdk: static\nshort_description: {}", "x".repeat(61));
    check(RepoKind::Space, &long, "\"short_description\" length must be less", "");
}

#[test]
fn messages_are_few_and_short() {
    let found = validate(RepoKind::Model, &format!("---\ntags: [{}]\n---\n", "1,".repeat(1000)));
    assert_eq!(found.errors.len(), MESSAGES_MAX);
    let found = validate(RepoKind::Model, &format!("---\nlanguage: {}\n---\n", "x".repeat(10_000)));
    assert!(found.errors[0].message.len() < 300);
}
