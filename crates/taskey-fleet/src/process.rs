//! What the kernel tells of a process.

use std::time::Duration;

use anyhow::Context as _;

/// Resident memory in bytes.
pub fn resident(pid: u32) -> anyhow::Result<u64> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
    let kib: u64 = line.trim().trim_end_matches("kB").trim().parse()?;
    Ok(kib * 1024)
}

/// Processor time so far, of all its threads.
pub fn processor_time(pid: u32) -> anyhow::Result<Duration> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // The name in parentheses may hold spaces; times are the 14th and 15th field.
    let (_, rest) = text.rsplit_once(')').context("no name")?;
    let ticks = |index: usize| rest.split_whitespace().nth(index).and_then(|field| field.parse::<u64>().ok()).context("no such field");
    Ok(Duration::from_secs_f64((ticks(11)? + ticks(12)?) as f64 / rustix::param::clock_ticks_per_second() as f64))
}
