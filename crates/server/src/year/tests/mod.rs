//! Whole years, lived by the policies.

mod appeals;
mod change;
mod ladder;
pub(crate) mod places;
mod properties;
mod records;
pub(crate) mod stage;
