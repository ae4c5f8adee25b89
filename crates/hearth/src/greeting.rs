//! What a person who starts Hearth reads: where it is, how to become its administrator, what to paste.

use std::fmt::Write as _;
use std::net::SocketAddr;

use hub_core::SecretString;

/// The facts of the greeting.
#[derive(Debug)]
pub(crate) struct Greeting {
    /// Where clients reach the server.
    pub(crate) url: String,
    /// The code of the one-time link, while there is no administrator.
    pub(crate) setup_code: Option<SecretString>,
    /// A repository that can be downloaded right away: its kind's flag and its id.
    pub(crate) sample: Option<String>,
}

impl Greeting {
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        // Writing to a String cannot fail.
        let _ = self.write(&mut text);
        text
    }

    fn write(&self, out: &mut String) -> std::fmt::Result {
        let url = &self.url;
        writeln!(out, "\n  Hearth runs at {url}\n")?;
        if let Some(code) = &self.setup_code {
            writeln!(out, "  It has no administrator yet. This link makes one, once:\n")?;
            writeln!(out, "    {url}/setup?code={}\n", code.reveal())?;
        }
        writeln!(out, "  To use it from another terminal:\n")?;
        writeln!(out, "    export HF_ENDPOINT={url}")?;
        writeln!(out, "    hf auth login")?;
        writeln!(out, "    hf download {}\n", self.sample.as_deref().unwrap_or("<namespace>/<model>"))
    }
}

/// The URL of a bound address, as someone on this machine types it.
pub(crate) fn url_of(address: SocketAddr) -> String {
    match address.ip().is_unspecified() {
        true => format!("http://127.0.0.1:{}", address.port()),
        false => format!("http://{address}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_greeting_says_what_to_do() {
        let greeting = Greeting {
            url: url_of("0.0.0.0:8080".parse().unwrap()),
            setup_code: Some(SecretString::new("abc")),
            sample: Some("samples/tiny".to_owned()),
        };
        let text = greeting.text();
        for line in [
            "http://127.0.0.1:8080/setup?code=abc",
            "export HF_ENDPOINT=http://127.0.0.1:8080",
            "hf auth login",
            "hf download samples/tiny",
        ] {
            assert!(text.contains(line), "{text}");
        }
        let text = Greeting { setup_code: None, ..greeting }.text();
        assert!(!text.contains("setup"), "{text}");
    }
}
