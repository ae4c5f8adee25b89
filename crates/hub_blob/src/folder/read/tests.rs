use std::io::Write;

use futures::TryStreamExt;

use super::*;

fn noise(size: usize) -> Vec<u8> {
    (0..size as u64).map(|at| (at.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as u8).collect()
}

fn opened(content: &[u8], range: Range<u64>) -> Opened {
    let mut file = tempfile();
    file.write_all(content).unwrap();
    Opened { first: Bytes::new(), rest: range, file }
}

/// A file that has no name any more.
fn tempfile() -> File {
    let path = std::env::temp_dir().join(format!("hearth-read-{:?}", std::thread::current().id()));
    let file = File::options().read(true).write(true).create_new(true).open(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    file
}

#[tokio::test]
async fn any_range_comes_in_order_through_few_buffers() {
    let content = noise(5 * CHUNK_BYTES + 17);
    let shelf = Arc::new(Shelf::default());
    for range in [0..content.len(), 1..content.len() - 1, CHUNK_BYTES..2 * CHUNK_BYTES, 7..8] {
        let mut stream = opened(&content, range.start as u64..range.end as u64).stream(&shelf);
        let mut read = Vec::new();
        while let Some(chunk) = stream.try_next().await.unwrap() {
            read.extend_from_slice(&chunk);
        }
        assert_eq!(read, content[range]);
    }
    assert_eq!(shelf.0.lock().unwrap().len(), 1, "each chunk was dropped before the next was read");
}

#[tokio::test]
async fn a_buffer_is_used_again_only_after_its_last_byte_was_dropped() {
    let content = noise(3 * CHUNK_BYTES);
    let shelf = Arc::new(Shelf::default());
    let mut stream = opened(&content, 0..content.len() as u64).stream(&shelf);
    let first = stream.try_next().await.unwrap().unwrap().slice(5..10);
    let rest: Vec<Bytes> = stream.try_collect().await.unwrap();
    assert_eq!(first, content[5..10]);
    assert_eq!(rest.concat(), content[content.len() - rest.concat().len()..]);
    drop(rest);
    let shelved = shelf.0.lock().unwrap().len();
    drop(first);
    assert_eq!(shelf.0.lock().unwrap().len(), shelved + 1);
}

#[tokio::test]
async fn a_file_that_was_cut_short_is_an_error_and_not_an_end() {
    let content = noise(CHUNK_BYTES);
    let shelf = Arc::new(Shelf::default());
    let stream = opened(&content, 0..content.len() as u64 + 1).stream(&shelf);
    let error = stream.try_collect::<Vec<Bytes>>().await.unwrap_err();
    assert!(matches!(error, BlobError::Io(error) if error.kind() == io::ErrorKind::UnexpectedEof));
}

#[test]
fn the_shelf_is_bounded() {
    let shelf = Shelf::default();
    let taken: Vec<Buffer> = (0..SHELVED_BUFFERS + 5).map(|_| shelf.take()).collect();
    taken.into_iter().for_each(|buffer| shelf.put_back(buffer));
    assert_eq!(shelf.0.lock().unwrap().len(), SHELVED_BUFFERS);
}
