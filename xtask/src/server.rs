//! A release `hearth serve` of our own: a fresh folder, a free port, one account, gone at the end.
//!
//! Bench and chaos start their own server, so that they measure and torture nothing that anybody uses.

use std::fs::{self, File};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use anyhow::{Context, bail};

use crate::client::Hub;
use crate::stopwatch::Stopwatch;

/// The account and the token that [`Server::prepare`] imports.
pub(crate) const USER: &str = "xtask";
pub(crate) const TOKEN: &str = "hf_xtaskxtaskxtaskxtaskxtaskxtaskxtask";
const READY_WITHIN: Duration = Duration::from_secs(30);
const STOPPED_WITHIN: Duration = Duration::from_secs(30);

/// A folder of ours under the system's temporary folder, removed at the end.
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    /// `beside` names another folder for it, such as one on the disk to be measured.
    pub(crate) fn new(beside: Option<String>) -> anyhow::Result<Self> {
        let parent = beside.map_or_else(std::env::temp_dir, PathBuf::from);
        let path = parent.join(format!("hearth-xtask-{}", std::process::id()));
        fs::create_dir_all(&path).with_context(|| format!("cannot create {}", path.display()))?;
        Ok(Self(path))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // A leftover in the temporary folder is harmless, and a failure here would hide the real one.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The binary under test: `--binary PATH`, or a release build of this checkout.
pub(crate) fn binary(root: &Path, given: Option<String>) -> anyhow::Result<PathBuf> {
    if let Some(path) = given {
        return fs::canonicalize(&path).with_context(|| format!("no binary at {path}"));
    }
    println!("building hearth (release)");
    run(Command::new("cargo").args(["build", "--release", "-q", "-p", "hearth"]).current_dir(root))?;
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    Ok(root.join(target).join("release/hearth"))
}

/// Runs a command to its end; a failure shows what it said.
pub(crate) fn run(command: &mut Command) -> anyhow::Result<String> {
    let output = command.output().with_context(|| format!("cannot run {command:?}"))?;
    if !output.status.success() {
        let said = [output.stdout, output.stderr].concat();
        bail!("{command:?} ended with {}:\n{}", output.status, String::from_utf8_lossy(&said).trim_end());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

pub(crate) struct Server {
    binary: PathBuf,
    data: PathBuf,
    log: PathBuf,
    port: u16,
    child: Child,
    /// From the start of the process to its first "ready".
    pub(crate) ready_after: Duration,
}

impl Server {
    /// Writes the account into a fresh data folder and starts a server on it.
    pub(crate) fn prepare(binary: &Path, scratch: &Path) -> anyhow::Result<Self> {
        let data = scratch.join("data");
        fs::create_dir_all(&data)?;
        let accounts = scratch.join("accounts.json");
        let token = serde_json::json!({"value": TOKEN, "role": "write", "display_name": "xtask"});
        let user = serde_json::json!({
            "name": USER, "full_name": "Developer commands", "email": "xtask@example.org", "tokens": [token],
        });
        fs::write(&accounts, serde_json::json!({"users": [user], "organizations": []}).to_string())?;
        run(Command::new(binary).args(["admin", "import", "--data"]).arg(&data).arg(&accounts))?;
        Self::start(binary, &data, &scratch.join("hearth.log"))
    }

    fn start(binary: &Path, data: &Path, log: &Path) -> anyhow::Result<Self> {
        let port = free_port()?;
        let output = File::options().create(true).append(true).open(log)?;
        let watch = Stopwatch::start();
        let child = Command::new(binary)
            .arg("serve")
            .arg("--data")
            .arg(data)
            .arg("--listen")
            .arg(format!("127.0.0.1:{port}"))
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            .spawn()
            .with_context(|| format!("cannot start {}", binary.display()))?;
        let mut server = Self {
            binary: binary.to_owned(),
            data: data.to_owned(),
            log: log.to_owned(),
            port,
            child,
            ready_after: Duration::ZERO,
        };
        server.wait_until_ready(&watch)?;
        Ok(server)
    }

    fn wait_until_ready(&mut self, watch: &Stopwatch) -> anyhow::Result<()> {
        let hub = self.hub();
        while watch.elapsed() < READY_WITHIN {
            if hub.is_ready() {
                self.ready_after = watch.elapsed();
                return Ok(());
            }
            if let Some(status) = self.child.try_wait()? {
                bail!("the server ended with {status} before it was ready:\n{}", self.last_log_lines());
            }
            thread::sleep(Duration::from_millis(2));
        }
        bail!("the server was not ready within {READY_WITHIN:?}:\n{}", self.last_log_lines())
    }

    pub(crate) fn last_log_lines(&self) -> String {
        let text = fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(20)..].join("\n")
    }

    pub(crate) fn address(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub(crate) fn hub(&self) -> Hub {
        Hub::new(self.address(), TOKEN)
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// `kill -9`, at once.
    pub(crate) fn kill(&mut self) -> anyhow::Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Starts again on the same data, on another port. Reports how long it took to be ready.
    pub(crate) fn restart(&mut self) -> anyhow::Result<()> {
        *self = Self::start(&self.binary.clone(), &self.data.clone(), &self.log.clone())?;
        Ok(())
    }

    /// Asks it to stop and waits for the end.
    pub(crate) fn stop(&mut self) -> anyhow::Result<()> {
        run(Command::new("kill").args(["-TERM", &self.pid().to_string()]))?;
        let watch = Stopwatch::start();
        while watch.elapsed() < STOPPED_WITHIN {
            if let Some(status) = self.child.try_wait()? {
                if !status.success() {
                    bail!("the server stopped with {status}:\n{}", self.last_log_lines());
                }
                return Ok(());
            }
            thread::sleep(Duration::from_millis(20));
        }
        bail!("the server did not stop within {STOPPED_WITHIN:?}")
    }

    /// What `hearth admin storage` says.
    pub(crate) fn storage(&self) -> anyhow::Result<String> {
        run(Command::new(&self.binary).args(["admin", "storage", "--data"]).arg(&self.data))
    }

    /// `hearth admin check --deep` on the data of a stopped server. Fails with its report if it found something.
    pub(crate) fn check(&self) -> anyhow::Result<String> {
        run(Command::new(&self.binary).args(["admin", "check", "--deep", "--data"]).arg(&self.data))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already; there is nobody left to tell.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn free_port() -> anyhow::Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}
