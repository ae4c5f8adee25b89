//! Organisations and their members.

use hub_core::{NamespaceName, OrgRole, Timestamp, Visibility};
use hub_db::Tx;

use crate::Accounts;
use crate::audit::Act;
use crate::caller::{By, Membership};
use crate::error::AccountError;
use crate::label::Label;
use crate::namespace::{Namespace, NamespaceId, NamespaceKind};
use crate::page::{Page, PageQuery};
use crate::permit::signed_in;
use crate::store::{members, namespaces, users};
use crate::users::{check_name, no_user};

/// An organisation to be made.
#[derive(Clone, Debug)]
pub struct NewOrganization {
    /// Its name, which must fit the rule for new accounts.
    pub name: NamespaceName,
    /// The name that is shown; its name if nothing.
    pub full_name: Option<Label>,
    /// How its repositories are made when their creator does not say.
    pub default_visibility: Visibility,
}

/// An organisation in a list.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Organization {
    /// What everyone may know of it.
    pub namespace: Namespace,
    /// How many members it has.
    pub members: u64,
}

/// A member of an organisation.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Member {
    /// The person.
    pub id: NamespaceId,
    /// Their name.
    pub name: NamespaceName,
    /// The name that is shown.
    pub full_name: Label,
    /// What they may do.
    pub role: OrgRole,
    /// Since when they belong to it.
    pub since: Timestamp,
}

impl Accounts {
    /// Makes an organisation, administered by whoever makes it; one that the operator makes has no members yet.
    pub async fn create_org(&self, by: By<'_>, new: NewOrganization) -> Result<Namespace, AccountError> {
        let founder = by.full_user()?.map(|user| user.id);
        check_name(&new.name)?;
        check_default(new.default_visibility)?;
        let (key, now) = (self.inner.ids.next_key(), self.now());
        let mut namespace = namespaces::fresh(key, new.name, NamespaceKind::Organization, new.full_name, now)?;
        namespace.default_visibility = new.default_visibility;
        let mut tx = self.inner.db.begin().await?;
        if !namespaces::insert(&mut tx, &namespace, self.free_since()).await? {
            return Err(AccountError::NameTaken { name: namespace.name.to_string() });
        }
        if let Some(founder) = founder {
            members::put(&mut tx, namespace.id, founder, OrgRole::Admin, now).await?;
        }
        self.record(&mut tx, by, Act::new("org.create", namespace.name.as_str()).in_org(namespace.id)).await?;
        tx.commit().await?;
        Ok(namespace)
    }

    /// Organisations in the order of their names.
    pub async fn orgs(&self, page: &PageQuery) -> Result<Page<Organization>, AccountError> {
        let found = namespaces::organizations(&self.inner.db, page.after(), page.probe()).await?;
        let page = page.cut(found, |(namespace, _)| namespace.name.key());
        let organization = |(namespace, members): (Namespace, i64)| Organization {
            namespace,
            members: u64::try_from(members).unwrap_or_default(),
        };
        Ok(Page { items: page.items.into_iter().map(organization).collect(), next: page.next })
    }

    /// One organisation with the number of its members.
    pub async fn organization(&self, name: &NamespaceName) -> Result<Organization, AccountError> {
        let namespace = self.org(name).await?;
        let members = members::count(&self.inner.db, namespace.id).await?;
        Ok(Organization { namespace, members: u64::try_from(members).unwrap_or_default() })
    }

    /// The organisations of a person, by name, as everyone may know them.
    pub async fn memberships(&self, user: NamespaceId) -> Result<Vec<Membership>, AccountError> {
        Ok(members::of_user(&self.inner.db, user).await?)
    }

    /// Members in the order of their names, for other members and administrators.
    pub async fn members(
        &self,
        by: By<'_>,
        org: &NamespaceName,
        page: &PageQuery,
    ) -> Result<Page<Member>, AccountError> {
        let org = self.org(org).await?;
        if by.instance_admin().is_err()
            && let By::Caller(caller) = by
        {
            signed_in(caller)?;
            if caller.role_in(org.id).is_none() {
                return Err(AccountError::Forbidden { needs: "a member of the organization" });
            }
        }
        let found = members::page(&self.inner.db, org.id, page.after(), page.probe()).await?;
        Ok(page.cut(found, |member| member.name.key()))
    }

    /// Makes a person a member, or changes the role of a member.
    pub async fn put_member(
        &self,
        by: By<'_>,
        org: &NamespaceName,
        user: &NamespaceName,
        role: OrgRole,
    ) -> Result<(), AccountError> {
        let org = self.org(org).await?;
        by.org_admin(org.id)?;
        let mut tx = self.inner.db.begin().await?;
        lock(&mut tx, &org).await?;
        let user = users::by_key_in(&mut tx, &user.key()).await?.ok_or_else(|| no_user(user))?;
        let before = members::role_of(&mut tx, org.id, user.id).await?;
        members::put(&mut tx, org.id, user.id, role, self.now()).await?;
        keep_admin(&mut tx, &org, before).await?;
        let detail = format!("{} in {}", role.word(), org.name);
        let act = Act::new("member.set", user.name.as_str()).in_org(org.id).with(&detail);
        self.record(&mut tx, by, act).await?;
        Ok(tx.commit().await?)
    }

    /// Takes a person out of the organisation: its administrators may, and the person themselves.
    pub async fn remove_member(
        &self,
        by: By<'_>,
        org: &NamespaceName,
        user: &NamespaceName,
    ) -> Result<(), AccountError> {
        let org = self.org(org).await?;
        let leaver = self.namespace(user).await?.ok_or_else(|| no_user(user))?;
        by.org_admin(org.id).or_else(|refusal| by.person(leaver.id).map_err(|_| refusal))?;
        let mut tx = self.inner.db.begin().await?;
        lock(&mut tx, &org).await?;
        let Some(before) = members::role_of(&mut tx, org.id, leaver.id).await? else {
            return Err(AccountError::NoSuchItem { what: "member" });
        };
        members::remove(&mut tx, org.id, leaver.id).await?;
        keep_admin(&mut tx, &org, Some(before)).await?;
        let act = Act::new("member.remove", leaver.name.as_str()).in_org(org.id).with(org.name.as_str());
        self.record(&mut tx, by, act).await?;
        Ok(tx.commit().await?)
    }

    /// Changes the name that is shown.
    pub async fn set_org_profile(
        &self,
        by: By<'_>,
        org: &NamespaceName,
        full_name: &Label,
    ) -> Result<(), AccountError> {
        let org = self.org(org).await?;
        by.org_admin(org.id)?;
        let mut tx = self.inner.db.begin().await?;
        namespaces::set_full_name(&mut tx, org.id, full_name).await?;
        self.record(&mut tx, by, Act::new("org.profile", org.name.as_str()).in_org(org.id)).await?;
        Ok(tx.commit().await?)
    }

    /// Changes how repositories are made when their creator does not say. Those that exist stay as they are.
    pub async fn set_default_visibility(
        &self,
        by: By<'_>,
        org: &NamespaceName,
        visibility: Visibility,
    ) -> Result<(), AccountError> {
        let org = self.org(org).await?;
        by.org_admin(org.id)?;
        check_default(visibility)?;
        let mut tx = self.inner.db.begin().await?;
        namespaces::set_default_visibility(&mut tx, org.id, visibility).await?;
        let act = Act::new("org.default-visibility", org.name.as_str()).in_org(org.id).with(visibility.word());
        self.record(&mut tx, by, act).await?;
        Ok(tx.commit().await?)
    }

    /// Deletes an organisation. The caller counts the repositories that it owns.
    pub async fn delete_org(
        &self,
        by: By<'_>,
        org: &NamespaceName,
        owned_repositories: u64,
    ) -> Result<(), AccountError> {
        let org = self.org(org).await?;
        by.org_admin(org.id)?;
        if owned_repositories > 0 {
            return Err(AccountError::OwnsRepositories { name: org.name.to_string(), count: owned_repositories });
        }
        let mut tx = self.inner.db.begin().await?;
        if !namespaces::delete(&mut tx, org.id).await? {
            return Err(AccountError::StillOwns { name: org.name.to_string() });
        }
        self.record(&mut tx, by, Act::new("org.delete", org.name.as_str()).in_org(org.id)).await?;
        Ok(tx.commit().await?)
    }

    async fn org(&self, name: &NamespaceName) -> Result<Namespace, AccountError> {
        let found = self.namespace(name).await?.filter(|found| found.kind == NamespaceKind::Organization);
        found.ok_or_else(|| AccountError::NoSuch { what: "organization", name: name.to_string() })
    }
}

/// Holds the organisation until the transaction ends; it may have been deleted meanwhile.
async fn lock(tx: &mut Tx, org: &Namespace) -> Result<(), AccountError> {
    if namespaces::lock(tx, org.id).await? {
        return Ok(());
    }
    Err(AccountError::NoSuch { what: "organization", name: org.name.to_string() })
}

/// Refuses a change that took the last administrator away: `before` is the role that changed.
async fn keep_admin(tx: &mut Tx, org: &Namespace, before: Option<OrgRole>) -> Result<(), AccountError> {
    if before == Some(OrgRole::Admin) && members::admins(tx, org.id).await? == 0 {
        return Err(AccountError::LastOrgAdmin { org: org.name.to_string() });
    }
    Ok(())
}

/// Only Spaces can be protected, so no name space can make everything so.
pub(crate) fn check_default(visibility: Visibility) -> Result<(), AccountError> {
    match visibility {
        Visibility::Public | Visibility::Private => Ok(()),
        Visibility::Protected => Err(AccountError::DefaultVisibility),
    }
}
