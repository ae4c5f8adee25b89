//! People, organisations, tokens, invitations, from the command line.

use anyhow::Context as _;
use hub_account::{By, Email, FreshToken, NamespaceKind, NewOrganization, NewToken, NewUser, PageQuery, TokenScopes};
use hub_core::{NamespaceName, OrgRole, TokenRole, Visibility};

use super::{password, say, table};
use crate::cli::{OrgCommand, Role, TokenCommand, TokenRoleArg, UserCommand};
use crate::hub::Hub;

const DAY_MILLIS: i64 = 86_400_000;

pub(super) async fn user(hub: &Hub, command: UserCommand) -> anyhow::Result<()> {
    let accounts = &hub.accounts;
    match command {
        UserCommand::Add { name, full_name, email, admin, password_stdin } => {
            let password = if password_stdin { Some(password::read()?) } else { None };
            let new = NewUser { name, full_name, email, password };
            let made = accounts.create_user(By::Operator, new, admin).await?;
            say(format!("Made the account {}.", made.name))
        }
        UserCommand::List { search } => {
            let mut rows = Vec::new();
            let mut page = PageQuery { after: None, limit: Some(PageQuery::MAX) };
            loop {
                let found = accounts.users(By::Operator, &search, &page).await?;
                rows.extend(found.items.into_iter().map(|user| {
                    let email = user.email.map(|email| email.as_str().to_owned());
                    let mut marks = Vec::new();
                    marks.extend(user.is_admin.then_some("administrator"));
                    marks.extend(user.disabled_at.map(|_| "disabled"));
                    marks.extend((!user.has_password).then_some("no password"));
                    let name = user.name.to_string();
                    vec![name, user.full_name.as_str().to_owned(), email.unwrap_or_default(), marks.join(", ")]
                }));
                page.after = found.next;
                if page.after.is_none() {
                    return table(&["NAME", "FULL NAME", "EMAIL", ""], &rows);
                }
            }
        }
        UserCommand::Passwd { name } => {
            accounts.set_password(By::Operator, &name, None, &password::read()?).await?;
            say(format!("{name} has a new password."))
        }
        UserCommand::Disable { name } => {
            accounts.set_disabled(By::Operator, &name, true).await?;
            say(format!("The account {name} is closed."))
        }
        UserCommand::Enable { name } => {
            accounts.set_disabled(By::Operator, &name, false).await?;
            say(format!("The account {name} is open."))
        }
        UserCommand::MakeAdmin { name } => {
            accounts.set_admin(By::Operator, &name, true).await?;
            say(format!("{name} is an administrator of this installation."))
        }
        UserCommand::RemoveAdmin { name } => {
            accounts.set_admin(By::Operator, &name, false).await?;
            say(format!("{name} is no administrator of this installation."))
        }
    }
}

pub(super) async fn org(hub: &Hub, command: OrgCommand) -> anyhow::Result<()> {
    let accounts = &hub.accounts;
    match command {
        OrgCommand::Add { name, full_name, private, admin } => {
            let default_visibility = if private { Visibility::Private } else { Visibility::Public };
            let made =
                accounts.create_org(By::Operator, NewOrganization { name, full_name, default_visibility }).await?;
            if let Some(admin) = &admin {
                accounts.put_member(By::Operator, &made.name, admin, OrgRole::Admin).await?;
            }
            say(format!("Made the organisation {}.", made.name))
        }
        OrgCommand::List => {
            let mut rows = Vec::new();
            let mut page = PageQuery { after: None, limit: Some(PageQuery::MAX) };
            loop {
                let found = accounts.orgs(&page).await?;
                rows.extend(found.items.into_iter().map(|org| {
                    let namespace = org.namespace;
                    let visibility = namespace.default_visibility.word().to_owned();
                    vec![
                        namespace.name.to_string(),
                        namespace.full_name.as_str().to_owned(),
                        visibility,
                        org.members.to_string(),
                    ]
                }));
                page.after = found.next;
                if page.after.is_none() {
                    return table(&["NAME", "FULL NAME", "NEW REPOSITORIES", "MEMBERS"], &rows);
                }
            }
        }
        OrgCommand::Member { org, user, role } => {
            let role = role.into();
            accounts.put_member(By::Operator, &org, &user, role).await?;
            say(format!("{user} has the role {} in {org}.", role.word()))
        }
        OrgCommand::RemoveMember { org, user } => {
            accounts.remove_member(By::Operator, &org, &user).await?;
            say(format!("{user} has left {org}."))
        }
        OrgCommand::Members { org } => {
            let mut rows = Vec::new();
            let mut page = PageQuery { after: None, limit: Some(PageQuery::MAX) };
            loop {
                let found = accounts.members(By::Operator, &org, &page).await?;
                rows.extend(found.items.into_iter().map(|member| {
                    vec![member.name.to_string(), member.role.word().to_owned(), member.since.to_string()]
                }));
                page.after = found.next;
                if page.after.is_none() {
                    return table(&["NAME", "ROLE", "SINCE"], &rows);
                }
            }
        }
    }
}

impl From<Role> for OrgRole {
    fn from(role: Role) -> Self {
        match role {
            Role::NoAccess => OrgRole::NoAccess,
            Role::Read => OrgRole::Read,
            Role::Contributor => OrgRole::Contributor,
            Role::Write => OrgRole::Write,
            Role::Admin => OrgRole::Admin,
        }
    }
}

pub(super) async fn token(hub: &Hub, command: TokenCommand) -> anyhow::Result<()> {
    let accounts = &hub.accounts;
    match command {
        TokenCommand::Create { user, name, role, days } => {
            let role = match role {
                TokenRoleArg::Read => TokenRole::Read,
                TokenRoleArg::Write => TokenRole::Write,
            };
            let expires_at = days.map(|days| hub.clock.now().plus_millis(days * DAY_MILLIS));
            let new = NewToken { display_name: name, role, scopes: TokenScopes::default(), expires_at };
            let owner = person(hub, &user).await?;
            let FreshToken { value, .. } = accounts.create_token(By::Operator, owner, new).await?;
            // Only the value, so that `TOKEN=$(hearth admin token create …)` works.
            say(value.reveal())
        }
        TokenCommand::List { user } => {
            let tokens = accounts.tokens(By::Operator, person(hub, &user).await?).await?;
            let row = |token: hub_account::Token| {
                let used = token.last_used_at.map_or("never".to_owned(), |at| at.to_string());
                let ends = token.grant.expires_at.map_or("never".to_owned(), |at| at.to_string());
                let name = token.grant.display_name.as_str().to_owned();
                vec![token.grant.id.to_string(), name, token.grant.role.word().to_owned(), used, ends]
            };
            table(&["ID", "NAME", "ROLE", "LAST USED", "ENDS"], &tokens.into_iter().map(row).collect::<Vec<_>>())
        }
        TokenCommand::Revoke { user, id } => {
            accounts.revoke_token(By::Operator, person(hub, &user).await?, id).await?;
            say(format!("The token {id} of {user} has ended."))
        }
    }
}

pub(super) async fn person(hub: &Hub, name: &NamespaceName) -> anyhow::Result<hub_account::NamespaceId> {
    let found = hub.accounts.namespace(name).await?;
    let person = found.filter(|namespace| namespace.kind == NamespaceKind::User);
    Ok(person.with_context(|| format!("there is no user called {name}"))?.id)
}

pub(super) async fn invite(hub: &Hub, email: Option<&Email>, days: i64) -> anyhow::Result<()> {
    let until = hub.clock.now().plus_millis(days * DAY_MILLIS);
    let made = hub.accounts.invite(By::Operator, email, Some(until)).await?;
    say(format!("Invitation until {}; give this code to whom it is for:\n{}", made.expires_at, made.code.reveal()))
}

pub(super) async fn import(hub: &Hub, text: &str) -> anyhow::Result<()> {
    let report = hub.accounts.import_accounts(By::Operator, text).await?;
    let row = |what: &str, count: hub_account::Count| {
        let numbers = [count.created, count.updated, count.unchanged].map(|number| number.to_string());
        std::iter::once(what.to_owned()).chain(numbers).collect::<Vec<_>>()
    };
    let rows = [
        row("users", report.users),
        row("tokens", report.tokens),
        row("organisations", report.organizations),
        row("members", report.members),
    ];
    table(&["", "NEW", "CHANGED", "UNCHANGED"], &rows)?;
    if report.passwords_kept > 0 {
        say(format!("{} people have a password here already; it stays.", report.passwords_kept))?;
    }
    if report.tokens_kept_revoked > 0 {
        say(format!("{} tokens were revoked here before and stay so.", report.tokens_kept_revoked))?;
    }
    Ok(())
}
