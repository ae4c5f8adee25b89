//! What an app learns of a person: the claims of an id token, which are those of the address for them.

use hub_core::OrgRole;
use serde::Serialize;

use super::OauthScopes;
use crate::Accounts;
use crate::caller::{Caller, Credential, Membership};
use crate::error::AccountError;
use crate::label::{Email, Label};
use crate::namespace::{Namespace, NamespaceId, avatar_path};
use crate::permit::signed_in;
use crate::store::{members, namespaces, users};
use hub_core::NamespaceName;

/// A person as an app may know them. What its scopes do not cover is left out.
#[derive(Clone, Debug, Serialize)]
pub struct UserInfo {
    /// Their key.
    pub sub: NamespaceId,
    /// The name that is shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<Label>,
    /// Their name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preferred_username: Option<NamespaceName>,
    /// The address of their page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
    /// The address of their picture.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub picture: Option<String>,
    /// Their address of mail.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<Email>,
    /// Whether that address is known to receive mail.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email_verified: Option<bool>,
    /// Hearth has no paid plan.
    #[serde(rename = "isPro", skip_serializing_if = "Option::is_none")]
    pub is_pro: Option<bool>,
    /// Their organisations.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub orgs: Option<Vec<UserInfoOrg>>,
}

/// An organisation of a person.
#[derive(Clone, Debug, Serialize)]
pub struct UserInfoOrg {
    /// Its key.
    pub sub: NamespaceId,
    /// The name that is shown.
    pub name: Label,
    /// Its name.
    pub preferred_username: NamespaceName,
    /// The address of its picture.
    pub picture: String,
    /// Hearth has no paid plan.
    #[serde(rename = "isEnterprise")]
    pub is_enterprise: bool,
    /// Hearth sells nothing.
    #[serde(rename = "canPay")]
    pub can_pay: bool,
    /// What the person may do there.
    #[serde(rename = "roleInOrg")]
    pub role_in_org: OrgRole,
}

impl Accounts {
    /// Tells an app about the person whose token it has. `url` is the address of the house.
    pub async fn userinfo(&self, caller: &Caller, url: &str) -> Result<UserInfo, AccountError> {
        let user = signed_in(caller)?;
        // A token that a person made for themselves is theirs, so it tells all.
        let scopes = match &user.credential {
            Credential::Token(token) => token.scopes.oauth.as_deref().map(OauthScopes::read),
            Credential::Password | Credential::Session(_) | Credential::LargeFiles(_) => None,
        };
        let scopes = scopes.unwrap_or_else(|| OauthScopes::read("openid profile email"));
        self.userinfo_of(user.id, &scopes, url).await
    }

    pub(crate) async fn userinfo_of(
        &self,
        id: NamespaceId,
        scopes: &OauthScopes,
        url: &str,
    ) -> Result<UserInfo, AccountError> {
        let db = &self.inner.db;
        let user = users::by_id(db, id).await?.ok_or(AccountError::BadCredentials)?;
        let knows = scopes.has("profile");
        let memberships = if knows { members::of_user(db, id).await? } else { Vec::new() };
        let ids: Vec<NamespaceId> = memberships.iter().map(|membership| membership.org).collect();
        let spaces = namespaces::by_ids(db, &ids).await?;
        let orgs = memberships.iter().filter_map(|membership| org(membership, &spaces, url)).collect();
        let has_email = scopes.has("email") && user.email.is_some();
        Ok(UserInfo {
            sub: id,
            profile: knows.then(|| format!("{url}/{}", user.name)),
            picture: knows.then(|| format!("{url}{}", avatar_path(&user.name))),
            name: knows.then_some(user.full_name),
            preferred_username: knows.then_some(user.name),
            email_verified: has_email.then_some(user.email_verified_at.is_some()),
            email: user.email.filter(|_| has_email),
            is_pro: knows.then_some(false),
            orgs: knows.then_some(orgs),
        })
    }
}

fn org(membership: &Membership, spaces: &[Namespace], url: &str) -> Option<UserInfoOrg> {
    let space = spaces.iter().find(|space| space.id == membership.org)?;
    Some(UserInfoOrg {
        sub: space.id,
        name: space.full_name.clone(),
        preferred_username: space.name.clone(),
        picture: format!("{url}{}", space.avatar_path()),
        is_enterprise: false,
        can_pay: false,
        role_in_org: membership.role,
    })
}
