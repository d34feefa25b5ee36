//! What staff do, signed in: look a person up, plan visits, make visits, decide what waits.
//!
//! **In**: a session ([`crate::accounts::SignedIn`]), an ID number in the body (never in an address), and the reason for
//! reading. **Out**: what that role may see, and no more. **What can go wrong**: nobody has the number, or the person
//! belongs to another area: one answer, `desk.nobody_found`, no sooner than the other; a volunteer asks for somebody who is
//! on none of their lists, whether registered or not: `desk.not_listed`. Whoever finds nobody too often has to wait, and
//! whoever reads too much as well.
//!
//! # Rules
//! - Every read is put down in the access log with its reason, and in the linked log, in one transaction, before anything
//!   is shown. So is every search that found nobody, with a keyed hash of the number.
//! - No whole phone number is shown, and the portrait only to the clerk who has the person's case in hand.
//! - Heads and auditors see the access log of their area, by identifiers.

pub(crate) mod access;
pub(crate) mod by_people;
pub(crate) mod calls;
pub(crate) mod case;
pub(crate) mod decide;
pub(crate) mod due;
pub(crate) mod evidence;
pub(crate) mod flagged;
pub(crate) mod in_vain;
pub(crate) mod letters;
pub(crate) mod links;
pub(crate) mod lists;
pub(crate) mod oversight;
pub(crate) mod person;
pub(crate) mod post;
pub(crate) mod reviews;
pub(crate) mod rosters;
pub(crate) mod scan;
pub(crate) mod visit_reports;
pub(crate) mod visits;
pub(crate) mod wishes;

#[cfg(test)]
mod tests;
