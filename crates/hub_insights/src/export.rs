//! Everything that is public, of one kind, as a Parquet table.
//!
//! The table is made while it is sent: a row group at a time is read by key, encoded and passed on, so that neither memory
//! nor disk grows with the number of repositories and no copy grows old. Its metadata names the place in the feed of
//! changes from which on it may be out of date: whoever goes on there misses nothing.

use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use futures::Stream;
use hub_account::Caller;
use hub_core::RepoKind;
use hub_repo::{Gating, ListedRepo, RepoId};
use parquet::basic::{Compression, ConvertedType, LogicalType, Repetition, TimeUnit, Type as Physical};
use parquet::data_type::{BoolType, ByteArray, ByteArrayType, DataType, DoubleType, Int64Type};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::types::{Type, TypePtr};

use crate::feed::BEGINNING;
use crate::{Insights, InsightsError};

/// Rows of a group, and how many are picked from the database at a time.
const GROUP: usize = 20_000;
const PICKED: usize = 500;

/// A table that is being made.
pub struct Export {
    insights: Insights,
    kind: RepoKind,
    /// The key read last.
    read_to: i64,
    writer: Option<SerializedFileWriter<Sink>>,
    sink: Sink,
}

/// What the writer has written and nobody has taken yet.
#[derive(Clone, Default)]
struct Sink(Arc<Mutex<Vec<u8>>>);

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Sink {
    fn take(&self) -> Bytes {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner)).into()
    }
}

impl Insights {
    /// The public repositories of a kind as a table.
    ///
    /// Columns: `id`, `author`, `sha`, `created_at`, `last_modified` (milliseconds, UTC), `downloads` (of 30 days),
    /// `downloads_all_time`, `likes`, `trending_score`, `gated`, `disabled`, `pipeline_tag`, `library_name`, `parameters`,
    /// `used_storage` (bytes), `tags` (a list), `card` (the metadata of the card as JSON).
    pub async fn export(&self, kind: RepoKind) -> Result<Export, InsightsError> {
        let place = self.end_of_feed().await?.cursor();
        let metadata = KeyValue::new("hearth.changes.cursor".to_owned(), place);
        let properties = WriterProperties::builder()
            .set_compression(Compression::SNAPPY)
            .set_key_value_metadata(Some(vec![metadata]))
            .build();
        let sink = Sink::default();
        let writer = SerializedFileWriter::new(sink.clone(), schema()?, Arc::new(properties))?;
        Ok(Export { insights: self.clone(), kind, read_to: BEGINNING, writer: Some(writer), sink })
    }
}

impl Export {
    /// The bytes of the table, in order.
    pub fn into_stream(self) -> impl Stream<Item = Result<Bytes, InsightsError>> + Send + 'static {
        futures::stream::try_unfold(
            self,
            |mut export| async move { Ok(export.next().await?.map(|bytes| (bytes, export))) },
        )
    }

    /// The next bytes; `None` after the last.
    async fn next(&mut self) -> Result<Option<Bytes>, InsightsError> {
        let Some(mut writer) = self.writer.take() else { return Ok(None) };
        let (rows, is_last) = self.rows().await?;
        let trending: Vec<f64> = rows.iter().map(|row| self.insights.repos.trending_score(&row.state)).collect();
        let write = move || -> Result<Option<SerializedFileWriter<Sink>>, InsightsError> {
            if !rows.is_empty() {
                let mut group = writer.next_row_group()?;
                write_group(&mut group, &rows, &trending)?;
                group.close()?;
            }
            if is_last {
                writer.close()?;
                return Ok(None);
            }
            Ok(Some(writer))
        };
        self.writer = tokio::task::spawn_blocking(write).await.map_err(|_| InsightsError::Interrupted)??;
        Ok(Some(self.sink.take()))
    }

    /// The rows of the next group, and whether they are the last.
    async fn rows(&mut self) -> Result<(Vec<ListedRepo>, bool), InsightsError> {
        let mut rows = Vec::new();
        while rows.len() < GROUP {
            let surveyed = self.insights.repos.survey(Some(RepoId::from_key(self.read_to))).await?;
            let Some(last) = surveyed.last() else { return Ok((rows, true)) };
            self.read_to = last.id.key();
            let ids: Vec<RepoId> =
                surveyed.iter().filter(|row| row.kind == self.kind && !row.is_hidden).map(|row| row.id).collect();
            for part in ids.chunks(PICKED) {
                rows.extend(self.insights.repos.pick(&Caller::Anonymous, part).await?);
            }
        }
        Ok((rows, false))
    }
}

fn schema() -> Result<TypePtr, InsightsError> {
    let text = |name: &str, repetition| {
        Type::primitive_type_builder(name, Physical::BYTE_ARRAY)
            .with_repetition(repetition)
            .with_logical_type(Some(LogicalType::String))
            .build()
    };
    let number = |name: &str, repetition| {
        Type::primitive_type_builder(name, Physical::INT64).with_repetition(repetition).build()
    };
    let moment = |name: &str| {
        let unit = TimeUnit::MILLIS;
        Type::primitive_type_builder(name, Physical::INT64)
            .with_repetition(Repetition::REQUIRED)
            .with_logical_type(Some(LogicalType::timestamp(true, unit)))
            .build()
    };
    let plain = |name: &str, physical| {
        Type::primitive_type_builder(name, physical).with_repetition(Repetition::REQUIRED).build()
    };
    let (required, optional) = (Repetition::REQUIRED, Repetition::OPTIONAL);
    let element = Type::group_type_builder("list")
        .with_repetition(Repetition::REPEATED)
        .with_fields(vec![Arc::new(text("element", required)?)])
        .build()?;
    let tags = Type::group_type_builder("tags")
        .with_repetition(required)
        .with_converted_type(ConvertedType::LIST)
        .with_logical_type(Some(LogicalType::List))
        .with_fields(vec![Arc::new(element)])
        .build()?;
    let fields = vec![
        text("id", required)?,
        text("author", required)?,
        text("sha", optional)?,
        moment("created_at")?,
        moment("last_modified")?,
        number("downloads", required)?,
        number("downloads_all_time", required)?,
        number("likes", required)?,
        plain("trending_score", Physical::DOUBLE)?,
        text("gated", optional)?,
        plain("disabled", Physical::BOOLEAN)?,
        text("pipeline_tag", optional)?,
        text("library_name", optional)?,
        number("parameters", optional)?,
        number("used_storage", required)?,
        tags,
        text("card", optional)?,
    ];
    let fields = fields.into_iter().map(Arc::new).collect();
    Ok(Arc::new(Type::group_type_builder("repository").with_fields(fields).build()?))
}

/// Writes the columns of a group in the order of the schema.
fn write_group(
    group: &mut SerializedRowGroupWriter<'_, Sink>,
    rows: &[ListedRepo],
    trending: &[f64],
) -> Result<(), InsightsError> {
    let mut columns = Columns { group, rows };
    columns.texts(|row| Some(row.state.addr.repo_id()), false)?;
    columns.texts(|row| Some(row.state.addr.namespace.to_string()), false)?;
    columns.texts(|row| row.head.map(|head| head.to_string()), true)?;
    columns.numbers(|row| row.state.created.millis())?;
    columns.numbers(|row| row.state.modified.millis())?;
    columns.numbers(|row| count(row.state.downloads))?;
    columns.numbers(|row| count(row.state.downloads_all))?;
    columns.numbers(|row| count(row.state.likes))?;
    columns.write::<DoubleType>(trending, None, None)?;
    columns.texts(|row| gating(row.state.gating).map(str::to_owned), true)?;
    let disabled: Vec<bool> = rows.iter().map(|row| row.state.disabled).collect();
    columns.write::<BoolType>(&disabled, None, None)?;
    columns.texts(|row| row.facts.pipeline_tag.clone(), true)?;
    columns.texts(|row| row.facts.library_name.clone(), true)?;
    columns.optional_numbers(|row| row.facts.parameters.map(count))?;
    columns.numbers(|row| count(row.state.used_bytes))?;
    columns.tags()?;
    columns.texts(|row| row.facts.card_data.as_ref().and_then(|card| serde_json::to_string(card).ok()), true)
}

fn gating(gating: Gating) -> Option<&'static str> {
    match gating {
        Gating::Open => None,
        Gating::Auto => Some("auto"),
        Gating::Manual => Some("manual"),
    }
}

fn count(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// The columns that are still to be written.
struct Columns<'a, 'b> {
    group: &'a mut SerializedRowGroupWriter<'b, Sink>,
    rows: &'a [ListedRepo],
}

impl Columns<'_, '_> {
    fn write<T: DataType>(
        &mut self,
        values: &[T::T],
        definitions: Option<&[i16]>,
        repetitions: Option<&[i16]>,
    ) -> Result<(), InsightsError> {
        let Some(mut column) = self.group.next_column()? else { return Ok(()) };
        column.typed::<T>().write_batch(values, definitions, repetitions)?;
        Ok(column.close()?)
    }

    fn texts(&mut self, of: impl Fn(&ListedRepo) -> Option<String>, is_optional: bool) -> Result<(), InsightsError> {
        let texts: Vec<Option<String>> = self.rows.iter().map(of).collect();
        let definitions: Vec<i16> = texts.iter().map(|text| i16::from(text.is_some())).collect();
        let values: Vec<ByteArray> = texts.into_iter().flatten().map(|text| text.as_str().into()).collect();
        self.write::<ByteArrayType>(&values, is_optional.then_some(&definitions[..]), None)
    }

    fn numbers(&mut self, of: impl Fn(&ListedRepo) -> i64) -> Result<(), InsightsError> {
        let numbers: Vec<i64> = self.rows.iter().map(of).collect();
        self.write::<Int64Type>(&numbers, None, None)
    }

    fn optional_numbers(&mut self, of: impl Fn(&ListedRepo) -> Option<i64>) -> Result<(), InsightsError> {
        let numbers: Vec<Option<i64>> = self.rows.iter().map(of).collect();
        let definitions: Vec<i16> = numbers.iter().map(|number| i16::from(number.is_some())).collect();
        let values: Vec<i64> = numbers.into_iter().flatten().collect();
        self.write::<Int64Type>(&values, Some(&definitions), None)
    }

    /// An empty list is one level with nothing in it; the first element of a list begins a row.
    fn tags(&mut self) -> Result<(), InsightsError> {
        let (mut values, mut definitions, mut repetitions) = (Vec::new(), Vec::new(), Vec::new());
        for row in self.rows {
            if row.facts.tags.is_empty() {
                definitions.push(0);
                repetitions.push(0);
            }
            for (place, tag) in row.facts.tags.iter().enumerate() {
                values.push(ByteArray::from(tag.as_str()));
                definitions.push(1);
                repetitions.push(i16::from(place > 0));
            }
        }
        self.write::<ByteArrayType>(&values, Some(&definitions), Some(&repetitions))
    }
}
