//! Certification by data for millions: our program, and what the database does without it.
//!
//! **In**: how many people. **Out**: seconds and peak memory of importing events, importing a household register, and a run by
//! Qingdao's rules. **What can go wrong**: the disk is too small (12 GB for 2 million people).

pub mod bare;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};

use crate::places;

/// The database of the benchmark.
pub const BENCH: &str = "bench";
/// "Today" of the people who are made.
const ON: &str = "2026-11-21";
/// The last household register that is made for them.
const HOUSEHOLD: (&str, &str) = ("household-2026-11.csv", "2026-11-01");

/// Seconds and peak memory of a process of ours.
#[derive(Debug, Clone, Copy)]
pub struct Cost {
    /// From start to end.
    pub took: Duration,
    /// Bytes.
    pub peak: u64,
}

/// Our program, on one database.
pub struct Ours {
    server: PathBuf,
    data: PathBuf,
    url: Option<String>,
    made: PathBuf,
}

impl Ours {
    /// Ours on the database at `url`, or on an SQLite file among its `data`; people are made once, into `made`.
    pub fn new(data: PathBuf, url: Option<String>, made: &Path) -> Result<Self> {
        Ok(Self { server: places::built("jianzai-server")?, data, url, made: made.to_owned() })
    }

    /// Its data folder.
    pub fn data(&self) -> &Path {
        &self.data
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(&self.server);
        command.args(words).arg("--data").arg(&self.data).env_remove("JIANZAI_DATABASE").env("RUST_LOG", "warn");
        command.envs(self.url.as_ref().map(|url| ("JIANZAI_DATABASE", url)));
        command
    }

    /// Makes the files and imports the register of pensions.
    pub fn make(&self, people: u64) -> Result<()> {
        let people = people.to_string();
        let mut make = self.command(&["demo", "--people", &people, "--seed", "1", "--on", ON]);
        finish(make.arg("--out").arg(&self.made))
    }

    /// Imports the register of pensions that was made before.
    pub fn register(&self) -> Result<()> {
        let mut import = self.command(&["import"]);
        // Nobody of them has a portrait, and it would say so of each.
        finish(import.arg(self.made.join("people.csv")).stdout(Stdio::null()))
    }

    /// Takes the files, and runs the rules.
    pub fn certify(&self) -> Result<Vec<(&'static str, Cost)>> {
        let (file, day) = HOUSEHOLD;
        let mut events = self.command(&["silent", "import", "--kind", "events"]);
        let mut register = self.command(&["silent", "import", "--kind", "register", "--on", day]);
        let mut run = self.command(&["silent", "run", "--rules", "qingdao", "--demo", "--date", ON]);
        Ok(vec![
            ("events taken", cost(events.arg(self.made.join("events.csv")))?),
            ("household register taken", cost(register.arg(self.made.join(file)))?),
            ("run", cost(&mut run)?),
        ])
    }
}

/// Runs a process; its memory is asked for ten times a second.
fn cost(command: &mut Command) -> Result<Cost> {
    let begun = Instant::now();
    let mut child = command.stdin(Stdio::null()).spawn().context("jianzai-server could not be started")?;
    let status = PathBuf::from(format!("/proc/{}/status", child.id()));
    let mut peak = 0;
    loop {
        if let Ok(text) = fs::read_to_string(&status) {
            let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
            let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
            peak = peak.max(kib.unwrap_or(0) * 1024);
        }
        if let Some(ended) = child.try_wait()? {
            ensure!(ended.success(), "jianzai-server ended with {ended}");
            return Ok(Cost { took: begun.elapsed(), peak });
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}

fn finish(command: &mut Command) -> Result<()> {
    let ended = command.stdin(Stdio::null()).status().context("jianzai-server could not be started")?;
    ensure!(ended.success(), "jianzai-server ended with {ended}");
    Ok(())
}
