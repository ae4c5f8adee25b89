//! Where an app may have a browser sent back to. A registered address is held against the asked one letter by letter;
//! only the port of a loopback address is free, because a program takes the one that it gets (RFC 8252, 7.3).

use std::fmt;
use std::str::FromStr;

/// A text that is no address to send a browser to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "an address to return to is absolute, such as https://app.example.org/callback, without '#', user or password; an \
     app on a device may use http://localhost or a scheme of its own, such as org.example.app:/callback"
)]
pub struct RedirectError;

/// An address that an app registered.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RedirectUri(String);

const LENGTH_MAX: usize = 1000;

impl RedirectUri {
    /// The address.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether `asked` is this address.
    pub(crate) fn permits(&self, asked: &str) -> bool {
        if asked.len() > LENGTH_MAX {
            return false;
        }
        if self.0 == asked {
            return true;
        }
        matches!((loopback(&self.0), loopback(asked)), (Some(ours), Some(theirs)) if ours == theirs)
    }

    /// Whether nobody on the way can take what is sent there: by `https`, or without leaving the device (RFC 8252, 7).
    pub(crate) fn is_safe(&self) -> bool {
        !self.0.starts_with("http://") || loopback(&self.0).is_some()
    }

    /// What a policy of content calls the place: the origin, or the scheme of an app on a device.
    pub fn place(uri: &str) -> &str {
        match uri.split_once("://") {
            Some((scheme, rest)) if matches!(scheme, "http" | "https") => {
                let end = rest.find(['/', '?']).unwrap_or(rest.len());
                &uri[..scheme.len() + 3 + end]
            }
            _ => uri.split_inclusive(':').next().unwrap_or_default(),
        }
    }
}

/// Host and rest of an `http` address of this very machine, without the port.
fn loopback(uri: &str) -> Option<(&str, &str)> {
    let rest = uri.strip_prefix("http://")?;
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, tail) = rest.split_at(end);
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) && port.len() <= 5 => host,
        _ => authority,
    };
    ["localhost", "127.0.0.1", "[::1]"].contains(&host).then_some((host, tail))
}

impl FromStr for RedirectUri {
    type Err = RedirectError;

    fn from_str(text: &str) -> Result<Self, RedirectError> {
        let text = text.trim();
        let is_plain = text.len() <= LENGTH_MAX
            && text.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'#' | b'<' | b'>' | b'"' | b'\\'));
        let (scheme, rest) = text.split_once(':').ok_or(RedirectError)?;
        let is_scheme = scheme.starts_with(|c: char| c.is_ascii_lowercase())
            && scheme.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'+' | b'-'));
        let fits = match scheme {
            "http" | "https" => is_web(rest),
            // A scheme of one's own has the reversed name of a domain, so it is no scheme that browsers act on.
            _ => scheme.contains('.') && rest.starts_with('/'),
        };
        if is_plain && is_scheme && fits { Ok(Self(text.to_owned())) } else { Err(RedirectError) }
    }
}

fn is_web(rest: &str) -> bool {
    let Some(rest) = rest.strip_prefix("//") else { return false };
    let authority = &rest[..rest.find(['/', '?']).unwrap_or(rest.len())];
    let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b':' | b'[' | b']');
    !authority.is_empty() && authority.bytes().all(fits)
}

impl fmt::Display for RedirectUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests;
