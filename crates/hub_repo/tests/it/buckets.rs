//! Buckets: files that come, change and go; who may bring what; totals and space under many writers; what is told of it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use futures::StreamExt;
use hub_account::Caller;
use hub_cas::RegisteredFile;
use hub_core::{Access, RepoAddr, RepoKind, Visibility, XetHash};
use hub_repo::{
    BatchOutcome, Bucket, BucketChanges, BucketEntry, BucketListing, BucketOperation, BucketOrder, FileEvent,
    FollowFrom, NewFacts, NewRepo, RepoError, XetScope,
};
use hub_test::TestEngine;

use crate::support::{model, new_model, put, put_large, upload};

fn address(id: &str) -> RepoAddr {
    RepoAddr::parse(RepoKind::Bucket, id).expect("a valid address")
}

async fn bucket(engine: &TestEngine, caller: &Caller, id: &str) -> Bucket {
    let (namespace, name) = id.split_once('/').expect("namespace/name");
    let new = NewRepo { kind: RepoKind::Bucket, ..new_model(namespace, name) };
    engine.repos.create(caller, new).await.expect("the bucket is created");
    engine.repos.open_bucket(caller, &address(id), Access::Admin).await.expect("its owner opens it")
}

/// Brings content to a bucket as a client does that has spoken to the chunk store.
async fn bring(engine: &TestEngine, bucket: &Bucket, content: &[u8]) -> RegisteredFile {
    let token = bucket.repo().xet_token(XetScope::Write).await.unwrap();
    let grant = engine.repos.xet_grant(&token.text, XetScope::Write).await.unwrap();
    let body = futures::stream::iter([Ok(bytes::Bytes::copy_from_slice(content))]).boxed();
    let file = engine.cas.ingest(grant.holder(), body).await.unwrap();
    engine.repos.adopt_xet_files(&grant, &[file]).await.unwrap();
    file
}

fn add(path: &str, file: XetHash) -> BucketOperation {
    BucketOperation::Add { path: path.parse().unwrap(), file, facts: NewFacts::default() }
}

fn copy(path: &str, file: XetHash, from: RepoAddr) -> BucketOperation {
    BucketOperation::Copy { path: path.parse().unwrap(), file, from, facts: NewFacts::default() }
}

fn delete(path: &str) -> BucketOperation {
    BucketOperation::Delete { path: path.parse().unwrap() }
}

fn whole(prefix: &str) -> BucketListing<'_> {
    BucketListing { prefix, recursive: true, order: BucketOrder::Path, ascending: true, after: None, limit: 1000 }
}

async fn listed(bucket: &Bucket, listing: BucketListing<'_>) -> Vec<String> {
    let name = |entry: BucketEntry| match entry {
        BucketEntry::File(file) => file.path,
        BucketEntry::Folder { path, .. } => format!("{path}/"),
    };
    bucket.list(&listing).await.unwrap().entries.into_iter().map(name).collect()
}

fn all_good(outcomes: &[BatchOutcome]) -> bool {
    outcomes.iter().all(Result::is_ok)
}

#[tokio::test]
async fn files_are_listed_as_they_lie_and_folders_end_with_their_last_file() {
    let engine = TestEngine::new().await;
    let alice = engine.caller("alice").await;
    let bucket = bucket(&engine, &alice, "alice/b").await;
    let one = bring(&engine, &bucket, b"one").await.file;
    let paths = ["a-b/x", "a.txt", "a/deep/er/y", "a/x", "a0", "ü/z"];
    let operations: Vec<_> = paths.iter().map(|path| add(path, one)).collect();
    assert!(all_good(&bucket.apply(&operations).await.unwrap()));
    assert_eq!(listed(&bucket, whole("")).await, paths);
    assert_eq!(listed(&bucket, whole("a/")).await, ["a/deep/er/y", "a/x"]);
    let flat = |prefix| BucketListing { recursive: false, ..whole(prefix) };
    assert_eq!(listed(&bucket, flat("")).await, ["a/", "a-b/", "a.txt", "a0", "ü/"]);
    assert_eq!(listed(&bucket, flat("a")).await, ["a-b/", "a.txt", "a/deep/", "a/x", "a0"]);
    assert_eq!(listed(&bucket, flat("a/deep")).await, ["a/deep/er/"]);
    assert!(listed(&bucket, flat("b")).await.is_empty());
    let down = BucketListing { ascending: false, limit: 2, ..flat("a") };
    let page = bucket.list(&down).await.unwrap();
    assert_eq!(page.entries.len(), 2);
    assert_eq!(
        listed(&bucket, BucketListing { after: page.next, limit: 9, ..down }).await,
        ["a/deep/", "a.txt", "a-b/"]
    );

    let totals = bucket.totals().await.unwrap();
    assert_eq!((totals.files, totals.size_bytes), (6, 18));
    assert!(all_good(
        &bucket.apply(&[delete("a/deep/er/y"), delete("ü/z"), delete("ü/z"), delete("none")]).await.unwrap()
    ));
    assert_eq!(listed(&bucket, flat("")).await, ["a/", "a-b/", "a.txt", "a0"]);
    assert_eq!(listed(&bucket, flat("a/")).await, ["a/x"]);
    assert!(engine.repos.check(true).await.unwrap().damages.is_empty());
}

#[tokio::test]
async fn nothing_is_added_that_was_not_brought_here_and_copies_need_the_right_to_read() {
    let engine = TestEngine::new().await;
    let (alice, bob) = (engine.caller("alice").await, engine.caller("bob").await);
    let secret = bucket(&engine, &alice, "alice/secret").await;
    let hidden = hub_repo::SettingsChange { visibility: Some(Visibility::Private), ..Default::default() };
    engine.repos.change_settings(secret.repo(), &hidden).await.unwrap();
    let file = bring(&engine, &secret, b"what only alice has").await.file;
    assert!(all_good(&secret.apply(&[add("s", file)]).await.unwrap()));

    let own = bucket(&engine, &bob, "bob/b").await;
    let outcomes = own
        .apply(&[
            add("x", file),
            copy("y", file, address("alice/secret")),
            copy("z", file, address("alice/nothing")),
            delete("w"),
        ])
        .await
        .unwrap();
    let words: Vec<String> = outcomes.into_iter().map(|outcome| outcome.err().unwrap_or_default()).collect();
    assert!(words[0].contains("has not been uploaded"), "{words:?}");
    assert_eq!(words[1].replace("secret", "X"), words[2].replace("nothing", "X"), "nobody learns that it exists");
    assert_eq!(words[3], "");
    assert!(listed(&own, whole("")).await.is_empty());
    assert!(matches!(
        engine.repos.open_bucket(&bob, &address("alice/secret"), Access::Read).await,
        Err(RepoError::RepoNotFound)
    ));
    // Whoever may only read the bucket cannot use the handle to write.
    let reader = engine.repos.open_bucket(&alice, &address("alice/secret"), Access::Read).await.unwrap();
    assert!(matches!(reader.apply(&[delete("s")]).await, Err(RepoError::Inconsistent(_))));

    let operations = [copy("t", file, address("alice/secret")), copy("u", XetHash::ZERO, address("bob/b"))];
    let copied = secret.apply(&operations).await.unwrap();
    assert!(copied[0].is_ok() && copied[1].is_err());
}

#[tokio::test]
async fn a_copy_shares_bytes_and_space_comes_back_with_the_last_name() {
    let engine = TestEngine::new().await;
    let alice = engine.caller("alice").await;
    let repo = model(&engine, &alice, "alice/m").await;
    let content = vec![7; 300_000];
    upload(&engine, &repo, &content).await.unwrap();
    crate::support::commit(&repo, "add", vec![put_large("w.bin", &content), put("README.md", "# m")]).await.unwrap();
    let stop = tokio_util::sync::CancellationToken::new();
    let policy = hub_repo::ChunkPolicy { from_bytes: 1, keep_whole_secs: 0 };
    engine.repos.chunk_large_files(policy, &stop).await.unwrap();
    let held = repo.held_target(crate::support::sha256(&content)).await.unwrap().unwrap();
    let file = held.xet.unwrap();

    let first = bucket(&engine, &alice, "alice/first").await;
    let second = bucket(&engine, &alice, "alice/second").await;
    let model_addr = crate::support::addr("alice/m");
    assert!(all_good(
        &first.apply(&[copy("a", file, model_addr.clone()), copy("b/c", file, model_addr)]).await.unwrap()
    ));
    assert!(all_good(&second.apply(&[copy("d", file, address("alice/first"))]).await.unwrap()));
    let used = async |bucket: &Bucket| {
        engine.repos.open(&alice, bucket.repo().addr(), Access::Read).await.unwrap().state().used_bytes
    };
    assert_eq!((used(&first).await, used(&second).await), (300_000, 300_000));
    assert!(all_good(&first.apply(&[delete("a")]).await.unwrap()));
    assert_eq!(used(&first).await, 300_000, "another file has the same content");
    assert!(all_good(&first.apply(&[delete("b/c")]).await.unwrap()));
    assert_eq!(used(&first).await, 0);

    // With the model and the first bucket gone, the second alone keeps the content.
    engine.repos.delete(&repo).await.unwrap();
    engine.repos.delete(first.repo()).await.unwrap();
    let collect = async || {
        engine.clock.advance_millis(40 * 86_400_000);
        let report = engine.repos.collect_garbage(60).await.unwrap();
        engine.cas.collect(&engine.repos).await.unwrap();
        report
    };
    assert_eq!(collect().await.contents, 0);
    assert!(engine.repos.check(true).await.unwrap().damages.is_empty());
    let second = engine.repos.open_bucket(&alice, &address("alice/second"), Access::Admin).await.unwrap();
    let found = second.file(&"d".parse().unwrap()).await.unwrap();
    let mut stream = second.repo().read_source(&found.source(), 0..found.size).await.unwrap();
    let mut bytes = Vec::new();
    while let Some(chunk) = stream.next().await {
        bytes.extend_from_slice(&chunk.unwrap());
    }
    assert_eq!(bytes, content);
    assert!(all_good(&second.apply(&[delete("d")]).await.unwrap()));
    assert_eq!(collect().await.contents, 1);
    for _ in 0..3 {
        collect().await;
    }
    assert_eq!(engine.cas.figures().await.unwrap().xorbs, 0, "the space has come back");
}

#[tokio::test]
async fn a_file_that_was_brought_again_outlives_the_deletion_of_the_old_one() {
    let engine = TestEngine::new().await;
    let alice = engine.caller("alice").await;
    let bucket = bucket(&engine, &alice, "alice/b").await;
    let file = bring(&engine, &bucket, b"content").await.file;
    assert!(all_good(&bucket.apply(&[add("old", file)]).await.unwrap()));
    engine.clock.advance_millis(1000);
    // Somebody sends the same content and is about to add it, when the only file that has it goes.
    assert_eq!(bring(&engine, &bucket, b"content").await.file, file);
    assert!(all_good(&bucket.apply(&[delete("old")]).await.unwrap()));
    assert!(all_good(&bucket.apply(&[add("new", file)]).await.unwrap()));
    assert!(engine.repos.check(true).await.unwrap().damages.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_writers_leave_exact_totals_and_numbered_changes() {
    let engine = TestEngine::new().await;
    let alice = engine.caller("alice").await;
    let bucket = bucket(&engine, &alice, "alice/b").await;
    let mut files = Vec::new();
    for size in 1..=5 {
        let file = bring(&engine, &bucket, &vec![b'x'; size]).await.file;
        // Content that no file names any more is freed: each keeps one that nobody touches.
        assert!(all_good(&bucket.apply(&[add(&format!("kept/{size}"), file)]).await.unwrap()));
        files.push(file);
    }
    let mut writers = tokio::task::JoinSet::new();
    for writer in 0..6_usize {
        let (bucket, files) = (bucket.clone(), files.clone());
        writers.spawn(async move {
            for round in 0..8_usize {
                let file = files[(writer + round) % files.len()];
                let mut operations = vec![add("shared/hot", file), add(&format!("w{writer}/{round}"), file)];
                operations.extend((round > 0).then(|| delete(&format!("w{writer}/{}", round - 1))));
                assert!(all_good(&bucket.apply(&operations).await.unwrap()));
            }
        });
    }
    while let Some(done) = writers.join_next().await {
        done.unwrap();
    }
    let BucketChanges::Known { changes, last } = bucket.changes(0, 10_000).await.unwrap() else {
        panic!("all is known")
    };
    assert_eq!(changes.iter().map(|change| change.number).collect::<Vec<_>>(), (1..=last).collect::<Vec<_>>());
    assert_eq!(last, 5 + 6 * 8 * 3 - 6);
    assert_eq!(bucket.totals().await.unwrap().files, 5 + 7);
    assert_eq!(engine.repos.check(true).await.unwrap().damages, []);
}

#[tokio::test]
async fn changes_are_told_until_they_are_forgotten() {
    let engine = TestEngine::new().await;
    let alice = engine.caller("alice").await;
    let bucket = bucket(&engine, &alice, "alice/b").await;
    let begin = bucket.repo().state().created;
    let file = bring(&engine, &bucket, b"content").await.file;
    assert_eq!(bucket.follow(FollowFrom::Now).await.unwrap(), Some(0));
    bucket.apply(&[add("a", file), add("b", file)]).await.unwrap();
    bucket.apply(&[add("a", file), delete("b")]).await.unwrap();
    assert_eq!(bucket.follow(FollowFrom::Moment(begin)).await.unwrap(), Some(0));
    let BucketChanges::Known { changes, last } = bucket.changes(0, 3).await.unwrap() else { panic!("all is known") };
    let told: Vec<_> = changes.iter().map(|change| (change.path.as_str(), change.what)).collect();
    assert_eq!(told, [("a", FileEvent::Added), ("b", FileEvent::Added), ("a", FileEvent::Updated)]);
    let BucketChanges::Known { changes, last } = bucket.changes(last, 3).await.unwrap() else { panic!("all is known") };
    assert_eq!((changes[0].what, changes[0].size, last), (FileEvent::Deleted, None, 4));

    let now = engine.repos.open(&alice, bucket.repo().addr(), Access::Read).await.unwrap().state().modified;
    engine.clock.advance_millis(1000);
    assert_eq!(engine.repos.forget_bucket_changes(now.plus_millis(1)).await.unwrap(), 4);
    assert_eq!(bucket.changes(0, 3).await.unwrap(), BucketChanges::Forgotten);
    for (from, expect) in [
        (FollowFrom::Number(0), None),
        (FollowFrom::Number(4), Some(4)),
        (FollowFrom::Number(5), None),
        (FollowFrom::Moment(begin), None),
        (FollowFrom::Moment(now), Some(4)),
    ] {
        assert_eq!(bucket.follow(from).await.unwrap(), expect, "{from:?}");
    }
    bucket.apply(&[delete("a")]).await.unwrap();
    assert_eq!(bucket.follow(FollowFrom::Moment(now)).await.unwrap(), Some(4));
}
