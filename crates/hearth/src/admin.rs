//! `hearth admin …`: acts on the stores directly, on the word of whoever holds them. The server may run meanwhile.

mod accounts;
mod password;
mod ssh_keys;
mod stores;

use std::fmt;
use std::process::ExitCode;

use anyhow::Context as _;

use crate::cli::Admin;
use crate::config::Config;
use crate::hub::Hub;
use crate::print;

/// Runs one command.
pub(crate) async fn run(command: Admin, config: &Config) -> anyhow::Result<ExitCode> {
    let hub = Hub::open(config).await?;
    match command {
        Admin::User(command) => accounts::user(&hub, command).await?,
        Admin::Org(command) => accounts::org(&hub, command).await?,
        Admin::Token(command) => accounts::token(&hub, command).await?,
        Admin::SshKey(command) => ssh_keys::run(&hub, command).await?,
        Admin::Invite { email, days } => accounts::invite(&hub, email.as_ref(), days).await?,
        Admin::Import { file } => {
            let text = tokio::fs::read_to_string(&file).await;
            let text = text.with_context(|| format!("cannot read {}", file.display()))?;
            accounts::import(&hub, &text).await.with_context(|| file.display().to_string())?;
        }
        Admin::Storage { why: None } => stores::storage(&hub).await?,
        Admin::Storage { why: Some(object) } => stores::why(&hub, config, &object).await?,
        Admin::Gc { grace_secs, forgotten } => {
            let grace_secs = grace_secs.unwrap_or(config.limits.upload_grace_secs);
            stores::gc(&hub, config, grace_secs, forgotten).await?;
        }
        Admin::Check { deep } => return stores::check(&hub, deep).await,
    }
    Ok(ExitCode::SUCCESS)
}

/// Prints a line.
fn say(line: impl fmt::Display) -> anyhow::Result<()> {
    Ok(print(&format!("{line}\n"))?)
}

/// Prints rows in columns as wide as their widest cell.
fn table(head: &[&str], rows: &[Vec<String>]) -> anyhow::Result<()> {
    let head: Vec<String> = head.iter().map(|cell| (*cell).to_owned()).collect();
    let all = || std::iter::once(&head).chain(rows);
    let width = |column: usize| all().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max();
    let widths: Vec<usize> = (0..head.len()).map(|column| width(column).unwrap_or_default()).collect();
    for row in all() {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        say(cells.collect::<Vec<_>>().join("  ").trim_end())?;
    }
    Ok(())
}

/// A number of bytes as people read it.
fn size(bytes: u64) -> String {
    const UNITS: [&str; 6] = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
    let step = (bytes.max(1).ilog2() / 10).min(5);
    match step {
        0 => format!("{bytes} B"),
        _ => format!("{:.1} {}", bytes as f64 / f64::from(1 << 10).powi(step as i32), UNITS[step as usize]),
    }
}

#[cfg(test)]
mod tests {
    use super::size;

    #[test]
    fn sizes_are_told_in_the_unit_that_fits() {
        let check = |bytes, expect: &str| assert_eq!(size(bytes), expect);
        check(0, "0 B");
        check(1023, "1023 B");
        check(1024, "1.0 KiB");
        check(5 << 40, "5.0 TiB");
        check(u64::MAX, "16384.0 PiB");
    }
}
