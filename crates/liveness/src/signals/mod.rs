//! Signals: what a person does, relative to themselves at rest.
//!
//! [`Reading`] takes from a frame what the actions are measured by; [`Baseline`] says what is usual for this person;
//! [`Tracker`] follows the readings through time and reports each [`Episode`]: rest, action, rest. Phone and server use the
//! same three, so they see the same. [`Solid`], which the judge alone asks, tells a head that moves from a sheet.

mod baseline;
pub mod points;
mod reading;
mod solid;
mod tracker;

pub use baseline::Baseline;
pub(crate) use baseline::{median, percentile};
pub use reading::Reading;
pub use solid::Solid;
pub use tracker::{Episode, Tracker};
