//! `hearth-bench`: a made-up catalog at the size of the whole ecosystem, and what it takes to search it.
//!
//! Everything comes from one seed. The numbers behind it stand in `parameters.toml`, each marked as measured or assumed;
//! `accept` prints each published statistic beside the made-up one. None of this is in the server.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command line tool speaks on standard output")]

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, bail};

mod acceptance;
mod describe;
mod drive;
mod fill;
mod http;
mod measure;
mod parameters;
mod random;
mod stopwatch;
mod traits;
mod universe;
mod words;
mod writes;

use universe::Universe;

const USAGE: &str = "\
Usage: hearth-bench COMMAND [--name value ...]

  fill     write the catalog into an empty database
           --database sqlite:PATH or postgres://…   --scale 1.0   --seed 42   --cards yes   --card-max 20000
  accept   hold a filled database against the published statistics
           --database URL
  catalog  start a server on a filled database and measure it, beside the database alone
           --database URL   --data DIR   --binary PATH   --port 7841   --times 500
  writes   of that, only what one more repository costs
           as catalog
  drive    publish a small catalog through the public API
           --address http://127.0.0.1:7860   --token hf_…   --scale 0.0001   --seed 42   --most 500
";

struct Flags(BTreeMap<String, String>);

impl Flags {
    fn parse(mut arguments: impl Iterator<Item = String>) -> anyhow::Result<Self> {
        let mut given = BTreeMap::new();
        while let Some(argument) = arguments.next() {
            let name =
                argument.strip_prefix("--").with_context(|| format!("expected --name value, found `{argument}`"))?;
            let value = arguments.next().with_context(|| format!("--{name} needs a value"))?;
            given.insert(name.to_owned(), value);
        }
        Ok(Self(given))
    }

    fn text(&mut self, name: &str, otherwise: &str) -> String {
        self.0.remove(name).unwrap_or_else(|| otherwise.to_owned())
    }

    fn number<T: std::str::FromStr>(&mut self, name: &str, otherwise: &str) -> anyhow::Result<T> {
        let text = self.text(name, otherwise);
        text.parse().map_err(|_| anyhow::anyhow!("--{name} {text} is no such number"))
    }

    fn needed(&mut self, name: &str) -> anyhow::Result<String> {
        self.0.remove(name).with_context(|| format!("--{name} is needed"))
    }

    fn finish(&self) -> anyhow::Result<()> {
        match self.0.keys().next() {
            Some(name) => bail!("--{name} is not a flag of this command"),
            None => Ok(()),
        }
    }

    fn universe(&mut self, scale: &str) -> anyhow::Result<(u64, f64)> {
        let (seed, scale): (u64, f64) = (self.number("seed", "42")?, self.number("scale", scale)?);
        anyhow::ensure!((0.0..=4.0).contains(&scale) && scale > 0.0, "--scale goes from just above 0 to 4");
        Ok((seed, scale))
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(2),
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> anyhow::Result<bool> {
    let mut arguments = std::env::args().skip(1);
    let command = arguments.next();
    let mut flags = Flags::parse(arguments)?;
    match command.as_deref() {
        Some("fill") => {
            let (seed, scale) = flags.universe("1.0")?;
            let url = flags.needed("database")?;
            let with_cards = flags.text("cards", "yes") == "yes";
            let plan = fill::Plan { with_cards, card_max: flags.number("card-max", "20000")? };
            flags.finish()?;
            let universe = Universe::new(seed, scale)?;
            println!("{} repositories from seed {seed}", universe.repositories());
            let took = fill::run(&url, &universe, &plan).await?;
            println!("written in {:.1} s", took.as_secs_f64());
            Ok(true)
        }
        Some("accept") => {
            let url = flags.needed("database")?;
            flags.finish()?;
            acceptance::run(&url).await
        }
        Some(command @ ("catalog" | "writes")) => {
            let plan = measure::Plan {
                url: flags.needed("database")?,
                data: PathBuf::from(flags.needed("data")?),
                binary: PathBuf::from(flags.needed("binary")?),
                port: flags.number("port", "7841")?,
                times: flags.number("times", "500")?,
            };
            flags.finish()?;
            measure::folder(&plan.data)?;
            if command == "writes" { measure::run_writes(&plan) } else { measure::run(&plan).await }
        }
        Some("drive") => {
            let (seed, scale) = flags.universe("0.0001")?;
            let (address, token) = (flags.text("address", "http://127.0.0.1:7860"), flags.needed("token")?);
            let most = flags.number("most", "500")?;
            flags.finish()?;
            drive::run(&address, &token, &Universe::new(seed, scale)?, most)?;
            Ok(true)
        }
        _ => {
            print!("{USAGE}");
            Ok(command.is_none() || command.as_deref() == Some("help"))
        }
    }
}
