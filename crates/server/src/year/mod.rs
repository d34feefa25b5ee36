//! What an agency does with certification all year: policy as data, standing, reminders, instructions to the payer.
//!
//! **In**: a policy per insured place and scheme ([`policy`], TOML), the recorded facts of a person ([`facts`]), a date in
//! China. **Out**: the person's [`standing`] and when it may change next, the reminders that are due ([`ladder`]), the
//! [`instructions`] to the payer with the months to pay back, suspensions that were wrong. [`tick`] puts them together for
//! one person and one moment. **What can go wrong**: a policy with faults is refused with file, line and remedy for each;
//! nothing else here can fail.
//!
//! # The walk
//! `policy::PolicySet` (who lives under which versions) -> [`window`] (opens, due, closes, for the cycle after the last
//! trusted proof) -> [`standing`] (current, due, overdue, suspended; deceased by a clerk) -> [`instructions`] and
//! [`ladder`]. Every way of certifying ends in one record ([`record`]) with its [`channel`].
//!
//! # Rules that hold for every policy
//! - Nothing here reads a clock, a database or the network; the one thing read is the text of policies.
//! - A standing follows from facts, policy and date alone. What was sent or told to the payer never enters it, so it does
//!   not matter when or how often the daily tick ran.
//! - A fact counts from the day it speaks of, and is known from the day it was recorded. Standings of past days are never
//!   rewritten; whether a suspension was wrong is asked with today's knowledge.
//! - Nobody is suspended while an appeal is open, and no suspension begins while a review is open.
//! - A change of policy makes nobody's suspension come sooner than the notice that the new version gives.
//! - Months withheld are paid back when the person is confirmed, each once.

pub mod channel;
pub mod dates;
pub mod facts;
pub mod instructions;
pub mod ladder;
pub mod names;
pub mod policy;
pub mod record;
pub mod standing;
pub mod tick;
pub mod window;
pub mod wrongful;

#[cfg(test)]
pub(crate) mod tests;
