//! The keys that sign id tokens (ES256), shared by all replicas through the database and replaced now and then.
//!
//! ring draws the key and the numbers of each signature from the system itself; no test depends on their values.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hub_core::Timestamp;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use serde::Serialize;
use sha2::Digest as _;

use crate::Accounts;
use crate::error::AccountError;
use crate::store::oauth_keys;

/// For how long a key signs, and for how long it is shown: longer by what an id token lives, with much to spare.
const SIGNS_MILLIS: i64 = 90 * 86_400_000;
const SHOWN_MILLIS: i64 = SIGNS_MILLIS + 2 * 86_400_000;

/// A public key in the form of RFC 7517.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct PublicJwk {
    kty: &'static str,
    crv: &'static str,
    r#use: &'static str,
    alg: &'static str,
    kid: String,
    x: String,
    y: String,
}

/// A key that signs.
pub(crate) struct SigningKey {
    kid: String,
    pair: EcdsaKeyPair,
}

impl SigningKey {
    fn of(kid: String, private: &[u8]) -> Result<Self, AccountError> {
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, private, &SystemRandom::new());
        let pair = pair.map_err(|_| AccountError::Damaged { what: "oauth_key.private_key" })?;
        Ok(Self { kid, pair })
    }

    /// The claims as a signed token.
    pub(crate) fn sign(&self, claims: &impl Serialize) -> Result<String, AccountError> {
        let header = serde_json::json!({ "alg": "ES256", "typ": "JWT", "kid": self.kid });
        let claims = serde_json::to_vec(claims).map_err(|_| AccountError::Damaged { what: "claims" })?;
        let head = format!("{}.{}", encode(header.to_string().as_bytes()), encode(&claims));
        let signed = self.pair.sign(&SystemRandom::new(), head.as_bytes());
        let signature = signed.map_err(|_| AccountError::Damaged { what: "oauth_key.private_key" })?;
        Ok(format!("{head}.{}", encode(signature.as_ref())))
    }

    fn public(&self) -> Option<PublicJwk> {
        // An uncompressed point: one byte 4, then 32 bytes for each coordinate.
        let point = self.pair.public_key().as_ref();
        let (x, y) = (point.get(1..33)?, point.get(33..65)?);
        let (x, y) = (encode(x), encode(y));
        Some(PublicJwk { kty: "EC", crv: "P-256", r#use: "sig", alg: "ES256", kid: self.kid.clone(), x, y })
    }
}

fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

impl Accounts {
    /// The public keys by which id tokens of this house are verified.
    pub async fn public_keys(&self) -> Result<Vec<PublicJwk>, AccountError> {
        self.signing_key().await?;
        let rows = oauth_keys::since(&self.inner.db, self.now().plus_millis(-SHOWN_MILLIS)).await?;
        let keys = rows.into_iter().map(|(kid, private)| Ok(SigningKey::of(kid, &private)?.public()));
        Ok(keys.collect::<Result<Vec<_>, AccountError>>()?.into_iter().flatten().collect())
    }

    /// The key that signs now; made if there is none, or if the newest has signed for long enough.
    pub(crate) async fn signing_key(&self) -> Result<SigningKey, AccountError> {
        let now = self.now();
        let rows = oauth_keys::since(&self.inner.db, now.plus_millis(-SIGNS_MILLIS)).await?;
        if let Some((kid, private)) = rows.into_iter().next() {
            return SigningKey::of(kid, &private);
        }
        let made = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new());
        let made = made.map_err(|_| AccountError::Damaged { what: "system randomness" })?;
        let kid = hex::encode(&sha2::Sha256::digest(made.as_ref())[..8]);
        self.keep_key(&kid, made.as_ref(), now).await?;
        SigningKey::of(kid, made.as_ref())
    }

    async fn keep_key(&self, kid: &str, private: &[u8], now: Timestamp) -> Result<(), AccountError> {
        let mut tx = self.inner.db.begin().await?;
        oauth_keys::delete_before(&mut tx, now.plus_millis(-SHOWN_MILLIS)).await?;
        oauth_keys::insert(&mut tx, kid, private, now).await?;
        Ok(tx.commit().await?)
    }
}
