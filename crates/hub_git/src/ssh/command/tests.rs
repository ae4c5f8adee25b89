use super::*;

fn addr(kind: RepoKind, id: &str) -> RepoAddr {
    RepoAddr::parse(kind, id).expect("an address")
}

#[test]
fn commands_of_git_are_read_however_they_are_quoted() {
    let model = || addr(RepoKind::Model, "ada/net");
    for line in [
        "git-upload-pack 'ada/net.git'",
        "git-upload-pack '/ada/net'",
        "git upload-pack \"ada/net.git/\"",
        "git-upload-pack ada/n\\et",
        "  git-upload-pack   'ada'/net",
    ] {
        assert_eq!(Command::parse(line.as_bytes()), Ok(Command::Fetch(model())), "{line}");
    }
    let dataset = addr(RepoKind::Dataset, "ada/net");
    assert_eq!(Command::parse(b"git-receive-pack '/datasets/ada/net.git'"), Ok(Command::Push(dataset)));
    let download = Command::LargeFiles { addr: model(), transfer: Transfer::Download };
    assert_eq!(Command::parse(b"git-lfs-authenticate ada/net.git download"), Ok(download));
    assert_eq!(Command::parse(b"git-lfs-transfer ada/net.git upload"), Ok(Command::LargeFilesHere));
}

#[test]
fn everything_else_is_refused() {
    for line in [
        "",
        "ls",
        "git",
        "git-shell",
        "scp -t x",
        "git-lfs-authenticate ada/net.git",
        "git-lfs-authenticate ada/net.git x",
    ] {
        assert_eq!(Command::parse(line.as_bytes()), Err(CommandError::Unknown), "{line}");
    }
    for line in [
        "git-upload-pack",
        "git-upload-pack ''",
        "git-upload-pack net",
        "git-upload-pack x/ada/net",
        "git-upload-pack ../../etc",
    ] {
        assert_eq!(Command::parse(line.as_bytes()), Err(CommandError::NoAddress), "{line}");
    }
    assert_eq!(Command::parse(b"\xff"), Err(CommandError::Unknown));
}
