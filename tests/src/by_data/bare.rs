//! What the database does by itself: the bare minimum with the same rows, and finding a person.
//!
//! *The bare minimum*: rows whose ID numbers are hashed already come by COPY from a file of the server's own into temporary tables,
//! which are no more logged than those that our rows come into; they are joined with the register into tables like ours, with the
//! same keys, indices and references; then the same results are inserted, joined with the traces grouped by person, which are
//! temporary too. Nothing is parsed, hashed, checked, weighed or explained.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use super::BENCH;
use crate::database::Postgres;

const LOOKUPS: usize = 2_000;

/// The same rows by the shortest way.
pub fn bare(database: &Postgres) -> Result<Duration> {
    let [events, register] = ["events", "register"].map(|name| database.folder().join(name).display().to_string());
    database.script(
        BENCH,
        &format!(
            "COPY (SELECT b.id_hash, t.kind, t.on_day FROM trace t JOIN beneficiary b ON b.id = t.beneficiary_id) \
           TO '{events}' (FORMAT binary); \
         COPY (SELECT b.id_hash, h.status FROM household_statement h JOIN beneficiary b ON b.id = h.beneficiary_id) \
           TO '{register}' (FORMAT binary); \
         CREATE TABLE bare_trace (LIKE trace INCLUDING ALL); \
         CREATE TABLE bare_statement (LIKE household_statement INCLUDING ALL); \
         CREATE TABLE bare_finding (LIKE silent_finding INCLUDING ALL); \
         CREATE TABLE bare_certification (LIKE certification INCLUDING ALL, \
           FOREIGN KEY (beneficiary_id) REFERENCES beneficiary (id)); \
         CREATE TABLE bare_fact (LIKE fact INCLUDING ALL, FOREIGN KEY (beneficiary_id) REFERENCES beneficiary (id)); \
         CHECKPOINT"
        ),
    )?;
    let begun = Instant::now();
    database.script(BENCH, &format!(
        "SET work_mem = '256MB'; SET jit = off; \
         CREATE TEMP TABLE bare_events (hash BYTEA, kind TEXT, on_day BIGINT); \
         COPY bare_events FROM '{events}' (FORMAT binary); ANALYZE bare_events; \
         INSERT INTO bare_trace SELECT b.id, e.kind, e.on_day, 1 FROM bare_events e JOIN beneficiary b ON b.id_hash = e.hash; \
         CREATE TEMP TABLE bare_register (hash BYTEA, status TEXT); \
         COPY bare_register FROM '{register}' (FORMAT binary); ANALYZE bare_register; \
         INSERT INTO bare_statement \
           SELECT 2, b.id, r.status FROM bare_register r JOIN beneficiary b ON b.id_hash = r.hash; \
         ANALYZE bare_trace; \
         CREATE TEMP TABLE bare_people AS SELECT beneficiary_id, MAX(on_day) AS last FROM bare_trace GROUP BY beneficiary_id; \
         ANALYZE bare_people; \
         INSERT INTO bare_finding SELECT f.* FROM silent_finding f LEFT JOIN bare_people p USING (beneficiary_id); \
         INSERT INTO bare_certification SELECT c.* FROM certification c JOIN bare_people p USING (beneficiary_id); \
         INSERT INTO bare_fact SELECT f.* FROM fact f LEFT JOIN bare_people p USING (beneficiary_id)"
    ))?;
    Ok(begun.elapsed())
}

/// Finds people by the keyed hash of their number, with what they draw and what was recorded last, each by a question of its own.
pub fn lookup(database: &Postgres) -> Result<Duration> {
    let hashes = database.script(
        BENCH,
        &format!(
            "SELECT encode(id_hash, 'hex') FROM beneficiary WHERE random() < 0.05 ORDER BY random() LIMIT {LOOKUPS}"
        ),
    )?;
    let one = |hash: &str| {
        format!(
            "SELECT b.*, d.*, (SELECT MAX(f.on_day) FROM fact f WHERE f.beneficiary_id = b.id) FROM beneficiary b \
             JOIN benefit d ON d.beneficiary_id = b.id WHERE b.id_hash = '\\x{hash}';\n"
        )
    };
    let questions: String = hashes.lines().map(one).collect();
    let begun = Instant::now();
    let found = database.script(BENCH, &questions)?.lines().count();
    let count = hashes.lines().count();
    ensure!(found == count && count > 0, "{found} of {count} people were found");
    Ok(begun.elapsed() / u32::try_from(count)?)
}
