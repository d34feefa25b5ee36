//! The service: register, attempts, evidence, judgement, certificates.
//!
//! **In**: a register (CSV), and calls as `jianzai_wire::api` lists them. **Out**: steps to do, receipts, states and
//! certificates. **What can go wrong**: every refused call is a problem document with a stable code; a crash at any point
//! loses nothing that was acknowledged and certifies nobody twice; see [`service`] and the module docs.
//!
//! The way of one certification through the files: `activation` (four facts against the `register`, within `limits`) ->
//! `attempts` -> `steps` -> `commit` -> `uploads` -> `judging` -> `outcome`. `router` lists the routes, `db` holds the
//! tables, `keys` and `columns` keep what is personal sealed, `cleaning` deletes what is due,
//! `installation` holds database, keys and folder against each other. `year` reckons standing,
//! reminders and instructions by policy, `chronicle` keeps them in the tables and looks at everybody once a day.
//!
//! Staff sign in with [`accounts`] and work at the `desk`; every decision is put down in the linked log, [`audit`]. [`silent`]
//! finds who is confirmed by data alone; [`demo`] makes people to try it all with; `metrics` counts.

pub mod accounts;
mod activation;
mod app;
mod appeal;
mod attempts;
pub mod audit;
pub mod channels;
mod chronicle;
mod cleaning;
pub mod clock;
pub mod columns;
mod commit;
pub mod config;
mod db;
pub mod demo;
mod desk;
mod durable;
pub mod evidence_store;
pub mod import;
mod installation;
mod judging;
pub mod keys;
mod leases;
mod limitations;
mod limits;
mod links;
pub mod messages;
mod metrics;
pub mod office;
mod outcome;
pub mod payer;
mod problem;
mod register;
mod revoked;
mod router;
mod sampling;
pub mod service;
pub mod silent;
mod steps;
#[cfg(test)]
mod tests;
mod token;
mod tus;
mod uploads;
pub mod year;

pub use app::{public_keys, today};
pub use installation::OtherFolder;
pub use router::openapi;
pub use service::{Running, StartError, adopt, migrate, serve, work};
