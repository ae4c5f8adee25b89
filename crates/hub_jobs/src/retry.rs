//! When a job that failed is tried again.

use std::time::Duration;

use hub_core::Ids;

/// How often a job is tried, and how long it rests between attempts.
#[derive(Clone, Debug)]
pub struct RetryPolicy {
    /// After so many attempts it is dead.
    pub max_attempts: u32,
    /// The rest after the first attempt; each later one is twice as long.
    pub first_delay: Duration,
    /// The longest rest.
    pub longest_delay: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self { max_attempts: 10, first_delay: Duration::from_secs(5), longest_delay: Duration::from_secs(3600) }
    }
}

impl RetryPolicy {
    /// How long a job rests after its attempt number `attempt` (the first is 1); `None` if that was the last.
    ///
    /// Up to a quarter is added by chance, so that jobs that failed together do not come back together.
    pub(crate) fn delay_after(&self, attempt: i64, ids: &dyn Ids) -> Option<Duration> {
        if attempt >= i64::from(self.max_attempts) {
            return None;
        }
        let doublings = u32::try_from(attempt - 1).unwrap_or(0).min(30);
        let rest = self.first_delay.saturating_mul(1 << doublings).min(self.longest_delay);
        let mut chance = [0];
        ids.fill(&mut chance);
        Some(rest + rest.mul_f64(f64::from(chance[0]) / 1024.0))
    }
}

#[cfg(test)]
mod tests;
