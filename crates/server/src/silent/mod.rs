//! Silent certification: who is confirmed by traces that everyday life leaves in other services, and needs to do nothing.
//!
//! **In**: versioned [`Rules`] (TOML), the traces of a person, what the household register states, a day. **Out**: a
//! [`Finding`]: confirmed with the day that proves, not confirmed, flagged for a clerk's look, or suspected dead, each with
//! its grounds and an explanation in words. **What can go wrong**: a rule file with faults is refused with the place and
//! what to do; nothing else here can fail.
//!
//! [`evaluate()`] says what holds for one person. Over the tables the same is asked for everybody at once: files are taken by
//! `incoming`; a `run` asks the `question` range after range and writes the `effects`, of which `deaths` names the reports;
//! `report` tells them, `revert` takes them back, and `retention` deletes what was kept long enough.
//!
//! # Rules that hold for every rule file
//! - Pure: the same traces give the same finding, in whatever order they are given.
//! - A strong trace counts alone. Weak ones count together, by points, from several kinds, and one kind gives only so many:
//!   a relative who goes on using the card confirms nobody.
//! - One more trace of life never makes a finding worse, and never moves the proof back.
//! - Whoever is suspected dead is never confirmed by data, and nobody is made dead by it: a clerk decides. A strong trace
//!   after the reported death is flagged as a contradiction.
//! - Not to be confirmed means nothing against anybody: the other ways of certifying follow. A comparison that was not made, or
//!   not with everybody, has missed nobody.

mod deaths;
mod effects;
mod evaluate;
mod flagged;
mod grounds;
mod incoming;
mod question;
mod records;
mod report;
pub(crate) mod retention;
mod revert;
mod rules;
mod run;
mod words;

pub use self::effects::Effect;
pub use self::evaluate::{Finding, Ground, Outcome, Statement, Trace, evaluate};
pub use self::incoming::{Household, Source, Taken};
pub use self::report::{RunReport, Told};
pub use self::revert::{Part, Reverted};
pub use self::rules::{Rules, RulesError, SHIPPED};
pub(crate) use flagged::Flagged;

/// The example that comes with the service.
pub const EXAMPLE: &str = include_str!("../../rules/silent.toml");

#[cfg(test)]
mod tests;
