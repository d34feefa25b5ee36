//! Suspensions that should not have been: the figure by which a ladder is measured.
//!
//! **In**: the versions of a policy, a person, what the payer was told, the day up to which facts are known. **Out**: each
//! suspension (or stop) that, with today's knowledge, was wrong on the day the payer was told, and why.

use time::Date;

use super::dates::Month;
use super::facts::{Fact, Person, What};
use super::instructions::{Instruction, Told};
use super::names::words;
use super::policy::Policy;
use super::standing::{Standing, assess};

words! {
    /// Why a suspension was wrong.
    pub Why {
        /// The person had proven in time; the proof arrived later.
        ProvenInTime = "proven_in_time",
        /// An appeal or a review was open; it was recorded later.
        WasHeld = "was_held",
        /// An appeal against it was upheld.
        AppealUpheld = "appeal_upheld",
        /// The person was said to be dead.
        NotDead = "not_dead",
    }
}

/// A suspension that should not have been.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wrongful {
    /// When the payer was told.
    pub told_on: Date,
    /// First month that was not paid.
    pub from: Month,
    /// First month that was paid again; none yet.
    pub until: Option<Month>,
    /// Why it was wrong.
    pub why: Why,
}

/// The wrongful ones among `told`, in order, with what was known at the end of `known`.
pub fn wrongful(versions: &[Policy], person: &Person, told: &[Told], known: Date) -> Vec<Wrongful> {
    let mut found = Vec::new();
    for (at, each) in told.iter().enumerate() {
        let later = told.get(at + 1..).unwrap_or_default();
        let until = later.iter().find_map(|told| match told.instruction {
            Instruction::Resume { from, .. } => Some(from),
            _ => None,
        });
        let standing = assess(versions, &before_that_day(person, each.on), each.on, known).map(|now| now.standing);
        let (from, why) = match each.instruction {
            Instruction::Suspend { from } if standing == Some(Standing::Suspended) => {
                (from, upheld(person, each.on, later, known).then_some(Why::AppealUpheld))
            }
            // Dead already when it was suspended: a stop that came late, no wrong to a living person.
            Instruction::Suspend { .. } if standing == Some(Standing::Deceased) => continue,
            Instruction::Suspend { from } => (from, Some(reason(person, each.on, known))),
            Instruction::Stop { from, .. } => (from, (!is_dead(person, known)).then_some(Why::NotDead)),
            Instruction::Resume { .. } | Instruction::BackPay { .. } => continue,
        };
        found.extend(why.map(|why| Wrongful { told_on: each.on, from, until, why }));
    }
    found
}

/// The person without what happened and was recorded on the day itself: who certifies an hour after the payer was told was
/// not wronged.
fn before_that_day(person: &Person, day: Date) -> Person {
    let facts = person.facts.iter().filter(|fact| fact.on != day || fact.recorded != day).copied().collect();
    Person { facts, ..*person }
}

fn reason(person: &Person, told_on: Date, known: Date) -> Why {
    let in_time =
        |fact: &Fact| matches!(fact.what, What::Certified { .. }) && fact.on <= told_on && fact.recorded > told_on;
    if person.known(known).any(in_time) { Why::ProvenInTime } else { Why::WasHeld }
}

/// Whether an appeal that was opened after the suspension, and before the next, was upheld.
fn upheld(person: &Person, told_on: Date, later: &[Told], known: Date) -> bool {
    let next = later.iter().find(|told| matches!(told.instruction, Instruction::Suspend { .. })).map(|told| told.on);
    let right = |id| {
        person
            .known(known)
            .any(|fact| matches!(fact.what, What::AppealDecided { appeal, upheld: true, .. } if appeal == id))
    };
    person.known(known).any(|fact| match fact.what {
        What::AppealOpened { appeal } => fact.on >= told_on && next.is_none_or(|next| fact.on < next) && right(appeal),
        _ => false,
    })
}

fn is_dead(person: &Person, known: Date) -> bool {
    super::standing::death(person, known).is_some()
}
