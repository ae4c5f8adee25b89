//! Public keys in the form of OpenSSH's `id_….pub`: an algorithm, the key in base64, perhaps a comment.
//!
//! ```text
//! key     = string algorithm, then by algorithm:
//! ed25519   string of 32 bytes          (sk-…: string application after it)
//! ecdsa     string curve, string point  (sk-…: string application after it)
//! rsa       mpint exponent, mpint modulus
//! string  = length as 4 bytes, most significant first, and as many bytes
//! ```

use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hub_core::Sha256;
use sha2::Digest;

/// Why a text is no public key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PublicKeyError {
    /// Somebody pasted the half that nobody else may see.
    #[error("this is a private key, which must stay with you: paste the file that ends in .pub")]
    Private,
    /// Not the form of OpenSSH.
    #[error("not a public key of OpenSSH: paste the one line of a file such as ~/.ssh/id_ed25519.pub")]
    Malformed,
    /// A kind of key that is not taken, or no longer.
    #[error(
        "keys of this kind are not taken: use ssh-ed25519, ecdsa-sha2-nistp256/384/521, ssh-rsa or their sk- forms"
    )]
    Algorithm,
    /// An RSA key that can be broken.
    #[error("RSA keys need at least 2048 bits: make a new key with `ssh-keygen -t ed25519`")]
    Weak,
}

/// A public key that may open an account.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PublicKey(Vec<u8>);

/// The most characters of a line; RSA keys of 16384 bits have some 2800.
const LINE_MAX: usize = 16 << 10;
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=16384;

impl PublicKey {
    /// The key as SSH sends it.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The SHA-256 by which it is found.
    pub fn fingerprint(&self) -> Sha256 {
        fingerprint_of(&self.0)
    }

    /// Checks a key as SSH sends it.
    fn from_bytes(bytes: Vec<u8>) -> Result<Self, PublicKeyError> {
        let mut rest = Fields(&bytes);
        let algorithm = rest.next().ok_or(PublicKeyError::Malformed)?;
        let sizes: &[usize] = match algorithm {
            b"ssh-ed25519" => &[32],
            b"sk-ssh-ed25519@openssh.com" => &[32, 0],
            b"ecdsa-sha2-nistp256" => &[8, 65],
            b"ecdsa-sha2-nistp384" => &[8, 97],
            b"ecdsa-sha2-nistp521" => &[8, 133],
            b"sk-ecdsa-sha2-nistp256@openssh.com" => &[8, 65, 0],
            b"ssh-rsa" => &[0, 0],
            _ => return Err(PublicKeyError::Algorithm),
        };
        for size in sizes {
            let field = rest.next().filter(|field| if *size == 0 { !field.is_empty() } else { field.len() == *size });
            let field = field.ok_or(PublicKeyError::Malformed)?;
            if algorithm == b"ssh-rsa" && std::ptr::eq(size, &sizes[1]) && !RSA_BITS.contains(&bits(field)) {
                return Err(PublicKeyError::Weak);
            }
        }
        if !rest.0.is_empty() {
            return Err(PublicKeyError::Malformed);
        }
        Ok(Self(bytes))
    }
}

impl FromStr for PublicKey {
    type Err = PublicKeyError;

    fn from_str(text: &str) -> Result<Self, PublicKeyError> {
        let text = text.trim();
        if text.contains("PRIVATE KEY") {
            return Err(PublicKeyError::Private);
        }
        if text.len() > LINE_MAX || text.lines().count() != 1 {
            return Err(PublicKeyError::Malformed);
        }
        let mut words = text.split_ascii_whitespace();
        let (Some(algorithm), Some(key)) = (words.next(), words.next()) else { return Err(PublicKeyError::Malformed) };
        let bytes = STANDARD.decode(key).map_err(|_| PublicKeyError::Malformed)?;
        if algorithm_of(&bytes) != algorithm {
            return Err(PublicKeyError::Malformed);
        }
        Self::from_bytes(bytes)
    }
}

/// The algorithm that a key names.
pub(super) fn algorithm_of(bytes: &[u8]) -> &str {
    Fields(bytes).next().and_then(|name| std::str::from_utf8(name).ok()).unwrap_or_default()
}

pub(super) fn fingerprint_of(bytes: &[u8]) -> Sha256 {
    Sha256::new(sha2::Sha256::digest(bytes).into())
}

/// The bits of an mpint, which may begin with a zero byte for its sign.
fn bits(mpint: &[u8]) -> usize {
    let significant = &mpint[mpint.iter().take_while(|byte| **byte == 0).count()..];
    significant.first().map_or(0, |first| 8 * significant.len() - first.leading_zeros() as usize)
}

struct Fields<'a>(&'a [u8]);

impl<'a> Iterator for Fields<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let (length, rest) = self.0.split_first_chunk::<4>()?;
        let (field, rest) = rest.split_at_checked(u32::from_be_bytes(*length) as usize)?;
        self.0 = rest;
        Some(field)
    }
}

#[cfg(test)]
mod tests;
