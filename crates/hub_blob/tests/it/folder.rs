//! The folder, including what only a folder can show: nothing is left behind.

use std::path::Path;
use std::sync::Arc;

use futures::{StreamExt, stream};
use hub_blob::testing::{Fault, FaultyStore};
use hub_blob::{BlobError, BlobStore, FolderStore};
use hub_core::Timestamp;

use crate::conformance::{self, Gaps};
use crate::support;
use crate::support::{CountingIds, TempDir, body, key_of, list_all, pattern, read, write};

fn open(dir: &TempDir) -> (FolderStore, Arc<CountingIds>) {
    let ids = CountingIds::new();
    (FolderStore::open(dir.path().join("blobs"), ids.clone()).unwrap(), ids)
}

fn files_below(path: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(path).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files_below(&path)) } else { found.push(path.display().to_string()) }
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn keeps_the_promises() {
    let dir = TempDir::new();
    let (store, ids) = open(&dir);
    conformance::run(&store, &*ids, Gaps::default()).await;
    let blobs = dir.path().join("blobs");
    // Writers that were dropped at work clear away on the blocking pool; nothing else remains.
    assert_eq!(files_below(&blobs.join("large")), Vec::<String>::new());
    store.sweep_incoming(Timestamp::from_millis(i64::MAX)).await.unwrap();
    assert_eq!(files_below(&blobs), Vec::<String>::new());
}

#[tokio::test]
async fn keeps_the_promises_on_one_thread() {
    let dir = TempDir::new();
    let (store, ids) = open(&dir);
    conformance::run(&store, &*ids, Gaps::default()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_share_a_folder() {
    let dir = TempDir::new();
    let (store, ids) = open(&dir);
    let other = FolderStore::open(dir.path().join("blobs"), ids.clone()).unwrap();
    let bytes = pattern(3_000_000);
    let key = key_of(&bytes, &*ids);
    let parts = store.begin_parts(&key, 3_000_000).await.unwrap();
    let first = other.put_part(&key, &parts, 1, 0, 2_000_000, body(&bytes.slice(..2_000_000), 9999)).await.unwrap();
    let second =
        store.put_part(&key, &parts, 2, 2_000_000, 1_000_000, body(&bytes.slice(2_000_000..), 9999)).await.unwrap();
    other.complete_parts(&key, &parts, &[(2, second), (1, first)]).await.unwrap();
    assert!(read(&store, &key, 0..3_000_000).await.unwrap() == bytes);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_on_its_way_holds_completion_off() {
    let dir = TempDir::new();
    let (store, ids) = open(&dir);
    let bytes = pattern(2_000_000);
    let key = key_of(&bytes, &*ids);
    let parts = store.begin_parts(&key, 2_000_000).await.unwrap();
    let tag = store.put_part(&key, &parts, 1, 0, 2_000_000, body(&bytes, 9999)).await.unwrap();

    // The same part comes again by another connection and stalls: it must not write into a published object.
    let (asked, ask) = tokio::sync::oneshot::channel::<()>();
    let stalled = stream::once(async move {
        asked.send(()).unwrap();
        std::future::pending::<Result<bytes::Bytes, BlobError>>().await
    });
    let task = tokio::spawn({
        let (store, key, parts) = (store.clone(), key.clone(), parts.clone());
        async move { store.put_part(&key, &parts, 1, 0, 2_000_000, stalled.boxed()).await }
    });
    ask.await.unwrap();
    let busy = store.complete_parts(&key, &parts, &[(1, tag.clone())]).await.unwrap_err();
    assert!(matches!(busy, BlobError::Busy), "{busy:?}");
    task.abort();
    assert!(task.await.unwrap_err().is_cancelled());

    // Sending anew voids the former tag: what the file holds now is not known to be what the tag stands for.
    store.put_part(&key, &parts, 1, 0, 2_000_000, body(&bytes, 9999)).await.unwrap();
    let void = store.complete_parts(&key, &parts, &[(1, tag)]).await;
    assert!(matches!(void, Err(BlobError::BadParts(_) | BlobError::Busy)), "{void:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn stalled_readers_hold_no_thread() {
    let dir = TempDir::new();
    let (store, ids) = open(&dir);
    let bytes = pattern(4_000_000);
    let key = key_of(&bytes, &*ids);
    write(&store, &key, &bytes, 1 << 20).await;
    // More than the blocking pool has threads.
    let mut stalled = Vec::new();
    for _ in 0..600 {
        let mut stream = store.read(&key, 0..4_000_000).await.unwrap();
        let first = stream.next().await.unwrap().unwrap().len();
        let second = stream.next().await.unwrap().unwrap().len();
        stalled.push((stream, first + second));
    }
    assert!(read(&store, &key, 0..4_000_000).await.unwrap() == bytes);
    for (stream, read) in stalled.into_iter().take(3) {
        let rest = stream.fold(0, |sum, chunk| async move { sum + chunk.unwrap().len() }).await;
        assert_eq!(read + rest, 4_000_000);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn leftovers_of_a_crash_are_swept_when_old() {
    let dir = TempDir::new();
    let (store, _) = open(&dir);
    let incoming = dir.path().join("blobs/incoming");
    std::fs::write(incoming.join("0123"), "half a file").unwrap();
    std::fs::create_dir(incoming.join("4567")).unwrap();
    std::fs::write(incoming.join("4567/content"), "half an upload").unwrap();
    assert_eq!(store.sweep_incoming(Timestamp::from_millis(0)).await.unwrap(), 0);
    assert_eq!(store.sweep_incoming(Timestamp::from_millis(i64::MAX)).await.unwrap(), 2);
    assert_eq!(std::fs::read_dir(incoming).unwrap().count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_in_the_folder_are_passed_over() {
    let dir = TempDir::new();
    let (store, ids) = open(&dir);
    let large = dir.path().join("blobs/large");
    std::fs::create_dir_all(large.join("zz/00")).unwrap();
    std::fs::create_dir_all(large.join("00/00/folder")).unwrap();
    std::fs::write(large.join("00/notes.txt"), "").unwrap();
    std::fs::write(large.join("00/00/notes.txt"), "").unwrap();
    let bytes = pattern(10);
    let key = key_of(&bytes, &*ids);
    write(&store, &key, &bytes, 10).await;
    assert_eq!(list_all(&store, 2).await, [key]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_planned_fault_strikes_once() {
    let dir = TempDir::new();
    let (store, ids) = open(&dir);
    let bytes = pattern(10);
    let key = key_of(&bytes, &*ids);
    for (fault, visible) in [(Fault::Before, false), (Fault::After, true)] {
        // Writer, write, finish: the third fails.
        let faulty = FaultyStore::new(Arc::new(store.clone()), 3, fault);
        let mut writer = faulty.writer(&key).await.unwrap();
        writer.write(bytes.clone()).await.unwrap();
        assert!(writer.finish().await.is_err());
        assert_eq!(faulty.size(&key).await.unwrap().is_some(), visible, "{fault:?}");
        assert_eq!(faulty.operations(), 4);
    }
    support::write(&store, &key, &bytes, 10).await;
}
