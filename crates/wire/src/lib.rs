//! What app and server share.
//!
//! **In**: what a person types and what the other side sent as JSON. **Out**: values that are already checked: a [`Name`],
//! an [`IdNumber`], a [`Division`], the requests and answers of the service ([`api`], [`desk`], [`cases`], [`channels`], [`messages`]), the plan of an attempt ([`plan`])
//! and the one list of reasons ([`ReasonCode`]) with its sentences. **What can go wrong**: input that isn't what it
//! claims to be; every constructor then says so with a [`ReasonCode`] and never panics.
//!
//! This crate does no I/O; the one thing it asks the machine is today's date. Personal values ([`personal`]) print as `…`; whoever needs the text says `expose()`.

pub mod api;
mod area;
mod bytes;
pub mod cases;
pub mod channels;
pub mod desk;
mod division;
pub mod due;
mod id_number;
pub mod lease;
mod limitation;
pub mod messages;
pub mod personal;
pub mod plan;
mod reason;
mod schema;
mod time;
pub mod wishes;

pub use area::Area;
pub use bytes::Bytes32;
pub use division::{Division, DivisionLevel};
pub use id_number::IdNumber;
pub use limitation::Limitation;
pub use personal::{LoginName, Name, PersonFacts, Secret};
pub use plan::{Action, CapturePolicy, Mode, Step, StepOutcome, StepReport};
pub use reason::{Language, ReasonCode, ReasonKind, Words};
pub use time::FrameTime;
