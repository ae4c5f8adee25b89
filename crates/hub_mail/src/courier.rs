//! Delivers letters by SMTP, one connection for each: a house writes few letters, and none waits behind another.

use std::time::Duration;

use hub_core::SecretString;
use hub_jobs::JobError;
use lettre::message::header::ContentType;
use lettre::message::{Mailbox, Message};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use serde::Deserialize;

use crate::Letter;

/// How long one step of a conversation with the mail server may take.
const STEP: Duration = Duration::from_secs(30);

/// How the connection to the mail server is protected.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MailSecurity {
    /// TLS from the first byte, usually on port 465.
    Tls,
    /// A plain beginning that must turn into TLS, usually on port 587.
    #[default]
    Starttls,
    /// None: only for a server on the same machine or network.
    None,
}

/// The mail server, and in whose name letters are sent.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MailConfig {
    /// The host of the mail server; without one no mail is sent.
    pub host: Option<String>,
    /// Its port; without one, the usual one of `security`.
    pub port: Option<u16>,
    /// How the connection is protected.
    pub security: MailSecurity,
    /// The account at the mail server, if it wants one.
    pub user: Option<String>,
    /// Its password.
    pub password: Option<SecretString>,
    /// The sender: `Hearth <hearth@example.org>`.
    pub from: Option<String>,
}

/// Why letters cannot be delivered as configured.
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    /// `mail.from` is missing or no address.
    #[error("mail.host is set, so mail.from must be an address such as \"Hearth <hearth@example.org>\"")]
    From,
    /// The name of the mail server cannot be one.
    #[error("mail.host is not a name that TLS can check")]
    Host(#[source] lettre::transport::smtp::Error),
}

/// Delivers letters.
#[derive(Clone)]
pub struct Courier {
    from: Mailbox,
    transport: AsyncSmtpTransport<Tokio1Executor>,
}

impl std::fmt::Debug for Courier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Courier").field("from", &self.from).finish_non_exhaustive()
    }
}

impl Courier {
    /// The courier of a configuration; nothing if it names no mail server.
    pub fn new(config: &MailConfig) -> Result<Option<Self>, MailError> {
        let Some(host) = config.host.as_deref().filter(|host| !host.is_empty()) else { return Ok(None) };
        let from = config.from.as_deref().unwrap_or_default().parse().map_err(|_| MailError::From)?;
        let parameters = || TlsParameters::new(host.to_owned()).map_err(MailError::Host);
        let (tls, port) = match config.security {
            MailSecurity::Tls => (Tls::Wrapper(parameters()?), 465),
            MailSecurity::Starttls => (Tls::Required(parameters()?), 587),
            MailSecurity::None => (Tls::None, 25),
        };
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(host)
            .port(config.port.unwrap_or(port))
            .tls(tls)
            .timeout(Some(STEP));
        if let (Some(user), Some(password)) = (&config.user, &config.password) {
            builder = builder.credentials(Credentials::new(user.clone(), password.reveal().to_owned()));
        }
        Ok(Some(Self { from, transport: builder.build() }))
    }

    /// Delivers one letter.
    ///
    /// # Errors
    /// [`JobError::GiveUp`] for an address that is none and for what the server refuses for good.
    pub async fn deliver(&self, letter: &Letter) -> Result<(), JobError> {
        let message = self.message(letter)?;
        match self.transport.send(message).await {
            Ok(_) => Ok(()),
            Err(error) if error.is_permanent() => Err(JobError::give_up(error)),
            Err(error) => Err(error.into()),
        }
    }

    fn message(&self, letter: &Letter) -> Result<Message, JobError> {
        let address = letter.to().parse().map_err(JobError::give_up)?;
        let message = Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, address))
            .subject(letter.subject())
            .header(ContentType::TEXT_PLAIN)
            .header(AutoSubmitted)
            .body(letter.text().to_owned());
        message.map_err(JobError::give_up)
    }
}

/// Says that no person wrote the letter, so that nobody's holiday notice answers it (RFC 3834).
#[derive(Clone)]
struct AutoSubmitted;

impl lettre::message::header::Header for AutoSubmitted {
    fn name() -> lettre::message::header::HeaderName {
        lettre::message::header::HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> lettre::message::header::HeaderValue {
        lettre::message::header::HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

#[cfg(test)]
mod tests;
