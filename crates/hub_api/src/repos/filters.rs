//! The filters and sorts of lists, as clients write them: those of the original hub and ours.

use hub_catalog::{Clause, Group, Place, Query, Sort, Span, Term};
use hub_core::RepoKind;
use hub_http::ApiError;
use hub_repo::ListCursor;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::repos::apps;

/// No tag, name or text that is looked for is longer.
const TEXT_MAX_BYTES: usize = 300;
/// The most conditions of a question.
const CONDITIONS_MAX: usize = 64;
/// The most alternatives of one condition.
const ALTERNATIVES_MAX: usize = 256;

/// Which repositories, in which order. All conditions must hold; where a parameter says "one of", values are parted by
/// commas, and the parameter may come several times.
#[derive(Deserialize, JsonSchema, Default)]
#[serde(default)]
pub(crate) struct Filters {
    /// Tags that each repository must have.
    filter: Vec<String>,
    /// At least one of these tags.
    any: Vec<String>,
    /// None of these tags.
    not: Vec<String>,
    /// Whose repositories.
    author: Option<String>,
    /// The same, as older JavaScript clients say it.
    owner: Option<String>,
    /// Words that each `namespace/name` must hold.
    search: Vec<String>,
    /// `createdAt`, `lastModified`, `downloads`, `likes`, `trendingScore`, `numParameters`, `usedStorage` or `memory`.
    sort: Option<String>,
    /// 1 for smallest first, -1 for largest first.
    direction: Option<i32>,
    gated: Option<bool>,
    /// One of these tasks.
    pipeline_tag: Vec<String>,
    /// One of these libraries.
    library: Vec<String>,
    /// One of these languages.
    language: Vec<String>,
    /// One of these licences.
    license: Vec<String>,
    /// One of these formats of files.
    format: Vec<String>,
    /// One of these numbers of rows: `10K<n<100K`.
    size_categories: Vec<String>,
    /// One of these kinds of data: `audio`.
    modality: Vec<String>,
    /// One of these regions.
    region: Vec<String>,
    /// What runs a Space, one of these.
    sdk: Vec<String>,
    /// Trained on one of these datasets.
    dataset: Vec<String>,
    /// Derived from one of these models: `owner/name`, or `finetune:owner/name` with the relation.
    base_model: Vec<String>,
    /// Parameters in all: `min:6B,max:128B`.
    num_parameters: Option<String>,
    /// When it was created: `min:2024-01-01,max:2024-12-31`.
    created: Option<String>,
    /// When it last changed, written likewise.
    updated: Option<String>,
    /// The bytes of all its files: `min:1GB,max:20GB`.
    used_storage: Option<String>,
    /// Models that run in so much memory: `8GB`.
    runs_in: Option<String>,
    /// `warm`: models that a provider serves.
    inference: Option<String>,
    /// Providers that serve the model.
    inference_provider: Vec<String>,
    /// Apps that can run the model, one of these.
    apps: Vec<String>,
    /// Spaces that use each of these models.
    models: Vec<String>,
    /// Spaces that use each of these datasets.
    datasets: Vec<String>,
    /// Spaces that use some model or dataset.
    linked: bool,
}

impl Filters {
    /// The question to the index; `None` if nothing can match, because nothing is served by a provider here.
    pub(crate) fn parse(self, kind: RepoKind) -> Result<Option<Query>, ApiError> {
        self.check()?;
        if let Some(word) = self.inference.as_deref()
            && word != "warm"
        {
            return Err(invalid("inference", "\"warm\"", word));
        }
        if self.inference.is_some() || !self.inference_provider.is_empty() {
            return Ok(None);
        }
        let mut clauses: Vec<Clause> = Vec::new();
        for tag in split(&self.filter) {
            clauses.push(Clause::has(Group::Tag, tag_of(kind, tag)));
        }
        for alternatives in &self.any {
            clauses.extend(one_of(Group::Tag, split(std::slice::from_ref(alternatives)).map(|tag| tag_of(kind, tag))));
        }
        let unwanted: Vec<Term> = split(&self.not).map(|tag| Term::new(Group::Tag, tag_of(kind, tag))).collect();
        if !unwanted.is_empty() {
            clauses.push(Clause { terms: unwanted, negated: true });
        }
        if let Some(author) = self.author.or(self.owner) {
            clauses.push(Clause::has(Group::Author, author.to_ascii_lowercase()));
        }
        if let Some(gated) = self.gated {
            clauses.push(Clause { negated: !gated, ..Clause::has(Group::Gated, "yes") });
        }
        let groups = [
            (Group::Task, &self.pipeline_tag),
            (Group::Library, &self.library),
            (Group::Language, &self.language),
            (Group::License, &self.license),
            (Group::Format, &self.format),
            (Group::Size, &self.size_categories),
            (Group::Modality, &self.modality),
            (Group::Region, &self.region),
            (Group::Sdk, &self.sdk),
        ];
        for (group, given) in groups {
            for alternatives in given {
                clauses.extend(one_of(group, split(std::slice::from_ref(alternatives)).map(str::to_owned)));
            }
        }
        for (prefix, given) in [("dataset", &self.dataset), ("base_model", &self.base_model)] {
            for alternatives in given {
                let tags = split(std::slice::from_ref(alternatives)).map(|id| format!("{prefix}:{id}"));
                clauses.extend(one_of(Group::Tag, tags));
            }
        }
        for app in split(&self.apps) {
            clauses.extend(apps::clauses(app).ok_or_else(|| invalid("apps", &apps::names(), app))?);
        }
        for model in split(&self.models) {
            clauses.push(Clause::has(Group::Tag, format!("model:{model}")));
        }
        for dataset in split(&self.datasets) {
            clauses.push(Clause::has(Group::Tag, format!("dataset:{dataset}")));
        }
        clauses.extend(self.linked.then(|| Clause::has(Group::Uses, "yes")));
        if clauses.len() > CONDITIONS_MAX || clauses.iter().any(|clause| clause.terms.len() > ALTERNATIVES_MAX) {
            return Err(ApiError::bad_request(format!(
                "a list takes at most {CONDITIONS_MAX} conditions, each with at most {ALTERNATIVES_MAX} alternatives"
            )));
        }
        let mut spans = Vec::new();
        spans.extend(span(Sort::Parameters, "num_parameters", self.num_parameters.as_deref(), parse_amount)?);
        spans.extend(span(Sort::Created, "created", self.created.as_deref(), parse_moment)?);
        spans.extend(span(Sort::Modified, "updated", self.updated.as_deref(), parse_moment)?);
        spans.extend(span(Sort::Bytes, "used_storage", self.used_storage.as_deref(), parse_bytes)?);
        if let Some(memory) = self.runs_in.as_deref() {
            let max = parse_bytes(memory, false).ok_or_else(|| invalid("runs_in", "an amount such as 8GB", memory))?;
            spans.push(Span { number: Sort::Memory, min: None, max: Some(max) });
        }
        Ok(Some(Query {
            clauses,
            texts: self.search.iter().flat_map(|text| text.split_whitespace()).map(str::to_owned).collect(),
            spans,
            sort: self.sort.as_deref().map_or(Ok(Sort::default()), parse_sort)?,
            ascending: match self.direction {
                None | Some(-1) => false,
                Some(1) => true,
                Some(other) => return Err(invalid("direction", "1 or -1", &other.to_string())),
            },
            ..Query::default()
        }))
    }

    /// Refuses what no name and no tag can hold, before anything is made of it.
    fn check(&self) -> Result<(), ApiError> {
        let lists = [
            ("filter", &self.filter),
            ("any", &self.any),
            ("not", &self.not),
            ("search", &self.search),
            ("pipeline_tag", &self.pipeline_tag),
            ("library", &self.library),
            ("language", &self.language),
            ("license", &self.license),
            ("format", &self.format),
            ("size_categories", &self.size_categories),
            ("modality", &self.modality),
            ("region", &self.region),
            ("sdk", &self.sdk),
            ("dataset", &self.dataset),
            ("base_model", &self.base_model),
            ("apps", &self.apps),
            ("models", &self.models),
            ("datasets", &self.datasets),
        ];
        let author = self.author.iter().chain(&self.owner).map(|text| ("author", text));
        let all = lists.iter().flat_map(|(name, values)| values.iter().map(|value| (*name, value)));
        for (name, value) in all.chain(author) {
            if value.chars().any(char::is_control) {
                return Err(ApiError::bad_request(format!("`{name}`: control characters stand in no name and no tag")));
            }
            if value.split(',').any(|part| part.len() > TEXT_MAX_BYTES) {
                return Err(ApiError::bad_request(format!("`{name}`: a value has at most {TEXT_MAX_BYTES} bytes")));
            }
        }
        let words = self.search.iter().flat_map(|text| text.split_whitespace()).count();
        if words > CONDITIONS_MAX || lists.iter().any(|(_, values)| values.len() > CONDITIONS_MAX) {
            return Err(ApiError::bad_request(format!(
                "a list takes at most {CONDITIONS_MAX} conditions of each kind"
            )));
        }
        Ok(())
    }
}

fn invalid(name: &str, expected: &str, given: &str) -> ApiError {
    let given: String = given.chars().take(80).collect();
    ApiError::bad_request(format!("✖ Invalid option: expected {expected}, got {given:?}\n  → at {name}"))
}

/// Values that are parted by commas or come one by one.
fn split(values: &[String]) -> impl Iterator<Item = &str> {
    values.iter().flat_map(|value| value.split(',')).map(str::trim).filter(|value| !value.is_empty())
}

/// The tag as repositories of this kind carry it: datasets say `language:fr`, models and Spaces only `fr`, and clients ask
/// for either form.
fn tag_of(kind: RepoKind, tag: &str) -> String {
    let plain = if kind == RepoKind::Dataset { None } else { tag.strip_prefix("language:") };
    plain.unwrap_or(tag).to_owned()
}

fn one_of(group: Group, values: impl Iterator<Item = String>) -> Option<Clause> {
    let terms: Vec<Term> = values.map(|value| Term::new(group, value)).collect();
    (!terms.is_empty()).then_some(Clause { terms, negated: false })
}

/// The groups of these names.
pub(crate) fn groups(names: &[String]) -> Result<Vec<Group>, ApiError> {
    const GROUPS: [(&str, Group); 16] = [
        ("task", Group::Task),
        ("pipeline_tag", Group::Task),
        ("library", Group::Library),
        ("language", Group::Language),
        ("license", Group::License),
        ("format", Group::Format),
        ("author", Group::Author),
        ("tag", Group::Tag),
        ("gated", Group::Gated),
        ("sdk", Group::Sdk),
        ("size_categories", Group::Size),
        ("modality", Group::Modality),
        ("region", Group::Region),
        ("quantization", Group::Quantization),
        ("base_model", Group::Base),
        ("dataset", Group::Dataset),
    ];
    if names.is_empty() || names.len() > GROUPS.len() {
        return Err(ApiError::bad_request(format!("name 1 to {} facets: facet=task&facet=license", GROUPS.len())));
    }
    let group = |name: &String| {
        let known = GROUPS.iter().find(|(known, _)| known == name).map(|(_, group)| *group);
        known.ok_or_else(|| invalid("facet", &GROUPS.map(|(name, _)| name).join("|"), name))
    };
    names.iter().map(group).collect()
}

pub(crate) fn parse_cursor(text: &str) -> Result<Place, ApiError> {
    let cursor = ListCursor::from_text(text);
    let cursor = cursor.ok_or_else(|| ApiError::bad_request("`cursor` is not one that this list has given"))?;
    let (number, id) = cursor.parts();
    Ok(Place { number, id })
}

fn parse_sort(word: &str) -> Result<Sort, ApiError> {
    match word {
        "createdAt" | "created_at" | "created" => Ok(Sort::Created),
        "lastModified" | "last_modified" | "modified" | "updated" => Ok(Sort::Modified),
        "downloads" => Ok(Sort::Downloads),
        "likes" => Ok(Sort::Likes),
        "trendingScore" | "trending_score" | "trending" => Ok(Sort::Trending),
        "numParameters" | "num_parameters" | "parameters" => Ok(Sort::Parameters),
        "usedStorage" | "used_storage" | "mainSize" | "main_size" => Ok(Sort::Bytes),
        "memory" => Ok(Sort::Memory),
        _ => Err(invalid(
            "sort",
            "one of \"createdAt\"|\"downloads\"|\"lastModified\"|\"likes\"|\"trendingScore\"|\"numParameters\"|\
             \"usedStorage\"|\"memory\"",
            word,
        )),
    }
}

/// Reads one end of a range; the second argument says whether it is the lower one.
type ParseEnd = fn(&str, bool) -> Option<i64>;

/// `min:6B,max:128B` as a condition on a number.
fn span(number: Sort, name: &str, text: Option<&str>, parse: ParseEnd) -> Result<Option<Span>, ApiError> {
    let Some(text) = text else { return Ok(None) };
    let example = match number {
        Sort::Created | Sort::Modified => "min:2024-01-01,max:2024-12-31",
        Sort::Bytes => "min:1GB,max:20GB",
        _ => "min:6B,max:128B, with K, M, B or T",
    };
    let wrong = || ApiError::bad_request(format!("`{name}` is written {example}"));
    let (mut min, mut max) = (None, None);
    for bound in text.split(',') {
        let (which, amount) = bound.trim().split_once(':').ok_or_else(wrong)?;
        let is_lower = which == "min";
        let end = if is_lower { &mut min } else { &mut max };
        if !matches!(which, "min" | "max") || end.is_some() {
            return Err(wrong());
        }
        *end = Some(parse(amount.trim(), is_lower).ok_or_else(wrong)?);
    }
    if let (Some(min), Some(max)) = (min, max)
        && min > max
    {
        return Err(ApiError::bad_request(format!("`{name}`: the smallest is larger than the largest")));
    }
    Ok(Some(Span { number, min, max }))
}

fn parse_amount(text: &str, _: bool) -> Option<i64> {
    scaled(text, &[("K", 1e3), ("M", 1e6), ("B", 1e9), ("T", 1e12)])
}

fn parse_bytes(text: &str, _: bool) -> Option<i64> {
    scaled(
        text,
        &[
            ("KIB", 1024.0),
            ("MIB", 1_048_576.0),
            ("GIB", 1_073_741_824.0),
            ("TIB", 1_099_511_627_776.0),
            ("KB", 1e3),
            ("MB", 1e6),
            ("GB", 1e9),
            ("TB", 1e12),
            ("B", 1.0),
        ],
    )
}

fn scaled(text: &str, units: &[(&str, f64)]) -> Option<i64> {
    let text = text.trim().to_ascii_uppercase();
    let unit = units.iter().find_map(|(unit, factor)| text.strip_suffix(unit).map(|digits| (digits, *factor)));
    let (digits, factor) = unit.unwrap_or((&text, 1.0));
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let number: f64 = digits.parse().ok().filter(|_| is_number)?;
    // Numbers beyond what is counted stand for the largest.
    Some((number * factor) as i64)
}

/// A day, or a moment in UTC: `2024-09-25`, `2024-09-25T12:00:00Z`. As an upper end a day is meant whole.
fn parse_moment(text: &str, is_lower: bool) -> Option<i64> {
    const DAY_MS: i64 = 86_400_000;
    let (day, time) = text.split_once('T').map_or((text, None), |(day, time)| (day, Some(time)));
    let number = |text: &str, len: usize| {
        (text.len() == len && text.bytes().all(|byte| byte.is_ascii_digit()))
            .then(|| text.parse::<i64>().ok())
            .flatten()
    };
    let mut parts = day.split('-');
    let (year, month, date) = (number(parts.next()?, 4)?, number(parts.next()?, 2)?, number(parts.next()?, 2)?);
    if parts.next().is_some() || !(1..=12).contains(&month) || !(1..=31).contains(&date) {
        return None;
    }
    // Days since 1970, after Howard Hinnant.
    let year = if month <= 2 { year - 1 } else { year };
    let of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + date - 1;
    let of_era = year.rem_euclid(400);
    let days = year.div_euclid(400) * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468;
    let Some(time) = time else { return Some(days * DAY_MS + if is_lower { 0 } else { DAY_MS - 1 }) };
    let clock = time.strip_suffix('Z').unwrap_or(time).split('.').next()?;
    let mut parts = clock.split(':');
    let (hour, minute, second) =
        (number(parts.next()?, 2)?, number(parts.next()?, 2)?, number(parts.next().unwrap_or("00"), 2)?);
    (parts.next().is_none() && hour < 24 && minute < 60 && second < 61)
        .then_some(days * DAY_MS + ((hour * 60 + minute) * 60 + second) * 1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_read_as_people_write_them() {
        let check = |text, expect: Option<(Option<i64>, Option<i64>)>| {
            let span = span(Sort::Parameters, "num_parameters", Some(text), parse_amount).ok().flatten();
            assert_eq!(span.map(|span| (span.min, span.max)), expect, "{text}");
        };
        check("min:6B,max:128B", Some((Some(6_000_000_000), Some(128_000_000_000))));
        check("min:1.5m", Some((Some(1_500_000), None)));
        check("max:900", Some((None, Some(900))));
        for wrong in
            ["", "6B", "min:x", "min:-1", "some:3B", "min:inf", "min:1,min:2", "min:2B,max:1B", "min:nan", "max:"]
        {
            check(wrong, None);
        }
        assert_eq!(parse_bytes("8GB", false), Some(8_000_000_000));
        assert_eq!(parse_bytes("1.5 GiB", false), None, "a space stands in no number");
        assert_eq!(parse_bytes("2GiB", false), Some(2_147_483_648));
        assert_eq!(parse_bytes("99999999999TB", false), Some(i64::MAX));
    }

    #[test]
    fn days_and_moments_are_read() {
        assert_eq!(parse_moment("1970-01-02", true), Some(86_400_000));
        assert_eq!(parse_moment("1970-01-01", false), Some(86_399_999));
        assert_eq!(parse_moment("2024-02-29T12:30:15.5Z", true), Some(1_709_209_815_000));
        for wrong in ["", "2024", "2024-13-01", "2024-1-1", "2024-01-01T25:00:00Z", "2024-01-01-01", "yesterday"] {
            assert_eq!(parse_moment(wrong, true), None, "{wrong}");
        }
    }
}
