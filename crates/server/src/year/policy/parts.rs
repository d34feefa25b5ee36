//! The tables of a policy file, one by one.

use super::reader::{Reader, Section};
use super::{Grace, Matching, Missing, Payment, PlanRule, Quiet, Retention, Rung, WindowRule};

use crate::year::names::words;

words! {
    /// The kinds of [`WindowRule`].
    WindowKind {
        /// From the last trusted event.
        Rolling = "rolling",
        /// Fixed months.
        Calendar = "calendar",
        /// Around the month of birth.
        BirthMonth = "birth_month",
    }
}

pub(super) fn window(reader: &mut Reader<'_>, root: &Section<'_>) -> Option<WindowRule> {
    let all = ["kind", "opens_days", "first_month", "months", "before", "after", "early_days"];
    let table = reader.section(root, "window", &all);
    match reader.word(&table, "kind")? {
        WindowKind::Rolling => {
            reader.only(&table, &["kind", "opens_days"]);
            let opens_days = reader.number(&table, "opens_days", 0..=335, "days before the due date")?;
            Some(WindowRule::Rolling { opens_days })
        }
        WindowKind::Calendar => {
            reader.only(&table, &["kind", "first_month", "months", "early_days"]);
            let first_month = reader.number(&table, "first_month", 1..=12, "month of the year");
            let months = reader.number(&table, "months", 1..=12, "months that the window is open");
            let early_days = early(reader, &table);
            Some(WindowRule::Calendar { first_month: first_month?, months: months?, early_days })
        }
        WindowKind::BirthMonth => {
            reader.only(&table, &["kind", "before", "after", "early_days"]);
            let before = reader.number_or_zero(&table, "before", 11, "months before the month of birth");
            let after = reader.number_or_zero(&table, "after", 11, "months after the month of birth");
            Some(WindowRule::BirthMonth { before, after, early_days: early(reader, &table) })
        }
    }
}

fn early(reader: &mut Reader<'_>, table: &Section<'_>) -> u16 {
    reader.number_or_zero(table, "early_days", 308, "days before the opening from which a proof counts")
}

pub(super) fn grace(reader: &mut Reader<'_>, root: &Section<'_>) -> Option<Grace> {
    let table = reader.section(root, "grace", &["days", "after_appeal_days"]);
    let days = reader.number(&table, "days", 0..=365, "days between the window's end and suspension");
    let after = reader.number(&table, "after_appeal_days", 1..=180, "days between a decision and suspension");
    Some(Grace { days: days?, after_appeal_days: after? })
}

pub(super) fn matching(reader: &mut Reader<'_>, root: &Section<'_>) -> Option<Matching> {
    let table = reader.section(root, "matching", &["missing", "answer_days"]);
    let missing = reader.word(&table, "missing")?;
    let answer_days = match missing {
        Missing::Asks => reader.number(&table, "answer_days", 7..=180, "days to certify another way")?,
        Missing::Nothing | Missing::Suspends => {
            reader.only(&table, &["missing"]);
            0
        }
    };
    Some(Matching { missing, answer_days })
}

pub(super) fn plan(reader: &mut Reader<'_>, root: &Section<'_>) -> Option<PlanRule> {
    let table = reader.section(root, "plan", &["min_plans", "actions"]);
    let min_plans = reader.number(&table, "min_plans", 100..=10_000, "equally likely plans at least");
    let actions = reader.words(&table, "actions");
    if (1..3).contains(&actions.len()) {
        let wrong = "so few leave too little to guess, and a person would have to look at everybody";
        reader.fault(table.at("actions"), &table.path_of("actions"), wrong, "Write at least three");
    }
    Some(PlanRule { min_plans: min_plans?, actions })
}

pub(super) fn retention(reader: &mut Reader<'_>, root: &Section<'_>) -> Option<Retention> {
    let table = reader.section(root, "retention", &["face_days", "call_days", "paper_days", "data_days"]);
    let face = reader.number(&table, "face_days", 1..=180, "days that footage of faces is kept");
    let call = reader.number(&table, "call_days", 1..=365, "days that video calls are kept");
    let paper = reader.number(&table, "paper_days", 1..=3_650, "days that papers and reports are kept");
    let data = reader.number(&table, "data_days", 1..=3_650, "days that data events are kept");
    Some(Retention { face_days: face?, call_days: call?, paper_days: paper?, data_days: data? })
}

pub(super) fn payment(reader: &mut Reader<'_>, root: &Section<'_>) -> Option<Payment> {
    let table = reader.section(root, "payment", &["list_closes"]);
    let list_closes =
        reader.number(&table, "list_closes", 1..=28, "day of the month on which the payer's list closes")?;
    Some(Payment { list_closes })
}

pub(super) fn quiet(reader: &mut Reader<'_>, root: &Section<'_>) -> Option<Quiet> {
    let table = reader.section(root, "quiet", &["from", "until"]);
    let (from, until) = (reader.time(&table, "from"), reader.time(&table, "until"));
    Some(Quiet { from: from?, until: until? })
}

pub(super) fn ladder(reader: &mut Reader<'_>, root: &Section<'_>) -> Vec<Rung> {
    let tables = reader.sections(root, "ladder", &["name", "from", "days", "to", "by", "legal"]);
    let mut rungs: Vec<Rung> = Vec::new();
    for table in tables {
        let name = reader.text(&table, "name", "Write a short name in quotes");
        let from = reader.word(&table, "from");
        let days = reader.number(&table, "days", -336..=365, "days after `from`, negative before it");
        let (to, by) = (reader.words(&table, "to"), reader.words(&table, "by"));
        let legal = reader.flag(&table, "legal");
        let (Some(name), Some(from), Some(days)) = (name, from, days) else { continue };
        if rungs.iter().any(|rung| rung.name == name) {
            let wrong = format!("`{name}` is there twice");
            reader.fault(table.at("name"), &table.path_of("name"), wrong, "Give each rung a name of its own");
        }
        let rung = Rung { name: name.to_owned(), from, days, to, by, legal };
        super::together::rung(reader, &table, &rung);
        rungs.push(rung);
    }
    rungs
}
