//! What the configuration of a transformers model says: its task and the classes that load it.

use serde_json::{Map, Value, json};

use super::Sources;

/// Ends of architecture names, the task, and the class that loads it. The first that fits decides.
const ARCHITECTURES: &[(&str, &str, &str)] = &[
    ("ForCausalLM", "text-generation", "AutoModelForCausalLM"),
    ("LMHeadModel", "text-generation", "AutoModelForCausalLM"),
    ("ForMaskedLM", "fill-mask", "AutoModelForMaskedLM"),
    ("ForSequenceClassification", "text-classification", "AutoModelForSequenceClassification"),
    ("ForTokenClassification", "token-classification", "AutoModelForTokenClassification"),
    ("ForTableQuestionAnswering", "table-question-answering", "AutoModelForTableQuestionAnswering"),
    ("ForVisualQuestionAnswering", "visual-question-answering", "AutoModelForVisualQuestionAnswering"),
    ("ForDocumentQuestionAnswering", "document-question-answering", "AutoModelForDocumentQuestionAnswering"),
    ("ForQuestionAnswering", "question-answering", "AutoModelForQuestionAnswering"),
    ("ForMultipleChoice", "multiple-choice", "AutoModelForMultipleChoice"),
    ("ForImageClassification", "image-classification", "AutoModelForImageClassification"),
    ("ForVideoClassification", "video-classification", "AutoModelForVideoClassification"),
    ("ForAudioClassification", "audio-classification", "AutoModelForAudioClassification"),
    ("ForZeroShotObjectDetection", "zero-shot-object-detection", "AutoModelForZeroShotObjectDetection"),
    ("ForObjectDetection", "object-detection", "AutoModelForObjectDetection"),
    ("ForSemanticSegmentation", "image-segmentation", "AutoModelForSemanticSegmentation"),
    ("ForUniversalSegmentation", "image-segmentation", "AutoModelForUniversalSegmentation"),
    ("ForInstanceSegmentation", "image-segmentation", "AutoModelForInstanceSegmentation"),
    ("ForImageSegmentation", "image-segmentation", "AutoModelForImageSegmentation"),
    ("ForDepthEstimation", "depth-estimation", "AutoModelForDepthEstimation"),
    ("ForKeypointDetection", "keypoint-detection", "AutoModelForKeypointDetection"),
    ("ForCTC", "automatic-speech-recognition", "AutoModelForCTC"),
    ("ForSpeechSeq2Seq", "automatic-speech-recognition", "AutoModelForSpeechSeq2Seq"),
    ("ForPrediction", "time-series-forecasting", "AutoModel"),
    ("VisionEncoderDecoderModel", "image-to-text", "AutoModelForImageTextToText"),
    ("CLIPModel", "zero-shot-image-classification", "AutoModelForZeroShotImageClassification"),
    ("SiglipModel", "zero-shot-image-classification", "AutoModelForZeroShotImageClassification"),
    ("SamModel", "mask-generation", "AutoModelForMaskGeneration"),
    ("VitsModel", "text-to-speech", "AutoModelForTextToWaveform"),
];

/// Kinds of model whose architecture ends in `ForConditionalGeneration` and that write down speech.
const SPEECH_TO_TEXT: &[&str] = &["whisper", "speech_to_text", "moonshine", "voxtral"];
/// Kinds of model that speak or make music.
const TEXT_TO_AUDIO: &[&str] = &["musicgen", "musicgen_melody", "bark", "dia", "csm"];

/// The task and the loading class of an architecture.
fn by_architecture(config: &Map<String, Value>) -> Option<(Option<&'static str>, &'static str)> {
    let architecture = config.get("architectures")?.as_array()?.first()?.as_str()?;
    let is_of = |kinds: &[&str]| {
        config.get("model_type").and_then(Value::as_str).is_some_and(|model_type| kinds.contains(&model_type))
    };
    if is_of(TEXT_TO_AUDIO) {
        return Some((Some("text-to-audio"), "AutoModelForTextToWaveform"));
    }
    if let Some((_, task, class)) = ARCHITECTURES.iter().find(|(end, ..)| architecture.ends_with(end)) {
        return Some((Some(task), class));
    }
    if architecture.ends_with("ForConditionalGeneration") {
        return Some(if is_of(SPEECH_TO_TEXT) {
            (Some("automatic-speech-recognition"), "AutoModelForSpeechSeq2Seq")
        } else if config.contains_key("audio_config") && config.contains_key("vision_config") {
            (Some("any-to-any"), "AutoModelForMultimodalLM")
        } else if config.contains_key("audio_config") {
            (Some("audio-text-to-text"), "AutoModelForSeq2SeqLM")
        } else if config.contains_key("vision_config") {
            (Some("image-text-to-text"), "AutoModelForImageTextToText")
        } else {
            // A model from text to text: translation or summary, which the architecture does not tell.
            (None, "AutoModelForSeq2SeqLM")
        });
    }
    architecture.ends_with("Model").then_some((Some("feature-extraction"), "AutoModel"))
}

/// The task that `config.json` suggests.
pub(super) fn task(config: &Map<String, Value>) -> Option<&'static str> {
    by_architecture(config)?.0
}

/// Whether `config.json` is that of a transformers model.
pub(super) fn is_transformers(config: &Map<String, Value>) -> bool {
    config.get("model_type").is_some_and(Value::is_string) || config.get("architectures").is_some_and(Value::is_array)
}

/// How transformers loads the model; `None` if it does not.
pub(super) fn info(sources: &Sources<'_>) -> Option<Value> {
    let config = sources.config("config.json")?.as_object()?;
    let (task, class) = match by_architecture(config) {
        Some((task, class)) => (task, class),
        None if is_transformers(config) => (None, "AutoModel"),
        None => return None,
    };
    let mut info = Map::new();
    let custom = config.get("auto_map").and_then(Value::as_object).and_then(|map| {
        let (class, path) =
            map.get_key_value(class).or_else(|| map.iter().find(|(key, _)| key.starts_with("AutoModel")))?;
        Some((class, path.as_str()?))
    });
    info.insert("auto_model".to_owned(), json!(custom.map_or(class, |(class, _)| class)));
    if let Some((_, path)) = custom {
        info.insert("custom_class".to_owned(), json!(path));
    }
    if let Some(task) = task {
        info.insert("pipeline_tag".to_owned(), json!(task));
    }
    if let Some(processor) = processor(sources) {
        info.insert("processor".to_owned(), json!(processor));
    }
    Some(Value::Object(info))
}

/// Files that only a model with a preparation of pictures or sounds has.
const PREPARATION_FILES: &[&str] = &["processor_config.json", "preprocessor_config.json"];
/// Files of which a model with a tokenizer has at least one.
const TOKENIZER_FILES: &[&str] =
    &["tokenizer.json", "tokenizer_config.json", "vocab.json", "vocab.txt", "tokenizer.model", "spiece.model"];

/// Whether [`info`] asks for the file.
pub(super) fn tells(path: &str) -> bool {
    PREPARATION_FILES.contains(&path) || TOKENIZER_FILES.contains(&path)
}

fn processor(sources: &Sources<'_>) -> Option<&'static str> {
    if PREPARATION_FILES.iter().any(|path| sources.has(path)) {
        Some("AutoProcessor")
    } else {
        TOKENIZER_FILES.iter().any(|path| sources.has(path)).then_some("AutoTokenizer")
    }
}
