use super::*;

/// Written by the Python package `safetensors`.
const FIXTURE: &[u8] = include_bytes!("../../fixtures/safetensors/small.safetensors");

fn file(header: &str, data: usize) -> Vec<u8> {
    [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), &vec![0; data]].concat()
}

fn whole(bytes: &[u8]) -> Result<Header, SafetensorsError> {
    parse(bytes, bytes.len() as u64).map(|header| header.whole().expect("the whole file was given"))
}

#[test]
fn a_file_of_the_reference_is_read() {
    let header = whole(FIXTURE).expect("header");
    let names: Vec<_> = header.tensors.iter().map(|tensor| tensor.name.as_str()).collect();
    assert_eq!(names, ["b", "a.weight", "empty", "c", "flag"]);
    assert_eq!(header.tensors[1].shape, [3, 4]);
    assert_eq!(header.tensors[1].offsets, (40, 88));
    let counts = [("BOOL", 1), ("F16", 1), ("F32", 12), ("I64", 5)];
    assert_eq!(header.parameters(), counts.map(|(dtype, count)| (dtype.to_owned(), count)).into());
    assert_eq!(header.total(), 19);
    assert_eq!(header.metadata.get("ü").map(String::as_str), Some("x"));
}

#[test]
fn every_prefix_says_how_much_more_it_needs() {
    let header_end = whole(FIXTURE).expect("header").data_offset;
    for end in 0..FIXTURE.len() {
        let parsed = parse(&FIXTURE[..end], FIXTURE.len() as u64).expect("sound so far");
        match parsed {
            FromPrefix::Incomplete { needed } => {
                assert_eq!(needed, if end < 8 { 8 } else { header_end });
                assert!(needed > end as u64);
            }
            FromPrefix::Whole(_) => assert!(end as u64 >= header_end),
        }
    }
}

#[test]
fn unsound_files_are_refused() {
    let tensor = |dtype: &str, shape: &str, from: u64, to: u64| {
        format!(r#"{{"dtype":"{dtype}","shape":{shape},"data_offsets":[{from},{to}]}}"#)
    };
    let check = |fields: &str, data, expect: &str| {
        let error = whole(&file(&format!("{{{fields}}}"), data)).expect_err(fields);
        assert!(error.to_string().contains(expect), "{fields}: {error}");
    };
    let a = format!(r#""a":{}"#, tensor("F32", "[2]", 0, 8));
    assert!(whole(&file(&format!("{{{a}}}   "), 8)).is_ok());
    check(&a, 9, "does not end");
    check(&a, 7, "wrong offsets");
    check(&format!(r#"{a},"b":{}"#, tensor("F32", "[1]", 12, 16)), 16, "'b' has wrong offsets");
    check(&format!(r#"{a},"b":{}"#, tensor("F32", "[1]", 4, 8)), 8, "'b' has wrong offsets");
    check(&format!("{a},{a}"), 8, "twice");
    check(&format!(r#""a":{}"#, tensor("F32", "[3]", 0, 8)), 8, "size of its shape");
    check(&format!(r#""a":{}"#, tensor("F32", "[4294967296,4294967296]", 0, 8)), 8, "size of its shape");
    check(&format!(r#""a":{}"#, tensor("F32", "[-1]", 0, 8)), 8, "malformed");
    check(&format!(r#""a":{}"#, tensor("F32", "[2]", 8, 0)), 8, "wrong offsets");
    check(r#""__metadata__":{"a":1}"#, 0, "malformed");
    check("x", 0, "malformed");
    assert!(whole(&file(&format!(r#"{{"a":{}}}"#, tensor("NEW9", "[3]", 0, 5)), 5)).is_ok(), "types to come");
    assert!(matches!(whole(b"short"), Err(SafetensorsError::HeaderLength { .. })));
    assert!(matches!(whole(&file(" {}", 0)), Err(SafetensorsError::Malformed { .. })));
    for length in [100_000_001, u64::MAX] {
        assert_eq!(parse(&u64::to_le_bytes(length), u64::MAX), Err(SafetensorsError::HeaderLength { length }));
    }
    assert_eq!(parse(&u64::to_le_bytes(100), 107), Err(SafetensorsError::HeaderLength { length: 100 }));
}

#[test]
fn deep_nesting_is_refused() {
    let header = format!(r#"{{"a":{}"#, "[".repeat(1_000_000));
    assert!(matches!(whole(&file(&header, 0)), Err(SafetensorsError::Malformed { .. })));
}

#[test]
fn an_index_names_its_files() {
    let json = br#"{"metadata":{"total_size":1e3},"weight_map":{"a":"1.safetensors","b":"2.safetensors","c":"1.safetensors"}}"#;
    let index = parse_index(json).expect("index");
    assert_eq!(index.files().into_iter().collect::<Vec<_>>(), ["1.safetensors", "2.safetensors"]);
    assert_eq!(index.total_size, Some(1000));
    assert!(parse_index(b"{}").is_err());
    assert_eq!(parse_index(br#"{"weight_map":{}}"#), Ok(Index::default()));
}
