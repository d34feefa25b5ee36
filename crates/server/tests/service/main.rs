//! The service in this process, called over HTTP, on a data folder of its own.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that can't go on has failed")]

mod accounts;
mod activation;
mod attempts;
mod audit;
mod bucket;
mod clear;
mod contract;
mod databases;
mod desk;
mod evidence_store;
mod judging;
mod leases;
mod metrics;
mod people;
mod postgres;
mod register;
mod rosters;
#[path = "../../src/tests/postgres.rs"]
mod server;
mod staff;
mod uploads;
mod year;
