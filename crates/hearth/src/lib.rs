//! The composition root: configuration, wiring, subcommands. Everything that Hearth does is decided in the crates below.
//!
//! It is a library beside the binary so that the HTTP tests can build the very application that is served.

mod admin;
pub mod app;
mod cli;
pub mod config;
mod greeting;
mod health;
pub mod housekeeping;
pub mod hub;
mod listener;
mod log;
mod samples;
mod serve;
pub mod system;
mod webhooks;

use std::io::Write as _;
use std::process::ExitCode;

use clap::{CommandFactory as _, Parser as _};

use cli::{Cli, Command, ConfigCommand};
use config::Config;

/// Does what the command line says.
pub fn main() -> ExitCode {
    match run(Cli::parse()) {
        Ok(code) => code,
        Err(error) => {
            // With standard error closed there is nobody left to tell.
            let _ = writeln!(std::io::stderr(), "hearth: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    match &cli.command {
        Command::Config(ConfigCommand::PrintDefault) => print(config::DEFAULT_TOML)?,
        Command::Config(ConfigCommand::Check) => {
            load(&cli)?;
            print("The configuration is good.\n")?;
        }
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(*shell, &mut Cli::command(), "hearth", &mut script);
            print(&String::from_utf8(script)?)?;
        }
        Command::Man => {
            let mut page = Vec::new();
            clap_mangen::Man::new(Cli::command()).render(&mut page)?;
            print(&String::from_utf8(page)?)?;
        }
        Command::Serve(_) | Command::Admin(_) | Command::Migrate => {
            let config = load(&cli)?;
            log::start(&config.log)?;
            let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
            return runtime.block_on(run_with(cli.command, config));
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn run_with(command: Command, config: Config) -> anyhow::Result<ExitCode> {
    match command {
        Command::Serve(options) => serve::run(config, options.samples).await?,
        Command::Admin(command) => return admin::run(command, &config).await,
        Command::Migrate => {
            let applied = hub::open_db(&config).await?.migrate().await?;
            let lines: String = applied.iter().map(|name| format!("applied {name}\n")).collect();
            print(if lines.is_empty() { "The database is up to date.\n" } else { &lines })?;
        }
        Command::Config(_) | Command::Completions { .. } | Command::Man => {}
    }
    Ok(ExitCode::SUCCESS)
}

fn load(cli: &Cli) -> anyhow::Result<Config> {
    // A variable that is not Unicode cannot be one of ours.
    let unicode = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
        Some((name.into_string().ok()?, value.into_string().ok()?))
    };
    Ok(config::load(cli.place.config.as_deref(), std::env::vars_os().filter_map(unicode), &cli.flags())?)
}

/// Writes to standard output; a reader that has gone away is no error.
fn print(text: &str) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}
