use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use serde_json::json;

use super::*;

fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

struct Signer {
    pair: EcdsaKeyPair,
}

impl Signer {
    fn new() -> Self {
        let made = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new()).unwrap();
        let random = SystemRandom::new();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, made.as_ref(), &random).unwrap();
        Self { pair }
    }

    fn keys(&self) -> KeySet {
        let point = self.pair.public_key().as_ref();
        let (x, y) = (encode(&point[1..33]), encode(&point[33..]));
        KeySet { keys: vec![json!({ "kty": "EC", "crv": "P-256", "kid": "k", "use": "sig", "x": x, "y": y })] }
    }

    fn sign(&self, header: Value, claims: &Value) -> String {
        let head = format!("{}.{}", encode(header.to_string().as_bytes()), encode(claims.to_string().as_bytes()));
        let proof = self.pair.sign(&SystemRandom::new(), head.as_bytes()).unwrap();
        format!("{head}.{}", encode(proof.as_ref()))
    }
}

const EXPECTED: Expected<'_> =
    Expected { issuer: "https://id.example.org", audience: "hearth", nonce: Some("n"), now_secs: 1000 };

fn claims() -> Value {
    json!({ "iss": "https://id.example.org", "aud": "hearth", "nonce": "n", "exp": 1100, "iat": 990, "sub": "7" })
}

fn with(name: &str, value: Value) -> Value {
    let mut claims = claims();
    claims[name] = value;
    claims
}

#[test]
fn a_signed_token_for_us_and_for_now_counts() {
    let signer = Signer::new();
    let head = json!({ "alg": "ES256", "kid": "k" });
    let check = |claims: &Value| verify(&signer.sign(head.clone(), claims), &signer.keys(), EXPECTED);
    assert_eq!(check(&claims()).unwrap()["sub"], "7");
    assert!(check(&with("aud", json!(["hearth"]))).is_ok());
    let several = with("aud", json!(["other", "hearth"]));
    assert_eq!(check(&several), Err(JwtError::Claim("audience")));
    for (name, value, claim) in [
        ("iss", json!("https://evil.example"), "issuer"),
        ("aud", json!("other"), "audience"),
        ("aud", json!(null), "audience"),
        ("exp", json!(900), "time of expiry"),
        ("exp", json!("never"), "time of expiry"),
        ("nbf", json!(1100), "time of beginning"),
        ("iat", json!(1100), "time of issue"),
        ("nonce", json!("m"), "nonce"),
    ] {
        assert_eq!(check(&with(name, value)), Err(JwtError::Claim(claim)), "{name}");
    }
}

#[test]
fn a_token_that_nobody_or_another_signed_proves_nothing() {
    let (signer, other) = (Signer::new(), Signer::new());
    let head = json!({ "alg": "ES256", "kid": "k" });
    let token = signer.sign(head.clone(), &claims());
    assert_eq!(verify(&token, &other.keys(), EXPECTED), Err(JwtError::Signature));
    let changed = token.replacen('.', ".e30", 1);
    assert!(verify(&changed, &signer.keys(), EXPECTED).is_err());
    for alg in ["none", "HS256", "RS256", "ES384", "EdDSA"] {
        let token = signer.sign(json!({ "alg": alg, "kid": "k" }), &claims());
        assert_eq!(verify(&token, &signer.keys(), EXPECTED), Err(JwtError::Key), "{alg}");
    }
    let unknown = signer.sign(json!({ "alg": "ES256", "kid": "x" }), &claims());
    assert_eq!(verify(&unknown, &signer.keys(), EXPECTED), Err(JwtError::Key));
    let unsigned = format!("{}.", &token[..token.rfind('.').unwrap()]);
    for text in ["", ".", "..", "a.b.c", "a.b.c.d", unsigned.as_str(), &"x".repeat(40_000)] {
        assert!(verify(text, &signer.keys(), EXPECTED).is_err(), "{text}");
    }
}
