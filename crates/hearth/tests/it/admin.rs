//! `hearth admin` on a fresh installation, and what a server on the same data makes of it.

use std::fs::File;
use std::io::{Read, Write as _};
use std::path::Path;
use std::process::Stdio;

use rustix::pty::{OpenptFlags, grantpt, ioctl_tiocgptpeer, openpt, unlockpt};
use tempfile::tempdir;

use crate::process::{Server, hearth};

/// Runs a command with that standard input; gives what it printed.
pub(crate) fn admin(data: &Path, arguments: &[&str], input: &str) -> Result<String, String> {
    let mut child = hearth()
        .arg("admin")
        .args(arguments)
        .args(["--log", "warn", "--data"])
        .arg(data)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A command that reads nothing may have ended already.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    if output.status.success() { Ok(text(output.stdout)) } else { Err(text(output.stderr)) }
}

#[test]
fn people_organisations_and_tokens_are_made_and_work_at_once() {
    let data = tempdir().unwrap();
    let run = |arguments: &[&str], input: &str| admin(data.path(), arguments, input).unwrap();
    run(&["user", "add", "ann", "--email", "ann@example.org", "--admin", "--password-stdin"], "correct horse\n");
    run(&["user", "add", "bob"], "");
    run(&["org", "add", "lab", "--admin", "ann", "--private"], "");
    run(&["org", "member", "lab", "bob", "write"], "");
    let users = run(&["user", "list"], "");
    assert!(
        users.contains("ann@example.org") && users.contains("administrator") && users.contains("no password"),
        "{users}"
    );
    assert!(run(&["org", "list"], "").contains("private"));
    assert!(run(&["org", "members", "lab"], "").contains("write"));
    assert!(run(&["invite", "--days", "2"], "").lines().count() == 2);

    let token = run(&["token", "create", "bob", "--name", "laptop"], "");
    let token = token.trim();
    assert!(token.starts_with("hf_") && token.len() >= 37, "{token}");
    let server = Server::start(data.path(), &[]);
    assert!(!server.greeting.contains("/setup"), "{}", server.greeting);
    let bearer = format!("Bearer {token}");
    let whoami = server.get("/api/whoami-v2", &[("Authorization", &bearer)]);
    assert!(whoami.body().contains("\"name\":\"bob\"") && whoami.body().contains("\"lab\""), "{whoami:?}");

    let list = run(&["token", "list", "bob"], "");
    let id = list.lines().nth(1).unwrap().split_whitespace().next().unwrap().to_owned();
    assert!(list.contains("laptop"), "{list}");
    run(&["token", "revoke", "bob", &id], "");
    let refused = server.get("/api/whoami-v2", &[("Authorization", &bearer)]);
    assert_eq!(refused.status(), 401);
    assert!(refused.0.contains("x-error-message: Invalid credentials in Authorization header"), "{refused:?}");
}

#[test]
fn a_second_import_changes_nothing() {
    let data = tempdir().unwrap();
    let file = data.path().join("people.json");
    let text = r#"{"users": [{"name": "old_name.", "full_name": "Old", "email": "old@example.org",
        "tokens": [{"value": "short", "role": "read", "display_name": "ci"}]}], "organizations": []}"#;
    std::fs::write(&file, text).unwrap();
    let import = || admin(data.path(), &["import", file.to_str().unwrap()], "").unwrap();
    let row = |report: &str| {
        report
            .lines()
            .find(|line| line.starts_with("tokens"))
            .unwrap()
            .split_whitespace()
            .skip(1)
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    assert_eq!(row(&import()), ["1", "0", "0"]);
    assert_eq!(row(&import()), ["0", "0", "1"]);
}

#[test]
fn a_fresh_installation_is_whole_and_empty() {
    let data = tempdir().unwrap();
    assert!(admin(data.path(), &["check", "--deep"], "").unwrap().contains("Everything is whole."));
    assert!(admin(data.path(), &["gc"], "").unwrap().contains("Removed 0 git objects"));
    assert!(admin(data.path(), &["storage"], "").unwrap().starts_with("0 repositories"));
    let object = format!("xorbs/00/00/{}.{}", "0".repeat(64), "0".repeat(16));
    let told = admin(data.path(), &["storage", "--why", &object], "").unwrap();
    assert!(told.contains("is not in the blob store") && told.contains("no row names it"), "{told}");
    assert!(admin(data.path(), &["storage", "--why", "elsewhere"], "").is_err());
}

#[test]
fn refusals_say_what_to_do() {
    let data = tempdir().unwrap();
    let refused = |arguments: &[&str], input: &str| admin(data.path(), arguments, input).unwrap_err();
    let text = refused(&["token", "create", "nobody"], "");
    assert!(text.contains("there is no user called nobody"), "{text}");
    let text = refused(&["user", "add", "ann", "--password-stdin"], "short\n");
    assert!(text.contains("at least 8 characters"), "{text}");
    let text = refused(&["user", "add", "admin"], "");
    assert!(text.contains("cannot be registered"), "{text}");
}

#[test]
fn a_password_is_not_shown_while_it_is_typed() {
    let data = tempdir().unwrap();
    admin(data.path(), &["user", "add", "ann"], "").unwrap();
    let check = |typed: [&str; 2]| {
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY;
        let keyboard = openpt(flags).unwrap();
        grantpt(&keyboard).unwrap();
        unlockpt(&keyboard).unwrap();
        let terminal = ioctl_tiocgptpeer(&keyboard, flags).unwrap();
        let mut keyboard = File::from(keyboard);
        let mut child = hearth()
            .args(["admin", "user", "passwd", "ann", "--log", "warn", "--data"])
            .arg(data.path())
            .stdin(terminal)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut questions = child.stderr.take().unwrap();
        for (question, answer) in ["Password: ", "The same again: "].into_iter().zip(typed) {
            read_until(&mut questions, question);
            keyboard.write_all(format!("{answer}\n").as_bytes()).unwrap();
        }
        let done = child.wait().unwrap().success();
        let mut shown = Vec::new();
        // The end of a terminal is told as an error, after all that it showed.
        let _ = keyboard.read_to_end(&mut shown);
        assert_eq!(String::from_utf8(shown).unwrap(), "\r\n\r\n");
        done
    };
    assert!(check(["battery staple", "battery staple"]));
    assert!(!check(["battery staple", "battery stable"]), "the two differ");
    assert!(admin(data.path(), &["user", "list"], "").unwrap().lines().all(|line| !line.contains("no password")));
}

fn read_until(from: &mut impl Read, wanted: &str) {
    let (mut text, mut byte) = (String::new(), [0]);
    while !text.ends_with(wanted) {
        assert_eq!(from.read(&mut byte).unwrap(), 1, "it ended: {text}");
        text.push(char::from(byte[0]));
    }
}
