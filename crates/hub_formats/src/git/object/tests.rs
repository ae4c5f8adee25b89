use super::*;

#[test]
fn ids_are_those_of_git() {
    let check = |kind, content: &[u8], expect: &str| assert_eq!(object_id(kind, content).to_string(), expect);
    // `git hash-object -t KIND --stdin`
    check(ObjectKind::Blob, b"", "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391");
    check(ObjectKind::Blob, b"hello\n", "ce013625030ba8dba906f756967f9e9ca394464a");
    check(ObjectKind::Tree, b"", "4b825dc642cb6eb9a060e54bf8d69288fbee4904");
    assert_eq!(object_id(ObjectKind::Tree, b""), Oid::EMPTY_TREE);
}

#[test]
fn kinds_have_one_number_and_one_word() {
    for kind in ObjectKind::ALL {
        assert_eq!(ObjectKind::from_db(kind.to_db()), Some(kind));
        assert_eq!(ObjectKind::from_word(kind.word().as_bytes()), Some(kind));
    }
    assert_eq!(ObjectKind::from_db(0), None);
    assert_eq!(ObjectKind::from_word(b"bag"), None);
}

#[test]
fn what_was_compressed_comes_back() {
    for size in [0_usize, 1, 2, 100, 1000, 70_000] {
        let content: Vec<u8> = (0..size).map(|i| (i * i % 251) as u8).collect();
        assert_eq!(decompress(&compress(&content), size as u64), Ok(content));
    }
    let zeros = vec![0; 1 << 20];
    assert_eq!(decompress(&compress(&zeros), 1 << 20), Ok(zeros));
}

#[test]
fn a_compressor_remembers_nothing_of_the_object_before() {
    let mut compressor = Compressor::default();
    for size in [70_000_usize, 0, 5, 300_000, 5] {
        // Hardly compressible, so that the first guess at the room for the result is too small.
        let content: Vec<u8> = (0..size as u64).map(|i| (i.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as u8).collect();
        let packed = compressor.compress(&content);
        assert_eq!(packed, compress(&content), "{size} bytes");
        assert_eq!(decompress(&packed, size as u64), Ok(content), "{size} bytes");
    }
}

#[test]
fn a_stream_of_git_is_read() {
    // The loose object that `git hash-object -w` makes of "hello\n", whose content carries the header too.
    let packed = hex::decode("78014bcac94f523063c848cdc9c9e702001dc50414").expect("hex");
    assert_eq!(decompress(&packed, 13), Ok(b"blob 6\0hello\n".to_vec()));
}

#[test]
fn every_prefix_and_every_wrong_size_is_refused() {
    let content = b"some content, some content, some content".to_vec();
    let packed = compress(&content);
    for end in 0..packed.len() {
        assert!(decompress(&packed[..end], content.len() as u64).is_err(), "prefix of {end} bytes");
    }
    for wrong in [0, 1, content.len() as u64 - 1, content.len() as u64 + 1, 1 << 40, u64::MAX] {
        assert!(decompress(&packed, wrong).is_err(), "size {wrong}");
    }
    let mut longer = packed.clone();
    longer.push(0);
    assert_eq!(decompress(&longer, content.len() as u64), Err(ObjectError::NotZlib));
    let mut damaged = packed;
    *damaged.last_mut().expect("not empty") ^= 1;
    assert_eq!(decompress(&damaged, content.len() as u64), Err(ObjectError::NotZlib));
}
