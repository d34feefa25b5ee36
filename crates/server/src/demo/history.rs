//! What happened to a person in the year before "today", and what a household register says of them.

use time::{Date, Duration};

use super::draw::Draw;
use super::people::Person;

const YEAR: u64 = 365;
/// A household register knows of a death so many days later, at most.
const LAG: u64 = 90;

/// Events in a year, in thousandths: at sixty, and more for each year of age above it.
const KINDS: [(&str, u64, u64); 6] = [
    ("hospital_stay", 120, 12),
    ("home_care", 0, 8),
    ("clinic_visit", 900, 20),
    ("vaccination", 250, 5),
    ("travel", 500, 0),
    ("card_spend", 2_400, 0),
];

/// What happened, with its day: nothing after the death but what relatives did with the card, and the death itself where
/// somebody reported it.
pub(super) fn events(person: &Person, on: Date) -> Vec<(&'static str, Date)> {
    let mut draw = Draw::new(person.seed, person.number, 2);
    let above = u64::try_from((person.age - 60).max(0)).unwrap_or(0);
    // Three of a hundred leave no trace anywhere: a card in a drawer, a village without a clinic.
    let traceless = draw.chance(30_000);
    let card_goes_on = draw.chance(20_000);
    let mut happened = Vec::new();
    for (kind, mean, more) in KINDS {
        let travels_less = if kind == "travel" { mean.saturating_sub(above * 15) } else { mean + more * above };
        for _ in 0..draw.about(travels_less) {
            let day = on - Duration::days(i64::try_from(draw.below(YEAR)).unwrap_or(0) + 1);
            let alive = person.died.is_none_or(|died| day <= died);
            if !traceless && (alive || card_goes_on && kind == "card_spend") {
                happened.push((kind, day));
            }
        }
    }
    if let Some(died) = person.died {
        let reported = draw.chance(850_000);
        let cremated = died + Duration::days(i64::try_from(draw.below(5)).unwrap_or(0) + 1);
        happened.extend(reported.then_some(("death", died)));
        happened.extend((draw.chance(700_000) && cremated < on).then_some(("cremation", cremated)));
    }
    happened.sort_by_key(|(_, day)| *day);
    happened
}

/// What a household register states on a day; `None` where it does not know the person.
pub(super) fn household_status(person: &Person, on: Date) -> Option<&'static str> {
    let mut draw = Draw::new(person.seed, person.number, 3);
    let (missing, cancelled, never_told) = (draw.chance(2_000), draw.chance(500), draw.chance(30_000));
    let known = person.died.map(|died| died + Duration::days(i64::try_from(draw.below(LAG)).unwrap_or(0)));
    match known {
        _ if missing => None,
        Some(known) if known <= on && !never_told => Some("deceased"),
        _ if cancelled => Some("cancelled"),
        _ => Some("resident"),
    }
}
