//! A running `hearth serve` of a test, and the smallest HTTP client that shows what is on the wire.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};

use rustix::process::{Pid, Signal, kill_process};

/// The binary under test, with nothing of the developer's environment that it would read.
pub(crate) fn hearth() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hearth"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("HEARTH_") {
            command.env_remove(name);
        }
    }
    command
}

/// A server on a port of its own.
pub(crate) struct Server {
    child: Child,
    /// What it printed until it was ready.
    pub(crate) greeting: String,
    /// `host:port`.
    pub(crate) address: String,
}

impl Server {
    /// Starts one, and returns when it has said where it is.
    pub(crate) fn start(data: &Path, environment: &[(&str, &str)]) -> Self {
        Self::start_by(hearth(), data, environment)
    }

    /// Starts one by a command that takes the arguments of `hearth`.
    pub(crate) fn start_by(mut command: Command, data: &Path, environment: &[(&str, &str)]) -> Self {
        let mut child = command
            .args(["serve", "--log", "warn", "--listen", "127.0.0.1:0", "--data"])
            .arg(data)
            .envs(environment.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut greeting = String::new();
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        // The last of the lines to paste is the end of the greeting.
        while !greeting.contains("hf download") {
            assert!(lines.read_line(&mut greeting).unwrap() > 0, "the server ended: {greeting}");
        }
        let (_, rest) = greeting.split_once("http://").unwrap();
        let address = rest.split_whitespace().next().unwrap().to_owned();
        Self { child, greeting, address }
    }

    pub(crate) fn connect(&self) -> Connection {
        Connection(TcpStream::connect(&self.address).unwrap())
    }

    /// Asks on a connection of its own.
    pub(crate) fn get(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let mut connection = self.connect();
        connection.send(&format!("GET {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n{headers}\r\n"));
        connection.answer()
    }

    /// Sends a body on a connection of its own: all of it before the answer is read, as most clients do.
    pub(crate) fn send(&self, head: &str, token: &str, body: &[u8]) -> Answer {
        let mut connection = self.connect();
        let authorization = if token.is_empty() { String::new() } else { format!("Authorization: Bearer {token}\r\n") };
        connection.send(&format!(
            "{head} HTTP/1.1\r\nHost: test\r\nConnection: close\r\nContent-Length: {}\r\n{authorization}\r\n",
            body.len()
        ));
        connection.0.write_all(body).unwrap();
        connection.answer()
    }

    /// Orders it to stop, as a service manager does.
    pub(crate) fn terminate(&self) {
        kill_process(Pid::from_child(&self.child), Signal::TERM).unwrap();
    }

    pub(crate) fn wait(mut self) -> ExitStatus {
        self.child.wait().unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) struct Connection(TcpStream);

impl Connection {
    pub(crate) fn send(&mut self, text: &str) {
        self.0.write_all(text.as_bytes()).unwrap();
    }

    /// Everything until the server closes.
    pub(crate) fn answer(mut self) -> Answer {
        let mut text = Vec::new();
        // A reset after the answer is as good as an orderly end.
        let _ = self.0.read_to_end(&mut text);
        Answer(String::from_utf8(text).unwrap())
    }

    /// Reads until the text has come.
    pub(crate) fn read_until(&mut self, wanted: &str) -> String {
        let mut text = String::new();
        let mut byte = [0];
        while !text.contains(wanted) {
            assert_eq!(self.0.read(&mut byte).unwrap(), 1, "the connection ended: {text}");
            text.push(char::from(byte[0]));
        }
        text
    }
}

/// Follows an absolute link to another server, as a client does: without the credentials for this one.
pub(crate) fn follow(method: &str, link: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
    let (host, path) = link.strip_prefix("http://").and_then(|rest| rest.split_once('/')).unwrap();
    let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let mut connection = Connection(TcpStream::connect(host).unwrap());
    let length = body.len();
    connection.send(&format!(
        "{method} /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n"
    ));
    connection.0.write_all(body).unwrap();
    connection.answer()
}

/// An answer as it came.
#[derive(Debug)]
pub(crate) struct Answer(pub(crate) String);

impl Answer {
    pub(crate) fn status(&self) -> u16 {
        self.0.split(' ').nth(1).and_then(|text| text.parse().ok()).unwrap_or_default()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let (head, _) = self.0.split_once("\r\n\r\n")?;
        let mut pairs = head.lines().filter_map(|line| line.split_once(": "));
        pairs.find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    pub(crate) fn body(&self) -> &str {
        self.0.split_once("\r\n\r\n").map(|(_, body)| body).unwrap_or_default()
    }
}
