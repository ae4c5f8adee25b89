//! What pages and clients want to know of a GGUF header.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Header, Value, file_type_name, tensor_type_name};

/// The facts under the names by which clients read them.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct GgufFacts {
    /// The number of parameters.
    pub total: u64,
    /// `llama`, `qwen2` and so on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub architecture: Option<String>,
    /// The longest text in tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub context_length: Option<u64>,
    /// The name by which people call the quantisation: `Q4_K_M`, `F16`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quantization: Option<String>,
    /// The template that makes a text of a conversation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chat_template: Option<String>,
    /// The token that begins a sequence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bos_token: Option<String>,
    /// The token that ends a sequence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub eos_token: Option<String>,
    /// The file that weighed the quantisation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quantize_imatrix_file: Option<String>,
}

impl Header {
    /// The number of all elements.
    pub fn total_parameters(&self) -> u64 {
        self.tensors.iter().fold(0, |total: u64, tensor| total.saturating_add(tensor.elements()))
    }

    /// The number of elements of each type.
    pub fn parameters(&self) -> BTreeMap<String, u64> {
        let mut counts = BTreeMap::new();
        for tensor in &self.tensors {
            let name = tensor_type_name(tensor.type_number)
                .map_or_else(|| format!("type {}", tensor.type_number), str::to_owned);
            let count: &mut u64 = counts.entry(name).or_default();
            *count = count.saturating_add(tensor.elements());
        }
        counts
    }

    /// The facts; what the header does not say is missing.
    pub fn facts(&self) -> GgufFacts {
        let text = |key: &str| self.get(key).and_then(Value::as_text).map(str::to_owned);
        let architecture = text("general.architecture");
        let context_key = architecture.as_ref().map(|architecture| format!("{architecture}.context_length"));
        let file_type = self.get("general.file_type").and_then(Value::as_unsigned);
        GgufFacts {
            total: self.total_parameters(),
            context_length: context_key.and_then(|key| self.get(&key)?.as_unsigned()),
            architecture,
            quantization: file_type.and_then(file_type_name).or_else(|| self.commonest_type()).map(str::to_owned),
            chat_template: text("tokenizer.chat_template"),
            bos_token: self.bos_token.clone(),
            eos_token: self.eos_token.clone(),
            quantize_imatrix_file: text("quantize.imatrix.file"),
        }
    }

    /// The type of most elements, for files that do not name their quantisation.
    fn commonest_type(&self) -> Option<&'static str> {
        let mut counts: BTreeMap<u32, u64> = BTreeMap::new();
        for tensor in &self.tensors {
            let count = counts.entry(tensor.type_number).or_default();
            *count = count.saturating_add(tensor.elements());
        }
        counts.into_iter().max_by_key(|(_, count)| *count).and_then(|(number, _)| tensor_type_name(number))
    }
}
