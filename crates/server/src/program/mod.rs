//! The commands of `jianzai-server` that look after accounts, the log and demonstrations.

pub(crate) mod account;
pub(crate) mod audit;
pub(crate) mod demo;
