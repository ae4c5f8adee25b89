//! A question that takes too long is given up: whoever looks for the answer asks now and then whether it is still wanted.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether a question was given up. Clones are the same.
#[derive(Clone, Default, Debug)]
pub struct Stop(Arc<AtomicBool>);

impl Stop {
    /// Gives the question up.
    pub fn set(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether it was given up. What is answered then is of no meaning.
    pub fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
