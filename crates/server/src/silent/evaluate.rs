//! What traces and register come to.

use std::collections::BTreeMap;

use time::{Date, Duration};

use super::rules::{Absent, Rules};
use crate::year::names::words;

/// A trace of somebody, from another service.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Trace {
    /// The day it speaks of.
    pub day: Date,
    /// What it is, as in the rules. Kinds that the rules don't name say nothing.
    pub kind: String,
}

/// What the household register states of somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Statement {
    /// No household register was compared, or none that is complete and so could say that the person is absent.
    NotAsked,
    /// It does not know the person.
    Absent {
        /// The day of the register.
        day: Date,
    },
    /// It states this.
    Status {
        /// The day of the register.
        day: Date,
        /// As it stands there.
        status: String,
    },
}

words! {
    /// What somebody is found to be; each worse than the one before.
    pub Outcome {
        /// Alive, on the day of the proof.
        Confirmed = "confirmed",
        /// Too little is known; the other ways of certifying follow.
        NotConfirmed = "not_confirmed",
        /// Something does not fit: a clerk looks.
        Flagged = "flagged",
        /// A death was reported: a clerk decides.
        SuspectedDead = "suspected_dead",
    }
}

/// Why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ground {
    /// A trace that counts alone.
    Strong(Trace),
    /// Weak traces since a day that are enough together.
    Together {
        /// The first of them.
        since: Date,
        /// Points that they came to.
        points: u32,
        /// Points that were needed.
        needed: u32,
    },
    /// Weak traces that are not enough, or none.
    TooLittle {
        /// Points that they came to.
        points: u32,
        /// Points that were needed.
        needed: u32,
    },
    /// A death was reported.
    Death(Trace),
    /// The register states that the person lives, which counts alone.
    StatedAlive(Date),
    /// The register states a death.
    StatedDead(Date),
    /// The register states something that is neither life nor death.
    StatedOtherwise(Date),
    /// The register does not know the person.
    NotInRegister(Date),
    /// A trace that counts alone, from after the death.
    AfterDeath(Trace),
}

/// What somebody is found to be, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What.
    pub outcome: Outcome,
    /// The day that proves life, where confirmed.
    pub proof: Option<Date>,
    /// Why.
    pub grounds: Vec<Ground>,
    /// Version of the rules.
    pub rules: u32,
}

/// Finds what the traces of a person and the register come to on a day. Traces of days to come say nothing.
pub fn evaluate(rules: &Rules, traces: &[Trace], register: &Statement, on: Date) -> Finding {
    let mut traces: Vec<_> = traces.iter().filter(|trace| trace.day <= on).collect();
    traces.sort();
    let found = |outcome, proof, grounds| Finding { outcome, proof, grounds, rules: rules.version };
    if let Some((day, mut grounds)) = death(rules, &traces, register) {
        let after = traces.iter().rev().find(|trace| rules.is_strong(&trace.kind) && trace.day > day);
        let outcome = if after.is_some() { Outcome::Flagged } else { Outcome::SuspectedDead };
        grounds.extend(after.map(|trace| Ground::AfterDeath((*trace).clone())));
        return found(outcome, None, grounds);
    }
    if let Some(ground) = unexplained(rules, register) {
        return found(Outcome::Flagged, None, vec![ground]);
    }
    let since = first_day(rules, on);
    traces.retain(|trace| trace.day >= since);
    let strong = traces.iter().rev().find(|trace| rules.is_strong(&trace.kind)).map(|trace| (*trace).clone());
    let (outcome, proof, grounds) = life(rules, strong, stated_alive(rules, register, on), together(rules, &traces));
    found(outcome, proof, grounds)
}

/// The first day whose traces say something.
pub(super) fn first_day(rules: &Rules, on: Date) -> Date {
    on.checked_sub(Duration::days(i64::from(rules.window_days) - 1)).unwrap_or(Date::MIN)
}

/// What speaks of life: a trace that counts alone, a statement that does, weak traces that are enough or not.
fn life(
    rules: &Rules,
    strong: Option<Trace>,
    stated: Option<Date>,
    weak: Result<(Date, u32), u32>,
) -> (Outcome, Option<Date>, Vec<Ground>) {
    let traced = strong.map(|trace| (trace.day, Ground::Strong(trace)));
    let stated = stated.map(|day| (day, Ground::StatedAlive(day)));
    // Whichever proves the later day; what somebody saw before what an office states.
    let alone = match (traced, stated) {
        (Some(traced), Some(stated)) => Some(if stated.0 > traced.0 { stated } else { traced }),
        (traced, stated) => traced.or(stated),
    };
    match (alone, weak) {
        (Some((day, ground)), Ok((since, points))) if since > day => {
            (Outcome::Confirmed, Some(since), vec![enough(rules, since, points), ground])
        }
        (Some((day, ground)), _) => (Outcome::Confirmed, Some(day), vec![ground]),
        (None, Ok((since, points))) => (Outcome::Confirmed, Some(since), vec![enough(rules, since, points)]),
        (None, Err(points)) => {
            let needed = rules.together.points;
            (Outcome::NotConfirmed, None, vec![Ground::TooLittle { points, needed }])
        }
    }
}

/// The day of a register that states life, where that counts alone.
fn stated_alive(rules: &Rules, register: &Statement, on: Date) -> Option<Date> {
    match register {
        Statement::Status { day, status } if rules.register.confirms && rules.register.alive.contains(status) => {
            Some(*day).filter(|day| *day <= on && *day >= first_day(rules, on))
        }
        _ => None,
    }
}

fn enough(rules: &Rules, since: Date, points: u32) -> Ground {
    Ground::Together { since, points, needed: rules.together.points }
}

/// The last day that speaks of a death, and everything that does.
fn death(rules: &Rules, traces: &[&Trace], register: &Statement) -> Option<(Date, Vec<Ground>)> {
    let reported = traces.iter().filter(|trace| rules.is_death(&trace.kind)).map(|trace| (trace.day, (*trace).clone()));
    let mut days: Vec<_> = reported.map(|(day, trace)| (day, Ground::Death(trace))).collect();
    if let Statement::Status { day, status } = register
        && rules.register.dead.contains(status)
    {
        days.push((*day, Ground::StatedDead(*day)));
    }
    let last = days.iter().map(|(day, _)| *day).max()?;
    Some((last, days.into_iter().map(|(_, ground)| ground).collect()))
}

/// What the register states or leaves out that needs a look.
fn unexplained(rules: &Rules, register: &Statement) -> Option<Ground> {
    match register {
        Statement::Absent { day } if rules.register.absent == Absent::Flag => Some(Ground::NotInRegister(*day)),
        Statement::Status { day, status } if !rules.register.alive.contains(status) => {
            Some(Ground::StatedOtherwise(*day))
        }
        _ => None,
    }
}

/// The latest day from which on weak traces are enough, with their points; else the points of all. Going back from the
/// latest, so that the proof is the day on which the oldest of those needed was left: each is believed with the others only.
fn together(rules: &Rules, in_order: &[&Trace]) -> Result<(Date, u32), u32> {
    let mut counts = BTreeMap::new();
    for trace in in_order.iter().rev() {
        *counts.entry(trace.kind.as_str()).or_insert(0) += 1;
        let (points, kinds) = rules.points(&counts);
        if points >= rules.together.points && kinds >= rules.together.kinds {
            return Ok((trace.day, points));
        }
    }
    Err(rules.points(&counts).0)
}
