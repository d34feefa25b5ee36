//! Connections for statements that are each a transaction of their own.
//!
//! **In**: a statement. **Out**: what it is answered. SQLite's pool is used as it is. Of PostgreSQL's, connections are kept out
//! once they are there: the pool asks each that comes back whether it still stands, which doubles the questions, and with
//! one statement for each use that is half of what they cost. It asks because a call that was given up in the middle of a
//! statement leaves a connection of which nobody knows where it is; here it is known.
//!
//! **What can go wrong.** A call is given up in the middle, or a statement fails: its connection goes back to the pool, which
//! asks it. The server was gone: whoever notices first fails, and no other connection is used before the pool has asked it.
//! A connection that nobody used for [`IDLE`], or that is older than [`AGE`], goes back as well. All are taken: callers
//! wait in the order in which they came, and fail after [`super::BUSY`].

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use sea_orm::sqlx::pool::PoolConnection;
use sea_orm::sqlx::postgres::PgPool;
use sea_orm::sqlx::query::Query;
use sea_orm::sqlx::{self, AssertSqlSafe, Connection as _, Executor as _, Postgres};
use sea_orm::{
    ConnAcquireErr, ConnectionTrait, DatabaseConnection, DbBackend, DbErr, ExecResult, QueryResult, RuntimeErr,
    Statement, Values,
};
use sea_orm_migration::prelude::async_trait;
use sea_query_sqlx::SqlxValues;
use tokio::sync::{Semaphore, SemaphorePermit};

/// A connection that was not used for so long may be gone, and is asked first.
pub(super) const IDLE: Duration = Duration::from_secs(5);
/// Connections that the pool sees to by itself: none, or it could not be left without a runtime.
pub(super) const AT_LEAST: u32 = 0;
/// The server's side of a connection grows with what it is asked.
const AGE: Duration = Duration::from_secs(600);

/// Connections for single statements.
#[derive(Debug)]
pub(crate) enum Lines {
    /// To SQLite.
    Sqlite(DatabaseConnection),
    /// To PostgreSQL.
    Postgres(Kept),
}

/// Connections that are kept out of their pool.
#[derive(Debug)]
pub(crate) struct Kept {
    pool: PgPool,
    /// As many as the pool has connections: whoever holds one finds a connection here or in the pool.
    turns: Semaphore,
    /// Those that nobody uses just now; the one that was used last is the last.
    idle: Mutex<Vec<Line>>,
    #[cfg(test)]
    after_each: super::AfterEach,
}

/// A connection on which no statement is under way, unless somebody has taken it.
#[derive(Debug)]
struct Line {
    connection: PoolConnection<Postgres>,
    since: Instant,
    used: Instant,
}

/// Dropped in the middle of a statement, the connection goes to the pool.
struct Taken<'a> {
    line: Line,
    _turn: SemaphorePermit<'a>,
}

impl Kept {
    fn new(pool: PgPool) -> Self {
        Self {
            turns: Semaphore::new(pool.options().get_max_connections() as usize),
            pool,
            idle: Mutex::default(),
            #[cfg(test)]
            after_each: super::AfterEach::default(),
        }
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Line>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn take(&self) -> Result<Taken<'_>, DbErr> {
        let turn = tokio::time::timeout(super::BUSY, self.turns.acquire()).await;
        let turn = turn.map_err(|_| DbErr::ConnectionAcquire(ConnAcquireErr::Timeout))?;
        let turn = turn.map_err(|_| DbErr::ConnectionAcquire(ConnAcquireErr::ConnectionClosed))?;
        let last = self.idle().pop();
        if let Some(line) = last.filter(|line| line.used.elapsed() < IDLE && line.since.elapsed() < AGE) {
            return Ok(Taken { line, _turn: turn });
        }
        // Whichever lie beneath it were used even earlier.
        self.let_go();
        let connection = self.pool.acquire().await.map_err(|error| match error {
            sqlx::Error::PoolTimedOut => DbErr::ConnectionAcquire(ConnAcquireErr::Timeout),
            sqlx::Error::PoolClosed => DbErr::ConnectionAcquire(ConnAcquireErr::ConnectionClosed),
            other => DbErr::Conn(RuntimeErr::SqlxError(other.into())),
        })?;
        let now = Instant::now();
        Ok(Taken { line: Line { connection, since: now, used: now }, _turn: turn })
    }

    /// Gives back to the pool what nobody uses.
    fn let_go(&self) {
        let unused = std::mem::take(&mut *self.idle());
        drop(unused);
    }

    /// Keeps the connection if the statement went well.
    fn settle<T>(
        &self,
        taken: Taken<'_>,
        answer: Result<T, sqlx::Error>,
        failed: fn(RuntimeErr) -> DbErr,
    ) -> Result<T, DbErr> {
        match &answer {
            Ok(_) => {
                let mut idle = self.idle();
                if !self.pool.is_closed() {
                    idle.push(Line { used: Instant::now(), ..taken.line });
                }
            }
            Err(error) if is_gone(error) => self.let_go(),
            Err(_) => {}
        }
        #[cfg(test)]
        self.after_each.call();
        answer.map_err(|error| failed(RuntimeErr::SqlxError(error.into())))
    }
}

/// Whoever closes the database before has left nothing here. To give a connection back takes a runtime, which may have ended
/// by now; so these are hung up.
impl Drop for Kept {
    fn drop(&mut self) {
        let unused = std::mem::take(&mut *self.idle());
        unused.into_iter().for_each(|line| drop(line.connection.detach()));
    }
}

/// Whether it was the connection that failed, not the statement.
fn is_gone(error: &sqlx::Error) -> bool {
    match error {
        // Class 57: the server stops, or somebody ended the connection.
        sqlx::Error::Database(error) => error.code().is_some_and(|code| code.starts_with("57")),
        sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::Protocol(_) => true,
        _ => false,
    }
}

fn query(statement: &mut Statement) -> Query<'_, Postgres, SqlxValues> {
    let values = statement.values.take().unwrap_or_else(|| Values(Vec::new()));
    sqlx::query_with(AssertSqlSafe(statement.sql.as_str()), SqlxValues(values))
}

impl Lines {
    /// To PostgreSQL, as many at once as the pool may have.
    pub(super) fn to_postgres(pool: PgPool) -> Self {
        Self::Postgres(Kept::new(pool))
    }

    /// The same database; this is called after every statement.
    #[cfg(test)]
    pub(super) fn calling(&self, call: &super::AfterEach) -> Self {
        match self {
            Self::Sqlite(pool) => {
                let (mut pool, call) = (pool.clone(), call.clone());
                pool.set_metric_callback(move |_| call.call());
                Self::Sqlite(pool)
            }
            Self::Postgres(kept) => {
                let mut calling = Kept::new(kept.pool.clone());
                calling.after_each = call.clone();
                Self::Postgres(calling)
            }
        }
    }

    /// Whether the database answers.
    pub(crate) async fn ping(&self) -> Result<(), DbErr> {
        match self {
            Self::Sqlite(pool) => pool.ping().await,
            Self::Postgres(kept) => {
                let mut taken = kept.take().await?;
                let answer = taken.line.connection.ping().await;
                kept.settle(taken, answer, DbErr::Conn)
            }
        }
    }

    /// Closes every connection.
    pub(super) async fn close(&self) -> Result<(), DbErr> {
        match self {
            Self::Sqlite(pool) => pool.close_by_ref().await,
            Self::Postgres(kept) => {
                let closed = kept.pool.close();
                kept.let_go();
                closed.await;
                Ok(())
            }
        }
    }
}

#[async_trait::async_trait]
impl ConnectionTrait for Lines {
    fn get_database_backend(&self) -> DbBackend {
        match self {
            Self::Sqlite(pool) => pool.get_database_backend(),
            Self::Postgres(_) => DbBackend::Postgres,
        }
    }

    async fn execute_raw(&self, mut statement: Statement) -> Result<ExecResult, DbErr> {
        match self {
            Self::Sqlite(pool) => pool.execute_raw(statement).await,
            Self::Postgres(kept) => {
                let mut taken = kept.take().await?;
                let answer = query(&mut statement).execute(&mut *taken.line.connection).await;
                Ok(kept.settle(taken, answer, DbErr::Exec)?.into())
            }
        }
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        match self {
            Self::Sqlite(pool) => pool.execute_unprepared(sql).await,
            Self::Postgres(kept) => {
                let mut taken = kept.take().await?;
                let answer = taken.line.connection.execute(AssertSqlSafe(sql)).await;
                Ok(kept.settle(taken, answer, DbErr::Exec)?.into())
            }
        }
    }

    async fn query_one_raw(&self, mut statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        match self {
            Self::Sqlite(pool) => pool.query_one_raw(statement).await,
            Self::Postgres(kept) => {
                let mut taken = kept.take().await?;
                let answer = query(&mut statement).fetch_optional(&mut *taken.line.connection).await;
                Ok(kept.settle(taken, answer, DbErr::Query)?.map(QueryResult::from))
            }
        }
    }

    async fn query_all_raw(&self, mut statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        match self {
            Self::Sqlite(pool) => pool.query_all_raw(statement).await,
            Self::Postgres(kept) => {
                let mut taken = kept.take().await?;
                let answer = query(&mut statement).fetch_all(&mut *taken.line.connection).await;
                Ok(kept.settle(taken, answer, DbErr::Query)?.into_iter().map(QueryResult::from).collect())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::tests::{Kind, World};

    async fn number(lines: &Lines, sql: &str) -> Result<i32, DbErr> {
        let row = lines.query_one_raw(Statement::from_string(DbBackend::Postgres, sql)).await?;
        row.map_or(Ok(0), |row| row.try_get_by_index(0))
    }

    fn kept(lines: &Lines) -> &Kept {
        match lines {
            Lines::Postgres(kept) => kept,
            Lines::Sqlite(_) => panic!("not PostgreSQL"),
        }
    }

    /// Whose connection it is at the server.
    const WHO: &str = "SELECT pg_backend_pid()";

    #[tokio::test]
    async fn statements_that_follow_one_another_share_a_connection() {
        let world = World::new(Kind::Postgres).await;
        let lines = world.store.reads();
        let first = number(lines, WHO).await.unwrap();
        for _ in 0..5 {
            assert_eq!(number(lines, WHO).await.unwrap(), first);
        }
        assert_eq!(kept(lines).idle().len(), 1);
    }

    #[tokio::test]
    async fn what_was_given_up_in_the_middle_answers_nobody_else() {
        let world = World::new(Kind::Postgres).await;
        let lines = world.store.reads();
        number(lines, WHO).await.unwrap();
        let slow = number(lines, "SELECT 7 FROM pg_sleep(0.5)");
        assert!(tokio::time::timeout(Duration::from_millis(100), slow).await.is_err());
        assert_eq!(kept(lines).idle().len(), 0, "the pool has it");
        for wanted in 1..20 {
            assert_eq!(number(lines, &format!("SELECT {wanted}")).await.unwrap(), wanted);
        }
    }

    #[tokio::test]
    async fn a_statement_that_fails_harms_no_other() {
        let world = World::new(Kind::Postgres).await;
        let lines = world.store.reads();
        for wanted in 1..5 {
            number(lines, "SELECT 1 / 0").await.unwrap_err();
            assert_eq!(number(lines, &format!("SELECT {wanted}")).await.unwrap(), wanted);
        }
    }

    #[tokio::test]
    async fn whoever_comes_after_a_server_that_was_gone_is_answered() {
        let world = World::new(Kind::Postgres).await;
        let lines = world.store.reads();
        let slow: Vec<_> = (0..6).map(|_| number(lines, "SELECT 1 FROM pg_sleep(0.1)")).collect();
        futures_util::future::try_join_all(slow).await.unwrap();
        assert_eq!(kept(lines).idle().len(), 6);
        let all = "SELECT count(pg_terminate_backend(pid))::int FROM pg_stat_activity \
                   WHERE datname = current_database() AND pid <> pg_backend_pid()";
        assert!(number(lines, all).await.unwrap() >= 5);
        // The one that asked for it lives on; let those be used that do not.
        let asked = kept(lines).idle().pop();
        number(lines, WHO).await.unwrap_err();
        drop(asked);
        for wanted in 1..10 {
            assert_eq!(number(lines, &format!("SELECT {wanted}")).await.unwrap(), wanted);
        }
    }

    #[tokio::test]
    async fn more_callers_than_connections_are_answered_in_turn() {
        let world = World::new(Kind::Postgres).await;
        let lines = world.store.reads();
        let many: Vec<_> = (0..100).map(|_| number(lines, "SELECT 1 FROM pg_sleep(0.01)")).collect();
        assert_eq!(futures_util::future::try_join_all(many).await.unwrap(), vec![1; 100]);
        assert!(kept(lines).idle().len() <= kept(lines).pool.options().get_max_connections() as usize);
    }

    #[tokio::test]
    async fn what_was_not_used_lately_is_asked_first() {
        let world = World::new(Kind::Postgres).await;
        let lines = world.store.reads();
        number(lines, WHO).await.unwrap();
        for line in kept(lines).idle().iter_mut() {
            line.used = line.used.checked_sub(IDLE).unwrap();
        }
        let taken = kept(lines).take().await.unwrap();
        assert_eq!(kept(lines).idle().len(), 0);
        assert!(taken.line.since.elapsed() < IDLE);
    }
}
