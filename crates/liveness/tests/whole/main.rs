//! Coach and judge together: synthetic people, real traces, pictures and recordings.

mod coach;
mod footage;
mod judge;
mod person;
mod phone;
mod properties;
mod replay;
