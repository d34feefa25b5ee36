//! Blows: a program is begun and killed, as often and as late as the draw says.

use std::collections::BTreeMap;
use std::fmt;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Result, ensure};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

/// What is killed, by the name under which it is counted.
pub const KILLED: [&str; 6] = ["tick", "lists", "imports", "comparisons", "send", "work"];

/// When and how often programs are killed.
#[derive(Debug)]
pub struct Kills {
    draw: Option<StdRng>,
    done: BTreeMap<&'static str, u32>,
}

impl Kills {
    /// Nobody is.
    pub fn none() -> Self {
        Self { draw: None, done: BTreeMap::new() }
    }

    /// As a seed says.
    pub fn seeded(seed: u64) -> Self {
        Self { draw: Some(StdRng::seed_from_u64(seed)), done: BTreeMap::new() }
    }

    /// Begins the program up to three times and kills it before, or a little after, the time that it takes in peace.
    pub fn before(&mut self, what: &'static str, command: &mut Command, peace: Duration) -> Result<()> {
        let times = self.draw.as_mut().map_or(0, |draw| draw.random_range(0..4));
        for _ in 0..times {
            let share = self.draw.as_mut().map_or(0.0, |draw| draw.random_range(0.0..1.1));
            let mut running = quiet(command).spawn()?;
            std::thread::sleep(peace.mul_f64(share));
            let alive = running.try_wait()?.is_none();
            running.kill()?;
            running.wait()?;
            *self.done.entry(what).or_default() += u32::from(alive);
        }
        Ok(())
    }

    /// Whether each of the programs was killed at least once while it was running.
    pub fn hit_all(&self) -> bool {
        KILLED.iter().all(|what| self.done.get(what).is_some_and(|times| *times > 0))
    }
}

impl fmt::Display for Kills {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.done.is_empty() {
            return f.write_str("nothing was killed");
        }
        let said: Vec<String> = self.done.iter().map(|(what, times)| format!("{what} {times}")).collect();
        write!(f, "killed: {}", said.join(", "))
    }
}

/// Runs a program to its end, which must be a good one.
pub fn run(command: &mut Command) -> Result<()> {
    let ended = command.output()?;
    ensure!(ended.status.success(), "{command:?}: {}", String::from_utf8_lossy(&ended.stderr));
    Ok(())
}

/// The same command, saying nothing.
pub fn quiet(command: &mut Command) -> &mut Command {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null())
}
