//! The service in this process, called over HTTP, on a data folder of its own.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that can't go on has failed")]

mod activation;
mod attempts;
mod clear;
mod contract;
mod judging;
mod people;
mod postgres;
mod register;
#[path = "../../src/tests/postgres.rs"]
mod server;
mod uploads;
mod year;
