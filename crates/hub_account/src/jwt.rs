//! Tokens that others signed (RFC 7515, 7519): read and held against the signer's public keys. Pure: bytes in, claims out.
//!
//! Only signatures with a public key count; `none` and shared secrets are no proof to a third party. The algorithm is
//! taken from the token only as far as the key that it names fits it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{self, RsaPublicKeyComponents, UnparsedPublicKey};
use serde::Deserialize;
use serde_json::Value;

/// The longest token that is looked at.
const TOKEN_MAX: usize = 32 * 1024;
/// How far clocks may be apart, in seconds.
const LEEWAY_SECS: i64 = 60;

/// Why a token proves nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JwtError {
    /// It is no signed token.
    #[error("it is not a signed token")]
    Shape,
    /// Its key is not among those of the signer, or its algorithm is not known here.
    #[error("its key or its algorithm is not one that counts here")]
    Key,
    /// The signature is wrong.
    #[error("its signature is wrong")]
    Signature,
    /// It is of another issuer, for another audience, or not for now.
    #[error("its {0} is not as expected")]
    Claim(&'static str),
}

/// The public keys of a signer (RFC 7517), as it publishes them.
#[derive(Clone, Debug, Deserialize)]
pub struct KeySet {
    keys: Vec<Value>,
}

/// What a token must say.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Expected<'a> {
    /// Who signed it.
    pub(crate) issuer: &'a str,
    /// For whom.
    pub(crate) audience: &'a str,
    /// What was sent along, if something was.
    pub(crate) nonce: Option<&'a str>,
    /// The present, in seconds.
    pub(crate) now_secs: i64,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
}

/// The claims of a token that is signed by one of `keys` and says what is expected.
pub(crate) fn verify(token: &str, keys: &KeySet, expected: Expected<'_>) -> Result<Value, JwtError> {
    let parts: Vec<&str> = token.split('.').collect();
    let [head, body, proof] = parts[..] else { return Err(JwtError::Shape) };
    if token.len() > TOKEN_MAX {
        return Err(JwtError::Shape);
    }
    let read = |text: &str| decode(text).ok_or(JwtError::Shape);
    let header: Header = serde_json::from_slice(&read(head)?).map_err(|_| JwtError::Shape)?;
    let claims: Value = serde_json::from_slice(&read(body)?).map_err(|_| JwtError::Shape)?;
    let signed = &token[..head.len() + 1 + body.len()];
    let proof = read(proof)?;
    let named = |key: &&Value| match (&header.kid, key.get("kid").and_then(Value::as_str)) {
        (Some(wanted), Some(kid)) => wanted == kid,
        _ => true,
    };
    let mut outcome = Err(JwtError::Key);
    for key in keys.keys.iter().filter(named).take(20) {
        match is_signed_by(key, &header.alg, signed.as_bytes(), &proof) {
            Some(true) => {
                outcome = Ok(());
                break;
            }
            Some(false) => outcome = Err(JwtError::Signature),
            None => {}
        }
    }
    outcome?;
    check(&claims, expected)?;
    Ok(claims)
}

/// Who says to have signed a token. Nothing of it is proved: it tells only whose keys to fetch.
pub(crate) fn unproved_issuer(token: &str) -> Option<String> {
    if token.len() > TOKEN_MAX {
        return None;
    }
    let claims: Value = serde_json::from_slice(&decode(token.split('.').nth(1)?)?).ok()?;
    claims.get("iss").and_then(Value::as_str).map(str::to_owned)
}

fn check(claims: &Value, expected: Expected<'_>) -> Result<(), JwtError> {
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    let number = |name: &str| claims.get(name).and_then(Value::as_f64).map(|number| number as i64);
    let fits = |fits: bool, claim| if fits { Ok(()) } else { Err(JwtError::Claim(claim)) };
    fits(text("iss") == Some(expected.issuer), "issuer")?;
    let is_for_us = match claims.get("aud") {
        Some(Value::Array(many)) => {
            let listed = many.iter().any(|one| one.as_str() == Some(expected.audience));
            // Among several audiences one asked for it, and that must be us.
            listed && (many.len() == 1 || text("azp") == Some(expected.audience))
        }
        Some(one) => one.as_str() == Some(expected.audience),
        None => false,
    };
    fits(is_for_us, "audience")?;
    fits(number("exp").is_some_and(|end| end + LEEWAY_SECS > expected.now_secs), "time of expiry")?;
    fits(number("nbf").is_none_or(|begin| begin - LEEWAY_SECS <= expected.now_secs), "time of beginning")?;
    fits(number("iat").is_none_or(|made| made - LEEWAY_SECS <= expected.now_secs), "time of issue")?;
    fits(expected.nonce.is_none_or(|nonce| text("nonce") == Some(nonce)), "nonce")
}

/// Whether the key made the signature; nothing if it is no key for that algorithm.
fn is_signed_by(key: &Value, alg: &str, signed: &[u8], proof: &[u8]) -> Option<bool> {
    let text = |name: &str| key.get(name).and_then(Value::as_str);
    let bytes = |name: &str| text(name).and_then(decode);
    if text("use").is_some_and(|purpose| purpose != "sig") {
        return None;
    }
    let rsa = |parameters| {
        let components = RsaPublicKeyComponents { n: bytes("n")?, e: bytes("e")? };
        Some(components.verify(parameters, signed, proof).is_ok())
    };
    let curve = |algorithm, size| {
        let (x, y) = (bytes("x")?, bytes("y")?);
        if x.len() != size || y.len() != size {
            return None;
        }
        let point = [&[4], x.as_slice(), y.as_slice()].concat();
        Some(UnparsedPublicKey::new(algorithm, point).verify(signed, proof).is_ok())
    };
    match (alg, text("kty")?, text("crv")) {
        ("RS256", "RSA", _) => rsa(&signature::RSA_PKCS1_2048_8192_SHA256),
        ("RS384", "RSA", _) => rsa(&signature::RSA_PKCS1_2048_8192_SHA384),
        ("RS512", "RSA", _) => rsa(&signature::RSA_PKCS1_2048_8192_SHA512),
        ("PS256", "RSA", _) => rsa(&signature::RSA_PSS_2048_8192_SHA256),
        ("ES256", "EC", Some("P-256")) => curve(&signature::ECDSA_P256_SHA256_FIXED, 32),
        ("ES384", "EC", Some("P-384")) => curve(&signature::ECDSA_P384_SHA384_FIXED, 48),
        ("EdDSA", "OKP", Some("Ed25519")) => {
            Some(UnparsedPublicKey::new(&signature::ED25519, bytes("x")?).verify(signed, proof).is_ok())
        }
        _ => None,
    }
}

fn decode(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

#[cfg(test)]
mod tests;
