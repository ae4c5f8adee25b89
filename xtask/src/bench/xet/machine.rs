//! A computer with the `hf` client on it, and what a transfer costs on both sides.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;

use anyhow::{Context, bail};

use super::Process;
use crate::client::Hub;
use crate::server::{self, USER};
use crate::stopwatch::Stopwatch;

/// A home folder: what hf-xet remembers lies there.
pub(super) struct Machine {
    program: PathBuf,
    address: String,
    home: PathBuf,
}

impl Machine {
    pub(super) fn new(program: &Path, address: String, home: PathBuf) -> anyhow::Result<Self> {
        fs::create_dir_all(&home)?;
        Ok(Self { program: program.to_owned(), address, home })
    }

    pub(super) fn home(&self) -> &Path {
        &self.home
    }

    /// Uploads a file to `repo`, which is made if it is not there.
    pub(super) fn upload(&self, repo: &str, file: &Path, name: &str) -> anyhow::Result<()> {
        let repo = format!("{USER}/{repo}");
        self.run(["upload".as_ref(), repo.as_ref(), file.as_os_str(), name.as_ref()], true)
    }

    /// Downloads all of `repo` into a folder.
    pub(super) fn download(&self, repo: &str, to: &Path, by_xet: bool) -> anyhow::Result<()> {
        let repo = format!("{USER}/{repo}");
        self.run(["download".as_ref(), repo.as_ref(), "--local-dir".as_ref(), to.as_os_str()], by_xet)
    }

    fn run<'a>(&self, arguments: impl IntoIterator<Item = &'a OsStr>, by_xet: bool) -> anyhow::Result<()> {
        let mut command = Command::new(&self.program);
        command
            .args(arguments)
            .env("HF_ENDPOINT", &self.address)
            .env("HF_TOKEN", server::TOKEN)
            .env("HF_HOME", self.home.join("hf"))
            .env("HF_HUB_DISABLE_TELEMETRY", "1");
        if !by_xet {
            command.env("HF_HUB_DISABLE_XET", "1");
        }
        server::run(&mut command).map(drop)
    }
}

/// Does the same on all machines at once.
pub(super) fn at_once<T: Sync>(machines: &[T], work: impl Fn(&T) -> anyhow::Result<()> + Sync) -> anyhow::Result<()> {
    thread::scope(|scope| {
        let work = &work;
        let running: Vec<_> = machines.iter().map(|machine| scope.spawn(move || work(machine))).collect();
        for machine in running {
            match machine.join() {
                Ok(outcome) => outcome?,
                Err(_) => bail!("a thread panicked"),
            }
        }
        Ok(())
    })
}

/// What some work has cost.
pub(super) struct Spent {
    pub(super) seconds: f64,
    /// Seconds of processor time.
    pub(super) server_cpu: f64,
    /// The same, of all programs that were called.
    pub(super) client_cpu: f64,
    /// What came to the server in xorbs.
    pub(super) received_bytes: f64,
}

impl Spent {
    pub(super) fn on(hub: &Hub, process: &Process, work: impl FnOnce() -> anyhow::Result<()>) -> anyhow::Result<Self> {
        let (server, client) = (process.cpu_seconds()?, Process::of_children_seconds()?);
        let received = received_bytes(hub)?;
        let watch = Stopwatch::start();
        work()?;
        Ok(Self {
            seconds: watch.seconds(),
            server_cpu: process.cpu_seconds()? - server,
            client_cpu: Process::of_children_seconds()? - client,
            received_bytes: received_bytes(hub)? - received,
        })
    }
}

fn received_bytes(hub: &Hub) -> anyhow::Result<f64> {
    let text = String::from_utf8(hub.get("/metrics")?)?;
    let line = text.lines().find_map(|line| line.strip_prefix("hearth_xet_received_bytes_total "));
    Ok(line.context("the server does not count what comes by Xet")?.trim().parse()?)
}
