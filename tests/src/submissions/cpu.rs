//! Processor time of a process and of those that came from it, as Linux counts it: in hundredths of a second.

use std::fs;
use std::time::Duration;

use anyhow::{Context as _, Result};

/// Of a process with its threads.
pub fn of_process(id: u32) -> Result<Duration> {
    Ok(read(id).context("the process has ended")?.own)
}

/// Of a process, its children, and those of them that have ended.
pub fn of_family(id: u32) -> Result<Duration> {
    let parent = read(id).context("the process has ended")?;
    let entries = fs::read_dir("/proc")?.flatten();
    let ids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let children = ids.filter_map(read).filter(|process| process.parent == id).map(|process| process.own);
    Ok(parent.own + parent.ended + children.sum::<Duration>())
}

struct Process {
    parent: u32,
    own: Duration,
    ended: Duration,
}

fn read(id: u32) -> Option<Process> {
    let text = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    // The name may hold anything; what follows it are numbers.
    let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = |place: usize| Some(Duration::from_millis(fields.get(place)?.parse::<u64>().ok()? * 10));
    let parent = fields.get(1)?.parse().ok()?;
    Some(Process { parent, own: ticks(11)? + ticks(12)?, ended: ticks(13)? + ticks(14)? })
}
