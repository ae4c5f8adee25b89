//! Messages of webhooks on their way out: made from events by one scheduled job, each sent by a job of its own.
//!
//! A message goes only where strangers on the network may go: the name of the host is looked up once, every address that
//! it has is held against the private ranges, and the connection is made to just those. So nobody can make this server
//! speak to its own neighbours, unless its operator allows that. Redirects are not followed.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use hub_community::{DELIVER_JOB, Delivery, Outcome};
use hub_jobs::{JobContext, JobError, RetryPolicy, Worker};
use reqwest::header::{CONTENT_TYPE, USER_AGENT};
use reqwest::{Client, Url, redirect};
use serde::Deserialize;
use sha2::Sha256;

use crate::config::Config;
use crate::hub::Hub;

/// How long the other side may take for everything.
const TIMEOUT: Duration = Duration::from_secs(15);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// The job that makes messages.
const DISPATCH_JOB: &str = "webhook.dispatch";

/// Which message.
#[derive(Deserialize)]
struct Job {
    delivery: i64,
}

/// Adds the jobs of webhooks to the worker.
pub(crate) fn jobs(worker: Worker, hub: &Hub, config: &Config) -> Worker {
    let own = || format!("http://{}", config.server.listen);
    let (community, base) = (hub.community.clone(), config.server.public_url.clone().unwrap_or_else(own));
    let dispatch = move |(): (), _| {
        let (community, base) = (community.clone(), base.clone());
        async move {
            community.dispatch_webhooks(&base).await?;
            Ok(())
        }
    };
    let (community, allow_private) = (hub.community.clone(), config.webhooks.allow_private);
    let last = i64::from(RetryPolicy::default().max_attempts);
    let deliver = move |job: Job, context: JobContext| {
        let community = community.clone();
        async move {
            let Some(delivery) = community.delivery(job.delivery).await? else { return Ok(()) };
            let outcome = send(&delivery, job.delivery, allow_private).await;
            let is_last = context.attempt >= last;
            community.note_delivery(job.delivery, &outcome, is_last).await?;
            if outcome.is_taken() || is_last { Ok(()) } else { Err(JobError::Retry(format!("{outcome:?}").into())) }
        }
    };
    worker
        .on(DELIVER_JOB, deliver)
        .on(DISPATCH_JOB, dispatch)
        .every(DISPATCH_JOB, Duration::from_secs(config.webhooks.dispatch_secs.max(1)))
}

/// Sends a message once.
async fn send(delivery: &Delivery, id: i64, allow_private: bool) -> Outcome {
    match tokio::time::timeout(TIMEOUT, try_send(delivery, id, allow_private)).await {
        Ok(Ok(status)) => Outcome::Answered(status),
        Ok(Err(reason)) => Outcome::Unreached(reason),
        Err(_) => Outcome::Unreached("the other side took too long".to_owned()),
    }
}

async fn try_send(delivery: &Delivery, id: i64, allow_private: bool) -> Result<u16, String> {
    let url: Url = delivery.url.parse().map_err(|error| format!("the address is none: {error}"))?;
    let host = url.host_str().ok_or("the address names no host")?.trim_matches(['[', ']']).to_owned();
    let port = url.port_or_known_default().unwrap_or(443);
    let found = tokio::net::lookup_host((host.as_str(), port)).await;
    let addresses: Vec<SocketAddr> = found.map_err(|error| format!("the host cannot be found: {error}"))?.collect();
    if addresses.is_empty() {
        return Err("the host has no address".to_owned());
    }
    if !allow_private && !addresses.iter().all(|address| is_public(address.ip())) {
        return Err("the host is in a private network, to which nothing is sent from here".to_owned());
    }
    // The client takes the provider of the process; another part may have set it, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = Client::builder()
        .redirect(redirect::Policy::none())
        .no_proxy()
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(TIMEOUT)
        .resolve_to_addrs(&host, &addresses)
        .build()
        .map_err(|error| error.to_string())?;
    let mut request = client
        .post(url)
        .header(CONTENT_TYPE, "application/json")
        .header(USER_AGENT, concat!("hearth/", env!("CARGO_PKG_VERSION")))
        .header("X-Webhook-Delivery", hub_account::wire_id(id));
    if let Some(secret) = &delivery.secret {
        request =
            request.header("X-Webhook-Secret", secret).header("X-Hearth-Signature", signature(secret, &delivery.body));
    }
    let answer = request.body(delivery.body.clone()).send().await;
    let answer = answer.map_err(|error| format!("nothing was answered: {}", error.without_url()))?;
    // What it says is not read: nobody needs it, and it may never end.
    Ok(answer.status().as_u16())
}

/// Proves that the bearer of the secret wrote the message.
fn signature(secret: &str, body: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("any length can be a key");
    mac.update(body.as_bytes());
    let digits: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256={digits}")
}

/// Whether an address is one of the open network.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => match address.to_ipv4_mapped() {
            Some(mapped) => is_public_v4(mapped),
            None => is_public_v6(address),
        },
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let is_special = address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_broadcast()
        || address.is_documentation()
        || address.is_multicast()
        || address.is_unspecified()
        // Shared by carriers, set aside for tests of networks, or for later.
        || a == 100 && (64..128).contains(&b)
        || a == 198 && (18..20).contains(&b)
        || a == 192 && b == 0 && c == 0
        || a == 0
        || a >= 240;
    !is_special
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let [first, second, ..] = address.segments();
    // Only what is given out to the open network, and of that nothing that leads into an IPv4 network or is for examples.
    (0x2000..0x4000).contains(&first) && first != 0x2002 && !(first == 0x2001 && (second == 0 || second == 0x0db8))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_networks_are_not_public() {
        let private = [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "255.255.255.255",
            "224.0.0.1",
            "::1",
            "::",
            "fe80::1",
            "fd00::1",
            "::ffff:127.0.0.1",
            "2002:7f00:1::",
            "64:ff9b::7f00:1",
            "2001:db8::1",
        ];
        for address in private {
            assert!(!is_public(address.parse().unwrap()), "{address}");
        }
        for address in ["1.1.1.1", "193.99.144.80", "2a02:2e0:3fe:1001:302::", "::ffff:1.1.1.1"] {
            assert!(is_public(address.parse().unwrap()), "{address}");
        }
    }

    #[test]
    fn a_message_is_signed_as_the_standard_says() {
        // The second test case of RFC 4231.
        let expect = "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        assert_eq!(signature("Jefe", "what do ya want for nothing?"), expect);
    }
}
