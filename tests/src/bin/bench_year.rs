//! `cargo xtask bench year`: a year of 100,000 people, lived in peace and lived with SIGKILL at any moment, and both held
//! against each other row by row. `--people N`, `--seed N`, `--postgres`. Ends with status 1 if they differ.
//!
//! Most of the time goes into waiting for the disk, above all the sender's. A kill loses nothing of what was written, wherever
//! it lies, so the folder may lie in memory: `TMPDIR=/dev/shm`.

use std::process::ExitCode;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use jianzai_tests::database::Postgres;
use jianzai_tests::trials::figures::Table;
use jianzai_tests::year::begin::Beginning;
use jianzai_tests::year::place::Place;
use jianzai_tests::year::{DAYS, Year, kills, rows};

/// What is asked for.
struct Asked {
    people: u64,
    seed: u64,
    /// On a PostgreSQL server of its own rather than on SQLite.
    postgres: bool,
}

fn main() -> Result<ExitCode> {
    let asked = asked()?;
    let folder = tempfile::tempdir()?;
    let server = asked.postgres.then(Postgres::start).transpose()?.map(Rc::new);
    eprintln!("registering {} people …", asked.people);
    let (beginning, quiet) = Beginning::make(folder.path(), server, asked.people, asked.seed)?;
    let killed = quiet.copy(folder.path().join("killed"))?;

    eprintln!("the peaceful year …");
    let begun = Instant::now();
    let mut peaceful = Year::peaceful(&quiet);
    peaceful.live(&beginning)?;
    let in_peace = begun.elapsed();
    eprintln!("the other year …");
    let begun = Instant::now();
    let mut disturbed = Year::disturbed(&killed, asked.seed, &peaceful);
    disturbed.live(&beginning)?;

    let took = (in_peace, begun.elapsed());
    let same = tell(&quiet, &killed)? && disturbed.kills().hit_all();
    let database = if asked.postgres { "PostgreSQL" } else { "SQLite" };
    println!("{} people, {DAYS} days, {database}; {}", asked.people, disturbed.kills());
    println!("in peace {}, disturbed {}", minutes(took.0), minutes(took.1));
    println!("{}", if same { "the same, to the row" } else { "NOT the same, or not disturbed" });
    Ok(if same { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Tells what came of the years, and whether it is the same.
fn tell(quiet: &Place, killed: &Place) -> Result<bool> {
    let mut table = Table::headed(&["what", "rows", "different"]);
    let compared = rows::compare(quiet, killed)?;
    for one in &compared {
        table.line(vec![one.what.into(), one.rows.to_string(), one.different.to_string()]);
    }
    println!("{table}");
    for one in &compared {
        one.first.iter().for_each(|row| println!("{} {row}", one.what));
    }
    println!("what the data came to: {}", rows::by_data(quiet)?);
    for place in [quiet, killed] {
        kills::run(&mut place.server(&["audit", "verify"])?)?;
    }
    Ok(compared.iter().all(|one| one.different == 0))
}

fn asked() -> Result<Asked> {
    let mut asked = Asked { people: 100_000, seed: 1, postgres: false };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let mut number = || words.next().with_context(|| format!("{word} wants a number"))?.parse().context("a number");
        match word.as_str() {
            "--people" => asked.people = number()?,
            "--seed" => asked.seed = number()?,
            "--postgres" => asked.postgres = true,
            _ => bail!("{word} is not known; there are --people, --seed and --postgres"),
        }
    }
    Ok(asked)
}

fn minutes(time: Duration) -> String {
    format!("{} min {:02} s", time.as_secs() / 60, time.as_secs() % 60)
}
