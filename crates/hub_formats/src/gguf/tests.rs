use super::*;

/// The same model in both byte orders, written by the Python package `gguf`.
const LITTLE: &[u8] = include_bytes!("../../fixtures/gguf/little.gguf");
const BIG: &[u8] = include_bytes!("../../fixtures/gguf/big.gguf");

fn whole(bytes: &[u8]) -> Result<Header, GgufError> {
    parse(bytes, bytes.len() as u64).map(|header| header.whole().expect("the whole file was given"))
}

#[test]
fn files_of_the_reference_are_read() {
    for (bytes, big_endian) in [(LITTLE, false), (BIG, true)] {
        let header = whole(bytes).expect("header");
        assert_eq!((header.version, header.big_endian), (3, big_endian));
        assert_eq!(
            header.facts(),
            GgufFacts {
                total: 4 * 32 + 32 + 64,
                architecture: Some("llama".to_owned()),
                context_length: Some(2048),
                quantization: Some("Q8_0".to_owned()),
                chat_template: Some("{{ messages }}".to_owned()),
                bos_token: Some("<s>".to_owned()),
                eos_token: Some("</s>".to_owned()),
                quantize_imatrix_file: Some("imatrix.dat".to_owned()),
            }
        );
        let check = |key: &str, expect| assert_eq!(header.get(key), Some(&expect), "{key}");
        check("x.i32", Value::Signed(-5));
        check("x.i8", Value::Signed(-1));
        check("x.u16", Value::Unsigned(65535));
        check("x.u64", Value::Unsigned(1 << 63));
        check("x.f64", Value::Float(1.5));
        check("x.bool", Value::Bool(true));
        check(
            "x.small",
            Value::Array {
                kind: Kind::I32,
                length: 3,
                items: vec![Value::Signed(1), Value::Signed(2), Value::Signed(3)],
            },
        );
        check("tokenizer.ggml.tokens", Value::Array { kind: Kind::Text, length: 104, items: Vec::new() });
        assert_eq!(header.get("tokenizer.ggml.tokens").and_then(Value::as_unsigned), None);
        assert_eq!(header.tensors[0].shape, [32, 4]);
        let counts = [("F16", 32), ("F32", 128), ("Q8_0", 64)];
        assert_eq!(header.parameters(), counts.map(|(name, count)| (name.to_owned(), count)).into());
    }
}

#[test]
fn every_prefix_says_how_much_more_it_needs() {
    for bytes in [LITTLE, BIG] {
        let full = whole(bytes).expect("header");
        for end in 0..bytes.len() {
            match parse(&bytes[..end], bytes.len() as u64).expect("sound so far") {
                FromPrefix::Incomplete { needed } => {
                    assert!(needed > end as u64 && needed <= bytes.len() as u64);
                    // A file that ends here is cut off.
                    assert_eq!(parse(&bytes[..end], end as u64), Err(GgufError::Truncated));
                }
                FromPrefix::Whole(header) => assert_eq!(header, full),
            }
        }
    }
}

/// A header with one entry, whose key is `k`.
fn with_entry(version: u32, value: &[u8]) -> Vec<u8> {
    let count =
        |number: u64| if version == 1 { (number as u32).to_le_bytes().to_vec() } else { number.to_le_bytes().to_vec() };
    [b"GGUF".to_vec(), version.to_le_bytes().to_vec(), count(0), count(1), count(1), b"k".to_vec(), value.to_vec()]
        .concat()
}

#[test]
fn the_first_version_has_narrow_lengths() {
    let text = [8_u32.to_le_bytes(), 2_u32.to_le_bytes()].concat();
    let header = whole(&with_entry(1, &[&text[..], b"hi"].concat())).expect("header");
    assert_eq!(header.get("k"), Some(&Value::Text("hi".to_owned())));
}

#[test]
fn impossible_headers_are_refused() {
    let check = |bytes: &[u8], size: u64, expect| assert_eq!(parse(bytes, size), Err(expect));
    check(b"GGML\x03\0\0\0", 100, GgufError::NotGguf);
    check(b"x", 100, GgufError::NotGguf);
    check(b"GGUF\x04\0\0\0", 100, GgufError::Version { version: 4 });
    check(b"GGUF\0\0\0\0", 100, GgufError::Version { version: 0 });
    let entry = |parts: &[&[u8]]| with_entry(3, &parts.concat());
    check(&entry(&[&13_u32.to_le_bytes()]), 1 << 40, GgufError::Kind);
    check(&entry(&[&8_u32.to_le_bytes(), &u64::MAX.to_le_bytes()]), 1 << 40, GgufError::Malformed);
    check(&entry(&[&8_u32.to_le_bytes(), &(1_u64 << 50).to_le_bytes()]), 1 << 40, GgufError::Truncated);
    check(&entry(&[&8_u32.to_le_bytes(), &(1_u64 << 35).to_le_bytes()]), 1 << 40, GgufError::TooLong);
    let array = |kind: u32, length: u64| [&kind.to_le_bytes()[..], &length.to_le_bytes()].concat();
    check(&entry(&[&9_u32.to_le_bytes(), &array(8, 1 << 62)]), 1 << 40, GgufError::Malformed);
    check(&entry(&[&9_u32.to_le_bytes(), &array(10, u64::MAX)]), 1 << 40, GgufError::Malformed);
    check(&entry(&[&9_u32.to_le_bytes(), &array(9, 1).repeat(10)]), 1 << 40, GgufError::Kind);
    let many = [&b"GGUF\x03\0\0\0"[..], &u64::MAX.to_le_bytes(), &u64::MAX.to_le_bytes()].concat();
    check(&many, 1 << 40, GgufError::Malformed);
}

#[test]
fn tensors_beyond_reason_are_refused() {
    let tensor = |extents: &[u64], offset: u64| {
        let mut bytes = [&b"GGUF\x03\0\0\0"[..], &1_u64.to_le_bytes(), &0_u64.to_le_bytes()].concat();
        bytes.extend([&1_u64.to_le_bytes()[..], b"t", &(extents.len() as u32).to_le_bytes()].concat());
        extents.iter().for_each(|extent| bytes.extend(extent.to_le_bytes()));
        bytes.extend([&0_u32.to_le_bytes()[..], &offset.to_le_bytes()].concat());
        bytes
    };
    assert_eq!(whole(&tensor(&[2, 3], 0)).map(|header| header.total_parameters()), Ok(6));
    assert_eq!(whole(&tensor(&[1 << 40, 1 << 40], 0)), Err(GgufError::Malformed));
    assert_eq!(whole(&tensor(&[1; 9], 0)), Err(GgufError::Malformed));
    assert_eq!(whole(&tensor(&[1], 1 << 40)), Err(GgufError::Malformed));
}
