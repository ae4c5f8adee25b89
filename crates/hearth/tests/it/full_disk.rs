//! A file that does not fit: the upload fails as documented, nothing of it stays, and the server goes on.
//!
//! The system's limit for the size of a file stands for the end of the disk: writing fails at the same place, in the
//! same way, and needs no disk of its own.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use tempfile::tempdir;

use crate::admin::admin;
use crate::process::{Answer, Server};
use crate::site::sha256;

/// The largest file of the server.
const ROOM_BYTES: u64 = 8 << 20;

/// A server that cannot write larger files, and is not killed for trying.
fn start_cramped(data: &Path) -> Server {
    let mut command = Command::new("sh");
    let script = format!("trap '' XFSZ; exec prlimit --fsize={ROOM_BYTES} \"$0\" \"$@\"");
    command.args(["-c", &script, env!("CARGO_BIN_EXE_hearth")]);
    Server::start_by(command, data, &[])
}

fn json_of(answer: &Answer) -> Value {
    serde_json::from_str(answer.body()).unwrap_or_else(|error| panic!("{error}: {answer:?}"))
}

fn upload(server: &Server, token: &str, content: &[u8]) -> Answer {
    let object = json!({ "oid": sha256(content), "size": content.len() });
    let body = json!({ "operation": "upload", "transfers": ["basic"], "objects": [object] }).to_string();
    let plan = json_of(&server.send("POST /ann/m.git/info/lfs/objects/batch", token, body.as_bytes()));
    let link = plan["objects"][0]["actions"]["upload"]["href"].as_str().unwrap().to_owned();
    server.send(&format!("PUT {}", link.strip_prefix("http://test").unwrap()), "", content)
}

fn files_below(folder: &Path) -> usize {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.map(|path| if path.is_dir() { files_below(&path) } else { 1 }).sum()
}

#[test]
fn what_does_not_fit_leaves_nothing_behind() {
    let data = tempdir().unwrap();
    let run = |arguments: &[&str]| admin(data.path(), arguments, "").unwrap();
    run(&["user", "add", "ann"]);
    let token = run(&["token", "create", "ann"]).trim().to_owned();
    let server = start_cramped(data.path());
    assert_eq!(server.send("POST /api/repos/create", &token, br#"{"name":"m"}"#).status(), 200);

    let refused = upload(&server, &token, &vec![7; 2 * ROOM_BYTES as usize]);
    assert_eq!(refused.status(), 507, "{refused:?}");
    let message = json_of(&refused)["error"].as_str().unwrap().to_owned();
    assert!(message.contains("no room left"), "{message}");
    assert_eq!(files_below(&data.path().join("blobs")), 0);

    assert_eq!(server.get("/health/ready", &[]).status(), 200);
    assert_eq!(upload(&server, &token, &[7; 100_000]).status(), 200);
    assert_eq!(files_below(&data.path().join("blobs")), 1);
    server.terminate();
    assert!(server.wait().success());
    assert!(run(&["check", "--deep"]).contains("Everything is whole"));
}
