//! What a shard claims of files, held against the xorbs that it names.
//!
//! Nothing that a client says is taken over: sizes, chunks and hashes come from our own tables, and the claims only have to
//! agree with them.

use std::collections::{HashMap, HashSet};

use futures::StreamExt;
use hub_blob::BlobStream;
use hub_core::{Sha256, XetHash};
use hub_formats::xet::shard::{ShardError, ShardFile, ShardItem, Term};
use hub_formats::xet::{HashTree, ShardReader};

use crate::put::first_chunk;
use crate::store::chunks::ChunkPlace;
use crate::tables::KnownXorb;
use crate::{Cas, CasError};

/// A file whose terms and hash are proven, and whose SHA-256 is not yet.
#[derive(Debug)]
pub(crate) struct CheckedFile {
    pub(crate) hash: XetHash,
    pub(crate) size: u64,
    pub(crate) terms: Vec<Term>,
    pub(crate) first: Option<ChunkPlace>,
    /// What the client says it is.
    pub(crate) sha256: Option<Sha256>,
}

/// How many terms are checked at once, and so how many tables are needed at the same time.
const BATCH_TERMS: usize = 512;
/// How much of a shard is parsed at once.
const BATCH_BYTES: usize = 1 << 20;
/// How many slices gather at most.
const BATCH_SLICES: usize = 256;

impl Cas {
    /// Reads a shard to its end and gives the files that it claims, each once.
    pub(crate) async fn read_shard(&self, mut body: BlobStream) -> Result<Vec<ShardFile>, CasError> {
        let mut reader = ShardReader::new();
        let mut files: Vec<ShardFile> = Vec::new();
        let mut seen = HashSet::new();
        loop {
            let (mut batch, mut bytes) = (Vec::new(), 0);
            while bytes < BATCH_BYTES && batch.len() < BATCH_SLICES {
                let Some(slice) = body.next().await else { break };
                let slice = slice?;
                bytes += slice.len();
                batch.push(slice);
            }
            if batch.is_empty() {
                break;
            }
            let parsed = self.pool().run(move || {
                let mut found = Vec::new();
                for slice in batch {
                    for item in reader.push(&slice)? {
                        // What is said of xorbs is known better here.
                        if let ShardItem::File(file) = item {
                            found.push(file);
                        }
                    }
                }
                Ok::<_, ShardError>((reader, found))
            });
            let (read_on, found) = match parsed.await? {
                Ok(parsed) => parsed,
                Err(error) => return Err(refuse(error, body).await),
            };
            reader = read_on;
            files.extend(found.into_iter().filter(|file| seen.insert(file.hash)));
        }
        reader.finish()?;
        Ok(files)
    }

    /// Proves the claims: each term against the chunks of its xorb, each file against the hash of all of its chunks.
    pub(crate) async fn check_claims(&self, files: Vec<ShardFile>) -> Result<Vec<CheckedFile>, CasError> {
        let mut claims = Vec::new();
        for (number, file) in files.iter().enumerate() {
            for (index, (term, proof)) in file.proven_terms()?.enumerate() {
                claims.push(Claim { number, index, term, proof });
            }
        }
        let mut checking = Checking::new(files);
        for batch in claims.chunks(BATCH_TERMS) {
            let batch = batch.to_vec();
            let xorbs: Vec<XetHash> = batch.iter().map(|claim| claim.term.xorb).collect();
            let known = self.known_xorbs(&xorbs).await?;
            let checked = self.pool().run(move || {
                batch.iter().try_for_each(|claim| checking.take(claim, &known))?;
                Ok::<_, CasError>(checking)
            });
            checking = checked.await??;
        }
        checking.finish()
    }
}

/// Reads what is left of a body whose beginning was refused, so that the sender comes to hear why.
async fn refuse(error: ShardError, mut body: BlobStream) -> CasError {
    let mut left = hub_formats::xet::shard::SHARD_MAX_BYTES;
    while let Some(Ok(slice)) = body.next().await
        && left > 0
    {
        left = left.saturating_sub(slice.len() as u64);
    }
    error.into()
}

/// A claimed term.
#[derive(Clone, Copy)]
struct Claim {
    /// Of which file.
    number: usize,
    /// Which of its terms.
    index: usize,
    term: Term,
    proof: XetHash,
}

/// Files that are being checked, one after the other.
struct Checking {
    waiting: std::vec::IntoIter<ShardFile>,
    begun: Option<Begun>,
    /// How many files were begun.
    count: usize,
    done: Vec<CheckedFile>,
}

struct Begun {
    file: ShardFile,
    tree: HashTree,
    first: Option<ChunkPlace>,
}

impl Checking {
    fn new(files: Vec<ShardFile>) -> Self {
        Self { waiting: files.into_iter(), begun: None, count: 0, done: Vec::new() }
    }

    fn take(&mut self, claim: &Claim, known: &HashMap<XetHash, KnownXorb>) -> Result<(), CasError> {
        while self.count <= claim.number {
            self.next_file()?;
        }
        let Begun { file, tree, first } = self.begun.as_mut().expect("a file was begun");
        let Claim { index, term, proof, .. } = *claim;
        let wrong = |what| CasError::Term { file: file.hash, term: index, what };
        let table = &known.get(&term.xorb).ok_or(CasError::XorbMissing { xorb: term.xorb })?.table;
        let chunks = table.sized_chunks(term.chunks).ok_or_else(|| wrong("the xorb has fewer chunks"))?;
        if table.bounds().raw_bytes(term.chunks) != Some(term.raw_bytes.into()) {
            return Err(wrong("its chunks have another size"));
        }
        if table.range_hash(term.chunks) != Some(proof) {
            return Err(wrong("the verification hash is not that of its chunks"));
        }
        tree.extend(chunks);
        if index == 0 {
            *first = first_chunk(table, term.chunks);
        }
        Ok(())
    }

    fn next_file(&mut self) -> Result<(), CasError> {
        self.end_file()?;
        self.begun = self.waiting.next().map(|file| Begun { file, tree: HashTree::new(), first: None });
        self.count += 1;
        Ok(())
    }

    fn end_file(&mut self) -> Result<(), CasError> {
        let Some(Begun { file, tree, first }) = self.begun.take() else { return Ok(()) };
        let actual = tree.file_hash();
        if actual != file.hash {
            return Err(CasError::WrongFileHash { claimed: file.hash, actual });
        }
        let size = file.size_bytes();
        // Clients give zeros for the digest of the empty file.
        let zeros = Sha256::new([0; 32]);
        let sha256 = file.sha256.filter(|sha256| size > 0 || *sha256 != zeros);
        self.done.push(CheckedFile { hash: file.hash, size, terms: file.terms, first, sha256 });
        Ok(())
    }

    fn finish(mut self) -> Result<Vec<CheckedFile>, CasError> {
        while !self.waiting.as_slice().is_empty() {
            self.next_file()?;
        }
        self.end_file()?;
        Ok(self.done)
    }
}
