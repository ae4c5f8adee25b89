//! What only a folder can show: leftovers, sweeping, slow readers.
