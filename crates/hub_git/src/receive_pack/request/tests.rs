use std::convert::Infallible;

use futures::stream;
use hub_formats::git::pkt_line::{push_data, push_flush};

use super::*;

const OLD: &str = "1111111111111111111111111111111111111111";
const NEW: &str = "2222222222222222222222222222222222222222";
const NONE: &str = "0000000000000000000000000000000000000000";

/// Lines, of which an empty one stands for a flush.
async fn read(lines: &[&[u8]]) -> Result<Request, GitError> {
    let mut bytes = Vec::new();
    for line in lines {
        if line.is_empty() { push_flush(&mut bytes) } else { push_data(&mut bytes, line) }
    }
    let input = stream::iter([Ok::<_, Infallible>(Bytes::from(bytes))]);
    Request::read(&mut PacketReader::new(input)).await
}

#[tokio::test]
async fn commands_come_with_the_capabilities_of_the_first() {
    let first = format!("{OLD} {NEW} refs/heads/main\0 report-status push-options object-format=sha1 agent=git/2");
    let second = format!("{OLD} {NONE} refs/tags/v1\0ignored");
    let shallow = format!("shallow {OLD}");
    let request = read(&[shallow.as_bytes(), first.as_bytes(), second.as_bytes(), b"", b"ci.skip", b""]).await;
    let request = request.expect("a push");
    assert!(request.has("report-status") && !request.has("ignored") && !request.has("atomic"));
    assert!(request.sends_pack());
    let updates: Vec<RefUpdate> = request.commands.iter().filter_map(Command::update).collect();
    let names: Vec<&str> = updates.iter().map(|update| update.name.as_str()).collect();
    assert_eq!(names, ["refs/heads/main", "refs/tags/v1"]);
    assert_eq!((updates[0].old.is_some(), updates[0].new.is_some(), updates[1].new), (true, true, None));

    let deletion = format!("{OLD} {NONE} refs/heads/x\0report-status");
    assert!(!read(&[deletion.as_bytes(), b""]).await.expect("a push").sends_pack());
    assert!(read(&[b""]).await.expect("a probe").commands.is_empty());
}

#[tokio::test]
async fn names_that_git_forbids_are_kept_for_the_report_alone() {
    for name in [&b"refs/heads/a..b"[..], b"HEAD", b"refs/heads/\xff", b"refs/heads/x.lock", b"refs/heads/ "] {
        let line = [format!("{NONE} {NEW} ").as_bytes(), name].concat();
        let request = read(&[&line, b""]).await.expect("a push");
        assert_eq!(request.commands[0].raw_name, name);
        assert!(request.commands[0].update().is_none(), "{name:?}");
    }
}

#[tokio::test]
async fn nonsense_is_refused() {
    for line in ["x", OLD, &format!("{OLD} {NEW}"), &format!("{OLD} zz refs/heads/main"), "shallow"] {
        assert!(read(&[line.as_bytes(), b""]).await.is_err(), "{line}");
    }
    let sha256 = format!("{OLD} {NEW} refs/heads/main\0object-format=sha256");
    assert!(read(&[sha256.as_bytes(), b""]).await.is_err());
    assert!(
        Request::read(&mut PacketReader::new(stream::iter([Ok::<_, Infallible>(Bytes::from_static(b"00"))])))
            .await
            .is_err()
    );
}

#[tokio::test]
async fn what_is_too_much_is_told_in_the_way_that_the_client_asked_for() {
    let check = async |lines: Vec<&[u8]>, words: &str| {
        let request = read(&lines).await.expect("the first command was read");
        assert!(request.has("side-band-64k"));
        let fault = request.fault.expect("too much").to_string();
        assert!(fault.contains(words), "{fault}");
    };
    let first = format!("{NONE} {NEW} refs/heads/x\0side-band-64k push-options");
    let mut options: Vec<&[u8]> = vec![first.as_bytes(), b""];
    options.resize(options.len() + OPTIONS_MAX + 1, b"option");
    check(options, "at most 1000 options").await;
    let mut commands: Vec<&[u8]> = vec![first.as_bytes()];
    let further = format!("{NONE} {NEW} refs/heads/x");
    commands.resize(COMMANDS_MAX + 1, further.as_bytes());
    check(commands, "more than 50000 references").await;
    check(vec![first.as_bytes(), b"nonsense"], "malformed").await;
}
