//! Work that would hold an async worker too long, on as many threads as there are processors and no more.

use std::sync::Arc;

use tokio::sync::Semaphore;

use crate::CasError;

/// Gives turns on the blocking pool.
#[derive(Clone, Debug)]
pub(crate) struct Pool(Arc<Semaphore>);

impl Pool {
    pub(crate) fn new() -> Self {
        let threads = std::thread::available_parallelism().map_or(2, |count| count.get());
        Self(Arc::new(Semaphore::new(threads)))
    }

    /// Runs `work` when it has its turn. Once begun it ends, even if nobody waits for it any longer.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, CasError> {
        let turn = Arc::clone(&self.0).acquire_owned().await.map_err(CasError::stopped)?;
        let task = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            work()
        });
        task.await.map_err(CasError::stopped)
    }
}
