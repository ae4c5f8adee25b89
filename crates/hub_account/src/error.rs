//! What can go wrong with accounts, in words that tell a person what to do next.

use std::borrow::Cow;

use hub_core::{Code, NameError, UserError};
use hub_db::DbError;

use crate::country::CountryError;
use crate::jwt::JwtError;
use crate::label::{EmailError, LabelError};
use crate::oauth::RedirectError;
use crate::password::PasswordError;
use crate::picture::PictureError;
use crate::profile::{HouseKindError, ProfileError};

/// A use case of this crate that failed.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// The token or password is wrong, revoked or expired, or the account is disabled. Which of these is not told.
    #[error("Invalid credentials in Authorization header")]
    BadCredentials,
    /// Only a signed-in caller may do this.
    #[error("sign in to do this, or send a token in the Authorization header")]
    NeedsLogin,
    /// The caller may not do this.
    #[error("this needs {needs}")]
    Forbidden {
        /// What would be enough.
        needs: &'static str,
    },
    /// Nobody and nothing bears the name.
    #[error("there is no {what} called {name}")]
    NoSuch {
        /// `user`, `organization`, `user or organization`.
        what: &'static str,
        /// The name as it was asked for.
        name: String,
    },
    /// There is no such token or invitation, or it is another's.
    #[error("there is no such {what}")]
    NoSuchItem {
        /// `token`, `invitation`.
        what: &'static str,
    },
    /// A new name is not acceptable.
    #[error("the name '{name}' cannot be registered")]
    Name {
        /// The name.
        name: String,
        /// Why.
        #[source]
        source: NameError,
    },
    /// A text for people is not acceptable.
    #[error("the text is not acceptable")]
    Label(#[from] LabelError),
    /// No address of mail.
    #[error("the email is not acceptable")]
    Email(#[from] EmailError),
    /// A profile is not acceptable.
    #[error("the profile is not acceptable")]
    Profile(#[from] ProfileError),
    /// No kind of house.
    #[error("the kind is not acceptable")]
    HouseKind(#[from] HouseKindError),
    /// No country.
    #[error("the country is not acceptable")]
    Country(#[from] CountryError),
    /// A file is not taken as a picture.
    #[error("the picture was not taken")]
    Picture(#[from] PictureError),
    /// A new password is not acceptable.
    #[error("the password is not acceptable")]
    Password(#[from] PasswordError),
    /// A person or an organisation has the name.
    #[error("the name '{name}' is taken; choose another")]
    NameTaken {
        /// The name.
        name: String,
    },
    /// Somebody took another name a moment ago.
    #[error("the name was changed within a day; it can be changed again in {hours} hours")]
    RenamedLately {
        /// How long that is.
        hours: i64,
    },
    /// As many old names are reserved as one may have.
    #[error("{most} names were given up within half a year, which is the most; go back to one of them, or wait")]
    TooManyNames {
        /// How many that is.
        most: i64,
    },
    /// Someone else has the address of mail.
    #[error("this email belongs to another account; sign in there, or use another email")]
    EmailTaken,
    /// Nobody can sign up here.
    #[error("sign-up is closed on this instance; ask an administrator for an account")]
    SignUpClosed,
    /// Only those who were invited can sign up.
    #[error("sign-up needs an invitation on this instance; ask an administrator for one")]
    InvitationNeeded,
    /// The invitation is unknown, used, withdrawn or too old.
    #[error("the invitation is used, withdrawn or expired; ask for a new one")]
    InvitationInvalid,
    /// The invitation was meant for another address of mail.
    #[error("the invitation was made for another email; sign up with the address that it was sent to")]
    InvitationForAnother,
    /// The code of the setup page is wrong, or there is an administrator already.
    #[error(
        "the setup link is wrong or used; if there is no administrator yet, a restart of Hearth prints a fresh link"
    )]
    SetupInvalid,
    /// The organisation would be left without an administrator.
    #[error("'{org}' would be left without an administrator; make another member administrator first")]
    LastOrgAdmin {
        /// The organisation.
        org: String,
    },
    /// The instance would be left without an administrator.
    #[error("the instance would be left without an administrator; make another user administrator first")]
    LastAdmin,
    /// The account still owns repositories.
    #[error("'{name}' still owns {count} repositories; delete or transfer them first")]
    OwnsRepositories {
        /// Whose they are.
        name: String,
        /// How many.
        count: u64,
    },
    /// Something that was made just now still belongs to the account.
    #[error("something still belongs to '{name}', such as a repository; delete or transfer it first")]
    StillOwns {
        /// Whose it is.
        name: String,
    },
    /// An organisation cannot have a default for its repositories that only Spaces know.
    #[error("the default visibility is 'public' or 'private'")]
    DefaultVisibility,
    /// A fine-grained token without scopes, scopes on another role, or scopes that its owner has no say over.
    #[error("{problem}")]
    Scopes {
        /// What is wrong with them, and what would be right.
        problem: Cow<'static, str>,
    },
    /// The person has as many tokens as one may have.
    #[error("the account has {most} tokens, which is the most; revoke some first")]
    TooManyTokens {
        /// How many that is.
        most: i64,
    },
    /// The person has as many SSH keys as one may have.
    #[error("the account has {most} SSH keys, which is the most; delete some first")]
    TooManySshKeys {
        /// How many that is.
        most: i64,
    },
    /// An account has the key already: a key tells who knocks, so it can be of one account only.
    #[error("this SSH key belongs to an account already; make another one with `ssh-keygen -t ed25519`")]
    SshKeyTaken,
    /// A token or an invitation would have ended before it began.
    #[error("the end lies in the past")]
    EndsInPast,
    /// The file of an import is faulty; nothing was changed.
    #[error("{path}: {problem}")]
    Import {
        /// Where in the file, such as `users[3].tokens[0].role`.
        path: String,
        /// What is wrong there.
        problem: String,
    },
    /// Someone guesses, or forgot.
    #[error("too many wrong tries in a row; try again in {wait_secs} seconds")]
    TooManyFailures {
        /// How long.
        wait_secs: i64,
    },
    /// The code of the second factor is wrong, too old, or was used before.
    #[error("the code is wrong or was used before; enter the one that your app shows now, or a recovery code")]
    WrongCode,
    /// The second factor is on already.
    #[error("two-factor sign-in is on already; turn it off before you set it up anew")]
    SecondFactorOn,
    /// No device waits under the short code.
    #[error("no device waits for this code; it may have expired, so begin again on the device")]
    DeviceCodeInvalid,
    /// The link to a new password is unknown, used or too old.
    #[error("the link is used or expired; ask an administrator for a new one")]
    ResetInvalid,
    /// Something about an app is not acceptable.
    #[error("{problem}")]
    App {
        /// What, and what would be right.
        problem: &'static str,
    },
    /// An address that no browser can be sent to.
    #[error("the address is not acceptable")]
    Redirect(#[from] RedirectError),
    /// Nobody is under way by single sign-on from this browser.
    #[error("the sign-in took too long or began in another browser; begin again")]
    SsoExpired,
    /// The other house did not say who they are, or they may not come in.
    #[error("there is no account here for you; ask an administrator for one")]
    SsoRefused,
    /// Another account has the identity.
    #[error("this identity opens another account already")]
    SsoTaken,
    /// What another house signed does not count.
    #[error("the token of the other house does not count")]
    SsoToken(#[from] JwtError),
    /// Nobody could sign in to the account any more.
    #[error("this is the only way into the account; set a password first")]
    LastWayIn,
    /// A passkey did not prove what it should.
    #[error("the passkey was not accepted; try again, or sign in another way")]
    PasskeyRefused,
    /// An account has the passkey already.
    #[error("this passkey is registered already")]
    PasskeyTaken,
    /// The person has as many passkeys as one may have.
    #[error("the account has {most} passkeys, which is the most; delete some first")]
    TooManyPasskeys {
        /// How many that is.
        most: i64,
    },
    /// There is no mail server.
    #[error("no mail is sent here; ask an administrator instead")]
    NoMail,
    /// The link to prove an address is unknown, used or too old.
    #[error("the link is used or expired; send yourself a new one from your settings")]
    ProofInvalid,
    /// Too many passwords wait to be checked.
    #[error("too many sign-ins at this moment; try again in a few seconds")]
    Busy,
    /// The database failed.
    #[error("the account database failed")]
    Db(#[from] DbError),
    /// A row or a hash in the database is not what this crate writes.
    #[error("an account row is damaged: {what}")]
    Damaged {
        /// Which column of which table.
        what: &'static str,
    },
    /// The work was given up because the server stops.
    #[error("the password check was cut off")]
    CutOff,
}

impl UserError for AccountError {
    fn code(&self) -> Code {
        match self {
            AccountError::BadCredentials => Code::BadCredentials,
            AccountError::NeedsLogin => Code::NeedsLogin,
            AccountError::Forbidden { .. }
            | AccountError::SignUpClosed
            | AccountError::InvitationNeeded
            | AccountError::InvitationInvalid
            | AccountError::InvitationForAnother
            | AccountError::SetupInvalid
            | AccountError::ResetInvalid
            | AccountError::ProofInvalid
            | AccountError::SsoExpired
            | AccountError::SsoRefused
            | AccountError::SsoToken(_) => Code::Forbidden,
            AccountError::NoSuch { .. } | AccountError::NoSuchItem { .. } | AccountError::NoMail => Code::NotFound,
            AccountError::Name { .. }
            | AccountError::Label(_)
            | AccountError::Email(_)
            | AccountError::Password(_)
            | AccountError::Profile(_)
            | AccountError::HouseKind(_)
            | AccountError::Country(_)
            | AccountError::DefaultVisibility
            | AccountError::Scopes { .. }
            | AccountError::EndsInPast
            | AccountError::PasskeyRefused
            | AccountError::App { .. }
            | AccountError::Redirect(_)
            | AccountError::WrongCode
            | AccountError::DeviceCodeInvalid
            | AccountError::Import { .. } => Code::Unprocessable,
            AccountError::NameTaken { .. }
            | AccountError::RenamedLately { .. }
            | AccountError::TooManyNames { .. }
            | AccountError::EmailTaken
            | AccountError::LastOrgAdmin { .. }
            | AccountError::LastAdmin
            | AccountError::TooManyTokens { .. }
            | AccountError::TooManySshKeys { .. }
            | AccountError::TooManyPasskeys { .. }
            | AccountError::PasskeyTaken
            | AccountError::SshKeyTaken
            | AccountError::SsoTaken
            | AccountError::LastWayIn
            | AccountError::OwnsRepositories { .. }
            | AccountError::StillOwns { .. }
            | AccountError::SecondFactorOn => Code::Conflict,
            AccountError::Busy | AccountError::TooManyFailures { .. } => Code::TooManyRequests,
            AccountError::CutOff => Code::Unavailable,
            AccountError::Picture(error) => error.code(),
            AccountError::Db(error) => error.code(),
            AccountError::Damaged { .. } => Code::Internal,
        }
    }

    fn message(&self) -> Cow<'_, str> {
        match (self, std::error::Error::source(self)) {
            (AccountError::Db(error), _) => error.message(),
            // That a text is refused is of use only together with the reason.
            (_, Some(source)) => Cow::Owned(format!("{self}: {source}")),
            (_, None) => Cow::Owned(self.to_string()),
        }
    }
}
