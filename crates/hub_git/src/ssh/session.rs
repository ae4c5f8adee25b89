//! One SSH connection: who it is, and the commands that it runs.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use bytes::Bytes;
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use hub_account::{Caller, Transfer};
use hub_core::{Access, RepoAddr, UserError};
use hub_formats::FromPrefix;
use hub_formats::git::pkt_line;
use hub_http::PublicUrl;
use hub_repo::{Repo, RepoError};
use russh::server::{Auth, ChannelOpenHandle, Handler, Msg, PublicKeyOffer, Session, VerifiedPublicKey};
use russh::{Channel, ChannelId, ChannelMsg, ChannelReadHalf, ChannelWriteHalf};
use serde_json::json;
use tokio::sync::mpsc;

use super::command::{Command, CommandError};
use crate::GitState;
use crate::error::GitError;
use crate::packets::PacketReader;
use crate::protocol::{Reply, Version};
use crate::receive_pack::{self, Incoming};
use crate::upload_pack::{self, Conversation, Transport, Turn};

/// The most channels that a connection may have open.
const CHANNELS_MAX: usize = 16;
/// How many pieces of an answer wait for the client.
const PIECES_WAITING: usize = 16;
/// The number of the standard error stream.
const STANDARD_ERROR: u32 = 1;

/// What the server knows of a connection from outside.
pub(super) struct Presence {
    /// Whether somebody has shown a key.
    pub(super) is_known: AtomicBool,
    /// How many commands run.
    pub(super) running: AtomicUsize,
}

/// Counts a command that runs.
struct Running(Arc<Presence>);

impl Running {
    fn begin(presence: &Arc<Presence>) -> Self {
        presence.running.fetch_add(1, Ordering::Relaxed);
        Self(presence.clone())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A channel on which no command runs yet.
struct Waiting {
    channel: Channel<Msg>,
    /// What the client wants of the protocol, as `GIT_PROTOCOL` says it.
    protocol: String,
}

/// One connection.
pub(super) struct Connection {
    state: GitState,
    public_url: PublicUrl,
    presence: Arc<Presence>,
    caller: Caller,
    waiting: HashMap<ChannelId, Waiting>,
}

impl Connection {
    pub(super) fn new(state: GitState, public_url: PublicUrl, presence: Arc<Presence>) -> Self {
        Self { state, public_url, presence, caller: Caller::Anonymous, waiting: HashMap::new() }
    }

    fn begin(&mut self, id: ChannelId, command: Result<Command, CommandError>) {
        let Some(Waiting { channel, protocol }) = self.waiting.remove(&id) else { return };
        let running = Running::begin(&self.presence);
        let (input, output) = channel.split();
        let job =
            Job { state: self.state.clone(), public_url: self.public_url.clone(), caller: self.caller.clone(), output };
        tokio::spawn(async move {
            job.run(command, &protocol, input).await;
            drop(running);
        });
    }
}

impl Handler for Connection {
    type Error = russh::Error;

    async fn auth_publickey_offered(&mut self, _: &str, offer: PublicKeyOffer<'_>) -> Result<Auth, Self::Error> {
        let Ok(key) = offer.public_key.to_bytes() else { return Ok(Auth::reject()) };
        let is_known = self.state.repos.accounts().knows_ssh_key(&key).await.unwrap_or(false);
        Ok(if is_known { Auth::Accept } else { Auth::reject() })
    }

    /// Any user name will do: the key says who it is.
    async fn auth_publickey(&mut self, _: &str, key: VerifiedPublicKey<'_>) -> Result<Auth, Self::Error> {
        let Ok(key) = key.public_key.to_bytes() else { return Ok(Auth::reject()) };
        match self.state.repos.accounts().authenticate_ssh_key(&key).await {
            Ok(caller) => {
                self.caller = caller;
                self.presence.is_known.store(true, Ordering::Relaxed);
                Ok(Auth::Accept)
            }
            Err(_) => Ok(Auth::reject()),
        }
    }

    async fn channel_open_session(
        &mut self,
        channel: Channel<Msg>,
        reply: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), Self::Error> {
        // A handle that is dropped refuses.
        let running = self.presence.running.load(Ordering::Relaxed);
        if self.waiting.len() + running < CHANNELS_MAX {
            self.waiting.insert(channel.id(), Waiting { channel, protocol: String::new() });
            reply.accept().await;
        }
        Ok(())
    }

    async fn channel_close(&mut self, id: ChannelId, _: &mut Session) -> Result<(), Self::Error> {
        self.waiting.remove(&id);
        Ok(())
    }

    async fn env_request(
        &mut self,
        id: ChannelId,
        name: &str,
        value: &str,
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        match self.waiting.get_mut(&id) {
            Some(waiting) if name == "GIT_PROTOCOL" && value.len() < 256 => {
                waiting.protocol = value.to_owned();
                session.channel_success(id)
            }
            _ => session.channel_failure(id),
        }
    }

    async fn exec_request(&mut self, id: ChannelId, line: &[u8], session: &mut Session) -> Result<(), Self::Error> {
        session.channel_success(id)?;
        self.begin(id, Command::parse(line));
        Ok(())
    }

    async fn shell_request(&mut self, id: ChannelId, session: &mut Session) -> Result<(), Self::Error> {
        session.channel_success(id)?;
        self.begin(id, Err(CommandError::Unknown));
        Ok(())
    }
}

/// What a client sends on its channel.
type Input = BoxStream<'static, Result<Bytes, Infallible>>;

fn input_of(half: ChannelReadHalf) -> Input {
    let pieces = stream::unfold(half, |mut half| async move {
        loop {
            match half.wait().await? {
                ChannelMsg::Data { data } => return Some((Ok(data), half)),
                ChannelMsg::Eof | ChannelMsg::Close => return None,
                _ => {}
            }
        }
    });
    pieces.boxed()
}

/// A command at work.
struct Job {
    state: GitState,
    public_url: PublicUrl,
    caller: Caller,
    output: ChannelWriteHalf<Msg>,
}

impl Job {
    async fn run(self, command: Result<Command, CommandError>, protocol: &str, input: ChannelReadHalf) {
        let done = match command {
            Ok(command) => self.obey(command, protocol, input_of(input)).await,
            Err(error) => {
                let name = self.caller.user().map(|user| user.name.to_string()).unwrap_or_default();
                let greeting = match error {
                    CommandError::Unknown => format!("Hi {name}! Your key is known. "),
                    CommandError::NoAddress => String::new(),
                };
                self.complain(&format!("{greeting}{error}")).await;
                Err(())
            }
        };
        // The client may be gone already, which is no matter.
        let _ = self.output.exit_status(u32::from(done.is_err())).await;
        let _ = self.output.eof().await;
        let _ = self.output.close().await;
    }

    async fn complain(&self, message: &str) {
        let line = Bytes::from(format!("{message}\n"));
        let _ = self.output.extended_data_bytes(STANDARD_ERROR, line).await;
    }

    /// Tells git of a failure in its own way.
    async fn tell(&self, error: &GitError) {
        let _ = self.output.data_bytes(error.packet()).await;
    }

    async fn open(&self, addr: &RepoAddr, access: Access) -> Result<Repo, RepoError> {
        match self.open_at(addr, access).await {
            // An old address leads on, as a redirect does over HTTP.
            Err(RepoError::Moved { to }) => self.open_at(&to, access).await,
            other => other,
        }
    }

    async fn open_at(&self, addr: &RepoAddr, access: Access) -> Result<Repo, RepoError> {
        match access {
            Access::Write => self.state.repos.open_for_push(&self.caller, addr).await,
            access => self.state.repos.open(&self.caller, addr, access).await,
        }
    }

    async fn obey(&self, command: Command, protocol: &str, input: Input) -> Result<(), ()> {
        let done = match command {
            Command::Fetch(addr) => self.fetch(&addr, Version::of_request(protocol), input).await,
            Command::Push(addr) => self.push(&addr, input).await,
            Command::LargeFiles { addr, transfer } => return self.large_files(&addr, transfer).await,
            Command::LargeFilesHere => {
                self.complain("large files do not travel over SSH here: git-lfs takes HTTP by itself").await;
                return Err(());
            }
        };
        match done {
            Ok(()) => Ok(()),
            Err(error) => {
                self.tell(&error).await;
                Err(())
            }
        }
    }

    async fn send(&self, mut reply: Reply) -> Result<(), GitError> {
        while let Some(piece) = reply.next().await {
            self.say(piece?).await?;
        }
        Ok(())
    }

    async fn say(&self, bytes: impl Into<Bytes>) -> Result<(), GitError> {
        self.output.data_bytes(bytes).await.map_err(|_| GitError::protocol("the client went away"))
    }

    async fn fetch(&self, addr: &RepoAddr, version: Version, input: Input) -> Result<(), GitError> {
        let repo = self.open(addr, Access::Read).await?;
        self.send(upload_pack::advertise(&repo, version, Transport::Ssh).await?).await?;
        let mut packets = PacketReader::new(input);
        if version == Version::V2 {
            while let Some(request) = packets.message().await? {
                if request == b"0000" {
                    break;
                }
                self.send(upload_pack::answer(&repo, &request).await?).await?;
            }
            return Ok(());
        }
        let mut conversation = Conversation::new(&repo, Transport::Ssh)?;
        while let Some(packet) = packets.next().await? {
            let Ok(FromPrefix::Whole((packet, _))) = pkt_line::split(&packet) else { break };
            match conversation.take(packet).await? {
                Turn::Listen => {}
                Turn::Say(bytes) => self.say(bytes).await?,
                Turn::Pack(reply) => return self.send(reply).await,
                Turn::End => break,
            }
        }
        Ok(())
    }

    async fn push(&self, addr: &RepoAddr, input: Input) -> Result<(), GitError> {
        let repo = self.open(addr, Access::Write).await?;
        self.say(receive_pack::advertise(&repo).await?).await?;
        let incoming = Incoming { folder: &self.state.incoming, max_bytes: self.state.repos.limits().push_bytes };
        let received = receive_pack::read(&repo, incoming, input).await?;
        let (out, mut pieces) = mpsc::channel(PIECES_WAITING);
        // A client that goes away now has sent everything: its push is carried out all the same.
        tokio::spawn(received.answer(out));
        while let Some(piece) = pieces.recv().await {
            self.say(piece).await?;
        }
        Ok(())
    }

    async fn large_files(&self, addr: &RepoAddr, transfer: Transfer) -> Result<(), ()> {
        let access = match transfer {
            Transfer::Upload => Access::Write,
            Transfer::Download => Access::Read,
        };
        let repo = match self.open(addr, access).await {
            Ok(repo) => repo,
            Err(error) => {
                self.complain(&error.message()).await;
                return Err(());
            }
        };
        let pass = self.state.repos.accounts().large_file_pass(&self.caller, repo.id().key(), transfer).await;
        let pass = match pass {
            Ok(pass) => pass,
            Err(error) => {
                self.complain(&error.message()).await;
                return Err(());
            }
        };
        let answer = json!({
            "href": self.public_url.join(&format!("/{}.git/info/lfs", repo.addr().url_path())),
            "header": { "Authorization": format!("Bearer {}", pass.value.reveal()) },
            "expires_in": pass.ttl_secs,
        });
        self.output.data_bytes(answer.to_string().into_bytes()).await.map_err(drop)
    }
}
