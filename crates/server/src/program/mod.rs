//! The commands of the year. What they do stands in the library; here they are read, and their results told.

mod policy;
mod year;

pub(crate) use policy::PolicyCommand;
pub(crate) use year::YearCommand;
