//! Formats read and written by Hearth: git objects, LFS pointers, attributes, safetensors, GGUF, cards.
