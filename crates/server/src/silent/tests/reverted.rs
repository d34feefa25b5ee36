//! That a run is being taken back stands in the linked log before anything of it is, once, wherever the process dies.

use std::panic::resume_unwind;
use std::sync::atomic::{AtomicI64, Ordering};

use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _};
use time::macros::date;
use time::{Date, Duration};
use uuid::Uuid;

use super::stage::Stage;
use crate::audit;
use crate::clock::SystemClock;
use crate::db::desk_entity::audit_entry;
use crate::db::year::fact;
use crate::office::Office;
use crate::silent::{Part, Rules};
use crate::tests::{Kind, on_both_databases};
use crate::year::tests::stage::{CLERK_ID, morning};

const CAME: Date = date!(2026 - 01 - 10);
const ON: Date = date!(2026 - 11 - 21);
/// Several transactions.
const PEOPLE: u128 = 5;

on_both_databases!(a_revert_is_in_the_log_before_it_acts_and_once);

/// A process of its own takes back that a run did not find people, and dies after so many statements; whether it did.
async fn dies_after(stage: &Stage, statements: i64, run: Uuid) -> bool {
    let mut office = Office::open(&stage.world.config, &SystemClock).await.unwrap();
    let left = AtomicI64::new(statements);
    office.store.after_each_statement(move || {
        if left.fetch_sub(1, Ordering::SeqCst) == 1 {
            resume_unwind(Box::new("killed"));
        }
    });
    let later = morning(ON + Duration::DAY);
    let revert = async move { office.silent_revert(run, Part::Missing, CLERK_ID, later).await.unwrap() };
    tokio::spawn(revert).await.is_err()
}

/// How many people's absence was taken back, and what the log says of it.
async fn taken_back(stage: &Stage) -> (usize, Vec<String>) {
    let db = stage.world.store.reads();
    let facts = fact::Entity::find().filter(fact::Column::Kind.eq("no_match_withdrawn")).all(db).await.unwrap();
    let log = audit_entry::Entity::find().filter(audit_entry::Column::Action.eq("silent_reverted"));
    let log = log.order_by_asc(audit_entry::Column::Seq).all(db).await.unwrap();
    (facts.len(), log.into_iter().map(|entry| entry.detail).collect())
}

async fn a_revert_is_in_the_log_before_it_acts_and_once(kind: Kind) {
    let stage = Stage::new(kind, "370200", PEOPLE, CAME).await;
    let run = stage.run(Rules::shipped("qingdao").unwrap(), false, ON).await.run;
    let (mut statements, mut halfway) = (1, 0);
    while dies_after(&stage, statements, run).await {
        let (facts, log) = taken_back(&stage).await;
        match facts {
            0 => assert!(log.is_empty() || log == ["missing,begun"], "{log:?}"),
            _ => assert_eq!(log.first().map(String::as_str), Some("missing,begun")),
        }
        halfway += u32::from((1..PEOPLE as usize).contains(&facts));
        statements += 2;
        assert!(statements < 200, "it dies of something else");
    }
    assert!(halfway > 0, "it died in between");
    let whole = (PEOPLE as usize, vec!["missing,begun".to_owned(), "missing".to_owned()]);
    assert_eq!(taken_back(&stage).await, whole);
    stage.office.silent_revert(run, Part::Missing, CLERK_ID, morning(ON + Duration::days(2))).await.unwrap();
    assert_eq!(taken_back(&stage).await, whole, "again");
    let report = audit::verify(&stage.world.config, &stage.world.keys, &[]).await.unwrap();
    assert!(report.faults.is_empty(), "{report:?}");
}
