//! Connections for statements that are each a transaction of their own.
//!
//! **In**: a statement. **Out**: what it is answered. SQLite's pool is used as it is. sqlx's pool for PostgreSQL asks each
//! connection that comes back whether it still stands, which doubles the questions, and with one statement for each use that is
//! half of what they cost. It asks because a call that was given up in the middle of a statement leaves a connection of which
//! nobody knows where it is; here it is known. So connections are kept here, once the pool has made them.
//!
//! **What can go wrong.** A call is given up in the middle of a statement: its connection is waited for, since the server works
//! on, and then hung up; only then is it another's turn, so that there are never more. The server was gone: whoever notices
//! first fails, and of those that lie here none is used any more. A connection that nobody used for [`IDLE`] is asked before it
//! is used; if it has no answer within [`ANSWER`], what stands between may have forgotten it and the others, and all are hung
//! up. One that is older than [`AGE`], or was not used for so long, is hung up. All are taken: callers wait in the order in
//! which they came, and fail after [`super::BUSY`].

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use sea_orm::sqlx::postgres::PgPool;
use sea_orm::sqlx::query::Query;
use sea_orm::sqlx::{self, AssertSqlSafe, Connection as _, Executor as _, PgConnection, Postgres};
use sea_orm::{
    ConnAcquireErr, ConnectionTrait, DatabaseConnection, DbBackend, DbErr, ExecResult, QueryResult, RuntimeErr,
    Statement, Values,
};
use sea_orm_migration::prelude::async_trait;
use sea_query_sqlx::SqlxValues;
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// A connection that was not used for so long may be gone, and is asked first.
pub(super) const IDLE: Duration = Duration::from_secs(5);
/// The answer comes within this time.
const ANSWER: Duration = Duration::from_secs(2);
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

/// Connections that are kept.
#[derive(Debug)]
pub(crate) struct Kept {
    /// Makes connections, and knows none of those that it has made.
    pool: PgPool,
    /// As many as there may be connections.
    turns: Arc<Semaphore>,
    /// Those that nobody uses just now; the one that was used last is the last.
    idle: Mutex<Vec<Line>>,
    #[cfg(test)]
    after_each: super::AfterEach,
}

/// A connection on which no statement is under way, unless somebody has taken it. Dropped, it is hung up.
#[derive(Debug)]
struct Line {
    connection: PgConnection,
    since: Instant,
    used: Instant,
}

impl Line {
    fn is_old(&self) -> bool {
        self.since.elapsed() >= AGE || self.used.elapsed() >= AGE
    }

    /// Whether it can be used.
    async fn stands(&mut self) -> bool {
        self.used.elapsed() < IDLE || matches!(tokio::time::timeout(ANSWER, self.connection.ping()).await, Ok(Ok(())))
    }
}

/// A connection, and somebody's turn to use it.
struct Taken {
    /// None once it is settled.
    line: Option<Line>,
    turn: Option<OwnedSemaphorePermit>,
}

impl Taken {
    fn line(&mut self) -> Result<&mut PgConnection, DbErr> {
        let line = self.line.as_mut().map(|line| &mut line.connection);
        line.ok_or(DbErr::ConnectionAcquire(ConnAcquireErr::ConnectionClosed))
    }
}

/// In the middle of a statement.
impl Drop for Taken {
    fn drop(&mut self) {
        let (line, turn) = (self.line.take(), self.turn.take());
        if let (Some(mut line), Ok(runtime)) = (line, Handle::try_current()) {
            runtime.spawn(async move {
                tokio::time::timeout(super::BUSY, line.connection.ping()).await.ok();
                drop(line);
                drop(turn);
            });
        }
    }
}

impl Kept {
    fn new(pool: PgPool, at_most: usize) -> Self {
        Self {
            pool,
            turns: Arc::new(Semaphore::new(at_most)),
            idle: Mutex::default(),
            #[cfg(test)]
            after_each: super::AfterEach::default(),
        }
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Line>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn take(&self) -> Result<Taken, DbErr> {
        let timeout = || DbErr::ConnectionAcquire(ConnAcquireErr::Timeout);
        tokio::time::timeout(super::BUSY, self.taken()).await.map_err(|_| timeout())?
    }

    async fn taken(&self) -> Result<Taken, DbErr> {
        let closed = || DbErr::ConnectionAcquire(ConnAcquireErr::ConnectionClosed);
        let turn = self.turns.clone().acquire_owned().await.map_err(|_| closed())?;
        let last = {
            let mut idle = self.idle();
            idle.retain(|line| !line.is_old());
            idle.pop()
        };
        if let Some(mut line) = last {
            if line.stands().await {
                return Ok(Taken { line: Some(line), turn: Some(turn) });
            }
            self.hang_up();
        }
        let connection = self.pool.acquire().await.map_err(|error| match error {
            sqlx::Error::PoolTimedOut => DbErr::ConnectionAcquire(ConnAcquireErr::Timeout),
            sqlx::Error::PoolClosed => closed(),
            other => DbErr::Conn(RuntimeErr::SqlxError(other.into())),
        })?;
        let (connection, now) = (connection.detach(), Instant::now());
        Ok(Taken { line: Some(Line { connection, since: now, used: now }), turn: Some(turn) })
    }

    /// Hangs up what nobody uses.
    fn hang_up(&self) {
        let unused = std::mem::take(&mut *self.idle());
        drop(unused);
    }

    /// Keeps the connection if nothing is wrong with it.
    fn settle<T>(
        &self,
        mut taken: Taken,
        answer: Result<T, sqlx::Error>,
        failed: fn(RuntimeErr) -> DbErr,
    ) -> Result<T, DbErr> {
        let line = taken.line.take().map(|line| Line { used: Instant::now(), ..line });
        match &answer {
            Err(error) if is_gone(error) => self.hang_up(),
            // After a statement that failed the next one first reads to its end.
            Ok(_) | Err(sqlx::Error::Database(_)) => {
                let mut idle = self.idle();
                idle.extend(line.filter(|line| !self.pool.is_closed() && !line.is_old()));
            }
            Err(_) => {}
        }
        drop(taken);
        #[cfg(test)]
        self.after_each.call();
        answer.map_err(|error| failed(RuntimeErr::SqlxError(error.into())))
    }
}

/// Whether it was the connection that failed, not the statement.
fn is_gone(error: &sqlx::Error) -> bool {
    match error {
        // Class 57: the server stops, or somebody ended the connection; but not that somebody ended the statement.
        sqlx::Error::Database(error) => error.code().is_some_and(|code| code.starts_with("57") && code != "57014"),
        sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::Protocol(_) => true,
        _ => false,
    }
}

fn query(statement: &mut Statement) -> Query<'_, Postgres, SqlxValues> {
    let values = statement.values.take().unwrap_or_else(|| Values(Vec::new()));
    sqlx::query_with(AssertSqlSafe(statement.sql.as_str()), SqlxValues(values))
}

impl Lines {
    /// To PostgreSQL, as many as that at once.
    pub(super) fn to_postgres(pool: PgPool, at_most: usize) -> Self {
        Self::Postgres(Kept::new(pool, at_most))
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
                let mut calling = Kept::new(kept.pool.clone(), super::LINES);
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
                let answer = taken.line()?.ping().await;
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
                let unused = std::mem::take(&mut *kept.idle());
                for line in unused {
                    // Whether or not the server hears of it.
                    line.connection.close().await.ok();
                }
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
                let answer = query(&mut statement).execute(taken.line()?).await;
                Ok(kept.settle(taken, answer, DbErr::Exec)?.into())
            }
        }
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        match self {
            Self::Sqlite(pool) => pool.execute_unprepared(sql).await,
            Self::Postgres(kept) => {
                let mut taken = kept.take().await?;
                let answer = taken.line()?.execute(AssertSqlSafe(sql)).await;
                Ok(kept.settle(taken, answer, DbErr::Exec)?.into())
            }
        }
    }

    async fn query_one_raw(&self, mut statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        match self {
            Self::Sqlite(pool) => pool.query_one_raw(statement).await,
            Self::Postgres(kept) => {
                let mut taken = kept.take().await?;
                let answer = query(&mut statement).fetch_optional(taken.line()?).await;
                Ok(kept.settle(taken, answer, DbErr::Query)?.map(QueryResult::from))
            }
        }
    }

    async fn query_all_raw(&self, mut statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        match self {
            Self::Sqlite(pool) => pool.query_all_raw(statement).await,
            Self::Postgres(kept) => {
                let mut taken = kept.take().await?;
                let answer = query(&mut statement).fetch_all(taken.line()?).await;
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
        assert_eq!(kept(lines).idle().len(), 0);
        assert_eq!(kept(lines).turns.available_permits(), super::super::LINES - 1, "the server works on");
        for wanted in 1..20 {
            assert_eq!(number(lines, &format!("SELECT {wanted}")).await.unwrap(), wanted);
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!(kept(lines).turns.available_permits(), super::super::LINES, "it was hung up");
        assert_eq!(kept(lines).idle().len(), 1);
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
        assert!(kept(lines).idle().len() <= super::super::LINES);
    }

    #[tokio::test]
    async fn what_was_not_used_lately_is_asked_first_and_what_is_old_is_hung_up() {
        let world = World::new(Kind::Postgres).await;
        let lines = world.store.reads();
        let first = number(lines, WHO).await.unwrap();
        let earlier = |by: Duration| Instant::now().checked_sub(by).unwrap();
        kept(lines).idle()[0].used = earlier(IDLE);
        assert_eq!(number(lines, WHO).await.unwrap(), first, "it stands");
        // Ended at the server, without a word: nobody notices who does not ask.
        let other = Lines::to_postgres(kept(lines).pool.clone(), 1);
        number(&other, &format!("SELECT pg_terminate_backend({first})::int")).await.unwrap();
        kept(lines).idle()[0].used = earlier(IDLE);
        let second = number(lines, WHO).await.unwrap();
        assert_ne!(second, first);
        let two = async || {
            let slow: Vec<_> = (0..2).map(|_| number(lines, "SELECT 1 FROM pg_sleep(0.05)")).collect();
            futures_util::future::try_join_all(slow).await.unwrap();
            assert_eq!(kept(lines).idle().len(), 2);
        };
        two().await;
        kept(lines).idle().iter_mut().for_each(|line| line.used = earlier(AGE));
        number(lines, WHO).await.unwrap();
        assert_eq!(kept(lines).idle().len(), 1, "nobody needed them");
        two().await;
        kept(lines).idle().iter_mut().for_each(|line| line.since = earlier(AGE));
        number(lines, WHO).await.unwrap();
        assert_eq!(kept(lines).idle().len(), 1, "a new one");
    }

    #[tokio::test]
    async fn a_database_that_was_closed_keeps_nothing() {
        let world = World::new(Kind::Postgres).await;
        let lines = world.store.reads();
        number(lines, WHO).await.unwrap();
        let slow = number(lines, "SELECT 1 FROM pg_sleep(0.2)");
        let closing = async {
            tokio::time::sleep(Duration::from_millis(50)).await;
            world.store.clone().close().await.unwrap();
        };
        let (answer, ()) = tokio::join!(slow, closing);
        assert_eq!(answer.unwrap(), 1, "what was under way is answered");
        assert_eq!(kept(lines).idle().len(), 0);
        number(lines, WHO).await.unwrap_err();
    }
}
