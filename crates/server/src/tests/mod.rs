//! What the tests of several modules share.

mod postgres;
mod world;

pub(crate) use postgres::TestDatabase;
pub(crate) use world::{Kind, World, id_number};

/// Makes two tests of each function that takes a [`Kind`]. A function that is left out is called by nobody, which the compiler
/// says. Tests run in the order of their names, so those on PostgreSQL follow one another and share a server.
macro_rules! on_both_databases {
    ($($test:ident),+ $(,)?) => {
        mod on_postgresql {
            $(#[tokio::test]
            async fn $test() {
                super::$test(crate::tests::Kind::Postgres).await;
            })+
        }

        mod on_sqlite {
            $(#[tokio::test]
            async fn $test() {
                super::$test(crate::tests::Kind::Sqlite).await;
            })+
        }
    };
}

pub(crate) use on_both_databases;
