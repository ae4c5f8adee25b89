//! Signed permissions that travel as text: JSON and its HMAC under a key of this instance, one key for each purpose.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::Sha256 as Sha256Hasher;

use crate::store::secrets;
use crate::{RepoError, Repos};

/// What a permission is for: a text that was sealed for one purpose is void for the other.
#[derive(Clone, Copy)]
pub(crate) enum Purpose {
    /// To send a large file.
    Upload,
    /// To use the chunk store.
    Xet,
    /// To use the app of a Space.
    App,
}

impl Purpose {
    /// The name of the key's row.
    fn key_name(self) -> &'static str {
        match self {
            Purpose::Upload => "upload_ticket",
            Purpose::Xet => "xet_token",
            Purpose::App => "app_label",
        }
    }
}

impl Repos {
    /// The permission as text, fit for a link or a header.
    pub(crate) async fn seal_for<T: Serialize + Sync>(&self, purpose: Purpose, value: &T) -> Result<String, RepoError> {
        let body = serde_json::to_vec(value)
            .map_err(|error| RepoError::Inconsistent(format!("a permission is JSON: {error}")))?;
        let signature = self.mac(purpose, &body).await?.finalize().into_bytes();
        Ok(format!("{}.{}", URL_SAFE_NO_PAD.encode(&body), URL_SAFE_NO_PAD.encode(signature)))
    }

    /// Reads a permission back; `None` if this instance did not seal it for that purpose.
    pub(crate) async fn unseal_for<T: DeserializeOwned>(
        &self,
        purpose: Purpose,
        text: &str,
    ) -> Result<Option<T>, RepoError> {
        let decoded = text.split_once('.').and_then(|(body, signature)| {
            Some((URL_SAFE_NO_PAD.decode(body).ok()?, URL_SAFE_NO_PAD.decode(signature).ok()?))
        });
        let Some((body, signature)) = decoded else { return Ok(None) };
        if self.mac(purpose, &body).await?.verify_slice(&signature).is_err() {
            return Ok(None);
        }
        Ok(serde_json::from_slice(&body).ok())
    }

    /// The signature of a text, to be finished.
    pub(crate) async fn mac(&self, purpose: Purpose, body: &[u8]) -> Result<Hmac<Sha256Hasher>, RepoError> {
        let key = secrets::get_or_create(self.db(), purpose.key_name(), self.ids()).await?;
        let mut mac = Hmac::<Sha256Hasher>::new_from_slice(&key)
            .map_err(|_| RepoError::Inconsistent("a key of this instance cannot be used".to_owned()))?;
        mac.update(body);
        Ok(mac)
    }
}
