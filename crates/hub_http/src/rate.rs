//! How many requests a caller may make: quotas for three classes of requests, in fixed windows.
//!
//! Each answer tells in the headers `RateLimit` and `RateLimit-Policy` (draft-ietf-httpapi-ratelimit-headers, as the
//! clients of the original hub read them) how much is left and when the window ends:
//!
//! ```text
//! RateLimit: "api";r=2999;t=240
//! RateLimit-Policy: "fixed window";"api";q=3000;w=300
//! ```
//!
//! Somebody whose credential was recognised has the quota of their account, whatever the address; everyone else shares
//! that of their network, so that made-up credentials gain nothing. It is a brake and not a right: requests are counted
//! in the memory of each process, so behind `n` replicas a caller may get up to `n` quotas, and a restart forgets.

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::fmt;
use std::hash::{BuildHasher, Hash};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use hub_core::{Clock, Code};
use serde::Deserialize;

use crate::context::RequestContext;
use crate::error::ApiError;
use crate::proxies::Network;
use crate::session_of;

const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
/// Callers that are told apart in one window; whoever comes later shares one count with others of their kind.
const CALLERS_MAX: usize = 200_000;

/// The quotas: requests of one caller in one window. Zero stands for no limit.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RateConfig {
    /// The length of a window, in seconds.
    pub window_secs: u64,
    /// What a network may do without signing in.
    pub anonymous: Quotas,
    /// What an account may do.
    pub signed_in: Quotas,
    /// Networks that are counted and never refused.
    pub exempt: Vec<Network>,
}

/// Requests in one window, by their class.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Quotas {
    /// Of the API, and of signing in.
    pub api: u64,
    /// Of files, git and the chunk store.
    pub resolvers: u64,
    /// Of pages.
    pub pages: u64,
}

impl Default for RateConfig {
    fn default() -> Self {
        // This machine and private networks: whoever is there was let in by the operator, or comes through a proxy that
        // nobody has named as trusted, and then all visitors would share one quota.
        const LOCAL: [&str; 6] = ["127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "::1", "fc00::/7"];
        let local = LOCAL.iter().filter_map(|network| network.parse().ok());
        Self {
            window_secs: 300,
            anonymous: Quotas { api: 6_000, resolvers: 60_000, pages: 3_000 },
            signed_in: Quotas { api: 30_000, resolvers: 300_000, pages: 15_000 },
            exempt: local.collect(),
        }
    }
}

impl Default for Quotas {
    fn default() -> Self {
        RateConfig::default().anonymous
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Class {
    Api,
    Resolvers,
    Pages,
}

impl Class {
    /// The class of a path; nothing for what is not counted: health, figures, style sheets.
    fn of(path: &str) -> Option<Self> {
        if ["/health/", "/static/", "/metrics", "/favicon.ico", "/avatars/"].iter().any(|start| path.starts_with(start))
        {
            return None;
        }
        let has = |part: &str| path.contains(part);
        if path.starts_with("/xet/")
            || path.starts_with("/api/lfs/")
            || has(".git/")
            || has("/info/lfs/")
            || has("/info/refs")
            || has("/resolve/")
            || has("/raw/")
            || has("/resolve-cache/")
            || path.ends_with("-pack")
        {
            return Some(Self::Resolvers);
        }
        if path.starts_with("/api/") || path.starts_with("/oauth/") { Some(Self::Api) } else { Some(Self::Pages) }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::Resolvers => "resolvers",
            Self::Pages => "pages",
        }
    }

    fn of_quotas(self, quotas: Quotas) -> u64 {
        match self {
            Self::Api => quotas.api,
            Self::Resolvers => quotas.resolvers,
            Self::Pages => quotas.pages,
        }
    }
}

/// Whose requests are counted together, as a hash: nobody's credential is kept.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Counted {
    Account(u64),
    Network(u64),
}

/// The counts of the present window.
#[derive(Default)]
struct Window {
    number: u64,
    counts: HashMap<(Counted, Class), u64>,
    /// Which credentials were recognised, and whose they are.
    accounts: HashMap<u64, u64>,
}

/// The counts of a process. Clones share them.
#[derive(Clone)]
pub struct RateLimits(Arc<Inner>);

struct Inner {
    config: RateConfig,
    clock: Arc<dyn Clock>,
    hasher: RandomState,
    window: Mutex<Window>,
}

impl fmt::Debug for RateLimits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RateLimits").field("config", &self.0.config).finish_non_exhaustive()
    }
}

/// A request that was counted, and what is told about it.
pub(crate) struct Ticket {
    class: Class,
    quota: u64,
    remaining: u64,
    resets_in: u64,
    window_secs: u64,
    is_refused: bool,
    /// The credential, where it was not known to be somebody's.
    unknown: Option<u64>,
}

impl RateLimits {
    /// Limits by a clock.
    pub fn new(config: &RateConfig, clock: Arc<dyn Clock>) -> Self {
        let inner = Inner { config: config.clone(), clock, hasher: RandomState::new(), window: Mutex::default() };
        Self(Arc::new(inner))
    }

    /// Counts a request; nothing where there is no limit.
    pub(crate) fn count(&self, request: &Request, client: Option<IpAddr>) -> Option<Ticket> {
        let class = Class::of(request.uri().path())?;
        let inner = &*self.0;
        let window_secs = inner.config.window_secs.max(1);
        let now = u64::try_from(inner.clock.now().millis() / 1000).unwrap_or_default();
        let credential = credential_of(request.headers()).map(|text| inner.hash(&text));
        let mut window = inner.window.lock().unwrap_or_else(PoisonError::into_inner);
        if window.number != now / window_secs {
            *window = Window {
                number: now / window_secs,
                accounts: std::mem::take(&mut window.accounts),
                ..Window::default()
            };
            if window.accounts.len() > CALLERS_MAX {
                window.accounts.clear();
            }
        }
        let account = credential.and_then(|credential| window.accounts.get(&credential).copied());
        let (counted, quotas) = match account {
            Some(account) => (Counted::Account(account), inner.config.signed_in),
            None => (Counted::Network(inner.hash(&client.map(network_of))), inner.config.anonymous),
        };
        let quota = class.of_quotas(quotas);
        if quota == 0 {
            return Some(Ticket::unlimited(class, credential.filter(|_| account.is_none())))
                .filter(|ticket| ticket.unknown.is_some());
        }
        let is_known = window.counts.contains_key(&(counted, class));
        let key = match counted {
            counted if is_known || window.counts.len() < CALLERS_MAX => counted,
            Counted::Account(_) => Counted::Account(0),
            Counted::Network(_) => Counted::Network(0),
        };
        let count = window.counts.entry((key, class)).or_default();
        *count += 1;
        let is_exempt = client.is_some_and(|client| inner.config.exempt.iter().any(|network| network.contains(client)));
        let remaining = quota.saturating_sub(*count).max(u64::from(is_exempt));
        Some(Ticket {
            class,
            quota,
            remaining,
            resets_in: window_secs - now % window_secs,
            window_secs,
            is_refused: *count > quota && !is_exempt,
            unknown: credential.filter(|_| account.is_none()),
        })
    }

    /// Remembers whose a credential is, once it was recognised: from then on the account counts.
    pub(crate) fn learn(&self, ticket: &Ticket, context: &RequestContext) {
        if let (Some(credential), Some(user)) = (ticket.unknown, context.user()) {
            let account = self.0.hash(&user);
            let mut window = self.0.window.lock().unwrap_or_else(PoisonError::into_inner);
            window.accounts.insert(credential, account);
        }
    }
}

impl Inner {
    fn hash(&self, value: &impl Hash) -> u64 {
        // Zero stands for everyone who came too late to be told apart.
        self.hasher.hash_one(value).max(1)
    }
}

impl Ticket {
    fn unlimited(class: Class, unknown: Option<u64>) -> Self {
        Self { class, quota: 0, remaining: 0, resets_in: 0, window_secs: 0, is_refused: false, unknown }
    }

    /// Why the request is refused, if it is.
    pub(crate) fn refusal(&self) -> Option<ApiError> {
        if !self.is_refused {
            return None;
        }
        let (class, quota, window) = (self.class.word(), self.quota, self.window_secs);
        let message = format!(
            "too many requests: {quota} of the kind '{class}' in {window} seconds are allowed; try again in {} seconds{}",
            self.resets_in,
            if self.unknown.is_none() { "" } else { ", or sign in for more" }
        );
        let error = ApiError::new(Code::TooManyRequests, message);
        Some(error.with_header(header::RETRY_AFTER, HeaderValue::from(self.resets_in)))
    }

    /// Tells how much is left.
    pub(crate) fn tell(&self, headers: &mut HeaderMap) {
        if self.quota == 0 {
            return;
        }
        let class = self.class.word();
        let left = format!("\"{class}\";r={};t={}", self.remaining, self.resets_in);
        let policy = format!("\"fixed window\";\"{class}\";q={};w={}", self.quota, self.window_secs);
        for (name, value) in [(RATE_LIMIT, left), (RATE_LIMIT_POLICY, policy)] {
            if let Ok(value) = HeaderValue::from_str(&value) {
                headers.insert(name, value);
            }
        }
    }
}

/// What may tell who asks.
fn credential_of(headers: &HeaderMap) -> Option<String> {
    match headers.get(header::AUTHORIZATION) {
        Some(value) => value.to_str().ok().map(str::to_owned),
        None => session_of(headers).map(|session| session.reveal().to_owned()),
    }
}

/// The network of an address: what one household usually has.
fn network_of(address: IpAddr) -> (u128, bool) {
    match address.to_canonical() {
        IpAddr::V4(address) => (u128::from(address.to_bits()), true),
        IpAddr::V6(address) => (address.to_bits() >> 64, false),
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use hub_core::FixedClock;
    use hub_core::Timestamp;

    use super::*;

    fn limits(clock: &Arc<FixedClock>) -> RateLimits {
        let quotas = Quotas { api: 2, resolvers: 0, pages: 5 };
        let config = RateConfig { anonymous: quotas, signed_in: Quotas { api: 4, ..quotas }, ..RateConfig::default() };
        RateLimits::new(&config, clock.clone())
    }

    fn request(path: &str, token: &str) -> Request {
        let mut request = Request::builder().uri(path);
        if !token.is_empty() {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        request.body(Body::empty()).unwrap()
    }

    fn ask(limits: &RateLimits, token: &str, address: &str) -> Result<String, String> {
        let ticket = limits.count(&request("/api/models", token), Some(address.parse().unwrap())).unwrap();
        if token == "real" {
            let context = RequestContext::default();
            context.recognise("alice");
            limits.learn(&ticket, &context);
        }
        let mut headers = HeaderMap::new();
        ticket.tell(&mut headers);
        match ticket.refusal() {
            None => Ok(headers["ratelimit"].to_str().unwrap().to_owned()),
            Some(error) => Err(error.message().to_owned()),
        }
    }

    #[test]
    fn a_network_has_its_quota_and_a_window_ends() {
        let clock = Arc::new(FixedClock::new(Timestamp::from_millis(1_767_225_600_000)));
        let limits = limits(&clock);
        assert_eq!(ask(&limits, "", "203.0.113.1").unwrap(), "\"api\";r=1;t=300");
        // Made-up credentials gain nothing.
        assert_eq!(ask(&limits, "made-up", "203.0.113.1").unwrap(), "\"api\";r=0;t=300");
        clock.advance_millis(60_000);
        assert!(ask(&limits, "another", "203.0.113.1").unwrap_err().contains("try again in 240 seconds"));
        assert!(ask(&limits, "", "203.0.113.2").is_ok());
        assert_eq!(ask(&limits, "", "2001:db8::1").unwrap(), "\"api\";r=1;t=240");
        assert_eq!(ask(&limits, "", "2001:db8::2").unwrap(), "\"api\";r=0;t=240");
        // Local callers are counted and not refused.
        for address in
            ["127.0.0.1", "10.1.2.3", "172.31.0.1", "192.168.0.9", "::1", "fd00::1"].into_iter().cycle().take(18)
        {
            assert!(ask(&limits, "", address).is_ok());
        }
        clock.advance_millis(240_000);
        assert_eq!(ask(&limits, "", "203.0.113.1").unwrap(), "\"api\";r=1;t=300");
    }

    #[test]
    fn an_account_has_its_own_quota_from_wherever_it_comes() {
        let clock = Arc::new(FixedClock::new(Timestamp::from_millis(1_767_225_600_000)));
        let limits = limits(&clock);
        // The first request is not recognised before it is answered.
        assert_eq!(ask(&limits, "real", "203.0.113.1").unwrap(), "\"api\";r=1;t=300");
        for (left, address) in [(3, "203.0.113.1"), (2, "203.0.113.2"), (1, "203.0.113.3"), (0, "203.0.113.1")] {
            assert_eq!(ask(&limits, "real", address).unwrap(), format!("\"api\";r={left};t=300"));
        }
        assert!(ask(&limits, "real", "203.0.113.9").is_err());
        assert!(ask(&limits, "", "203.0.113.1").is_ok(), "others of the network are not hurt");
    }

    #[test]
    fn paths_have_classes() {
        let check = |path: &str, expect: Option<Class>| assert_eq!(Class::of(path), expect, "{path}");
        check("/api/models", Some(Class::Api));
        check("/oauth/token", Some(Class::Api));
        check("/a/b/resolve/main/config.json", Some(Class::Resolvers));
        check("/datasets/a/b.git/info/lfs/objects/batch", Some(Class::Resolvers));
        check("/a/b/git-upload-pack", Some(Class::Resolvers));
        check("/xet/1/v1/reconstructions/0", Some(Class::Resolvers));
        check("/models", Some(Class::Pages));
        check("/health/live", None);
        check("/static/hearth.css", None);
        // Without a quota nothing is told, and nothing is refused.
        let clock = Arc::new(FixedClock::new(Timestamp::from_millis(0)));
        assert!(limits(&clock).count(&request("/a/b/resolve/main/x", ""), None).is_none());
    }
}
