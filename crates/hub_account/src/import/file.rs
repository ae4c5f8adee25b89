//! The file of an import: its JSON, and the rules that need no database.
//!
//! ```json
//! {
//!   "users": [
//!     {"name": "ada", "full_name": "Ada Lovelace", "email": "ada@example.org", "password": "optional",
//!      "tokens": [{"value": "hf_…", "role": "write", "display_name": "laptop"}]}
//!   ],
//!   "organizations": [
//!     {"name": "lab", "full_name": "The Lab", "default_visibility": "private",
//!      "members": [{"user": "ada", "role": "admin"}]}
//!   ]
//! }
//! ```
//!
//! Names need only be addressable and values of tokens only fit into a header: older hubs accepted more than the
//! sign-up form does. Unknown fields are refused, for a misspelt field that is passed over is data that is lost.

use std::collections::HashMap;

use hub_core::{NamespaceName, OrgRole, SecretString, TokenRole, Visibility};
use serde::Deserialize;

use super::at;
use crate::error::AccountError;
use crate::label::{Email, Label};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    #[serde(default)]
    pub(super) users: Vec<User>,
    #[serde(default)]
    pub(super) organizations: Vec<Organization>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct User {
    pub(super) name: NamespaceName,
    #[serde(default, deserialize_with = "filled")]
    pub(super) full_name: Option<Label>,
    #[serde(default, deserialize_with = "filled")]
    pub(super) email: Option<Email>,
    pub(super) password: Option<SecretString>,
    #[serde(default)]
    pub(super) tokens: Vec<Token>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Token {
    pub(super) value: SecretString,
    pub(super) role: TokenRole,
    pub(super) display_name: Label,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Organization {
    pub(super) name: NamespaceName,
    #[serde(default, deserialize_with = "filled")]
    pub(super) full_name: Option<Label>,
    pub(super) default_visibility: Option<DefaultVisibility>,
    #[serde(default)]
    pub(super) members: Vec<Member>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Member {
    pub(super) user: NamespaceName,
    pub(super) role: OrgRole,
}

/// The visibilities that can be a default.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum DefaultVisibility {
    Public,
    Private,
}

impl From<DefaultVisibility> for Visibility {
    fn from(visibility: DefaultVisibility) -> Self {
        match visibility {
            DefaultVisibility::Public => Visibility::Public,
            DefaultVisibility::Private => Visibility::Private,
        }
    }
}

/// Reads a text that exports leave empty where they know nothing.
fn filled<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: serde::Deserializer<'de>,
    T: std::str::FromStr<Err: std::fmt::Display>,
{
    match Option::<String>::deserialize(deserializer)? {
        Some(text) if !text.trim().is_empty() => text.parse().map(Some).map_err(serde::de::Error::custom),
        _ => Ok(None),
    }
}

/// The longest value of a token: a header line has room for more, no hub gives out longer ones.
const TOKEN_MAX: usize = 512;

/// Reads the file and refuses what contradicts itself.
pub(super) fn read(json: &str) -> Result<File, AccountError> {
    let json = json.trim_start_matches('\u{feff}').trim_start();
    // serde would take a list for a struct, field by field.
    if json.starts_with('[') {
        return Err(at("the file", "expected an object with \"users\" and \"organizations\", found a list"));
    }
    let mut parser = serde_json::Deserializer::from_str(json);
    let file: File = serde_path_to_error::deserialize(&mut parser).map_err(|error| {
        let path = error.path().to_string();
        at(if path == "." { "the file".to_owned() } else { path }, error.inner().to_string())
    })?;
    parser.end().map_err(|error| at("the file", error.to_string()))?;
    check_names(&file)?;
    check_tokens(&file)?;
    check_members(&file)?;
    Ok(file)
}

/// Refuses the second use of a key; `places` remembers the first of each.
fn once(places: &mut HashMap<String, String>, key: String, path: String, what: &str) -> Result<(), AccountError> {
    match places.get(&key) {
        Some(first) => Err(at(path, format!("{what} stands at {first} already"))),
        None => {
            places.insert(key, path);
            Ok(())
        }
    }
}

fn check_names(file: &File) -> Result<(), AccountError> {
    let (mut names, mut emails) = (HashMap::new(), HashMap::new());
    for (index, user) in file.users.iter().enumerate() {
        once(&mut names, user.name.key(), format!("users[{index}].name"), "the same name")?;
        if let Some(email) = &user.email {
            once(&mut emails, email.key(), format!("users[{index}].email"), "the same email")?;
        }
    }
    for (index, org) in file.organizations.iter().enumerate() {
        once(&mut names, org.name.key(), format!("organizations[{index}].name"), "the same name")?;
    }
    Ok(())
}

fn check_tokens(file: &File) -> Result<(), AccountError> {
    let mut values = HashMap::new();
    for (index, user) in file.users.iter().enumerate() {
        for (number, token) in user.tokens.iter().enumerate() {
            let path = format!("users[{index}].tokens[{number}].value");
            let value = token.value.reveal();
            let fits = (1..=TOKEN_MAX).contains(&value.len()) && value.bytes().all(|byte| byte.is_ascii_graphic());
            if !fits {
                let problem = format!("a token is 1 to {TOKEN_MAX} visible ASCII characters without space");
                return Err(at(path, problem));
            }
            once(&mut values, value.to_owned(), path, "the same token")?;
        }
    }
    Ok(())
}

fn check_members(file: &File) -> Result<(), AccountError> {
    for (index, org) in file.organizations.iter().enumerate() {
        let mut users = HashMap::new();
        for (number, member) in org.members.iter().enumerate() {
            let path = format!("organizations[{index}].members[{number}].user");
            once(&mut users, member.user.key(), path, "the same member")?;
        }
    }
    Ok(())
}
