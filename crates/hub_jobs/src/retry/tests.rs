//! The rests between attempts.

use super::*;

/// Chance that always falls the same way.
#[derive(Debug)]
struct Loaded(u8);

impl Ids for Loaded {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(self.0);
    }
}

#[test]
fn rests_double_up_to_a_limit_and_end() {
    let policy =
        RetryPolicy { max_attempts: 6, first_delay: Duration::from_secs(10), longest_delay: Duration::from_secs(60) };
    let rests = |chance| -> Vec<Option<u64>> {
        (1..=6).map(|attempt| policy.delay_after(attempt, &Loaded(chance)).map(|rest| rest.as_secs())).collect()
    };
    assert_eq!(rests(0), [Some(10), Some(20), Some(40), Some(60), Some(60), None]);
    assert_eq!(rests(255), [Some(12), Some(24), Some(49), Some(74), Some(74), None]);
}

#[test]
fn a_great_number_of_attempts_does_no_harm() {
    let policy = RetryPolicy { max_attempts: u32::MAX, ..RetryPolicy::default() };
    assert_eq!(policy.delay_after(i64::from(u32::MAX) - 1, &Loaded(0)), Some(Duration::from_secs(3600)));
}
