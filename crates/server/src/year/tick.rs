//! One look at one person: everything that follows from the facts at this moment.
//!
//! **In**: versions of the policy, the facts, what is [`Kept`] from earlier looks, the time in China. **Out**: an
//! [`Outcome`]; the caller records it together with the effects, in one transaction. A look that is repeated finds nothing
//! more to do; a look that comes late finds the same changes of standing with their right days.
//!
//! The payer is not told to suspend before the elder was told, on an earlier day, that it would be so. If the service, or
//! the sending, stood still, the standing is what it is; the money goes on until the notice is out, and nobody is told that it
//! has stopped before.

use std::collections::BTreeMap;

use time::{Date, OffsetDateTime};

use super::dates::days_after;
use super::facts::Person;
use super::instructions::{Instruction, Told, instruct};
use super::ladder::{Contact, Reminder, ReminderKey, next_rung, notice_given, reminders};
use super::policy::{Anchor, Policy, PolicySet, Rung};
use super::standing::{Assessment, StandingChange, assess, changes};

/// What earlier looks left behind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// The last day whose steps are recorded; for somebody new, the day they came.
    pub steps_until: Date,
    /// What the payer has been told, in order.
    pub told: Vec<Told>,
    /// Reminders that were sent, and the day.
    pub sent: BTreeMap<ReminderKey, Date>,
}

/// What follows from a look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The day that was looked at.
    pub day: Date,
    /// Where the person stands.
    pub assessment: Assessment,
    /// Steps of the days that are over and not recorded yet. Today's come tomorrow, when nothing can be added to it.
    pub changes: Vec<StandingChange>,
    /// To the payer; a suspension only once notice was given.
    pub instruction: Option<Instruction>,
    /// To send now.
    pub reminders: Vec<Reminder>,
    /// Nothing follows before this day unless something is recorded. Today if the quiet hours kept something back or hide
    /// whether something is to be sent; none if nothing ever follows.
    pub next_look: Option<Date>,
}

/// Looks at a person at `now`, a time in China. None if no version is in force.
pub fn look(
    versions: &[Policy],
    person: &Person,
    contact: &Contact,
    kept: &Kept,
    now: OffsetDateTime,
) -> Option<Outcome> {
    let day = now.date();
    let policy = PolicySet::in_force(versions, day)?;
    let assessment = assess(versions, person, day, day)?;
    let quiet = policy.quiet.covers(now.time()).then_some(day);
    let rung = next_rung(policy, &assessment, day);
    let wanted = instruct(policy, &assessment, &kept.told, day);
    let told = || kept.told.iter().map(|told| &told.instruction);
    let suspends = matches!(wanted, Some(Instruction::Suspend { .. }));
    let waits = suspends && is_paid(told()) && !notice_given(policy, assessment.cycle, &kept.sent, day);
    let tomorrow = waits.then(|| days_after(day, 1));
    let instruction = wanted.filter(|_| !waits);
    // As the payer does after this look: whoever is paid again as of today is told today of what comes, not when somebody looks
    // the next time.
    let paid = is_paid(told().chain(&instruction));
    Some(Outcome {
        day,
        changes: changes(versions, person, kept.steps_until, days_after(day, -1)),
        reminders: reminders(policy, &assessment, contact, &kept.sent, now)
            .into_iter()
            .filter(|reminder| !(waits && speaks_of(policy, reminder, |days| days >= 0)))
            .filter(|reminder| paid || !speaks_of(policy, reminder, |days| days < 0))
            .collect(),
        next_look: [quiet, tomorrow, assessment.next_look, rung].into_iter().flatten().min(),
        instruction,
        assessment,
    })
}

/// Whether a reminder speaks of a suspension, so many days from it: that payment has stopped nobody is told while the payer is not,
/// and that it will stop nobody whom it has stopped for.
fn speaks_of(policy: &Policy, reminder: &Reminder, so_many: impl Fn(i16) -> bool) -> bool {
    let speaks = |rung: &Rung| rung.from == Anchor::Suspension && so_many(rung.days);
    policy.ladder.iter().any(|rung| rung.name == reminder.key.rung && speaks(rung))
}

/// Whether the payer pays, by what it was told last.
fn is_paid<'a>(told: impl Iterator<Item = &'a Instruction>) -> bool {
    let turns = told.filter(|told| !matches!(told, Instruction::BackPay { .. })).last();
    !matches!(turns, Some(Instruction::Suspend { .. } | Instruction::Stop { .. }))
}

impl Kept {
    /// For somebody who came on `day`.
    pub fn new(day: Date) -> Self {
        Self { steps_until: day, told: Vec::new(), sent: BTreeMap::new() }
    }

    /// After the effects of a look were carried out.
    pub fn record(&mut self, outcome: &Outcome) {
        self.steps_until = self.steps_until.max(days_after(outcome.day, -1));
        self.sent.extend(outcome.reminders.iter().map(|reminder| (reminder.key.clone(), outcome.day)));
        self.told.extend(outcome.instruction.iter().map(|told| Told { on: outcome.day, instruction: told.clone() }));
    }
}
