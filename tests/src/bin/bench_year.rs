//! `cargo xtask bench year`: a year of 100,000 people, lived in peace and lived with SIGKILL at any moment, and both held
//! against each other row by row. `--people N`, `--seed N`. Ends with status 1 if they differ.

use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use jianzai_tests::trials::figures::Table;
use jianzai_tests::year::kills::Kills;
use jianzai_tests::year::{DAYS, Year, begin, rows};

fn main() -> Result<ExitCode> {
    let (people, seed) = options()?;
    let folder = tempfile::tempdir()?;
    eprintln!("registering {people} people …");
    let (quiet, lists) = begin(folder.path(), people, seed)?;
    let killed = folder.path().join("killed");
    let copied = Command::new("cp").arg("-a").arg(&quiet).arg(&killed).status()?;
    ensure!(copied.success(), "the data folder could not be copied");

    eprintln!("the peaceful year …");
    let begun = Instant::now();
    let mut peaceful = Year::new(quiet.clone(), Kills::none());
    peaceful.live(&lists, &[])?;
    let in_peace = begun.elapsed();
    eprintln!("the other year …");
    let begun = Instant::now();
    let mut disturbed = Year::new(killed.clone(), Kills::seeded(seed));
    disturbed.live(&lists, peaceful.took())?;

    let mut table = Table::headed(&["table", "rows", "different"]);
    let compared = rows::compare(&quiet, &killed)?;
    for one in &compared {
        table.line(vec![one.table.into(), one.rows.to_string(), one.different.to_string()]);
    }
    println!("{table}");
    println!("{people} people, {DAYS} days; {}", disturbed.kills());
    println!("in peace {}, disturbed {}", minutes(in_peace), minutes(begun.elapsed()));
    let same = compared.iter().all(|one| one.different == 0);
    let hit = ["work", "batch", "tick"].iter().all(|what| disturbed.kills().of(what) > 0);
    println!("{}", if same && hit { "the same, to the row" } else { "NOT the same, or not disturbed" });
    Ok(if same && hit { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn options() -> Result<(u64, u64)> {
    let (mut people, mut seed) = (100_000, 1);
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let value = words.next().with_context(|| format!("{word} wants a number"))?.parse()?;
        match word.as_str() {
            "--people" => people = value,
            "--seed" => seed = value,
            _ => bail!("{word} is not known; there are --people and --seed"),
        }
    }
    Ok((people, seed))
}

fn minutes(time: Duration) -> String {
    format!("{} min {:02} s", time.as_secs() / 60, time.as_secs() % 60)
}
