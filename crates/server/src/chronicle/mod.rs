//! The year, kept in the database: what [`crate::year`] reckons purely is read from rows here, and what follows is written.
//!
//! **In**: rows of the register and of the year's tables (`db/schema_2.sql`), the policies in force, a moment. **Out**: facts
//! and certification records ([`record`]), the daily [`tick`] with its messages and instructions, the certification of
//! every channel. **What can go wrong**: the database fails, or the process dies, at any point: then the transaction is
//! undone, and the same step again does what is left, nothing twice. A row that can't be read (its key is gone, a hand
//! changed it) is logged by its identifier and costs nobody else anything.
//!
//! # Rules
//! - A fact is only ever added, in the transaction of whatever it follows from, and moves the person's next look to today.
//! - Identifiers of facts, certifications, messages and instructions follow from what they are about ([`rows::name`]): to
//!   write one twice is impossible, whoever tries.
//! - Nobody but [`tick`] writes standings, messages of the ladder and instructions.

pub(crate) mod decisions;
pub(crate) mod people;
pub(crate) mod policies;
pub(crate) mod policy_change;
pub(crate) mod record;
pub(crate) mod reminder;
pub(crate) mod reviews;
pub(crate) mod rows;
pub(crate) mod tick;
pub(crate) mod wrongful;

#[cfg(test)]
mod tests;
