//! The database: SQLite in the data folder, or PostgreSQL by URL.
//!
//! **Invariants.** Committed means on the disk. Statements and values are never logged.
//! *SQLite*: one writer; every write goes through [`Datastore::begin`] (or is one statement, through
//! [`Datastore::single`]), whose transactions are immediate and queue for the one writing connection, so none fails because another was first (`synchronous = FULL`). Readers never wait (`WAL`).
//! *PostgreSQL*: several processes write. Whoever reads a row in order to change it locks the row first
//! (`lock_exclusive`, which SQLite has no need of), and statements see what was committed before them.
//!
//! What can go wrong: the disk is full, the file is damaged, the server is gone. The call fails, its transaction is undone,
//! and the caller is told to come again.

pub(crate) mod bulk;
pub(crate) mod desk_entity;
pub(crate) mod entity;
pub(crate) mod installation_entity;
mod lines;
mod migration;
pub(crate) mod silent_entity;
pub(crate) mod text;
pub(crate) mod year;

use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use jianzai_wire::Secret;
use sea_orm::sqlx::sqlite::{SqliteJournalMode, SqliteSynchronous};
use sea_orm::{
    ConnAcquireErr, ConnectOptions, ConnectionTrait as _, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr,
    SqliteTransactionMode, TransactionOptions, TransactionTrait as _,
};
use sea_orm_migration::MigratorTrait;

use self::lines::{IDLE, Lines};
use self::migration::Migrations;

/// A writer waits this long for another process (an import beside the service).
const BUSY: Duration = Duration::from_secs(20);
/// Whoever asks whether the database answers does not wait for longer.
const READY: Duration = Duration::from_secs(5);
/// Connections of a process to PostgreSQL at most, for single statements and for transactions. A server takes 100 unless told
/// otherwise, and several processes share it.
const LINES: usize = 10;
const TRANSACTIONS: u32 = 6;
/// Names the lock under which tables are brought forward.
const MIGRATING: i64 = 0x6a69_616e_7a61_6901;
/// Names the lock of whoever changes rows of many people in one transaction.
const MANY_PEOPLE: i64 = 0x6a69_616e_7a61_6904;

/// Where the database is.
#[derive(Debug, Clone)]
pub(crate) enum Database {
    /// An SQLite file.
    File(PathBuf),
    /// The URL of a PostgreSQL server, which may hold a password.
    Postgres(Secret),
}

/// The database, open.
#[derive(Debug, Clone)]
pub(crate) struct Datastore {
    reads: Arc<Lines>,
    single: Arc<Lines>,
    writes: DatabaseConnection,
}

impl Datastore {
    /// Opens the database, making the file where there is none, and brings its tables forward.
    pub(crate) async fn open(at: &Database) -> Result<Self, DbErr> {
        match at {
            Database::File(path) => {
                let writes = sqlite(path, 1).await?;
                Migrations::up(&writes, None).await?;
                let reads = Arc::new(Lines::Sqlite(sqlite(path, 8).await?));
                Ok(Self { reads, single: Arc::new(Lines::Sqlite(writes.clone())), writes })
            }
            Database::Postgres(url) => {
                let writes = postgres(url.expose(), TRANSACTIONS, 1).await?;
                bring_forward(&writes).await?;
                // Whatever is taken from this pool is not given back.
                let lines = postgres(url.expose(), LINES as u32, 0).await?;
                let single = Arc::new(Lines::to_postgres(lines.get_postgres_connection_pool().clone(), LINES));
                Ok(Self { reads: single.clone(), single, writes })
            }
        }
    }

    /// Calls this after every statement: tests stop what runs there.
    #[cfg(test)]
    pub(crate) fn after_each_statement(&mut self, call: impl Fn() + Send + Sync + 'static) {
        let call = AfterEach(Some(Arc::new(call)));
        self.reads = Arc::new(self.reads.calling(&call));
        self.single = Arc::new(self.single.calling(&call));
        self.writes.set_metric_callback(move |_| call.call());
    }

    /// For reading outside a transaction.
    pub(crate) fn reads(&self) -> &Lines {
        &self.reads
    }

    /// For one statement that is a whole transaction: durable when it is answered, at a third of the questions.
    pub(crate) fn single(&self) -> &Lines {
        &self.single
    }

    /// Whether the database answers, statements and transactions. SQLite's one writer may be at work for longer, for an
    /// import beside the service: that is no fault.
    pub(crate) async fn ping(&self) -> Result<(), DbErr> {
        let both = async {
            self.reads.ping().await?;
            match self.writes.get_database_backend() {
                DbBackend::Postgres => self.writes.ping().await,
                _ => Ok(()),
            }
        };
        let timeout = || DbErr::ConnectionAcquire(ConnAcquireErr::Timeout);
        tokio::time::timeout(READY, both).await.map_err(|_| timeout())?
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

    /// Begins to write rows of many people, whom others may hold in another order: those who do so take turns on PostgreSQL, or
    /// they would wait for each other. On SQLite every transaction does.
    pub(crate) async fn begin_many(&self, name: &'static str) -> Result<Writing, DbErr> {
        let tx = self.begin(name).await?;
        if tx.get_database_backend() == DbBackend::Postgres {
            tx.execute_unprepared(&turn()).await?;
        }
        Ok(tx)
    }

    /// Begins to write many rows at once. Dropped, it is undone.
    pub(crate) async fn begin_bulk(&self) -> Result<bulk::Bulk, DbErr> {
        bulk::Bulk::begin(&self.writes).await
    }

    /// The same for rows of many people whom others may hold, as [`Datastore::begin_many`].
    pub(crate) async fn begin_bulk_many(&self) -> Result<bulk::Bulk, DbErr> {
        let mut bulk = self.begin_bulk().await?;
        if bulk.backend() == DbBackend::Postgres {
            bulk.execute(turn()).await?;
        }
        Ok(bulk)
    }

    /// Closes every connection; the log is folded into the database file.
    pub(crate) async fn close(self) -> Result<(), DbErr> {
        self.reads.close().await?;
        // On SQLite these are the same as those of `single`.
        self.writes.close().await
    }
}

/// What a test wants to be called after each statement.
#[cfg(test)]
#[derive(Clone, Default)]
struct AfterEach(Option<Arc<dyn Fn() + Send + Sync>>);

#[cfg(test)]
impl AfterEach {
    fn call(&self) {
        if let Some(call) = &self.0 {
            call();
        }
    }
}

#[cfg(test)]
impl std::fmt::Debug for AfterEach {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AfterEach")
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

/// Waits for one's turn among those who change rows of many people, until the transaction ends.
fn turn() -> String {
    format!("SELECT pg_advisory_xact_lock({MANY_PEOPLE})")
}

/// Two processes that start at once bring the tables forward one after the other.
async fn bring_forward(database: &DatabaseConnection) -> Result<(), DbErr> {
    let alone = database.begin().await?;
    alone.execute_unprepared(&format!("SELECT pg_advisory_xact_lock({MIGRATING})")).await?;
    Migrations::up(database, None).await?;
    alone.commit().await
}

async fn postgres(url: &str, at_most: u32, at_least: u32) -> Result<DatabaseConnection, DbErr> {
    let mut options = ConnectOptions::new(url);
    options.max_connections(at_most).min_connections(at_least).sqlx_logging(false).acquire_timeout(BUSY);
    // To ask before each statement whether the line still stands would double the questions.
    options.test_before_acquire_if_idle_for(IDLE);
    sea_orm::Database::connect(options).await
}

async fn sqlite(path: &Path, connections: u32) -> Result<DatabaseConnection, DbErr> {
    let file = path.to_owned();
    let mut options = ConnectOptions::new("sqlite://");
    options.max_connections(connections).min_connections(1).sqlx_logging(false).acquire_timeout(BUSY);
    options.test_before_acquire(false);
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
    sea_orm::Database::connect(options).await
}
