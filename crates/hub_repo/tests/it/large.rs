//! Large files: verified on arrival, held by repositories, never leaked.

use bytes::Bytes;
use futures::TryStreamExt;
use hub_core::{Access, Limits, Sha256};
use hub_repo::{ChunkPolicy, ChunkReport, PartPlan, RepoError, UploadPlan};
use hub_test::TestEngine;
use tokio_util::sync::CancellationToken;

use crate::support::{addr, commit, model, path, put, put_large, read, sha256, upload};

#[tokio::test(flavor = "multi_thread")]
async fn what_was_sent_comes_back() {
    let engine = TestEngine::new().await;
    let repo = model(&engine, &engine.caller("alice").await, "alice/large").await;
    let content: Vec<u8> = (0..2_000_000_u32).map(|n| (n % 251) as u8).collect();
    upload(&engine, &repo, &content).await.expect("uploaded");
    commit(&repo, "weights", vec![put_large("w.bin", &content)]).await.expect("committed");
    assert_eq!(read(&repo, "w.bin").await.expect("readable"), content);
    assert!(engine.repos.check(true).await.expect("checked").damages.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_and_short_bodies_leave_nothing_behind() {
    let engine = TestEngine::new().await;
    let repo = model(&engine, &engine.caller("alice").await, "alice/wrong").await;
    for sent in
        ["short", "exactly long enough, but other bytes....", "a body that is far longer than what was announced"]
    {
        let plan = repo.plan_upload(sha256(b"right"), 40, false).await.expect("a plan");
        let UploadPlan::Whole(ticket) = plan else { panic!("one body") };
        let body = futures::stream::iter([Ok(Bytes::from_static(sent.as_bytes()))]);
        assert!(matches!(engine.repos.receive_whole(&ticket, body).await, Err(RepoError::Corrupt(_))), "{sent}");
    }
    assert!(engine.blobs.list(None, 10).await.expect("listed").is_empty());
    assert!(matches!(repo.verify_upload(sha256(b"right"), 40).await, Err(RepoError::NotFound(_))));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_names_only_what_arrived() {
    let engine = TestEngine::new().await;
    let repo = model(&engine, &engine.caller("alice").await, "alice/missing").await;
    let refused = commit(&repo, "none", vec![put_large("w.bin", b"never sent")]).await;
    assert!(matches!(refused, Err(RepoError::LargeMissing { .. })));
    upload(&engine, &repo, b"sent").await.expect("uploaded");
    let mut wrong = put_large("w.bin", b"sent");
    if let hub_repo::Operation::PutLarge { size, .. } = &mut wrong {
        *size = Some(999);
    }
    assert!(matches!(commit(&repo, "size", vec![wrong]).await, Err(RepoError::BadRequest(_))));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hash_is_no_right_to_read() {
    let engine = TestEngine::new().await;
    let (alice, carol) = (engine.caller("alice").await, engine.caller("carol").await);
    let secret = model(&engine, &alice, "alice/secret").await;
    let hide = hub_repo::SettingsChange {
        visibility: Some(hub_core::Visibility::Private),
        ..hub_repo::SettingsChange::default()
    };
    engine.repos.change_settings(&secret, &hide).await.expect("hidden");
    let hash = upload(&engine, &secret, b"private weights").await.expect("uploaded");
    commit(&secret, "weights", vec![put_large("w.bin", b"private weights")]).await.expect("committed");

    let thief = model(&engine, &carol, "carol/thief").await;
    let pointer = format!("version https://git-lfs.github.com/spec/v1\noid sha256:{hash}\nsize 15\n");
    let refused = commit(&thief, "steal", vec![put("w.bin", &pointer)]).await;
    assert!(matches!(refused, Err(RepoError::LargeMissing { .. })), "a pointer as an ordinary file");
    let refused = commit(&thief, "steal", vec![put_large("w.bin", b"private weights")]).await;
    assert!(matches!(refused, Err(RepoError::LargeMissing { .. })), "a pointer as a large file");
    let plan = thief.plan_upload(hash, 15, false).await.expect("a plan");
    assert!(matches!(plan, UploadPlan::Whole(_)), "asking does not tell that the content exists");

    let own = model(&engine, &alice, "alice/other").await;
    let plan = own.plan_upload(hash, 15, false).await.expect("a plan");
    assert!(matches!(plan, UploadPlan::Present), "its owner need not send it twice");
}

#[tokio::test(flavor = "multi_thread")]
async fn parts_arrive_in_any_order_and_are_verified_as_a_whole() {
    let limits = Limits { parts_from_bytes: 1000, part_bytes: 400, ..Limits::default() };
    let engine = TestEngine::with_limits(limits).await;
    let repo = model(&engine, &engine.caller("alice").await, "alice/parts").await;
    let content: Vec<u8> = (0..1900_u32).map(|n| (n % 241) as u8).collect();
    let send = async |hash: Sha256, skip: Option<usize>| {
        let plan = repo.plan_upload(hash, content.len() as u64, true).await.expect("a plan");
        let UploadPlan::Parts { part_bytes, parts, complete } = plan else { panic!("parts") };
        assert_eq!((part_bytes, parts.len()), (400, 5));
        let mut tags = Vec::new();
        for (place, part) in parts.iter().enumerate().rev().filter(|(place, _)| Some(*place) != skip) {
            let PartPlan::Hearth(ticket) = part else { panic!("a folder store gives no links") };
            let bytes = content.chunks(400).nth(place).expect("the part").to_vec();
            let body = futures::stream::iter([Ok(Bytes::from(bytes))]);
            let tag = engine.repos.receive_part(ticket, body).await.expect("the part arrives");
            tags.push((place as u32 + 1, tag));
        }
        tags.sort();
        engine.repos.complete_upload(&complete, &tags).await
    };
    assert!(send(sha256(&content), Some(2)).await.is_err(), "a part is missing");
    assert!(matches!(send(sha256(b"other"), None).await, Err(RepoError::Corrupt(_))), "another hash was announced");
    send(sha256(&content), None).await.expect("complete");
    commit(&repo, "weights", vec![put_large("w.bin", &content)]).await.expect("committed");
    assert_eq!(read(&repo, "w.bin").await.expect("readable"), content);
}

#[tokio::test(flavor = "multi_thread")]
async fn tickets_cannot_be_forged_and_expire() {
    let engine = TestEngine::new().await;
    let repo = model(&engine, &engine.caller("alice").await, "alice/ticket").await;
    let UploadPlan::Whole(ticket) = repo.plan_upload(sha256(b"x"), 1, false).await.expect("a plan") else {
        panic!("one body")
    };
    let sealed = engine.repos.seal(&ticket).await.expect("sealed");
    assert_eq!(engine.repos.unseal(&sealed).await.expect("its own"), ticket);
    let forged = sealed.replacen(sealed.chars().nth(4).expect("long"), "A", 1);
    for text in [forged.as_str(), "", ".", "abc.def", &sealed[..sealed.len() - 2]] {
        if text != sealed {
            assert!(matches!(engine.repos.unseal(text).await, Err(RepoError::Forbidden(_))), "{text}");
        }
    }
    engine.clock.advance_millis(25 * 3600 * 1000);
    assert!(matches!(engine.repos.unseal(&sealed).await, Err(RepoError::Forbidden(_))));
}

#[tokio::test(flavor = "multi_thread")]
async fn purging_rewrites_history_and_gives_the_bytes_back() {
    let engine = TestEngine::new().await;
    let alice = engine.caller("alice").await;
    let repo = model(&engine, &alice, "alice/purge").await;
    let hash = upload(&engine, &repo, b"too much").await.expect("uploaded");
    commit(&repo, "add", vec![put_large("deep/big.bin", b"too much"), put("a", "1")]).await.expect("added");
    commit(&repo, "more", vec![put("b", "2")]).await.expect("more");
    assert_eq!(repo.list_large_files(None, 10).await.expect("listed").files.len(), 1);
    repo.purge_large_files(&[hash], true).await.expect("purged");
    assert_eq!(crate::support::paths(&repo).await, [".gitattributes", "a", "b"]);
    let head = repo.resolve(&hub_core::Revision::main()).await.expect("main exists");
    assert_eq!(repo.list_commits(head, 0, 10).await.expect("a history").total, 3);
    engine.clock.advance_millis(2 * 3600 * 1000);
    engine.repos.collect_garbage(3600).await.expect("collected");
    assert!(engine.blobs.list(None, 10).await.expect("listed").is_empty());
    assert!(engine.repos.check(true).await.expect("checked").damages.is_empty());
    let repo = engine.repos.open(&alice, &addr("alice/purge"), Access::Read).await.expect("there");
    assert!(repo.file(head, &path("deep/big.bin")).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_came_whole_becomes_chunks_and_stays_what_it_is() {
    const HOUR_SECS: u64 = 3600;
    let engine = TestEngine::new().await;
    let repo = model(&engine, &engine.caller("alice").await, "alice/chunks").await;
    let content: Vec<u8> = (0..600_000_u32).flat_map(|n| (n / 7).to_le_bytes()).collect();
    let small = b"not worth an object of its own".to_vec();
    upload(&engine, &repo, &content).await.expect("uploaded");
    upload(&engine, &repo, &small).await.expect("uploaded");
    let files = vec![put_large("w.bin", &content), put_large("s.bin", &small)];
    commit(&repo, "weights", files).await.expect("committed");

    let policy = ChunkPolicy { from_bytes: 1000, keep_whole_secs: 2 * HOUR_SECS };
    let stop = CancellationToken::new();
    let run = async || engine.repos.chunk_large_files(policy, &stop).await.expect("it runs");
    let first = run().await;
    assert_eq!((first.chunked, first.chunked_bytes, first.failed, first.retired), (1, 2_400_000, 0, 0));
    assert_eq!(run().await, ChunkReport::default(), "nothing is done twice");
    let head = repo.resolve(&hub_core::Revision::main()).await.expect("main exists");
    let file = repo.file(head, &path("w.bin")).await.expect("there");
    assert!(file.large.and_then(|large| large.xet).is_some(), "clients of Xet are told");
    assert_eq!(large_keys(&engine).await, 2, "the whole copy is kept for a while");

    engine.clock.advance_millis(3 * 3600 * 1000);
    assert_eq!(run().await, ChunkReport { retired: 1, ..ChunkReport::default() });
    assert_eq!(read(&repo, "w.bin").await.expect("readable"), content);
    assert_eq!(large_keys(&engine).await, 2, "downloads of it may be under way");
    engine.clock.advance_millis(20 * 3600 * 1000);
    engine.repos.collect_garbage(24 * HOUR_SECS).await.expect("collected");
    assert_eq!(large_keys(&engine).await, 2, "and it is no stray key");
    engine.clock.advance_millis(5 * 3600 * 1000);
    assert_eq!(run().await, ChunkReport { removed: 1, ..ChunkReport::default() });
    assert_eq!(large_keys(&engine).await, 1);
    assert_eq!(read(&repo, "w.bin").await.expect("readable"), content);
    let file = repo.file(head, &path("w.bin")).await.expect("there");
    let part: Vec<Bytes> =
        repo.read(&file, 1_000_001..1_100_000).await.expect("open").try_collect().await.expect("read");
    assert_eq!(part.concat(), &content[1_000_001..1_100_000]);
    assert_eq!(read(&repo, "s.bin").await.expect("readable"), small);
    assert!(engine.repos.check(true).await.expect("checked").damages.is_empty());

    // The same content sent whole again is taken as what is there.
    let other = model(&engine, &engine.caller("carol").await, "carol/same").await;
    upload(&engine, &other, &content).await.expect("uploaded");
    assert_eq!(large_keys(&engine).await, 1);
    commit(&other, "same", vec![put_large("w.bin", &content)]).await.expect("committed");
    engine.repos.delete(&repo).await.expect("deleted");
    engine.clock.advance_millis(30 * 24 * 3600 * 1000);
    engine.repos.collect_garbage(HOUR_SECS).await.expect("collected");
    engine.cas.collect(&engine.repos).await.expect("collected");
    assert_eq!(read(&other, "w.bin").await.expect("readable"), content);
}

/// How many whole copies the blob store has.
async fn large_keys(engine: &TestEngine) -> usize {
    let listed = engine.blobs.list(None, 1000).await.expect("listed");
    listed.iter().filter(|object| object.key.to_string().starts_with("large/")).count()
}
