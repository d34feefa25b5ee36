//! Registers that have the people of one place, and registers that are about far fewer people than the one before.

use sea_orm::{EntityTrait as _, QueryOrder as _};
use sha2::{Digest as _, Sha256};
use time::macros::date;
use time::{Date, Duration};

use super::stage::{BORN, Stage};
use crate::db::silent_entity::{silent_import, silent_run};
use crate::office::OfficeError;
use crate::silent::{Household, Rules, Source};
use crate::tests::{Kind, on_both_databases};
use crate::year::dates::day_number;
use crate::year::policy::Place;
use crate::year::tests::stage::morning;

const CAME: Date = date!(2026 - 01 - 15);
const ON: Date = date!(2026 - 03 - 02);
const GUANGZHOU: Place = Place::Division(440_100);

on_both_databases!(
    a_register_is_compared_with_the_people_of_its_place_only,
    a_day_has_one_register_for_each_place,
    without_a_place_a_file_bears_the_name_that_it_always_had,
    a_register_about_far_fewer_people_says_nothing_until_it_is_said_to_be_whole,
    a_register_that_was_refused_and_repeated_ends_as_one_that_was_not
);

fn of(place: Place, day: Date) -> Household {
    Household { place: Some(place), ..Household::of(day) }
}

fn refused(error: OfficeError) -> String {
    match error {
        OfficeError::Refused(why) => why,
        other => panic!("{other}"),
    }
}

async fn imports(stage: &Stage) -> Vec<silent_import::Model> {
    let imports = silent_import::Entity::find().order_by_asc(silent_import::Column::Number);
    imports.all(stage.world.store.reads()).await.unwrap()
}

/// Runs rules as a shadow; which register they were compared with.
async fn compared(stage: &Stage, rules: (&str, &str)) -> Option<i64> {
    let run = stage.run(rules, true, ON).await.run;
    silent_run::Entity::find_by_id(run).one(stage.world.store.reads()).await.unwrap().unwrap().register_import
}

async fn a_register_is_compared_with_the_people_of_its_place_only(kind: Kind) {
    let mut stage = Stage::new(kind, "440100", 2, CAME).await;
    stage.world.person(3, "370200", BORN, CAME, CAME).await;
    stage.office.tick(morning(CAME + Duration::DAY)).await.unwrap();
    let (file, text) = Rules::shipped("guangzhou").unwrap();
    let places = |list: &str| text.replace("places = [\"440100\"]", list);
    let (both, all) = (places("places = [\"440100\", \"370200\"]"), places(""));
    let (both, all) = (("both.toml", both.as_str()), ("all.toml", all.as_str()));
    stage.household(&[(3, "resident")], of(Place::Division(370_200), ON), ON).await.unwrap();
    for rules in [(file, text), both, all] {
        assert_eq!(compared(&stage, rules).await, None, "{}: it has other people", rules.0);
    }
    let report = stage.run((file, text), false, ON).await;
    assert_eq!(
        (report.recorded(), report.not_compared),
        ([0, 0, 0], Some(31)),
        "of whom it knows nobody, it misses nobody"
    );
    stage.household(&[(1, "resident")], of(GUANGZHOU, ON), ON).await.unwrap();
    assert_eq!([compared(&stage, (file, text)).await, compared(&stage, both).await], [Some(2), None]);
    let report = stage.run((file, text), false, ON).await;
    assert_eq!((report.recorded(), report.not_compared), ([1, 0, 1], None));
    // One of everybody is everyone's, and of two of a day the later counts.
    stage.register(&[(1, "resident"), (2, "resident"), (3, "resident")], ON, ON).await;
    for rules in [(file, text), both, all] {
        assert_eq!(compared(&stage, rules).await, Some(3), "{}", rules.0);
    }
    assert_eq!(stage.run((file, text), false, ON).await.recorded(), [2, 0, 0]);
}

async fn a_day_has_one_register_for_each_place(kind: Kind) {
    let mut stage = Stage::new(kind, "440100", 2, CAME).await;
    stage.household(&[(1, "resident")], of(GUANGZHOU, ON), ON).await.unwrap();
    stage.household(&[(1, "resident")], Household::of(ON), ON).await.unwrap();
    stage.household(&[(1, "resident")], of(Place::Nationwide, ON), ON).await.unwrap();
    for (household, said) in
        [(of(GUANGZHOU, ON), "2026-03-02 for 440100 already"), (Household::of(ON), "2026-03-02 already")]
    {
        let error = stage.household(&[(2, "resident")], household, ON).await.unwrap_err();
        assert!(refused(error).contains(said), "{said}");
    }
    let places: Vec<_> = imports(&stage).await.into_iter().map(|import| import.place).collect();
    assert_eq!(places, [Some("440100".to_owned()), None, Some("nationwide".to_owned())]);
}

async fn without_a_place_a_file_bears_the_name_that_it_always_had(kind: Kind) {
    let mut stage = Stage::new(kind, "440100", 1, CAME).await;
    let text = format!("id_number,status\n{},resident\n", Stage::id_number(1));
    let path = stage.file("csv", &text);
    for household in [Household::of(ON), of(GUANGZHOU, ON)] {
        assert!(!stage.import(Source::Register(household), &path, ON).await.before);
        assert!(stage.import(Source::Register(household), &path, ON).await.before);
    }
    let day = day_number(ON).to_be_bytes();
    let digest = Sha256::new().chain_update("register").chain_update(day).chain_update(&text).finalize();
    let digests: Vec<_> = imports(&stage).await.into_iter().map(|import| import.digest == digest.as_slice()).collect();
    assert_eq!(digests, [true, false]);
}

/// So many people, all alive.
fn people(count: u128) -> Vec<(u128, &'static str)> {
    (1..=count).map(|person| (person, "resident")).collect()
}

async fn a_register_about_far_fewer_people_says_nothing_until_it_is_said_to_be_whole(kind: Kind) {
    let mut stage = Stage::new(kind, "440100", 10, CAME).await;
    let [first, second] = [2, 1].map(|days| ON - Duration::days(days));
    stage.household(&people(10), Household::of(first), first).await.unwrap();
    stage.household(&people(9), Household::of(second), second).await.unwrap();
    for _ in 0..2 {
        let error = refused(stage.household(&people(8), Household::of(ON), ON).await.unwrap_err());
        assert!(error.contains(" 8 rows ") && error.contains(" had 9;") && error.contains("--fewer"), "{error}");
    }
    let rules = Rules::shipped("guangzhou").unwrap();
    assert_eq!(compared(&stage, rules).await, Some(2), "the one before");
    let whole = Household { fewer: true, ..Household::of(ON) };
    let taken = stage.household(&people(8), whole, ON).await.unwrap();
    assert_eq!((taken.number, taken.kept, taken.before), (3, 8, false));
    assert_eq!(compared(&stage, rules).await, Some(3));
    // Another place's first is held against none, nor is one of an earlier day against a later one.
    stage.household(&people(1), of(GUANGZHOU, ON), ON).await.unwrap();
    let before = first - Duration::DAY;
    stage.household(&people(1), Household::of(before), ON).await.unwrap();
    assert!(imports(&stage).await.iter().all(|import| import.ended_at.is_some()));
}

/// Several transactions on SQLite; what is about people here comes in the first.
fn long(people: u128) -> String {
    let row = |person: u128| format!("{},resident\n", Stage::id_number(person));
    let about_nobody = (0..1_400).map(|at| row(100 + at % 800));
    let rows: String = (1..=people).map(row).chain(about_nobody).collect();
    format!("id_number,status\n{rows}")
}

async fn a_register_that_was_refused_and_repeated_ends_as_one_that_was_not(kind: Kind) {
    let mut both = Vec::new();
    for refusals in [0, 2] {
        let mut stage = Stage::new(kind, "440100", 10, CAME).await;
        let first = ON - Duration::DAY;
        let path = stage.file("csv", &long(10));
        stage.import(Source::Register(Household::of(first)), &path, first).await;
        let path = stage.file("csv", &long(4));
        for _ in 0..refusals {
            let source = Source::Register(Household::of(ON));
            refused(stage.office.silent_import(source, &path, morning(ON)).await.unwrap_err());
        }
        let whole = Source::Register(Household { fewer: true, ..Household::of(ON) });
        let taken = stage.import(whole, &path, ON).await;
        assert_eq!((taken.kept, taken.known, taken.nobody), (4, 0, 1_400));
        both.push(stage.world.rows_of(&["silent_import", "household_statement"]).await);
    }
    assert_eq!(both[0], both[1]);
}
