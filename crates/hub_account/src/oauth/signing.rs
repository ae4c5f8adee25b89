//! The keys that sign id tokens, shared by all replicas through the database and replaced now and then: one of ES256, and
//! one of RS256 for the many clients that know nothing else.
//!
//! Keys and the numbers of signatures come from the system itself; no test depends on their values.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hub_core::Timestamp;
use ring::rand::{SecureRandom as _, SystemRandom};
use ring::rsa::PublicKeyComponents;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair};
use rsa::pkcs8::EncodePrivateKey as _;
use rsa::rand_core::{TryCryptoRng, TryRng};
use serde::Serialize;
use sha2::Digest as _;

use crate::Accounts;
use crate::error::AccountError;
use crate::store::oauth_keys;

/// For how long a key signs, and for how long it is shown: longer by what an id token lives, with much to spare.
const SIGNS_MILLIS: i64 = 90 * 86_400_000;
const SHOWN_MILLIS: i64 = SIGNS_MILLIS + 2 * 86_400_000;
/// The length of a key of RS256: enough for its ninety days, and every client reads it.
const RSA_BITS: usize = 2048;

/// An algorithm by which id tokens are signed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum SigningAlg {
    /// What every client of OpenID Connect knows, and what one gets that names none.
    #[default]
    Rs256,
    /// Shorter and faster.
    Es256,
}

impl SigningAlg {
    /// All of them, the usual one first.
    pub const ALL: [Self; 2] = [Self::Rs256, Self::Es256];

    /// The word of RFC 7518.
    pub fn word(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Es256 => "ES256",
        }
    }

    /// The algorithm of that word.
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|alg| alg.word() == word)
    }
}

/// A public key in the form of RFC 7517.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct PublicJwk {
    r#use: &'static str,
    alg: &'static str,
    kid: String,
    #[serde(flatten)]
    parameters: KeyParameters,
}

/// What is particular to a kind of key.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(tag = "kty")]
enum KeyParameters {
    #[serde(rename = "EC")]
    Curve { crv: &'static str, x: String, y: String },
    #[serde(rename = "RSA")]
    Rsa { n: String, e: String },
}

/// A key that signs.
pub(crate) struct SigningKey {
    kid: String,
    pair: KeyPair,
}

enum KeyPair {
    Es256(EcdsaKeyPair),
    Rs256(RsaKeyPair),
}

fn damaged<E>(_: E) -> AccountError {
    AccountError::Damaged { what: "oauth_key.private_key" }
}

impl SigningKey {
    /// Reads a private half as it is kept (PKCS #8).
    fn of(kid: String, alg: SigningAlg, private: &[u8]) -> Result<Self, AccountError> {
        let pair = match alg {
            SigningAlg::Rs256 => KeyPair::Rs256(RsaKeyPair::from_pkcs8(private).map_err(damaged)?),
            SigningAlg::Es256 => {
                let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, private, &SystemRandom::new());
                KeyPair::Es256(pair.map_err(damaged)?)
            }
        };
        Ok(Self { kid, pair })
    }

    fn alg(&self) -> SigningAlg {
        match self.pair {
            KeyPair::Es256(_) => SigningAlg::Es256,
            KeyPair::Rs256(_) => SigningAlg::Rs256,
        }
    }

    /// The claims as a signed token.
    pub(crate) fn sign(&self, claims: &impl Serialize) -> Result<String, AccountError> {
        let header = serde_json::json!({ "alg": self.alg().word(), "typ": "JWT", "kid": self.kid });
        let claims = serde_json::to_vec(claims).map_err(|_| AccountError::Damaged { what: "claims" })?;
        let head = format!("{}.{}", encode(header.to_string().as_bytes()), encode(&claims));
        let random = SystemRandom::new();
        let signature = match &self.pair {
            KeyPair::Es256(pair) => pair.sign(&random, head.as_bytes()).map_err(damaged)?.as_ref().to_vec(),
            KeyPair::Rs256(pair) => {
                let mut signature = vec![0; pair.public().modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &random, head.as_bytes(), &mut signature).map_err(damaged)?;
                signature
            }
        };
        Ok(format!("{head}.{}", encode(&signature)))
    }

    fn public(&self) -> Option<PublicJwk> {
        let parameters = match &self.pair {
            KeyPair::Es256(pair) => {
                // An uncompressed point: one byte 4, then 32 bytes for each coordinate.
                let point = pair.public_key().as_ref();
                let (x, y) = (point.get(1..33)?, point.get(33..65)?);
                KeyParameters::Curve { crv: "P-256", x: encode(x), y: encode(y) }
            }
            KeyPair::Rs256(pair) => {
                let PublicKeyComponents { n, e } = PublicKeyComponents::<Vec<u8>>::from(pair.public());
                KeyParameters::Rsa { n: encode(&n), e: encode(&e) }
            }
        };
        Some(PublicJwk { r#use: "sig", alg: self.alg().word(), kid: self.kid.clone(), parameters })
    }
}

fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The randomness of the system, as the maker of RSA keys wants it.
struct SystemRng(SystemRandom);

impl TryRng for SystemRng {
    type Error = ring::error::Unspecified;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Self::Error> {
        self.0.fill(bytes)
    }
}

impl TryCryptoRng for SystemRng {}

/// A fresh private half in the form of PKCS #8. One of RSA takes a good part of a second.
fn fresh_private(alg: SigningAlg) -> Option<Vec<u8>> {
    match alg {
        SigningAlg::Rs256 => {
            let mut random = rsa::rand_core::UnwrapErr(SystemRng(SystemRandom::new()));
            let key = rsa::RsaPrivateKey::new(&mut random, RSA_BITS).ok()?;
            Some(key.to_pkcs8_der().ok()?.as_bytes().to_vec())
        }
        SigningAlg::Es256 => {
            let made = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new());
            Some(made.ok()?.as_ref().to_vec())
        }
    }
}

impl Accounts {
    /// The public keys by which id tokens of this house are verified; there is one of each algorithm at least.
    pub async fn public_keys(&self) -> Result<Vec<PublicJwk>, AccountError> {
        for alg in SigningAlg::ALL {
            self.signing_key(alg).await?;
        }
        let keys = self.kept_keys(SHOWN_MILLIS).await?;
        let keys = keys.into_iter().map(|(kid, alg, private)| Ok(SigningKey::of(kid, alg, &private)?.public()));
        Ok(keys.collect::<Result<Vec<_>, AccountError>>()?.into_iter().flatten().collect())
    }

    /// The key that signs now; made if there is none, or if the newest has signed for long enough.
    pub(crate) async fn signing_key(&self, alg: SigningAlg) -> Result<SigningKey, AccountError> {
        if let Some(key) = self.present_key(alg).await? {
            return Ok(key);
        }
        // One at a time: making a key of RSA is work, and those who wait find what the first one made.
        let _turn = self.inner.key_making.lock().await;
        if let Some(key) = self.present_key(alg).await? {
            return Ok(key);
        }
        let made = tokio::task::spawn_blocking(move || fresh_private(alg)).await;
        let private = made.map_err(|_| AccountError::CutOff)?;
        let private = private.ok_or(AccountError::Damaged { what: "system randomness" })?;
        let kid = hex::encode(&sha2::Sha256::digest(&private)[..8]);
        self.keep_key(&kid, alg, &private).await?;
        SigningKey::of(kid, alg, &private)
    }

    async fn present_key(&self, alg: SigningAlg) -> Result<Option<SigningKey>, AccountError> {
        let newest = self.kept_keys(SIGNS_MILLIS).await?.into_iter().find(|(_, found, _)| *found == alg);
        newest.map(|(kid, alg, private)| SigningKey::of(kid, alg, &private)).transpose()
    }

    /// Names, algorithms and private halves of the keys that are not older than `millis`, newest first.
    async fn kept_keys(&self, millis: i64) -> Result<Vec<(String, SigningAlg, Vec<u8>)>, AccountError> {
        let rows = oauth_keys::since(&self.inner.db, self.now().plus_millis(-millis)).await?;
        let read = |(kid, alg, private): (String, String, Vec<u8>)| {
            let alg = SigningAlg::of_word(&alg).ok_or(AccountError::Damaged { what: "oauth_key.alg" })?;
            Ok((kid, alg, private))
        };
        rows.into_iter().map(read).collect()
    }

    async fn keep_key(&self, kid: &str, alg: SigningAlg, private: &[u8]) -> Result<(), AccountError> {
        let now: Timestamp = self.now();
        let mut tx = self.inner.db.begin().await?;
        oauth_keys::delete_before(&mut tx, now.plus_millis(-SHOWN_MILLIS)).await?;
        oauth_keys::insert(&mut tx, kid, alg.word(), private, now).await?;
        Ok(tx.commit().await?)
    }
}
