use bytes::Bytes;
use parquet::data_type::{
    BoolType, ByteArray, ByteArrayType, DoubleType, FixedLenByteArray, FixedLenByteArrayType, Int32Type, Int64Type,
};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;

use super::*;

const SCHEMA: &str = "message m {
    REQUIRED INT64 id;
    OPTIONAL BYTE_ARRAY text (UTF8);
    OPTIONAL group scores (LIST) { REPEATED group list { REQUIRED DOUBLE element; } }
    OPTIONAL group picture { OPTIONAL BYTE_ARRAY bytes; OPTIONAL BYTE_ARRAY path (UTF8); }
}";

/// Two row groups of three rows, compressed as most files are.
fn file(codec: parquet::basic::Compression) -> Bytes {
    let schema = std::sync::Arc::new(parse_message_type(SCHEMA).unwrap());
    let properties = std::sync::Arc::new(WriterProperties::builder().set_compression(codec).build());
    let mut bytes = Vec::new();
    let mut writer = SerializedFileWriter::new(&mut bytes, schema, properties).unwrap();
    for group in 0..2_i64 {
        let mut row_group = writer.next_row_group().unwrap();
        let mut column = row_group.next_column().unwrap().unwrap();
        column.typed::<Int64Type>().write_batch(&[group * 3, group * 3 + 1, group * 3 + 2], None, None).unwrap();
        column.close().unwrap();
        let mut column = row_group.next_column().unwrap().unwrap();
        let texts = [ByteArray::from("one"), ByteArray::from("two")];
        column.typed::<ByteArrayType>().write_batch(&texts, Some(&[1, 0, 1]), None).unwrap();
        column.close().unwrap();
        let mut column = row_group.next_column().unwrap().unwrap();
        column.typed::<DoubleType>().write_batch(&[0.5, 1.5], Some(&[2, 2, 1, 0]), Some(&[0, 1, 0, 0])).unwrap();
        column.close().unwrap();
        for value in ["\u{0}\u{1}", "a.png"] {
            let mut column = row_group.next_column().unwrap().unwrap();
            column.typed::<ByteArrayType>().write_batch(&[ByteArray::from(value)], Some(&[2, 0, 0]), None).unwrap();
            column.close().unwrap();
        }
        row_group.close().unwrap();
    }
    writer.close().unwrap();
    Bytes::from(bytes)
}

#[test]
fn columns_and_first_rows_are_read() {
    use parquet::basic::{Compression, ZstdLevel};
    for codec in [Compression::UNCOMPRESSED, Compression::SNAPPY, Compression::ZSTD(ZstdLevel::default())] {
        let found = table(file(codec), 0, 4).unwrap();
        let columns: Vec<(&str, &str)> =
            found.columns.iter().map(|column| (column.name.as_str(), column.kind.as_str())).collect();
        let expect = [("id", "int64"), ("text", "string"), ("scores", "list<float64>"), ("picture", "struct")];
        assert_eq!(columns, expect);
        assert!(found.columns[0].is_number && !found.columns[2].is_number);
        assert_eq!((found.total, found.is_cut, found.rows.len()), (Some(6), true, 4));
        assert_eq!(found.rows[0], ["0", "one", "[0.5, 1.5]", "{bytes: <2 bytes>, path: \"a.png\"}"]);
        assert_eq!(found.rows[2], ["2", "two", "", ""]);
        assert_eq!(found.rows[3][0], "3");
    }
    let whole = table(file(parquet::basic::Compression::SNAPPY), 0, 100).unwrap();
    assert_eq!((whole.is_cut, whole.rows.len()), (false, 6));
}

#[test]
fn damaged_files_give_nothing_and_harm_nobody() {
    let good = file(parquet::basic::Compression::SNAPPY);
    for length in [0, 4, 8, 12, good.len() / 2, good.len() - 1] {
        assert!(table(good.slice(..length), 0, 10).is_err(), "{length}");
    }
    // Whatever is damaged: an answer, an error or a failure that the caller takes, but never an end of the process.
    let mut number = 1_u64;
    for _ in 0..300 {
        number = number.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let mut bytes = good.to_vec();
        let place = (number >> 20) as usize % bytes.len();
        bytes[place] ^= (number >> 12) as u8 | 1;
        let _ = std::panic::catch_unwind(|| table(Bytes::from(bytes), number % 7, 10));
    }
}

#[test]
fn any_page_is_read_across_groups() {
    let bytes = file(parquet::basic::Compression::SNAPPY);
    for (first, most, expect) in
        [(1, 3, &["1", "2", "3"][..]), (3, 2, &["3", "4"]), (5, 9, &["5"]), (6, 9, &[]), (99, 9, &[])]
    {
        let found = table(bytes.clone(), first, most).unwrap();
        let ids: Vec<&str> = found.rows.iter().map(|row| row[0].as_str()).collect();
        assert_eq!(ids, expect, "{first}");
        assert_eq!(found.first, first.min(6));
        let end = found.first + expect.len() as u64;
        assert_eq!(found.next, (end < 6).then_some(Start { row: end, byte: 0 }), "{first}");
    }
}

/// A flat table of one group in many small pages.
fn flat_file(rows: i64) -> Bytes {
    let schema = "message m { REQUIRED INT64 id; OPTIONAL BYTE_ARRAY text (UTF8); OPTIONAL BOOLEAN even;
        REQUIRED FIXED_LEN_BYTE_ARRAY(2) raw; OPTIONAL INT32 day (DATE); }";
    let schema = std::sync::Arc::new(parse_message_type(schema).unwrap());
    let properties = WriterProperties::builder()
        .set_compression(parquet::basic::Compression::SNAPPY)
        .set_data_page_row_count_limit(100)
        .set_write_batch_size(100)
        .build();
    let mut bytes = Vec::new();
    let mut writer = SerializedFileWriter::new(&mut bytes, schema, std::sync::Arc::new(properties)).unwrap();
    let mut group = writer.next_row_group().unwrap();
    let ids: Vec<i64> = (0..rows).collect();
    let mut column = group.next_column().unwrap().unwrap();
    column.typed::<Int64Type>().write_batch(&ids, None, None).unwrap();
    column.close().unwrap();
    // Every third row has no text.
    let levels: Vec<i16> = ids.iter().map(|id| i16::from(id % 3 != 0)).collect();
    let present = ids.iter().filter(|id| *id % 3 != 0);
    let texts: Vec<ByteArray> = present.map(|id| ByteArray::from(format!("text {id}").as_str())).collect();
    let mut column = group.next_column().unwrap().unwrap();
    column.typed::<ByteArrayType>().write_batch(&texts, Some(&levels), None).unwrap();
    column.close().unwrap();
    let all = vec![1; ids.len()];
    let even: Vec<bool> = ids.iter().map(|id| id % 2 == 0).collect();
    let mut column = group.next_column().unwrap().unwrap();
    column.typed::<BoolType>().write_batch(&even, Some(&all), None).unwrap();
    column.close().unwrap();
    let raw: Vec<FixedLenByteArray> = ids.iter().map(|_| ByteArray::from(vec![0, 1]).into()).collect();
    let mut column = group.next_column().unwrap().unwrap();
    column.typed::<FixedLenByteArrayType>().write_batch(&raw, None, None).unwrap();
    column.close().unwrap();
    let mut column = group.next_column().unwrap().unwrap();
    column.typed::<Int32Type>().write_batch(&vec![0; ids.len()], Some(&all), None).unwrap();
    column.close().unwrap();
    group.close().unwrap();
    writer.close().unwrap();
    Bytes::from(bytes)
}

#[test]
fn rows_far_into_a_flat_table_are_found_as_row_by_row() {
    let bytes = flat_file(5000);
    for first in [0, 1, 99, 100, 101, 2500, 4990, 4999] {
        let found = table(bytes.clone(), first, 20).unwrap();
        assert_eq!(found.rows.len() as u64, 20.min(5000 - first));
        for (row, id) in found.rows.iter().zip(first..) {
            let text = if id % 3 == 0 { String::new() } else { format!("text {id}") };
            let even = (id % 2 == 0).to_string();
            assert_eq!(row[..3], [id.to_string(), text, even]);
            assert_eq!(row[3..], ["<2 bytes>", "1970-01-01"]);
        }
    }
}
