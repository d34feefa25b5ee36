//! The commands of `jianzai-server` that look after accounts and the log.

pub(crate) mod account;
pub(crate) mod audit;
