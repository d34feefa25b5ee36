//! What keeps a suspension from beginning, and what lifts one.
//!
//! An open appeal does both. An open review only keeps one from beginning: whoever knows four facts can cause a review, and
//! that must not bring back a payment that was stopped. After either ends, some days pass before a suspension begins; after
//! reviews once in a cycle, or whoever sends in a photo every month would be paid for ever, however often it is refused. So
//! they do when a certification is found void: until then the person was believed, and has to be told first. And so they do when
//! somebody who was recorded as dead lives after all: nobody asked them to certify meanwhile.
//!
//! After an appeal, a void certification and a death taken back the person is told anew of what comes: what they were told before
//! spoke of another day.

use time::Date;

use super::Held;
use crate::year::dates::days_after;
use crate::year::facts::{Fact, Person, What};
use crate::year::policy::Policy;

/// Days from `from` up to, not including, `until`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) from: Date,
    pub(super) until: Option<Date>,
}

impl Span {
    pub(super) fn covers(&self, day: Date) -> bool {
        self.from <= day && self.until.is_none_or(|until| day < until)
    }
}

/// Days in which no suspension begins.
pub(super) struct Hold {
    span: Span,
    /// When what holds ended; the span goes on a while.
    ended: Option<Date>,
    /// What it is; none where nothing waits for a decision.
    pub(super) held: Option<Held>,
    /// Whether it brings back a payment that was stopped before it.
    lifts: bool,
    /// The day it began a new cycle, if it did.
    pub(super) new_cycle: Option<Date>,
}

impl Hold {
    /// Whether what holds is open on `day`, by the end of it.
    pub(super) fn is_open(&self, day: Date) -> bool {
        self.span.from <= day && self.ended.is_none_or(|ended| day < ended)
    }
}

/// Everything that holds in the cycle that began on `since`. `unpaid_from` says when payment would first stop in a cycle.
pub(super) fn holds(
    policy: &Policy,
    person: &Person,
    since: Date,
    known: Date,
    unpaid_from: &dyn Fn(Date) -> Option<Date>,
) -> Vec<Hold> {
    let after = i64::from(policy.grace.after_appeal_days);
    let opened = |fact: &Fact, ended: Option<Date>, held| Hold {
        span: Span { from: fact.on.min(fact.recorded), until: ended.map(|day| days_after(day, after)) },
        ended,
        held: Some(held),
        lifts: held == Held::Appeal,
        new_cycle: ended.filter(|_| held == Held::Appeal),
    };
    let end_of = |ends: &dyn Fn(What) -> bool| {
        person.known(known).filter(|fact| ends(fact.what)).map(|fact| fact.recorded).min()
    };
    let of_fact = |fact: &Fact| match fact.what {
        What::AppealOpened { appeal: id } => {
            let ended = end_of(&|what| matches!(what, What::AppealDecided { appeal, .. } if appeal == id));
            Some(opened(fact, ended, Held::Appeal))
        }
        What::ReviewOpened { review: id } => {
            let closed = |of| end_of(&|what| matches!(what, What::ReviewClosed { review } if review == of));
            let before = person.known(known).filter(|other| other.recorded > since).any(|other| match other.what {
                What::ReviewOpened { review } if review != id => closed(review).is_some_and(|day| day <= fact.recorded),
                _ => false,
            });
            let mut hold = opened(fact, closed(id), Held::Review);
            if before {
                hold.span.until = hold.ended;
            }
            Some(hold)
        }
        What::Revoked { certification: id, .. } => {
            // Found void a second time, it had been believed by nobody in between.
            let first = end_of(&|what| matches!(what, What::Revoked { certification, .. } if certification == id));
            let proof = void_proof(person, id, since, known).filter(|_| first == Some(fact.recorded))?;
            // The void proof may have run out before it was found void: then nobody believed it any more.
            let ran_out = unpaid_from(proof).filter(|day| *day <= fact.recorded);
            let until = ran_out.unwrap_or_else(|| days_after(fact.recorded, after));
            let span = Span { from: proof, until: Some(until) };
            let ended = Some(fact.recorded);
            Some(Hold { span, ended, held: None, lifts: true, new_cycle: ended })
        }
        What::Deceased { .. } => {
            let lives = person.known(known).filter(|other| matches!(other.what, What::DeathWithdrawn { .. }));
            let ended = lives.map(|other| other.recorded).filter(|day| *day >= fact.recorded).min()?;
            let span = Span { from: fact.recorded, until: Some(days_after(ended, after)) };
            Some(Hold { span, ended: Some(ended), held: None, lifts: false, new_cycle: Some(ended) })
        }
        _ => None,
    };
    person.known(known).filter_map(of_fact).collect()
}

/// The proof date of a void certification, if it had begun a later cycle than the one that counts.
fn void_proof(person: &Person, certification: uuid::Uuid, since: Date, known: Date) -> Option<Date> {
    let its = |fact: &&Fact| matches!(fact.what, What::Certified { id, .. } if id == certification);
    person.known(known).filter(its).map(|fact| fact.on).find(|proof| *proof > since)
}

/// The days without payment, in order, if it would first stop on `first`.
pub(super) fn suspended_spans(first: Date, holds: &[Hold]) -> Vec<Span> {
    let mut spans = Vec::new();
    let mut day = first;
    loop {
        // The end of a hold may lie in another.
        while let Some(hold) = holds.iter().find(|hold| hold.span.covers(day)) {
            match hold.span.until {
                Some(until) => day = until,
                None => return spans,
            }
        }
        let lifted = holds.iter().filter(|hold| hold.lifts).map(|hold| hold.span.from).filter(|from| *from > day).min();
        spans.push(Span { from: day, until: lifted });
        match lifted {
            Some(next) => day = next,
            None => return spans,
        }
    }
}
