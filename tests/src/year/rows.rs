//! What a year left in the tables, asked with `sqlite3`.

use std::path::Path;
use std::process::Command;

use anyhow::{Result, ensure};

/// Tables, and the columns that say what came of the year. Left out are the milliseconds at which something was written: the
/// judges' come from the computer's clock.
const TABLES: [(&str, &str); 7] = [
    ("benefit", "*"),
    ("standing_change", "*"),
    ("fact", "id, beneficiary_id, kind, on_day, recorded_day, about_id, channel, clerk_id, upheld"),
    (
        "certification",
        "id, beneficiary_id, channel, brought_by, proof_day, recorded_day, evidence, evidence_id, reason, decided_by, \
         seconded_by, policy_place, policy_version, delete_on",
    ),
    (
        "message",
        "id, beneficiary_id, cycle, rung, recipient, medium, legal, template, about_day, quiet_from, quiet_until, \
         decided_on, state, handed_on",
    ),
    ("instruction", "*"),
    ("attempt", "id, state, reasons"),
];

/// Rows of a table in both years, and whether they are the same.
#[derive(Debug)]
pub struct Compared {
    /// Which.
    pub table: &'static str,
    /// Rows of the peaceful year.
    pub rows: u64,
    /// Rows that only one of the years has.
    pub different: u64,
}

/// Asks a database.
pub fn ask(data: &Path, sql: &str) -> Result<String> {
    let mut ask = Command::new("sqlite3");
    ask.args(["-bail", "-cmd", ".timeout 20000"]).arg(data.join("jianzai.sqlite3")).arg(sql);
    let answer = ask.output()?;
    ensure!(answer.status.success(), "{}", String::from_utf8_lossy(&answer.stderr));
    Ok(String::from_utf8(answer.stdout)?)
}

/// Holds the tables of one year against those of the other.
pub fn compare(quiet: &Path, killed: &Path) -> Result<Vec<Compared>> {
    let other = killed.join("jianzai.sqlite3");
    let compared = TABLES.map(|(table, columns)| {
        let only = |one: &str, other: &str| {
            format!("(SELECT count(*) FROM (SELECT {columns} FROM {one}.{table} EXCEPT SELECT {columns} FROM {other}.{table}))")
        };
        let sql = format!(
            "ATTACH '{}' AS killed; SELECT (SELECT count(*) FROM main.{table}), \
             abs((SELECT count(*) FROM main.{table}) - (SELECT count(*) FROM killed.{table})) + {} + {};",
            other.display(),
            only("main", "killed"),
            only("killed", "main")
        );
        let answer = ask(quiet, &sql)?;
        let mut numbers = answer.trim().split('|').map(str::parse);
        let mut next = || numbers.next().unwrap_or(Ok(u64::MAX));
        anyhow::Ok(Compared { table, rows: next()?, different: next()? })
    });
    compared.into_iter().collect()
}
