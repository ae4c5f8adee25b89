//! A thousand interleavings of uploads, references without upload, dedup queries, ingestions, releases and collections, with
//! a clock that jumps: nothing that is referred to is lost, no client that remembers for three weeks is refused, and in the
//! end every byte comes back.
//!
//! All of a round runs on one thread. Each operation of the blob store, and each piece of a body, gives way for a number of
//! turns that the seed decides, so that rounds differ in who comes between whom.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures::future::{BoxFuture, join_all};
use futures::{FutureExt, StreamExt, stream};
use hub_blob::{BlobError, BlobStore, BlobStream, BlobWriter, LinkOptions, Listed, ObjectKey, PartsId, WrittenBlob};
use hub_cas::{CasConfig, CasError, Roots, Scope, StoreFigures};
use hub_core::{Clock, FixedClock, Timestamp, XetHash};
use hub_formats::xet::shard::ShardItem;
use hub_formats::xet::{DedupKey, ShardReader};

use crate::support::{DAY_MS, HOUR_MS, Packed, TestBlobs, World, noise};

const ROUNDS: u64 = 1000;
/// How long clients remember, and how far the clock may jump while an operation is under way.
const MEMORY_MS: i64 = 21 * DAY_MS;
const JUMP_MS: u64 = 6 * DAY_MS as u64;

/// Numbers that follow from a seed.
#[derive(Debug)]
struct Dice(AtomicU64);

impl Dice {
    fn roll(&self, sides: u64) -> u64 {
        let step =
            |state: u64| Some(state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407));
        let state = self.0.fetch_update(Ordering::SeqCst, Ordering::SeqCst, step).unwrap();
        (state >> 33) % sides
    }

    async fn give_way(&self) {
        for _ in 0..self.roll(6) {
            tokio::task::yield_now().await;
        }
    }
}

/// Gives way before and after each operation, and dates objects by the clock of the race.
#[derive(Debug)]
struct Winding {
    inner: Arc<dyn BlobStore>,
    dice: Arc<Dice>,
    written: Arc<Written>,
}

/// When objects were written.
#[derive(Debug)]
struct Written {
    clock: Arc<FixedClock>,
    moments: Mutex<HashMap<ObjectKey, Timestamp>>,
}

impl Winding {
    async fn run<T>(&self, work: impl Future<Output = T>) -> T {
        self.dice.give_way().await;
        let result = work.await;
        self.dice.give_way().await;
        result
    }
}

#[async_trait]
impl BlobStore for Winding {
    async fn writer(&self, key: &ObjectKey) -> Result<Box<dyn BlobWriter>, BlobError> {
        let inner = self.run(self.inner.writer(key)).await?;
        Ok(Box::new(WindingWriter { inner, dice: self.dice.clone(), written: self.written.clone(), key: key.clone() }))
    }

    async fn read(&self, key: &ObjectKey, range: Range<u64>) -> Result<BlobStream, BlobError> {
        self.run(self.inner.read(key, range)).await
    }

    async fn size(&self, key: &ObjectKey) -> Result<Option<u64>, BlobError> {
        self.run(self.inner.size(key)).await
    }

    async fn delete(&self, key: &ObjectKey) -> Result<(), BlobError> {
        self.run(self.inner.delete(key)).await
    }

    async fn list(&self, after: Option<&ObjectKey>, limit: usize) -> Result<Vec<Listed>, BlobError> {
        let mut page = self.run(self.inner.list(after, limit)).await?;
        let moments = self.written.moments.lock().unwrap();
        for object in &mut page {
            object.modified = moments[&object.key];
        }
        Ok(page)
    }

    async fn sweep_incoming(&self, older_than: Timestamp) -> Result<u64, BlobError> {
        self.inner.sweep_incoming(older_than).await
    }

    async fn check(&self) -> Result<(), BlobError> {
        self.inner.check().await
    }

    async fn download_link(&self, _: &ObjectKey, _: &LinkOptions) -> Result<Option<String>, BlobError> {
        Ok(None)
    }

    async fn range_link(&self, _: &ObjectKey, _: Range<u64>, _: Duration) -> Result<Option<String>, BlobError> {
        Ok(None)
    }

    async fn upload_link(&self, _: &ObjectKey, _: Duration, _: u64) -> Result<Option<String>, BlobError> {
        Ok(None)
    }

    async fn begin_parts(&self, key: &ObjectKey, size: u64) -> Result<PartsId, BlobError> {
        self.inner.begin_parts(key, size).await
    }

    async fn part_link(&self, _: &ObjectKey, _: &PartsId, _: u32, _: Duration) -> Result<Option<String>, BlobError> {
        Ok(None)
    }

    async fn put_part(
        &self,
        key: &ObjectKey,
        parts: &PartsId,
        number: u32,
        offset: u64,
        size: u64,
        body: BlobStream,
    ) -> Result<String, BlobError> {
        self.inner.put_part(key, parts, number, offset, size, body).await
    }

    async fn complete_parts(&self, key: &ObjectKey, parts: &PartsId, tags: &[(u32, String)]) -> Result<(), BlobError> {
        self.inner.complete_parts(key, parts, tags).await
    }

    async fn abort_parts(&self, key: &ObjectKey, parts: &PartsId) -> Result<(), BlobError> {
        self.inner.abort_parts(key, parts).await
    }
}

struct WindingWriter {
    inner: Box<dyn BlobWriter>,
    dice: Arc<Dice>,
    written: Arc<Written>,
    key: ObjectKey,
}

#[async_trait]
impl BlobWriter for WindingWriter {
    async fn write(&mut self, chunk: Bytes) -> Result<(), BlobError> {
        self.dice.give_way().await;
        self.inner.write(chunk).await
    }

    async fn finish(self: Box<Self>) -> Result<WrittenBlob, BlobError> {
        let Self { inner, dice, written, key } = *self;
        dice.give_way().await;
        written.moments.lock().unwrap().insert(key, written.clock.now());
        let result = inner.finish().await;
        dice.give_way().await;
        result
    }
}

/// What must hold: which scope needs which file. A scope does one thing at a time with a file, as a repository does.
#[derive(Default)]
struct Needed {
    files: Mutex<BTreeSet<(Scope, usize)>>,
    turns: Mutex<HashMap<(Scope, usize), Turn>>,
}

type Turn = Arc<tokio::sync::Mutex<()>>;

impl Needed {
    async fn turn(&self, scope: Scope, number: usize) -> tokio::sync::OwnedMutexGuard<()> {
        let turn = self.turns.lock().unwrap().entry((scope, number)).or_default().clone();
        turn.lock_owned().await
    }

    fn begin(&self, scope: Scope, number: usize) {
        self.files.lock().unwrap().insert((scope, number));
    }

    fn end(&self, scope: Scope, number: usize) {
        self.files.lock().unwrap().remove(&(scope, number));
    }
}

struct Race {
    world: World,
    dice: Arc<Dice>,
    contents: Vec<Vec<u8>>,
    packed: Vec<Packed>,
    needed: Needed,
    /// When the client of each scope last heard that a xorb is stored.
    remembered: Mutex<HashMap<(Scope, XetHash), Timestamp>>,
    happened: Mutex<BTreeMap<&'static str, u64>>,
}

#[async_trait]
impl Roots for Race {
    async fn needed(
        &self,
        scope: Scope,
        files: &[XetHash],
    ) -> Result<HashSet<XetHash>, Box<dyn std::error::Error + Send + Sync>> {
        let needed = self.needed.files.lock().unwrap();
        let numbers = needed.iter().filter(|(owner, _)| *owner == scope);
        let hashes: HashSet<XetHash> = numbers.map(|(_, number)| self.file(*number)).collect();
        Ok(files.iter().copied().filter(|file| hashes.contains(file)).collect())
    }
}

impl Race {
    async fn new(seed: u64) -> Self {
        let dice = Arc::new(Dice(AtomicU64::new(seed)));
        let winding = dice.clone();
        let world = World::with_blobs(CasConfig::default(), TestBlobs::in_folder(), |inner, clock| {
            let written = Arc::new(Written { clock, moments: Mutex::default() });
            Arc::new(Winding { inner, dice: winding, written })
        })
        .await;
        let blocks: Vec<Vec<u8>> = (0..6).map(|seed| noise(seed, 150_000)).collect();
        let content = |number: usize| {
            [&blocks[number % 6][..], &blocks[(number * 2 + 1) % 6], &blocks[(number + 3) % 6]][..1 + number / 3]
                .concat()
        };
        let contents: Vec<Vec<u8>> = (0..9).map(content).collect();
        let packed = contents.iter().map(|content| Packed::new(&[content], 2)).collect();
        let (remembered, happened) = (Mutex::default(), Mutex::default());
        Self { world, dice, contents, packed, needed: Needed::default(), remembered, happened }
    }

    fn file(&self, number: usize) -> XetHash {
        self.packed[number].files[0].hash
    }

    fn now(&self) -> Timestamp {
        self.world.clock.now()
    }

    fn note(&self, what: &'static str) {
        *self.happened.lock().unwrap().entry(what).or_default() += 1;
    }

    fn remember(&self, scope: Scope, xorb: XetHash) {
        self.remembered.lock().unwrap().insert((scope, xorb), self.now());
    }

    /// A body whose pieces come with delays.
    fn slow(&self, bytes: &[u8]) -> BlobStream {
        let pieces: Vec<Bytes> = bytes.chunks(9_000).map(Bytes::copy_from_slice).collect();
        let dice = self.dice.clone();
        stream::iter(pieces)
            .then(move |piece| {
                let dice = dice.clone();
                async move {
                    dice.give_way().await;
                    Ok(piece)
                }
            })
            .boxed()
    }

    /// Uploads a file as a client does: what it remembers is not sent.
    async fn upload(&self, scope: Scope, number: usize) {
        let packed = &self.packed[number];
        let _turn = self.needed.turn(scope, number).await;
        self.needed.begin(scope, number);
        for _ in 0..4 {
            let begun = self.now();
            match self.try_upload(scope, packed).await {
                Ok(()) => return self.note("uploads"),
                // The clock jumped while a body was on its way: the client sends it again.
                Err(CasError::TooSlow) => assert!(self.now() > begun.plus_millis(12 * HOUR_MS)),
                Err(error) => panic!("an upload was refused: {error:?}"),
            }
        }
        panic!("an upload never ended");
    }

    async fn try_upload(&self, scope: Scope, packed: &Packed) -> Result<(), CasError> {
        for xorb in &packed.xorbs {
            let hash = xorb.table.hash();
            let known = self.remembered.lock().unwrap().get(&(scope, hash)).copied();
            if known.is_some_and(|since| since.plus_millis(MEMORY_MS) > self.now()) {
                self.note("references without upload");
                continue;
            }
            self.world.cas.put_xorb(&hash, self.slow(&xorb.body)).await?;
            self.remember(scope, hash);
        }
        self.world.cas.register(scope, self.slow(&packed.shard()), |_| ()).await.map(drop)
    }

    async fn ingest(&self, scope: Scope, number: usize) {
        let content = &self.contents[number];
        let _turn = self.needed.turn(scope, number).await;
        self.needed.begin(scope, number);
        for _ in 0..4 {
            match self.world.cas.ingest(scope, self.slow(content)).await {
                Ok(ingested) => {
                    assert_eq!(ingested.file, self.file(number));
                    return self.note("ingestions");
                }
                Err(CasError::TooSlow) => {}
                Err(error) => panic!("an ingestion was refused: {error:?}"),
            }
        }
        panic!("an ingestion never ended");
    }

    /// Refers to what it does not send, whatever became of it: it is taken, and stays then, or it is refused.
    async fn refer(&self, scope: Scope, number: usize) {
        let packed = &self.packed[number];
        let _turn = self.needed.turn(scope, number).await;
        let mut is_doomed = false;
        for xorb in &packed.xorbs {
            let reasons = self.world.cas.reasons(&xorb.table.hash()).await.unwrap();
            is_doomed |= reasons.is_some_and(|reasons| reasons.condemned.is_some());
        }
        self.needed.begin(scope, number);
        let held = self.world.cas.holds(scope, &self.file(number)).await.unwrap();
        match self.world.cas.register(scope, self.slow(&packed.shard()), |_| ()).await {
            Ok(_) if is_doomed => self.note("references to the doomed"),
            Ok(_) => {}
            Err(CasError::XorbMissing { .. }) => {
                // What the scope holds may be made of other xorbs, and stays.
                if !held {
                    self.needed.end(scope, number);
                }
                self.note("references to what is gone");
            }
            Err(error) => panic!("a reference was refused: {error:?}"),
        }
    }

    async fn dedup(&self, scope: Scope, number: usize) {
        let first = self.packed[number].xorbs[0].table.chunks()[0];
        let Some(answer) = self.world.cas.dedup(&first).await.unwrap() else { return };
        let mut reader = ShardReader::new();
        let items = reader.push(&answer).unwrap();
        let key = DedupKey::new(reader.finish().unwrap().unwrap().key).unwrap();
        let mut has_it = false;
        for item in items {
            let ShardItem::Xorb(xorb) = item else { panic!("an answer tells of files") };
            has_it |= xorb.chunks.iter().any(|chunk| chunk.hash == key.hide(&first));
            self.remember(scope, xorb.hash);
        }
        assert!(has_it);
        self.note("dedup answers");
    }

    async fn release(&self, scope: Scope, number: usize) {
        let _turn = self.needed.turn(scope, number).await;
        self.needed.end(scope, number);
        let mut tx = self.world.db.begin().await.unwrap();
        if self.world.cas.release(&mut tx, scope, &self.file(number)).await.unwrap() {
            self.note("releases");
        }
        tx.commit().await.unwrap();
    }

    /// One scope takes over what another one may be letting go of.
    async fn hold(&self, scope: Scope, number: usize) {
        let _turn = self.needed.turn(scope, number).await;
        self.needed.begin(scope, number);
        let mut tx = self.world.db.begin().await.unwrap();
        let held = self.world.cas.hold(&mut tx, scope, &self.file(number)).await.unwrap();
        tx.commit().await.unwrap();
        match held {
            true => self.note("copies"),
            false => self.needed.end(scope, number),
        }
    }

    async fn collect(&self) {
        self.dice.give_way().await;
        let report = self.world.cas.collect(self).await.unwrap();
        for (what, count) in [
            ("condemned", report.condemned),
            ("removed", report.xorbs),
            ("files collected", report.files),
            ("stray keys", report.stray_keys),
        ] {
            *self.happened.lock().unwrap().entry(what).or_default() += count;
        }
    }

    fn operation(&self) -> BoxFuture<'_, ()> {
        let scope = Scope::new(1 + self.dice.roll(3) as i64);
        let number = self.dice.roll(self.packed.len() as u64) as usize;
        match self.dice.roll(13) {
            0..=2 => self.upload(scope, number).boxed(),
            12 => self.refer(scope, number).boxed(),
            3 => self.ingest(scope, number).boxed(),
            4 => self.dedup(scope, number).boxed(),
            5..=7 => self.release(scope, number).boxed(),
            8 => self.hold(scope, number).boxed(),
            _ => self.collect().boxed(),
        }
    }

    async fn jump(&self) {
        self.dice.give_way().await;
        self.dice.give_way().await;
        if self.dice.roll(3) == 0 {
            self.world.clock.advance_millis(self.dice.roll(JUMP_MS) as i64);
        }
    }

    async fn round(&self) {
        let count = 3 + self.dice.roll(4);
        let mut operations: Vec<BoxFuture<'_, ()>> = (0..count).map(|_| self.operation()).collect();
        operations.push(self.jump().boxed());
        join_all(operations).await;
        self.world.clock.advance_millis(self.dice.roll(12 * DAY_MS as u64) as i64);
    }

    async fn assert_nothing_is_lost(&self) {
        let needed = self.needed.files.lock().unwrap().clone();
        for (scope, number) in needed {
            let (file, content) = (self.file(number), &self.contents[number]);
            assert!(self.world.cas.holds(scope, &file).await.unwrap());
            assert!(self.world.read(&file, 0..content.len() as u64).await.unwrap() == *content);
        }
    }
}

#[tokio::test]
async fn a_thousand_interleavings_lose_nothing_and_free_the_rest() {
    let race = Race::new(20_260_101).await;
    for round in 0..ROUNDS {
        race.round().await;
        race.assert_nothing_is_lost().await;
        if round % 50 == 0 {
            race.world.assert_sound().await;
        }
    }
    let happened = race.happened.lock().unwrap().clone();
    // The race is one only if all of this took place, many times.
    for what in
        ["uploads", "references without upload", "ingestions", "dedup answers", "copies", "releases", "condemned"]
    {
        assert!(happened.get(what).is_some_and(|count| *count > 50), "{what}: {happened:?}");
    }
    assert!(happened["references to the doomed"] > 0 && happened["references to what is gone"] > 0, "{happened:?}");
    assert!(happened["removed"] > 50 && happened["files collected"] > 50, "{happened:?}");
    race.needed.files.lock().unwrap().clear();
    for _ in 0..4 {
        race.world.clock.advance_millis(29 * DAY_MS);
        race.collect().await;
    }
    assert_eq!(race.world.objects().await, [""; 0]);
    assert_eq!(race.world.cas.figures().await.unwrap(), StoreFigures::default());
}
