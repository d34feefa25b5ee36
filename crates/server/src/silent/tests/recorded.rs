//! What a run records: what the other ways would record, once, however often it is cut short; and taken back.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};

use jianzai_wire::{Language, Secret};
use sea_orm::{EntityTrait as _, QueryOrder as _};
use time::macros::date;
use time::{Date, Duration};
use uuid::Uuid;

use super::stage::{Stage, who};
use crate::audit;
use crate::chronicle::record::{Recorded, certification_id, certify};
use crate::clock::to_millis;
use crate::db::silent_entity::silent_run;
use crate::db::year::{benefit, fact, review};
use crate::office::{Decision, OfficeError};
use crate::silent::{Effect, Outcome, Part, Rules};
use crate::tests::{Kind, World};
use crate::year::channel::{Channel, EvidenceKind};
use crate::year::dates::day_number;
use crate::year::policy::{Place, PolicySet, Scheme};
use crate::year::record::{CertificationRecord, Ground, Party};
use crate::year::tests::stage::{CLERK_ID, morning};

const CAME: Date = date!(2026 - 01 - 10);
const ON: Date = date!(2026 - 11 - 21);
/// Two ranges of a run.
const PEOPLE: u128 = 12;
const TABLES: [&str; 8] =
    ["benefit", "fact", "certification", "review", "audit_entry", "silent_run", "silent_finding", "silent_import"];
/// Those of them without clerks' words.
const UNSEALED: [&str; 5] = ["fact", "certification", "audit_entry", "silent_run", "silent_finding"];

fn qingdao() -> (&'static str, &'static str) {
    Rules::shipped("qingdao").unwrap()
}

/// Confirmed: 1, 2 by a proof that the policy takes, 3 by one too old. Flagged: 4. Suspected dead: 5, 6. The others: nothing.
async fn stage(kind: Kind) -> Stage {
    let mut stage = Stage::new(kind, "370200", PEOPLE, CAME).await;
    let day = |back: i64| ON - Duration::days(back);
    let events = [
        (1, "hospital_stay", day(3)),
        (2, "clinic_visit", day(5)),
        (2, "vaccination", day(9)),
        (3, "hospital_stay", day(100)),
        (4, "death", day(30)),
        (4, "home_care", day(3)),
        (5, "death", day(30)),
        (5, "cremation", day(28)),
        (6, "death", day(2)),
        (7, "card_spend", day(1)),
    ];
    stage.events(&events, ON).await;
    stage
}

async fn facts(world: &World) -> Vec<(u128, String)> {
    let rows = fact::Entity::find().order_by_asc(fact::Column::BeneficiaryId).order_by_asc(fact::Column::Kind);
    let rows = rows.all(world.store.reads()).await.unwrap();
    rows.into_iter().map(|row| (row.beneficiary_id.as_u128(), row.kind)).collect()
}

#[tokio::test]
async fn a_run_records_what_the_policy_takes_and_a_shadow_nothing() {
    let mut both = Vec::new();
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let stage = stage(kind).await;
        let before = stage.world.rows_of(&["benefit", "fact", "certification", "review"]).await;
        let shadow = stage.run(qingdao(), true, ON).await;
        assert_eq!(stage.world.rows_of(&["benefit", "fact", "certification", "review"]).await, before, "{kind:?}");
        let report = stage.run(qingdao(), false, ON).await;
        assert_eq!(report.found, shadow.found);
        let expected = BTreeMap::from([
            ((Outcome::Confirmed, Effect::Certified), 2),
            ((Outcome::Confirmed, Effect::Nothing), 1),
            ((Outcome::NotConfirmed, Effect::Missing), 6),
            ((Outcome::Flagged, Effect::Nothing), 1),
            ((Outcome::SuspectedDead, Effect::Review), 2),
        ]);
        assert_eq!((report.found.clone(), report.not_looked_at), (expected, 0));
        let mut told: Vec<_> = [1, 2].map(|person| (person, "certified".to_owned())).into();
        told.extend([5, 6].map(|person| (person, "review_opened".to_owned())));
        told.extend([7, 8, 9, 10, 11, 12].map(|person| (person, "no_match".to_owned())));
        assert_eq!(facts(&stage.world).await, told);
        // The same run again is the same run; another of the same data on another day adds no certification.
        assert_eq!(stage.run(qingdao(), false, ON).await, report);
        let next = stage.run(qingdao(), false, ON + Duration::DAY).await;
        assert_eq!(next.recorded(), report.recorded());
        let rows = stage.world.rows_of(&TABLES).await;
        assert_eq!((rows["certification"].len(), rows["review"].len(), rows["silent_run"].len()), (2, 2, 3));
        // The log tells what each run added, not what it found that was there.
        let told = ["certified.2,reviews.2,missing.6", "certified.0,reviews.0,missing.6"];
        let told = told.map(|added| rows["audit_entry"].iter().filter(|row| row.contains(added)).count());
        assert_eq!(told, [1, 1]);
        let report = audit::verify(&stage.world.config, &stage.world.keys, &[]).await.unwrap();
        assert!(report.faults.is_empty(), "{report:?}");
        both.push(rows);
    }
    assert_eq!(both[0], both[1]);
}

#[tokio::test]
async fn a_certification_is_what_any_other_way_would_have_written() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let (run, by_hand) = (stage(kind).await, stage(kind).await);
        let report = run.run(qingdao(), false, ON).await;
        let set = PolicySet::shipped().unwrap();
        let policy =
            PolicySet::in_force(set.versions_of(Place::Division(370_200), Scheme::EmployeePension), ON).unwrap();
        let by = Party::Rules { version: 1 };
        let tx = by_hand.world.store.begin("test").await.unwrap();
        for (person, back) in [(1, 3), (2, 9), (3, 100)] {
            let (beneficiary, proof) = (who(person), ON - Duration::days(back));
            let record = CertificationRecord {
                id: certification_id(beneficiary, Channel::SilentEvents, by, proof),
                beneficiary,
                by,
                channel: Channel::SilentEvents,
                proof_date: proof,
                recorded: ON,
                ground: Ground::Evidence { kind: EvidenceKind::Data, reference: report.run },
                decided_by: by,
            };
            let recorded = certify(&*tx, &record, None, policy, to_millis(morning(ON))).await.unwrap();
            assert_eq!(recorded == Recorded::New, person < 3, "the third is too old for the policy");
        }
        tx.commit().await.unwrap();
        let of = |rows: &[String]| -> Vec<_> {
            rows.iter()
                .filter(|row| !row.contains("kind=no_match") && !row.contains("kind=review_opened"))
                .cloned()
                .collect()
        };
        let (left, right) = (
            run.world.rows_of(&["certification", "fact"]).await,
            by_hand.world.rows_of(&["certification", "fact"]).await,
        );
        assert_eq!(left["certification"], right["certification"]);
        assert_eq!(of(&left["fact"]), of(&right["fact"]));
        let looks =
            |rows: &[String]| rows.iter().filter(|row| row.contains(&format!("next_look={}", day_number(ON)))).count();
        assert_eq!(looks(&run.world.rows_of(&["benefit"]).await["benefit"]), 10);
        assert_eq!(looks(&by_hand.world.rows_of(&["benefit"]).await["benefit"]), 2);
    }
}

#[tokio::test]
async fn a_run_cut_short_anywhere_and_repeated_ends_as_an_undisturbed_one_to_the_row() {
    let undisturbed = stage(Kind::Sqlite).await;
    let report = undisturbed.run(qingdao(), false, ON).await;
    let mut undisturbed = undisturbed.world.rows_of(&TABLES).await;
    assert_eq!(take_added(&mut undisturbed), ["detail=certified.2,reviews.2,missing.6"]);
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let stage = stage(kind).await;
        let (file, text) = qingdao();
        // Before the first range is durable, and after; then before the second is.
        for moments in [0, 0, 1, 0] {
            let cut = stage
                .office
                .silent_run_until(file, text, false, morning(ON), &|| ON, &dies_after(moments))
                .await
                .unwrap();
            assert!(!cut.ended);
        }
        assert_eq!(stage.run(qingdao(), false, ON).await.found, report.found);
        let mut rows = stage.world.rows_of(&TABLES).await;
        assert_eq!(take_added(&mut rows), ["detail=certified.0,reviews.0,missing.4"], "{kind:?}: by the last start");
        assert_eq!(rows, undisturbed, "{kind:?}");
    }
}

/// Takes out of the log what the starts of runs say that they added.
fn take_added(rows: &mut BTreeMap<&'static str, Vec<String>>) -> Vec<String> {
    let log = rows.get_mut("audit_entry").unwrap();
    let added: Vec<String>;
    (added, *log) = std::mem::take(log).into_iter().partition(|row| row.contains("detail=certified."));
    added.iter().filter_map(|row| Some(row.split(' ').find(|part| part.starts_with("detail="))?.to_owned())).collect()
}

#[tokio::test]
async fn a_run_that_reaches_midnight_stops_and_is_run_again_on_the_new_day() {
    let (file, text) = qingdao();
    let next = ON + Duration::DAY;
    // Midnight comes before the first range is durable, just after, and before the second begins. What was looked at by then, and
    // how much each day records: two certified, two reported, two not found, and of the second range four not found.
    for (asks, looked_at, recorded) in [(1, 0, (0, 10)), (2, 8, (6, 6)), (3, 8, (6, 6))] {
        for kind in [Kind::Sqlite, Kind::Postgres] {
            let stage = stage(kind).await;
            let asked = AtomicU32::new(0);
            let today = || if asked.fetch_add(1, Ordering::SeqCst) < asks { ON } else { next };
            let report =
                stage.office.silent_run_until(file, text, false, morning(ON), &today, &|| false).await.unwrap();
            assert!(report.day_over && !report.ended, "{kind:?}: {report:?}");
            assert_eq!(report.found.values().sum::<u64>(), looked_at);
            let again = stage.run(qingdao(), false, next).await;
            assert_ne!(again.run, report.run);
            assert_eq!(again.found.values().sum::<u64>(), 12);
            let facts = fact::Entity::find().all(stage.world.store.reads()).await.unwrap();
            let on = |day| facts.iter().filter(|fact| fact.recorded_day == day_number(day)).count();
            assert_eq!((on(ON), on(next)), recorded, "{kind:?}: what stands is not recorded again");
        }
    }
}

#[tokio::test]
async fn confirmations_reports_of_death_and_absences_are_taken_back_each_for_itself() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let stage = stage(kind).await;
        let run = stage.run(qingdao(), false, ON).await.run;
        let open = review::Entity::find().all(stage.world.store.reads()).await.unwrap();
        let of_five = open.iter().find(|review| review.beneficiary_id == who(5)).unwrap();
        let words = Secret::new("电话核实本人健在".to_owned());
        stage.office.decide(of_five.id, CLERK_ID, Decision::Lives, &words, morning(ON)).await.unwrap();
        let later = ON + Duration::days(2);
        let added = |part| stage.office.silent_revert(run, part, CLERK_ID, morning(later));
        assert_eq!(added(Part::Dead).await.unwrap().facts, 1, "what a clerk decided stays");
        assert_eq!(added(Part::Missing).await.unwrap().facts, 6);
        let kinds = |kind: &str, facts: &[(u128, String)]| facts.iter().filter(|(_, other)| other == kind).count();
        assert_eq!(kinds("revoked", &facts(&stage.world).await), 0);
        assert_eq!(added(Part::Pass).await.unwrap().facts, 2);
        let rows = stage.world.rows_of(&UNSEALED).await;
        for part in [Part::Pass, Part::Dead, Part::Missing] {
            assert_eq!(added(part).await.unwrap().facts, 0, "once");
        }
        assert_eq!(stage.world.rows_of(&UNSEALED).await, rows);
        let facts = facts(&stage.world).await;
        let counts = ["certified", "revoked", "review_opened", "review_closed", "no_match", "no_match_withdrawn"];
        assert_eq!(counts.map(|kind| kinds(kind, &facts)), [2, 2, 2, 2, 6, 6], "nothing is deleted");
        assert!(rows["silent_run"][0].contains("pass_reverted_at=1"));
        // A death on which a clerk has decided is not reported again by the same trace; one whose report was withdrawn is, once.
        for day in [later, later + Duration::DAY] {
            let again = stage.run(qingdao(), false, day).await;
            assert_eq!(again.people(Outcome::SuspectedDead), 2);
            let reviews = review::Entity::find().all(stage.world.store.reads()).await.unwrap();
            let mut decisions: Vec<_> =
                reviews.into_iter().map(|review| (review.beneficiary_id.as_u128(), review.decision)).collect();
            decisions.sort();
            let expected = [(5, Some("lives")), (6, None), (6, Some("withdrawn"))];
            assert_eq!(decisions, expected.map(|(who, decision)| (who, decision.map(str::to_owned))), "{kind:?}");
        }
    }
}

/// The day by which somebody has to certify, as the next look finds it.
async fn due_by(stage: &Stage, person: u128, today: Date) -> Option<i64> {
    stage.office.tick(morning(today)).await.unwrap();
    benefit::Entity::find_by_id(who(person)).one(stage.world.store.reads()).await.unwrap().unwrap().due_by
}

#[tokio::test]
async fn that_two_runs_of_a_day_did_not_find_somebody_is_each_ones_own_to_take_back() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        for first_goes_first in [true, false] {
            let mut stage = stage(kind).await;
            let unasked = due_by(&stage, 8, ON).await;
            let one = stage.run(qingdao(), false, ON).await.run;
            stage.events(&[(9, "hospital_stay", ON - Duration::days(2))], ON).await;
            let other = stage.run(qingdao(), false, ON).await.run;
            assert_ne!(one, other, "it knew more");
            let asked = due_by(&stage, 8, ON).await;
            assert_ne!(asked, unasked);
            let later = ON + Duration::DAY;
            let back = |run| stage.office.silent_revert(run, Part::Missing, CLERK_ID, morning(later));
            let (first, second) = if first_goes_first { (one, other) } else { (other, one) };
            let found_by = |run| if run == one { 6 } else { 5 };
            assert_eq!(back(first).await.unwrap().facts, found_by(first));
            assert_eq!(due_by(&stage, 8, later).await, asked, "{kind:?}: the other did not find them either");
            assert_eq!(back(second).await.unwrap().facts, found_by(second));
            assert_eq!(due_by(&stage, 8, later).await, unasked, "{kind:?}: nobody says so any more");
            for run in [one, other] {
                assert_eq!(back(run).await.unwrap().facts, 0, "once");
            }
        }
    }
}

#[tokio::test]
async fn a_run_after_one_that_was_taken_back_the_same_day_counts() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let mut stage = stage(kind).await;
        let unasked = due_by(&stage, 8, ON).await;
        let wrong = stage.run(qingdao(), false, ON).await.run;
        stage.office.silent_revert(wrong, Part::Missing, CLERK_ID, morning(ON)).await.unwrap();
        stage.events(&[(9, "hospital_stay", ON - Duration::days(2))], ON).await;
        stage.run(qingdao(), false, ON).await;
        assert_ne!(due_by(&stage, 8, ON).await, unasked, "{kind:?}");
    }
}

/// Dies when it is asked the `moments + 1`th time.
fn dies_after(moments: u32) -> impl Fn() -> bool + Sync {
    let left = AtomicU32::new(moments);
    move || left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_err()
}

#[tokio::test]
async fn a_run_that_was_cut_short_and_overtaken_is_taken_back_as_far_as_it_came() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let mut stage = stage(kind).await;
        let (file, text) = qingdao();
        // The first range is durable: 1 and 2 certified, 5 and 6 reported, 7 and 8 not found.
        let cut = stage.office.silent_run_until(file, text, false, morning(ON), &|| ON, &dies_after(1)).await.unwrap();
        assert!(!cut.ended);
        stage.events(&[(9, "hospital_stay", ON - Duration::days(2))], ON).await;
        let next = stage.run(qingdao(), false, ON).await;
        assert_ne!(next.run, cut.run, "an import makes another run of it");
        let later = ON + Duration::days(1);
        for (part, facts) in [(Part::Pass, 2), (Part::Dead, 2), (Part::Missing, 2)] {
            let taken = stage.office.silent_revert(cut.run, part, CLERK_ID, morning(later)).await.unwrap();
            assert_eq!(taken.facts, facts, "{kind:?} {part:?}");
            let again = stage.office.silent_revert(cut.run, part, CLERK_ID, morning(later)).await.unwrap();
            assert_eq!(again.facts, 0, "once");
        }
        let facts = facts(&stage.world).await;
        let revoked: Vec<_> = facts.iter().filter(|(_, kind)| kind == "revoked").map(|(who, _)| *who).collect();
        assert_eq!(revoked, [1, 2], "what the next run recorded stands");
        assert!(facts.contains(&(9, "certified".to_owned())));
        let runs = silent_run::Entity::find().all(stage.world.store.reads()).await.unwrap();
        assert!(runs.len() == 2 && runs.iter().all(|run| run.ended_at.is_some()));
        let rows = stage.world.rows_of(&["audit_entry"]).await;
        assert_eq!(rows["audit_entry"].iter().filter(|entry| entry.contains("given_up")).count(), 1);
        let report = audit::verify(&stage.world.config, &stage.world.keys, &[]).await.unwrap();
        assert!(report.faults.is_empty(), "{report:?}");
    }
}

#[tokio::test]
async fn nothing_is_added_to_a_run_that_was_taken_back() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let stage = stage(kind).await;
        let (file, text) = qingdao();
        let cut = stage.office.silent_run_until(file, text, false, morning(ON), &|| ON, &dies_after(1)).await.unwrap();
        stage.office.silent_revert(cut.run, Part::Pass, CLERK_ID, morning(ON)).await.unwrap();
        let before = stage.world.rows_of(&UNSEALED).await;
        assert_eq!(stage.run(qingdao(), false, ON).await.run, cut.run);
        assert_eq!(stage.world.rows_of(&UNSEALED).await, before, "{kind:?}: repeated");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_that_is_taken_back_while_it_goes_on_stops() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let stage = stage(kind).await;
        let (file, text) = qingdao();
        let run =
            stage.office.silent_run_until(file, text, false, morning(ON), &|| ON, &dies_after(0)).await.unwrap().run;
        let asked = AtomicU32::new(0);
        let runtime = tokio::runtime::Handle::current();
        // Asked the second time, when its first range is durable, it goes on; but somebody has taken it back meanwhile. On a thread
        // of their own: to wait on this one would swallow what wakes the run.
        let taken_back = || {
            if asked.fetch_add(1, Ordering::SeqCst) == 1 {
                let revert = || runtime.block_on(stage.office.silent_revert(run, Part::Pass, CLERK_ID, morning(ON)));
                let facts = std::thread::scope(|threads| threads.spawn(revert).join()).unwrap().unwrap();
                assert_eq!(facts.facts, 2);
            }
            false
        };
        let report = stage.office.silent_run_until(file, text, false, morning(ON), &|| ON, &taken_back).await.unwrap();
        assert_eq!((report.run, report.ended), (run, true));
        let rows = stage.world.rows_of(&["silent_finding", "certification"]).await;
        assert_eq!(
            (rows["silent_finding"].len(), rows["certification"].len()),
            (8, 2),
            "{kind:?}: the first range only"
        );
    }
}

#[tokio::test]
async fn what_can_not_be_taken_back_or_run_is_refused_with_a_remedy() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let stage = stage(kind).await;
        let shadow = stage.run(qingdao(), true, ON).await.run;
        let refused = |error: OfficeError| match error {
            OfficeError::Refused(why) => why,
            other => panic!("{other}"),
        };
        let error = stage.office.silent_revert(shadow, Part::Pass, CLERK_ID, morning(ON)).await.unwrap_err();
        assert!(refused(error).contains("a shadow recorded nothing"));
        let error = stage.office.silent_revert(Uuid::nil(), Part::Pass, CLERK_ID, morning(ON)).await.unwrap_err();
        assert!(refused(error).contains("no such run"));
        let (file, text) = qingdao();
        let other = text.replace("window_days = 365", "window_days = 300");
        let error = stage.office.silent_run(file, &other, false, morning(ON)).await.unwrap_err();
        assert!(refused(error).contains("give the file a new version"));
        let error = stage.office.silent_run(file, "version = 1", false, morning(ON)).await.unwrap_err();
        assert!(refused(error).contains("missing field"));
        let told = stage.office.silent_explain(shadow, None, None, 2, Language::En).await.unwrap();
        assert_eq!(
            told[0].explanation,
            "Alive on 2026-11-18: hospital stay on 2026-11-18 (counts alone). (Rules, version 1)"
        );
        let told = stage.office.silent_explain(shadow, None, Some(told[0].beneficiary), 1, Language::Zh).await.unwrap();
        assert_eq!(
            told[0].explanation,
            "2026-11-12 健在：2026-11-12 以来的记录合计 6 分（需要 6 分）。（规则第 1 版）"
        );
    }
}
