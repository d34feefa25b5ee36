//! A year of many people, lived twice by the service's own programs: once in peace, once with SIGKILL at any moment.
//!
//! **In**: how many people, a seed, perhaps a PostgreSQL server. **Out**: whether both databases, and what was sent, are the same
//! in the end, row by row, and what was killed how often. **What can go wrong**: a program that ends with an error where nobody
//! killed it ends the year.
//!
//! Both years begin as copies of one place ([`begin`]), in which everybody is registered and the bundles of a few, really
//! recorded and sealed by the program `jianzai`, wait to be judged. Then, day by day:
//! - `work` judges what waits since that day.
//! - `batch` takes the week's lists of employers, communities and agencies.
//! - `silent import` takes the month's household register and events, `silent run` compares them with the people of Guangzhou
//!   and Qingdao.
//! - `tick` looks at everybody whose day has come.
//! - `send` writes every message that waits into a file.
//!
//! Each is begun and killed as often as the draw says, and then run to its end. Whoever kills a judge or a sender has to wait
//! until what it had in hand is free again, for minutes; here the year stands still meanwhile: leases and claims are set back.

pub mod begin;
pub mod kills;
pub mod people;
pub mod place;
pub mod rows;
pub mod traces;

use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::Result;
use time::{Date, UtcOffset};

use self::begin::Beginning;
use self::kills::{Kills, quiet, run};
use self::place::Place;

/// Days that are lived through.
pub const DAYS: i64 = 365;
/// The day of each month on which the data of the month are compared.
const COMPARED_ON: u8 = 5;
/// A judge has opened its networks and judged a bundle by then, about; it does not end by itself.
const JUDGED_IN: Duration = Duration::from_millis(1_200);

/// One of the two years.
#[derive(Debug)]
pub struct Year<'a> {
    place: &'a Place,
    kills: Kills,
    /// How long each run took that nobody disturbed, in order.
    took: Vec<Duration>,
    /// The same of the peaceful year, so that blows fall anywhere within a run; nothing in the peaceful year itself.
    peace: std::vec::IntoIter<Duration>,
}

impl<'a> Year<'a> {
    /// A year that nobody disturbs.
    pub fn peaceful(place: &'a Place) -> Self {
        Self { place, kills: Kills::none(), took: Vec::new(), peace: Vec::new().into_iter() }
    }

    /// The same year with kills, as a seed says.
    pub fn disturbed(place: &'a Place, seed: u64, peaceful: &Year<'_>) -> Self {
        Self { place, kills: Kills::seeded(seed), took: Vec::new(), peace: peaceful.took.clone().into_iter() }
    }

    /// Lives through it.
    pub fn live(&mut self, beginning: &Beginning) -> Result<()> {
        let mut month = 0;
        for day in 1..=DAYS {
            let date = beginning.day(day);
            self.judge(date)?;
            if day % 7 == 1 {
                self.lists(beginning, (day / 7).unsigned_abs(), date)?;
            }
            if date.day() == COMPARED_ON {
                self.compare(beginning, month, date)?;
                month += 1;
            }
            self.run("tick", self.place.server(&["tick", "--demo", "--date", &date.to_string()])?)?;
            self.send(date)?;
            if day % 30 == 0 {
                eprintln!("  {date}: {}", self.kills);
            }
        }
        Ok(())
    }

    /// How often what was killed.
    pub fn kills(&self) -> &Kills {
        &self.kills
    }

    fn run(&mut self, what: &'static str, mut command: Command) -> Result<()> {
        let peace = self.peace.next().unwrap_or_default();
        self.kills.before(what, &mut command, peace)?;
        let begun = Instant::now();
        run(&mut command)?;
        self.took.push(begun.elapsed());
        Ok(())
    }

    /// The week's lists are handed in.
    fn lists(&mut self, beginning: &Beginning, week: u64, date: Date) -> Result<()> {
        for list in beginning.lists.of_week(week, date)? {
            let mut batch = self.place.server(&["batch", "--demo", "--date", &date.to_string()])?;
            batch.args(list.arguments(&beginning.clerk)).arg(list.path());
            self.run("lists", batch)?;
        }
        Ok(())
    }

    /// The month's data come, and are compared.
    fn compare(&mut self, beginning: &Beginning, month: u64, on: Date) -> Result<()> {
        let first = on.replace_day(1)?.to_string();
        let date = on.to_string();
        let taken = |kind| self.place.server(&["silent", "import", "--demo", "--date", &date, "--kind", kind]);
        let (mut register, mut events) = (taken("register")?, taken("events")?);
        register.args(["--on", &first]).arg(beginning.lists.household(month)?);
        events.arg(beginning.lists.events(month, on)?);
        self.run("imports", register)?;
        self.run("imports", events)?;
        for rules in ["guangzhou", "qingdao"] {
            let run = self.place.server(&["silent", "run", "--rules", rules, "--demo", "--date", &date])?;
            self.run("comparisons", run)?;
        }
        Ok(())
    }

    /// A worker judges until nothing waits.
    fn judge(&mut self, date: Date) -> Result<()> {
        let (ten, evening) = (at_ten(date)?, at_ten(date)? + 12 * 3_600_000);
        let due = format!("done_at IS NULL AND run_at <= {evening}");
        let waiting = format!("SELECT count(*) FROM job WHERE {due}");
        let mut work = self.place.server(&["work", "--demo", "--date", &date.to_string()])?;
        loop {
            let left = self.place.number(&waiting)?;
            if left == 0 {
                return Ok(());
            }
            self.kills.before("work", &mut work, JUDGED_IN)?;
            // Whoever is told to stop gives back what it has in hand from then on; the next begins at ten again.
            self.place.ask(&format!("UPDATE job SET leased_until = 0, run_at = {ten} WHERE {due}"))?;
            let mut judging = quiet(&mut work).spawn()?;
            let begun = Instant::now();
            while begun.elapsed() < Duration::from_secs(20) && self.place.number(&waiting)? == left {
                std::thread::sleep(Duration::from_millis(200));
            }
            run(Command::new("kill").args(["-TERM", &judging.id().to_string()]))?;
            judging.wait()?;
        }
    }

    /// A sender writes every message that waits.
    fn send(&mut self, date: Date) -> Result<()> {
        let mut sender = self.place.server(&["send", "--demo", "--date", &date.to_string()])?;
        let ten = at_ten(date)?;
        let peace = self.peace.next().unwrap_or_default();
        self.kills.before("send", &mut sender, peace)?;
        let begun = Instant::now();
        loop {
            self.place.ask(&format!("UPDATE message SET run_at = {ten} WHERE state = 'waiting' AND run_at > {ten}"))?;
            run(&mut sender)?;
            // A database that lost its client may make the client's last claim durable only now.
            if self.place.number("SELECT count(*) FROM message WHERE state = 'waiting'")? == 0 {
                break;
            }
        }
        self.took.push(begun.elapsed());
        Ok(())
    }
}

/// Ten in the morning of a day, in milliseconds since 1970: the moment at which everything is done on it.
pub(crate) fn at_ten(date: Date) -> Result<i64> {
    let ten = date.with_hms(10, 0, 0)?.assume_offset(UtcOffset::from_hms(8, 0, 0)?);
    Ok(ten.unix_timestamp() * 1_000)
}
