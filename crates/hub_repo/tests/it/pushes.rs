//! Pushes: what is taken, what is refused and leaves nothing, and that the result is the same as of commits by API.

use hub_core::{Access, CommitId, Oid, RefName, Revision};
use hub_db::args;
use hub_formats::git::{Commit, Mode, ObjectKind, Signature, Tag, Tree, TreeEntry, compress, object_id};
use hub_formats::lfs::Pointer;
use hub_jobs::{Outbox, Sequence};
use hub_repo::{BranchRule, Push, PushDone, PushMode, Pushers, RefUpdate, Repo, RepoError};
use hub_test::TestEngine;
use sha1::Digest;

use crate::support::{addr, commit, model, paths, put, read, sha256, upload};

/// Objects that a client made, in the order in which it sends them.
#[derive(Clone, Default)]
struct Objects(Vec<(ObjectKind, Vec<u8>)>);

impl Objects {
    fn add(&mut self, kind: ObjectKind, content: Vec<u8>) -> Oid {
        let oid = object_id(kind, &content);
        self.0.push((kind, content));
        oid
    }

    fn blob(&mut self, content: &str) -> Oid {
        self.add(ObjectKind::Blob, content.as_bytes().to_vec())
    }

    fn tree(&mut self, entries: &[(Mode, &str, Oid)]) -> Oid {
        let entries = entries
            .iter()
            .map(|(mode, name, oid)| TreeEntry { mode: *mode, name: name.as_bytes().to_vec(), oid: *oid })
            .collect();
        let tree = Tree::from_entries(entries).expect("a tree without doubles");
        self.add(ObjectKind::Tree, tree.write())
    }

    fn commit(&mut self, tree: Oid, parents: &[Oid], message: &str) -> Oid {
        let author = Signature::new("Ada", "ada@example.org", 1_700_000_000, 60);
        let commit = Commit {
            tree,
            parents: parents.to_vec(),
            author: author.clone(),
            committer: author,
            extra: Vec::new(),
            message: message.as_bytes().to_vec(),
        };
        self.add(ObjectKind::Commit, commit.write())
    }

    fn tag(&mut self, object: Oid, kind: ObjectKind, name: &str) -> Oid {
        let tagger = Some(Signature::new("Ada", "ada@example.org", 1_700_000_000, 60));
        let message = b"a tag\n".to_vec();
        let tag = Tag { object, kind, name: name.as_bytes().to_vec(), tagger, extra: Vec::new(), message };
        self.add(ObjectKind::Tag, tag.write())
    }

    /// A commit with one file on top of `parent`, whose other files go away.
    fn file_commit(&mut self, parent: &[Oid], name: &str, content: &str) -> Oid {
        let blob = self.blob(content);
        let tree = self.tree(&[(Mode::File, name, blob)]);
        self.commit(tree, parent, &format!("write {name}"))
    }
}

impl Objects {
    /// All of them in one pack, without deltas.
    fn pack(&self) -> Vec<u8> {
        let count = u32::try_from(self.0.len()).expect("few objects");
        let mut pack = [b"PACK\0\0\0\x02".as_slice(), &count.to_be_bytes()].concat();
        for (kind, content) in &self.0 {
            let mut byte = (kind.to_db() as u8) << 4 | (content.len() & 15) as u8;
            let mut rest = content.len() >> 4;
            while rest > 0 {
                pack.push(byte | 0x80);
                byte = (rest & 0x7f) as u8;
                rest >>= 7;
            }
            pack.push(byte);
            pack.extend(compress(content));
        }
        let sum = sha1::Sha1::digest(&pack);
        pack.extend_from_slice(&sum);
        pack
    }
}

fn begin(repo: &Repo, objects: &Objects) -> Result<Push, RepoError> {
    let mut push = repo.begin_push(&std::env::temp_dir())?;
    if !objects.0.is_empty() {
        tokio::task::block_in_place(|| push.read_pack(objects.pack().as_slice()))?;
    }
    Ok(push)
}

async fn push_all(
    repo: &Repo,
    objects: &Objects,
    updates: Vec<RefUpdate>,
    mode: PushMode,
) -> Result<PushDone, RepoError> {
    begin(repo, objects)?.finish(updates, mode).await
}

/// Pushes to one reference; the reason is what was said against it.
async fn push(repo: &Repo, objects: &Objects, name: &str, old: Option<Oid>, new: Option<Oid>) -> Result<(), String> {
    let update = RefUpdate { name: name.parse().expect("a name"), old, new };
    match push_all(repo, objects, vec![update], PushMode::Each).await {
        Ok(done) => done.refused.into_iter().next().map_or(Ok(()), |(_, reason)| Err(reason)),
        Err(error) => Err(error.to_string()),
    }
}

async fn head(repo: &Repo, revision: &str) -> Oid {
    repo.resolve(&Revision::new(revision)).await.expect("the revision exists").oid()
}

async fn rows(engine: &TestEngine, table: &str) -> i64 {
    let (count,): (i64,) =
        engine.db.query_one(&format!("SELECT COUNT(*) FROM {table}"), args![]).await.expect("counted");
    count
}

const MAIN: &str = "refs/heads/main";

#[tokio::test(flavor = "multi_thread")]
async fn a_push_leaves_what_a_commit_by_api_leaves() {
    let engine = TestEngine::new().await;
    let repo = model(&engine, &engine.caller("alice").await, "alice/pushed").await;
    let old = head(&repo, "main").await;
    let mut objects = Objects::default();
    let card = objects.blob("---\nlicense: mit\ntags: [pushed]\nlanguage: 5\n---\n");
    let config = objects.blob("{\"model_type\": \"bert\"}");
    let inner = objects.tree(&[(Mode::Executable, "run.sh", config)]);
    let tree = objects.tree(&[
        (Mode::File, "README.md", card),
        (Mode::File, "config.json", config),
        (Mode::Directory, "d", inner),
    ]);
    let first = objects.commit(tree, &[old], "first\n\nbody");
    let changed = objects.blob("{\"model_type\": \"gpt2\"}");
    let tree = objects.tree(&[
        (Mode::File, "README.md", card),
        (Mode::File, "config.json", changed),
        (Mode::Directory, "d", inner),
    ]);
    let second = objects.commit(tree, &[first], "second");
    let update = RefUpdate { name: RefName::main(), old: Some(old), new: Some(second) };
    let used_before = repo.state().used_bytes;
    let done = push_all(&repo, &objects, vec![update], PushMode::Each).await.expect("taken");
    assert!(done.refused.is_empty());
    assert!(!done.card_warnings.is_empty(), "the language is no text");

    let head = repo.resolve(&Revision::main()).await.expect("main exists");
    assert_eq!(head.oid(), second);
    assert_eq!(paths(&repo).await, ["README.md", "config.json", "d", "d/run.sh"]);
    assert_eq!(read(&repo, "config.json").await.expect("readable"), b"{\"model_type\": \"gpt2\"}");
    let history = repo.list_commits(head, 0, 10).await.expect("a history");
    let titles: Vec<&str> = history.commits.iter().map(|commit| commit.title.as_str()).collect();
    assert_eq!((history.total, titles), (3, vec!["second", "first", "initial commit"]));
    let mut page = repo.list_tree(head, None, true, None, 100).await.expect("listed");
    repo.add_last_commits(head, &mut page.entries).await.expect("each change is noted");
    let last: Vec<Oid> = page.entries.iter().map(|entry| entry.last_commit.as_ref().expect("noted").id).collect();
    assert_eq!(last, [first, second, first, first]);
    let facts = repo.facts(head).await.expect("facts");
    assert!(facts.tags.iter().any(|tag| tag == "pushed"));
    assert_eq!(facts.config.as_ref().and_then(|config| config["model_type"].as_str()), Some("gpt2"));
    let reopened = engine.repos.open(repo.caller(), repo.addr(), Access::Read).await.expect("open");
    let sizes: usize = objects.0.iter().filter(|(kind, _)| *kind == ObjectKind::Blob).map(|(_, c)| c.len()).sum();
    assert_eq!(reopened.state().used_bytes, used_before + sizes as u64);
    let events = Outbox::new(engine.db.clone()).after(Sequence::START, 100).await.expect("read");
    let told = events.iter().filter(|event| event.kind == "repo.push" && event.payload["new"] == second.to_string());
    assert_eq!(told.count(), 1);
    commit(&repo, "and on by API", vec![put("more.txt", "x")]).await.expect("commits go on");
    engine.clock.advance_millis(100_000_000);
    let report = engine.repos.collect_garbage(3600).await.expect("collected");
    assert_eq!(report.objects, 0, "all that was pushed is led to");
}

#[tokio::test(flavor = "multi_thread")]
async fn merges_count_their_history_once_and_change_what_is_as_in_no_parent() {
    let engine = TestEngine::new().await;
    let repo = model(&engine, &engine.caller("alice").await, "alice/merges").await;
    let base = head(&repo, "main").await;
    let mut objects = Objects::default();
    let (a, b, c) = (objects.blob("a"), objects.blob("b"), objects.blob("c"));
    let left_tree = objects.tree(&[(Mode::File, "a", a)]);
    let left = objects.commit(left_tree, &[base], "left");
    let right_tree = objects.tree(&[(Mode::File, "b", b)]);
    let right = objects.commit(right_tree, &[base], "right");
    let third_tree = objects.tree(&[(Mode::File, "c", c)]);
    let third = objects.commit(third_tree, &[right], "third");
    let merged_tree = objects.tree(&[(Mode::File, "a", a), (Mode::File, "b", b), (Mode::File, "c", c)]);
    let merged = objects.commit(merged_tree, &[left, right, third], "octopus");
    push(&repo, &objects, MAIN, Some(base), Some(merged)).await.expect("taken");
    let at = CommitId::new(merged);
    let history = repo.list_commits(at, 0, 10).await.expect("a history");
    assert_eq!((history.total, history.commits.len()), (5, 5));
    let mut page = repo.list_tree(at, None, true, None, 100).await.expect("listed");
    repo.add_last_commits(at, &mut page.entries).await.expect("noted");
    let last: Vec<Oid> = page.entries.iter().map(|entry| entry.last_commit.as_ref().expect("noted").id).collect();
    assert_eq!(last, [left, right, third]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_incomplete_or_faulty_is_refused_and_leaves_nothing() {
    let engine = TestEngine::new().await;
    let alice = engine.caller("alice").await;
    let repo = model(&engine, &alice, "alice/refusals").await;
    let other = model(&engine, &alice, "alice/other").await;
    commit(&other, "x", vec![put("x", "only in the other repository")]).await.expect("committed");
    let base = head(&repo, "main").await;
    let before = [rows(&engine, "git_object").await, rows(&engine, "git_commit").await, rows(&engine, "event").await];

    let check = async |what: &str, objects: Objects, new: Oid, expect: &str| {
        let reason = push(&repo, &objects, MAIN, Some(base), Some(new)).await.expect_err(what);
        assert!(reason.contains(expect), "{what}: {reason}");
    };
    let mut objects = Objects::default();
    let new = objects.file_commit(&[Oid::new([9; 20])], "a", "a");
    check("a missing parent", objects, new, "did not arrive").await;

    let mut objects = Objects::default();
    let new = objects.file_commit(&[base], "a", "a");
    objects.0.retain(|(kind, _)| *kind != ObjectKind::Blob);
    check("a missing blob", objects, new, "the blob").await;

    let mut objects = Objects::default();
    let new = objects.file_commit(&[base], "a", "a");
    objects.0.retain(|(kind, _)| *kind != ObjectKind::Tree);
    check("a missing tree", objects, new, "the tree").await;

    let mut objects = Objects::default();
    let stolen = object_id(ObjectKind::Blob, b"only in the other repository");
    let tree = objects.tree(&[(Mode::File, "a", stolen)]);
    let new = objects.commit(tree, &[base], "steal");
    check("a blob of another repository", objects, new, "the blob").await;

    let mut objects = Objects::default();
    let tree = objects.tree(&[]);
    let inner = objects.commit(tree, &[base], "inner");
    let tree = objects.tree(&[(Mode::File, "a", inner)]);
    let new = objects.commit(tree, &[base], "a commit as a file");
    check("a commit as a file", objects, new, "is used as a blob").await;

    let mut objects = Objects::default();
    let blob = objects.blob("no commit");
    check("a blob as a branch", objects, blob, "only point to a commit").await;

    let objects = Objects::default();
    check("nothing at all", objects, Oid::new([7; 20]), "did not arrive").await;

    let mut objects = Objects::default();
    let pointer = Pointer { oid: sha256(b"never sent"), size: 10 }.write();
    let new = objects.file_commit(&[base], "model.bin", &pointer);
    check("a pointer without content", objects, new, "model.bin: its content").await;

    let mut objects = Objects::default();
    let large = "x".repeat((10 << 20) + 1);
    let blob = objects.blob(&large);
    let inner = objects.tree(&[(Mode::File, "big.gguf", blob)]);
    let tree = objects.tree(&[(Mode::Directory, "d", inner)]);
    let new = objects.commit(tree, &[base], "large");
    check("a large plain file", objects, new, "d/big.gguf has 10485761 bytes").await;

    let mut objects = Objects::default();
    let entry = [b"40000 .GIT\0".as_slice(), Oid::EMPTY_TREE.as_bytes()].concat();
    let tree = objects.add(ObjectKind::Tree, entry);
    let new = objects.commit(tree, &[base], "evil");
    check("a reserved name", objects, new, "hasDotgit").await;

    let after = [rows(&engine, "git_object").await, rows(&engine, "git_commit").await, rows(&engine, "event").await];
    assert_eq!(after, before, "a refused push leaves no row");
}

#[tokio::test(flavor = "multi_thread")]
async fn references_that_cannot_be_are_refused_each_for_itself_or_all() {
    let engine = TestEngine::new().await;
    let repo = model(&engine, &engine.caller("alice").await, "alice/refs").await;
    let base = head(&repo, "main").await;
    let nothing = Objects::default();
    for (name, old, new, expect) in [
        ("refs/pr/1", None, Some(base), "pull requests"),
        ("refs/convert/parquet", None, Some(base), "made by the server"),
        ("refs/other/x", None, Some(base), "only branches"),
        ("refs/heads/HEAD", None, Some(base), "mistaken"),
        (MAIN, Some(base), None, "Cannot delete"),
        (MAIN, None, Some(base), "fetch first"),
        (MAIN, Some(Oid::new([3; 20])), Some(base), "fetch first"),
        ("refs/heads/main/sub", None, Some(base), "there can be none below it"),
        ("refs/tags/absent", Some(base), None, "fetch first"),
    ] {
        let reason = push(&repo, &nothing, name, old, new).await.expect_err(name);
        assert!(reason.contains(expect), "{name}: {reason}");
    }
    push(&repo, &nothing, "refs/heads/a/b", None, Some(base)).await.expect("a branch at a present commit");
    let reason = push(&repo, &nothing, "refs/heads/a", None, Some(base)).await.expect_err("a folder");
    assert!(reason.contains("cannot be one itself"), "{reason}");

    let update = |name: &str, old, new| RefUpdate { name: name.parse().expect("a name"), old, new };
    let updates = vec![update("refs/tags/good", None, Some(base)), update("refs/pr/1", None, Some(base))];
    let done = push_all(&repo, &nothing, updates.clone(), PushMode::Atomic).await.expect("answered");
    assert_eq!(done.refused.len(), 2);
    assert!(repo.resolve(&Revision::new("good")).await.is_err());
    let done = push_all(&repo, &nothing, updates, PushMode::Each).await.expect("answered");
    assert_eq!(done.refused.len(), 1);
    assert_eq!(head(&repo, "good").await, base);
    push(&repo, &nothing, "refs/tags/good", Some(base), None).await.expect("deleted");
    assert!(repo.resolve(&Revision::new("good")).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn references_of_the_server_are_shown_to_git_or_hidden_and_never_pushed() {
    let engine = TestEngine::new().await;
    let repo = model(&engine, &engine.caller("alice").await, "alice/made").await;
    let base = head(&repo, "main").await;
    let made = ["refs/pr/3", "refs/convert/parquet", "refs/internal/kept"];
    for name in made {
        let sql = "INSERT INTO git_ref (repo_id, name, oid, updated_ms) VALUES ($1, $2, $3, 0)";
        engine.db.exec(sql, args![repo.id().key(), name, base]).await.expect("inserted");
    }
    let (shown, _) = repo.git_refs("", 100).await.expect("listed");
    let names: Vec<&str> = shown.iter().map(|shown| shown.name.as_str()).collect();
    assert_eq!(names, ["refs/convert/parquet", MAIN, "refs/pr/3"]);
    let names: Vec<String> = repo.pushable_refs().await.expect("listed").into_iter().map(|(name, _)| name).collect();
    assert!(!names.iter().any(|name| name.starts_with("refs/internal/")), "{names:?}");
    for name in made {
        push(&repo, &Objects::default(), name, Some(base), None).await.expect_err(name);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_branch_can_be_rewritten_and_objects_that_lie_here_are_used_again() {
    let engine = TestEngine::new().await;
    let repo = model(&engine, &engine.caller("alice").await, "alice/rewrite").await;
    let base = head(&repo, "main").await;
    let mut objects = Objects::default();
    let (one, two) = (objects.blob("one"), objects.blob("two"));
    let inner = objects.tree(&[(Mode::File, "two", two)]);
    let tree = objects.tree(&[(Mode::Directory, "d", inner), (Mode::File, "one", one)]);
    let first = objects.commit(tree, &[base], "first");
    push(&repo, &objects, MAIN, Some(base), Some(first)).await.expect("taken");
    // Back to the beginning, so that nothing leads to these objects any more.
    push(&repo, &Objects::default(), MAIN, Some(first), Some(base)).await.expect("a branch may be rewritten");
    engine.clock.advance_millis(80_000_000);

    // The commit is unknown now, though its row is there: a client must send it again.
    let mut objects = Objects::default();
    let onto = objects.file_commit(&[first], "x", "x");
    let reason = push(&repo, &objects, MAIN, Some(base), Some(onto)).await.expect_err("nothing leads to the parent");
    assert!(reason.contains("no branch or tag leads to it"), "{reason}");

    // Trees and blobs are used again, and survive the next collection.
    let mut objects = Objects::default();
    let second = objects.commit(tree, &[base], "second");
    push(&repo, &objects, MAIN, Some(base), Some(second)).await.expect("taken");
    engine.clock.advance_millis(10_000_000);
    engine.repos.collect_garbage(86_400).await.expect("collected");
    assert_eq!(paths(&repo).await, ["d", "d/two", "one"]);
    assert_eq!(read(&repo, "d/two").await.expect("still there"), b"two");
}

#[tokio::test(flavor = "multi_thread")]
async fn tags_of_all_kinds_are_kept_with_what_they_name() {
    let engine = TestEngine::new().await;
    let repo = model(&engine, &engine.caller("alice").await, "alice/tags").await;
    let base = head(&repo, "main").await;
    let mut objects = Objects::default();
    let commit = objects.file_commit(&[base], "a", "a");
    let inner = objects.tag(commit, ObjectKind::Commit, "inner");
    let outer = objects.tag(inner, ObjectKind::Tag, "outer");
    let blob = objects.blob("a key");
    let of_blob = objects.tag(blob, ObjectKind::Blob, "key");
    let deep = objects.blob("deep");
    let tree = objects.tree(&[(Mode::File, "deep", deep)]);
    let update = |name: &str, new| RefUpdate { name: RefName::tag(name).expect("a name"), old: None, new: Some(new) };
    let updates = vec![update("outer", outer), update("key", of_blob), update("tree", tree)];
    let done = push_all(&repo, &objects, updates, PushMode::Atomic).await.expect("taken");
    assert!(done.refused.is_empty(), "{:?}", done.refused);
    assert_eq!(head(&repo, "outer").await, commit);
    let names: Vec<String> =
        repo.list_refs().await.expect("listed").tags.into_iter().map(|tag| tag.name.short().to_owned()).collect();
    assert_eq!(names, ["outer"], "tags of files and folders are git's own business");
    engine.clock.advance_millis(100_000_000);
    let report = engine.repos.collect_garbage(3600).await.expect("collected");
    assert_eq!(report.objects, 0);
    // The same tag object under another name needs nothing sent.
    push(&repo, &Objects::default(), "refs/tags/again", None, Some(outer)).await.expect("taken");

    let mut objects = Objects::default();
    let lie = objects.tag(base, ObjectKind::Blob, "lie");
    let reason = push(&repo, &objects, "refs/tags/lie", None, Some(lie)).await.expect_err("a commit is no blob");
    assert!(reason.contains("is used as a blob"), "{reason}");
}

#[tokio::test(flavor = "multi_thread")]
async fn pointers_need_their_content_here() {
    let engine = TestEngine::new().await;
    let repo = model(&engine, &engine.caller("alice").await, "alice/large").await;
    let base = head(&repo, "main").await;
    let content = b"the content of a large file";
    upload(&engine, &repo, content).await.expect("uploaded");
    let mut objects = Objects::default();
    let pointer = Pointer { oid: sha256(content), size: content.len() as u64 };
    let new = objects.file_commit(&[base], "model.bin", &pointer.write());
    push(&repo, &objects, MAIN, Some(base), Some(new)).await.expect("taken");
    assert_eq!(read(&repo, "model.bin").await.expect("readable"), content);

    let mut objects = Objects::default();
    let wrong = Pointer { size: 5, ..pointer };
    let lie = objects.file_commit(&[new], "model.bin", &wrong.write());
    let reason = push(&repo, &objects, MAIN, Some(new), Some(lie)).await.expect_err("a wrong size");
    assert!(reason.contains("says 5 bytes"), "{reason}");
}

#[tokio::test(flavor = "multi_thread")]
async fn odd_trees_come_back_as_they_were() {
    let engine = TestEngine::new().await;
    let repo = model(&engine, &engine.caller("alice").await, "alice/odd").await;
    let base = head(&repo, "main").await;
    let mut objects = Objects::default();
    let blob = objects.blob("x");
    let latin = [b"100644 caf\xe9\0".as_slice(), blob.as_bytes()].concat();
    let inner = objects.add(ObjectKind::Tree, latin);
    // The empty tree is not sent: git knows it without being told.
    let tree = objects.tree(&[
        (Mode::Directory, "empty", Oid::EMPTY_TREE),
        (Mode::Directory, "latin", inner),
        (Mode::Symlink, "link", blob),
        (Mode::Submodule, "module", Oid::new([5; 20])),
    ]);
    let large = objects.blob(&"a line that repeats\n".repeat(20_000));
    let with_large = objects.tree(&[(Mode::File, "large.txt", large)]);
    let first = objects.commit(tree, &[base], "odd");
    let second = objects.commit(with_large, &[first], "large");
    push(&repo, &objects, MAIN, Some(base), Some(second)).await.expect("taken");
    assert_eq!(read(&repo, "large.txt").await.expect("readable").len(), 400_000);
    let page = repo.list_tree(CommitId::new(first), None, true, None, 100).await.expect("listed");
    let listed: Vec<&str> = page.entries.iter().map(|entry| entry.path.as_str()).collect();
    assert_eq!(listed, ["empty", "latin", "latin/caf\u{fffd}", "link", "module"]);
    let report = engine.repos.check(true).await.expect("checked");
    assert!(report.damages.is_empty(), "{:?}", report.damages);
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_hold_for_pushes_and_commits_alike() {
    let engine = TestEngine::new().await;
    let alice = engine.caller("alice").await;
    let repo = model(&engine, &alice, "acme/ruled").await;
    engine
        .accounts
        .put_member(
            hub_account::By::Operator,
            &"acme".parse().expect("a name"),
            &"bob".parse().expect("a name"),
            hub_core::OrgRole::Write,
        )
        .await
        .expect("bob may write now");
    let bob = engine.caller("bob").await;
    let bobs = engine.repos.open(&bob, &addr("acme/ruled"), Access::Write).await.expect("a writer");
    let rule = |pattern: &str, pushers, allows_force, allows_delete| BranchRule {
        pattern: pattern.parse().expect("a pattern"),
        pushers,
        allows_force,
        allows_delete,
    };
    let rules = [
        rule("main", Pushers::Admins, false, false),
        rule("release/*", Pushers::Writers, false, false),
        rule("no", Pushers::Nobody, true, true),
    ];
    repo.set_branch_rules(&rules).await.expect("set");
    assert_eq!(repo.branch_rules().await.expect("read").len(), 3);
    assert!(matches!(
        repo.set_branch_rules(&[rules[0].clone(), rules[0].clone()]).await,
        Err(RepoError::Unprocessable(_))
    ));

    let base = head(&repo, "main").await;
    let mut objects = Objects::default();
    let next = objects.file_commit(&[base], "a", "a");
    let reason = push(&bobs, &objects, MAIN, Some(base), Some(next)).await.expect_err("only administrators");
    assert!(reason.contains("only administrators"), "{reason}");
    assert!(matches!(commit(&bobs, "x", vec![put("x", "x")]).await, Err(RepoError::Forbidden(_))));
    push(&repo, &objects, MAIN, Some(base), Some(next)).await.expect("alice administers");
    let reason = push(&repo, &Objects::default(), MAIN, Some(next), Some(base)).await.expect_err("no force");
    assert!(reason.contains("forbids to rewrite"), "{reason}");

    push(&bobs, &Objects::default(), "refs/heads/release/1", None, Some(base)).await.expect("writers make releases");
    push(&bobs, &Objects::default(), "refs/heads/release/1", Some(base), Some(next)).await.expect("and go on");
    let reason = push(&bobs, &Objects::default(), "refs/heads/release/1", Some(next), None).await.expect_err("kept");
    assert!(reason.contains("forbids to delete"), "{reason}");
    assert!(matches!(bobs.delete_branch("release/1").await, Err(RepoError::Forbidden(_))));
    let back = Revision::new(base.to_string());
    let overwritten = bobs.create_branch("release/1", Some(&back), false, true).await;
    assert!(matches!(overwritten, Err(RepoError::Forbidden(_))));
    assert!(matches!(repo.super_squash(&Revision::main(), "squash").await, Err(RepoError::Forbidden(_))));
    let reason = push(&repo, &Objects::default(), "refs/heads/no", None, Some(base)).await.expect_err("nobody");
    assert!(reason.contains("nobody"), "{reason}");
    assert!(matches!(bobs.set_branch_rules(&[]).await, Err(RepoError::Inconsistent(_))), "the handle is for writing");
    repo.set_branch_rules(&[]).await.expect("lifted");
    push(&bobs, &Objects::default(), MAIN, Some(next), Some(base)).await.expect("all is free again");
}

#[tokio::test(flavor = "multi_thread")]
async fn pushes_and_commits_on_one_branch_lose_nothing() {
    let engine = TestEngine::new().await;
    let repo = model(&engine, &engine.caller("alice").await, "alice/race").await;
    const ROUNDS: usize = 8;
    let writers = (0..8).map(|writer| {
        let repo = repo.clone();
        tokio::spawn(async move {
            for round in 0..ROUNDS {
                let title = format!("{writer}-{round}");
                if writer % 2 == 0 {
                    commit(&repo, &title, vec![put(&format!("api/{title}"), "x")]).await.expect("committed");
                    continue;
                }
                loop {
                    let base = head(&repo, "main").await;
                    let mut objects = Objects::default();
                    let row = repo.commit_object(CommitId::new(base)).await.expect("the head");
                    let new = objects.commit(row.tree, &[base], &title);
                    match push(&repo, &objects, MAIN, Some(base), Some(new)).await {
                        Ok(()) => break,
                        Err(reason) => assert_eq!(reason, "fetch first"),
                    }
                }
            }
        })
    });
    for writer in futures::future::join_all(writers).await {
        writer.expect("no panic");
    }
    let at = repo.resolve(&Revision::main()).await.expect("main exists");
    let history = repo.list_commits(at, 0, 1000).await.expect("a history");
    let mut titles: Vec<&str> = history.commits.iter().map(|commit| commit.title.as_str()).collect();
    assert!(history.commits.iter().rev().skip(1).all(|commit| commit.parents.len() == 1), "the history is one line");
    titles.sort_unstable();
    titles.dedup();
    assert_eq!((titles.len(), history.total as usize), (8 * ROUNDS + 1, 8 * ROUNDS + 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_counts_against_the_share_of_its_owner() {
    let limits = hub_core::Limits { namespace_bytes: 3000, ..hub_core::Limits::default() };
    let engine = TestEngine::with_limits(limits).await;
    let repo = model(&engine, &engine.caller("alice").await, "alice/share").await;
    let base = head(&repo, "main").await;
    let mut objects = Objects::default();
    let small = objects.file_commit(&[base], "a", "a");
    push(&repo, &objects, MAIN, Some(base), Some(small)).await.expect("there is room");
    let mut objects = Objects::default();
    let large = objects.file_commit(&[small], "b", &"b".repeat(3000));
    let reason = push(&repo, &objects, MAIN, Some(small), Some(large)).await.expect_err("there is none");
    assert!(reason.contains("of 3000 bytes"), "{reason}");
}
