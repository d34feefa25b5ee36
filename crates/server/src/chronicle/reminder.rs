//! The row of a reminder: what is to be said to whom, and under which name, so that it is said once.

use sea_orm::ActiveValue::Set;
use time::OffsetDateTime;
use uuid::Uuid;

use super::rows::name;
use crate::clock::to_millis;
use crate::db::year::message;
use crate::year::dates::day_number;
use crate::year::ladder::Reminder;
use crate::year::names::Named as _;
use crate::year::policy::{Anchor, Policy, Recipient};
use crate::year::standing::Assessment;
use crate::year::tick::Outcome;

/// The words that say from which day payment would stop.
pub(crate) const STOPS: &str = "stops";
/// The words that say that payment has stopped.
pub(crate) const STOPPED: &str = "stopped";

/// The row of a reminder that came due in a look at `now`.
pub(super) fn row_of(
    beneficiary: Uuid,
    reminder: &Reminder,
    outcome: &Outcome,
    policy: &Policy,
    now: OffsetDateTime,
) -> message::ActiveModel {
    let (key, cycle) = (&reminder.key, day_number(reminder.key.cycle));
    let parts: [&[u8]; 4] =
        [beneficiary.as_bytes(), &cycle.to_be_bytes(), key.rung.as_bytes(), key.to.name().as_bytes()];
    let (template, about) = words(reminder, &outcome.assessment, policy);
    let minutes = |time: time::Time| i64::from(time.hour()) * 60 + i64::from(time.minute());
    message::ActiveModel {
        id: Set(name("message", &parts)),
        beneficiary_id: Set(beneficiary),
        cycle: Set(Some(cycle)),
        rung: Set(key.rung.clone()),
        recipient: Set(key.to.name().to_owned()),
        medium: Set(reminder.by.map(|by| by.name().to_owned())),
        legal: Set(reminder.legal),
        template: Set(template.to_owned()),
        about_day: Set(about.map(day_number)),
        quiet_from: Set(minutes(policy.quiet.from)),
        quiet_until: Set(minutes(policy.quiet.until)),
        decided_on: Set(day_number(outcome.day)),
        state: Set(if reminder.by.is_some() { "waiting" } else { "no_way" }.to_owned()),
        tries: Set(0),
        run_at: Set(to_millis(now)),
        handed_on: Set(None),
        receipt: Set(None),
    }
}

/// Which words a reminder has, and the day that they name.
fn words(reminder: &Reminder, now: &Assessment, policy: &Policy) -> (&'static str, Option<time::Date>) {
    let rung = policy.ladder.iter().find(|rung| rung.name == reminder.key.rung);
    match rung.map(|rung| (rung.from, rung.days)) {
        _ if reminder.key.to == Recipient::Community => ("visit", Some(now.window.due_by)),
        Some((Anchor::Suspension, days)) if days < 0 => (STOPS, now.suspends_on),
        Some((Anchor::Suspension, _)) => (STOPPED, now.suspends_on),
        Some((Anchor::Due, days)) if days > 0 => ("overdue", Some(now.window.due_by)),
        _ => ("due", Some(now.window.due_by)),
    }
}
