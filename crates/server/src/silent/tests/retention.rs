//! What was taken and found goes on its day, and nothing that somebody still needs.

use jianzai_wire::Language;
use sea_orm::{EntityTrait as _, QueryOrder as _};
use time::macros::date;
use time::{Date, Duration};
use uuid::Uuid;

use super::stage::{BORN, Stage, who};
use crate::clock::to_millis;
use crate::db::silent_entity::{silent_finding, silent_import, silent_run};
use crate::office::OfficeError;
use crate::silent::{Household, Part, Rules, retention};
use crate::tests::Kind;
use crate::year::policy::Place;
use crate::year::record::Party;
use crate::year::tests::stage::{CLERK_ID, morning};

const CAME: Date = date!(2026 - 01 - 10);
const ON: Date = date!(2026 - 11 - 21);
/// Several ranges.
const PEOPLE: u128 = 12;
/// Lives where data are kept for 400 days only.
const ELSEWHERE: u128 = 30;
const DATA: [&str; 3] = ["trace", "household_statement", "silent_finding"];

/// People of Qingdao (730 days) and one of Shenzhen, each with a trace; a register; a run of each place. Somebody's death was
/// reported, and nobody has decided on it.
async fn stage(kind: Kind) -> Stage {
    let mut stage = Stage::new(kind, "370200", PEOPLE, CAME).await;
    let (_, text) = crate::year::policy::SHIPPED.iter().find(|(name, _)| *name == "shenzhen.toml").unwrap();
    let text = text.replace("version = 1", "version = 2").replace("2026-01-01", "2026-02-01");
    let text = text.replace("data_days = 730", "data_days = 400");
    stage.office.apply(&[("two.toml".to_owned(), text)], Party::Staff(CLERK_ID), morning(CAME)).await.unwrap();
    stage.world.person(ELSEWHERE, "440300", BORN, CAME, CAME).await;
    stage.office.tick(morning(date!(2026 - 02 - 02))).await.unwrap();
    let day = |back: i64| ON - Duration::days(back);
    let mut events: Vec<_> = (1..PEOPLE).map(|person| (person, "hospital_stay", day(3))).collect();
    events.extend([(PEOPLE, "death", day(30)), (PEOPLE, "cremation", day(28)), (ELSEWHERE, "hospital_stay", day(3))]);
    stage.events(&events, ON).await;
    let everybody: Vec<_> = (1..=PEOPLE).chain([ELSEWHERE]).map(|person| (person, "alive")).collect();
    stage.register(&everybody, day(1), ON).await;
    stage.run(Rules::shipped("qingdao").unwrap(), false, ON).await;
    stage.run(("silent.toml", crate::silent::EXAMPLE), true, ON).await;
    stage
}

/// Looks as often as a day needs, so many days after [`ON`].
async fn look(stage: &Stage, days: i64) {
    let policies = stage.office.policies.current(stage.world.store.reads()).await.unwrap();
    let now = to_millis(morning(ON + Duration::days(days)));
    let mut looks = 0;
    while !retention::delete_due(&stage.world.store, &policies, now).await.unwrap() {
        looks += 1;
        assert!(looks < 10);
    }
}

/// How many rows are left of each table, and whether any is about somebody.
async fn left(stage: &Stage, person: u128) -> ([usize; 3], [bool; 3]) {
    let rows = stage.world.rows_of(&DATA).await;
    let person = format!("beneficiary_id={}", who(person).simple());
    let about = |line: &String| line.to_lowercase().contains(&person);
    (DATA.map(|table| rows[table].len()), DATA.map(|table| rows[table].iter().any(about)))
}

#[tokio::test]
async fn each_goes_on_the_day_of_its_persons_policy_and_not_before() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let mut stage = stage(kind).await;
        let (all, about) = left(&stage, ELSEWHERE).await;
        assert_eq!((all[0], all[1], about), (14, 13, [true; 3]), "{kind:?}");
        look(&stage, 400).await;
        assert_eq!(left(&stage, ELSEWHERE).await, (all, [true; 3]), "{kind:?}: the last day");
        // The only register is the one that is compared.
        look(&stage, 401).await;
        assert_eq!(left(&stage, ELSEWHERE).await.1, [false, true, false]);
        let later = ON + Duration::days(402);
        let day = later - Duration::days(1);
        stage.register(&[(1, "alive")], day, later).await;
        look(&stage, 402).await;
        let (some, about) = left(&stage, ELSEWHERE).await;
        assert_eq!((some[0], some[1], about), (13, 13, [false; 3]), "of the others nothing has gone");
        look(&stage, 730).await;
        assert_eq!(left(&stage, 1).await.1, [true; 3]);
        look(&stage, 731).await;
        // An open case keeps what it is about; the newest register stays.
        let (few, about) = left(&stage, PEOPLE).await;
        assert_eq!((few[0], few[1], about), (2, 2, [true; 3]), "{kind:?}");
        assert_eq!(left(&stage, 2).await.1, [false; 3]);
        assert!(runs(&stage).await.iter().all(|run| run.thinned_at.is_some() && run.cleared_at.is_none()));
        let case = crate::db::year::review::Entity::find().one(stage.world.store.reads()).await.unwrap().unwrap();
        let words = jianzai_wire::Secret::new("活着".to_owned());
        let decided = morning(ON + Duration::days(731));
        stage.office.decide(case.id, CLERK_ID, crate::office::Decision::Lives, &words, decided).await.unwrap();
        look(&stage, 732).await;
        assert_eq!(left(&stage, PEOPLE).await, ([0, 1, 0], [false; 3]), "{kind:?}");
        assert!(runs(&stage).await.iter().all(|run| run.cleared_at.is_some()));
        let before = stage.world.rows_of(&["certification", "fact", "silent_import"]).await;
        look(&stage, 1_400).await;
        assert_eq!(stage.world.rows_of(&["certification", "fact", "silent_import"]).await, before, "these stay");
    }
}

#[tokio::test]
async fn of_each_place_the_newest_register_stays() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let mut stage = stage(kind).await;
        let of_place = |day| Household { place: Some(Place::Division(370_200)), ..Household::of(day) };
        let [older, old, later] = [ON - Duration::days(2), ON - Duration::days(1), ON + Duration::days(402)];
        stage.household(&[(1, "alive")], of_place(older), ON).await.unwrap();
        stage.household(&[(1, "resident")], of_place(old), ON).await.unwrap();
        // One that has everybody does not take the place of one that has only some.
        stage.register(&[(1, "alive")], later, later).await;
        look(&stage, 1_400).await;
        let rows = stage.world.rows_of(&["household_statement"]).await;
        let left = |import: i64| {
            rows["household_statement"].iter().filter(|row| row.contains(&format!("import={import} "))).count()
        };
        // The events are the first import, the register of everybody is the second.
        assert_eq!([2, 3, 4, 5].map(left), [1, 0, 1, 1], "{kind:?}: an open case, the older, the newest two");
    }
}

async fn runs(stage: &Stage) -> Vec<silent_run::Model> {
    silent_run::Entity::find().all(stage.world.store.reads()).await.unwrap()
}

#[tokio::test]
async fn a_run_whose_findings_have_gone_is_not_taken_back_and_a_thinned_register_is_not_compared() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let mut stage = stage(kind).await;
        let run = runs(&stage).await.into_iter().find(|run| !run.shadow).unwrap().id;
        let later = ON + Duration::days(731);
        stage.register(&[(1, "alive")], later, later).await;
        look(&stage, 731).await;
        let refused = stage.office.silent_revert(run, Part::Pass, CLERK_ID, morning(later)).await;
        assert!(matches!(refused, Err(OfficeError::Refused(why)) if why.contains("no longer kept")), "{kind:?}");
        assert!(stage.office.silent_report(run).await.unwrap().thinned);
        assert_eq!(stage.office.silent_explain(run, None, None, 10, Language::En).await.unwrap().len(), 1);
        let imports = silent_import::Entity::find().order_by_asc(silent_import::Column::Number);
        let imports = imports.all(stage.world.store.reads()).await.unwrap();
        let thinned: Vec<_> = imports.iter().map(|import| import.thinned_at.is_some()).collect();
        assert_eq!(thinned, [false, true, false], "events, the old register, the new one");
        // A run of a day on which only the old register was there.
        let between = ON + Duration::days(700);
        stage.run(Rules::shipped("guangzhou").unwrap(), true, between).await;
        let compared = runs(&stage).await.into_iter().find(|run| run.rules_file.contains("guangzhou")).unwrap();
        assert_eq!(compared.register_import, None, "nobody is absent from what was deleted");
    }
}

#[tokio::test]
async fn cut_short_it_goes_on_where_it_was() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let stage = stage(kind).await;
        let policies = stage.office.policies.current(stage.world.store.reads()).await.unwrap();
        let now = to_millis(morning(ON + Duration::days(731)));
        assert!(!retention::delete_due(&stage.world.store, &policies, now).await.unwrap(), "two ranges of four");
        let people = |rows: Vec<silent_finding::Model>| rows.iter().map(|row| row.beneficiary_id).min().unwrap();
        let rows = silent_finding::Entity::find().all(stage.world.store.reads()).await.unwrap();
        assert_eq!(people(rows), Uuid::from_u128(9));
        look(&stage, 731).await;
        let rows = silent_finding::Entity::find().all(stage.world.store.reads()).await.unwrap();
        assert_eq!(people(rows), who(PEOPLE), "the one with an open case");
    }
}
