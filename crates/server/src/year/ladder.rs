//! Reminders: which are due, to whom, by which way.
//!
//! **In**: a policy, an [`Assessment`], how the people around a beneficiary can be reached, what was sent, the time in China.
//! **Out**: the [`Reminder`]s to send now. Recorded as sent before the next question, none comes twice: a [`ReminderKey`]
//! names cycle, rung and recipient.
//!
//! After days without a tick only the latest rung for each recipient is sent, since three reminders at once help nobody;
//! legal notices are sent all. In the quiet hours nothing is sent. Who opted out gets the legal notices only. While an
//! appeal or a review is open nobody is reminded of what they have answered already.

use std::collections::{BTreeMap, BTreeSet};

use time::{Date, OffsetDateTime};

use super::dates::days_after;
use super::policy::{Anchor, Medium, Policy, Recipient, Rung};
use super::standing::{Assessment, Standing};

/// How the people around a beneficiary can be reached. The community can always be given a task.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Contact {
    /// Ways by which each can be reached.
    pub reach: BTreeMap<Recipient, BTreeSet<Medium>>,
    /// Who wants the legal notices only.
    pub opted_out: BTreeSet<Recipient>,
}

/// Names a reminder: it comes due once. A letter in place of one that did not arrive has the same.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ReminderKey {
    /// The cycle, [`Assessment::cycle`].
    pub cycle: Date,
    /// The rung's name.
    pub rung: String,
    /// Whom it reaches.
    pub to: Recipient,
}

/// A reminder to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reminder {
    /// Its name.
    pub key: ReminderKey,
    /// By which way. `None`: no way of the rung reaches them, and a clerk has to find one.
    pub by: Option<Medium>,
    /// Whether the law asks for it.
    pub legal: bool,
}

/// The reminders to send at `now`, a time in China.
pub fn reminders(
    policy: &Policy,
    assessment: &Assessment,
    contact: &Contact,
    sent: &BTreeMap<ReminderKey, Date>,
    now: OffsetDateTime,
) -> Vec<Reminder> {
    let silent = matches!(assessment.standing, Standing::Current | Standing::Deceased);
    if silent || policy.quiet.covers(now.time()) {
        return Vec::new();
    }
    let passed: Vec<&Rung> =
        policy.ladder.iter().filter(|rung| day_of(rung, assessment).is_some_and(|day| day <= now.date())).collect();
    let mut due = Vec::new();
    for to in [Recipient::Elder, Recipient::Family, Recipient::Community] {
        let for_them = || passed.iter().copied().filter(|rung| rung.to.contains(&to));
        let plain = for_them().filter(|rung| !rung.legal).max_by_key(|rung| day_of(rung, assessment));
        let wanted = assessment.held.is_none() && !contact.opted_out.contains(&to);
        let rungs = for_them().filter(|rung| rung.legal).chain(plain.filter(|_| wanted));
        due.extend(rungs.filter_map(|rung| reminder(rung, to, assessment.cycle, contact)));
    }
    due.retain(|reminder| !sent.contains_key(&reminder.key));
    due
}

/// Whether the elder was told of the suspension that comes, on a day before `today`: by every legal rung that stands
/// before a suspension. Until then the payer is told nothing.
pub fn notice_given(policy: &Policy, cycle: Date, sent: &BTreeMap<ReminderKey, Date>, today: Date) -> bool {
    let to = Recipient::Elder;
    let before = |rung: &&Rung| rung.legal && rung.from == Anchor::Suspension && rung.days < 0 && rung.to.contains(&to);
    policy.ladder.iter().filter(before).all(|rung| {
        let key = ReminderKey { cycle, rung: rung.name.clone(), to };
        sent.get(&key).is_some_and(|day| *day < today)
    })
}

/// The next day after `today` on which a rung comes due, as things stand.
pub fn next_rung(policy: &Policy, assessment: &Assessment, today: Date) -> Option<Date> {
    policy.ladder.iter().filter_map(|rung| day_of(rung, assessment)).filter(|day| *day > today).min()
}

/// The day of a rung. `None` if it waits for a suspension that does not come.
fn day_of(rung: &Rung, assessment: &Assessment) -> Option<Date> {
    let from = match rung.from {
        Anchor::Opens => Some(assessment.window.opens),
        Anchor::Due => Some(assessment.window.due_by),
        Anchor::Suspension => assessment.suspends_on,
    };
    from.map(|day| days_after(day, i64::from(rung.days)))
}

fn reminder(rung: &Rung, to: Recipient, cycle: Date, contact: &Contact) -> Option<Reminder> {
    let by = rung.by.iter().copied().find(|medium| match medium {
        Medium::Task => to == Recipient::Community,
        other => contact.reach.get(&to).is_some_and(|ways| ways.contains(other)),
    });
    // A family that left no number is no fault that a clerk could mend; what the law asks for is told to the elder.
    if by.is_none() && to == Recipient::Family {
        return None;
    }
    Some(Reminder { key: ReminderKey { cycle, rung: rung.name.clone(), to }, by, legal: rung.legal })
}
