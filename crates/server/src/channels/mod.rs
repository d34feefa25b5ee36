//! Every way of certifying but the app's own: each ends in one certification record.
//!
//! **In**: what a clerk, a visitor, an employer or another office brings, and by whom it was decided. **Out**: the record and
//! its fact ([`crate::chronicle::record`]). **What can go wrong**: the policy of the place does not take it: each
//! [`RecordFault`], and nothing is written. The same again is known already, and changes nothing.
//!
//! Whoever asks must have been let in before: these are the steps of signed-in staff (`desk/by_people.rs` and its
//! neighbours) and of the program. Of the app's routes only links lead here.

pub(crate) mod batch;
mod by_hand;
pub(crate) mod eyes;
mod find;
mod handed_out;
pub(crate) mod link;
pub(crate) mod mailed;
mod video;

pub use batch::{BatchReport, BatchSource};
pub use by_hand::{ByHand, Certified};
pub use handed_out::HandedOut;
pub use link::{Link, LinkRefused};
pub use mailed::{FormRefused, IssuedForm, Returned};
pub use video::{SlotRefused, VideoOutcome};

#[cfg(test)]
mod tests;
