//! Letters about accounts: the link to a new password, and the proof that an address of mail receives mail.
//!
//! Nobody learns from these use cases which addresses belong to an account, and nobody can have a person flooded: what
//! is asked for too often waits like wrong passwords do. A link works once and for a day at most.

use hub_core::{NamespaceName, SecretString};
use hub_mail::{Letter, Mail};

use crate::Accounts;
use crate::audit::Act;
use crate::caller::By;
use crate::code::{digest, fresh_code};
use crate::error::AccountError;
use crate::label::Email;
use crate::namespace::NamespaceId;
use crate::store::{email_proofs, resets, users};
use crate::throttle::Subject;
use crate::users::User;

/// How long the link to a new password can be used after it was sent: an hour.
const RESET_TTL_MILLIS: i64 = 3_600_000;
/// How long an address can be proved: a day.
const PROOF_TTL_MILLIS: i64 = 86_400_000;

/// The words of a letter in the reader's language; `{name}` and `{link}` are put in, and `¶` parts paragraphs.
#[derive(Clone, Copy, Debug)]
pub struct LetterWords<'a> {
    /// What it is about.
    pub subject: &'a str,
    /// What it says.
    pub text: &'a str,
}

impl LetterWords<'_> {
    fn to(&self, email: &Email, name: &NamespaceName, link: &str) -> Letter {
        let fill = |text: &str| text.replace("{name}", name.as_str()).replace("{link}", link);
        let text = self.text.replace('¶', "\n\n");
        let text: Vec<&str> = text.lines().map(str::trim).collect();
        Letter::new(email.as_str(), &fill(self.subject), &fill(&text.join("\n")))
    }
}

impl Accounts {
    /// The door by which letters go out.
    pub fn mail(&self) -> &Mail {
        &self.inner.mail
    }

    /// Sends a link to a new password to the address of an account, if there is one under this name or address. The
    /// answer is the same if there is none.
    ///
    /// # Errors
    /// [`AccountError::TooManyFailures`] if it is asked for too often; [`AccountError::NoMail`] without a mail server.
    pub async fn mail_password_reset(
        &self,
        login: &str,
        address: &str,
        words: LetterWords<'_>,
    ) -> Result<(), AccountError> {
        if !self.inner.mail.is_on() {
            return Err(AccountError::NoMail);
        }
        let subjects = [Subject::letter(login), Subject::letters_from(address)];
        self.refuse_hasty(&subjects).await?;
        self.note_failure(&subjects).await?;
        let Some(user) = self.user_of_login(login).await? else { return Ok(()) };
        let Some(email) = &user.email else { return Ok(()) };
        let code = fresh_code(&*self.inner.ids);
        let link = self.inner.mail.link(&format!("/login/reset?code={}", code.reveal()));
        let mut tx = self.inner.db.begin().await?;
        resets::put(&mut tx, user.id, digest(&code), self.now().plus_millis(RESET_TTL_MILLIS)).await?;
        self.inner.mail.send(&mut tx, &words.to(email, &user.name, &link)).await?;
        Ok(tx.commit().await?)
    }

    /// Where letters to a person go: the address that they have proved to read, while their account is in use. `None` also
    /// where no letters are sent.
    pub async fn letter_address(&self, id: NamespaceId) -> Result<Option<Email>, AccountError> {
        if !self.inner.mail.is_on() {
            return Ok(None);
        }
        let user = users::by_id(&self.inner.db, id).await?;
        let user = user.filter(|user| user.email_verified_at.is_some() && user.disabled_at.is_none());
        Ok(user.and_then(|user| user.email))
    }

    async fn user_of_login(&self, login: &str) -> Result<Option<User>, AccountError> {
        if login.len() > 254 || login.chars().any(char::is_control) {
            return Ok(None);
        }
        let Some(found) = users::sign_in(&self.inner.db, login.trim()).await? else { return Ok(None) };
        Ok(users::by_id(&self.inner.db, found.id).await?)
    }

    /// Sends a link to an address by which its owner proves that they read there; only then the account has it. The
    /// account keeps the address that it has until that happens.
    pub async fn prove_email(
        &self,
        by: By<'_>,
        name: &NamespaceName,
        email: &Email,
        words: LetterWords<'_>,
    ) -> Result<(), AccountError> {
        if !self.inner.mail.is_on() {
            return Err(AccountError::NoMail);
        }
        let user = self.user(by, name).await?;
        let subjects = [Subject::letter(user.name.as_str()), Subject::letter(email.as_str())];
        self.refuse_hasty(&subjects).await?;
        self.note_failure(&subjects).await?;
        let code = fresh_code(&*self.inner.ids);
        let link = self.inner.mail.link(&format!("/settings/email/confirm?code={}", code.reveal()));
        let end = self.now().plus_millis(PROOF_TTL_MILLIS);
        let mut tx = self.inner.db.begin().await?;
        email_proofs::put(&mut tx, user.id, digest(&code), email, end).await?;
        self.inner.mail.send(&mut tx, &words.to(email, &user.name, &link)).await?;
        Ok(tx.commit().await?)
    }

    /// The address that waits for its proof.
    pub async fn unproved_email(&self, by: By<'_>, name: &NamespaceName) -> Result<Option<Email>, AccountError> {
        let user = self.user(by, name).await?;
        Ok(email_proofs::waiting(&self.inner.db, user.id, self.now()).await?)
    }

    /// Gives the account the address that the link was sent to. The link says whose account that is, so nobody needs to
    /// be signed in; it gives no access.
    ///
    /// # Errors
    /// [`AccountError::ProofInvalid`]; [`AccountError::EmailTaken`] if another account has it meanwhile.
    pub async fn confirm_email(&self, code: &SecretString) -> Result<Email, AccountError> {
        let mut tx = self.inner.db.begin().await?;
        let taken = email_proofs::take(&mut tx, digest(code), self.now()).await?;
        let (user, email) = taken.ok_or(AccountError::ProofInvalid)?;
        if !users::set_email(&mut tx, user, &email, Some(self.now())).await? {
            return Err(AccountError::EmailTaken);
        }
        let account = users::by_id_in(&mut tx, user).await?.ok_or(AccountError::ProofInvalid)?;
        let (name, shown) = (account.name.as_str(), email.to_string());
        self.record_of(&mut tx, Some(user), name, "link", Act::new("email.confirm", name).with(&shown)).await?;
        tx.commit().await?;
        Ok(email)
    }
}
