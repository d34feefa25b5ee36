//! The two databases that the service runs on.

use crate::server::TestDatabase;

/// Which database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Sqlite,
    Postgres,
}

impl Kind {
    /// A fresh database of one's own; an SQLite one lies in the data folder, and is made there.
    pub(crate) fn database(self) -> Option<TestDatabase> {
        (self == Self::Postgres).then(TestDatabase::new)
    }
}

/// Makes two tests of each function that takes a [`Kind`]. A function that is left out is called by nobody, which the compiler
/// says. Tests run in the order of their names, so those on PostgreSQL follow one another and share a server, which stops
/// when nobody has a database on it.
macro_rules! on_both_databases {
    ($($test:ident),+ $(,)?) => {
        mod on_postgresql {
            $(#[tokio::test]
            async fn $test() {
                super::$test(crate::databases::Kind::Postgres).await;
            })+
        }

        mod on_sqlite {
            $(#[tokio::test]
            async fn $test() {
                super::$test(crate::databases::Kind::Sqlite).await;
            })+
        }
    };
}

pub(crate) use on_both_databases;
