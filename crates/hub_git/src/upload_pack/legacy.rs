//! Versions 0 and 1: wants, then haves in rounds, each answered, then the pack.
//!
//! ```text
//! wants  = "want" oid capabilities, then want, shallow, deepen and filter lines, flush
//! haves  = ("have" oid)* flush, until "done"
//! answer = [boundary flush] (ACK | NAK)* pack
//! ```

use hub_core::Oid;
use hub_formats::git::pkt_line::{Packet, SideBand, push_flush, push_line};
use hub_repo::{Fetch, Repo};

use super::Transport;
use super::arguments::Arguments;
use super::command::shown;
use super::fetch::push_boundary;
use super::send::{PackOptions, send};
use crate::error::GitError;
use crate::protocol::Reply;

/// What follows from a packet.
pub(crate) enum Turn {
    /// The client goes on.
    Listen,
    /// The client waits for this.
    Say(Vec<u8>),
    /// The client waits for a pack, and then the conversation is over.
    Pack(Reply),
    /// The client wants nothing more.
    End,
}

/// How common objects are acknowledged.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
enum MultiAck {
    /// Only the first of them.
    #[default]
    No,
    /// Each, so that the client goes on.
    Continue,
    /// Each, and when it is enough.
    Detailed,
}

/// What a client can do.
#[derive(Default)]
struct Capabilities {
    multi_ack: MultiAck,
    no_done: bool,
    band: Option<SideBand>,
    offset_deltas: bool,
}

/// A fetch of versions 0 and 1.
pub(crate) struct Conversation {
    repo: Repo,
    transport: Transport,
    /// Taken away by the pack.
    fetch: Option<Fetch>,
    arguments: Arguments,
    capabilities: Capabilities,
    hears_haves: bool,
    common: usize,
    last_common: Option<Oid>,
    said_ready: bool,
}

impl Conversation {
    pub(crate) fn new(repo: &Repo, transport: Transport) -> Result<Self, GitError> {
        Ok(Self {
            repo: repo.clone(),
            transport,
            fetch: Some(repo.begin_fetch()?),
            arguments: Arguments::default(),
            capabilities: Capabilities::default(),
            hears_haves: false,
            common: 0,
            last_common: None,
            said_ready: false,
        })
    }

    /// Takes the client's next packet.
    pub(crate) async fn take(&mut self, packet: Packet<'_>) -> Result<Turn, GitError> {
        let Some(line) = packet.line() else {
            return match packet {
                Packet::Flush if self.hears_haves => self.end_of_round().await,
                Packet::Flush => self.end_of_wants().await,
                _ => Err(GitError::protocol("a section begins where none can")),
            };
        };
        let line = std::str::from_utf8(line).map_err(|_| GitError::protocol("a line is no UTF-8 text"))?;
        if self.hears_haves && line == "done" {
            return self.done().await;
        }
        let is_have = line.starts_with("have ");
        if is_have != self.hears_haves {
            return Err(GitError::protocol(format!("unexpected line: '{}'", shown(line))));
        }
        let line = match line.strip_prefix("want ").and_then(|rest| rest.split_once(' ')) {
            Some((_, words)) if self.arguments.wants.is_empty() => {
                self.learn(words)?;
                &line[..line.len() - words.len() - 1]
            }
            _ => line,
        };
        if !self.arguments.take(line)? {
            return Err(GitError::protocol(format!("unexpected line: '{}'", shown(line))));
        }
        Ok(Turn::Listen)
    }

    fn learn(&mut self, words: &str) -> Result<(), GitError> {
        let known = &mut self.capabilities;
        for word in words.split(' ') {
            match word {
                "multi_ack_detailed" => known.multi_ack = MultiAck::Detailed,
                "multi_ack" if known.multi_ack == MultiAck::No => known.multi_ack = MultiAck::Continue,
                "no-done" => known.no_done = true,
                "ofs-delta" => known.offset_deltas = true,
                "side-band-64k" => known.band = Some(SideBand::Wide),
                "side-band" => known.band = known.band.or(Some(SideBand::Narrow)),
                "no-progress" => self.arguments.no_progress = true,
                "include-tag" => self.arguments.with_tags = true,
                "deepen-relative" => self.arguments.is_relative = true,
                other => match other.strip_prefix("object-format=") {
                    None | Some("sha1") => {}
                    Some(format) => {
                        let message = format!("mismatched object format: server sha1; client {}", shown(format));
                        return Err(GitError::protocol(message));
                    }
                },
            }
        }
        Ok(())
    }

    fn fetch(&mut self) -> Result<&mut Fetch, GitError> {
        self.fetch.as_mut().ok_or_else(|| GitError::protocol("the conversation is over"))
    }

    async fn end_of_wants(&mut self) -> Result<Turn, GitError> {
        if self.arguments.wants.is_empty() {
            return Ok(Turn::End);
        }
        self.hears_haves = true;
        let mut arguments = std::mem::take(&mut self.arguments);
        let boundary = arguments.begin(self.fetch()?).await;
        self.arguments = arguments;
        Ok(match boundary? {
            Some(boundary) => {
                let mut out = Vec::new();
                push_boundary(&mut out, &boundary);
                push_flush(&mut out);
                Turn::Say(out)
            }
            None => Turn::Listen,
        })
    }

    /// Acknowledges the haves since the last round; answers whether the client has something that we lack.
    async fn acknowledge(&mut self, out: &mut Vec<u8>) -> Result<bool, GitError> {
        let haves = std::mem::take(&mut self.arguments.haves);
        let common = self.fetch()?.have(&haves).await?;
        let mut common = common.into_iter().peekable();
        let mut lacks_some = false;
        for oid in haves {
            if common.next_if_eq(&oid).is_some() {
                self.common += 1;
                self.last_common = Some(oid);
                match self.capabilities.multi_ack {
                    MultiAck::Detailed => push_line(out, &format!("ACK {oid} common")),
                    MultiAck::Continue => push_line(out, &format!("ACK {oid} continue")),
                    MultiAck::No if self.common == 1 => push_line(out, &format!("ACK {oid}")),
                    MultiAck::No => {}
                }
                continue;
            }
            lacks_some = true;
            if self.capabilities.multi_ack != MultiAck::No && (self.said_ready || self.fetch()?.is_ready().await?) {
                // The client may stop looking below what we do not know.
                let word = if self.capabilities.multi_ack == MultiAck::Detailed { "ready" } else { "continue" };
                self.said_ready |= word == "ready";
                push_line(out, &format!("ACK {oid} {word}"));
                self.last_common = self.last_common.or(Some(oid));
            }
        }
        Ok(lacks_some)
    }

    async fn end_of_round(&mut self) -> Result<Turn, GitError> {
        let mut out = Vec::new();
        let before = self.common;
        let lacks_some = self.acknowledge(&mut out).await?;
        let is_detailed = self.capabilities.multi_ack == MultiAck::Detailed;
        if let Some(last) = self.last_common
            && is_detailed
            && self.common > before
            && !lacks_some
            && self.fetch()?.is_ready().await?
        {
            self.said_ready = true;
            push_line(&mut out, &format!("ACK {last} ready"));
        }
        if self.common == 0 || self.capabilities.multi_ack != MultiAck::No {
            push_line(&mut out, "NAK");
        }
        if let Some(last) = self.last_common
            && self.capabilities.no_done
            && self.said_ready
        {
            push_line(&mut out, &format!("ACK {last}"));
            return self.pack(out).await;
        }
        Ok(match self.transport {
            Transport::Http | Transport::Ssh => Turn::Say(out),
        })
    }

    async fn done(&mut self) -> Result<Turn, GitError> {
        let mut out = Vec::new();
        self.acknowledge(&mut out).await?;
        match self.last_common {
            Some(last) if self.common > 0 => {
                if self.capabilities.multi_ack != MultiAck::No {
                    push_line(&mut out, &format!("ACK {last}"));
                }
            }
            _ => push_line(&mut out, "NAK"),
        }
        self.pack(out).await
    }

    async fn pack(&mut self, out: Vec<u8>) -> Result<Turn, GitError> {
        let fetch = self.fetch.take().ok_or_else(|| GitError::protocol("the conversation is over"))?;
        let walk = fetch.enumerate(self.arguments.filter, self.arguments.with_tags).await?;
        let Capabilities { band, offset_deltas, .. } = self.capabilities;
        let options = PackOptions { band, offset_deltas, progress: !self.arguments.no_progress };
        Ok(Turn::Pack(send(self.repo.clone(), walk, options, out)))
    }
}
