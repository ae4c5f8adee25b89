//! What people and organisations say about themselves: a few words, links, and what kind of house they are and where.
//!
//! Kind and country are said by whoever is meant, with a source by which others can check them, or entered by an
//! administrator of the instance; which of both is kept, because figures of the ecosystem rest on it.

use std::str::FromStr;

use hub_core::{NamespaceName, Timestamp};

use crate::Accounts;
use crate::audit::Act;
use crate::caller::By;
use crate::country::Country;
use crate::error::AccountError;
use crate::namespace::{Namespace, NamespaceKind};
use crate::store::profiles;

/// The most characters of what somebody says about themselves, and of an address.
const BIO_MAX: usize = 1000;
const ADDRESS_MAX: usize = 300;

/// What kind of house an organisation is, or a person works for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum HouseKind {
    /// It works for profit.
    Company,
    /// It teaches and researches.
    University,
    /// It works for a purpose without profit.
    NonProfit,
    /// People who work together without a legal form, or as one.
    Community,
    /// It belongs to a state.
    Government,
    /// Somebody on their own.
    Independent,
}

impl HouseKind {
    /// All of them, in the order in which they are offered.
    pub const ALL: [Self; 6] =
        [Self::Company, Self::University, Self::NonProfit, Self::Community, Self::Government, Self::Independent];

    /// The word of rows and of the API.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Company => "company",
            Self::University => "university",
            Self::NonProfit => "non-profit",
            Self::Community => "community",
            Self::Government => "government",
            Self::Independent => "independent",
        }
    }
}

/// A word that is no kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a kind is one of company, university, non-profit, community, government, independent")]
pub struct HouseKindError;

impl FromStr for HouseKind {
    type Err = HouseKindError;

    fn from_str(word: &str) -> Result<Self, HouseKindError> {
        Self::ALL.into_iter().find(|kind| kind.word() == word.trim()).ok_or(HouseKindError)
    }
}

/// The names of somebody in other places; empty where there is none.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Handles {
    /// On X, once Twitter.
    pub twitter: String,
    /// On GitHub.
    pub github: String,
    /// On LinkedIn: what follows `/in/` or `/company/`.
    pub linkedin: String,
    /// On Bluesky: a domain.
    pub bluesky: String,
}

/// What somebody says about themselves. Texts are empty where nothing is said.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Profile {
    /// A few words, without marks.
    pub bio: String,
    /// Their place in the web, an `http` or `https` address.
    pub website: String,
    /// Their names in other places.
    pub handles: Handles,
    /// What kind of house they are.
    pub kind: Option<HouseKind>,
    /// Where they are.
    pub country: Option<Country>,
    /// The address of a page that shows kind and country.
    pub source: String,
    /// Whether an administrator of the instance entered kind, country and source. Not a wish of whoever saves: it is
    /// decided by who does.
    pub is_verified: bool,
}

/// Why a profile is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProfileError {
    /// Too long a text.
    #[error("what is said about oneself has at most {BIO_MAX} characters")]
    BioTooLong,
    /// No address of the web.
    #[error("'{0}' is not a web address; it looks like https://example.org")]
    Address(String),
    /// No name of that place.
    #[error("'{given}' is not a name on {place}; give the name alone, without the address")]
    Handle {
        /// Which place.
        place: &'static str,
        /// What was given.
        given: String,
    },
}

impl Profile {
    /// The profile as it is kept: trimmed, names without the address or the `@` around them.
    fn checked(mut self) -> Result<Self, ProfileError> {
        self.bio = self.bio.trim().replace("\r\n", "\n");
        self.bio.retain(|c| c == '\n' || !c.is_control());
        if self.bio.chars().count() > BIO_MAX {
            return Err(ProfileError::BioTooLong);
        }
        self.website = address(&self.website)?;
        self.source = address(&self.source)?;
        let Handles { twitter, github, linkedin, bluesky } = &self.handles;
        let ascii = |c: char| c.is_ascii_alphanumeric();
        self.handles = Handles {
            twitter: handle("X", twitter, &["x.com/", "twitter.com/"], 15, |c| ascii(c) || c == '_')?,
            github: handle("GitHub", github, &["github.com/"], 39, |c| ascii(c) || c == '-')?,
            linkedin: handle(
                "LinkedIn",
                linkedin,
                &["linkedin.com/in/", "linkedin.com/company/", "linkedin.com/school/"],
                100,
                |c| c.is_alphanumeric() || matches!(c, '-' | '_' | '%' | '.'),
            )?,
            bluesky: handle("Bluesky", bluesky, &["bsky.app/profile/"], 253, |c| ascii(c) || matches!(c, '-' | '.'))?,
        };
        Ok(self)
    }
}

/// An address of the web, or nothing.
fn address(given: &str) -> Result<String, ProfileError> {
    let given = given.trim();
    let rest = given.strip_prefix("https://").or_else(|| given.strip_prefix("http://"));
    let is_address = rest.is_some_and(|rest| {
        !rest.is_empty() && !rest.starts_with('/') && !rest.chars().any(|c| c.is_control() || c.is_whitespace())
    });
    if given.is_empty() || (is_address && given.len() <= ADDRESS_MAX) {
        return Ok(given.to_owned());
    }
    Err(ProfileError::Address(shortened(given)))
}

/// A name in another place, out of what people paste: the name, `@name`, or the address of their page there.
fn handle(
    place: &'static str,
    given: &str,
    starts: &[&str],
    longest: usize,
    permits: impl Fn(char) -> bool,
) -> Result<String, ProfileError> {
    let text = given.trim();
    let text = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")).unwrap_or(text);
    let text = text.strip_prefix("www.").unwrap_or(text);
    let text = starts.iter().find_map(|start| text.strip_prefix(start)).unwrap_or(text);
    let name = text.trim_start_matches('@').trim_end_matches('/');
    if name.chars().count() <= longest && name.chars().all(permits) {
        return Ok(name.to_owned());
    }
    Err(ProfileError::Handle { place, given: shortened(given.trim()) })
}

fn shortened(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(100).collect()
}

impl Namespace {
    /// An act upon the person or the organisation, in the log of the latter.
    pub(crate) fn act(&self, action: &'static str) -> Act<'_> {
        let act = Act::new(action, self.name.as_str());
        if self.kind == NamespaceKind::Organization { act.in_org(self.id) } else { act }
    }
}

impl Accounts {
    /// A person or an organisation that the caller looks after.
    pub async fn governed(&self, by: By<'_>, name: &NamespaceName) -> Result<Namespace, AccountError> {
        let missing = || AccountError::NoSuch { what: "user or organization", name: name.to_string() };
        let space = self.namespace(name).await?.ok_or_else(missing)?;
        by.governs(&space)?;
        Ok(space)
    }

    /// What somebody says about themselves.
    pub async fn profile(&self, of: &Namespace) -> Result<Profile, AccountError> {
        Ok(profiles::by_id(&self.inner.db, of.id).await?.unwrap_or_default())
    }

    /// Replaces what is said. Kind and country that an administrator of the instance entered stay marked so until
    /// somebody else changes them.
    pub async fn describe(&self, by: By<'_>, of: &Namespace, profile: Profile) -> Result<(), AccountError> {
        by.governs(of)?;
        let before = self.profile(of).await?;
        let mut profile = profile.checked()?;
        let annotation = |profile: &Profile| (profile.kind, profile.country, profile.source.clone());
        let is_same = annotation(&before) == annotation(&profile);
        let says_something = profile.kind.is_some() || profile.country.is_some();
        profile.is_verified = says_something
            && if is_same { before.is_verified } else { !by.is_self(of.id) && by.instance_admin().is_ok() };
        let now: Timestamp = self.now();
        let mut tx = self.inner.db.begin().await?;
        profiles::put(&mut tx, of.id, &profile, now).await?;
        self.record(&mut tx, by, of.act("profile.describe")).await?;
        Ok(tx.commit().await?)
    }
}

#[cfg(test)]
mod tests;
