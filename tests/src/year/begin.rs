//! How both years begin: everybody is registered, and the bundles of a few wait to be judged.
//!
//! **In**: a folder, perhaps a PostgreSQL server, how many people, a seed. **Out**: the place that both years are copies of, and
//! the [`Beginning`]. **What can go wrong**: the footage or a program is missing; a bundle is not delivered.

use std::path::Path;
use std::process::Command;
use std::rc::Rc;

use anyhow::{Context as _, Result, ensure};
use time::{Date, OffsetDateTime, UtcOffset};

use super::at_ten;
use super::kills::run;
use super::people::Lists;
use super::place::Place;
use crate::database::Postgres;
use crate::people::{AT_HOME, Register, VISITED};
use crate::places;
use crate::program::Certify;
use crate::service::Service;

/// Days on which the bundles that were recorded beforehand come before a judge: what waited longer than the place takes a proof
/// for, a clerk has to look at.
const JUDGED_ON: [i64; 8] = [1, 1, 20, 45, 70, 88, 120, 300];

/// What both years share.
#[derive(Debug)]
pub struct Beginning {
    /// The people, and what comes in about them.
    pub lists: Lists,
    /// The account of the clerk who takes lists.
    pub clerk: String,
    /// The day before the first.
    today: Date,
}

impl Beginning {
    /// Makes the place with all that is in it.
    pub fn make(folder: &Path, server: Option<Rc<Postgres>>, people: u64, seed: u64) -> Result<(Self, Place)> {
        let place = Place::new(folder.join("quiet"), server)?;
        let today = OffsetDateTime::now_utc().to_offset(UtcOffset::from_hms(8, 0, 0)?).date();
        let lists = Lists::write(&folder.join("people"), people, seed, today)?;
        // Those who certify by the app have portraits, in a register of their own.
        let few = Register::write(&folder.join("few"))?;
        for register in [few.csv(), &lists.register()] {
            run(place.server(&["import"])?.arg(register))?;
        }
        let beginning = Self { lists, clerk: clerk(&place)?, today };
        beginning.submissions(folder, &place)?;
        Ok((beginning, place))
    }

    /// A day of the year, counted from 1.
    pub fn day(&self, number: i64) -> Date {
        self.today + time::Duration::days(number)
    }

    /// Certifies by the program, and kills it when the service has the bundle; nobody judges before the day.
    fn submissions(&self, folder: &Path, place: &Place) -> Result<()> {
        let mut options = vec!["--demo", "--leave-judging"];
        let url = place.url();
        options.extend(url.iter().flat_map(|url| ["--database", url]));
        let service = Service::serve(place.data(), "127.0.0.1:0", &options)?;
        for (seed, day) in (0..).zip(JUDGED_ON) {
            submit(folder, &service, seed)?;
            // Those before wait for a day that has not come.
            let (now, then) = (OffsetDateTime::now_utc().unix_timestamp() * 1_000 + 999, at_ten(self.day(day))?);
            place.ask(&format!("UPDATE job SET run_at = {then} WHERE run_at <= {now}"))?;
        }
        run(Command::new("kill").args(["-TERM", &service.id().to_string()]))?;
        place.rest()
    }
}

fn submit(folder: &Path, service: &Service, seed: u64) -> Result<()> {
    let (person, mode) = if seed.is_multiple_of(2) { (&AT_HOME, "self") } else { (&VISITED, "assisted") };
    let own = folder.join(format!("phone-{seed}"));
    let certify = Certify { service, person, mode, actor: places::actor(), seed, data: &own, out: &own.join("out") };
    certify.deliver()
}

/// Makes the account of a clerk; gives its identifier.
fn clerk(place: &Place) -> Result<String> {
    let made = place.server(&["account", "add", "clerk.year", "--role", "clerk", "--area", "000000"])?.output()?;
    ensure!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let said = String::from_utf8(made.stdout)?;
    let id = said.lines().find_map(|line| line.strip_prefix("account "));
    Ok(id.context("an account says its identifier")?.to_owned())
}
