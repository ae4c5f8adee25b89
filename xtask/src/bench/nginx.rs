//! nginx beside us: the same bytes over the same loopback, as the limit of what this machine serves.

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use anyhow::{Context, bail};

use crate::stopwatch::Stopwatch;

use super::process::Process;

const READY_WITHIN: Duration = Duration::from_secs(10);

pub(super) struct Nginx {
    child: Child,
    port: u16,
}

impl Nginx {
    /// Starts nginx on `folder`; `None` if it is not installed.
    pub(super) fn start(folder: &Path, scratch: &Path) -> anyhow::Result<Option<Self>> {
        let program = ["nginx", "/usr/sbin/nginx"].into_iter().find(|program| {
            Command::new(program).arg("-v").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok()
        });
        let Some(program) = program else { return Ok(None) };
        let home = scratch.join("nginx");
        fs::create_dir_all(&home)?;
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let configuration = home.join("nginx.conf");
        fs::write(&configuration, configuration_text(&home, folder, port))?;
        let child = Command::new(program)
            .arg("-p")
            .arg(&home)
            .arg("-e")
            .arg(home.join("error.log"))
            .arg("-c")
            .arg(&configuration)
            .stdin(Stdio::null())
            .spawn()
            .context("cannot start nginx")?;
        let server = Self { child, port };
        let watch = Stopwatch::start();
        while watch.elapsed() < READY_WITHIN {
            if std::net::TcpStream::connect(("127.0.0.1", port)).is_ok() {
                return Ok(Some(server));
            }
            thread::sleep(Duration::from_millis(10));
        }
        bail!("nginx did not answer within {READY_WITHIN:?}; see {}", home.join("error.log").display())
    }

    /// Seconds of processor time of all its workers.
    pub(super) fn cpu_seconds(&self) -> anyhow::Result<f64> {
        let path = format!("/proc/{0}/task/{0}/children", self.child.id());
        let workers = fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))?;
        workers.split_whitespace().map(|pid| Process::new(pid.parse()?)?.cpu_seconds()).sum()
    }

    pub(super) fn address(&self, file: &str) -> String {
        format!("http://127.0.0.1:{}/{file}", self.port)
    }
}

/// One worker per core, under the user that started the bench: they read its files.
fn configuration_text(home: &Path, folder: &Path, port: u16) -> String {
    let (home, folder) = (home.display(), folder.display());
    format!(
        "daemon off;\nworker_processes auto;\nuser root;\npid {home}/nginx.pid;\nerror_log {home}/error.log;\n\
         events {{ worker_connections 512; }}\n\
         http {{\n  access_log off;\n  sendfile on;\n  tcp_nopush on;\n  client_body_temp_path {home}/body;\n  \
         proxy_temp_path {home}/proxy;\n  fastcgi_temp_path {home}/fastcgi;\n  uwsgi_temp_path {home}/uwsgi;\n  \
         scgi_temp_path {home}/scgi;\n  server {{ listen 127.0.0.1:{port}; root {folder}; }}\n}}\n"
    )
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // A killed master would leave its workers behind, so it is asked. It may have ended already.
        let _ = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        let _ = self.child.wait();
    }
}
