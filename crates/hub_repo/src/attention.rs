//! The trending score: how much attention a repository draws, and how lately.
//!
//! Attention is a download, a like or a word in a discussion by somebody who does not belong to the owner. A source of
//! attention, which is an account and the network that it comes from, counts once a day for each kind, so that neither
//! one account nor one network moves a repository far by itself: alone it is worth a tenth, `n` sources are worth
//! `0.1 + log2(n)`. A like weighs three times, a word twice. What happened halves every seven days, and after four weeks
//! it is forgotten:
//!
//! ```text
//! score = Σ over days, kinds:  weight(kind) · (0.1 + log2(sources)) · 2^(−age in days / 7)
//! ```
//!
//! Decay must not cost a write to every repository every hour. So the row keeps the logarithm of the score moved back to
//! a fixed day: that number changes only when there is news of the repository, orders repositories as the score does at
//! every moment, and gives the score of any moment ([`TrendingScore::at`]).

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use hmac::{Hmac, KeyInit, Mac};
use hub_core::Timestamp;
use hub_jobs::Outbox;
use sha2::Sha256;

use crate::store::{attention, secrets};
use crate::{Repo, RepoError, RepoId, RepoState, Repos};

/// Something by which a person shows interest in a repository.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Attention {
    /// A file was fetched.
    Download,
    /// It was liked.
    Like,
    /// A discussion was opened or answered.
    Word,
}

impl Attention {
    const ALL: [Attention; 3] = [Attention::Download, Attention::Like, Attention::Word];

    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Download => "download",
            Self::Like => "like",
            Self::Word => "word",
        }
    }

    pub(crate) fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }

    fn weight(self) -> f64 {
        match self {
            Self::Download => 1.0,
            Self::Like => 3.0,
            Self::Word => 2.0,
        }
    }
}

/// How much attention a repository draws, in a form that does not age. Larger means more.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Debug)]
pub struct TrendingScore(pub(crate) i64);

/// After so many days, what happened counts half.
const HALF_LIFE_DAYS: f64 = 7.0;
/// After so many days it does not count at all.
const FORGOTTEN_DAYS: i64 = 28;
/// What one source is worth by itself.
const ALONE: f64 = 0.1;
/// The day to which scores are moved back: 2024-10-04.
const FIRST_DAY: i64 = 20_000;
const DAY_MILLIS: f64 = 86_400_000.0;
/// Scores are kept in thousandths of a doubling.
const SCALE: f64 = 1000.0;
/// More sources than this are not told apart on one day.
const SOURCES_MAX: i64 = 10_000;
/// How much attention waits at most; beyond that it is written by whoever comes.
const MAX_PENDING: usize = 4096;
/// The bytes of a hashed source that are kept.
const SOURCE_BYTES: usize = 12;

impl TrendingScore {
    /// The score at a moment, to a hundredth.
    pub fn at(self, now: Timestamp) -> f64 {
        if self.0 <= 0 {
            return 0.0;
        }
        let age = (now.millis() as f64 / DAY_MILLIS - FIRST_DAY as f64) / HALF_LIFE_DAYS;
        let score = (self.0 as f64 / SCALE - age).exp2();
        // Nothing that ever ran here has a score beyond this; a row written by hand may.
        (score.min(1e6) * 100.0).round() / 100.0
    }

    /// The number by which rows and lists are ordered.
    pub fn order(self) -> i64 {
        self.0
    }

    /// The score of what happened on these days, seen from `today`.
    pub(crate) fn of(days: &[(i64, Attention, i64)], today: i64) -> Self {
        let worth = |(day, kind, sources): &(i64, Attention, i64)| {
            let age = (today - day).max(0) as f64;
            kind.weight() * (ALONE + (*sources).max(1) as f64).log2().max(ALONE) * (-age / HALF_LIFE_DAYS).exp2()
        };
        let score: f64 = days.iter().map(worth).sum();
        if score <= 0.0 {
            return Self::default();
        }
        let moved = score.log2() + (today - FIRST_DAY) as f64 / HALF_LIFE_DAYS;
        Self(((moved * SCALE).round() as i64).max(1))
    }
}

/// Attention that waits to be written.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Pending {
    repo: RepoId,
    day: i64,
    what: Attention,
    /// The account and the network, hashed: it counts if neither was seen before.
    sources: Vec<Vec<u8>>,
}

/// Attention of this process that waits to be written.
#[derive(Default)]
pub(crate) struct AttentionBuffer(Mutex<BTreeSet<Pending>>);

impl Repo {
    /// Notices that the caller, from a network, paid attention. Those to whom the repository belongs do not count, nor does
    /// anything in a repository that is not public: nobody else sees its score. Whoever likes or fetches something must not
    /// suffer from a figure that could not be kept, so a failure is only told to the log.
    pub async fn notice(&self, what: Attention, address: Option<IpAddr>) {
        if let Err(error) = self.try_to_notice(what, address).await {
            tracing::warn!(repo.addr = %self.addr(), %error, "attention was not noticed");
        }
    }

    async fn try_to_notice(&self, what: Attention, address: Option<IpAddr>) -> Result<(), RepoError> {
        let caller = self.caller();
        if self.state().visibility.is_hidden() || caller.role_in(self.state().owner).is_some() {
            return Ok(());
        }
        let account = caller.user().map(|user| format!("account {}", user.id.key()));
        let network = match (address, &account) {
            // Many people share such an address, or none of the outside can have it: the account tells more.
            (Some(address), Some(_)) if is_local(address) => None,
            (address, _) => address.map(|address| format!("network {}", network_of(address))),
        };
        let key = secrets::get_or_create(self.repos.db(), "download_client", self.repos.ids()).await?;
        let sources: Vec<Vec<u8>> = account.into_iter().chain(network).map(|name| hashed(&key, &name)).collect();
        if sources.is_empty() {
            return Ok(());
        }
        let pending = Pending { repo: self.id(), day: self.repos.clock().now().day(), what, sources };
        let full = {
            let mut waiting = self.repos.attention().0.lock().unwrap_or_else(PoisonError::into_inner);
            waiting.insert(pending);
            waiting.len() >= MAX_PENDING
        };
        if full { self.repos.write_attention().await } else { Ok(()) }
    }
}

impl Repos {
    /// Writes the attention that waits, and the scores that follow from it. Called every few seconds and at shutdown.
    pub async fn write_attention(&self) -> Result<(), RepoError> {
        let batch = std::mem::take(&mut *self.attention().0.lock().unwrap_or_else(PoisonError::into_inner));
        if batch.is_empty() {
            return Ok(());
        }
        let now = self.clock().now();
        let mut tx = self.db().begin().await?;
        // The batch is in the order of the keys, so that two replicas never wait for one another.
        let mut fresh: BTreeMap<(RepoId, i64, Attention), i64> = BTreeMap::new();
        for Pending { repo, day, what, sources } in &batch {
            let mut is_fresh = true;
            for source in sources {
                is_fresh &= attention::see(&mut tx, *repo, *day, *what, source).await?;
            }
            if is_fresh {
                *fresh.entry((*repo, *day, *what)).or_default() += 1;
            }
        }
        let mut changed: BTreeSet<RepoId> = BTreeSet::new();
        for ((repo, day, what), sources) in fresh {
            attention::add(&mut tx, repo, (day, what, sources), SOURCES_MAX).await?;
            changed.insert(repo);
        }
        for repo in &changed {
            let days = attention::since(&mut tx, *repo, now.day() - FORGOTTEN_DAYS).await?;
            attention::set_score(&mut tx, *repo, TrendingScore::of(&days, now.day())).await?;
        }
        if !changed.is_empty() {
            let keys: Vec<i64> = changed.iter().map(|repo| repo.key()).collect();
            Outbox::append(&mut tx, "repos.counted", "repos", &serde_json::json!({ "repos": keys }), now).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// The score of a repository now.
    pub fn trending_score(&self, state: &RepoState) -> f64 {
        state.trending.at(self.clock().now())
    }

    /// Forgets who was seen on days that are over, and attention that no longer counts. Called once an hour.
    pub async fn forget_attention(&self) -> Result<(), RepoError> {
        let today = self.clock().now().day();
        let mut tx = self.db().begin().await?;
        // What was noticed just before midnight may be written after it.
        attention::forget(&mut tx, today - 1, today - FORGOTTEN_DAYS).await?;
        tx.commit().await?;
        Ok(())
    }
}

fn hashed(key: &[u8], name: &str) -> Vec<u8> {
    // HMAC takes keys of any length.
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.update(name.as_bytes());
    mac.finalize().into_bytes()[..SOURCE_BYTES].to_vec()
}

/// Whether an address says nothing about who is behind it: this machine, or a private network.
fn is_local(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => address.is_loopback() || address.is_private() || address.is_link_local(),
        IpAddr::V6(address) => address.is_loopback() || address.is_unique_local() || address.is_unicast_link_local(),
    }
}

/// The network of an address: what one household or one firm usually has.
fn network_of(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => {
            let [a, b, c, _] = address.octets();
            format!("{a}.{b}.{c}.0/24")
        }
        IpAddr::V6(address) => {
            let [a, b, c, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}::/48")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TODAY: i64 = 20_784;

    fn at(day: i64) -> Timestamp {
        Timestamp::from_millis(day * 86_400_000)
    }

    #[test]
    fn one_source_is_worth_little_and_many_grow_slowly() {
        let score = |sources| TrendingScore::of(&[(TODAY, Attention::Download, sources)], TODAY).at(at(TODAY));
        assert_eq!(score(1), 0.14);
        assert_eq!(score(1000), 9.97);
        let alone: Vec<_> = (0..28).map(|age| (TODAY - age, Attention::Like, 1)).collect();
        let together = [(TODAY, Attention::Like, 16)];
        assert!(TrendingScore::of(&alone, TODAY) < TrendingScore::of(&together, TODAY));
    }

    #[test]
    fn a_score_halves_in_a_week_and_keeps_its_order() {
        let days = [(TODAY, Attention::Like, 32), (TODAY - 3, Attention::Download, 500)];
        let score = TrendingScore::of(&days, TODAY);
        let (now, later) = (score.at(at(TODAY)), score.at(at(TODAY + 7)));
        assert!((now / 2.0 - later).abs() < 0.02, "{now} {later}");
        // Seen again a week later, the same days give the same number.
        let again = TrendingScore::of(&days, TODAY + 7);
        assert!((again.order() - score.order()).abs() <= 1);
        assert_eq!(TrendingScore::default().at(at(TODAY)), 0.0);
        assert_eq!(TrendingScore::of(&[], TODAY), TrendingScore::default());
    }

    #[test]
    fn addresses_have_networks() {
        assert_eq!(network_of("203.0.113.77".parse().unwrap()), "203.0.113.0/24");
        assert_eq!(network_of("2001:db8:7:8::1".parse().unwrap()), "2001:db8:7::/48");
        assert!(is_local("::ffff:10.1.2.3".parse().unwrap()));
        assert!(!is_local("198.51.100.1".parse().unwrap()));
    }
}
