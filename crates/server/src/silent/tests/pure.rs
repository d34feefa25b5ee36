//! The rules that hold for every rule file, over whatever traces there may be.

use jianzai_wire::Language;
use proptest::prelude::*;
use time::Duration;
use time::macros::date;

use crate::silent::*;

const ON: time::Date = date!(2026 - 11 - 21);

fn rules() -> Rules {
    Rules::read("silent.toml", EXAMPLE).unwrap()
}

fn trace(kind: &str, days_ago: i64) -> Trace {
    Trace { day: ON - Duration::days(days_ago), kind: kind.to_owned() }
}

fn find(traces: &[Trace]) -> Finding {
    evaluate(&rules(), traces, &Statement::NotAsked, ON)
}

fn stated(status: &str, days_ago: i64) -> Statement {
    Statement::Status { day: ON - Duration::days(days_ago), status: status.to_owned() }
}

#[test]
fn strong_counts_alone_and_weak_together() {
    /// Kinds and how many days ago; what is found, and how many days ago is proven.
    type Case = (&'static [(&'static str, i64)], Outcome, Option<i64>);
    let cases: [Case; 10] = [
        (&[("hospital_stay", 100)], Outcome::Confirmed, Some(100)),
        (&[("hospital_stay", 365)], Outcome::NotConfirmed, None),
        (&[("hospital_stay", 364)], Outcome::Confirmed, Some(364)),
        (&[("card_spend", 1), ("card_spend", 2), ("card_spend", 3), ("card_spend", 4)], Outcome::NotConfirmed, None),
        (&[("clinic_visit", 5), ("clinic_visit", 9)], Outcome::NotConfirmed, None),
        (&[("clinic_visit", 5), ("vaccination", 9)], Outcome::Confirmed, Some(9)),
        (&[("clinic_visit", 5), ("vaccination", 9), ("hospital_stay", 30)], Outcome::Confirmed, Some(9)),
        (&[("clinic_visit", 50), ("vaccination", 90), ("hospital_stay", 30)], Outcome::Confirmed, Some(30)),
        (&[("library", 1), ("hospital_stay", -1)], Outcome::NotConfirmed, None),
        (&[], Outcome::NotConfirmed, None),
    ];
    for (traces, outcome, proof) in cases {
        let traces: Vec<_> = traces.iter().map(|(kind, days)| trace(kind, *days)).collect();
        let finding = find(&traces);
        assert_eq!(
            (finding.outcome, finding.proof),
            (outcome, proof.map(|days| ON - Duration::days(days))),
            "{traces:?}"
        );
    }
}

#[test]
fn a_death_is_for_a_clerk_and_a_contradiction_too() {
    let dead = find(&[trace("death", 40), trace("clinic_visit", 3), trace("vaccination", 2), trace("travel", 1)]);
    assert_eq!(dead.outcome, Outcome::SuspectedDead, "weak traces don't speak against it");
    let before = find(&[trace("death", 40), trace("hospital_stay", 40)]);
    assert_eq!(before.outcome, Outcome::SuspectedDead, "people die in hospitals");
    let after = find(&[trace("death", 40), trace("hospital_stay", 39)]);
    assert_eq!((after.outcome, after.grounds.len()), (Outcome::Flagged, 2));
    let register = evaluate(&rules(), &[trace("hospital_stay", 90)], &stated("deceased", 20), ON);
    assert_eq!(register.outcome, Outcome::SuspectedDead);
    let old = find(&[trace("cremation", 2_000)]);
    assert_eq!(old.outcome, Outcome::SuspectedDead, "no window for that");
}

#[test]
fn what_the_register_states_or_leaves_out_is_looked_at() {
    let (strong, mut lenient) = ([trace("hospital_stay", 9)], rules());
    let absent = Statement::Absent { day: ON };
    for (statement, outcome) in [
        (stated("resident", 20), Outcome::Confirmed),
        (stated("cancelled", 20), Outcome::Flagged),
        (absent.clone(), Outcome::Flagged),
        (Statement::NotAsked, Outcome::Confirmed),
    ] {
        assert_eq!(evaluate(&rules(), &strong, &statement, ON).outcome, outcome, "{statement:?}");
    }
    lenient.register.absent = crate::silent::rules::Absent::Ignore;
    assert_eq!(evaluate(&lenient, &strong, &absent, ON).outcome, Outcome::Confirmed);
}

#[test]
fn findings_are_explained() {
    let finding = find(&[trace("clinic_visit", 5), trace("vaccination", 9)]);
    let zh = "2026-11-12 健在：2026-11-12 以来的记录合计 6 分（需要 6 分）。（规则第 1 版）";
    let en = "Alive on 2026-11-12: traces since 2026-11-12 come to 6 points (6 are needed). (Rules, version 1)";
    assert_eq!([Language::Zh, Language::En].map(|language| finding.explain(&rules(), language)), [zh, en]);
    let finding = find(&[trace("death", 40), trace("hospital_stay", 39)]);
    let en = "Something does not fit, a clerk looks: report of death on 2026-10-12; after that, hospital stay on \
        2026-10-13. (Rules, version 1)";
    assert_eq!(finding.explain(&rules(), Language::En), en);
}

#[test]
fn faults_in_a_rule_file_are_named_with_a_remedy() {
    let changed = |from: &str, to: &str| {
        assert!(EXAMPLE.contains(from), "{from}");
        Rules::read("a.toml", &EXAMPLE.replacen(from, to, 1)).unwrap_err().to_string()
    };
    for (from, to, said) in [
        ("window_days = 365", "window_days = 365\nwindow = 1", "unknown field `window`"),
        ("window_days = 365", "", "missing field `window_days`"),
        ("window_days = 365", "window_days = 0", "a.toml: window_days: give 1 to 1830 days"),
        ("kind = \"home_care\"", "kind = \"travel\"", "a.toml: kind: name each kind once"),
        ("kinds = 2", "kinds = 1", "one weak kind would count alone"),
        ("points = 6", "points = 60", "do not reach it"),
        ("dead = [\"deceased\"]", "dead = [\"resident\"]", "life or death, not both"),
        ("points = 3", "points = 7", "no more than at_most"),
    ] {
        let error = changed(from, to);
        assert!(error.contains(said), "{error}");
    }
    assert!(changed("version = 1", "version = \"one\"").contains("line 3"), "the line is named");
}

/// People of the demonstration, found by the example's rules.
#[test]
fn most_are_confirmed_and_the_dead_are_not() {
    let (mut living, mut confirmed, mut dead, mut wrong, mut told) = (0, 0, 0, 0, 0);
    crate::demo::each_history(4_000, 9, ON, |died, traces, register| {
        let finding = evaluate(&rules(), &traces, &register, ON);
        match died {
            None => {
                living += 1;
                confirmed += u32::from(finding.outcome == Outcome::Confirmed);
                assert_ne!(finding.outcome, Outcome::SuspectedDead);
            }
            Some(died) => {
                dead += 1;
                told += u32::from(finding.outcome >= Outcome::Flagged);
                wrong += u32::from(finding.proof.is_some_and(|proof| proof > died));
            }
        }
    });
    assert!(confirmed * 100 > living * 40 && confirmed < living, "{confirmed} of {living}");
    assert!(dead > 50 && told * 100 > dead * 85, "{told} of {dead}");
    assert_eq!(wrong, 0, "nobody is proven alive after death, whoever uses the card");
}

fn any_trace() -> impl Strategy<Value = Trace> {
    let kinds =
        ["hospital_stay", "home_care", "clinic_visit", "vaccination", "travel", "card_spend", "death", "unknown"];
    (prop::sample::select(kinds.to_vec()), -30..500_i64).prop_map(|(kind, days)| trace(kind, days))
}

fn any_statement() -> impl Strategy<Value = Statement> {
    prop_oneof![
        Just(Statement::NotAsked),
        (0..60_i64).prop_map(|days| Statement::Absent { day: ON - Duration::days(days) }),
        (prop::sample::select(vec!["resident", "deceased", "cancelled"]), 0..60_i64)
            .prop_map(|(s, days)| stated(s, days)),
    ]
}

proptest! {
    #[test]
    fn order_says_nothing(mut traces in prop::collection::vec(any_trace(), 0..12), register in any_statement()) {
        let found = evaluate(&rules(), &traces, &register, ON);
        traces.reverse();
        prop_assert_eq!(evaluate(&rules(), &traces, &register, ON), found);
    }

    #[test]
    fn one_more_trace_of_life_never_makes_it_worse(
        mut traces in prop::collection::vec(any_trace(), 0..12),
        more in any_trace(),
        register in any_statement(),
    ) {
        prop_assume!(more.kind != "death");
        let before = evaluate(&rules(), &traces, &register, ON);
        traces.push(more);
        let after = evaluate(&rules(), &traces, &register, ON);
        prop_assert!(after.outcome <= before.outcome, "{before:?} {after:?}");
        prop_assert!(before.outcome != Outcome::Confirmed || after.proof >= before.proof, "{before:?} {after:?}");
    }

    #[test]
    fn the_suspected_dead_are_never_confirmed(
        mut traces in prop::collection::vec(any_trace(), 0..12),
        days in 0..500_i64,
        register in any_statement(),
    ) {
        traces.push(trace("death", days));
        let found = evaluate(&rules(), &traces, &register, ON);
        prop_assert!(found.outcome >= Outcome::Flagged && found.proof.is_none());
    }

    #[test]
    fn a_proof_lies_in_the_window_and_every_finding_has_its_grounds(
        traces in prop::collection::vec(any_trace(), 0..12),
        register in any_statement(),
    ) {
        let found = evaluate(&rules(), &traces, &register, ON);
        prop_assert!(found.proof.is_none_or(|proof| proof <= ON && ON - proof < Duration::days(365)));
        prop_assert_eq!(found.proof.is_some(), found.outcome == Outcome::Confirmed);
        prop_assert!(!found.grounds.is_empty());
        for language in [Language::Zh, Language::En] {
            prop_assert!(found.explain(&rules(), language).len() > 20);
        }
    }

    #[test]
    fn no_rule_file_makes_it_panic(text in "\\PC{0,200}") {
        let _ = Rules::read("any.toml", &text);
    }
}
