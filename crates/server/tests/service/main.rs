//! The service in this process, called over HTTP, on a data folder of its own.

mod activation;
mod attempts;
mod clear;
mod contract;
mod people;
mod register;
mod uploads;
