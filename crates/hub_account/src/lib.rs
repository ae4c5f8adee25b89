//! People, organisations, their profiles, membership, tokens, sessions, invitations, programs that act for people: who there
//! is, who asks, and what their credential permits.
//!
//! [`Accounts`] is the only door. A face turns a header into a [`Caller`] by [`Accounts::authenticate_token`] or
//! [`Accounts::authenticate_password`]; every use case that changes something takes [`By`], on whose word it acts, and
//! decides itself whether that is enough. hub_repo asks a [`Caller`] for its role and its ceiling in a name space.
//!
//! Invariants:
//! - People and organisations share one name space; two names that differ only in case are one.
//! - Of passwords only an argon2id hash is stored, of tokens, sessions, invitations and links only a
//!   SHA-256.
//! - An instance that had an administrator keeps one, and so does an organisation.
//! - This crate knows no repositories: who deletes an account says how many it owns.

mod accounts;
mod audit;
mod authenticate;
mod caller;
mod code;
mod country;
mod error;
mod import;
mod invitations;
mod jwt;
mod label;
mod large_files;
mod letters;
mod namespace;
mod oauth;
mod organizations;
mod page;
mod passkeys;
mod password;
mod permit;
mod picture;
mod profile;
mod publishers;
mod renaming;
mod reset;
mod scope;
mod second_factor;
mod sessions;
mod setup;
mod ssh_keys;
mod sso;
mod store;
mod throttle;
mod tokens;
mod users;
mod whoami;

pub use accounts::{AccountConfig, Accounts, SignUpPolicy};
pub use audit::{Act, AuditEntry, AuditQuery};
pub use caller::{By, Caller, CallerKey, CallerUser, Credential, Membership, TokenGrant};
pub use code::TOKEN_PREFIX;
pub use country::{Country, CountryError};
pub use error::AccountError;
pub use import::{Count, ImportReport};
pub use invitations::{Invitation, InvitationId, NewInvitation};
pub use jwt::{JwtError, KeySet};
pub use label::{Email, EmailError, Label, LabelError};
pub use large_files::{LargeFileGrant, LargeFilePass, Transfer};
pub use letters::LetterWords;
pub use namespace::{IdParseError, Namespace, NamespaceId, NamespaceKind, avatar_path, key_of_wire_id, wire_id};
pub use oauth::{
    App, AppDraft, AppKind, AppTokens, AuthorizeError, AuthorizeQuery, AuthorizeRequest, AuthorizedApp, ClientAuth,
    ClientId, DeviceCode, GrantError, OauthScope, OauthScopes, PublicJwk, RedirectError, RedirectUri, Registration,
    RegistrationError, SigningAlg, UserInfo, UserInfoOrg, Vouched, WaitingApp, pkce_challenge,
};
pub use organizations::{Member, NewOrganization, Organization};
pub use page::{Page, PageQuery};
pub use passkeys::{NewPasskey, Passkey, PasskeyAnswer, PasskeyChallenge, PasskeyId, PasskeyPlace};
pub use password::{PasswordCost, PasswordError};
pub use picture::{Picture, PictureError};
pub use profile::{Handles, HouseKind, HouseKindError, Profile, ProfileError};
pub use publishers::{ExchangedToken, PublisherDraft, PublisherId, TrustedPublisher};
pub use reset::PasswordReset;
pub use scope::{Permission, PermissionError, Scope, ScopeEntity, TokenScopes};
pub use second_factor::{FactorKey, SecondFactorState};
pub use sessions::{FreshSession, Session, SessionGrant, SessionId, SignIn};
pub use ssh_keys::{PublicKey, PublicKeyError, SshKey, SshKeyId};
pub use sso::{SsoArrival, SsoBegin, SsoIdentity, SsoPending, SsoPolicy, SsoSignUp};
pub use tokens::{FreshToken, NewToken, Token, TokenId};
pub use users::{NewUser, User};
pub use whoami::{Whoami, WhoamiAuth, WhoamiOrg, WhoamiToken};
