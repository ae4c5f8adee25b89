//! How much memory a model needs to run: an estimate from what its files and tags say.
//!
//! Weights are loaded at half precision unless the tags say that they are stored in fewer bits; a fifth is added for
//! what is computed on the way. A long context needs more, an application that moves layers to and fro needs less.

/// Tags that say how a model's numbers were made smaller.
pub(crate) const QUANTIZATIONS: &[&str] =
    &["4-bit", "8-bit", "fp8", "mxfp4", "nvfp4", "gptq", "awq", "exl2", "exl3", "bitsandbytes", "compressed-tensors"];

/// Tags of about four bits a parameter, scales included, and of about eight.
const FOUR_BITS: &[&str] = &["4-bit", "gguf", "gptq", "awq", "exl2", "exl3", "mxfp4", "nvfp4"];
const EIGHT_BITS: &[&str] = &["8-bit", "fp8"];

/// The memory that a model of so many parameters needs, in bytes.
pub fn memory_of(parameters: u64, tags: &[String]) -> u64 {
    let has = |wanted: &[&str]| tags.iter().any(|tag| wanted.contains(&tag.as_str()));
    // In hundredths of a byte per parameter; GGUF repositories mostly offer a file of between four and five bits.
    let hundredths = if has(EIGHT_BITS) {
        108
    } else if has(FOUR_BITS) {
        60
    } else {
        200
    };
    let weights = u128::from(parameters) * hundredths / 100;
    u64::try_from(weights + weights / 5).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fewer_bits_need_less_memory() {
        let of = |parameters: u64, tags: &[&str]| {
            memory_of(parameters, &tags.iter().map(|tag| (*tag).to_owned()).collect::<Vec<_>>())
        };
        assert_eq!(of(7_000_000_000, &["transformers"]), 16_800_000_000);
        assert_eq!(of(7_000_000_000, &["gguf"]), 5_040_000_000);
        assert_eq!(of(7_000_000_000, &["8-bit", "gptq"]), 9_072_000_000);
        assert_eq!(of(0, &[]), 0);
        assert!(of(u64::MAX, &[]) == u64::MAX);
    }
}
