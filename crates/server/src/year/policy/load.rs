//! The text of one policy file -> [`Policy`], or every fault in it.

use jianzai_wire::Division;
use toml::de::DeTable;

use super::reader::{Fault, Reader, Section};
use super::{Place, Policy, VolunteerVisits, parts, together};

/// The form of the file that this service reads.
const FORMAT: i64 = 1;

const KEYS: [&str; 23] = [
    "format",
    "place",
    "schemes",
    "version",
    "valid_from",
    "notice_days",
    "interval_months",
    "window",
    "spread_days",
    "silence",
    "grace",
    "matching",
    "channels",
    "second_person",
    "second_clerk",
    "four_eyes",
    "volunteer_visits",
    "proof_age_days",
    "plan",
    "retention",
    "payment",
    "quiet",
    "ladder",
];

/// Reads a policy. `file` is named in the faults.
pub fn load(file: &str, text: &str) -> Result<Policy, Vec<Fault>> {
    let (document, errors) = DeTable::parse_recoverable(text);
    let mut reader = Reader::new(file, text);
    for error in errors {
        // The parser stumbles on through a bad line.
        let at = error.span().map_or(0, |span| span.start);
        if reader.faults.last().is_some_and(|fault| fault.line == reader.line(at)) {
            continue;
        }
        reader.fault(at, "the file", format!("it is not TOML ({})", error.message()), "Mend this line");
    }
    let root = Reader::root(&document);
    if reader.faults.is_empty() {
        // In a file of another form, everything else would be a fault too.
        reader.number::<i64>(&root, "format", FORMAT..=FORMAT, "the form of the file");
    }
    if !reader.faults.is_empty() {
        return Err(reader.faults);
    }
    reader.only(&root, &KEYS);
    let policy = policy(&mut reader, &root);
    if let Some(policy) = &policy {
        together::check(&mut reader, &root, policy);
    }
    match policy {
        Some(policy) if reader.faults.is_empty() => Ok(policy),
        _ => Err(reader.faults),
    }
}

/// Every part is read before a missing one ends it, so that all faults are told.
fn policy(reader: &mut Reader<'_>, root: &Section<'_>) -> Option<Policy> {
    let (place, schemes) = (place(reader, root), reader.words(root, "schemes"));
    let version = reader.number(root, "version", 1..=9_999, "counts from 1");
    let valid_from = reader.date(root, "valid_from");
    let notice_days = reader.number(root, "notice_days", 0..=365, "days");
    let interval = interval(reader, root);
    let window = parts::window(reader, root);
    let spread_days = reader.number_or_zero(root, "spread_days", 180, "days over which due dates are spread");
    let silence = reader.word(root, "silence");
    let (grace, matching) = (parts::grace(reader, root), parts::matching(reader, root));
    let channels = reader.words(root, "channels");
    let second_person = reader.words_if_there(root, "second_person");
    let second_clerk = reader.words_if_there(root, "second_clerk");
    let four_eyes = reader.words_if_there(root, "four_eyes");
    let volunteer_visits = reader.word_or(root, "volunteer_visits", VolunteerVisits::Waits);
    let proof_age_days = reader.number(root, "proof_age_days", 1..=365, "age in days of the oldest proof taken");
    let (plan, retention) = (parts::plan(reader, root), parts::retention(reader, root));
    let (payment, quiet, ladder) =
        (parts::payment(reader, root), parts::quiet(reader, root), parts::ladder(reader, root));
    Some(Policy {
        place: place?,
        schemes,
        version: version?,
        valid_from: valid_from?,
        notice_days: notice_days?,
        interval: interval?,
        window: window?,
        spread_days,
        silence: silence?,
        grace: grace?,
        matching: matching?,
        channels,
        second_person,
        second_clerk,
        four_eyes,
        volunteer_visits,
        proof_age_days: proof_age_days?,
        plan: plan?,
        retention: retention?,
        payment: payment?,
        quiet: quiet?,
        ladder,
    })
}

fn interval(reader: &mut Reader<'_>, root: &Section<'_>) -> Option<u8> {
    let months = reader.number::<u8>(root, "interval_months", 1..=12, "12, 6, 3 or 1")?;
    let known = [12, 6, 3, 1].contains(&months);
    if !known {
        reader.fault(root.at("interval_months"), "interval_months", format!("it is {months}"), "Write 12, 6, 3 or 1");
    }
    known.then_some(months)
}

/// `nationwide`, or six digits of a place that exists.
fn place(reader: &mut Reader<'_>, root: &Section<'_>) -> Option<Place> {
    let remedy = "Write `nationwide` or the six digits of GB/T 2260 of a place of today, in quotes";
    let text = reader.text(root, "place", remedy)?;
    if text == "nationwide" {
        return Some(Place::Nationwide);
    }
    let division = Division::parse(text).ok().filter(|division| division.is_current());
    if division.is_none() {
        reader.fault(root.at("place"), "place", format!("there is no place `{text}`"), remedy);
    }
    division.map(|division| Place::Division(division.code()))
}
