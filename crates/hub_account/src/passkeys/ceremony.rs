//! What an authenticator said, read and verified (WebAuthn level 2, 6.1, 7.1, 7.2). Pure: bytes in, a verdict out.

use ring::signature::{
    ECDSA_P256_SHA256_ASN1, ED25519, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey, VerificationAlgorithm,
};
use serde::Deserialize;
use sha2::Digest as _;

use super::{NewPasskey, PasskeyAnswer, PasskeyPlace, decode};
use crate::error::AccountError;

/// The most bytes of each part.
const PART_MAX: usize = 8192;
/// The most bytes of a credential's id, by the standard.
const CREDENTIAL_ID_MAX: usize = 1023;

/// Flags of the authenticator: a person was there, was recognised, and a new credential follows.
const PRESENT: u8 = 0x01;
const RECOGNISED: u8 = 0x04;
const HAS_CREDENTIAL: u8 = 0x40;

/// How the three kinds of keys begin as SubjectPublicKeyInfo; what follows is the key itself.
const P256: &[u8] = &[
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce,
    0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];
const EDWARDS: &[u8] = &[0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];
/// A key of RSA with a modulus of 2048 bits, as the chips of computers have them.
const RSA: &[u8] = &[
    0x30, 0x82, 0x01, 0x22, 0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00,
    0x03, 0x82, 0x01, 0x0f, 0x00,
];

#[derive(Deserialize)]
struct ClientData {
    r#type: String,
    challenge: String,
    origin: String,
    #[serde(default, rename = "crossOrigin")]
    cross_origin: bool,
}

/// A new passkey.
pub(crate) struct Registration {
    pub(crate) challenge: String,
    pub(crate) credential_id: Vec<u8>,
    pub(crate) public_key: Vec<u8>,
    pub(crate) sign_count: u32,
}

/// A sign-in.
pub(crate) struct Assertion {
    pub(crate) challenge: String,
    pub(crate) sign_count: u32,
    signed: Vec<u8>,
    signature: Vec<u8>,
}

/// The head of what an authenticator says: 32 bytes of hashed host, flags, a counter.
struct Head<'a> {
    flags: u8,
    sign_count: u32,
    rest: &'a [u8],
}

const REFUSED: AccountError = AccountError::PasskeyRefused;

fn client_data(place: &PasskeyPlace, bytes: &[u8], purpose: &str) -> Result<String, AccountError> {
    let data: ClientData = serde_json::from_slice(bytes).map_err(|_| REFUSED)?;
    let fits = data.r#type == purpose && data.origin == place.origin && !data.cross_origin;
    if fits { Ok(data.challenge) } else { Err(REFUSED) }
}

fn head<'a>(place: &PasskeyPlace, data: &'a [u8]) -> Result<Head<'a>, AccountError> {
    let (host, rest) = data.split_at_checked(32).ok_or(REFUSED)?;
    let (flags, rest) = rest.split_first().ok_or(REFUSED)?;
    let (count, rest) = rest.split_first_chunk::<4>().ok_or(REFUSED)?;
    let is_ours = host == sha2::Sha256::digest(place.host.as_bytes()).as_slice();
    if !is_ours || flags & PRESENT == 0 || flags & RECOGNISED == 0 || data.len() > PART_MAX {
        return Err(REFUSED);
    }
    Ok(Head { flags: *flags, sign_count: u32::from_be_bytes(*count), rest })
}

impl Registration {
    pub(crate) fn read(place: &PasskeyPlace, new: &NewPasskey) -> Result<Self, AccountError> {
        let challenge = client_data(place, &part(&new.client_data)?, "webauthn.create")?;
        let data = part(&new.authenticator_data)?;
        let head = head(place, &data)?;
        // 16 bytes tell the model of the authenticator, two the length of the id that follows.
        let rest = head.rest.get(16..).filter(|_| head.flags & HAS_CREDENTIAL != 0).ok_or(REFUSED)?;
        let (length, rest) = rest.split_first_chunk::<2>().ok_or(REFUSED)?;
        let length = usize::from(u16::from_be_bytes(*length));
        let credential_id = rest.get(..length).filter(|id| !id.is_empty() && id.len() <= CREDENTIAL_ID_MAX);
        let credential_id = credential_id.ok_or(REFUSED)?.to_vec();
        let public_key = part(&new.public_key)?;
        algorithm(&public_key)?;
        Ok(Self { challenge, credential_id, public_key, sign_count: head.sign_count })
    }
}

impl Assertion {
    pub(crate) fn read(place: &PasskeyPlace, answer: &PasskeyAnswer) -> Result<Self, AccountError> {
        let client = part(&answer.client_data)?;
        let challenge = client_data(place, &client, "webauthn.get")?;
        let data = part(&answer.authenticator_data)?;
        let sign_count = head(place, &data)?.sign_count;
        let signed = [data.as_slice(), sha2::Sha256::digest(&client).as_slice()].concat();
        Ok(Self { challenge, sign_count, signed, signature: part(&answer.signature)? })
    }

    /// Holds the signature against the key.
    pub(crate) fn verify(&self, public_key: &[u8]) -> Result<(), AccountError> {
        let (algorithm, key) = algorithm(public_key)?;
        UnparsedPublicKey::new(algorithm, key).verify(&self.signed, &self.signature).map_err(|_| REFUSED)
    }
}

/// How signatures of a key are verified, and the key as ring takes it.
fn algorithm(public_key: &[u8]) -> Result<(&'static dyn VerificationAlgorithm, &[u8]), AccountError> {
    let known: [(&[u8], usize, &'static dyn VerificationAlgorithm); 3] =
        [(P256, 65, &ECDSA_P256_SHA256_ASN1), (EDWARDS, 32, &ED25519), (RSA, 270, &RSA_PKCS1_2048_8192_SHA256)];
    for (prefix, length, algorithm) in known {
        if let Some(key) = public_key.strip_prefix(prefix).filter(|key| key.len() == length) {
            return Ok((algorithm, key));
        }
    }
    Err(REFUSED)
}

fn part(text: &str) -> Result<Vec<u8>, AccountError> {
    if text.len() > 2 * PART_MAX {
        return Err(REFUSED);
    }
    decode(text)
}
