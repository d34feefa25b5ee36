//! Coach and judge together: synthetic people, real traces, pictures and recordings.

mod footage;
mod person;
mod phone;
mod properties;
mod replay;
