//! The database: SQLite in the data folder.
//!
//! **Invariants.** One writer: every write goes through [`Datastore::begin`], whose transactions are immediate and queue
//! for the one writing connection, so none fails because another was first. Committed means on the disk
//! (`synchronous = FULL`). Readers never wait (`WAL`). Statements and values are never logged.
//!
//! What can go wrong: the disk is full or the file is damaged. The call fails, its transaction is undone, and the caller
//! is told to come again.

pub(crate) mod desk_entity;
pub(crate) mod entity;
mod migration;

use std::ops::Deref;
use std::path::Path;
use std::time::{Duration, Instant};

use sea_orm::sqlx::sqlite::{SqliteJournalMode, SqliteSynchronous};
use sea_orm::{
    ConnectOptions, Database, DatabaseConnection, DatabaseTransaction, DbErr, SqliteTransactionMode,
    TransactionOptions, TransactionTrait,
};
use sea_orm_migration::MigratorTrait;

use self::migration::Migrations;

/// A writer waits this long for another process (an import beside the service).
const BUSY: Duration = Duration::from_secs(20);

/// The database, open.
#[derive(Debug, Clone)]
pub(crate) struct Datastore {
    reads: DatabaseConnection,
    writes: DatabaseConnection,
}

impl Datastore {
    /// Opens the file, making it where there is none, and brings its tables forward.
    pub(crate) async fn open(path: &Path) -> Result<Self, DbErr> {
        let writes = connect(path, 1).await?;
        Migrations::up(&writes, None).await?;
        Ok(Self { reads: connect(path, 8).await?, writes })
    }

    /// For reading outside a transaction.
    pub(crate) fn reads(&self) -> &DatabaseConnection {
        &self.reads
    }

    /// Begins to write; `name` appears in the log when the transaction was slow. Dropped, it is undone.
    pub(crate) async fn begin(&self, name: &'static str) -> Result<Writing, DbErr> {
        let started = Instant::now();
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..Default::default()
        };
        let inner = self.writes.begin_with_options(options).await?;
        Ok(Writing { inner, name, started })
    }

    /// Closes every connection; the log is folded into the database file.
    pub(crate) async fn close(self) -> Result<(), DbErr> {
        self.reads.close().await?;
        self.writes.close().await
    }
}

/// A transaction in which the caller may write.
#[derive(Debug)]
pub(crate) struct Writing {
    inner: DatabaseTransaction,
    name: &'static str,
    started: Instant,
}

impl Writing {
    /// Makes everything durable.
    pub(crate) async fn commit(self) -> Result<(), DbErr> {
        self.inner.commit().await?;
        let took = self.started.elapsed();
        if took > Duration::from_secs(1) {
            tracing::warn!(transaction = self.name, ms = took.as_millis(), "slow transaction");
        }
        Ok(())
    }
}

impl Deref for Writing {
    type Target = DatabaseTransaction;

    fn deref(&self) -> &DatabaseTransaction {
        &self.inner
    }
}

async fn connect(path: &Path, connections: u32) -> Result<DatabaseConnection, DbErr> {
    let file = path.to_owned();
    let mut options = ConnectOptions::new("sqlite://");
    options.max_connections(connections).min_connections(1).sqlx_logging(false).acquire_timeout(BUSY);
    options.map_sqlx_sqlite_opts(move |options| {
        options
            .filename(&file)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(BUSY)
            // What was deleted is overwritten, so that nothing old lingers in free pages.
            .pragma("secure_delete", "ON")
    });
    Database::connect(options).await
}
