//! What holds under every policy, for every life.

use std::collections::BTreeSet;

use proptest::collection::vec;
use proptest::prelude::*;
use time::Date;
use time::macros::date;
use uuid::Uuid;

use super::stage::{CLERK_ID, RUN, Stage, contact, morning, paid, person, versions};
use crate::year::channel::Channel;
use crate::year::dates::{Month, days_after};
use crate::year::facts::{Fact, Person, What};
use crate::year::instructions::Instruction;
use crate::year::policy::{Grace, Matching, Missing, Payment, Policy, SHIPPED, Silence, WindowRule, load};
use crate::year::standing::{Standing, assess};
use crate::year::tick::{Kept, look};
use crate::year::window::cycle;
use crate::year::wrongful::{Why, wrongful};

const FIRST: Date = date!(2026 - 01 - 20);
const DAYS: i64 = 1_000;

fn window(interval: u8) -> impl Strategy<Value = WindowRule> {
    let months = 1..=interval;
    prop_oneof![
        (0..u16::from(interval) * 28).prop_map(|opens_days| WindowRule::Rolling { opens_days }),
        (1..=12_u8, months.clone(), 0..40_u16).prop_map(move |(first_month, months, early)| {
            let early_days = early.min(u16::from(interval - months) * 28);
            WindowRule::Calendar { first_month, months, early_days }
        }),
        months.prop_map(|months| WindowRule::BirthMonth { before: months / 2, after: (months - 1) / 2, early_days: 0 }),
    ]
}

/// Any policy that could be written, and those that are shipped as they are.
fn policy() -> impl Strategy<Value = Policy> {
    let shipped = (0..SHIPPED.len()).prop_map(|number| {
        let (name, text) = SHIPPED[number];
        load(name, text).expect("a shipped policy")
    });
    prop_oneof![3 => drawn_policy(), 1 => shipped]
}

fn drawn_policy() -> impl Strategy<Value = Policy> {
    let missing = prop_oneof![Just(Missing::Nothing), Just(Missing::Asks), Just(Missing::Suspends)];
    let silence = prop_oneof![4 => Just(Silence::Suspends), 1 => Just(Silence::Waits)];
    let interval = prop_oneof![Just(12_u8), Just(6), Just(3), Just(1)];
    let window = interval.prop_flat_map(|interval| (Just(interval), window(interval)));
    (window, 0..100_u16, 1..=180_u16, (missing, 1..=60_u16), silence, 1..=28_u8, 0..=120_u16, 0..SHIPPED.len())
        .prop_map(
            |(
                (interval, window),
                days,
                after_appeal_days,
                (missing, answer_days),
                silence,
                list_closes,
                spread_days,
                shipped,
            )| {
                let (name, text) = SHIPPED[shipped];
                let shipped = load(name, text).expect("a shipped policy");
                Policy {
                    interval,
                    window,
                    grace: Grace { days, after_appeal_days },
                    matching: Matching { missing, answer_days },
                    silence,
                    payment: Payment { list_closes },
                    // Of a month no more than half is spread, or no due date would lie in its own.
                    spread_days: spread_days.min(u16::from(interval) * 15),
                    ..shipped
                }
            },
        )
}

/// Days from the first, days until it was recorded, what, and which of a few it is about.
type Event = (i64, i64, u8, u8);

fn events() -> impl Strategy<Value = Vec<Event>> {
    vec((0..DAYS, prop_oneof![3 => Just(0_i64), 1 => 0..60_i64], 0..9_u8, 0..4_u8), 0..14)
}

fn fact((day, lag, what, about): Event) -> Fact {
    let on = days_after(FIRST, day);
    let id = |kind: u128| Uuid::from_u128(kind * 10 + u128::from(about));
    let what = match what {
        0..=2 => What::Certified { id: id(1), channel: Channel::AppSelf },
        3 => What::NoMatch { run: RUN },
        4 => What::AppealOpened { appeal: id(2) },
        5 => What::AppealDecided { appeal: id(2), upheld: about % 2 == 0, clerk: CLERK_ID },
        6 => What::ReviewOpened { review: id(3) },
        7 => What::ReviewClosed { review: id(3) },
        _ => What::Revoked { certification: id(1), clerk: CLERK_ID },
    };
    Fact { on, recorded: days_after(on, lag), what }
}

fn life(events: &[Event], spread: u64) -> Person {
    let facts = events.iter().copied().map(fact).collect();
    Person { spread, facts, ..person(date!(1940 - 04 - 04), FIRST) }
}

/// Looks on the days for which `when` says so.
fn live(policies: &[Policy], person: &Person, until: i64, when: impl Fn(i64) -> bool) -> Stage {
    let mut stage = Stage::new(policies.to_vec(), person.clone(), FIRST);
    for day in 0..=until {
        stage.today = days_after(FIRST, day);
        if when(day) {
            stage.look();
        }
    }
    stage
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn whoever_certifies_in_the_end_has_every_month_paid_once(
        policy in policy(), events in events(), spread: u64, every in 1..40_i64, offset in 0..40_i64,
        end in 700..DAYS, death in proptest::option::of((0..600_i64, 1..90_i64)),
        newer in proptest::option::of((policy(), 1..650_i64, 0..200_u16)),
    ) {
        // The payer's own day stays when the policy changes.
        let payment = policy.payment;
        let newer = newer.map(|(new, begins, notice_days)| {
            let valid_from = days_after(FIRST, begins);
            Policy { version: 2, valid_from, notice_days, payment, ..new }
        });
        let policies: Vec<Policy> = [policy].into_iter().chain(newer).collect();
        let last = days_after(FIRST, end);
        let mut person = life(&events, spread);
        person.facts.retain(|fact| fact.recorded < last);
        // Said to be dead for a while, perhaps.
        if let Some((day, length)) = death {
            let died = days_after(FIRST, day);
            person.facts.push(Fact::of_day(died, What::Deceased { clerk: CLERK_ID }));
            let what = What::DeathWithdrawn { clerk: CLERK_ID };
            person.facts.push(Fact::of_day(days_after(died, length), what));
        }
        person.facts.push(Fact::of_day(last, What::Certified { id: Uuid::from_u128(99), channel: Channel::AppSelf }));
        let stage = live(&policies, &person, end, |day| (day + offset) % every == 0 || day == end);
        // A monthly window may open on the morrow; suspended is nobody who has certified today.
        let standing = stage.standing();
        prop_assert!(![Standing::Suspended, Standing::Deceased].contains(&standing));
        let months = paid(&stage.kept.told, payment.list_closes, Month::of(FIRST), Month::of(last).plus(4));
        prop_assert!(months.values().all(|times| *times == 1), "{months:?} {:?}", stage.kept.told);
    }

    #[test]
    fn the_dead_are_paid_through_their_last_month_and_what_is_beyond_is_named(
        policy in policy(), events in events(), spread: u64, every in 1..40_i64, died in 0..900_i64, known in 0..99_i64,
    ) {
        let (died, known) = (days_after(FIRST, died), died + known);
        let mut person = life(&events, spread);
        let recorded = days_after(FIRST, known);
        person.facts.push(Fact { on: died, recorded, what: What::Deceased { clerk: CLERK_ID } });
        let stage = live(std::slice::from_ref(&policy), &person, known, |day| day % every == 0 || day == known);
        prop_assert_eq!(stage.standing(), Standing::Deceased);
        let Some(Instruction::Stop { overpaid, .. }) = stage.instructions().pop() else {
            return Err(TestCaseError::fail("the payer was not told last to stop"));
        };
        let end = Month::of(recorded).plus(4);
        let months = paid(&stage.kept.told, policy.payment.list_closes, Month::of(FIRST), end);
        for (month, times) in months {
            let right = u32::from(month <= Month::of(died) || overpaid.contains(&month));
            prop_assert_eq!(times, right, "{:?} {:?}", month, stage.kept.told);
        }
    }

    #[test]
    fn nobody_with_an_open_appeal_is_suspended(policy in policy(), events in events(), spread: u64) {
        let person = life(&events, spread);
        let mut stage = Stage::new(vec![policy], person.clone(), FIRST);
        for day in 0..DAYS {
            stage.today = days_after(FIRST, day);
            stage.look();
            let known = |fact: &&Fact| fact.known(stage.today);
            let decided = |id| person.facts.iter().filter(known).any(
                |fact| matches!(fact.what, What::AppealDecided { appeal, .. } if appeal == id));
            let open = person.facts.iter().filter(known).any(
                |fact| matches!(fact.what, What::AppealOpened { appeal } if !decided(appeal)));
            if open {
                prop_assert_ne!(stage.standing(), Standing::Suspended);
                let paid = !matches!(stage.instructions().last(), Some(Instruction::Suspend { .. }));
                prop_assert!(paid, "the payer withholds");
            }
        }
    }

    #[test]
    fn it_does_not_matter_when_or_how_often_the_tick_ran(
        policy in policy(), events in events(), spread: u64, looks in vec(0..DAYS, 0..20), end in 1..DAYS,
    ) {
        let person = life(&events, spread);
        let looks: BTreeSet<i64> = looks.into_iter().filter(|day| *day < end).chain([end]).collect();
        let run = |days: &mut dyn Iterator<Item = i64>, times: u8| {
            let (mut kept, mut changes, mut keys) = (Kept::new(FIRST), Vec::new(), Vec::new());
            let mut last = None;
            for day in days {
                for _ in 0..times {
                    let now = morning(days_after(FIRST, day));
                    let outcome = look(std::slice::from_ref(&policy), &person, &contact(), &kept, now)
                        .expect("a version is in force");
                    kept.record(&outcome);
                    changes.extend(outcome.changes);
                    keys.extend(outcome.reminders.into_iter().map(|reminder| reminder.key));
                    last = Some(outcome.assessment);
                }
            }
            (last, changes, keys, kept)
        };
        let daily = run(&mut (0..=end), 1);
        let repeated = run(&mut (0..=end), 3);
        let gaps = run(&mut looks.into_iter(), 1);
        prop_assert_eq!(&daily, &repeated);
        prop_assert_eq!((&daily.0, &daily.1), (&gaps.0, &gaps.1));
        for (_, _, keys, kept) in [daily, gaps] {
            prop_assert_eq!(keys.len(), kept.sent.len(), "a reminder was sent twice");
        }
    }

    #[test]
    fn nothing_changes_before_the_next_look(policy in policy(), events in events(), spread: u64, day in 0..DAYS) {
        let today = days_after(FIRST, day);
        let mut person = life(&events, spread);
        person.facts.retain(|fact| fact.known(today));
        let policies = [policy];
        let now = assess(&policies, &person, today, today).expect("a version is in force");
        let end = now.next_look.unwrap_or(days_after(today, 800)).min(days_after(today, 800));
        let mut later = today;
        while later < end {
            let then = assess(&policies, &person, later, later).expect("a version is in force");
            prop_assert_eq!((then.standing, then.owed, then.suspends_on), (now.standing, now.owed, now.suspends_on));
            later = days_after(later, 1);
        }
    }

    #[test]
    fn looking_only_when_told_to_leaves_nothing_out(policy in policy(), events in events(), spread: u64) {
        let person = life(&events, spread);
        let daily = live(std::slice::from_ref(&policy), &person, DAYS, |_| true);
        let mut seldom = Stage::new(vec![policy], person.clone(), FIRST);
        let (mut next, mut looks) = (Some(FIRST), 0);
        for day in 0..=DAYS {
            seldom.today = days_after(FIRST, day);
            let news = person.facts.iter().any(|fact| fact.recorded == seldom.today);
            if news || next.is_some_and(|next| next <= seldom.today) {
                next = seldom.look().next_look;
                looks += 1;
            }
        }
        prop_assert_eq!(&daily.sent, &seldom.sent);
        prop_assert_eq!(&daily.kept.told, &seldom.kept.told);
        prop_assert!(looks < DAYS / 2, "{looks} looks");
    }

    #[test]
    fn a_new_version_suspends_nobody_before_its_notice_is_over(
        old in policy(), new in policy(), events in events(), spread: u64, begins in 1..DAYS, notice in 0..200_u16,
    ) {
        let person = life(&events, spread);
        let valid_from = days_after(FIRST, begins);
        let grace = Grace { after_appeal_days: old.grace.after_appeal_days, ..new.grace };
        let both = [old.clone(), Policy { grace, version: 2, valid_from, notice_days: notice, ..new }];
        for day in 0..i64::from(notice) {
            let on = days_after(valid_from, day);
            let after = assess(&both, &person, on, on).expect("a version is in force").standing;
            if after == Standing::Suspended {
                let before = assess(std::slice::from_ref(&old), &person, on, on).expect("a version is in force").standing;
                prop_assert_eq!(before, Standing::Suspended, "{}", on);
            }
        }
    }

    #[test]
    fn a_window_is_in_order_and_a_proof_in_it_settles_it(policy in policy(), day in 0..DAYS, spread: u64, at in 0..400_i64) {
        let (born, since) = (date!(1940 - 04 - 04), days_after(FIRST, day));
        let window = cycle(&policy, born, spread, since, None).window;
        prop_assert!(since < window.opens && window.opens <= window.due_by && window.due_by <= window.closes);
        let proof = days_after(window.opens, at).min(window.closes);
        let next = cycle(&policy, born, spread, proof, None).window;
        prop_assert!(next.opens > proof && next.closes > window.closes);
    }

    #[test]
    fn a_late_record_counts_from_its_proof_date(policy in policy(), events in events(), spread: u64, lag in 0..60_i64) {
        let at_once: Vec<Event> = events.iter().map(|(day, _, what, about)| (*day, 0, *what % 4, *about)).collect();
        let late: Vec<Event> = at_once.iter().map(|(day, _, what, about)| (*day, lag, *what, *about)).collect();
        let day = days_after(FIRST, DAYS + lag);
        let policies = [policy];
        prop_assert_eq!(
            assess(&policies, &life(&at_once, spread), day, day),
            assess(&policies, &life(&late, spread), day, day)
        );
    }

    #[test]
    fn what_is_known_in_time_makes_no_suspension_wrong_but_an_upheld_appeal(
        policy in policy(), events in events(), spread: u64, every in 1..40_i64,
    ) {
        let events: Vec<_> = events.into_iter().map(|(day, _, what, about)| (day, 0, what, about)).collect();
        let person = life(&events, spread);
        let stage = live(std::slice::from_ref(&policy), &person, DAYS, |day| day % every == 0);
        let wrong = wrongful(&stage.versions, &person, &stage.kept.told, stage.today);
        prop_assert!(wrong.iter().all(|wrong| wrong.why == Why::AppealUpheld), "{wrong:?} {:?}", stage.kept.told);
    }

    #[test]
    fn spoilt_files_are_refused_with_lines_that_they_have(
        shipped in 0..SHIPPED.len(), line in 0..80_usize, with in "[ -~]{0,24}",
    ) {
        let (name, text) = SHIPPED[shipped];
        let mut lines: Vec<&str> = text.lines().collect();
        let line = line % lines.len();
        lines[line] = &with;
        if let Err(faults) = load(name, &lines.join("\n")) {
            prop_assert!(!faults.is_empty());
            prop_assert!(faults.iter().all(|fault| (1..=lines.len() + 1).contains(&fault.line) && fault.file == name));
        }
    }
}

#[test]
fn the_ten_places_pay_back_every_month_too() {
    for place in ["深圳市", "成都市", "昆明市", "南京市", "上海市", "北京市", "长沙市", "湘潭市", "青岛市", "广州市"]
    {
        let mut stage = Stage::new(versions(place), person(date!(1940 - 04 - 04), FIRST), FIRST);
        stage.live_until(date!(2027 - 02 - 01));
        stage.record(What::NoMatch { run: RUN });
        stage.live_until(date!(2028 - 12 - 01));
        assert_eq!(stage.standing(), Standing::Suspended, "{place}");
        stage.record(What::Certified { id: Uuid::from_u128(99), channel: Channel::HomeVisit });
        stage.look();
        let months = paid(&stage.kept.told, 10, Month::of(FIRST), Month::of(stage.today).plus(3));
        assert!(months.values().all(|times| *times == 1), "{place}: {months:?}");
        let [Instruction::Suspend { from }, Instruction::Resume { from: until, back_pay, .. }] =
            &stage.instructions()[..]
        else {
            panic!("{place}: {:?}", stage.instructions());
        };
        assert!(back_pay.iter().copied().eq(from.until(*until)) && !back_pay.is_empty(), "{place}");
    }
}
