//! Passwords: what a new one must be, and the argon2id hash of it, computed away from the threads that serve requests.
//!
//! A hash is deliberately slow and takes tens of megabytes, so only a few are computed at a time and only a bounded
//! number may wait; whoever comes later is told to try again. This also slows the guessing of passwords.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use hub_core::{Ids, SecretString};
use tokio::sync::Semaphore;

use crate::error::AccountError;

/// Why a text is no password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    /// Fewer than [`PASSWORD_MIN`] characters.
    #[error("it needs at least {PASSWORD_MIN} characters")]
    TooShort,
    /// More than [`PASSWORD_MAX`] bytes.
    #[error("it is longer than {PASSWORD_MAX} bytes")]
    TooLong,
}

/// The fewest characters of a new password.
pub(crate) const PASSWORD_MIN: usize = 8;
/// The most bytes of a password: nobody types more, and a hash of megabytes would be a way to keep us busy.
pub(crate) const PASSWORD_MAX: usize = 1024;

/// What a password hash costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PasswordCost {
    /// Memory of one hash, in KiB.
    pub memory_kib: u32,
    /// Passes over the memory.
    pub passes: u32,
    /// How many hashes are computed at the same time.
    pub concurrent: usize,
    /// How many may wait for their turn.
    pub queue: usize,
}

impl Default for PasswordCost {
    /// 19 MiB and two passes, the first choice of the OWASP cheat sheet for password storage.
    fn default() -> Self {
        Self { memory_kib: 19 * 1024, passes: 2, concurrent: 2, queue: 64 }
    }
}

/// Holds a new password against the rules.
pub(crate) fn check_new(password: &SecretString) -> Result<(), PasswordError> {
    if password.reveal().chars().count() < PASSWORD_MIN {
        return Err(PasswordError::TooShort);
    }
    if password.reveal().len() > PASSWORD_MAX {
        return Err(PasswordError::TooLong);
    }
    Ok(())
}

/// Computes and checks hashes, a few at a time.
#[derive(Debug)]
pub(crate) struct PasswordHashes {
    argon: Argon2<'static>,
    turns: Arc<Semaphore>,
    inside: AtomicUsize,
    inside_max: usize,
}

/// Counts one caller in, and out again on every way out, a dropped request included.
struct Inside<'a>(&'a AtomicUsize);

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

impl PasswordHashes {
    /// Hashes at that cost; parameters that argon2 does not know fall back to its own.
    pub(crate) fn new(cost: PasswordCost) -> Self {
        let params = Params::new(cost.memory_kib, cost.passes, 1, None).unwrap_or_default();
        let concurrent = cost.concurrent.max(1);
        Self {
            argon: Argon2::new(Algorithm::Argon2id, Version::V0x13, params),
            turns: Arc::new(Semaphore::new(concurrent)),
            inside: AtomicUsize::new(0),
            inside_max: concurrent + cost.queue,
        }
    }

    /// Runs `work` on a thread that may block, when it is its turn.
    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Argon2<'static>) -> T + Send + 'static,
    ) -> Result<T, AccountError> {
        if self.inside.fetch_add(1, Ordering::AcqRel) >= self.inside_max {
            self.inside.fetch_sub(1, Ordering::AcqRel);
            return Err(AccountError::Busy);
        }
        let _inside = Inside(&self.inside);
        let turn = self.turns.clone().acquire_owned().await.map_err(|_| AccountError::CutOff)?;
        let argon = self.argon.clone();
        let task = tokio::task::spawn_blocking(move || {
            // The turn lasts until the hash is done, even if nobody waits for it any more.
            let _turn = turn;
            work(&argon)
        });
        task.await.map_err(|_| AccountError::CutOff)
    }

    /// The hash of a password in PHC form, under a fresh salt.
    pub(crate) async fn hash(&self, ids: &dyn Ids, password: &SecretString) -> Result<String, AccountError> {
        let mut salt = [0; 16];
        ids.fill(&mut salt);
        let password = password.clone();
        let hashed = self.run(move |argon| hash_with(argon, &salt, &password)).await?;
        hashed.ok_or(AccountError::Damaged { what: "fresh password hash" })
    }

    /// Whether `password` is the one behind `phc`. Without a `phc` the same work is done and the answer is no, so that
    /// nobody learns from the time it takes which names exist.
    pub(crate) async fn verify(&self, password: &SecretString, phc: Option<String>) -> Result<bool, AccountError> {
        if password.reveal().len() > PASSWORD_MAX {
            return Ok(false);
        }
        let password = password.clone();
        self.run(move |argon| match phc {
            Some(phc) => argon.verify_password(password.reveal().as_bytes(), phc.as_str()).is_ok(),
            None => {
                hash_with(argon, &[0; 16], &password);
                false
            }
        })
        .await
    }
}

fn hash_with(argon: &Argon2<'_>, salt: &[u8], password: &SecretString) -> Option<String> {
    let hash = argon.hash_password_with_salt(password.reveal().as_bytes(), salt).ok()?;
    Some(hash.to_string())
}

#[cfg(test)]
mod tests;
