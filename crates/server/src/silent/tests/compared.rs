//! A comparison that was not made, or not with everybody, has missed nobody.

use std::collections::BTreeMap;

use time::macros::date;
use time::{Date, Duration};

use super::stage::Stage;
use crate::silent::{Effect, Household, Outcome, Rules, RunReport, Source};
use crate::tests::{Kind, on_both_databases};

const CAME: Date = date!(2026 - 01 - 15);
const ON: Date = date!(2026 - 03 - 02);

on_both_databases!(
    nobody_counts_as_not_found_before_a_whole_register_is_compared,
    a_register_counts_as_long_as_the_window_is,
    where_the_register_confirms_nobody_a_run_needs_none
);

async fn run(stage: &Stage, day: Date) -> RunReport {
    stage.run(Rules::shipped("guangzhou").unwrap(), false, day).await
}

/// Of whom nothing confirms that they live: nothing, or not found.
fn unconfirmed(report: &RunReport) -> [u64; 2] {
    [Effect::Nothing, Effect::Missing]
        .map(|effect| report.found.get(&(Outcome::NotConfirmed, effect)).copied().unwrap_or(0))
}

async fn nobody_counts_as_not_found_before_a_whole_register_is_compared(kind: Kind) {
    let mut stage = Stage::new(kind, "440100", 3, CAME).await;
    let mut day = ON;
    let report = run(&stage, day).await;
    assert_eq!((unconfirmed(&report), report.not_compared), ([3, 0], Some(31)), "none was compared");
    // One of whose rows one can't be read: what it states stands, and it misses nobody.
    day += Duration::DAY;
    let text = format!("id_number,status\n{},resident\n1101,resident\n", Stage::id_number(1));
    let path = stage.file("csv", &text);
    stage.import(Source::Register(Household::of(day)), &path, day).await;
    let report = run(&stage, day).await;
    assert_eq!((report.recorded(), unconfirmed(&report)), ([1, 0, 0], [2, 0]));
    assert_eq!(report.not_compared, Some(31));
    assert_eq!(stage.office.silent_report(report.run).await.unwrap(), report, "and is told so later");
    // One that is about nobody here.
    day += Duration::DAY;
    stage.register(&[(9, "resident")], day, day).await;
    let report = run(&stage, day).await;
    assert_eq!((unconfirmed(&report), report.not_compared), ([3, 0], Some(31)));
    assert!(!stage.world.rows_of(&["fact"]).await["fact"].iter().any(|fact| fact.contains("kind=no_match")));
    day += Duration::DAY;
    stage.register(&[(1, "resident")], day, day).await;
    let report = run(&stage, day).await;
    assert_eq!((report.recorded(), report.not_compared), ([1, 0, 2], None), "a whole one");
}

async fn a_register_counts_as_long_as_the_window_is(kind: Kind) {
    let mut stage = Stage::new(kind, "440100", 3, CAME).await;
    stage.register(&[(1, "resident")], ON, ON).await;
    let report = run(&stage, ON + Duration::days(30)).await;
    assert_eq!((report.recorded(), report.not_compared), ([1, 0, 2], None));
    let report = run(&stage, ON + Duration::days(31)).await;
    assert_eq!((unconfirmed(&report), report.not_compared), ([3, 0], Some(31)));
}

async fn where_the_register_confirms_nobody_a_run_needs_none(kind: Kind) {
    let stage = Stage::new(kind, "370200", 2, CAME).await;
    let day = CAME + Duration::days(300);
    let report = stage.run(Rules::shipped("qingdao").unwrap(), false, day).await;
    assert_eq!(report.found, BTreeMap::from([((Outcome::NotConfirmed, Effect::Missing), 2)]));
    assert_eq!(report.not_compared, None);
}
