//! Signals: what a person does, relative to themselves at rest.

mod baseline;
pub mod points;

pub use baseline::Baseline;
