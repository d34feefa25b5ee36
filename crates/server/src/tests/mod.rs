//! What the tests of several modules share.

mod postgres;
mod world;

pub(crate) use postgres::TestDatabase;
pub(crate) use world::{Kind, World, id_number};
