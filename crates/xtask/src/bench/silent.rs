//! `cargo xtask bench service silent`: everybody certified by data, beside a bare COPY, join and insert of the same rows.
//!
//! **In**: how many people (2 million; 10 with `--large`, PostgreSQL only; `--people N`). **Out**: seconds and peak memory of
//! taking the events, taking a household register, and a run by Qingdao's rules, on PostgreSQL and SQLite; on the same
//! PostgreSQL the seconds of doing the bare minimum with the same rows; the time to find a person. **What can go wrong**: the
//! disk is too small (12 GB for 2 million people), PostgreSQL is not there. Everything is deleted at the end.
//!
//! *The bare minimum*: rows whose ID numbers are hashed already come by COPY from a file of the server's own; they are joined with
//! the register into tables like ours, with the same keys, indices and references; then the same results are inserted, joined
//! with the traces grouped by person. Nothing is parsed, hashed, checked, weighed or explained.
//!
//! Everybody lives by Qingdao's policy here: set in the table, as a tick would find it person by person, since that is not what
//! is measured.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use super::postgres::Postgres;
use crate::process;
use crate::stages::Stages;

/// "Today" of the people who are made.
const ON: &str = "2026-11-21";
/// The last household register that is made for them.
const HOUSEHOLD: (&str, &str) = ("household-2026-11.csv", "2026-11-01");
const POLICY: &str = "UPDATE benefit SET policy_place = '370200', policy_version = 1, looked_on = 20000";
const LOOKUPS: usize = 2_000;
/// What is held against the targets.
const TIMES_BARE: f64 = 1.5;
const MEMORY: u64 = 1 << 30;
const LOOKUP: Duration = Duration::from_millis(5);

/// Seconds and peak memory of a process of ours.
#[derive(Clone, Copy)]
struct Cost {
    took: Duration,
    peak: u64,
}

pub(super) fn run(root: &Path, stages: &mut Stages, words: &[&str]) -> Result<()> {
    let (people, large) = match words {
        [] => (2_000_000, false),
        ["--large"] => (10_000_000, true),
        ["--people", count] => (count.parse().context("--people wants a number")?, false),
        _ => bail!("`bench service silent` knows --large and --people N"),
    };
    stages.stage("compile", || {
        let mut build = Command::new("cargo");
        build.args(["build", "--locked", "--release", "--package", "jianzai-server"]).current_dir(root);
        process::run(&mut build)
    })?;
    let server = root.join("target/release/jianzai-server");
    let folder = root.join("target/bench-silent");
    fs::remove_dir_all(&folder).ok();
    fs::create_dir_all(&folder)?;
    let done = measure(&server, &folder, stages, people, large);
    fs::remove_dir_all(&folder).ok();
    done
}

fn measure(server: &Path, folder: &Path, stages: &mut Stages, people: u64, large: bool) -> Result<()> {
    let made = folder.join("made");
    let database = Postgres::start(&folder.join("postgres"))?;
    let ours = Ours { server, data: folder.join("postgres-keys"), url: Some(database.url()), made: &made };
    stages.stage(&format!("make {people} people, and import them into PostgreSQL"), || ours.make(people))?;
    database.ask(&format!("{POLICY}; VACUUM ANALYZE beneficiary; VACUUM ANALYZE benefit"))?;
    let costs = stages.stage("PostgreSQL: silent certification", || ours.certify())?;
    let bare = stages.stage("PostgreSQL: the bare minimum", || bare(&database))?;
    let lookup = stages.stage("PostgreSQL: find a person", || lookup(&database))?;
    let rows = database.ask(
        "SELECT (SELECT count(*) FROM trace) || ' traces, ' || (SELECT count(*) FROM certification) || ' certifications, ' \
         || (SELECT count(*) FROM review) || ' reports of death, ' || (SELECT count(*) FROM fact) || ' facts'",
    )?;
    drop(database);
    println!("\n{people} people: {rows}");
    tell("PostgreSQL", &costs);
    let times = seconds(&costs).as_secs_f64() / bare.as_secs_f64();
    println!("  bare COPY, join and insert   {:>8.1} s", bare.as_secs_f64());
    println!("  ours beside it               {times:>8.2} times (target: at most {TIMES_BARE})");
    println!(
        "  find a person                {:>8.2} ms (target: under {})",
        lookup.as_secs_f64() * 1e3,
        LOOKUP.as_millis()
    );
    let mut kept = times <= TIMES_BARE && lookup < LOOKUP && costs.iter().all(|(_, cost)| cost.peak < MEMORY);
    if !large {
        fs::remove_dir_all(folder.join("postgres")).ok();
        let ours = Ours { server, data: folder.join("sqlite"), url: None, made: &made };
        stages.stage("import them into SQLite", || ours.register())?;
        let file = ours.data.join("jianzai.sqlite3");
        process::run(Command::new("sqlite3").arg(&file).arg(POLICY))?;
        let costs = stages.stage("SQLite: silent certification", || ours.certify())?;
        tell("SQLite", &costs);
        kept &= costs.iter().all(|(_, cost)| cost.peak < MEMORY);
    }
    if !kept {
        bail!("a target is missed");
    }
    Ok(())
}

fn seconds(costs: &[(&str, Cost)]) -> Duration {
    costs.iter().map(|(_, cost)| cost.took).sum()
}

fn tell(database: &str, costs: &[(&str, Cost)]) {
    println!("{database}");
    for (what, cost) in costs {
        let peak = cost.peak >> 20;
        println!("  {what:28} {:>8.1} s, {peak} MiB at most (target: under {})", cost.took.as_secs_f64(), MEMORY >> 20);
    }
    println!("  in all                       {:>8.1} s", seconds(costs).as_secs_f64());
}

/// Our program, on one database.
struct Ours<'a> {
    server: &'a Path,
    data: PathBuf,
    url: Option<String>,
    made: &'a Path,
}

impl Ours<'_> {
    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(self.server);
        command.args(words).arg("--data").arg(&self.data).env_remove("JIANZAI_DATABASE").env("RUST_LOG", "warn");
        command.envs(self.url.as_ref().map(|url| ("JIANZAI_DATABASE", url)));
        command
    }

    /// Makes the files and imports the register of pensions.
    fn make(&self, people: u64) -> Result<()> {
        let people = people.to_string();
        let mut make = self.command(&["demo", "--people", &people, "--seed", "1", "--on", ON]);
        process::run(make.arg("--out").arg(self.made))
    }

    fn register(&self) -> Result<()> {
        let mut import = self.command(&["import"]);
        // Nobody of them has a portrait, and it would say so of each.
        process::run(import.arg(self.made.join("people.csv")).stdout(Stdio::null()))
    }

    /// Takes the files, and runs the rules.
    fn certify(&self) -> Result<Vec<(&'static str, Cost)>> {
        let (file, day) = HOUSEHOLD;
        let mut events = self.command(&["silent", "import", "--kind", "events"]);
        let mut register = self.command(&["silent", "import", "--kind", "register", "--on", day]);
        let mut run = self.command(&["silent", "run", "--rules", "qingdao", "--date", ON]);
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
            if !ended.success() {
                bail!("jianzai-server ended with {ended}");
            }
            return Ok(Cost { took: begun.elapsed(), peak });
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// The same rows by the shortest way.
fn bare(database: &Postgres) -> Result<Duration> {
    let [events, register] = ["events", "register"].map(|name| database.folder().join(name).display().to_string());
    database.ask(&format!(
        "COPY (SELECT b.id_hash, t.kind, t.on_day FROM trace t JOIN beneficiary b ON b.id = t.beneficiary_id) \
           TO '{events}' (FORMAT binary); \
         COPY (SELECT b.id_hash, h.status FROM household_statement h JOIN beneficiary b ON b.id = h.beneficiary_id) \
           TO '{register}' (FORMAT binary); \
         CREATE TABLE bare_trace (LIKE trace INCLUDING ALL); \
         CREATE TABLE bare_statement (LIKE household_statement INCLUDING ALL); \
         CREATE TABLE bare_finding (LIKE silent_finding INCLUDING ALL); \
         CREATE TABLE bare_certification (LIKE certification INCLUDING ALL, \
           FOREIGN KEY (beneficiary_id) REFERENCES beneficiary (id)); \
         CREATE TABLE bare_fact (LIKE fact INCLUDING ALL, FOREIGN KEY (beneficiary_id) REFERENCES beneficiary (id)); \
         CHECKPOINT"
    ))?;
    let begun = Instant::now();
    database.ask(&format!(
        "SET work_mem = '256MB'; SET jit = off; \
         CREATE TABLE bare_events (hash BYTEA, kind TEXT, on_day BIGINT); \
         COPY bare_events FROM '{events}' (FORMAT binary); ANALYZE bare_events; \
         INSERT INTO bare_trace SELECT b.id, e.kind, e.on_day, 1 FROM bare_events e JOIN beneficiary b ON b.id_hash = e.hash; \
         CREATE TABLE bare_register (hash BYTEA, status TEXT); \
         COPY bare_register FROM '{register}' (FORMAT binary); ANALYZE bare_register; \
         INSERT INTO bare_statement \
           SELECT 2, b.id, r.status FROM bare_register r JOIN beneficiary b ON b.id_hash = r.hash; \
         ANALYZE bare_trace; \
         CREATE TABLE bare_people AS SELECT beneficiary_id, MAX(on_day) AS last FROM bare_trace GROUP BY beneficiary_id; \
         ANALYZE bare_people; \
         INSERT INTO bare_finding SELECT f.* FROM silent_finding f LEFT JOIN bare_people p USING (beneficiary_id); \
         INSERT INTO bare_certification SELECT c.* FROM certification c JOIN bare_people p USING (beneficiary_id); \
         INSERT INTO bare_fact SELECT f.* FROM fact f LEFT JOIN bare_people p USING (beneficiary_id)"
    ))?;
    Ok(begun.elapsed())
}

/// Finds people by the keyed hash of their number, with what they draw and what was recorded last, each by a question of its own.
fn lookup(database: &Postgres) -> Result<Duration> {
    let hashes = database.ask(&format!(
        "SELECT encode(id_hash, 'hex') FROM beneficiary WHERE random() < 0.05 ORDER BY random() LIMIT {LOOKUPS}"
    ))?;
    let one = |hash: &str| {
        format!(
            "SELECT b.*, d.*, (SELECT MAX(f.on_day) FROM fact f WHERE f.beneficiary_id = b.id) FROM beneficiary b \
             JOIN benefit d ON d.beneficiary_id = b.id WHERE b.id_hash = '\\x{hash}';\n"
        )
    };
    let questions: String = hashes.lines().map(one).collect();
    let begun = Instant::now();
    let found = database.ask(&questions)?.lines().count();
    let count = hashes.lines().count();
    if found != count || count == 0 {
        bail!("{found} of {count} people were found");
    }
    Ok(begun.elapsed() / u32::try_from(count)?)
}
