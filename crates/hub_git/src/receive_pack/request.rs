//! What a push asks for: its commands and capabilities.

use bytes::Bytes;
use futures::Stream;
use hub_core::{Oid, RefName};
use hub_repo::RefUpdate;

use crate::error::GitError;
use crate::packets::PacketReader;

/// The most references of one push.
const COMMANDS_MAX: usize = 50_000;
/// The most options of one push; they are read and mean nothing here.
const OPTIONS_MAX: usize = 1_000;

/// One command of a push.
pub(super) struct Command {
    pub(super) old: Oid,
    pub(super) new: Oid,
    /// The name as it was sent, for the report.
    pub(super) raw_name: Vec<u8>,
    /// The name, if git allows it.
    pub(super) name: Option<RefName>,
}

impl Command {
    /// What the engine is asked, if the name is one.
    pub(super) fn update(&self) -> Option<RefUpdate> {
        let present = |oid: Oid| (oid != Oid::ZERO).then_some(oid);
        let name = self.name.clone()?;
        Some(RefUpdate { name, old: present(self.old), new: present(self.new) })
    }
}

/// The head of a push.
#[derive(Default)]
pub(super) struct Request {
    pub(super) commands: Vec<Command>,
    capabilities: Vec<String>,
    /// Why the head was not read to its end, if it was not.
    pub(super) fault: Option<GitError>,
}

impl Request {
    /// Reads the head. From the first command on it is known how the client wants to be told what is wrong, so a fault
    /// that comes later is part of the request.
    pub(super) async fn read<S, E>(input: &mut PacketReader<S>) -> Result<Self, GitError>
    where
        S: Stream<Item = Result<Bytes, E>> + Unpin,
        E: std::fmt::Display,
    {
        let mut request = Self::default();
        match request.read_on(input).await {
            Err(fault) if !request.commands.is_empty() => request.fault = Some(fault),
            done => done?,
        }
        Ok(request)
    }

    async fn read_on<S, E>(&mut self, input: &mut PacketReader<S>) -> Result<(), GitError>
    where
        S: Stream<Item = Result<Bytes, E>> + Unpin,
        E: std::fmt::Display,
    {
        while let Some(line) = input.line().await? {
            if line.starts_with(b"shallow ") {
                // Where the client's history ends. Whether all is here that the push builds on is seen without it.
                continue;
            }
            if self.commands.len() >= COMMANDS_MAX {
                let message = format!("the push names more than {COMMANDS_MAX} references: push some of them first");
                return Err(GitError::protocol(message));
            }
            self.take(&line)?;
        }
        if self.has("push-options") && !self.commands.is_empty() {
            let mut options = 0;
            while input.line().await?.is_some() {
                options += 1;
                if options > OPTIONS_MAX {
                    return Err(GitError::protocol(format!("a push has at most {OPTIONS_MAX} options")));
                }
            }
        }
        Ok(())
    }

    /// Reads one command. The first carries the capabilities that the client wants to use.
    fn take(&mut self, line: &[u8]) -> Result<(), GitError> {
        let (command, capabilities) = match line.iter().position(|byte| *byte == 0) {
            Some(at) => (&line[..at], Some(&line[at + 1..])),
            None => (line, None),
        };
        if let Some(capabilities) = capabilities.filter(|_| self.commands.is_empty()) {
            let text = String::from_utf8_lossy(capabilities);
            self.capabilities = text.split_ascii_whitespace().map(str::to_owned).collect();
            let format = self.capabilities.iter().find_map(|word| word.strip_prefix("object-format="));
            if let Some(format) = format.filter(|format| *format != "sha1") {
                return Err(GitError::protocol(format!("objects are named by SHA-1 here, not by {format}")));
            }
        }
        let mut parts = command.splitn(3, |byte| *byte == b' ');
        let mut oid =
            || parts.next().and_then(|part| std::str::from_utf8(part).ok()).and_then(|text| text.parse().ok());
        let (old, new) = (oid(), oid());
        let (Some(old), Some(new), Some(raw_name)) = (old, new, parts.next()) else {
            return Err(GitError::protocol("a command of the push is malformed"));
        };
        let name = std::str::from_utf8(raw_name).ok().and_then(|name| name.parse().ok());
        self.commands.push(Command { old, new, raw_name: raw_name.to_vec(), name });
        Ok(())
    }

    /// Whether the client uses a capability.
    pub(super) fn has(&self, capability: &str) -> bool {
        self.capabilities.iter().any(|word| word == capability)
    }

    /// Whether a pack follows: not if all that is asked for is to delete.
    pub(super) fn sends_pack(&self) -> bool {
        self.commands.iter().any(|command| command.new != Oid::ZERO)
    }
}

#[cfg(test)]
mod tests;
