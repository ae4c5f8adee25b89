//! The second factor: time-based codes of an authenticator app (RFC 6238: HMAC-SHA-1, 30 seconds, six digits, which is
//! what all apps know), and recovery codes that stand in for a lost app, each of them once.
//!
//! A key is shown, proved by a first code, and only then asked for. A code is taken once: what someone looked at over a
//! shoulder opens nothing. With a second factor the password alone opens nothing either, also not over HTTP Basic.

use hmac::{Hmac, KeyInit, Mac};
use hub_core::SecretString;
use sha1::Sha1;

use crate::Accounts;
use crate::audit::Act;
use crate::caller::By;
use crate::code::{digest, fresh_recovery_code};
use crate::error::AccountError;
use crate::namespace::NamespaceId;
use crate::store::factors;

/// How long a code is shown.
const STEP_SECS: i64 = 30;
/// How many steps a clock may be off, in either direction.
const DRIFT: i64 = 1;
/// Bytes of a key, as RFC 4226 recommends.
const KEY_BYTES: usize = 20;
/// How many recovery codes are given out.
const RECOVERY_CODES: usize = 10;

/// Where a person stands with the second factor.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SecondFactorState {
    /// Whether it is asked for.
    pub is_on: bool,
    /// How many recovery codes are left.
    pub recovery_codes: u64,
}

/// A key that an authenticator app shall take over.
#[derive(Clone, Debug)]
pub struct FactorKey {
    /// The key in base 32, for typing.
    pub base32: SecretString,
    /// The `otpauth` address, for apps that take one.
    pub url: SecretString,
}

impl Accounts {
    /// Where a person stands.
    pub async fn second_factor(&self, by: By<'_>, owner: NamespaceId) -> Result<SecondFactorState, AccountError> {
        by.person(owner)?;
        let is_on = factors::is_on(&self.inner.db, owner).await?;
        let codes = factors::recovery_codes(&self.inner.db, owner).await?;
        Ok(SecondFactorState { is_on, recovery_codes: u64::try_from(codes).unwrap_or_default() })
    }

    /// Gives a fresh key to be proved by [`Accounts::prove_second_factor`]; the key of an earlier try is void. `issuer`
    /// is what the app shows beside the account's name.
    pub async fn begin_second_factor(&self, caller: By<'_>, issuer: &str) -> Result<FactorKey, AccountError> {
        let user = caller.full_user()?.ok_or(AccountError::NeedsLogin)?;
        let mut key = [0; KEY_BYTES];
        self.inner.ids.fill(&mut key);
        let mut tx = self.inner.db.begin().await?;
        if !factors::put_unconfirmed(&mut tx, user.id, &key).await? {
            return Err(AccountError::SecondFactorOn);
        }
        tx.commit().await?;
        let base32 = base32(&key);
        let plain: String = issuer.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-')).collect();
        let url = format!("otpauth://totp/{plain}:{}?secret={base32}&issuer={plain}", user.name);
        Ok(FactorKey { base32: SecretString::new(base32), url: SecretString::new(url) })
    }

    /// Turns the second factor on, if `code` proves that the app has the key. Gives the recovery codes, once.
    pub async fn prove_second_factor(
        &self,
        caller: By<'_>,
        code: &SecretString,
    ) -> Result<Vec<SecretString>, AccountError> {
        let user = caller.full_user()?.ok_or(AccountError::NeedsLogin)?;
        let factor = factors::of(&self.inner.db, user.id).await?.ok_or(AccountError::WrongCode)?;
        if factor.is_confirmed {
            return Err(AccountError::SecondFactorOn);
        }
        let step = matching_step(&factor.secret, code, self.now().seconds(), 0).ok_or(AccountError::WrongCode)?;
        let codes: Vec<SecretString> = (0..RECOVERY_CODES).map(|_| fresh_recovery_code(&*self.inner.ids)).collect();
        let mut tx = self.inner.db.begin().await?;
        factors::confirm(&mut tx, user.id, self.now(), step).await?;
        factors::replace_recovery_codes(&mut tx, user.id, codes.iter().map(digest).collect()).await?;
        self.record(&mut tx, caller, Act::new("two-factor.on", user.name.as_str())).await?;
        tx.commit().await?;
        Ok(codes)
    }

    /// Turns the second factor off. A person proves themselves by a code; an administrator does it for another who lost
    /// app and codes.
    pub async fn drop_second_factor(
        &self,
        by: By<'_>,
        owner: NamespaceId,
        code: Option<&SecretString>,
    ) -> Result<(), AccountError> {
        by.person(owner)?;
        if by.is_self(owner) {
            let code = code.ok_or(AccountError::WrongCode)?;
            if !self.use_code(owner, code).await? {
                return Err(AccountError::WrongCode);
            }
        }
        let mut tx = self.inner.db.begin().await?;
        factors::delete(&mut tx, owner).await?;
        self.record(&mut tx, by, Act::new("two-factor.off", &owner.to_string())).await?;
        Ok(tx.commit().await?)
    }

    /// Whether the code is one of the app that was not used before, or a recovery code; either is used up.
    pub(crate) async fn use_code(&self, user: NamespaceId, code: &SecretString) -> Result<bool, AccountError> {
        let Some(factor) = factors::of(&self.inner.db, user).await?.filter(|factor| factor.is_confirmed) else {
            return Ok(false);
        };
        let mut tx = self.inner.db.begin().await?;
        let used = match matching_step(&factor.secret, code, self.now().seconds(), factor.last_step) {
            Some(step) => factors::use_step(&mut tx, user, step).await?,
            None => factors::take_recovery_code(&mut tx, user, digest(&plain_recovery_code(code))).await?,
        };
        tx.commit().await?;
        Ok(used)
    }
}

/// A recovery code without what people add when they type it.
fn plain_recovery_code(code: &SecretString) -> SecretString {
    let kept: String = code.reveal().chars().filter(|c| !c.is_whitespace()).collect();
    SecretString::new(kept)
}

/// The step at which the app shows `code`, if it lies near the present and after `after`.
fn matching_step(key: &[u8], code: &SecretString, now_secs: i64, after: i64) -> Option<i64> {
    let digits: String = code.reveal().chars().filter(|c| !c.is_whitespace()).collect();
    let present = now_secs.div_euclid(STEP_SECS);
    let steps = (present - DRIFT)..=(present + DRIFT);
    let mut found = None;
    for step in steps {
        // Every step is computed, so that the time this takes tells nothing.
        if six_digits(key, step).is_some_and(|right| right == digits) && step > after {
            found = Some(step);
        }
    }
    found
}

/// The code of a step (RFC 4226, 5.3).
fn six_digits(key: &[u8], step: i64) -> Option<String> {
    let mut mac = Hmac::<Sha1>::new_from_slice(key).ok()?;
    mac.update(&step.to_be_bytes());
    let hash = mac.finalize().into_bytes();
    let offset = usize::from(hash.last()? & 0x0f);
    let word: [u8; 4] = hash.get(offset..offset + 4)?.try_into().ok()?;
    Some(format!("{:06}", (u32::from_be_bytes(word) & 0x7fff_ffff) % 1_000_000))
}

/// Base 32 without padding (RFC 4648, 6).
fn base32(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let mut text = String::new();
    for chunk in bytes.chunks(5) {
        let mut group = [0; 8];
        group[3..3 + chunk.len()].copy_from_slice(chunk);
        let number = u64::from_be_bytes(group);
        let letters = (chunk.len() * 8).div_ceil(5);
        let letter = |place: usize| char::from(ALPHABET[usize::try_from(number >> (35 - 5 * place) & 31).unwrap_or(0)]);
        text.extend((0..letters).map(letter));
    }
    text
}

#[cfg(test)]
mod tests;
