//! The app of a static Space, for the door behind which it is served: an origin of its own, where nobody is signed in.
//!
//! The Space is named by the label of that origin. Where not everyone may use the app, the label carries when it ends
//! and a signature, so it opens the app to whom it was given and to no one else; it ends after an hour or two, and is the
//! same within an hour, so that what the app keeps in the browser is found again.

use hmac::Mac;
use hub_core::{Access, RepoKind, Visibility};

use crate::large::sealed::Purpose;
use crate::open::RepoState;
use crate::store::repos;
use crate::{Gating, Repo, RepoError, RepoId, Repos};

/// Characters of the name that stand in a label, for people who read it.
const NAME_MAX: usize = 16;
/// Characters of the signature: 125 bits.
const SIGNATURE_CHARS: usize = 25;
const HOUR_SECS: i64 = 3600;
/// How many hours a label is good for after the one in which it was made.
const HOURS: i64 = 1;
const DIGITS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

impl Repo {
    /// The label of the app's origin: a part of a host name, at most 63 characters.
    pub async fn app_label(&self) -> Result<String, RepoError> {
        self.require(Access::Read)?;
        let state = self.state();
        let name = readable(state.addr.name.as_str());
        let id = in_base_36(state.id.key());
        if is_open(state) {
            return Ok(format!("{name}-{id}"));
        }
        let ends = self.repos.clock().now().seconds() / HOUR_SECS + HOURS;
        let ends = in_base_36(ends);
        let signature = self.repos.app_signature(&id, &ends).await?;
        Ok(format!("{name}-{id}-{ends}-{signature}"))
    }
}

impl Repos {
    /// The Space behind a label, to be read.
    ///
    /// # Errors
    /// [`RepoError::RepoNotFound`] if there is none, or the label does not open it or has ended.
    pub async fn open_app(&self, label: &str) -> Result<Repo, RepoError> {
        let mut parts = label.rsplit('-');
        let mut next = || parts.next().ok_or(RepoError::RepoNotFound);
        let last = next()?;
        let signed = match last.len() {
            SIGNATURE_CHARS => Some((last, next()?)),
            _ => None,
        };
        let id = if signed.is_some() { next()? } else { last };
        let key =
            i64::from_str_radix(id, 36).ok().filter(|key| in_base_36(*key) == id).ok_or(RepoError::RepoNotFound)?;
        if let Some((signature, ends)) = signed {
            let good = self.app_signature(id, ends).await?;
            let hour = i64::from_str_radix(ends, 36).map_err(|_| RepoError::RepoNotFound)?;
            let differs = good.bytes().zip(signature.bytes()).fold(0, |difference, (a, b)| difference | (a ^ b));
            if differs != 0 || hour < self.clock().now().seconds() / HOUR_SECS {
                return Err(RepoError::RepoNotFound);
            }
        }
        let row = repos::by_id(self.db(), RepoId::from_key(key)).await?.ok_or(RepoError::RepoNotFound)?;
        let state = row.into_state()?;
        let may = state.addr.kind == RepoKind::Space && !state.disabled && (signed.is_some() || is_open(&state));
        if may { Ok(Repo::shown(self, state)) } else { Err(RepoError::RepoNotFound) }
    }

    async fn app_signature(&self, id: &str, ends: &str) -> Result<String, RepoError> {
        let mac = self.mac(Purpose::App, format!("{id}-{ends}").as_bytes()).await?;
        let bytes = mac.finalize().into_bytes();
        // Five bits of each byte are enough of them.
        Ok(bytes.iter().take(SIGNATURE_CHARS).map(|byte| char::from(DIGITS[usize::from(byte & 31)])).collect())
    }
}

/// Whether everyone may use the app.
fn is_open(state: &RepoState) -> bool {
    match state.visibility {
        Visibility::Protected => true,
        Visibility::Public => state.gating == Gating::Open,
        Visibility::Private => false,
    }
}

/// A name as part of a label.
fn readable(name: &str) -> String {
    let plain: String = name
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' })
        .take(NAME_MAX)
        .collect();
    let plain = plain.trim_matches('-');
    if plain.is_empty() { "space".to_owned() } else { plain.to_owned() }
}

fn in_base_36(number: i64) -> String {
    let mut rest = number.unsigned_abs();
    let mut digits = Vec::new();
    loop {
        digits.push(char::from_digit((rest % 36) as u32, 36).unwrap_or('0'));
        rest /= 36;
        if rest == 0 {
            return digits.into_iter().rev().collect();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_fit_a_host_name() {
        assert_eq!((readable("My_App.v2"), readable("___")), ("my-app-v2".to_owned(), "space".to_owned()));
        assert_eq!(in_base_36(0), "0");
        assert_eq!(i64::from_str_radix(&in_base_36(i64::MAX), 36).unwrap(), i64::MAX);
        let longest = NAME_MAX + 1 + in_base_36(i64::MAX).len() + 1 + 5 + 1 + SIGNATURE_CHARS;
        assert!(longest <= 63, "{longest}");
    }
}
