//! What a pushed history is kept as, and what a fetch is given of it.

use std::collections::HashSet;

use hub_core::{CommitId, Oid, Revision};
use hub_db::args;
use hub_formats::git::pack::{DeltaBase, PackEncoder};
use hub_formats::git::{Commit, Mode, ObjectKind, Signature, Tree, TreeEntry, compress, decompress, delta, object_id};
use hub_repo::{Deepen, ObjectFilter, PackedBody, PushMode, RefUpdate, Repo};
use hub_test::TestEngine;

use crate::support::{commit, model, put, read};

/// The object that a delta stands on, and the delta.
type Fold = (Oid, Vec<u8>);

/// A pack that a client makes, entry by entry.
#[derive(Default)]
struct Draft(Vec<(ObjectKind, Vec<u8>, Option<Fold>)>);

impl Draft {
    fn add(&mut self, kind: ObjectKind, content: Vec<u8>) -> Oid {
        let oid = object_id(kind, &content);
        self.0.push((kind, content, None));
        oid
    }

    /// Sends the last object as a delta on another.
    fn fold(&mut self, base: Oid, base_content: &[u8]) {
        let (_, content, fold) = self.0.last_mut().expect("an object");
        *fold = Some((base, delta::encode(base_content, content, content.len()).expect("much in common")));
    }

    fn blob(&mut self, content: &str) -> Oid {
        self.add(ObjectKind::Blob, content.as_bytes().to_vec())
    }

    fn tree(&mut self, entries: &[(Mode, &str, Oid)]) -> Oid {
        let entry = |(mode, name, oid): &(Mode, &str, Oid)| TreeEntry {
            mode: *mode,
            name: name.as_bytes().to_vec(),
            oid: *oid,
        };
        let tree = Tree::from_entries(entries.iter().map(entry).collect()).expect("a tree without doubles");
        self.add(ObjectKind::Tree, tree.write())
    }

    fn commit(&mut self, tree: Oid, parents: &[Oid]) -> Oid {
        let author = Signature::new("Ada", "ada@example.org", 1_700_000_000, 60);
        let commit = Commit {
            tree,
            parents: parents.to_vec(),
            author: author.clone(),
            committer: author,
            extra: Vec::new(),
            message: b"on".to_vec(),
        };
        self.add(ObjectKind::Commit, commit.write())
    }

    fn ids(&self) -> HashSet<Oid> {
        self.0.iter().map(|(kind, content, _)| object_id(*kind, content)).collect()
    }

    async fn push(&self, repo: &Repo, old: Oid, new: Oid) {
        let mut encoder = PackEncoder::new(self.0.len() as u32);
        for (kind, content, fold) in &self.0 {
            match fold {
                None => {
                    encoder.begin_entry(*kind, content.len() as u64);
                    encoder.push(&compress(content));
                }
                Some((base, delta)) => {
                    encoder.begin_delta(DeltaBase::Object(*base), delta.len() as u64);
                    encoder.push(&compress(delta));
                }
            }
        }
        let pack = encoder.finish();
        let mut push = repo.begin_push(&std::env::temp_dir()).expect("begun");
        tokio::task::block_in_place(|| push.read_pack(pack.as_slice())).expect("a sound pack");
        let update = RefUpdate { name: "refs/heads/main".parse().expect("a name"), old: Some(old), new: Some(new) };
        let done = push.finish(vec![update], PushMode::Each).await.expect("taken");
        assert_eq!(done.refused, []);
    }
}

async fn head(repo: &Repo) -> Oid {
    repo.resolve(&Revision::main()).await.expect("main exists").oid()
}

/// The objects that a client is given.
async fn fetched(repo: &Repo, want: Oid, have: &[Oid], depth: Option<u32>) -> Vec<Oid> {
    let mut fetch = repo.begin_fetch().expect("begun");
    fetch.want(&[want]).await.expect("it is here");
    fetch.have(have).await.expect("looked up");
    if let Some(depth) = depth {
        fetch.deepen(&Deepen::Depth(depth)).await.expect("drawn");
    }
    let mut walk = fetch.enumerate(ObjectFilter::default(), false).await.expect("begun");
    loop {
        if let Some(found) = walk.step().await.expect("walked") {
            return found.to_vec();
        }
    }
}

async fn number(engine: &TestEngine, sql: &str) -> i64 {
    let (number,): (i64,) = engine.db.query_one(sql, args![]).await.expect("counted");
    number
}

const FOLDED: &str = "SELECT COUNT(*) FROM git_object WHERE base IS NOT NULL";
const DEEPEST: &str = "SELECT COALESCE(MAX(depth), 0) FROM git_object";

#[tokio::test(flavor = "multi_thread")]
async fn deltas_are_kept_within_bounds_sent_on_and_outlive_their_bases() {
    const COMMITS: usize = 130;
    let engine = TestEngine::new().await;
    let repo = model(&engine, &engine.caller("alice").await, "alice/folded").await;
    let first = head(&repo).await;
    let begun = fetched(&repo, first, &[], None).await;
    let mut draft = Draft::default();
    let names: Vec<String> = (0..40).map(|number| format!("file-{number:02}.txt")).collect();
    let mut blobs: Vec<Oid> = names.iter().map(|name| draft.blob(name)).collect();
    let (mut trees, mut tip): (Vec<(Oid, Vec<u8>)>, Oid) = (Vec::new(), first);
    for number in 0..COMMITS {
        blobs[number % 40] = draft.blob(&format!("state {number}"));
        let entries: Vec<(Mode, &str, Oid)> =
            names.iter().zip(&blobs).map(|(name, oid)| (Mode::File, name.as_str(), *oid)).collect();
        let tree = draft.tree(&entries);
        let content = draft.0.last().expect("the tree").1.clone();
        if let Some((base, base_content)) = trees.last() {
            draft.fold(*base, base_content);
        }
        trees.push((tree, content));
        tip = draft.commit(tree, &[tip]);
    }
    draft.push(&repo, first, tip).await;
    let folded = number(&engine, FOLDED).await;
    assert!(folded > 120, "{folded} of {COMMITS} trees");
    assert_eq!(number(&engine, DEEPEST).await, 50);
    assert_eq!(read(&repo, "file-09.txt").await.expect("readable"), b"state 129");

    // All of it comes out, as it is kept to those who get the bases too, and whole to others.
    let given = fetched(&repo, tip, &[], None).await;
    let all: HashSet<Oid> = given.iter().copied().collect();
    let mut expected = draft.ids();
    expected.extend(begun);
    assert!(expected.remove(&object_id(ObjectKind::Blob, b"file-00.txt")), "no commit has it");
    assert_eq!(all.len(), given.len(), "nothing comes twice");
    assert_eq!(all, expected);
    let packed = repo.packed_objects(&given, |base| all.contains(&base)).await.expect("packed");
    let deltas = packed.iter().filter(|object| matches!(object.body, PackedBody::Delta { .. })).count();
    assert_eq!(deltas as i64, folded);
    for object in repo.packed_objects(&given, |_| false).await.expect("packed") {
        let PackedBody::Stream(stream) = &object.body else { panic!("{object:?} does not come whole") };
        assert_eq!(object_id(object.kind, &decompress(stream, object.size).expect("sound")), object.oid);
    }

    // A commit by API goes on with deltas, as long as that does not make them deep.
    let before = number(&engine, FOLDED).await;
    for number in 0..30 {
        commit(&repo, "on", vec![put("file-00.txt", &format!("by API {number}"))]).await.expect("committed");
    }
    let grown = number(&engine, FOLDED).await - before;
    assert!((20..30).contains(&grown), "{grown} of 30 trees");
    assert_eq!(read(&repo, "file-00.txt").await.expect("readable"), b"by API 29");
    assert!(engine.repos.check(true).await.expect("checked").damages.is_empty());

    // What stands on objects that nothing leads to any more is made whole, and these go.
    let mut orphan = Draft::default();
    let again = orphan.commit(trees[60].0, &[]);
    orphan.push(&repo, head(&repo).await, again).await;
    engine.clock.advance_millis(100_000_000);
    let report = engine.repos.collect_garbage(3600).await.expect("collected");
    assert_eq!(report.made_whole, 1);
    assert_eq!(number(&engine, FOLDED).await, 0);
    assert_eq!(number(&engine, "SELECT COUNT(*) FROM git_object").await, 42, "a commit, its tree and 40 files");
    assert_eq!(read(&repo, "file-20.txt").await.expect("readable"), b"state 60");
    assert!(engine.repos.check(true).await.expect("checked").damages.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fetch_is_complete_when_folders_change_places() {
    let engine = TestEngine::new().await;
    let repo = model(&engine, &engine.caller("alice").await, "alice/swapped").await;
    let first = head(&repo).await;
    let mut draft = Draft::default();
    let old = draft.blob("old");
    let inner = draft.tree(&[(Mode::File, "x", old)]);
    let root = draft.tree(&[(Mode::Directory, "p", inner), (Mode::Directory, "q", inner)]);
    let had = draft.commit(root, &[first]);
    draft.push(&repo, first, had).await;
    let mut draft = Draft::default();
    let (x, a, b) = (draft.blob("in both"), draft.blob("a"), draft.blob("b"));
    let one = draft.tree(&[(Mode::File, "a", a), (Mode::File, "x", x)]);
    let two = draft.tree(&[(Mode::File, "b", b), (Mode::File, "x", x)]);
    let root = draft.tree(&[(Mode::Directory, "p", one), (Mode::Directory, "q", two)]);
    let middle = draft.commit(root, &[had]);
    let root = draft.tree(&[(Mode::Directory, "p", two), (Mode::Directory, "q", one)]);
    let tip = draft.commit(root, &[middle]);
    draft.push(&repo, had, tip).await;
    for is_noted in [true, false] {
        if !is_noted {
            // As of a commit from before it was noted what commits introduce.
            engine.db.exec("UPDATE git_commit SET introduced = NULL", args![]).await.expect("forgotten");
        }
        for (have, depth) in [(vec![had], None), (vec![], Some(2))] {
            let given: HashSet<Oid> = fetched(&repo, tip, &have, depth).await.into_iter().collect();
            assert_eq!(given, draft.ids(), "noted: {is_noted}, depth: {depth:?}");
        }
    }
    let page = repo.list_tree(CommitId::new(tip), None, true, None, 100).await.expect("listed");
    assert_eq!(page.entries.len(), 6);
}
