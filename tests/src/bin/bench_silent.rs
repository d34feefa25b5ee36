//! `cargo xtask bench service silent`: everybody certified by data, beside a bare COPY, join and insert of the same rows.
//!
//! 2 million people on PostgreSQL and on SQLite; 10 million on PostgreSQL with `--large`; `--people N`. Ends with status 1 if a
//! target is missed. The disk needs 12 GB for 2 million; everything is deleted at the end.
//!
//! Everybody lives by Qingdao's policy here: set in the table, as a tick would find it person by person, since that is not what
//! is measured.

use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use jianzai_tests::by_data::{BENCH, Cost, Ours, bare};
use jianzai_tests::database::Postgres;

const POLICY: &str = "UPDATE benefit SET policy_place = '370200', policy_version = 1, looked_on = 20000";
/// What a server of four gigabytes would be given; everything else is as it comes.
const SETTINGS: [&str; 3] = ["shared_buffers=512MB", "max_wal_size=4GB", "autovacuum_naptime=1h"];
/// What is held against the targets.
const TIMES_BARE: f64 = 1.5;
const MEMORY: u64 = 1 << 30;
const LOOKUP: Duration = Duration::from_millis(5);

fn main() -> Result<ExitCode> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let (people, sqlite_too) = match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => (2_000_000, true),
        ["--large"] => (10_000_000, false),
        ["--people", count] => (count.parse().context("--people wants a number")?, true),
        _ => bail!("there are --large and --people N"),
    };
    let folder = tempfile::tempdir()?;
    let mut kept = on_postgres(folder.path(), people)?;
    if sqlite_too {
        kept &= on_sqlite(folder.path())?;
    }
    println!("{}", if kept { "all targets met" } else { "a target is MISSED" });
    Ok(if kept { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn on_postgres(folder: &Path, people: u64) -> Result<bool> {
    let database = Postgres::with(&SETTINGS)?;
    database.psql("postgres", "CREATE DATABASE bench")?;
    let ours = Ours::new(folder.join("postgres-keys"), Some(database.url(BENCH)), &folder.join("made"))?;
    eprintln!("PostgreSQL: making {people} people, and importing them …");
    ours.make(people)?;
    database.script(BENCH, &format!("{POLICY}; VACUUM ANALYZE beneficiary; VACUUM ANALYZE benefit"))?;
    eprintln!("PostgreSQL: silent certification …");
    let costs = ours.certify()?;
    eprintln!("PostgreSQL: the bare minimum …");
    let least = bare::bare(&database)?;
    let lookup = bare::lookup(&database)?;
    let rows = database.psql(
        BENCH,
        "SELECT (SELECT count(*) FROM trace) || ' traces, ' || (SELECT count(*) FROM certification) || ' certifications, ' \
         || (SELECT count(*) FROM review) || ' reports of death, ' || (SELECT count(*) FROM fact) || ' facts'",
    )?;
    println!("{people} people: {}", rows.trim());
    tell("PostgreSQL", &costs);
    let times = seconds(&costs).as_secs_f64() / least.as_secs_f64();
    println!("  bare COPY, join and insert   {:>8.1} s", least.as_secs_f64());
    println!("  ours beside it               {times:>8.2} times (target: at most {TIMES_BARE})");
    let found = lookup.as_secs_f64() * 1e3;
    println!("  find a person                {found:>8.2} ms (target: under {})", LOOKUP.as_millis());
    Ok(times <= TIMES_BARE && lookup < LOOKUP && lean(&costs))
}

fn on_sqlite(folder: &Path) -> Result<bool> {
    let ours = Ours::new(folder.join("sqlite"), None, &folder.join("made"))?;
    eprintln!("SQLite: importing them …");
    ours.register()?;
    let file = ours.data().join("jianzai.sqlite3");
    let set = Command::new("sqlite3").arg(&file).arg(POLICY).output().context("`sqlite3` could not be started")?;
    ensure!(set.status.success(), "sqlite3: {}", String::from_utf8_lossy(&set.stderr));
    eprintln!("SQLite: silent certification …");
    let costs = ours.certify()?;
    tell("SQLite", &costs);
    fs::remove_dir_all(ours.data()).ok();
    Ok(lean(&costs))
}

fn lean(costs: &[(&str, Cost)]) -> bool {
    costs.iter().all(|(_, cost)| cost.peak < MEMORY)
}

fn seconds(costs: &[(&str, Cost)]) -> Duration {
    costs.iter().map(|(_, cost)| cost.took).sum()
}

fn tell(database: &str, costs: &[(&str, Cost)]) {
    println!("{database}");
    for (what, cost) in costs {
        let (took, peak) = (cost.took.as_secs_f64(), cost.peak >> 20);
        println!("  {what:28} {took:>8.1} s, {peak} MiB at most (target: under {})", MEMORY >> 20);
    }
    println!("  in all                       {:>8.1} s", seconds(costs).as_secs_f64());
}
