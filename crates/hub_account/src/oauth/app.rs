//! Apps: registered by people and organisations, shown, changed, deleted. Those that register themselves are in
//! `registration.rs`.

use hub_core::{NamespaceName, SecretString, Timestamp};

use super::{OauthScopes, RedirectUri, SigningAlg};
use crate::Accounts;
use crate::audit::Act;
use crate::caller::By;
use crate::code::{digest, fresh_code};
use crate::error::AccountError;
use crate::label::Label;
use crate::namespace::NamespaceId;
use crate::store::oauth_apps;

/// The most apps of one owner, and the most addresses of one app.
const APPS_MAX: i64 = 100;
pub(super) const ADDRESSES_MAX: usize = 20;

/// The id by which an app names itself: public, and unlike a key nothing follows from it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ClientId(pub(super) String);

impl ClientId {
    /// Any text; one that names no app is found nowhere.
    pub fn new(text: &str) -> Self {
        Self(text.chars().filter(|c| !c.is_control()).take(100).collect())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for ClientId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether an app can keep a secret.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AppKind {
    /// It runs in a browser or on people's devices, and proves itself by PKCE.
    Public,
    /// It runs on a server and has a secret.
    Confidential,
}

/// Who answers for an app.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Vouched {
    /// It comes with the house.
    House,
    /// A person or an organisation, by key and name.
    Owner(NamespaceId, NamespaceName),
    /// Nobody: it registered itself, and its name is what it says.
    Nobody,
}

/// What an owner says of an app.
#[derive(Clone, Debug)]
pub struct AppDraft {
    /// How people know it.
    pub name: Label,
    /// Where they learn about it; may be empty.
    pub homepage: String,
    /// Where browsers are sent back to.
    pub redirect_uris: Vec<RedirectUri>,
    /// The most that it may ask for.
    pub scopes: OauthScopes,
    /// How its id tokens are signed.
    pub id_token_alg: SigningAlg,
}

/// An app.
#[derive(Clone, Debug)]
pub struct App {
    pub(crate) key: i64,
    /// The id by which it names itself.
    pub client_id: ClientId,
    /// How people know it.
    pub name: String,
    /// Who answers for it.
    pub vouched: Vouched,
    /// Where people learn about it; may be empty.
    pub homepage: String,
    /// Where browsers are sent back to.
    pub redirect_uris: Vec<RedirectUri>,
    /// The most that it may ask for; none at an app of the house that gets a full token.
    pub scopes: OauthScopes,
    /// Whether it has a secret.
    pub kind: AppKind,
    /// How its id tokens are signed.
    pub id_token_alg: SigningAlg,
    /// When it was registered.
    pub created_at: Timestamp,
}

impl App {
    /// The name of the person or the organisation that looks after it.
    pub fn owner(&self) -> Option<&NamespaceName> {
        match &self.vouched {
            Vouched::Owner(_, name) => Some(name),
            Vouched::House | Vouched::Nobody => None,
        }
    }

    /// Whether whoever allowed it once is not asked again. A public app that registered itself is asked for each time:
    /// nothing tells it from another program that uses its id (RFC 8252, 8.6).
    pub(crate) fn is_remembered(&self) -> bool {
        self.vouched != Vouched::Nobody || self.kind == AppKind::Confidential
    }

    /// An act upon the app; it belongs to the owner's log, if the owner is an organisation.
    fn act(&self, action: &'static str) -> Act<'_> {
        let act = Act::new(action, &self.name).with(self.client_id.as_str());
        match &self.vouched {
            Vouched::Owner(owner, _) => act.in_org(*owner),
            Vouched::House | Vouched::Nobody => act,
        }
    }
}

/// An app that a person allowed to act for them.
#[derive(Clone, Debug)]
pub struct AuthorizedApp {
    /// The app.
    pub app: App,
    /// What it may do.
    pub scopes: OauthScopes,
    /// Since when.
    pub since: Timestamp,
}

impl Accounts {
    /// Registers an app of `owner`. One that can keep a secret gets it here, once.
    pub async fn register_app(
        &self,
        by: By<'_>,
        owner: &NamespaceName,
        draft: &AppDraft,
        kind: AppKind,
    ) -> Result<(App, Option<SecretString>), AccountError> {
        let space = self.governed(by, owner).await?;
        check_draft(draft)?;
        let secret = (kind == AppKind::Confidential).then(|| self.fresh_app_secret());
        let app = App {
            key: self.inner.ids.next_key(),
            client_id: ClientId(self.fresh_client_id()),
            name: draft.name.to_string(),
            vouched: Vouched::Owner(space.id, space.name),
            homepage: draft.homepage.clone(),
            redirect_uris: draft.redirect_uris.clone(),
            scopes: draft.scopes.clone(),
            kind,
            id_token_alg: draft.id_token_alg,
            created_at: self.now(),
        };
        let mut tx = self.inner.db.begin().await?;
        oauth_apps::insert(&mut tx, &app, secret.as_ref().map(digest), None).await?;
        if let Vouched::Owner(owner, _) = &app.vouched
            && oauth_apps::count(&mut tx, *owner).await? > APPS_MAX
        {
            return Err(AccountError::App { problem: "there are 100 apps already; delete one first" });
        }
        self.record(&mut tx, by, app.act("app.register")).await?;
        tx.commit().await?;
        Ok((app, secret))
    }

    /// The apps of a person or an organisation, by name.
    pub async fn apps(&self, by: By<'_>, owner: &NamespaceName) -> Result<Vec<App>, AccountError> {
        let owner = self.governed(by, owner).await?;
        Ok(oauth_apps::of_owner(&self.inner.db, owner.id).await?)
    }

    /// An app, for those who look after it. To others there is none.
    pub async fn app(&self, by: By<'_>, id: &ClientId) -> Result<App, AccountError> {
        let missing = || AccountError::NoSuchItem { what: "app" };
        let app = oauth_apps::by_client_id(&self.inner.db, id.as_str()).await?.ok_or_else(missing)?;
        let owner = app.owner().ok_or_else(missing)?;
        self.governed(by, owner).await.map_err(|_| missing())?;
        Ok(app)
    }

    /// Changes what is said of an app. What it may ask for later is bound by its new scopes; tokens stay.
    pub async fn change_app(&self, by: By<'_>, id: &ClientId, draft: &AppDraft) -> Result<(), AccountError> {
        let app = self.app(by, id).await?;
        check_draft(draft)?;
        let mut tx = self.inner.db.begin().await?;
        oauth_apps::update(&mut tx, app.key, draft).await?;
        self.record(&mut tx, by, app.act("app.change")).await?;
        Ok(tx.commit().await?)
    }

    /// Gives an app another secret; the old one is void at once.
    pub async fn renew_app_secret(&self, by: By<'_>, id: &ClientId) -> Result<SecretString, AccountError> {
        let app = self.app(by, id).await?;
        if app.kind == AppKind::Public {
            return Err(AccountError::App { problem: "a public app has no secret: whoever has the app could read it" });
        }
        let secret = self.fresh_app_secret();
        let mut tx = self.inner.db.begin().await?;
        oauth_apps::set_secret(&mut tx, app.key, digest(&secret)).await?;
        self.record(&mut tx, by, app.act("app.secret")).await?;
        tx.commit().await?;
        Ok(secret)
    }

    /// Deletes an app; every token that it was given ends.
    pub async fn delete_app(&self, by: By<'_>, id: &ClientId) -> Result<(), AccountError> {
        let app = self.app(by, id).await?;
        let mut tx = self.inner.db.begin().await?;
        oauth_apps::revoke_tokens(&mut tx, app.key, None, self.now()).await?;
        oauth_apps::delete(&mut tx, app.key).await?;
        self.record(&mut tx, by, app.act("app.delete")).await?;
        Ok(tx.commit().await?)
    }

    /// The apps that `owner` allowed to act for them.
    pub async fn authorized_apps(&self, by: By<'_>, owner: NamespaceId) -> Result<Vec<AuthorizedApp>, AccountError> {
        by.person(owner)?;
        Ok(oauth_apps::authorized(&self.inner.db, owner).await?)
    }

    /// Takes back what `owner` allowed an app: its tokens end, and it has to ask again.
    pub async fn withdraw_app(&self, by: By<'_>, owner: NamespaceId, id: &ClientId) -> Result<(), AccountError> {
        by.person(owner)?;
        let missing = || AccountError::NoSuchItem { what: "app" };
        let app = oauth_apps::by_client_id(&self.inner.db, id.as_str()).await?.ok_or_else(missing)?;
        let mut tx = self.inner.db.begin().await?;
        oauth_apps::revoke_tokens(&mut tx, app.key, Some(owner), self.now()).await?;
        oauth_apps::delete_consent(&mut tx, app.key, owner).await?;
        self.record(&mut tx, by, Act::new("app.withdraw", &app.name).with(app.client_id.as_str())).await?;
        Ok(tx.commit().await?)
    }

    pub(super) fn fresh_app_secret(&self) -> SecretString {
        SecretString::new(format!("oauth_app_secret_{}", fresh_code(&*self.inner.ids).reveal()))
    }

    /// A random id in the shape of a UUID, which is what clients show.
    pub(super) fn fresh_client_id(&self) -> String {
        let mut bytes = [0; 16];
        self.inner.ids.fill(&mut bytes);
        let text = hex::encode(bytes);
        format!("{}-{}-{}-{}-{}", &text[..8], &text[8..12], &text[12..16], &text[16..20], &text[20..])
    }
}

fn check_draft(draft: &AppDraft) -> Result<(), AccountError> {
    let refuse = |problem| Err(AccountError::App { problem });
    if !is_homepage(&draft.homepage) {
        return refuse("the homepage is a web address such as https://app.example.org, or nothing");
    }
    if draft.redirect_uris.len() > ADDRESSES_MAX {
        return refuse("an app has at most 20 addresses to return to");
    }
    if draft.scopes.is_empty() {
        return refuse("an app asks for one scope at least; openid is enough to sign people in");
    }
    Ok(())
}

/// Whether the text is nothing, or an address that a link of a page may lead to.
pub(super) fn is_homepage(text: &str) -> bool {
    let is_web = text.is_empty() || text.starts_with("https://") || text.starts_with("http://");
    is_web && text.len() <= 300 && !text.chars().any(|c| c.is_control() || c.is_whitespace())
}
