//! Accounts, organisations and tokens from a file, so that a migration from another hub keeps people's clients working.
//!
//! The file is read by [`file`], whose errors name the place; this module applies it in one transaction. What the file
//! says wins over what the database says, except for what people have since taken into their own hands: a password that
//! is set stays, and a token that was revoked stays revoked. Nothing is removed. So a second import of a file changes
//! nothing, and an import that fails has changed nothing.

mod file;

use std::collections::HashMap;

use hub_core::{NamespaceName, OrgRole, Timestamp, TokenRole};
use hub_db::Tx;

use crate::caller::{By, TokenGrant};
use crate::code::digest;
use crate::error::AccountError;
use crate::namespace::{Namespace, NamespaceId, NamespaceKind};
use crate::scope::TokenScopes;
use crate::store::{members, namespaces, tokens, users};
use crate::tokens::TokenId;
use crate::{Accounts, password};

/// What became of the entries of one sort.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Count {
    /// Were not there before.
    pub created: u64,
    /// Were there and differed.
    pub updated: u64,
    /// Were there just so.
    pub unchanged: u64,
}

/// What an import did.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct ImportReport {
    /// People.
    pub users: Count,
    /// Their tokens.
    pub tokens: Count,
    /// Organisations.
    pub organizations: Count,
    /// Their members.
    pub members: Count,
    /// Passwords of the file that were passed over because their owners have one already.
    pub passwords_kept: u64,
    /// Tokens of the file that were passed over because they have been revoked here.
    pub tokens_kept_revoked: u64,
}

/// What happened to one entry.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Change {
    Created,
    Updated,
    Unchanged,
}

impl Change {
    /// Updated if something differed.
    fn from_difference(differs: bool) -> Self {
        if differs { Change::Updated } else { Change::Unchanged }
    }
}

impl Count {
    fn add(&mut self, change: Change) {
        match change {
            Change::Created => self.created += 1,
            Change::Updated => self.updated += 1,
            Change::Unchanged => self.unchanged += 1,
        }
    }
}

/// An error at a place of the file.
fn at(path: impl Into<String>, problem: impl Into<String>) -> AccountError {
    AccountError::Import { path: path.into(), problem: problem.into() }
}

impl Accounts {
    /// Brings in the accounts of a file. See the guide for operators for its form.
    pub async fn import_accounts(&self, by: By<'_>, json: &str) -> Result<ImportReport, AccountError> {
        by.instance_admin()?;
        let file = file::read(json)?;
        let hashes = self.hash_imported(&file).await?;
        let mut import =
            Import { accounts: self, now: self.now(), report: ImportReport::default(), people: HashMap::new() };
        let mut tx = self.inner.db.begin().await?;
        for (index, user) in file.users.iter().enumerate() {
            import.user(&mut tx, index, user, hashes.get(&index).map(String::as_str)).await?;
        }
        for (index, org) in file.organizations.iter().enumerate() {
            import.organization(&mut tx, index, org).await?;
        }
        tx.commit().await?;
        Ok(import.report)
    }

    /// Hashes the passwords that will be needed, by the index of their user. This is slow, so it comes before the
    /// transaction.
    async fn hash_imported(&self, file: &file::File) -> Result<HashMap<usize, String>, AccountError> {
        let mut hashes = HashMap::new();
        for (index, user) in file.users.iter().enumerate() {
            let Some(secret) = &user.password else { continue };
            if secret.reveal().is_empty() || secret.reveal().len() > password::PASSWORD_MAX {
                let problem = format!("a password has 1 to {} bytes", password::PASSWORD_MAX);
                return Err(at(format!("users[{index}].password"), problem));
            }
            if !users::has_password(&self.inner.db, &user.name.key()).await? {
                hashes.insert(index, self.inner.passwords.hash(&*self.inner.ids, secret).await?);
            }
        }
        Ok(hashes)
    }
}

struct Import<'a> {
    accounts: &'a Accounts,
    now: Timestamp,
    report: ImportReport,
    /// People of the file by the key of their name.
    people: HashMap<String, NamespaceId>,
}

impl Import<'_> {
    /// The entry of that name, made if it is missing; `true` if it was made.
    async fn entry(
        &self,
        tx: &mut Tx,
        path: &str,
        (name, kind): (&NamespaceName, NamespaceKind),
        fresh: Namespace,
    ) -> Result<(Namespace, bool), AccountError> {
        if let Some(found) = namespaces::by_key_in(tx, &name.key()).await? {
            if found.kind != kind {
                let other = if kind == NamespaceKind::User { "an organization" } else { "a user" };
                return Err(at(format!("{path}.name"), format!("'{name}' exists already and is {other}")));
            }
            return Ok((found, false));
        }
        if !namespaces::insert(tx, &fresh, self.accounts.free_since()).await? {
            return Err(at(format!("{path}.name"), format!("'{name}' was registered by someone else just now")));
        }
        Ok((fresh, true))
    }

    async fn user(
        &mut self,
        tx: &mut Tx,
        index: usize,
        user: &file::User,
        hash: Option<&str>,
    ) -> Result<(), AccountError> {
        let path = format!("users[{index}]");
        let key = self.accounts.inner.ids.next_key();
        let fresh = namespaces::fresh(key, user.name.clone(), NamespaceKind::User, user.full_name.clone(), self.now)?;
        let (entry, is_new) = self.entry(tx, &path, (&user.name, NamespaceKind::User), fresh).await?;
        let email_taken = || at(format!("{path}.email"), "the email belongs to another account");
        let change = if is_new {
            if !users::insert(tx, entry.id, user.email.as_ref(), hash, false).await? {
                return Err(email_taken());
            }
            Change::Created
        } else {
            let held = users::by_key_in(tx, &user.name.key()).await?;
            let held = held.ok_or(AccountError::Damaged { what: "a user without its row in account_user" })?;
            let renames = user.full_name.as_ref().filter(|wanted| **wanted != held.full_name);
            if let Some(full_name) = renames {
                namespaces::set_full_name(tx, entry.id, full_name).await?;
            }
            let readdresses = user.email.as_ref().filter(|wanted| Some(*wanted) != held.email.as_ref());
            if let Some(email) = readdresses
                && !users::set_email(tx, entry.id, email, None).await?
            {
                return Err(email_taken());
            }
            let sets_password = hash.filter(|_| !held.has_password);
            if let Some(hash) = sets_password {
                users::set_password(tx, entry.id, hash).await?;
            }
            Change::from_difference(renames.is_some() || readdresses.is_some() || sets_password.is_some())
        };
        self.report.users.add(change);
        self.report.passwords_kept += u64::from(user.password.is_some() && hash.is_none());
        self.people.insert(user.name.key(), entry.id);
        for (number, token) in user.tokens.iter().enumerate() {
            self.token(tx, &format!("{path}.tokens[{number}]"), entry.id, token).await?;
        }
        Ok(())
    }

    async fn token(
        &mut self,
        tx: &mut Tx,
        path: &str,
        owner: NamespaceId,
        token: &file::Token,
    ) -> Result<(), AccountError> {
        if token.role == TokenRole::FineGrained {
            let problem = "a fine-grained token needs scopes, which this file cannot carry; make it 'read' or 'write'";
            return Err(at(format!("{path}.role"), problem));
        }
        let hash = digest(&token.value);
        let change = match tokens::known(tx, hash).await? {
            Some(known) if known.user != owner => {
                return Err(at(format!("{path}.value"), "this token belongs to another user"));
            }
            Some(known) if known.is_revoked => {
                self.report.tokens_kept_revoked += 1;
                Change::Unchanged
            }
            Some(known) => {
                let differs = known.role != token.role || known.display_name != token.display_name.as_str();
                if differs {
                    tokens::redescribe(tx, known.id, token.display_name.as_str(), token.role).await?;
                }
                Change::from_difference(differs)
            }
            None => {
                let grant = TokenGrant {
                    id: TokenId::new(self.accounts.inner.ids.next_key()),
                    display_name: token.display_name.clone(),
                    role: token.role,
                    scopes: TokenScopes::default(),
                    created_at: self.now,
                    expires_at: None,
                };
                tokens::insert(tx, owner, hash, &grant).await?;
                Change::Created
            }
        };
        self.report.tokens.add(change);
        Ok(())
    }

    async fn organization(&mut self, tx: &mut Tx, index: usize, org: &file::Organization) -> Result<(), AccountError> {
        let path = format!("organizations[{index}]");
        let key = self.accounts.inner.ids.next_key();
        let kind = NamespaceKind::Organization;
        let mut fresh = namespaces::fresh(key, org.name.clone(), kind, org.full_name.clone(), self.now)?;
        if let Some(visibility) = org.default_visibility {
            fresh.default_visibility = visibility.into();
        }
        let (entry, is_new) = self.entry(tx, &path, (&org.name, kind), fresh).await?;
        let renames = org.full_name.as_ref().filter(|wanted| **wanted != entry.full_name);
        if let Some(full_name) = renames {
            namespaces::set_full_name(tx, entry.id, full_name).await?;
        }
        let wanted = org.default_visibility.map(hub_core::Visibility::from);
        let changes_default = wanted.filter(|wanted| *wanted != entry.default_visibility);
        if let Some(visibility) = changes_default {
            namespaces::set_default_visibility(tx, entry.id, visibility).await?;
        }
        self.report.organizations.add(match is_new {
            true => Change::Created,
            false => Change::from_difference(renames.is_some() || changes_default.is_some()),
        });
        for (number, member) in org.members.iter().enumerate() {
            let user = self.person(tx, &format!("{path}.members[{number}].user"), &member.user).await?;
            self.member(tx, entry.id, user, member.role).await?;
        }
        Ok(())
    }

    /// A person of this file, or one who has been here before.
    async fn person(&self, tx: &mut Tx, path: &str, name: &NamespaceName) -> Result<NamespaceId, AccountError> {
        if let Some(id) = self.people.get(&name.key()) {
            return Ok(*id);
        }
        match namespaces::by_key_in(tx, &name.key()).await? {
            Some(found) if found.kind == NamespaceKind::User => Ok(found.id),
            Some(_) => Err(at(path, format!("'{name}' is an organization; only users can be members"))),
            None => Err(at(path, format!("there is no user '{name}', neither in this file nor on this instance"))),
        }
    }

    async fn member(
        &mut self,
        tx: &mut Tx,
        org: NamespaceId,
        user: NamespaceId,
        role: OrgRole,
    ) -> Result<(), AccountError> {
        let change = match members::role_of(tx, org, user).await? {
            None => Change::Created,
            Some(held) => Change::from_difference(held != role),
        };
        if change != Change::Unchanged {
            members::put(tx, org, user, role, self.now).await?;
        }
        self.report.members.add(change);
        Ok(())
    }
}
