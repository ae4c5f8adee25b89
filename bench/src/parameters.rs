//! The parameters of the catalog, read from the one file that says where each comes from.

use std::collections::BTreeMap;

use anyhow::Context;
use serde::Deserialize;

const FILE: &str = include_str!("parameters.toml");

/// Words with their weights, in the order of the file.
pub(crate) struct Words {
    pub(crate) words: Vec<String>,
    pub(crate) weights: Vec<f64>,
}

/// Everything in the file: numbers by table and name, tables of words, moments of the calendar, bounds to be accepted.
pub(crate) struct Parameters {
    tables: BTreeMap<String, toml::Table>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Pair {
    Word(String, f64),
}

impl Parameters {
    pub(crate) fn read() -> anyhow::Result<Self> {
        let tables: BTreeMap<String, toml::Table> = toml::from_str(FILE).context("parameters.toml")?;
        for (name, table) in &tables {
            let evidence = table.get("evidence").and_then(toml::Value::as_str);
            anyhow::ensure!(
                matches!(evidence, Some("measured" | "assumed")),
                "table {name} of parameters.toml says `evidence = \"measured\"` or `\"assumed\"`"
            );
        }
        Ok(Self { tables })
    }

    fn value(&self, table: &str, name: &str) -> anyhow::Result<&toml::Value> {
        let value = self.tables.get(table).and_then(|table| table.get(name));
        value.with_context(|| format!("parameters.toml has no {table}.{name}"))
    }

    pub(crate) fn number(&self, table: &str, name: &str) -> anyhow::Result<f64> {
        let value = self.value(table, name)?;
        let number = value.as_float().or_else(|| value.as_integer().map(|number| number as f64));
        number.with_context(|| format!("{table}.{name} of parameters.toml is not a number"))
    }

    pub(crate) fn words(&self, table: &str, name: &str) -> anyhow::Result<Words> {
        let pairs: Vec<Pair> = self.value(table, name)?.clone().try_into()?;
        let (words, weights) = pairs.into_iter().map(|Pair::Word(word, weight)| (word, weight)).unzip();
        Ok(Words { words, weights })
    }

    pub(crate) fn pairs(&self, table: &str, name: &str) -> anyhow::Result<Vec<(f64, f64)>> {
        Ok(self.value(table, name)?.clone().try_into()?)
    }

    /// The statistics to be accepted, with their bounds.
    pub(crate) fn bounds(&self) -> anyhow::Result<Vec<(String, f64, f64)>> {
        let table = self.tables.get("acceptance").context("parameters.toml has no acceptance")?;
        let mut bounds = Vec::new();
        for (name, value) in table.iter().filter(|(name, _)| *name != "evidence") {
            let [low, high]: [f64; 2] = value
                .clone()
                .try_into::<Vec<toml::Value>>()?
                .iter()
                .filter_map(|bound| bound.as_float().or_else(|| bound.as_integer().map(|number| number as f64)))
                .collect::<Vec<f64>>()
                .try_into()
                .ok()
                .with_context(|| format!("acceptance.{name} is [low, high]"))?;
            bounds.push((name.clone(), low, high));
        }
        Ok(bounds)
    }
}

/// A day as milliseconds since 1970, from `2024-09-25`.
pub(crate) fn day_ms(text: &str) -> anyhow::Result<i64> {
    let parts: Vec<i64> = text.split('-').map(str::parse).collect::<Result<_, _>>()?;
    let [year, month, day] = parts[..] else { anyhow::bail!("{text} is not a day") };
    // Days from civil, after Howard Hinnant.
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year - era * 400;
    let of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    let days = era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468;
    Ok(days * 86_400_000)
}

impl Words {
    pub(crate) fn into_pairs(self) -> Vec<(String, f64)> {
        self.words.into_iter().zip(self.weights).collect()
    }
}
