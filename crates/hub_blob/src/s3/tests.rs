//! What can be shown without a server: part sizes, and the list of uploads.
