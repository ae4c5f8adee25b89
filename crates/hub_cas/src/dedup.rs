//! Answers to "do you have this chunk": the xorb that has it and what was uploaded with it, under hidden hashes.
//!
//! The key changes every day and is the same on every replica, so whoever collects answers can not tell what private files
//! hold: an answer only helps who has the content already.

use std::collections::HashSet;

use hmac::Mac;
use hub_core::{Timestamp, XetHash};
use hub_formats::xet::DedupKey;
use hub_formats::xet::shard::{DedupAnswer, ShardXorb};

use crate::link::mac;
use crate::store::{chunks, files, secrets, xorbs};
use crate::{Cas, CasError};

/// The most xorbs of an answer: two gigabytes of content, in less than two megabytes.
const MAX_XORBS: usize = 32;
/// In how many files is looked for what follows a chunk: each version of a file has a few xorbs of its own.
const FILES: i64 = 4;
/// The name of the key's row.
const KEY_NAME: &str = "dedup";
/// How many segments of a file are looked through for what follows a chunk.
const SEGMENTS: i64 = 2;

impl Cas {
    /// Answers where a chunk is stored: a shard for the client to match its own chunks with. `None` if it is not here, or is
    /// not one that clients ask for.
    ///
    /// The xorbs of the answer stay for as long as clients may remember it.
    pub async fn dedup(&self, chunk: &XetHash) -> Result<Option<Vec<u8>>, CasError> {
        let Some(xorb) = chunks::find(self.db(), chunk).await? else { return Ok(None) };
        let found = self.neighbours(xorb).await?;
        let found = self.promise(found).await?;
        if !found.contains(&xorb) {
            return Ok(None);
        }
        let known = self.known_xorbs(&found).await?;
        let key = self.dedup_key(self.now()).await?;
        let created_secs = self.now().seconds().max(0) as u64;
        let expires_secs = created_secs.saturating_add(self.config().dedup_ttl_secs);
        let answer = self.pool().run(move || {
            let xorbs: Vec<ShardXorb> =
                found.iter().filter_map(|hash| known.get(hash)).map(|known| ShardXorb::from(&*known.table)).collect();
            DedupAnswer { xorbs: &xorbs, key: &key, created_secs, expires_secs }.write()
        });
        Ok(Some(answer.await?))
    }

    /// A xorb and those that come after it in files, the nearest first.
    pub(crate) async fn neighbours(&self, xorb: XetHash) -> Result<Vec<XetHash>, CasError> {
        let mut following = Vec::new();
        for (file, start) in files::users_of(self.db(), &xorb, FILES).await? {
            let segments = files::segments_of(self.db(), &file, start, i64::MAX as u64, SEGMENTS).await?;
            let terms = segments.into_iter().flat_map(|segment| segment.terms);
            let xorbs = terms.skip_while(|term| term.xorb != xorb).map(|term| term.xorb);
            following.push(xorbs.collect::<Vec<_>>());
        }
        let longest = following.iter().map(Vec::len).max().unwrap_or_default();
        let in_turn = (0..longest).flat_map(|place| following.iter().filter_map(move |xorbs| xorbs.get(place)));
        let mut seen = HashSet::from([xorb]);
        let others = in_turn.copied().filter(|other| seen.insert(*other));
        Ok(std::iter::once(xorb).chain(others).take(MAX_XORBS).collect())
    }

    /// Keeps those of the xorbs that are live, and sees to it that they stay so. One that was mentioned a short while ago is
    /// not written again, because a client that uploads a terabyte asks tens of thousands of times.
    pub(crate) async fn promise(&self, hashes: Vec<XetHash>) -> Result<Vec<XetHash>, CasError> {
        let now = self.now();
        let recently = now.plus_millis(-self.config().touch_again_ms());
        let rows = xorbs::get_many(self.db(), &hashes).await?;
        let fresh = |row: &xorbs::XorbRow| row.condemned.is_none() && row.touched >= recently && row.touched <= now;
        let mut live: HashSet<XetHash> = rows.iter().filter(|row| fresh(row)).map(|row| row.hash).collect();
        let stale: Vec<XetHash> =
            rows.iter().filter(|row| row.condemned.is_none() && !fresh(row)).map(|row| row.hash).collect();
        if !stale.is_empty() {
            let mut tx = self.db().begin().await?;
            xorbs::touch_live(&mut tx, &stale, now).await?;
            tx.commit().await?;
            // One that was condemned in between was not touched, and one that was touched can not be condemned.
            let rows = xorbs::get_many(self.db(), &stale).await?;
            live.extend(rows.into_iter().filter(|row| row.condemned.is_none()).map(|row| row.hash));
        }
        Ok(hashes.into_iter().filter(|hash| live.contains(hash)).collect())
    }

    /// The key of a day. It is never all zeros: clients would take that for "not hidden".
    async fn dedup_key(&self, at: Timestamp) -> Result<DedupKey, CasError> {
        let secret = secrets::get_or_create(self.db(), KEY_NAME, self.ids()).await?;
        let mut mac = mac(&secret);
        mac.update(&at.day().to_le_bytes());
        DedupKey::new(mac.finalize().into_bytes().into())
            .ok_or_else(|| CasError::Damaged("the key of today is all zeros".to_owned()))
    }
}
