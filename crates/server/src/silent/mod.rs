//! Silent certification: who is confirmed by traces that everyday life leaves in other services, and needs to do nothing.
//!
//! **In**: versioned [`Rules`] (TOML), the traces of a person, what the household register states, a day. **Out**: a
//! [`Finding`]: confirmed with the day that proves, not confirmed, flagged for a clerk's look, or suspected dead, each with
//! its grounds and an explanation in words. **What can go wrong**: a rule file with faults is refused with the place and
//! what to do; nothing else here can fail.
//!
//! # Rules that hold for every rule file
//! - Pure: the same traces give the same finding, in whatever order they are given.
//! - A strong trace counts alone. Weak ones count together, by points, from several kinds, and one kind gives only so many:
//!   a relative who goes on using the card confirms nobody.
//! - One more trace of life never makes a finding worse, and never moves the proof back.
//! - Whoever is suspected dead is never confirmed by data, and nobody is made dead by it: a clerk decides. A strong trace
//!   after the reported death is flagged as a contradiction.
//! - Not to be confirmed means nothing against anybody: the other ways of certifying follow.

mod evaluate;
mod rules;
mod words;

pub use self::evaluate::{Finding, Ground, Outcome, Statement, Trace, evaluate};
pub use self::rules::{Rules, RulesError};

/// The example that comes with the service.
pub const EXAMPLE: &str = include_str!("../../rules/silent.toml");

#[cfg(test)]
mod tests;
