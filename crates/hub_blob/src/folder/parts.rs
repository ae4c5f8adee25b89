//! Uploads in parts: each part is written straight to its place in one file, so that completion copies nothing.
//!
//! ```text
//! incoming/<id>/object      the key, and the size of the whole
//! incoming/<id>/content     the file, of its final size from the beginning
//! incoming/<id>/part-<n>    written when part n has arrived in full: offset, size, tag
//! ```
//! A writer of a part holds a shared lock on `content`, completion the exclusive one: once a file is published, no part
//! that was sent twice can still be writing to it. The locks hold between processes that share the folder.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::sync::Arc;

use futures::StreamExt;

use super::{Folder, absent_is_fine, sync_dir};
use crate::pipe::{Pipe, Sink};
use crate::{BlobError, BlobStream, ObjectKey, PartsId};

pub(super) fn begin(folder: &Folder, key: &ObjectKey, size: u64) -> Result<PartsId, BlobError> {
    if size == 0 {
        return Err(BlobError::BadParts("an empty object has no parts".to_owned()));
    }
    let id = folder.fresh_name();
    let dir = folder.incoming().join(&id);
    fs::create_dir(&dir)?;
    let filled = File::create_new(dir.join("content"))
        .and_then(|content| content.set_len(size))
        .and_then(|()| fs::write(dir.join("object"), format!("{key} {size}")));
    if let Err(error) = filled {
        absent_is_fine(fs::remove_dir_all(&dir))?;
        return Err(error.into());
    }
    Ok(id.parse().expect("hexadecimal digits are a parts id"))
}

/// An upload that is under way.
struct Upload {
    dir: PathBuf,
    size: u64,
}

impl Upload {
    fn find(folder: &Folder, key: &ObjectKey, id: &PartsId) -> Result<Self, BlobError> {
        let gone = || BlobError::NotFound(format!("upload {id}"));
        // The id comes back from a caller: only a name that `begin` can have given becomes a path.
        if id.as_str().len() != 32 || !crate::key::is_lower_hex(id.as_str()) {
            return Err(gone());
        }
        let dir = folder.incoming().join(id.as_str());
        let text = match fs::read_to_string(dir.join("object")) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(gone()),
            text => text?,
        };
        let (name, size) = text.split_once(' ').ok_or_else(gone)?;
        if name != key.to_string() {
            return Err(gone());
        }
        Ok(Self { dir, size: size.parse().map_err(|_| gone())? })
    }

    fn content(&self) -> PathBuf {
        self.dir.join("content")
    }

    fn record(&self, number: u32) -> PathBuf {
        self.dir.join(format!("part-{number}"))
    }
}

/// A part being received.
pub(super) struct PartFile {
    content: File,
    record: PathBuf,
    number: u32,
    offset: u64,
    size: u64,
    received: u64,
}

pub(super) fn open_part(
    folder: &Folder,
    key: &ObjectKey,
    id: &PartsId,
    number: u32,
    offset: u64,
    size: u64,
) -> Result<PartFile, BlobError> {
    let upload = Upload::find(folder, key, id)?;
    if number == 0 || offset.checked_add(size).is_none_or(|end| end > upload.size) {
        return Err(BlobError::BadParts(format!("part {number} lies outside the {} bytes", upload.size)));
    }
    let gone = || BlobError::NotFound(format!("upload {id}"));
    let content = match OpenOptions::new().write(true).open(upload.content()) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(gone()),
        content => content?,
    };
    match content.try_lock_shared() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(BlobError::Busy),
        Err(TryLockError::Error(error)) => return Err(error.into()),
    }
    // Completion may have published the file between the opening and the lock.
    if !upload.content().exists() {
        return Err(gone());
    }
    // What is written from now on is not what the former tag stands for.
    let record = upload.record(number);
    absent_is_fine(fs::remove_file(&record))?;
    Ok(PartFile { content, record, number, offset, size, received: 0 })
}

pub(super) async fn receive(folder: Arc<Folder>, part: PartFile, mut body: BlobStream) -> Result<String, BlobError> {
    let tag = folder.fresh_name();
    let last_tag = tag.clone();
    let mut pipe = Pipe::new(part);
    while let Some(chunk) = body.next().await {
        pipe.push(chunk?).await?;
    }
    pipe.end_with(move |part| part.finish(&folder, &last_tag)).await?;
    Ok(tag)
}

impl PartFile {
    fn finish(&mut self, folder: &Folder, tag: &str) -> Result<(), BlobError> {
        if self.received != self.size {
            return Err(self.wrong_length());
        }
        // First the bytes, then the record that says that they are there.
        self.content.sync_data()?;
        let fresh = self.record.with_file_name(format!("new-{}", folder.fresh_name()));
        let recorded = fs::write(&fresh, format!("{} {} {tag}", self.offset, self.size))
            .and_then(|()| fs::rename(&fresh, &self.record));
        recorded.map_err(|error| match error.kind() {
            // The upload was given up meanwhile.
            io::ErrorKind::NotFound => BlobError::NotFound("such upload".to_owned()),
            _ => error.into(),
        })
    }

    fn wrong_length(&self) -> BlobError {
        BlobError::WrongLength { number: self.number, announced: self.size, received: self.received }
    }
}

impl Sink for PartFile {
    fn take(&mut self, bytes: &[u8]) -> Result<(), BlobError> {
        if self.received + bytes.len() as u64 > self.size {
            return Err(self.wrong_length());
        }
        self.content.write_all_at(bytes, self.offset + self.received)?;
        self.received += bytes.len() as u64;
        Ok(())
    }
}

pub(super) fn complete(
    folder: &Folder,
    key: &ObjectKey,
    id: &PartsId,
    mut tags: Vec<(u32, String)>,
) -> Result<(), BlobError> {
    let upload = match Upload::find(folder, key, id) {
        // Asked again after the answer was lost.
        Err(BlobError::NotFound(_)) if folder.path(key).exists() => return Ok(()),
        upload => upload?,
    };
    let content = match File::open(upload.content()) {
        // A crash between publishing and clearing away.
        Err(error) if error.kind() == io::ErrorKind::NotFound && folder.path(key).exists() => {
            return absent_is_fine(fs::remove_dir_all(&upload.dir));
        }
        content => content?,
    };
    match content.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(BlobError::Busy),
        Err(TryLockError::Error(error)) => return Err(error.into()),
    }
    tags.sort_unstable();
    let mut covered = 0;
    for (number, tag) in &tags {
        let bad = |what| Err(BlobError::BadParts(format!("part {number} {what}")));
        let record = match fs::read_to_string(upload.record(*number)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return bad("has not arrived in full"),
            record => record?,
        };
        let mut words = record.split(' ');
        let (offset, size, kept) = (words.next(), words.next(), words.next());
        if kept != Some(tag.trim_matches('"')) {
            return bad("has another tag");
        }
        if offset.and_then(|offset| offset.parse().ok()) != Some(covered) {
            return bad("does not begin where the one before it ends");
        }
        covered += size.and_then(|size| size.parse::<u64>().ok()).unwrap_or(0);
    }
    if covered != upload.size {
        return Err(BlobError::BadParts(format!("{covered} of {} bytes have arrived", upload.size)));
    }
    content.sync_all()?;
    folder.publish(&upload.content(), key)?;
    sync_dir(&upload.dir)?;
    // The object is there; a rest that cannot be removed is swept later.
    if let Err(error) = fs::remove_dir_all(&upload.dir) {
        tracing::warn!(path = %upload.dir.display(), %error, "a completed upload could not be cleared away");
    }
    Ok(())
}

pub(super) fn abort(folder: &Folder, key: &ObjectKey, id: &PartsId) -> Result<(), BlobError> {
    match Upload::find(folder, key, id) {
        Ok(upload) => absent_is_fine(fs::remove_dir_all(&upload.dir)),
        Err(BlobError::NotFound(_)) => Ok(()),
        Err(error) => Err(error),
    }
}
