//! The commands of `jianzai-server` beside serving: accounts, the log, demonstrations, policies, silent certification,
//! the year. What they do stands in the library; here they are read, and their results told.

pub(crate) mod account;
pub(crate) mod audit;
pub(crate) mod demo;
mod policy;
mod silent;
mod year;

pub(crate) use policy::PolicyCommand;
pub(crate) use silent::SilentCommand;
pub(crate) use year::YearCommand;
