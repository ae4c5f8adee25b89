//! Clone, shallow clone and fetch by gitoxide. It does not push.

use std::num::NonZeroU32;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use gix::progress::Discard;
use gix::remote::Direction;
use gix::remote::fetch::Shallow;
use hearth_compat_gix::{create, git, push, without_token};

fn clone(address: &str, folder: &Path, shallow: Shallow) -> gix::Repository {
    let stop = AtomicBool::new(false);
    let mut prepared = gix::prepare_clone(address, folder).expect("a clone").with_shallow(shallow);
    let (mut checkout, _) = prepared.fetch_then_checkout(Discard, &stop).expect("fetched");
    checkout.main_worktree(Discard, &stop).expect("checked out").0
}

fn commits(repo: &gix::Repository) -> usize {
    repo.head_commit().expect("a head").ancestors().all().expect("a history").count()
}

#[test]
fn clone_fetch_and_shallow() {
    let folder = tempfile::tempdir().expect("a folder");
    let place = |name: &str| folder.path().join(name);
    let address = create("clone");
    git(folder.path(), &["clone", "--quiet", &address, "source"]);
    let source = place("source");
    push(&source, "a.txt", "first\n");
    push(&source, "deep/er/b.txt", "second\n");
    let head = push(&source, "a.txt", "third\n");
    git(&source, &["tag", "--annotate", "v1", "--message", "a note"]);
    git(&source, &["push", "--quiet", "origin", "v1"]);

    let address = without_token(&address);
    let repo = clone(&address, &place("whole"), Shallow::NoChange);
    assert_eq!(repo.head_id().expect("a head").to_string(), head);
    assert_eq!(commits(&repo), 4);
    assert_eq!(std::fs::read_to_string(place("whole/deep/er/b.txt")).expect("checked out"), "second\n");
    assert!(repo.find_reference("refs/tags/v1").is_ok());
    git(&place("whole"), &["fsck", "--full", "--strict"]);

    let newer = push(&source, "c.txt", "fourth\n");
    let remote = repo.find_default_remote(Direction::Fetch).expect("a remote").expect("it is sound");
    let connected = remote.connect(Direction::Fetch).expect("connected");
    let prepared = connected.prepare_fetch(Discard, Default::default()).expect("references");
    prepared.receive(Discard, &AtomicBool::new(false)).expect("received");
    let tracked = repo.find_reference("refs/remotes/origin/main").expect("tracked").id().to_string();
    assert_eq!(tracked, newer);
    git(&place("whole"), &["fsck", "--full", "--strict"]);

    let two = NonZeroU32::new(2).expect("not zero");
    let shallow = clone(&address, &place("shallow"), Shallow::DepthAtRemote(two));
    assert_eq!((shallow.head_id().expect("a head").to_string(), commits(&shallow)), (newer, 2));
    git(&place("shallow"), &["fsck", "--full", "--strict"]);
}
