//! What the lists offer to filter by. Any other tag works as well, by its chip on a page or by hand in the address.

/// A band of parameter counts.
pub(super) struct Band {
    pub(super) name: &'static str,
    pub(super) shown: &'static str,
    pub(super) min: Option<u64>,
    pub(super) max: Option<u64>,
}

const fn band(name: &'static str, shown: &'static str, min: Option<u64>, max: Option<u64>) -> Band {
    Band { name, shown, min, max }
}

pub(super) const PARAMETERS: &[Band] = &[
    band("lt-100M", "< 100M", None, Some(99_999_999)),
    band("100M-1B", "100M – 1B", Some(100_000_000), Some(999_999_999)),
    band("1B-7B", "1B – 7B", Some(1_000_000_000), Some(6_999_999_999)),
    band("7B-34B", "7B – 34B", Some(7_000_000_000), Some(33_999_999_999)),
    band("34B-100B", "34B – 100B", Some(34_000_000_000), Some(99_999_999_999)),
    band("gt-100B", "> 100B", Some(100_000_000_000), None),
];

/// The tasks by what goes in and comes out.
pub(super) const MODALITIES: &[(&str, &[&str])] = &[
    (
        "modality.text",
        &[
            "text-generation",
            "text-classification",
            "token-classification",
            "question-answering",
            "table-question-answering",
            "zero-shot-classification",
            "translation",
            "summarization",
            "feature-extraction",
            "fill-mask",
            "sentence-similarity",
            "text-ranking",
            "text-retrieval",
            "multiple-choice",
            "table-to-text",
        ],
    ),
    (
        "modality.multimodal",
        &[
            "image-text-to-text",
            "image-text-to-image",
            "image-text-to-video",
            "visual-question-answering",
            "document-question-answering",
            "video-text-to-text",
            "visual-document-retrieval",
            "audio-text-to-text",
            "any-to-any",
        ],
    ),
    (
        "modality.vision",
        &[
            "text-to-image",
            "image-classification",
            "object-detection",
            "image-segmentation",
            "depth-estimation",
            "image-to-text",
            "image-to-image",
            "image-to-video",
            "unconditional-image-generation",
            "video-classification",
            "text-to-video",
            "video-to-video",
            "zero-shot-image-classification",
            "mask-generation",
            "zero-shot-object-detection",
            "text-to-3d",
            "image-to-3d",
            "image-feature-extraction",
            "keypoint-detection",
        ],
    ),
    (
        "modality.audio",
        &[
            "text-to-speech",
            "text-to-audio",
            "automatic-speech-recognition",
            "audio-to-audio",
            "audio-classification",
            "voice-activity-detection",
        ],
    ),
    (
        "modality.tabular",
        &["tabular-classification", "tabular-regression", "tabular-to-text", "time-series-forecasting"],
    ),
    ("modality.more", &["reinforcement-learning", "robotics", "graph-ml"]),
];

pub(super) const LIBRARIES: &[&str] = &[
    "transformers",
    "safetensors",
    "gguf",
    "diffusers",
    "peft",
    "sentence-transformers",
    "onnx",
    "mlx",
    "timm",
    "keras",
    "sklearn",
    "pytorch",
    "jax",
    "transformers.js",
];

pub(super) const LICENSES: &[&str] = &[
    "apache-2.0",
    "mit",
    "openrail",
    "cc-by-4.0",
    "cc-by-sa-4.0",
    "cc-by-nc-4.0",
    "cc0-1.0",
    "bsd-3-clause",
    "gpl-3.0",
    "llama3.1",
    "gemma",
    "other",
];

pub(super) const LANGUAGES: &[(&str, &str)] = &[
    ("en", "English"),
    ("zh", "中文"),
    ("es", "Español"),
    ("fr", "Français"),
    ("de", "Deutsch"),
    ("ja", "日本語"),
    ("ko", "한국어"),
    ("pt", "Português"),
    ("ru", "Русский"),
    ("it", "Italiano"),
    ("ar", "العربية"),
    ("hi", "हिन्दी"),
    ("tr", "Türkçe"),
    ("vi", "Tiếng Việt"),
    ("pl", "Polski"),
    ("nl", "Nederlands"),
    ("id", "Bahasa Indonesia"),
    ("code", "Code"),
    ("multilingual", "Multilingual"),
];
