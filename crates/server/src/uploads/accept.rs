//! The acceptance of a bundle, recorded: all of it, or nothing.
//!
//! **In**: an upload whose whole is in the object store. **Out**: the upload is complete, its attempt accepted, a job waits to
//! judge it. **What can go wrong**: the upload was given up meanwhile, or its attempt has ended: nothing is recorded.
//!
//! PostgreSQL is asked once; as a transaction of three statements it would be asked six times, more than all the rest of a
//! delivery. SQLite, which is no further away than a function, has no statement that changes three tables.

use object_store::path::Path as ObjectPath;
use sea_orm::{ConnectionTrait as _, DbBackend, DbErr, Statement};
use uuid::Uuid;

use crate::db::Datastore;
use crate::db::text::Text;

/// What is recorded.
#[derive(Debug)]
pub(super) struct Acceptance {
    pub(super) upload: Uuid,
    pub(super) attempt: Uuid,
    /// Where the evidence lies.
    pub(super) path: ObjectPath,
    /// When it must go.
    pub(super) delete_at: i64,
    pub(super) now: i64,
}

impl Acceptance {
    /// Records it; whether there was anything to accept.
    pub(super) async fn record(&self, store: &Datastore) -> Result<bool, DbErr> {
        match store.single().get_database_backend() {
            DbBackend::Postgres => Ok(store.single().execute_raw(self.at_once()).await?.rows_affected() == 1),
            backend => {
                let tx = store.begin("accept").await?;
                for statement in self.one_by_one(backend) {
                    // Dropped, the transaction is undone.
                    if tx.execute_raw(statement).await?.rows_affected() != 1 {
                        return Ok(false);
                    }
                }
                tx.commit().await?;
                Ok(true)
            }
        }
    }

    /// The attempt is locked first, so that what holds when it is asked holds until all is changed.
    fn at_once(&self) -> Statement {
        let mut text = Text::new(DbBackend::Postgres);
        let (attempt, upload, now) = (text.holds(self.attempt), text.holds(self.upload), text.holds(self.now));
        let (path, delete_at) = (text.holds(self.path.to_string()), text.holds(self.delete_at));
        text.statement(format!(
            "WITH awaited AS (SELECT id FROM attempt WHERE id = {attempt} AND state = 'committed' FOR UPDATE), \
             complete AS (UPDATE upload SET received = length, completed_at = {now} FROM awaited \
               WHERE upload.id = {upload} AND attempt_id = awaited.id AND completed_at IS NULL RETURNING attempt_id), \
             accepted AS (UPDATE attempt SET state = 'accepted', accepted_at = {now}, evidence_path = {path}, \
               delete_at = {delete_at} FROM complete WHERE attempt.id = attempt_id RETURNING attempt.id) \
             INSERT INTO job (attempt_id, run_at, tries) SELECT id, {now}, 0 FROM accepted"
        ))
    }

    fn one_by_one(&self, backend: DbBackend) -> [Statement; 3] {
        let mut accepted = Text::new(backend);
        let (now, path) = (accepted.holds(self.now), accepted.holds(self.path.to_string()));
        let (delete_at, attempt) = (accepted.holds(self.delete_at), accepted.holds(self.attempt));
        let accepted = accepted.statement(format!(
            "UPDATE attempt SET state = 'accepted', accepted_at = {now}, evidence_path = {path}, \
             delete_at = {delete_at} WHERE id = {attempt} AND state = 'committed'"
        ));
        let mut complete = Text::new(backend);
        let (now, upload) = (complete.holds(self.now), complete.holds(self.upload));
        let complete = complete.statement(format!(
            "UPDATE upload SET received = length, completed_at = {now} WHERE id = {upload} AND completed_at IS NULL"
        ));
        let mut job = Text::new(backend);
        let (attempt, now) = (job.holds(self.attempt), job.holds(self.now));
        let job = job.statement(format!("INSERT INTO job (attempt_id, run_at, tries) VALUES ({attempt}, {now}, 0)"));
        [accepted, complete, job]
    }
}

#[cfg(test)]
mod tests;
