//! `git-receive-pack`: a push, the same over HTTP and SSH.
//!
//! ```text
//! client: ("shallow " oid)*  old SP new SP name [NUL capabilities] …  flush  [push options … flush]  [pack]
//! server: "unpack " ("ok" | reason)  ("ok " name | "ng " name SP reason)*  flush      within side band 1 if asked for
//! ```
//! What the client sends is read to its end before anything is answered, also when it is refused early: git over HTTP
//! reads no answer before it has sent all.

mod input;
mod request;
mod serve;

use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use futures::{Stream, StreamExt};
use hub_formats::git::pkt_line;
use hub_repo::{Push, PushDone, PushMode, RefUpdate, Repo, RepoError};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use input::ChannelReader;
use request::{Command, Request};

pub(crate) use serve::routes;

use crate::error::GitError;
use crate::packets::PacketReader;
use crate::protocol::AGENT;

/// What this side can do; git clients use of it what they know.
const CAPABILITIES: &str =
    "report-status report-status-v2 delete-refs quiet atomic ofs-delta side-band-64k push-options object-format=sha1";

/// How often a client that waits for its answer gets a sign of life.
const SIGN_OF_LIFE: Duration = Duration::from_secs(5);
/// The payload of a packet of the side band: one byte says which band it is.
const BAND_BYTES: usize = pkt_line::PAYLOAD_MAX - 1;
const BAND_DATA: u8 = 1;
const BAND_PROGRESS: u8 = 2;
/// How many pieces of the pack wait for the thread that reads it.
const PIECES_WAITING: usize = 16;

/// The references as a push wants to see them first.
pub(crate) async fn advertise(repo: &Repo) -> Result<Vec<u8>, GitError> {
    let mut out = Vec::new();
    let mut capabilities = Some(format!("{CAPABILITIES} {AGENT}"));
    for (name, oid) in repo.pushable_refs().await? {
        let suffix = capabilities.take().map(|text| format!("\0{text}")).unwrap_or_default();
        pkt_line::push_line(&mut out, &format!("{oid} {name}{suffix}"));
    }
    if let Some(text) = capabilities {
        pkt_line::push_line(&mut out, &format!("{} capabilities^{{}}\0{text}", hub_core::Oid::ZERO));
    }
    pkt_line::push_flush(&mut out);
    Ok(out)
}

/// Where a push is kept until it was found good, and how long it may be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Incoming<'a> {
    pub(crate) folder: &'a Path,
    pub(crate) max_bytes: u64,
}

/// A push that was read to its end.
pub(crate) struct Received {
    request: Request,
    /// What came of the pack.
    push: Result<Push, GitError>,
}

/// Reads a push.
///
/// # Errors
/// The client went away, or does not speak the protocol. What is wrong with the pack itself is for the answer.
pub(crate) async fn read<S, E>(repo: &Repo, incoming: Incoming<'_>, input: S) -> Result<Received, GitError>
where
    S: Stream<Item = Result<Bytes, E>> + Send + Unpin,
    E: std::fmt::Display,
{
    let mut head = PacketReader::new(input);
    let mut request = Request::read(&mut head).await?;
    if let Some(fault) = request.fault.take() {
        drain(head.into_rest().1, incoming.max_bytes).await;
        return Ok(Received { request, push: Err(fault) });
    }
    let mut push = repo.begin_push(incoming.folder)?;
    if !request.sends_pack() {
        return Ok(Received { request, push: Ok(push) });
    }
    let (rest, mut input) = head.into_rest();
    let (sender, receiver) = mpsc::channel(PIECES_WAITING);
    let reading = tokio::task::spawn_blocking(move || {
        let read = push.read_pack(ChannelReader::new(receiver));
        read.map(|_| push)
    });
    tokio::pin!(reading);
    let push = {
        // Ends when the input does, or when the reader has the whole pack and takes no more.
        let feeding = async {
            let mut piece = Some(Ok(rest));
            while let Some(bytes) = piece.transpose()? {
                if sender.send(bytes).await.is_err() {
                    break;
                }
                piece = input.next().await;
            }
            drop(sender);
            Ok::<_, E>(())
        };
        tokio::select! {
            read = &mut reading => read,
            fed = feeding => {
                fed.map_err(|error| GitError::protocol(format!("the push broke off: {error}")))?;
                reading.await
            }
        }
    };
    let push = push.unwrap_or_else(|_| Err(RepoError::Inconsistent("the reading of a push broke off".to_owned())));
    if push.is_err() {
        drain(input, incoming.max_bytes).await;
    }
    Ok(Received { request, push: push.map_err(GitError::from) })
}

/// Reads what is left of a push that is refused: the client hears of it when it has sent everything.
async fn drain<S, E>(mut input: S, max_bytes: u64)
where
    S: Stream<Item = Result<Bytes, E>> + Unpin,
{
    let mut left = max_bytes;
    while let Some(Ok(bytes)) = input.next().await {
        left = left.saturating_sub(bytes.len() as u64);
        if left == 0 {
            break;
        }
    }
}

impl Received {
    /// Whether the client only asked whether it may push: git does, before it sends much.
    pub(crate) fn is_empty(&self) -> bool {
        self.request.commands.is_empty()
    }

    /// Moves the references and answers, piece by piece. Once begun it goes on to its end, whether the client still
    /// listens or not.
    pub(crate) async fn answer(self, out: mpsc::Sender<Bytes>) {
        if self.is_empty() {
            return;
        }
        let Received { request, push } = self;
        let bands = request.has("side-band-64k");
        let (report, words) = {
            let work = settle(&request, push);
            tokio::pin!(work);
            let mut next_sign = Instant::now() + SIGN_OF_LIFE;
            loop {
                tokio::select! {
                    done = &mut work => break done,
                    () = sleep_until(next_sign) => {
                        if bands {
                            let _ = out.send(Bytes::from_static(b"0005\x01")).await;
                        }
                        next_sign = Instant::now() + SIGN_OF_LIFE;
                    }
                }
            }
        };
        let mut answer = Vec::new();
        if bands {
            for line in &words {
                push_band(&mut answer, BAND_PROGRESS, format!("{line}\n").as_bytes());
            }
        }
        if request.has("report-status") || request.has("report-status-v2") {
            if bands {
                push_band(&mut answer, BAND_DATA, &report);
            } else {
                answer.extend_from_slice(&report);
            }
        }
        if bands {
            pkt_line::push_flush(&mut answer);
        }
        let _ = out.send(answer.into()).await;
    }
}

/// Puts bytes into as many packets of a band as they need.
fn push_band(out: &mut Vec<u8>, band: u8, bytes: &[u8]) {
    for chunk in bytes.chunks(BAND_BYTES) {
        pkt_line::push_data(out, &[&[band], chunk].concat());
    }
}

/// Does what was asked; answers the report and the words for the person at the terminal.
async fn settle(request: &Request, push: Result<Push, GitError>) -> (Vec<u8>, Vec<String>) {
    let mut words = Vec::new();
    let mut report = Vec::new();
    let mode = if request.has("atomic") { PushMode::Atomic } else { PushMode::Each };
    let good: Vec<RefUpdate> = request.commands.iter().filter_map(Command::update).collect();
    let is_hopeless = mode == PushMode::Atomic && good.len() < request.commands.len();
    let done = match push {
        Err(error) => Err(error),
        Ok(_) if is_hopeless => {
            let refused = good.into_iter().map(|update| (update.name, "atomic push failed".to_owned())).collect();
            Ok(PushDone { refused, ..PushDone::default() })
        }
        Ok(push) => push.finish(good, mode).await.map_err(GitError::from),
    };
    match &done {
        Ok(_) => pkt_line::push_line(&mut report, "unpack ok"),
        Err(error) => {
            let message = error.last_words();
            words.extend(message.lines().map(|line| format!("error: {line}")));
            let first = message.lines().next().unwrap_or_default();
            pkt_line::push_line(&mut report, &format!("unpack {first}"));
        }
    }
    for command in &request.commands {
        let refusal = match (&done, &command.name) {
            (_, None) => Some("funny refname".to_owned()),
            (Err(_), Some(_)) => Some("nothing was changed".to_owned()),
            (Ok(done), Some(name)) => {
                done.refused.iter().find(|(refused, _)| refused == name).map(|(_, reason)| reason.clone())
            }
        };
        let mut line = Vec::new();
        match refusal {
            None => line.extend_from_slice(b"ok "),
            Some(_) => line.extend_from_slice(b"ng "),
        }
        line.extend_from_slice(&command.raw_name);
        if let Some(reason) = refusal {
            line.extend_from_slice(format!(" {reason}").as_bytes());
        }
        line.push(b'\n');
        pkt_line::push_data(&mut report, &line);
    }
    pkt_line::push_flush(&mut report);
    if let Ok(done) = done {
        words.extend(done.card_warnings.into_iter().map(|warning| format!("warning: README.md: {warning}")));
    }
    (report, words)
}
