//! Reads a password: from a pipe as it comes, at a terminal twice and without showing it.

use std::io::{self, BufRead as _, IsTerminal as _, Stdin, Write as _};

use anyhow::ensure;
use hub_core::SecretString;
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};

/// The longest line that is read; no password is that long.
const LINE_MAX: u64 = 10_000;

/// The first line of standard input, or what is typed.
pub(super) fn read() -> anyhow::Result<SecretString> {
    let stdin = io::stdin();
    let password = if stdin.is_terminal() { ask(&stdin)? } else { line(&stdin)? };
    ensure!(!password.is_empty(), "standard input holds no password");
    Ok(SecretString::new(password))
}

fn ask(stdin: &Stdin) -> anyhow::Result<String> {
    let _silence = Silence::begin(stdin)?;
    let first = prompt(stdin, "Password: ")?;
    let second = prompt(stdin, "The same again: ")?;
    ensure!(first == second, "the two differ; nothing was changed");
    Ok(first)
}

fn prompt(stdin: &Stdin, text: &str) -> io::Result<String> {
    let mut terminal = io::stderr();
    terminal.write_all(text.as_bytes())?;
    terminal.flush()?;
    line(stdin)
}

fn line(stdin: &Stdin) -> io::Result<String> {
    let mut line = String::new();
    io::Read::take(stdin.lock(), LINE_MAX).read_line(&mut line)?;
    Ok(line.trim_end_matches(['\n', '\r']).to_owned())
}

/// While it lives, the terminal shows nothing of what is typed but the ends of lines.
struct Silence<'a> {
    stdin: &'a Stdin,
    before: Termios,
}

impl<'a> Silence<'a> {
    fn begin(stdin: &'a Stdin) -> io::Result<Self> {
        let before = tcgetattr(stdin)?;
        let mut silent = before.clone();
        silent.local_modes.remove(LocalModes::ECHO);
        silent.local_modes.insert(LocalModes::ECHONL);
        // What was typed before the question is no answer to it.
        tcsetattr(stdin, OptionalActions::Flush, &silent)?;
        Ok(Self { stdin, before })
    }
}

impl Drop for Silence<'_> {
    fn drop(&mut self) {
        // A terminal that is gone needs no restoring.
        let _ = tcsetattr(self.stdin, OptionalActions::Now, &self.before);
    }
}
