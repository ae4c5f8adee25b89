//! The second pass: deltas, from their bases upwards.

use std::io::{BufReader, Read, Seek};

use flate2::bufread::ZlibDecoder;
use flate2::{Decompress, FlushDecompress, Status};
use hub_core::Oid;

use super::entries::{Body, Entry, Index};
use super::{PackDelta, PackError, PackLimits, PackObject, PackReceiver, Unfolded, checked_id, sensible_stream_bytes};
use crate::git::delta;
use crate::git::object::{ObjectError, ObjectKind};
use crate::git::pack::CHECKSUM_BYTES;

/// Where the object of a frame comes from.
#[derive(Clone, Copy)]
enum Origin {
    /// An entry of the pack.
    Entry(u32),
    /// The repository.
    Repository(Oid),
}

/// An object that deltas are waiting for.
struct Frame {
    origin: Origin,
    oid: Oid,
    kind: ObjectKind,
    /// `None` if it was dropped to make room.
    content: Option<Vec<u8>>,
    /// The deltas on it that are still to be done.
    open: Vec<u32>,
}

pub(super) struct Resolver<'a, S: Read, P> {
    entries: Vec<Entry>,
    /// Deltas with the entry that they are on, sorted by that.
    on_entry: Vec<(u32, u32)>,
    /// Deltas with the object that they are on, sorted by that.
    on_object: Vec<(Oid, u32)>,
    done: Vec<bool>,
    spool: BufReader<S>,
    /// Where the last entry ends.
    end: u64,
    inflater: Decompress,
    /// The stream that was inflated last; empty if it was too long to be kept.
    stream: Vec<u8>,
    limits: &'a PackLimits,
    unfolded: Unfolded,
    receiver: &'a mut P,
    held_bytes: u64,
}

impl<'a, S: Read + Seek, P: PackReceiver> Resolver<'a, S, P> {
    pub(super) fn new(
        Index(entries): Index,
        (spool, pack_bytes): (S, u64),
        limits: &'a PackLimits,
        unfolded: Unfolded,
        receiver: &'a mut P,
    ) -> Self {
        let mut on_entry = Vec::new();
        let mut on_object = Vec::new();
        for (number, entry) in entries.iter().enumerate() {
            match entry.body {
                Body::Whole { .. } => {}
                Body::OnEntry(base) => on_entry.push((base, number as u32)),
                Body::OnObject(base) => on_object.push((base, number as u32)),
            }
        }
        on_entry.sort_unstable();
        on_object.sort_unstable();
        let done = entries.iter().map(|entry| matches!(entry.body, Body::Whole { .. })).collect();
        let spool = BufReader::with_capacity(16 << 10, spool);
        Self {
            entries,
            on_entry,
            on_object,
            done,
            spool,
            end: pack_bytes.saturating_sub(CHECKSUM_BYTES as u64),
            inflater: Decompress::new(true),
            stream: Vec::new(),
            limits,
            unfolded,
            receiver,
            held_bytes: 0,
        }
    }

    /// Hands over every delta's object.
    pub(super) fn run(mut self) -> Result<(), P::Error> {
        for number in 0..self.entries.len() as u32 {
            let Body::Whole { kind, oid } = self.entries[number as usize].body else { continue };
            let open = self.deltas_on(Some(number), oid);
            if !open.is_empty() {
                self.grow(Frame { origin: Origin::Entry(number), oid, kind, content: None, open })?;
            }
        }
        // What is left stands on objects that the client believes to be here already: the pack is a thin one.
        for place in 0..self.on_object.len() {
            let (base, delta) = self.on_object[place];
            if self.done[delta as usize] {
                continue;
            }
            if let Some((kind, content)) = self.receiver.base(base)? {
                self.unfolded.spend(content.len() as u64)?;
                self.held_bytes += content.len() as u64;
                let open = self.deltas_on(None, base);
                let origin = Origin::Repository(base);
                self.grow(Frame { origin, oid: base, kind, content: Some(content), open })?;
            }
        }
        self.complain()
    }

    fn complain(&self) -> Result<(), P::Error> {
        let count = self.done.iter().filter(|done| !**done).count() as u64;
        if count == 0 {
            return Ok(());
        }
        let waiting = self.on_object.iter().find(|(_, delta)| !self.done[*delta as usize]);
        let first = waiting.map_or(Oid::ZERO, |(base, _)| *base);
        Err(PackError::MissingBase { count, first }.into())
    }

    /// The deltas on an object that are still to be done.
    fn deltas_on(&self, number: Option<u32>, oid: Oid) -> Vec<u32> {
        let mut found = Vec::new();
        if let Some(number) = number {
            let from = self.on_entry.partition_point(|(base, _)| *base < number);
            found.extend(self.on_entry[from..].iter().take_while(|(base, _)| *base == number).map(|(_, delta)| *delta));
        }
        let from = self.on_object.partition_point(|(base, _)| *base < oid);
        found.extend(self.on_object[from..].iter().take_while(|(base, _)| *base == oid).map(|(_, delta)| *delta));
        found.retain(|delta| !self.done[*delta as usize]);
        found
    }

    /// Does all deltas that stand on a root, directly or not.
    fn grow(&mut self, root: Frame) -> Result<(), P::Error> {
        let mut stack = vec![root];
        while let Some(last) = stack.len().checked_sub(1) {
            let Some(number) = stack[last].open.pop() else {
                self.release(stack.pop());
                continue;
            };
            // Two equal objects in a pack may have been asked for the same deltas.
            if std::mem::replace(&mut self.done[number as usize], true) {
                continue;
            }
            self.restore(&mut stack)?;
            let frame = &mut stack[last];
            let (kind, base) = (frame.kind, frame.oid);
            let content = self.apply(number, frame.content.as_deref().unwrap_or_default())?;
            if frame.open.is_empty() {
                // Nothing else stands on it: a long chain holds two objects at a time.
                self.held_bytes -= frame.content.take().map_or(0, |content| content.len() as u64);
            }
            let oid = checked_id(kind, &content)?;
            let size = content.len() as u64;
            let stream = Some(self.stream.as_slice()).filter(|stream| !stream.is_empty());
            let delta = stream.map(|stream| PackDelta { base, size: self.entries[number as usize].size, stream });
            self.receiver.object(PackObject { oid, kind, size, content: Some(&content), stream: None, delta })?;
            let open = self.deltas_on(Some(number), oid);
            if open.is_empty() {
                continue;
            }
            if stack.len() as u64 > u64::from(self.limits.chain) {
                return Err(PackError::LongChain { most: self.limits.chain }.into());
            }
            self.held_bytes += size;
            stack.push(Frame { origin: Origin::Entry(number), oid, kind, content: Some(content), open });
            self.make_room(&mut stack);
        }
        Ok(())
    }

    fn release(&mut self, frame: Option<Frame>) {
        self.held_bytes -= frame.and_then(|frame| frame.content).map_or(0, |content| content.len() as u64);
    }

    /// Drops what lies lowest until the rest may be held; the object on top always stays.
    fn make_room(&mut self, stack: &mut [Frame]) {
        let below = stack.len().saturating_sub(1);
        for frame in &mut stack[..below] {
            if self.held_bytes <= self.limits.held_bytes {
                return;
            }
            self.held_bytes -= frame.content.take().map_or(0, |content| content.len() as u64);
        }
    }

    /// Sees to it that the object on top has its content, if need be by unfolding it again from what lies below.
    fn restore(&mut self, stack: &mut [Frame]) -> Result<(), P::Error> {
        let Some(top) = stack.len().checked_sub(1) else { return Ok(()) };
        if stack[top].content.is_some() {
            return Ok(());
        }
        let from = stack.iter().rposition(|frame| frame.content.is_some());
        let mut content = match from {
            Some(held) => stack[held].content.clone().unwrap_or_default(),
            None => self.root(stack[0].origin)?,
        };
        for frame in &stack[from.map_or(1, |held| held + 1)..=top] {
            if let Origin::Entry(number) = frame.origin {
                content = self.apply(number, &content)?;
            }
        }
        self.held_bytes += content.len() as u64;
        stack[top].content = Some(content);
        self.make_room(stack);
        Ok(())
    }

    /// The content of an object that is no delta.
    fn root(&mut self, origin: Origin) -> Result<Vec<u8>, P::Error> {
        match origin {
            Origin::Entry(number) => {
                let Entry { start, size, .. } = self.entries[number as usize];
                if size > self.limits.held_object_bytes {
                    let reason = delta::DeltaError::TooLarge { size, most: self.limits.held_object_bytes };
                    return Err(PackError::BadDelta { at: start, reason }.into());
                }
                Ok(self.inflate(number)?)
            }
            Origin::Repository(oid) => {
                let base = self.receiver.base(oid)?.ok_or(PackError::MissingBase { count: 1, first: oid })?;
                self.unfolded.spend(base.1.len() as u64)?;
                Ok(base.1)
            }
        }
    }

    fn apply(&mut self, number: u32, base: &[u8]) -> Result<Vec<u8>, PackError> {
        let at = self.entries[number as usize].start;
        let bad = |reason| PackError::BadDelta { at, reason };
        let delta = self.inflate(number)?;
        let promised = delta::sizes(&delta).map_err(bad)?;
        self.unfolded.spend(promised.result)?;
        delta::apply(base, &delta, self.limits.held_object_bytes).map_err(bad)
    }

    /// Reads the stream of an entry back from the spool, and keeps it if it is of sensible length.
    fn inflate(&mut self, number: u32) -> Result<Vec<u8>, PackError> {
        let Entry { start, stream, size, .. } = self.entries[number as usize];
        self.unfolded.spend(size)?;
        let here = self.spool.stream_position()?;
        self.spool.seek_relative(stream as i64 - here as i64)?;
        let end = self.entries.get(number as usize + 1).map_or(self.end, |next| next.start);
        let length = end.saturating_sub(stream);
        let mut content = Vec::with_capacity((size as usize).min(1 << 20));
        let bad = |reason| PackError::BadStream { at: start, reason };
        self.stream.clear();
        if length > sensible_stream_bytes(size) {
            let decoder = ZlibDecoder::new(&mut self.spool);
            decoder.take(size + 1).read_to_end(&mut content).map_err(|_| bad(ObjectError::NotZlib))?;
        } else {
            self.stream.resize(length as usize, 0);
            self.spool.read_exact(&mut self.stream)?;
            self.inflater.reset(true);
            loop {
                // One byte more than expected: room for it tells a stream that goes on.
                content.reserve((size as usize + 1).saturating_sub(content.len()).clamp(1, 1 << 20));
                let (taken, made) = (self.inflater.total_in(), content.len());
                let rest = &self.stream[taken as usize..];
                let status = self.inflater.decompress_vec(rest, &mut content, FlushDecompress::Finish);
                let is_stuck = self.inflater.total_in() == taken && content.len() == made;
                match status.map_err(|_| bad(ObjectError::NotZlib))? {
                    Status::StreamEnd => break,
                    _ if is_stuck || content.len() as u64 > size => return Err(bad(ObjectError::NotZlib)),
                    Status::Ok | Status::BufError => {}
                }
            }
        }
        if content.len() as u64 == size { Ok(content) } else { Err(bad(ObjectError::WrongSize { expected: size })) }
    }
}
