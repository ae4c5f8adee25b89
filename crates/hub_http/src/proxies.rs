//! Whom to believe about a client: which proxies stand before this server, and what they say of who asks.
//!
//! `X-Forwarded-For`, `X-Forwarded-Host` and `X-Forwarded-Proto` can be written by anyone, so they count only on a
//! connection from a proxy that the operator has named. Of a chain of addresses the last one that no such proxy has is
//! the client: what stands before it was written by the client itself.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;
use std::sync::Arc;

use axum::extract::ConnectInfo;
use axum::http::{Extensions, HeaderMap};
use serde::{Deserialize, Deserializer};

/// The most addresses of a chain that are looked at; no honest chain is that long.
const CHAIN_MAX: usize = 32;

/// A range of addresses: `10.0.0.0/8`, or one address.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    prefix: u8,
}

/// A text that is no range of addresses.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("not an address or a range of addresses: write 10.0.0.0/8, 192.0.2.7 or ::1")]
pub struct NetworkError;

impl Network {
    /// Whether the address is in the range. An IPv4 address is one however it is written.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(ours), IpAddr::V4(theirs)) => {
                shifted(ours.to_bits().into(), 32 - self.prefix) == shifted(theirs.to_bits().into(), 32 - self.prefix)
            }
            (IpAddr::V6(ours), IpAddr::V6(theirs)) => {
                shifted(ours.to_bits(), 128 - self.prefix) == shifted(theirs.to_bits(), 128 - self.prefix)
            }
            _ => false,
        }
    }
}

/// Without the given number of lowest bits, which may be all of them.
fn shifted(bits: u128, by: u8) -> u128 {
    bits.checked_shr(by.into()).unwrap_or(0)
}

impl FromStr for Network {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Self, NetworkError> {
        let (address, prefix) = text.split_once('/').map_or((text, None), |(address, prefix)| (address, Some(prefix)));
        let address: IpAddr = address.parse().map_err(|_| NetworkError)?;
        let width = if address.is_ipv4() { 32 } else { 128 };
        let prefix = prefix.map_or(Ok(width), |prefix| prefix.parse().map_err(|_| NetworkError))?;
        if prefix > width { Err(NetworkError) } else { Ok(Self { address, prefix }) }
    }
}

impl fmt::Debug for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

impl<'de> Deserialize<'de> for Network {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(|error| serde::de::Error::custom(format!("{text:?} is {error}")))
    }
}

/// The proxies that are believed.
#[derive(Clone, Debug, Default)]
pub struct TrustedProxies(Arc<[Network]>);

impl TrustedProxies {
    /// Those in the given ranges; none by default.
    pub fn new(networks: &[Network]) -> Self {
        Self(networks.into())
    }

    fn contains(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(address))
    }

    /// Who made a request, as far as that can be known.
    pub(crate) fn client_of(&self, extensions: &Extensions, headers: &HeaderMap) -> Client {
        let peer = extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip().to_canonical());
        let Some(peer) = peer.filter(|peer| self.contains(*peer)) else {
            return Client { address: peer, by_proxy: false };
        };
        let mut client = peer;
        for text in chain(headers).into_iter().rev().take(CHAIN_MAX) {
            // Beyond a word that is no address nothing can be known.
            let Some(address) = parse_hop(text) else { break };
            client = address;
            if !self.contains(address) {
                break;
            }
        }
        Client { address: Some(client), by_proxy: true }
    }
}

/// Who made a request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Client {
    /// The address; `None` where there is no connection, as in tests.
    pub(crate) address: Option<IpAddr>,
    /// Whether a trusted proxy has handed the request on, so that its words about the request count.
    pub(crate) by_proxy: bool,
}

/// The addresses of `X-Forwarded-For`, the nearest last; several headers are one list.
fn chain(headers: &HeaderMap) -> Vec<&str> {
    let lists = headers.get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok());
    lists.flat_map(|list| list.split(',')).map(str::trim).filter(|text| !text.is_empty()).collect()
}

/// `192.0.2.7`, `192.0.2.7:1234`, `2001:db8::1`, `[2001:db8::1]:1234`.
fn parse_hop(text: &str) -> Option<IpAddr> {
    let address = text.parse().ok().or_else(|| text.parse::<SocketAddr>().ok().map(|socket| socket.ip()));
    address.map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_hold_their_addresses() {
        let check = |network: &str, address: &str, expect| {
            let network: Network = network.parse().unwrap();
            assert_eq!(network.contains(address.parse().unwrap()), expect, "{network} {address}");
        };
        check("10.0.0.0/8", "10.255.3.4", true);
        check("10.0.0.0/8", "11.0.0.1", false);
        check("10.0.0.0/8", "::ffff:10.0.0.1", true);
        check("192.0.2.7", "192.0.2.7", true);
        check("192.0.2.7", "192.0.2.8", false);
        check("0.0.0.0/0", "203.0.113.1", true);
        check("0.0.0.0/0", "2001:db8::1", false);
        check("::/0", "2001:db8::1", true);
        check("2001:db8::/32", "2001:db8:ffff::1", true);
        check("2001:db8::/32", "2001:db9::1", false);
        for wrong in ["", "10.0.0.0/33", "10.0.0/8", "10.0.0.0/", "10.0.0.0/-1", "::1/129", "proxy", "1.2.3.4/8/8"] {
            assert_eq!(wrong.parse::<Network>(), Err(NetworkError), "{wrong}");
        }
    }

    fn client(trusted: &[&str], peer: Option<&str>, forwarded: &[&'static str]) -> Client {
        let networks: Vec<Network> = trusted.iter().map(|text| text.parse().unwrap()).collect();
        let mut extensions = Extensions::new();
        if let Some(peer) = peer {
            extensions.insert(ConnectInfo(SocketAddr::new(peer.parse().unwrap(), 1234)));
        }
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append("x-forwarded-for", axum::http::HeaderValue::from_static(value));
        }
        TrustedProxies::new(&networks).client_of(&extensions, &headers)
    }

    #[test]
    fn only_trusted_proxies_are_believed() {
        let check = |trusted: &[&str], peer, forwarded: &[&'static str], address: &str, by_proxy| {
            let expect = Client { address: Some(address.parse().unwrap()), by_proxy };
            assert_eq!(client(trusted, peer, forwarded), expect, "{trusted:?} {peer:?} {forwarded:?}");
        };
        let (stranger, proxy) = (Some("203.0.113.9"), Some("127.0.0.1"));
        check(&[], stranger, &["198.51.100.1"], "203.0.113.9", false);
        check(&[], proxy, &["198.51.100.1"], "127.0.0.1", false);
        check(&["127.0.0.0/8"], stranger, &["198.51.100.1"], "203.0.113.9", false);
        check(&["127.0.0.0/8"], proxy, &["198.51.100.1"], "198.51.100.1", true);
        check(&["127.0.0.0/8"], proxy, &["198.51.100.1:4711"], "198.51.100.1", true);
        check(&["127.0.0.0/8"], proxy, &[], "127.0.0.1", true);
        // What the client has written itself stands before what the proxy has added.
        check(&["127.0.0.0/8"], proxy, &["1.1.1.1, 198.51.100.1"], "198.51.100.1", true);
        check(&["127.0.0.0/8"], proxy, &["1.1.1.1", "198.51.100.1"], "198.51.100.1", true);
        check(&["127.0.0.0/8", "10.0.0.0/8"], proxy, &["1.1.1.1, 198.51.100.1, 10.0.0.3"], "198.51.100.1", true);
        check(&["127.0.0.0/8"], proxy, &["198.51.100.1, nonsense"], "127.0.0.1", true);
        check(&["127.0.0.0/8"], Some("::ffff:127.0.0.1"), &["198.51.100.1"], "198.51.100.1", true);
        assert_eq!(client(&["127.0.0.0/8"], None, &["198.51.100.1"]), Client { address: None, by_proxy: false });
    }
}
