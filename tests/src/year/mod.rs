//! A year of many people, lived twice by the service's own programs: once in peace, once with SIGKILL at any moment.
//!
//! **In**: how many people, a seed. **Out**: whether both databases are the same in the end, row by row, and what was killed
//! how often. **What can go wrong**: a program that ends with an error where nobody killed it ends the year.
//!
//! Both years begin as copies of one data folder, in which everybody is registered and the bundles of a few, really
//! recorded and sealed by the program `jianzai`, wait to be judged. Then, day by day:
//! - `work` judges what waits (on the first day). Whoever kills a judge has to wait until its lease of five minutes is over;
//!   here the lease is set back instead.
//! - `batch` takes the week's lists of employers, communities and agencies: the match of who was seen alive.
//! - `tick` looks at everybody whose day has come; a sender takes every message that waits, in one statement.
//!
//! Each is begun and killed as often as the draw says, and then run to its end.

pub mod kills;
pub mod people;
pub mod rows;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use time::{Date, OffsetDateTime, UtcOffset};

use self::kills::{Kills, server};
use self::people::Lists;
use crate::people::{AT_HOME, Register, VISITED};
use crate::places;
use crate::program::Certify;
use crate::service::Service;

/// Days that are lived through.
pub const DAYS: i64 = 365;
/// Attempts that wait to be judged on the first day.
const ATTEMPTS: u64 = 4;

/// One of the two years.
#[derive(Debug)]
pub struct Year {
    data: PathBuf,
    kills: Kills,
    /// How long each run took that nobody disturbed, by name and day.
    took: Vec<Duration>,
}

/// The data folder that both begin with, and the people in it.
pub fn begin(folder: &Path, people: u64, seed: u64) -> Result<(PathBuf, Lists)> {
    let data = folder.join("quiet");
    let lists = Lists::write(&folder.join("people"), people, seed)?;
    // Those who certify by the app have portraits, in a register of their own.
    let few = Register::write(&folder.join("few"))?;
    for register in [few.csv(), &lists.register()] {
        run(server("import", &data)?.arg(register))?;
    }
    submissions(folder, &data)?;
    Ok((data, lists))
}

/// Delivers a few attempts by the program; nobody judges.
fn submissions(folder: &Path, data: &Path) -> Result<()> {
    let service = Service::serve(data, "127.0.0.1:0", &["--demo", "--leave-judging"])?;
    for seed in 0..ATTEMPTS {
        let (person, mode) = if seed % 2 == 0 { (&AT_HOME, "self") } else { (&VISITED, "assisted") };
        let own = folder.join(format!("phone-{seed}"));
        let certify = Certify {
            service: &service,
            person,
            mode,
            actor: places::actor(),
            seed,
            data: &own,
            out: &own.join("out"),
        };
        certify.deliver()?;
    }
    let stopped = Command::new("kill").args(["-TERM", &service.id().to_string()]).status()?;
    ensure!(stopped.success(), "the service could not be told to stop");
    while rows::ask(data, "PRAGMA wal_checkpoint(TRUNCATE)")?.starts_with('1') {
        std::thread::sleep(Duration::from_millis(100));
    }
    Ok(())
}

impl Year {
    /// A year in a data folder; without kills it is the peaceful one.
    pub fn new(data: PathBuf, kills: Kills) -> Self {
        Self { data, kills, took: Vec::new() }
    }

    /// Lives through it. `peace` says how long the runs of the peaceful year took, so that blows fall anywhere within them.
    pub fn live(&mut self, lists: &Lists, peace: &[Duration]) -> Result<()> {
        let today = OffsetDateTime::now_utc().to_offset(UtcOffset::from_hms(8, 0, 0)?).date();
        let mut peace = peace.iter().copied();
        self.judge()?;
        for day in 1..=DAYS {
            let date = today + time::Duration::days(day);
            if day % 7 == 1 {
                for list in lists.of_week((day / 7).unsigned_abs(), date)? {
                    let mut batch = server("batch", &self.data)?;
                    batch.args(list.arguments()).args(["--date", &date.to_string()]).arg(list.path());
                    self.run("batch", batch, peace.next())?;
                }
            }
            let mut tick = server("tick", &self.data)?;
            tick.args(["--date", &date.to_string()]);
            self.run("tick", tick, peace.next())?;
            self.hand_over(date)?;
            if day % 30 == 0 {
                eprintln!("  {date}: {}", self.kills);
            }
        }
        Ok(())
    }

    /// How long its runs took.
    pub fn took(&self) -> &[Duration] {
        &self.took
    }

    /// How often what was killed.
    pub fn kills(&self) -> &Kills {
        &self.kills
    }

    fn run(&mut self, what: &'static str, command: Command, peace: Option<Duration>) -> Result<()> {
        let mut command = command;
        self.kills.before(what, &mut command, peace.unwrap_or_default())?;
        let begun = Instant::now();
        run(&mut command)?;
        self.took.push(begun.elapsed());
        Ok(())
    }

    /// A worker judges until nothing waits.
    fn judge(&mut self) -> Result<()> {
        let mut work = server("work", &self.data)?;
        work.arg("--demo");
        loop {
            let waiting = rows::ask(&self.data, "SELECT count(*) FROM job WHERE done_at IS NULL")?;
            if waiting.trim() == "0" {
                return Ok(());
            }
            self.kills.before("work", &mut work, Duration::from_millis(2_500))?;
            rows::ask(&self.data, "UPDATE job SET leased_until = 0 WHERE done_at IS NULL")?;
            let mut judging = kills::quiet(&mut work).spawn()?;
            let begun = Instant::now();
            while begun.elapsed() < Duration::from_secs(20)
                && rows::ask(&self.data, "SELECT count(*) FROM job WHERE done_at IS NULL")?.trim() == waiting.trim()
            {
                std::thread::sleep(Duration::from_millis(200));
            }
            Command::new("kill").args(["-TERM", &judging.id().to_string()]).status()?;
            judging.wait()?;
        }
    }

    /// A sender takes every message that waits.
    fn hand_over(&self, date: Date) -> Result<()> {
        let day = date.to_julian_day() - time::macros::date!(1970 - 01 - 01).to_julian_day();
        let taken = format!("UPDATE message SET state = 'handed_over', handed_on = {day} WHERE state = 'waiting'");
        rows::ask(&self.data, &taken).map(drop)
    }
}

fn run(command: &mut Command) -> Result<()> {
    let ended = command.output()?;
    ensure!(ended.status.success(), "{command:?}: {}", String::from_utf8_lossy(&ended.stderr));
    Ok(())
}
