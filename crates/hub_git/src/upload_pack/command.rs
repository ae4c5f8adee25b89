//! Version 2: a request is a command with capabilities and arguments.
//!
//! ```text
//! request = "command=" name  capability*  [delimiter argument*]  flush
//! ```

use hub_formats::git::pkt_line::{Packet, packets};
use hub_repo::Repo;

use super::{fetch, ls_refs};
use crate::error::GitError;
use crate::protocol::{Reply, whole};

/// The most options that a client may send along; nothing here depends on them.
const SERVER_OPTIONS_MAX: usize = 100;

/// Answers one request, which is there as a whole.
pub(crate) async fn answer(repo: &Repo, request: &[u8]) -> Result<Reply, GitError> {
    let Some(Request { command, arguments }) = Request::parse(request)? else {
        // A client that is done sends nothing but a flush.
        return Ok(whole(Vec::new()));
    };
    match command {
        "ls-refs" => ls_refs::answer(repo, &arguments).await,
        "fetch" => fetch::answer(repo, &arguments).await,
        other => Err(GitError::protocol(format!("unknown command '{}'", shown(other)))),
    }
}

/// A request taken apart.
struct Request<'a> {
    command: &'a str,
    arguments: Vec<&'a str>,
}

impl<'a> Request<'a> {
    fn parse(input: &'a [u8]) -> Result<Option<Self>, GitError> {
        let mut command = None;
        let mut arguments = Vec::new();
        let mut options = 0;
        let mut in_arguments = false;
        let mut is_whole = false;
        for packet in packets(input) {
            let packet = packet?;
            let Some(line) = packet.line() else {
                match packet {
                    Packet::Delimiter if !in_arguments => in_arguments = true,
                    Packet::Flush => {
                        is_whole = true;
                        break;
                    }
                    _ => return Err(GitError::protocol("a section begins where none can")),
                }
                continue;
            };
            let line = std::str::from_utf8(line).map_err(|_| GitError::protocol("a line is no UTF-8 text"))?;
            if in_arguments {
                arguments.push(line);
                continue;
            }
            match line.split_once('=') {
                Some(("command", name)) if command.is_none() => command = Some(name),
                Some(("command", _)) => return Err(GitError::protocol("a request has two commands")),
                Some(("object-format", "sha1")) => {}
                Some(("object-format", other)) => {
                    let message = format!("mismatched object format: server sha1; client {}", shown(other));
                    return Err(GitError::protocol(message));
                }
                Some(("server-option", _)) => {
                    options += 1;
                    if options > SERVER_OPTIONS_MAX {
                        return Err(GitError::protocol("too many server options"));
                    }
                }
                // The client's name, and whatever later versions tell about themselves.
                _ => {}
            }
        }
        match command {
            Some(command) if is_whole => Ok(Some(Self { command, arguments })),
            Some(_) => Err(GitError::protocol("the request is cut off")),
            None if arguments.is_empty() => Ok(None),
            None => Err(GitError::protocol("no command requested")),
        }
    }
}

/// A client's word as an error message may repeat it.
pub(super) fn shown(word: &str) -> String {
    word.chars().take(100).map(|c| if c.is_control() { '?' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use hub_formats::git::pkt_line::{push_delimiter, push_flush, push_line};

    use super::*;

    fn request(capabilities: &[&str], arguments: Option<&[&str]>, end: bool) -> Vec<u8> {
        let mut out = Vec::new();
        capabilities.iter().for_each(|line| push_line(&mut out, line));
        if let Some(arguments) = arguments {
            push_delimiter(&mut out);
            arguments.iter().for_each(|line| push_line(&mut out, line));
        }
        if end {
            push_flush(&mut out);
        }
        out
    }

    #[test]
    fn a_command_comes_with_its_arguments() {
        let input = request(&["command=fetch", "agent=x", "object-format=sha1"], Some(&["done", "have x"]), true);
        let parsed = Request::parse(&input).unwrap().unwrap();
        assert_eq!((parsed.command, parsed.arguments), ("fetch", vec!["done", "have x"]));
        assert!(Request::parse(b"0000").unwrap().is_none());
        assert!(Request::parse(b"").unwrap().is_none());
    }

    #[test]
    fn faulty_requests_are_explained() {
        let check = |input: Vec<u8>, words: &str| {
            let error = Request::parse(&input).err().unwrap().to_string();
            assert!(error.contains(words), "{error}");
        };
        check(request(&["command=fetch"], Some(&["done"]), false), "cut off");
        check(request(&["command=fetch", "command=ls-refs"], None, true), "two commands");
        check(request(&["command=fetch", "object-format=sha256"], None, true), "server sha1; client sha256");
        check(request(&["agent=x"], Some(&["done"]), true), "no command");
        check([request(&["command=fetch"], Some(&[]), false), b"0001".to_vec()].concat(), "section");
        check(b"00zz".to_vec(), "malformed");
        check(b"0009\xff\xff\xff\xff\n0000".to_vec(), "UTF-8");
        let options = vec!["server-option=x"; 101];
        check(request(&[&["command=fetch"], options.as_slice()].concat(), None, true), "too many");
    }
}
