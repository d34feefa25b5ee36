//! Whole years, lived by the policies.

mod places;
mod properties;
mod stage;
