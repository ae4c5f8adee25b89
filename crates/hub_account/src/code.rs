//! Secrets that Hearth gives out: values of tokens, invitations, the setup link. Only their SHA-256 is kept.
//!
//! A plain hash is enough, unlike for passwords: the values are random and long, so nobody can guess them from it, and
//! looking one up by its hash tells nothing through timing.

use hub_core::{Ids, SecretString, Sha256};
use sha2::Digest;

/// What every token begins with; llama.cpp sends no token that does not.
pub const TOKEN_PREFIX: &str = "hf_";
/// Random characters after the prefix; clients want 34 or more.
const TOKEN_RANDOM: usize = 37;
/// Random characters of a recovery code: 95 bits, and short enough to copy by hand.
const RECOVERY_RANDOM: usize = 16;
/// Random characters of an invitation or a setup code: 190 bits.
const CODE_RANDOM: usize = 32;

const ALPHABET: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// Text of `length` random letters and digits. 64 bits a character keep the alphabet's 62 equally likely for any purpose.
fn alphanumeric(ids: &dyn Ids, length: usize) -> String {
    let mut bytes = vec![0; 8 * length];
    ids.fill(&mut bytes);
    let pick = |chunk: &[u8]| {
        let number = chunk.iter().fold(0u64, |sum, byte| sum << 8 | u64::from(*byte));
        char::from(ALPHABET[usize::try_from(number % 62).unwrap_or_default()])
    };
    bytes.chunks_exact(8).map(pick).collect()
}

/// A fresh value for an access token.
pub(crate) fn fresh_token(ids: &dyn Ids) -> SecretString {
    SecretString::new(format!("{TOKEN_PREFIX}{}", alphanumeric(ids, TOKEN_RANDOM)))
}

/// A fresh code for a link that works once.
pub(crate) fn fresh_code(ids: &dyn Ids) -> SecretString {
    SecretString::new(alphanumeric(ids, CODE_RANDOM))
}

/// A fresh code that stands in for a lost authenticator app.
pub(crate) fn fresh_recovery_code(ids: &dyn Ids) -> SecretString {
    SecretString::new(alphanumeric(ids, RECOVERY_RANDOM))
}

/// What the forms of a session carry: nobody can know it who does not hold the session's value, and it does not tell
/// that value.
pub(crate) fn form_token(session: &SecretString) -> String {
    digest(&SecretString::new(format!("form:{}", session.reveal()))).to_string()
}

/// What is kept of a secret.
pub(crate) fn digest(secret: &SecretString) -> Sha256 {
    Sha256::new(sha2::Sha256::digest(secret.reveal().as_bytes()).into())
}
