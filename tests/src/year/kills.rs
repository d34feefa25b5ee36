//! Blows: a program is begun and killed, as often and as late as the draw says.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::Result;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

use crate::places;

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

    /// How often a program was killed that was still running.
    pub fn of(&self, what: &str) -> u32 {
        self.done.get(what).copied().unwrap_or(0)
    }
}

impl fmt::Display for Kills {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.done.is_empty() {
            return f.write_str("nothing was killed");
        }
        let said: Vec<String> = self.done.iter().map(|(what, times)| format!("{what} killed {times} times")).collect();
        f.write_str(&said.join(", "))
    }
}

/// A command of the service on a data folder.
pub fn server(subcommand: &str, data: &Path) -> Result<Command> {
    let mut command = Command::new(places::built("jianzai-server")?);
    command.arg(subcommand).arg("--data").arg(data).env("RUST_LOG", "error").env_remove("JIANZAI_DATABASE");
    if matches!(subcommand, "import" | "work") {
        command.env("JIANZAI_MODELS", places::models());
    }
    Ok(command)
}

/// The same, saying nothing.
pub fn quiet(command: &mut Command) -> &mut Command {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null())
}
