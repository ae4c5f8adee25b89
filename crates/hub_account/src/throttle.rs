//! Slowing down those who guess: after some failures in a row at an account, or from an address, each further try has
//! to wait, longer every time.
//!
//! What is counted is a hash of the account's name as it was typed, whether or not it exists, so that nobody learns
//! from a wait which names do. An attacker can make an owner wait by failing on purpose, for at most five minutes; who
//! is signed in already, and tokens, are not touched.

use hub_core::{SecretString, Sha256, Timestamp};

use crate::Accounts;
use crate::code::digest;
use crate::error::AccountError;
use crate::namespace::NamespaceId;
use crate::store::failures;

/// Failures are forgotten when there was none for this long.
const FORGET_AFTER_MILLIS: i64 = 3_600_000;
/// The longest wait.
const WAIT_MAX_MILLIS: i64 = 300_000;

/// What failures are counted by.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Subject {
    hash: Sha256,
    /// Failures in a row that nobody has to wait after.
    free: u32,
}

impl Subject {
    /// The account that someone named.
    pub(crate) fn login(login: &str) -> Self {
        let cut: String = login.chars().take(300).collect();
        Self::of(&format!("login:{}", cut.to_lowercase()), 8)
    }

    /// The codes of one person.
    pub(crate) fn second_factor(user: NamespaceId) -> Self {
        Self::of(&format!("factor:{user}"), 5)
    }

    /// The codes of devices that one person enters.
    pub(crate) fn device(user: NamespaceId) -> Self {
        Self::of(&format!("device:{user}"), 10)
    }

    /// The secret of one app.
    pub(crate) fn app(client_id: &str) -> Self {
        Self::of(&format!("app:{client_id}"), 20)
    }

    /// Letters to one account or address.
    pub(crate) fn letter(login: &str) -> Self {
        let cut: String = login.trim().chars().take(300).collect();
        Self::of(&format!("letter:{}", cut.to_lowercase()), 4)
    }

    /// Letters that one address of the network asks for.
    pub(crate) fn letters_from(address: &str) -> Self {
        Self::of(&format!("letters-from:{address}"), 30)
    }

    /// The address that someone comes from; many people may share one.
    pub(crate) fn address(address: &str) -> Self {
        Self::of(&format!("address:{address}"), 100)
    }

    fn of(text: &str, free: u32) -> Self {
        Self { hash: digest(&SecretString::new(text)), free }
    }

    /// How long after the last failure the next try may come.
    fn wait_millis(&self, failures: i64) -> i64 {
        let beyond = failures - i64::from(self.free);
        if beyond < 0 {
            return 0;
        }
        1000_i64.checked_shl(u32::try_from(beyond.min(20)).unwrap_or(20)).unwrap_or(i64::MAX).min(WAIT_MAX_MILLIS)
    }
}

impl Accounts {
    /// Refuses a try that comes too soon after failures.
    pub(crate) async fn refuse_hasty(&self, subjects: &[Subject]) -> Result<(), AccountError> {
        let now = self.now();
        for subject in subjects {
            let Some((failures, last)) = failures::of(&self.inner.db, subject.hash).await? else { continue };
            let elapsed = now.millis() - last.millis();
            let left = subject.wait_millis(failures) - elapsed;
            if elapsed < FORGET_AFTER_MILLIS && left > 0 {
                return Err(AccountError::TooManyFailures { wait_secs: (left + 999) / 1000 });
            }
        }
        Ok(())
    }

    /// Counts a failure, and forgets old ones.
    pub(crate) async fn note_failure(&self, subjects: &[Subject]) -> Result<(), AccountError> {
        let now = self.now();
        let forget: Timestamp = now.plus_millis(-FORGET_AFTER_MILLIS);
        let mut tx = self.inner.db.begin().await?;
        failures::delete_before(&mut tx, forget).await?;
        // In one order everywhere, so that two tries cannot lock each other out.
        let mut hashes: Vec<Sha256> = subjects.iter().map(|subject| subject.hash).collect();
        hashes.sort_unstable();
        for hash in hashes {
            failures::add(&mut tx, hash, now).await?;
        }
        Ok(tx.commit().await?)
    }

    /// Forgets the failures at what was entered rightly at last.
    pub(crate) async fn forgive(&self, subject: &Subject) -> Result<(), AccountError> {
        if failures::of(&self.inner.db, subject.hash).await?.is_none() {
            return Ok(());
        }
        let mut tx = self.inner.db.begin().await?;
        failures::delete(&mut tx, subject.hash).await?;
        Ok(tx.commit().await?)
    }
}

#[cfg(test)]
mod tests;
