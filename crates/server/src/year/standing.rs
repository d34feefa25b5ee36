//! Where a person stands: current -> due -> overdue -> suspended -> current; deceased only by a clerk.
//!
//! **In**: the versions of a policy, the facts of a person, the day, and how much is known. **Out**: an [`Assessment`].
//! **What can go wrong**: no version is in force on the day; then there is none.
//!
//! Nothing is carried over from one day to the next. The last proof that counts begins a cycle ([`super::window`]); the cycle
//! says from when payment would stop; appeals, reviews and notice of a changed policy move that day away.

mod holds;

use time::Date;

use super::dates::days_after;
use super::facts::{Person, What};
use super::names::words;
use super::policy::{Missing, Policy, PolicySet};
use super::window::{Cycle, Window, cycle};

use holds::{Span, holds, suspended_spans};

words! {
    /// Where a person stands.
    pub Standing {
        /// Certified; nothing to do.
        Current = "current",
        /// The window is open.
        Due = "due",
        /// The due date is over; paid on.
        Overdue = "overdue",
        /// Not paid until certified.
        Suspended = "suspended",
        /// Dead, as a clerk has established.
        Deceased = "deceased",
    }
}

words! {
    /// What keeps a suspension from beginning.
    pub Held {
        /// An appeal is open.
        Appeal = "appeal",
        /// A review is open.
        Review = "review",
    }
}

/// A person on one day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Assessment {
    /// Where they stand.
    pub standing: Standing,
    /// Names the cycle: the day it began, or on which what had been told was overtaken. Reminders are sent once a cycle.
    pub cycle: Date,
    /// The cycle's window.
    pub window: Window,
    /// First day of the suspension that is, or that will be if nothing comes.
    pub suspends_on: Option<Date>,
    /// What is open.
    pub held: Option<Held>,
    /// Whether months that were withheld are owed now: not while suspended, nor while only an open appeal, or the time
    /// after one that failed, stands in the way.
    pub owed: bool,
    /// Day of death.
    pub died_on: Option<Date>,
    /// Before this day the standing does not change unless something is recorded. `None`: never.
    pub next_look: Option<Date>,
}

/// Where `person` stands on `on`, with what was known at the end of `known`. For today, both are today; with a later
/// `known` it is what should have been. `versions` are oldest first.
pub fn assess(versions: &[Policy], person: &Person, on: Date, known: Date) -> Option<Assessment> {
    let policy = PolicySet::in_force(versions, on)?;
    let in_force: Vec<&Policy> = versions.iter().filter(|version| version.valid_from <= on).collect();
    let since = person.proofs(known).filter(|proof| *proof <= on).fold(person.entitled_from, Date::max);
    let no_match = no_match_after(person, since, on, known);
    let cycle_now = cycle(policy, person.born, person.spread, since, no_match);
    let unpaid_from = |since| first_day_unpaid(&in_force, person, since, no_match_after(person, since, on, known));
    let holds = holds(policy, person, since, known, &unpaid_from);
    let spans = unpaid_from(since).map_or_else(Vec::new, |first| suspended_spans(first, &holds));
    let died_on = death(person, known).filter(|died| *died <= on);
    let suspended = spans.iter().find(|span| span.covers(on));
    let coming = spans.iter().find(|span| span.from > on);
    Some(Assessment {
        standing: match (died_on, suspended) {
            (Some(_), _) => Standing::Deceased,
            (None, Some(_)) => Standing::Suspended,
            (None, None) => unsuspended(cycle_now.window, on),
        },
        cycle: holds
            .iter()
            .filter_map(|hold| hold.new_cycle)
            .chain(corrected(policy, person, since, known))
            .fold(since, Date::max),
        window: cycle_now.window,
        suspends_on: suspended.or(coming).map(|span| span.from),
        held: holds.iter().filter(|hold| hold.is_open(on)).filter_map(|hold| hold.held).min(),
        owed: suspended.is_none() && is_owed(person, &spans, on, known),
        died_on,
        next_look: next_look(versions, person, &cycle_now, &spans, on, known),
    })
}

/// A step from one standing to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StandingChange {
    /// The first day of the new one.
    pub on: Date,
    /// The old one.
    pub from: Standing,
    /// The new one.
    pub to: Standing,
}

/// Every step after `after` up to and with `until`, each day with what was known at its end: the same whether it is asked
/// every day or once a year. Both days must be over, so that nothing more can be recorded on them.
pub fn changes(versions: &[Policy], person: &Person, after: Date, until: Date) -> Vec<StandingChange> {
    let mut changes = Vec::new();
    let mut before = assess(versions, person, after, after).map(|assessment| assessment.standing);
    let mut day = after;
    while day < until {
        day = days_after(day, 1);
        let standing = assess(versions, person, day, day).map(|assessment| assessment.standing);
        if let (Some(from), Some(to)) = (before, standing)
            && from != to
        {
            changes.push(StandingChange { on: day, from, to });
        }
        before = standing;
    }
    changes
}

fn unsuspended(window: Window, on: Date) -> Standing {
    if on < window.opens {
        Standing::Current
    } else if on <= window.due_by {
        Standing::Due
    } else {
        Standing::Overdue
    }
}

fn no_match_after(person: &Person, since: Date, on: Date, known: Date) -> Option<Date> {
    let withdrawn = |of| {
        let mut known = person.known(known);
        known.any(|fact| matches!(fact.what, What::NoMatchWithdrawn { run, .. } if run == of))
    };
    let compared = person.known(known).filter_map(|fact| match fact.what {
        What::NoMatch { run } if !withdrawn(run) => Some(fact.on),
        _ => None,
    });
    compared.filter(|day| *day > since && *day <= on).min()
}

/// When comparisons that had counted were taken back: whoever was told of what would follow from one is told anew when another says
/// so.
fn corrected(policy: &Policy, person: &Person, since: Date, known: Date) -> impl Iterator<Item = Date> {
    let counted = policy.matching.missing != Missing::Nothing;
    person.known(known).filter(move |fact| counted && fact.on > since).filter_map(|fact| match fact.what {
        What::NoMatchWithdrawn { .. } => Some(fact.recorded),
        _ => None,
    })
}

/// The day of death, unless a clerk has taken it back. What was recorded last counts; on the same day, that they live.
pub(super) fn death(person: &Person, known: Date) -> Option<Date> {
    let said = person.known(known).filter_map(|fact| match fact.what {
        What::Deceased { .. } => Some((fact.recorded, false, Some(fact.on))),
        What::DeathWithdrawn { .. } => Some((fact.recorded, true, None)),
        _ => None,
    });
    said.max().and_then(|(_, _, died)| died)
}

/// When payment would stop under the newest version. It may not stop what the version before would have paid until its
/// notice is over; and so on back to the first.
fn first_day_unpaid(versions: &[&Policy], person: &Person, since: Date, no_match: Option<Date>) -> Option<Date> {
    let (newest, before) = versions.split_last()?;
    let own = cycle(newest, person.born, person.spread, since, no_match).suspends?;
    let notice_ends = days_after(newest.valid_from, i64::from(newest.notice_days));
    if before.is_empty() || own >= notice_ends {
        return Some(own);
    }
    let unchanged = first_day_unpaid(before, person, since, no_match).unwrap_or(Date::MAX);
    Some(own.max(unchanged.min(notice_ends)))
}

/// After a suspension in this cycle that only an appeal has lifted, the months are owed if the appeal was upheld.
fn is_owed(person: &Person, spans: &[Span], on: Date, known: Date) -> bool {
    let Some(last) = spans.iter().rfind(|span| span.from <= on) else { return true };
    person.known(known).any(|fact| {
        matches!(fact.what, What::AppealDecided { upheld: true, .. })
            && fact.recorded >= last.from
            && fact.recorded <= on
    })
}

fn next_look(
    versions: &[Policy],
    person: &Person,
    cycle: &Cycle,
    spans: &[Span],
    on: Date,
    known: Date,
) -> Option<Date> {
    let window = [cycle.window.opens, days_after(cycle.window.due_by, 1)];
    let spans = spans.iter().flat_map(|span| [Some(span.from), span.until]).flatten();
    let versions = versions.iter().map(|version| version.valid_from);
    let facts = person.known(known).map(|fact| fact.on);
    window.into_iter().chain(spans).chain(versions).chain(facts).filter(|day| *day > on).min()
}
