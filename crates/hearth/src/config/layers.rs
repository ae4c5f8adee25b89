//! Puts the layers of the configuration together and says which of them is at fault.

use std::path::{Path, PathBuf};

use toml::{Table, Value};

use super::Config;

/// The beginning of the variables that are configuration; a section and a key follow, parted by two underscores.
const PREFIX: &str = "HEARTH_";

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read the configuration file {}", path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The file is no TOML.
    #[error("the configuration file {} is not valid TOML:\n{problem}", path.display())]
    Syntax {
        /// Which.
        path: PathBuf,
        /// What the parser says, with line and column.
        problem: String,
    },
    /// A key is unknown or a value does not fit.
    #[error("{layer}: {problem}\n(`hearth config print-default` shows every key)")]
    Value {
        /// Where it was set.
        layer: String,
        /// What is wrong.
        problem: String,
    },
}

/// What the command line says; each wins over the other layers.
#[derive(Clone, Debug, Default)]
pub struct Flags(Vec<(&'static str, String)>);

impl Flags {
    /// Sets a key (`server.listen`) if the flag was given.
    pub fn set(mut self, key: &'static str, value: Option<impl ToString>) -> Self {
        self.0.extend(value.map(|value| (key, value.to_string())));
        self
    }
}

/// Reads all layers.
pub fn load(
    file: Option<&Path>,
    environment: impl IntoIterator<Item = (String, String)>,
    flags: &Flags,
) -> Result<Config, ConfigError> {
    let mut table = Table::new();
    if let Some(path) = file {
        let unreadable = |source| ConfigError::Unreadable { path: path.to_owned(), source };
        let text = std::fs::read_to_string(path).map_err(unreadable)?;
        let syntax = |error: toml::de::Error| ConfigError::Syntax { path: path.to_owned(), problem: error.to_string() };
        table = text.parse().map_err(syntax)?;
        read(&table).map_err(|problem| ConfigError::Value { layer: path.display().to_string(), problem })?;
    }
    // A stable order, so that the same faults are told in the same words.
    let mut variables: Vec<_> = environment.into_iter().filter(|(name, _)| is_ours(name)).collect();
    variables.sort();
    for (name, value) in variables {
        let keys: Vec<String> = name[PREFIX.len()..].split("__").map(str::to_ascii_lowercase).collect();
        table = with(table, &keys, &value)
            .map_err(|problem| ConfigError::Value { layer: format!("environment variable {name}"), problem })?;
    }
    for (key, value) in &flags.0 {
        let keys: Vec<String> = key.split('.').map(str::to_owned).collect();
        table = with(table, &keys, value)
            .map_err(|problem| ConfigError::Value { layer: "command line".to_owned(), problem })?;
    }
    read(&table).map_err(|problem| ConfigError::Value { layer: "configuration".to_owned(), problem })
}

/// `HEARTH_DATA` and everything with a section; other variables of that beginning belong to scripts.
fn is_ours(name: &str) -> bool {
    name.strip_prefix(PREFIX).is_some_and(|rest| rest == "DATA" || rest.contains("__"))
}

/// The table with one value more. A value is what it looks like in TOML if the key takes that, else text.
fn with(table: Table, keys: &[String], value: &str) -> Result<Table, String> {
    let typed = format!("value = {value}").parse::<Table>().ok().and_then(|mut table| table.remove("value"));
    if let Some(typed) = typed {
        let mut candidate = table.clone();
        insert(&mut candidate, keys, typed);
        if read(&candidate).is_ok() {
            return Ok(candidate);
        }
    }
    let mut candidate = table;
    insert(&mut candidate, keys, Value::String(value.to_owned()));
    read(&candidate)?;
    Ok(candidate)
}

fn insert(table: &mut Table, keys: &[String], value: Value) {
    let Some((first, rest)) = keys.split_first() else { return };
    if rest.is_empty() {
        table.insert(first.clone(), value);
        return;
    }
    let section = table.entry(first.clone()).or_insert_with(|| Value::Table(Table::new()));
    if !section.is_table() {
        *section = Value::Table(Table::new());
    }
    if let Value::Table(section) = section {
        insert(section, rest, value);
    }
}

/// The table as configuration; the problem names the key.
fn read(table: &Table) -> Result<Config, String> {
    let named = |error: serde_path_to_error::Error<toml::de::Error>| {
        let problem = error.inner().message().trim().to_owned();
        match error.path().to_string().as_str() {
            "." => problem,
            path => format!("`{path}`: {problem}"),
        }
    };
    serde_path_to_error::deserialize(Value::Table(table.clone())).map_err(named)
}
