//! Whole years, lived by the policies.

mod appeals;
mod change;
mod ladder;
mod places;
mod properties;
mod records;
mod stage;
