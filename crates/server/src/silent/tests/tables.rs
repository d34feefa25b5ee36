//! The question that is asked of the tables comes to what the pure evaluation comes to, in both databases.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{Config, TestRng, TestRunner};
use time::macros::date;
use time::{Date, Duration};

use jianzai_wire::Language;

use super::stage::{Stage, who};
use crate::silent::{EXAMPLE, Household, Outcome, Rules, Source, Statement, Trace, evaluate};
use crate::tests::Kind;
use crate::year::tests::stage::morning;

const CAME: Date = date!(2026 - 01 - 10);
const ON: Date = date!(2026 - 11 - 21);
/// Many ranges of a run.
const PEOPLE: u128 = 120;

/// Kinds of the example, and one that no rule names.
const KINDS: [&str; 9] = [
    "hospital_stay",
    "home_care",
    "clinic_visit",
    "vaccination",
    "travel",
    "card_spend",
    "death",
    "cremation",
    "library",
];

type Events = Vec<(u128, &'static str, Date)>;

/// Traces of everybody; many on the same days, some twice, some to come.
fn events() -> impl Strategy<Value = Events> {
    let lately = (0..PEOPLE, 0..6_usize, 0..40_i64);
    let seldom = (0..PEOPLE, 0..KINDS.len(), 0..900_i64);
    let one = prop_oneof![3 => lately, 1 => seldom].prop_map(|(person, kind, days)| {
        // A few people have most of the deaths, so that most have none.
        let person = if kind == 6 || kind == 7 { person % 20 } else { person };
        (person + 1, KINDS[kind], ON - Duration::days(days * 9))
    });
    prop::collection::vec(one, 500..800)
}

fn statements() -> impl Strategy<Value = Vec<(u128, &'static str)>> {
    let status = prop::sample::select(vec!["resident", "resident", "resident", "deceased", "cancelled"]);
    prop::collection::vec((1..=PEOPLE, status), 0..200)
}

/// The example, and others that turn its screws.
fn rules() -> impl Strategy<Value = String> {
    let changed = |points: u32, kinds: u32, window: u16, absent: bool, confirms: bool| {
        EXAMPLE
            .replace("points = 6\nkinds = 2", &format!("points = {points}\nkinds = {kinds}"))
            .replace("window_days = 365", &format!("window_days = {window}"))
            .replace("absent = \"flag\"", if absent { "absent = \"flag\"" } else { "absent = \"ignore\"" })
            .replace("[together]", &format!("{}[together]", if confirms { "confirms = true\n" } else { "" }))
    };
    (4..16_u32, 2..5_u32, prop::sample::select(vec![30_u16, 100, 365, 1_000]), any::<bool>(), any::<bool>())
        .prop_map(move |(points, kinds, window, absent, confirms)| changed(points, kinds, window, absent, confirms))
        .prop_filter("they can be meant", |text| Rules::read("a.toml", text).is_ok())
}

async fn agree(kind: Kind, events: &Events, stated: Option<&[(u128, &str)]>, text: &str) -> BTreeMap<Outcome, u64> {
    let mut stage = Stage::new(kind, "370200", PEOPLE, CAME).await;
    stage.events(events, ON).await;
    let of = ON - Duration::days(20);
    if let Some(stated) = stated {
        stage.register(stated, of, ON).await;
    }
    let report = stage.run(("a.toml", text), true, ON).await;
    let rules = Rules::read("a.toml", text).unwrap();
    let told = stage.office.silent_explain(report.run, None, None, 10_000, Language::En).await.unwrap();
    assert_eq!(told.len() as u128, PEOPLE);
    let mut first = BTreeMap::new();
    for (person, status) in stated.unwrap_or_default() {
        first.entry(*person).or_insert(*status);
    }
    let mut outcomes = BTreeMap::new();
    for (person, told) in (1..=PEOPLE).zip(&told) {
        assert_eq!(told.beneficiary, who(person));
        let traces: BTreeSet<_> = events.iter().filter(|(other, ..)| *other == person).collect();
        let traces: Vec<_> =
            traces.iter().map(|(_, kind, day)| Trace { day: *day, kind: (*kind).to_owned() }).collect();
        let register = match (stated, first.get(&person)) {
            (_, Some(status)) => Statement::Status { day: of, status: (*status).to_owned() },
            // From a register that is about nobody, nobody is absent.
            (Some([_, ..]), None) => Statement::Absent { day: of },
            (_, None) => Statement::NotAsked,
        };
        let pure = evaluate(&rules, &traces, &register, ON);
        assert_eq!(told.outcome, pure.outcome, "{traces:?} {register:?}");
        assert_eq!(told.explanation, pure.explain(&rules, Language::En), "{traces:?} {register:?}");
        *outcomes.entry(told.outcome).or_insert(0) += 1;
    }
    for (outcome, people) in &outcomes {
        assert_eq!(report.people(*outcome), *people);
    }
    outcomes
}

#[test]
fn the_tables_are_asked_what_the_pure_evaluation_answers() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    // Always the same cases: what fails once fails again.
    let rng = TestRng::deterministic_rng(proptest::test_runner::RngAlgorithm::ChaCha);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let mut outcomes = BTreeMap::new();
    for case in 0..5 {
        let events = events().new_tree(&mut runner).unwrap().current();
        let stated = statements().new_tree(&mut runner).unwrap().current();
        let text = rules().new_tree(&mut runner).unwrap().current();
        let stated = (case % 3 > 0).then_some(stated.as_slice());
        let found = [Kind::Sqlite, Kind::Postgres].map(|kind| runtime.block_on(agree(kind, &events, stated, &text)));
        assert_eq!(found[0], found[1]);
        for (outcome, count) in &found[0] {
            *outcomes.entry(*outcome).or_insert(0) += count;
        }
    }
    assert!(outcomes.len() == 4 && outcomes.values().all(|count| *count > 10), "{outcomes:?}");
}

#[tokio::test]
async fn a_register_with_rows_that_can_t_be_read_says_of_nobody_that_they_are_absent() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let mut stage = Stage::new(kind, "370200", 2, CAME).await;
        let text = format!("id_number,status\n{},resident\n1101,resident\n", Stage::id_number(1));
        let path = stage.file("csv", &text);
        stage.import(Source::Register(Household::of(ON)), &path, ON).await;
        let report = stage.run(("silent.toml", EXAMPLE), true, ON).await;
        assert_eq!(report.people(Outcome::Flagged), 0, "{report:?}");
        // Corrected, a day later.
        let next = ON + Duration::DAY;
        stage.register(&[(1, "resident")], next, next).await;
        let report = stage.run(("silent.toml", EXAMPLE), true, next).await;
        assert_eq!(report.people(Outcome::Flagged), 1);
        let told =
            stage.office.silent_explain(report.run, Some(Outcome::Flagged), None, 9, Language::Zh).await.unwrap();
        assert_eq!(told[0].explanation, "数据有出入，请工作人员核实：2026-11-22 户籍中没有找到。（规则第 1 版）");
    }
}

#[tokio::test]
async fn what_an_import_cut_short_brought_says_nothing() {
    let mut stage = Stage::new(Kind::Sqlite, "370200", 2, CAME).await;
    let text = format!("id_number,status\n{},resident\n", Stage::id_number(1));
    let path = stage.file("csv", &text);
    let source = Source::Register(Household::of(ON));
    let cut = stage.office.silent_import_until(source, &path, morning(ON), &|| true).await;
    assert_eq!(cut.unwrap().kept, 0);
    stage.events(&[(1, "hospital_stay", ON)], ON).await;
    let report = stage.run(("silent.toml", EXAMPLE), true, ON).await;
    assert_eq!((report.people(Outcome::Flagged), report.people(Outcome::Confirmed)), (0, 1));
}
