//! The promises of `BlobStore`, each called for every implementation.

use std::time::Duration;

use bytes::Bytes;
use hub_blob::{BlobError, BlobStore, CopyId, LinkOptions, ObjectKey, PartsId};
use hub_core::{Ids, Timestamp, XetHash};

use crate::support::{body, broken_body, key_of, list_all, pattern, read, sha256, write};

/// S3 refuses smaller parts, except for the last.
const PART: usize = 5 << 20;
const TTL: Duration = Duration::from_secs(600);

/// What a test server is known not to do as S3 does. A real store has no gaps.
#[derive(Clone, Copy, Default)]
pub(crate) struct Gaps {
    /// It accepts requests whose signature is wrong.
    pub(crate) signatures: bool,
    /// It does not look at the tags of parts.
    pub(crate) tags: bool,
    /// It cannot list uploads in parts.
    pub(crate) upload_list: bool,
    /// It has its own answer for an upload that does not exist.
    pub(crate) gone_uploads: bool,
}

/// Runs every check. The store must be empty.
pub(crate) async fn run(store: &dyn BlobStore, ids: &dyn Ids, gaps: Gaps) {
    store.check().await.unwrap();
    what_is_written_is_read(store, ids).await;
    ranges(store, ids).await;
    an_object_appears_only_when_finished(store, ids).await;
    a_dropped_writer_leaves_nothing(store, ids).await;
    writing_twice_is_a_retry(store, ids).await;
    deleting_is_idempotent(store, ids).await;
    listing(store, ids).await;
    parts_in_any_order(store, ids, gaps).await;
    wrong_parts(store, ids, gaps).await;
    broken_parts(store, ids).await;
    given_up_parts(store, ids, gaps).await;
    links(store, ids, gaps).await;
}

async fn what_is_written_is_read(store: &dyn BlobStore, ids: &dyn Ids) {
    for (len, step) in [(0, 1), (1, 1), (700, 1), (70_000, 999), (1 << 20, 1 << 16), (20_000_000, 3_000_001)] {
        let bytes = pattern(len);
        let key = key_of(&bytes, ids);
        let written = write(store, &key, &bytes, step).await;
        assert_eq!((written.size, written.sha256), (len as u64, Some(sha256(&bytes))));
        assert_eq!(store.size(&key).await.unwrap(), Some(len as u64));
        assert!(read(store, &key, 0..len as u64).await.unwrap() == bytes, "{len} bytes");
        assert_eq!(store.hash(&key).await.unwrap(), written);
        store.delete(&key).await.unwrap();
    }
}

async fn ranges(store: &dyn BlobStore, ids: &dyn Ids) {
    let len = 3_000_000;
    let bytes = pattern(len);
    let key = key_of(&bytes, ids);
    write(store, &key, &bytes, 1 << 20).await;
    let len = len as u64;
    let kib64 = 64 << 10;
    for range in [
        0..0,
        0..1,
        5..5,
        1..2,
        0..kib64,
        0..kib64 + 1,
        kib64 - 1..kib64 + 1,
        70_001..2_999_999,
        len - 1..len,
        len..len,
    ] {
        let expect = &bytes[range.start as usize..range.end as usize];
        assert!(read(store, &key, range.clone()).await.unwrap() == expect, "{range:?}");
    }
    #[expect(clippy::reversed_empty_ranges, reason = "a caller may compute one")]
    for range in [0..len + 1, len - 1..len + 1, len..len + 1, len + 1..len + 1, len + 5..len + 9, 2..1] {
        let error = read(store, &key, range.clone()).await.unwrap_err();
        assert!(matches!(error, BlobError::OutOfRange { size } if size == len), "{range:?}: {error:?}");
    }
    store.delete(&key).await.unwrap();
    assert!(matches!(read(store, &key, 0..1).await.unwrap_err(), BlobError::NotFound(_)));
    assert!(matches!(read(store, &key, 0..0).await.unwrap_err(), BlobError::NotFound(_)));
    assert!(matches!(store.hash(&key).await.unwrap_err(), BlobError::NotFound(_)));
}

async fn an_object_appears_only_when_finished(store: &dyn BlobStore, ids: &dyn Ids) {
    let bytes = pattern(18_000_000);
    let key = key_of(&bytes, ids);
    let mut writer = store.writer(&key).await.unwrap();
    for chunk in [bytes.slice(..9_000_000), bytes.slice(9_000_000..)] {
        writer.write(chunk).await.unwrap();
        assert_eq!(store.size(&key).await.unwrap(), None);
        assert_eq!(list_all(store, 10).await, []);
    }
    writer.finish().await.unwrap();
    assert_eq!(store.size(&key).await.unwrap(), Some(18_000_000));
    store.delete(&key).await.unwrap();
}

async fn a_dropped_writer_leaves_nothing(store: &dyn BlobStore, ids: &dyn Ids) {
    for len in [0, 10, 2_000_000, 18_000_000] {
        let bytes = pattern(len);
        let key = key_of(&bytes, ids);
        let mut writer = store.writer(&key).await.unwrap();
        writer.write(bytes).await.unwrap();
        drop(writer);
        assert_eq!(store.size(&key).await.unwrap(), None);
        assert_eq!(list_all(store, 10).await, []);
    }
}

async fn writing_twice_is_a_retry(store: &dyn BlobStore, ids: &dyn Ids) {
    let bytes = pattern(100_000);
    let key = key_of(&bytes, ids);
    let first = write(store, &key, &bytes, 1000).await;
    let mut reader = store.read(&key, 0..100_000).await.unwrap();
    assert_eq!(write(store, &key, &bytes, 7000).await, first);
    // A reader that began with the former copy ends with it.
    let mut seen = Vec::new();
    while let Some(chunk) = futures::StreamExt::next(&mut reader).await {
        seen.extend_from_slice(&chunk.unwrap());
    }
    assert!(seen == bytes);
    assert_eq!(list_all(store, 10).await, std::slice::from_ref(&key));
    store.delete(&key).await.unwrap();
}

async fn deleting_is_idempotent(store: &dyn BlobStore, ids: &dyn Ids) {
    let bytes = pattern(10);
    let (key, other) = (key_of(&bytes, ids), key_of(&bytes, ids));
    write(store, &key, &bytes, 10).await;
    write(store, &other, &bytes, 10).await;
    store.delete(&key).await.unwrap();
    store.delete(&key).await.unwrap();
    assert_eq!(store.size(&key).await.unwrap(), None);
    assert_eq!(read(store, &other, 0..10).await.unwrap(), bytes, "copies of one content are apart");
    store.delete(&other).await.unwrap();
}

async fn listing(store: &dyn BlobStore, ids: &dyn Ids) {
    assert_eq!(list_all(store, 1).await, []);
    let mut keys = Vec::new();
    for number in 0..23_usize {
        let bytes = pattern(number);
        // Two copies of each: they lie in one directory.
        for _ in 0..2 {
            let key = key_of(&bytes, ids);
            write(store, &key, &bytes, 100).await;
            keys.push(key);
        }
        // The other kind of object: it stands behind all of these.
        let hash = XetHash::new(*sha256(&bytes).as_bytes());
        let key = ObjectKey::Xorb { hash, generation: CopyId::fresh(ids) };
        let written = write(store, &key, &bytes, 100).await;
        assert_eq!((written.size, written.sha256), (bytes.len() as u64, None));
        assert_eq!(store.hash(&key).await.unwrap().sha256, Some(sha256(&bytes)));
        keys.push(key);
    }
    keys.sort();
    for limit in [1, 2, 7, 46, 69, 100] {
        assert_eq!(list_all(store, limit).await, keys, "in pages of {limit}");
    }
    assert_eq!(store.list(None, 0).await.unwrap(), []);
    let first = store.list(None, 1).await.unwrap().remove(0);
    assert_eq!(Some(first.size), store.size(&first.key).await.unwrap());
    assert!(first.modified > Timestamp::from_millis(1_700_000_000_000), "{first:?}");
    for key in &keys {
        store.delete(key).await.unwrap();
        // A cursor may name what is gone.
        let rest = store.list(Some(key), 100).await.unwrap();
        assert!(rest.iter().all(|listed| listed.key > *key));
    }
    assert_eq!(list_all(store, 10).await, []);
}

/// An upload of two and a half parts.
async fn begun(store: &dyn BlobStore, ids: &dyn Ids) -> (Bytes, ObjectKey, PartsId, Vec<Bytes>) {
    let bytes = pattern(2 * PART + PART / 2);
    let key = key_of(&bytes, ids);
    let parts = store.begin_parts(&key, bytes.len() as u64).await.unwrap();
    // As a row would hold it.
    let parts: PartsId = parts.to_string().parse().unwrap();
    let pieces = vec![bytes.slice(..PART), bytes.slice(PART..2 * PART), bytes.slice(2 * PART..)];
    (bytes, key, parts, pieces)
}

async fn put(store: &dyn BlobStore, key: &ObjectKey, parts: &PartsId, number: u32, piece: &Bytes) -> (u32, String) {
    let offset = u64::from(number - 1) * PART as u64;
    let tag = store.put_part(key, parts, number, offset, piece.len() as u64, body(piece, 100_000)).await.unwrap();
    (number, tag)
}

async fn parts_in_any_order(store: &dyn BlobStore, ids: &dyn Ids, gaps: Gaps) {
    let (bytes, key, parts, pieces) = begun(store, ids).await;
    let third = put(store, &key, &parts, 3, &pieces[2]).await;
    // A part that is sent again, at first wrong, counts as it was sent last.
    let wrong = put(store, &key, &parts, 1, &pieces[1]).await;
    let (first, second) =
        tokio::join!(put(store, &key, &parts, 1, &pieces[0]), put(store, &key, &parts, 2, &pieces[1]));
    assert_ne!(wrong.1, first.1);
    assert_eq!(store.size(&key).await.unwrap(), None, "not before completion");
    assert_eq!(list_all(store, 10).await, []);
    let tags = [third, first, second];
    store.complete_parts(&key, &parts, &tags).await.unwrap();
    assert!(read(store, &key, 0..bytes.len() as u64).await.unwrap() == bytes);
    assert_eq!(store.hash(&key).await.unwrap().sha256, Some(sha256(&bytes)));
    // The answer was lost, and the client asks again.
    store.complete_parts(&key, &parts, &tags).await.unwrap();
    assert!(store.abort_parts(&key, &parts).await.is_ok() || gaps.gone_uploads);
    assert_eq!(store.size(&key).await.unwrap(), Some(bytes.len() as u64));
    store.delete(&key).await.unwrap();
}

async fn wrong_parts(store: &dyn BlobStore, ids: &dyn Ids, gaps: Gaps) {
    let (bytes, key, parts, pieces) = begun(store, ids).await;
    let bad = async |tags: &[(u32, String)]| {
        let error = store.complete_parts(&key, &parts, tags).await.unwrap_err();
        assert!(matches!(error, BlobError::BadParts(_)), "{tags:?}: {error:?}");
        assert_eq!(store.size(&key).await.unwrap(), None);
    };
    bad(&[]).await;
    let first = put(store, &key, &parts, 1, &pieces[0]).await;
    let third = put(store, &key, &parts, 3, &pieces[2]).await;
    bad(&[first.clone(), third.clone()]).await;
    if !gaps.tags {
        bad(&[first.clone(), (2, first.1.clone()), third.clone()]).await;
    }
    let second = put(store, &key, &parts, 2, &pieces[1]).await;
    bad(&[first.clone(), first.clone(), second.clone(), third.clone()]).await;
    if !gaps.tags {
        bad(&[(1, third.1.clone()), second.clone(), third.clone()]).await;
    }
    bad(&[(0, first.1.clone()), first.clone(), second.clone(), third.clone()]).await;
    // Wrong lists do not end the upload.
    store.complete_parts(&key, &parts, &[first, second, third]).await.unwrap();
    assert!(read(store, &key, 0..bytes.len() as u64).await.unwrap() == bytes);
    store.delete(&key).await.unwrap();

    let refused = store.begin_parts(&key, 0).await.unwrap_err();
    assert!(matches!(refused, BlobError::BadParts(_)));
}

async fn broken_parts(store: &dyn BlobStore, ids: &dyn Ids) {
    let (_, key, parts, pieces) = begun(store, ids).await;
    let (piece, len) = (&pieces[1], PART as u64);
    let put = async |offset, size, body| store.put_part(&key, &parts, 2, offset, size, body).await.unwrap_err();

    let short = put(len, len, body(&piece.slice(1..), 5000)).await;
    assert!(
        matches!(short, BlobError::WrongLength { announced, received, .. } if announced == len && received == len - 1)
    );
    let empty = put(len, len, body(&Bytes::new(), 1)).await;
    assert!(matches!(empty, BlobError::WrongLength { received: 0, .. }), "{empty:?}");
    let long = put(len, len - 1, body(piece, 5000)).await;
    assert!(matches!(long, BlobError::WrongLength { announced, .. } if announced == len - 1), "{long:?}");
    let lost = put(len, len, broken_body(&piece.slice(..len as usize / 2))).await;
    assert!(matches!(lost, BlobError::Body(_)), "{lost:?}");
    let outside = put(2 * len, len, body(piece, 5000)).await;
    assert!(matches!(outside, BlobError::BadParts(_)), "{outside:?}");
    let far = put(u64::MAX, len, body(piece, 5000)).await;
    assert!(matches!(far, BlobError::BadParts(_)), "{far:?}");

    store.abort_parts(&key, &parts).await.unwrap();
    assert_eq!(store.size(&key).await.unwrap(), None);
}

async fn given_up_parts(store: &dyn BlobStore, ids: &dyn Ids, gaps: Gaps) {
    let gone = |error: BlobError| {
        assert!(matches!(error, BlobError::NotFound(_)) || gaps.gone_uploads, "{error:?}");
    };
    let (_, key, parts, pieces) = begun(store, ids).await;
    let late = async || store.put_part(&key, &parts, 2, PART as u64, PART as u64, body(&pieces[1], 100_000)).await;
    let first = put(store, &key, &parts, 1, &pieces[0]).await;
    store.abort_parts(&key, &parts).await.unwrap();
    assert!(store.abort_parts(&key, &parts).await.is_ok() || gaps.gone_uploads);
    gone(late().await.unwrap_err());
    gone(store.complete_parts(&key, &parts, &[first]).await.unwrap_err());
    assert_eq!(store.size(&key).await.unwrap(), None);

    // Ids that this store never gave, some that aim elsewhere.
    for text in ["nonsense", "../../../etc", "5:nonsense", "00000000000000000000000000000000"] {
        let unknown: PartsId = text.parse().unwrap();
        gone(store.complete_parts(&key, &unknown, &[(1, "tag".to_owned())]).await.unwrap_err());
    }

    // What nobody gave up is swept once it is old, not before.
    let (_, key, parts, pieces) = begun(store, ids).await;
    let late = async || store.put_part(&key, &parts, 2, PART as u64, PART as u64, body(&pieces[1], 100_000)).await;
    if gaps.upload_list {
        return store.abort_parts(&key, &parts).await.unwrap();
    }
    assert_eq!(store.sweep_incoming(Timestamp::from_millis(0)).await.unwrap(), 0);
    late().await.unwrap();
    assert!(store.sweep_incoming(Timestamp::from_millis(32_500_000_000_000)).await.unwrap() >= 1);
    gone(late().await.unwrap_err());
}

/// Links work for a client that has nothing but the link. A store gives all kinds of links, or none.
async fn links(store: &dyn BlobStore, ids: &dyn Ids, gaps: Gaps) {
    let bytes = pattern(100_000);
    let key = key_of(&bytes, ids);
    let options = LinkOptions {
        ttl: TTL,
        content_type: Some("text/plain; charset=utf-8".to_owned()),
        content_disposition: Some(
            "attachment; filename*=UTF-8''a%20%22b%22%20%C3%BC.txt; filename=\"a b_.txt\";".to_owned(),
        ),
    };
    let Some(upload) = store.upload_link(&key, TTL, bytes.len() as u64).await.unwrap() else {
        assert_eq!(store.download_link(&key, &options).await.unwrap(), None);
        assert_eq!(store.range_link(&key, 0..10, TTL).await.unwrap(), None);
        let (_, key, parts, _) = begun(store, ids).await;
        assert_eq!(store.part_link(&key, &parts, 1, TTL).await.unwrap(), None);
        store.abort_parts(&key, &parts).await.unwrap();
        return;
    };
    let http = reqwest::Client::new();
    let answer = http.put(&upload).body(bytes.clone()).send().await.unwrap();
    assert!(answer.status().is_success(), "{answer:?}");
    assert_eq!(store.hash(&key).await.unwrap().sha256, Some(sha256(&bytes)));

    let link = store.download_link(&key, &options).await.unwrap().unwrap();
    let answer = http.get(&link).header("range", "bytes=10-19").send().await.unwrap();
    assert_eq!(answer.status(), 206);
    assert_eq!(answer.headers()["content-type"], options.content_type.unwrap());
    assert_eq!(answer.headers()["content-disposition"], options.content_disposition.unwrap());
    assert_eq!(answer.headers()["content-range"], "bytes 10-19/100000");
    assert_eq!(answer.bytes().await.unwrap(), bytes.slice(10..20));
    let plain = LinkOptions { ttl: TTL, content_type: None, content_disposition: None };
    let plain = store.download_link(&key, &plain).await.unwrap().unwrap();
    assert!(http.get(&plain).send().await.unwrap().bytes().await.unwrap() == bytes);

    let part = store.range_link(&key, 70_000..70_010, TTL).await.unwrap().unwrap();
    let answer = http.get(&part).header("range", "bytes=70000-70009").send().await.unwrap();
    assert_eq!(answer.status(), 206);
    assert_eq!(answer.bytes().await.unwrap(), bytes.slice(70_000..70_010));
    assert!(store.range_link(&key, 5..5, TTL).await.is_err());
    if !gaps.signatures {
        // The range is part of the signature.
        assert_eq!(http.get(&part).header("range", "bytes=70000-70010").send().await.unwrap().status(), 403);
        assert_eq!(http.get(&part).send().await.unwrap().status(), 403);
        // A link is good for what it was given for and for nothing else.
        let other = plain.replace(&key.to_string(), &key_of(&bytes, ids).to_string());
        assert_eq!(http.get(other).send().await.unwrap().status(), 403);
        assert_eq!(http.put(&plain).body("other").send().await.unwrap().status(), 403);
        assert_eq!(http.delete(&plain).send().await.unwrap().status(), 403);
        let bare = plain.split('?').next().unwrap();
        assert_eq!(http.get(bare).send().await.unwrap().status(), 403);
    }
    store.delete(&key).await.unwrap();
    // Some stores tell strangers only that they may not have it.
    assert!(http.get(&link).send().await.unwrap().status().is_client_error());

    let (bytes, key, parts, pieces) = begun(store, ids).await;
    let mut tags = Vec::new();
    for (number, piece) in (1..).zip(&pieces) {
        let link = store.part_link(&key, &parts, number, TTL).await.unwrap().unwrap();
        let answer = http.put(link).body(piece.clone()).send().await.unwrap();
        assert!(answer.status().is_success(), "{answer:?}");
        tags.push((number, answer.headers()["etag"].to_str().unwrap().to_owned()));
    }
    store.complete_parts(&key, &parts, &tags).await.unwrap();
    assert!(read(store, &key, 0..bytes.len() as u64).await.unwrap() == bytes);
    store.delete(&key).await.unwrap();
}
