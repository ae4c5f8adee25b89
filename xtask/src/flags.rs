//! Command line flags of the developer commands: `--name value`, a few of them, all optional.

use std::collections::BTreeMap;

use anyhow::{Context, bail};

/// The flags given to a command. Taking removes them, so that [`Flags::finish`] finds
/// what nobody knows.
pub(crate) struct Flags {
    given: BTreeMap<String, String>,
}

impl Flags {
    pub(crate) fn parse(arguments: impl Iterator<Item = String>) -> anyhow::Result<Self> {
        let mut arguments = arguments;
        let mut given = BTreeMap::new();
        while let Some(argument) = arguments.next() {
            let Some(name) = argument.strip_prefix("--") else { bail!("expected --name value, found `{argument}`") };
            let (name, value) = match name.split_once('=') {
                Some((name, value)) => (name.to_owned(), value.to_owned()),
                None => (name.to_owned(), arguments.next().with_context(|| format!("--{name} needs a value"))?),
            };
            given.insert(name, value);
        }
        Ok(Self { given })
    }

    pub(crate) fn text(&mut self, name: &str) -> Option<String> {
        self.given.remove(name)
    }

    pub(crate) fn number(&mut self, name: &str, otherwise: u64) -> anyhow::Result<u64> {
        match self.given.remove(name) {
            Some(value) => value.parse().with_context(|| format!("--{name} {value}: not a whole number")),
            None => Ok(otherwise),
        }
    }

    /// Call it once all flags are taken and before any work: a misspelt flag must not cost minutes.
    pub(crate) fn finish(&self) -> anyhow::Result<()> {
        match self.given.keys().next() {
            Some(name) => bail!("--{name} is not a flag of this command"),
            None => Ok(()),
        }
    }
}
