//! Rows of tables without lists and structures, which most are: each column is read for itself, and what comes before the
//! rows of a page is passed over without being decompressed, page by page.

use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::DataType;
use parquet::errors::{ParquetError, Result};
use parquet::file::reader::RowGroupReader;
use parquet::record::Field;
use parquet::schema::types::SchemaDescriptor;

use super::shown;
use crate::table::COLUMNS_MAX;

/// Whether each column of the table is one value a row, or none.
pub(super) fn is_flat(schema: &SchemaDescriptor) -> bool {
    let mut columns = schema.columns().iter();
    columns.all(|column| column.path().parts().len() == 1 && column.max_rep_level() == 0 && column.max_def_level() <= 1)
}

/// Rows of a group behind the first `skip`.
pub(super) fn rows(group: &dyn RowGroupReader, skip: usize, most: usize) -> Result<Vec<Vec<String>>> {
    let mut rows: Vec<Vec<String>> = Vec::new();
    for place in 0..group.num_columns().min(COLUMNS_MAX) {
        let cells = cells(group, place, skip, most)?;
        if place == 0 {
            rows.resize_with(cells.len(), Vec::new);
        }
        if cells.len() != rows.len() {
            return Err(ParquetError::General("the columns have not the same length".to_owned()));
        }
        for (row, cell) in rows.iter_mut().zip(cells) {
            row.push(cell);
        }
    }
    Ok(rows)
}

fn cells(group: &dyn RowGroupReader, place: usize, skip: usize, most: usize) -> Result<Vec<String>> {
    let column = group.metadata().schema_descr().column(place);
    let is_optional = column.max_def_level() > 0;
    let reader = group.get_column_reader(place)?;
    macro_rules! cells {
        ($reader:expr, $convert:expr) => {
            read($reader, is_optional, skip, most)?
                .into_iter()
                .map(|value| match value {
                    Some(value) => $convert(value).map(|field: Field| shown::cell_of(&field)),
                    None => Ok(String::new()),
                })
                .collect()
        };
    }
    match reader {
        ColumnReader::BoolColumnReader(reader) => cells!(reader, |value| Ok(Field::convert_bool(&column, value))),
        ColumnReader::Int32ColumnReader(reader) => cells!(reader, |value| Ok(Field::convert_int32(&column, value))),
        ColumnReader::Int64ColumnReader(reader) => cells!(reader, |value| Ok(Field::convert_int64(&column, value))),
        ColumnReader::Int96ColumnReader(reader) => cells!(reader, |value| Ok(Field::convert_int96(&column, value))),
        ColumnReader::FloatColumnReader(reader) => cells!(reader, |value| Ok(Field::convert_float(&column, value))),
        ColumnReader::DoubleColumnReader(reader) => cells!(reader, |value| Ok(Field::convert_double(&column, value))),
        ColumnReader::ByteArrayColumnReader(reader) => {
            cells!(reader, |value| Field::convert_byte_array(&column, value))
        }
        ColumnReader::FixedLenByteArrayColumnReader(reader) => {
            cells!(reader, |value: parquet::data_type::FixedLenByteArray| {
                Field::convert_byte_array(&column, value.into())
            })
        }
    }
}

/// The values of a column in rows behind the first `skip`.
fn read<T: DataType>(
    mut reader: ColumnReaderImpl<T>,
    is_optional: bool,
    skip: usize,
    most: usize,
) -> Result<Vec<Option<T::T>>> {
    reader.skip_records(skip)?;
    let (mut levels, mut values) = (Vec::new(), Vec::new());
    let mut count = 0;
    while count < most {
        let levels = is_optional.then_some(&mut levels);
        let (records, ..) = reader.read_records(most - count, levels, None, &mut values)?;
        if records == 0 {
            break;
        }
        count += records;
    }
    let mut values = values.into_iter();
    if !is_optional {
        return Ok(values.map(Some).collect());
    }
    let value = |level: i16| if level > 0 { values.next() } else { None };
    Ok(levels.into_iter().map(value).collect())
}
