//! Words of the lists: tasks by modality, languages by their own names, bands of numbers.

/// A band of numbers, both ends included.
pub(super) struct Band {
    /// As it stands in addresses.
    pub(super) name: &'static str,
    pub(super) shown: &'static str,
    pub(super) min: Option<i64>,
    pub(super) max: Option<i64>,
}

const fn band(name: &'static str, shown: &'static str, min: Option<i64>, max: Option<i64>) -> Band {
    Band { name, shown, min, max }
}

pub(super) const PARAMETERS: &[Band] = &[
    band("lt-100M", "< 100M", Some(1), Some(99_999_999)),
    band("100M-1B", "100M – 1B", Some(100_000_000), Some(999_999_999)),
    band("1B-7B", "1B – 7B", Some(1_000_000_000), Some(6_999_999_999)),
    band("7B-34B", "7B – 34B", Some(7_000_000_000), Some(33_999_999_999)),
    band("34B-100B", "34B – 100B", Some(34_000_000_000), Some(99_999_999_999)),
    band("gt-100B", "> 100B", Some(100_000_000_000), None),
];

/// The memory of common devices.
pub(super) const MEMORY: &[Band] = &[
    band("4", "4 GB", None, Some(4_000_000_000)),
    band("8", "8 GB", None, Some(8_000_000_000)),
    band("16", "16 GB", None, Some(16_000_000_000)),
    band("24", "24 GB", None, Some(24_000_000_000)),
    band("48", "48 GB", None, Some(48_000_000_000)),
    band("80", "80 GB", None, Some(80_000_000_000)),
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
