//! `git http-backend` behind the smallest HTTP server that it can run under: one process a request, as CGI has it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;

use anyhow::{Context, bail};

/// A server that ends with the program.
pub(super) struct Backend {
    port: u16,
}

impl Backend {
    /// Serves the repositories of a folder.
    pub(super) fn start(folder: &Path) -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let port = listener.local_addr()?.port();
        let folder = folder.to_owned();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let folder = folder.clone();
                thread::spawn(move || {
                    if let Err(error) = answer(stream, &folder) {
                        eprintln!("git http-backend: {error:#}");
                    }
                });
            }
        });
        Ok(Self { port })
    }

    pub(super) fn address(&self, repository: &str) -> String {
        format!("http://127.0.0.1:{}/{repository}", self.port)
    }
}

/// The head of a request, as far as CGI wants it.
struct Head {
    method: String,
    path: String,
    query: String,
    content_type: String,
    encoding: String,
    protocol: String,
    length: Option<u64>,
    is_chunked: bool,
}

impl Head {
    /// `None` when the client has closed the connection.
    fn read(input: &mut impl BufRead) -> anyhow::Result<Option<Self>> {
        let mut line = String::new();
        if input.read_line(&mut line)? == 0 {
            return Ok(None);
        }
        let mut words = line.split_whitespace();
        let method = words.next().unwrap_or_default().to_owned();
        let target = words.next().context("a request without a target")?;
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let (path, query) = (path.to_owned(), query.to_owned());
        let mut head = Self {
            method,
            path,
            query,
            content_type: String::new(),
            encoding: String::new(),
            protocol: String::new(),
            length: None,
            is_chunked: false,
        };
        loop {
            line.clear();
            input.read_line(&mut line)?;
            let Some((name, value)) = line.trim_end().split_once(':') else { return Ok(Some(head)) };
            let value = value.trim().to_owned();
            match name.to_ascii_lowercase().as_str() {
                "content-type" => head.content_type = value,
                "content-encoding" => head.encoding = value,
                "git-protocol" => head.protocol = value,
                "content-length" => head.length = Some(value.parse()?),
                "transfer-encoding" => head.is_chunked = value.eq_ignore_ascii_case("chunked"),
                _ => {}
            }
        }
    }
}

fn answer(stream: TcpStream, folder: &PathBuf) -> anyhow::Result<()> {
    stream.set_nodelay(true)?;
    let mut input = BufReader::with_capacity(64 << 10, stream.try_clone()?);
    let mut output = stream;
    while let Some(head) = Head::read(&mut input)? {
        let mut command = Command::new("git");
        command.arg("http-backend").env("GIT_PROJECT_ROOT", folder).env("GIT_HTTP_EXPORT_ALL", "1");
        command.env("REQUEST_METHOD", &head.method).env("PATH_INFO", &head.path).env("QUERY_STRING", &head.query);
        command.env("CONTENT_TYPE", &head.content_type).env("HTTP_CONTENT_ENCODING", &head.encoding);
        command.env("GIT_PROTOCOL", &head.protocol).env("REMOTE_USER", "bench").env("REMOTE_ADDR", "127.0.0.1");
        if let Some(length) = head.length {
            command.env("CONTENT_LENGTH", length.to_string());
        }
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let mut body = child.stdin.take().context("no standard input")?;
        let mut said = BufReader::with_capacity(64 << 10, child.stdout.take().context("no standard output")?);
        thread::scope(|scope| {
            let sending = scope.spawn(|| {
                // A backend that has heard enough closes its input; its answer says why.
                let _ = send(&mut input, &head, &mut body);
                drop(body);
            });
            let relayed = relay(&mut said, &mut output);
            if sending.join().is_err() {
                bail!("a thread panicked");
            }
            relayed
        })?;
        child.wait()?;
    }
    Ok(())
}

fn send(input: &mut impl BufRead, head: &Head, body: &mut impl Write) -> anyhow::Result<()> {
    if !head.is_chunked {
        std::io::copy(&mut input.take(head.length.unwrap_or(0)), body)?;
        return Ok(());
    }
    loop {
        let mut line = String::new();
        input.read_line(&mut line)?;
        let size = u64::from_str_radix(line.trim(), 16).context("a chunk without a size")?;
        std::io::copy(&mut input.by_ref().take(size), body)?;
        input.read_line(&mut String::new())?;
        if size == 0 {
            return Ok(());
        }
    }
}

/// Turns the answer of a CGI program into one of HTTP, in chunks.
fn relay(said: &mut impl BufRead, output: &mut impl Write) -> anyhow::Result<()> {
    let mut status = "200 OK".to_owned();
    let mut headers = String::new();
    loop {
        let mut line = String::new();
        said.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        match name.eq_ignore_ascii_case("status") {
            true => value.trim().clone_into(&mut status),
            false => headers.push_str(&format!("{name}:{value}\r\n")),
        }
    }
    write!(output, "HTTP/1.1 {status}\r\n{headers}Transfer-Encoding: chunked\r\n\r\n")?;
    let mut buffer = vec![0; 64 << 10];
    loop {
        let count = said.read(&mut buffer)?;
        write!(output, "{count:x}\r\n")?;
        output.write_all(&buffer[..count])?;
        output.write_all(b"\r\n")?;
        if count == 0 {
            output.flush()?;
            return Ok(());
        }
    }
}
