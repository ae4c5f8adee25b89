//! Datasets: what the card says of them, and what format and modality their files have.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Sources, Tags, arxiv, ending};

/// Fields of the card whose values are tags under the name of the field.
const FIELDS_FIRST: &[&str] =
    &["task_categories", "task_ids", "annotations_creators", "language_creators", "multilinguality", "source_datasets"];

const IMAGES: &[&str] = &["jpg", "jpeg", "png", "gif", "webp", "bmp", "tif", "tiff"];
const SOUNDS: &[&str] = &["wav", "mp3", "flac", "ogg", "opus", "m4a", "aac"];
const FILMS: &[&str] = &["mp4", "mkv", "mov", "avi", "webm"];
const SOLIDS: &[&str] = &["glb", "gltf", "obj", "stl", "ply", "usdz"];
const MAPS: &[&str] = &["geojson", "shp", "gpkg", "geoparquet"];

/// JSON files that describe a dataset instead of being it.
const DESCRIPTIONS: &[&str] =
    &["dataset_infos.json", "dataset_info.json", "state.json", "croissant.json", "config.json"];

pub(super) fn derive(sources: &Sources<'_>, tags: &mut Tags) {
    let card = sources.card;
    for field in FIELDS_FIRST {
        tags.extend(&format!("{field}:"), card.texts(field));
    }
    for field in ["language", "license", "size_categories"] {
        tags.extend(&format!("{field}:"), card.texts(field));
    }
    let endings = count_endings(sources);
    let format = format(&endings);
    tags.extend("format:", format);
    let modalities = modalities(sources, &endings, format);
    tags.extend("modality:", modalities);
    tags.extend("library:", libraries(format).iter().copied());
    tags.extend("arxiv:", arxiv::papers(sources.readme));
    tags.extend("", card.texts("tags"));
}

const TABLES: &[&str] = &["parquet", "csv", "tsv", "json", "jsonl", "ndjson", "arrow"];
/// Further endings that say something.
const OTHERS: &[&str] = &["txt", "tar", "pdf"];

/// Whether the file matters to [`derive`].
pub(super) fn tells(path: &str) -> bool {
    let groups = [TABLES, OTHERS, IMAGES, SOUNDS, FILMS, SOLIDS, MAPS];
    let is_known = |found: &str| groups.iter().any(|group| group.iter().any(|known| known.eq_ignore_ascii_case(found)));
    data_ending(path).is_some_and(is_known)
}

/// The ending of a file of data, an ending for compression taken off.
fn data_ending(path: &str) -> Option<&str> {
    let name = path.rsplit('/').next().unwrap_or(path);
    if name.starts_with('.') || DESCRIPTIONS.contains(&name) {
        return None;
    }
    let plain = [".gz", ".zst", ".bz2", ".xz", ".lz4"].iter().find_map(|packed| path.strip_suffix(packed));
    ending(plain.unwrap_or(path))
}

/// How many files have which ending.
fn count_endings(sources: &Sources<'_>) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for ending in sources.files.iter().filter_map(|path| data_ending(path)) {
        match counts.get_mut(ending) {
            Some(count) => *count += 1,
            None => *counts.entry(ending.to_ascii_lowercase()).or_default() += 1,
        }
    }
    counts
}

/// The format of most files that have one.
fn format(endings: &BTreeMap<String, usize>) -> Option<&'static str> {
    let count = |wanted: &[&str]| wanted.iter().filter_map(|ending| endings.get(*ending)).sum::<usize>();
    // Of equals the last is taken, so the more telling ones stand behind.
    let candidates = [
        ("text", count(&["txt"])),
        ("audiofolder", count(SOUNDS)),
        ("imagefolder", count(IMAGES)),
        ("videofolder", count(FILMS)),
        ("webdataset", count(&["tar"])),
        ("arrow", count(&["arrow"])),
        ("json", count(&["json", "jsonl", "ndjson"])),
        ("csv", count(&["csv", "tsv"])),
        ("parquet", count(&["parquet"])),
    ];
    // Tables beside pictures or sounds describe these; a README's pictures beside tables do not make a folder of them.
    let tables = count(TABLES);
    let media = count(IMAGES).max(count(SOUNDS)).max(count(FILMS));
    let is_media = |format: &str| matches!(format, "audiofolder" | "imagefolder" | "videofolder");
    let few_media = tables > 0 && media <= 10 * tables;
    candidates
        .into_iter()
        .filter(|(format, count)| *count > 0 && !(is_media(format) && few_media))
        .max_by_key(|(_, count)| *count)
        .map(|(format, _)| format)
}

fn modalities(
    sources: &Sources<'_>,
    endings: &BTreeMap<String, usize>,
    format: Option<&'static str>,
) -> Vec<&'static str> {
    let mut found = Vec::new();
    let has = |wanted: &[&str]| wanted.iter().any(|ending| endings.contains_key(*ending));
    match format {
        Some("audiofolder") => found.push("audio"),
        Some("imagefolder") => found.push("image"),
        Some("videofolder") => found.push("video"),
        Some("csv") => found.push("tabular"),
        Some("text") => found.push("text"),
        _ => {}
    }
    let files = [("3d", SOLIDS), ("geospatial", MAPS), ("document", &["pdf"][..])];
    found.extend(files.into_iter().filter(|(_, endings)| has(endings)).map(|(modality, _)| modality));
    let infos: Vec<&Value> = match sources.card.data.get("dataset_info") {
        Some(Value::Array(list)) => list.iter().collect(),
        Some(one) => vec![one],
        None => Vec::new(),
    };
    for feature in infos.iter().filter_map(|info| info.get("features")?.as_array()).flatten() {
        let dtype = feature.get("dtype").map(|dtype| dtype.as_str().unwrap_or("")).unwrap_or_default();
        found.extend(match dtype {
            "string" | "large_string" => Some("text"),
            "image" => Some("image"),
            "audio" => Some("audio"),
            "video" => Some("video"),
            _ if ["int", "uint", "float"].iter().any(|number| dtype.starts_with(number)) => Some("tabular"),
            _ => None,
        });
    }
    found
}

/// The libraries that read a format.
fn libraries(format: Option<&str>) -> &'static [&'static str] {
    match format {
        Some("parquet") => &["datasets", "dask", "polars", "mlcroissant"],
        Some("csv" | "json") => &["datasets", "pandas", "polars", "mlcroissant"],
        Some("webdataset") => &["datasets", "webdataset", "mlcroissant"],
        Some(_) => &["datasets", "mlcroissant"],
        None => &[],
    }
}
