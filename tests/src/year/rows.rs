//! What a year left behind, held against what the other left.
//!
//! **In**: two places. **Out**: for each table, and for the messages that were sent, how many rows there are and how many of
//! them only one year has. **What can go wrong**: memory for the rows of the largest table, twice.

use std::cmp::Ordering;
use std::path::Path;
use std::{fmt, fs};

use anyhow::{Result, ensure};

use super::place::Place;

/// Tables, and what of them is asked: all that says what came of the year. Left out are
/// - milliseconds at which judges wrote something (`recorded_at`, `opened_at`, `judged_at`, `at`): they run with the computer's
///   clock, from ten in the morning on, and whoever was killed is later;
/// - of messages `tries` and `run_at`: a sender that was killed had begun, and has to be waited for;
/// - of certificates the number, which is drawn by lot, and what is sealed or signed with it;
/// - of the linked log the place of an entry and its hashes; that a list was taken: a list that was cut short and handed in
///   again is logged as what it was then, with lines that were known already; and how much a comparison added: one that was cut
///   short and begun again tells what it added since.
const TABLES: [(&str, &str); 16] = [
    ("benefit", "* FROM benefit"),
    ("standing_change", "* FROM standing_change"),
    ("fact", "id, beneficiary_id, kind, on_day, recorded_day, about_id, channel, clerk_id, upheld FROM fact"),
    (
        "certification",
        "id, beneficiary_id, channel, brought_by, proof_day, recorded_day, evidence, evidence_id, reason, decided_by, \
         seconded_by, policy_place, policy_version, delete_on FROM certification",
    ),
    (
        "message",
        "id, beneficiary_id, cycle, rung, recipient, medium, legal, template, about_day, quiet_from, quiet_until, \
         decided_on, state, handed_on, receipt FROM message",
    ),
    ("instruction", "* FROM instruction"),
    ("attempt", "id, beneficiary_id, state, reasons, judgement FROM attempt"),
    ("job", "attempt_id, done_at IS NOT NULL FROM job"),
    ("certificate", "attempt_id, beneficiary_id, signed_with, demo, revoked_at FROM certificate"),
    ("review", "id, beneficiary_id, kind, attempt_id, answer_by, decision, decided_by, died_day, code FROM review"),
    ("silent_import", "* FROM silent_import"),
    ("trace", "* FROM trace"),
    ("household_statement", "* FROM household_statement"),
    // The rules' text is that of the file.
    (
        "silent_run",
        "id, rules_file, rules_version, on_day, shadow, last_import, register_import, began_at, ended_at FROM silent_run",
    ),
    ("silent_finding", "* FROM silent_finding"),
    (
        "audit_entry",
        "action, actor_id, subject, CASE WHEN detail LIKE 'certified.%' THEN 'ended' ELSE detail END FROM audit_entry \
         WHERE action <> 'batch_taken'",
    ),
];

/// Rows of one year alone that are shown of each table.
const SHOWN: usize = 4;

/// Rows in both years, and whether they are the same.
#[derive(Debug)]
pub struct Compared {
    /// Which.
    pub what: &'static str,
    /// Rows of the peaceful year.
    pub rows: usize,
    /// Rows that only one of the years has.
    pub different: usize,
    /// The first of them, with the year that has it.
    pub first: Vec<String>,
}

/// Holds one year against the other.
pub fn compare(quiet: &Place, killed: &Place) -> Result<Vec<Compared>> {
    let mut compared = Vec::new();
    for (table, columns) in TABLES {
        let (one, other) = (quiet.ask(&format!("SELECT {columns}"))?, killed.ask(&format!("SELECT {columns}"))?);
        compared.push(held_together(table, one.lines().collect(), other.lines().collect()));
    }
    let (one, other) = (sent(quiet.data())?, sent(killed.data())?);
    compared.push(held_together("sent, as files", one, other));
    Ok(compared)
}

/// Findings of a year by what they are and what followed, and what nobody may ever conclude from data.
pub fn by_data(place: &Place) -> Result<String> {
    let counted = "SELECT count(*), outcome, effect FROM silent_finding GROUP BY outcome, effect ORDER BY 1 DESC";
    let found: Vec<_> = place.ask(counted)?.lines().map(|line| line.replace(['|', ',', '\''], " ")).collect();
    let dead = place.number("SELECT count(*) FROM benefit WHERE standing = 'deceased'")?;
    ensure!(dead == 0, "{dead} people are dead, and no clerk has said so");
    Ok(found.join(", "))
}

/// The messages that the sender wrote: name and words of each.
fn sent(data: &Path) -> Result<Vec<(String, String)>> {
    let mut sent = Vec::new();
    for entry in fs::read_dir(data.join("messages"))? {
        let entry = entry?;
        sent.push((entry.file_name().to_string_lossy().into_owned(), fs::read_to_string(entry.path())?));
    }
    Ok(sent)
}

fn held_together<T: Ord + fmt::Debug>(what: &'static str, mut one: Vec<T>, mut other: Vec<T>) -> Compared {
    one.sort_unstable();
    other.sort_unstable();
    let mut compared = Compared { what, rows: one.len(), different: 0, first: Vec::new() };
    let (mut one, mut other) = (one.into_iter().peekable(), other.into_iter().peekable());
    loop {
        let order = match (one.peek(), other.peek()) {
            (Some(one), Some(other)) => one.cmp(other),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => return compared,
        };
        let of_one = if order.is_le() { one.next() } else { None };
        let of_other = if order.is_ge() { other.next() } else { None };
        let (year, row) = match (of_one, of_other) {
            (Some(row), None) => ("undisturbed", row),
            (None, Some(row)) => ("disturbed", row),
            _ => continue,
        };
        compared.different += 1;
        if compared.first.len() < SHOWN {
            compared.first.push(format!("{year}: {row:?}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_one_has_is_counted_however_often_it_is_there() {
        let compared = |one: &[u8], other: &[u8]| held_together("", one.to_vec(), other.to_vec()).different;
        assert_eq!(compared(&[3, 1, 2], &[2, 3, 1]), 0);
        assert_eq!(compared(&[1, 1, 2], &[1, 2]), 1);
        assert_eq!(compared(&[1, 4], &[2, 3, 4]), 3);
        assert_eq!(compared(&[], &[]), 0);
    }
}
