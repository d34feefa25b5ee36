//! `jianzai-server demo`: a register of people who don't exist, and what happened to them, of any size.
//!
//! **In**: how many people, a seed, a day, pictures for portraits if one has them. **Out**, in a folder:
//! - `people.csv`: the register, as `jianzai-server import` reads it, and the pictures that it names;
//! - `events.csv`: `id_number,event,day` over the year before the day: hospital stays, home care, visits to a clinic,
//!   vaccinations, travel, card spends, deaths and cremations;
//! - `household-YYYY-MM.csv`, one for each of the last months: `id_number,name,status` as a household register would state it:
//!   `resident`, `deceased`, `cancelled`. It lags behind, and some people are missing from it.
//!
//! The same people, seed and day give the same bytes, in whatever order or on whatever machine. Nothing is kept in memory:
//! each person follows from the seed and their number alone, and is made anew for each file.
//!
//! **What can go wrong**: the folder can't be written, or more people are asked for than there can be ID numbers.
//!
//! # What is true about them
//! Ages are those of a pension register: women from 50, men from 60, few above 100. ID numbers are valid, each occurs once,
//! and half of their division codes are of today and half abolished, as elders carry them. Names are put together from
//! frequent surnames and given names of their generation. Phone numbers begin with digits that no network has. **A number can by chance be
//! somebody's**; nothing else about that person is in the files.

mod draw;
mod history;
mod names;
mod people;
mod portraits;

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use time::Date;

use self::history::{events, household_status};
use self::people::{MOST, People, Person};
use self::portraits::Portraits;
use crate::year::dates::Month;

/// Household registers that are written, a month apart.
const HOUSEHOLD_REGISTERS: i32 = 3;
const BUFFER: usize = 1 << 20;

/// What to make.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// How many people.
    pub people: u64,
    /// From which everything follows.
    pub seed: u64,
    /// "Today".
    pub on: Date,
}

/// What was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// The register.
    pub people: PathBuf,
    /// What happened.
    pub events: PathBuf,
    /// How many events.
    pub event_rows: u64,
    /// The household registers, the oldest first.
    pub households: Vec<PathBuf>,
}

/// Why nothing could be made.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// A file or folder can't be written, or the pictures can't be read.
    #[error("{path}: {source}")]
    Files {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// There are not enough numbers.
    #[error("at most {MOST} people can be made, and at least one")]
    People,
}

/// Writes all files. The pictures in the folder `portraits` are handed round; without it nobody has one.
pub fn write(folder: &Path, options: Options, portraits: Option<&Path>) -> Result<Made, DemoError> {
    let people = People::new(options).ok_or(DemoError::People)?;
    let at = |path: &Path| {
        let path = path.to_owned();
        move |source| DemoError::Files { path, source }
    };
    std::fs::create_dir_all(folder).map_err(at(folder))?;
    let copied = Portraits::copy(portraits, folder).map_err(at(portraits.unwrap_or(folder)))?;
    let (mut number, mut event_rows) = (0, 0);
    let register = file(folder, "people.csv", |out| {
        out.write_record(["name", "id_number", "insured_place", "residence", "phones", "portrait"])?;
        people.each(|person| {
            number += 1;
            row(out, person, copied.of(number - 1))
        })
    })?;
    let happened = file(folder, "events.csv", |out| {
        out.write_record(["id_number", "event", "day"])?;
        people.each(|person| {
            for (event, day) in events(person, options.on) {
                event_rows += 1;
                out.write_record([person.id_number.expose(), event, &iso(day)])?;
            }
            Ok(())
        })
    })?;
    let mut households = Vec::new();
    for back in (0..HOUSEHOLD_REGISTERS).rev() {
        let month = Month::of(options.on).plus(-back);
        households.push(file(folder, &format!("household-{month}.csv"), |out| {
            out.write_record(["id_number", "name", "status"])?;
            people.each(|person| match household_status(person, month.first()) {
                Some(status) => out.write_record([person.id_number.expose(), person.name.as_str(), status]),
                None => Ok(()),
            })
        })?);
    }
    Ok(Made { people: register, events: happened, event_rows, households })
}

fn row(out: &mut csv::Writer<impl Write>, person: &Person, portrait: &str) -> csv::Result<()> {
    let (insured, residence) = (String::from(person.insured_place), String::from(person.residence));
    out.write_record([&person.name, person.id_number.expose(), &insured, &residence, &person.phones, portrait])
}

/// Writes a file through a large buffer.
fn file(
    folder: &Path,
    name: &str,
    fill: impl FnOnce(&mut csv::Writer<BufWriter<File>>) -> csv::Result<()>,
) -> Result<PathBuf, DemoError> {
    let path = folder.join(name);
    let write = || -> io::Result<()> {
        let mut out = csv::Writer::from_writer(BufWriter::with_capacity(BUFFER, File::create(&path)?));
        fill(&mut out)?;
        out.flush()
    };
    write().map_err(|source| DemoError::Files { path: path.clone(), source })?;
    Ok(path)
}

fn iso(day: Date) -> String {
    format!("{:04}-{:02}-{:02}", day.year(), u8::from(day.month()), day.day())
}

/// Hands each person's day of death, traces and entry in the household register to `then`.
#[cfg(test)]
pub(crate) fn each_history(
    people: u64,
    seed: u64,
    on: Date,
    mut then: impl FnMut(Option<Date>, Vec<crate::silent::Trace>, crate::silent::Statement),
) {
    use crate::silent::{Statement, Trace};
    let all = People::new(Options { people, seed, on });
    let each = all.map(|all| {
        all.each(|person| {
            let traces = events(person, on).into_iter().map(|(kind, day)| Trace { day, kind: kind.to_owned() });
            let register = match household_status(person, on) {
                Some(status) => Statement::Status { day: on, status: status.to_owned() },
                None => Statement::Absent { day: on },
            };
            then(person.died, traces.collect(), register);
            Ok::<(), ()>(())
        })
    });
    assert_eq!(each, Some(Ok(())));
}

#[cfg(test)]
mod tests;
