//! What a process has used, from `/proc` (Linux only, like the bench's tools).

use std::fs;

use anyhow::Context;

use crate::server;

const KIB_PER_MIB: f64 = 1024.0;

pub(super) struct Process {
    pid: u32,
    ticks_per_second: f64,
}

impl Process {
    pub(super) fn new(pid: u32) -> anyhow::Result<Self> {
        let ticks = server::run(std::process::Command::new("getconf").arg("CLK_TCK"))?;
        Ok(Self { pid, ticks_per_second: ticks.trim().parse()? })
    }

    /// Seconds of processor time, its own and the kernel's on its behalf.
    pub(super) fn cpu_seconds(&self) -> anyhow::Result<f64> {
        let path = format!("/proc/{}/stat", self.pid);
        let text = fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))?;
        let ticks = ticks(&text).with_context(|| format!("{path} has an unknown shape"))?;
        Ok((ticks(14) + ticks(15)) / self.ticks_per_second)
    }

    /// Seconds of processor time of all programs that this one has called and waited for.
    pub(super) fn of_children_seconds() -> anyhow::Result<f64> {
        let this = Self::new(std::process::id())?;
        let text = fs::read_to_string("/proc/self/stat")?;
        let ticks = ticks(&text).context("/proc/self/stat has an unknown shape")?;
        Ok((ticks(16) + ticks(17)) / this.ticks_per_second)
    }

    pub(super) fn resident_mib(&self) -> anyhow::Result<f64> {
        self.status("VmRSS:")
    }

    /// The highest resident memory since [`Process::forget_peak`].
    pub(super) fn peak_mib(&self) -> anyhow::Result<f64> {
        self.status("VmHWM:")
    }

    pub(super) fn forget_peak(&self) -> anyhow::Result<()> {
        let path = format!("/proc/{}/clear_refs", self.pid);
        fs::write(&path, "5").with_context(|| format!("cannot write {path}"))
    }

    fn status(&self, field: &str) -> anyhow::Result<f64> {
        let path = format!("/proc/{}/status", self.pid);
        let text = fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))?;
        let line = text.lines().find_map(|line| line.strip_prefix(field)).context("no such field")?;
        let kib: f64 = line.trim().trim_end_matches(" kB").parse()?;
        Ok(kib / KIB_PER_MIB)
    }
}

/// The fields of a `stat` by their numbers, from one. The second is the name in parentheses and may hold spaces; `utime` and
/// `stime` are 14 and 15, those of children 16 and 17.
fn ticks(text: &str) -> Option<impl Fn(usize) -> f64> {
    let (_, after_name) = text.rsplit_once(") ")?;
    let fields: Vec<f64> = after_name.split(' ').map(|field| field.parse().unwrap_or(0.0)).collect();
    Some(move |number: usize| fields.get(number - 3).copied().unwrap_or(0.0))
}
