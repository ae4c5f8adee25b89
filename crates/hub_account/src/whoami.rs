//! What `whoami-v2` tells a caller about themselves. The serde form is the wire's: clients read every field of it.

use hub_core::OrgRole;
use serde::Serialize;

use crate::Accounts;
use crate::caller::{Caller, Credential, Membership};
use crate::error::AccountError;
use crate::label::{Email, Label};
use crate::namespace::{NamespaceId, avatar_path};
use crate::permit::signed_in;
use crate::scope::TokenScopes;
use crate::store::{namespaces, users};
use hub_core::{NamespaceName, TokenRole};

/// A signed-in person, their organisations, and how they signed in.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Whoami {
    /// Always `user`.
    pub r#type: &'static str,
    /// Their key.
    pub id: NamespaceId,
    /// Their name.
    pub name: NamespaceName,
    /// The name that is shown.
    pub fullname: Label,
    /// Their address of mail.
    pub email: Option<Email>,
    /// Whether the address is known to receive mail.
    pub email_verified: bool,
    /// Hearth sells nothing.
    pub can_pay: bool,
    /// Hearth has no paid plan.
    pub is_pro: bool,
    /// Hearth bills nobody.
    pub period_end: Option<u64>,
    /// The path of their picture; the face puts the address of the instance before it.
    pub avatar_url: String,
    /// Hearth bills nobody; the field is there because clients require it.
    pub billing_mode: &'static str,
    /// Their organisations.
    pub orgs: Vec<WhoamiOrg>,
    /// How they signed in.
    pub auth: WhoamiAuth,
}

/// An organisation of the caller.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WhoamiOrg {
    /// Always `org`.
    pub r#type: &'static str,
    /// Its key.
    pub id: NamespaceId,
    /// Its name.
    pub name: NamespaceName,
    /// The name that is shown.
    pub fullname: Label,
    /// Organisations have no address here.
    pub email: Option<Email>,
    /// Hearth sells nothing.
    pub can_pay: bool,
    /// Hearth bills nobody.
    pub period_end: Option<u64>,
    /// The path of its picture.
    pub avatar_url: String,
    /// What the caller may do there.
    pub role_in_org: OrgRole,
    /// Hearth has no paid plan.
    pub is_enterprise: bool,
}

/// How the caller signed in.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WhoamiAuth {
    /// `access_token`, `oauth`, `password` or `session`.
    pub r#type: &'static str,
    /// The token, if it was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access_token: Option<WhoamiToken>,
    /// When the token ends, if it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<String>,
}

/// The token of the request.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WhoamiToken {
    /// What its owner calls it.
    pub display_name: Label,
    /// What it can do at most.
    pub role: TokenRole,
    /// When it was made.
    pub created_at: String,
    /// Its scopes, if it is fine-grained.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fine_grained: Option<TokenScopes>,
}

impl Accounts {
    /// Tells a caller about themselves; [`AccountError::NeedsLogin`] for the anonymous.
    pub async fn whoami(&self, caller: &Caller) -> Result<Whoami, AccountError> {
        let db = &self.inner.db;
        let caller = signed_in(caller)?;
        let user = users::by_id(db, caller.id).await?.ok_or(AccountError::BadCredentials)?;
        let ids: Vec<NamespaceId> = caller.memberships.iter().map(|membership| membership.org).collect();
        let spaces = namespaces::by_ids(db, &ids).await?;
        let org = |membership: &Membership| {
            let space = spaces.iter().find(|space| space.id == membership.org)?;
            Some(WhoamiOrg {
                r#type: "org",
                id: space.id,
                name: space.name.clone(),
                fullname: space.full_name.clone(),
                email: None,
                can_pay: false,
                period_end: None,
                avatar_url: space.avatar_path(),
                role_in_org: membership.role,
                is_enterprise: false,
            })
        };
        Ok(Whoami {
            r#type: "user",
            id: user.id,
            avatar_url: avatar_path(&user.name),
            name: user.name,
            fullname: user.full_name,
            email_verified: user.email_verified_at.is_some() && tells_email(&caller.credential),
            email: user.email.filter(|_| tells_email(&caller.credential)),
            can_pay: false,
            is_pro: false,
            period_end: None,
            billing_mode: "postpaid",
            orgs: caller.memberships.iter().filter_map(org).collect(),
            auth: auth(&caller.credential),
        })
    }
}

/// Whether the caller may learn the address: an app only if it was allowed to.
fn tells_email(credential: &Credential) -> bool {
    match credential {
        Credential::Token(token) => {
            token.scopes.oauth.as_ref().is_none_or(|words| words.split(' ').any(|word| word == "email"))
        }
        Credential::Password | Credential::Session(_) => true,
        Credential::LargeFiles(_) => false,
    }
}

fn auth(credential: &Credential) -> WhoamiAuth {
    match credential {
        Credential::Session(_) => WhoamiAuth { r#type: "session", access_token: None, expires_at: None },
        Credential::Password => WhoamiAuth { r#type: "password", access_token: None, expires_at: None },
        Credential::LargeFiles(_) => WhoamiAuth { r#type: "large_files", access_token: None, expires_at: None },
        Credential::Token(token) => WhoamiAuth {
            r#type: if token.scopes.oauth.is_some() { "oauth" } else { "access_token" },
            access_token: Some(WhoamiToken {
                display_name: token.display_name.clone(),
                role: token.role,
                created_at: token.created_at.to_string(),
                fine_grained: (token.role == TokenRole::FineGrained).then(|| token.scopes.clone()),
            }),
            expires_at: token.expires_at.map(|end| end.to_string()),
        },
    }
}
