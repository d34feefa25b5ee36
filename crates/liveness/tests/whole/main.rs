//! Coach and judge together: synthetic people, real traces, pictures and recordings.
#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, reason = "a test that can't go on has failed")]

mod coach;
mod footage;
mod judge;
mod limited;
mod person;
mod phone;
mod properties;
mod replay;
