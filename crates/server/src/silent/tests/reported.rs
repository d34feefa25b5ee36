//! A death that the data go on telling of is reported anew once nobody's word stands against it.

use jianzai_wire::Secret;
use sea_orm::{EntityTrait as _, QueryOrder as _};
use time::macros::date;
use time::{Date, Duration};

use super::stage::{Stage, who};
use crate::db::year::review;
use crate::office::Decision;
use crate::silent::{Part, Rules};
use crate::tests::{Kind, on_both_databases};
use crate::year::tests::stage::{CLERK_ID, morning};

const CAME: Date = date!(2026 - 01 - 15);
const ON: Date = date!(2026 - 03 - 02);

on_both_databases!(
    a_report_that_was_withdrawn_is_followed_by_one_of_the_next_run,
    a_clerk_s_word_stands_for_half_a_year_against_a_register,
    a_clerk_s_word_stands_for_good_against_a_trace,
    a_report_by_people_is_none_of_the_data
);

/// Runs Guangzhou's rules on a day; the cases about the first person then, the oldest first, each with its decision.
async fn run(stage: &Stage, day: Date) -> Vec<review::Model> {
    stage.run(Rules::shipped("guangzhou").unwrap(), false, day).await;
    let cases = review::Entity::find().order_by_asc(review::Column::OpenedAt).all(stage.world.store.reads());
    cases.await.unwrap().into_iter().filter(|case| case.beneficiary_id == who(1)).collect()
}

async fn decide_lives(stage: &Stage, case: &review::Model, day: Date) {
    let words = Secret::new("电话核实本人健在".to_owned());
    stage.office.decide(case.id, CLERK_ID, Decision::Lives, &words, morning(day)).await.unwrap();
}

async fn a_report_that_was_withdrawn_is_followed_by_one_of_the_next_run(kind: Kind) {
    let mut stage = Stage::new(kind, "440100", 2, CAME).await;
    stage.register(&[(1, "deceased"), (2, "resident")], ON, ON).await;
    let mut day = ON;
    for withdrawn in 0..3 {
        let (opened, again) = (run(&stage, day).await, run(&stage, day + Duration::DAY).await);
        let decisions: Vec<_> = again.iter().map(|case| case.decision.as_deref()).collect();
        let mut expected = vec![Some("withdrawn"); withdrawn];
        expected.push(None);
        assert_eq!(decisions, expected, "one is open at a time");
        assert_eq!(opened, again);
        // Whoever takes back the run that opened it takes it back.
        let report = stage.run(Rules::shipped("guangzhou").unwrap(), false, day).await;
        day += Duration::days(2);
        let taken = stage.office.silent_revert(report.run, Part::Dead, CLERK_ID, morning(day)).await.unwrap();
        assert_eq!(taken.facts, 1);
    }
}

async fn a_clerk_s_word_stands_for_half_a_year_against_a_register(kind: Kind) {
    let mut stage = Stage::new(kind, "440100", 2, CAME).await;
    stage.register(&[(1, "deceased"), (2, "resident")], ON, ON).await;
    let first = run(&stage, ON).await;
    let decided = ON + Duration::days(3);
    decide_lives(&stage, &first[0], decided).await;
    for days in [1, 179] {
        assert_eq!(run(&stage, decided + Duration::days(days)).await.len(), 1, "{days} days later");
    }
    for days in [180, 181, 300] {
        let cases = run(&stage, decided + Duration::days(days)).await;
        assert_eq!(cases.iter().map(|case| case.decided_at.is_some()).collect::<Vec<_>>(), [true, false], "{days}");
    }
}

async fn a_clerk_s_word_stands_for_good_against_a_trace(kind: Kind) {
    let mut stage = Stage::new(kind, "440100", 2, CAME).await;
    stage.events(&[(1, "death", ON)], ON).await;
    let first = run(&stage, ON).await;
    decide_lives(&stage, &first[0], ON).await;
    assert_eq!(run(&stage, ON + Duration::days(400)).await.len(), 1, "the same day is spoken of");
    let later = ON + Duration::days(401);
    stage.events(&[(1, "cremation", later)], later).await;
    assert_eq!(run(&stage, later).await.len(), 2, "another day");
}

async fn a_report_by_people_is_none_of_the_data(kind: Kind) {
    let mut stage = Stage::new(kind, "440100", 2, CAME).await;
    let said = stage.office.report_death(who(1), None, None, morning(CAME)).await.unwrap();
    let case = review::Entity::find_by_id(said).one(stage.world.store.reads()).await.unwrap().unwrap();
    decide_lives(&stage, &case, CAME).await;
    stage.register(&[(1, "deceased"), (2, "resident")], ON, ON).await;
    assert_eq!(run(&stage, ON).await.len(), 2, "a clerk's word on what people said is none on what the register says");
    // Half a year after that word the data's own report still waits.
    assert_eq!(run(&stage, CAME + Duration::days(200)).await.len(), 2);
}
