//! What is counted of the use of the chunk store.

use hub_http::{Counter, Metrics};

/// Figures of one process.
#[derive(Clone, Debug)]
pub struct XetFigures {
    /// Xorbs that came and were not here.
    pub(super) xorbs: Counter,
    /// Of those, the ones that came by way of the store.
    pub(super) granted: Counter,
    /// Bytes of the bodies of xorbs that came, new or not.
    pub(super) received_bytes: Counter,
    /// Files that shards told of.
    pub(super) files: Counter,
    /// Chunks that were asked for and found.
    pub(super) chunks_found: Counter,
    /// Recipes that were given out.
    pub(super) reconstructions: Counter,
    /// Bytes of xorbs that were asked for here; what a store serves by its own links is not seen.
    pub(super) sent_bytes: Counter,
}

impl XetFigures {
    /// Begins to count.
    pub fn new(metrics: &Metrics) -> Self {
        Self {
            xorbs: metrics.counter("hearth_xet_xorbs_total", "Xorbs received that were not here."),
            granted: metrics.counter("hearth_xet_granted_total", "Xorbs received by a link of the store."),
            received_bytes: metrics.counter("hearth_xet_received_bytes_total", "Bytes of xorbs received."),
            files: metrics.counter("hearth_xet_files_total", "Files registered by shards."),
            chunks_found: metrics.counter("hearth_xet_chunks_found_total", "Chunks asked for and found."),
            reconstructions: metrics.counter("hearth_xet_reconstructions_total", "Reconstructions given out."),
            sent_bytes: metrics.counter("hearth_xet_sent_bytes_total", "Bytes of xorbs sent."),
        }
    }
}
