//! Appeals, reviews, void certifications, deaths: what they do to standing and payment.

use time::Date;
use time::macros::date;
use uuid::Uuid;

use super::stage::{CLERK, CLERK_ID, OFFICE, RUN, STAFF, Stage, person, versions};
use crate::year::channel::Channel;
use crate::year::dates::Month;
use crate::year::facts::{Fact, What};
use crate::year::instructions::{Instruction, ResumeCause};
use crate::year::policy::Recipient;
use crate::year::standing::{Held, Standing, assess};
use crate::year::wrongful::{Why, wrongful};

const PROOF: Date = date!(2026 - 03 - 10);
const APPEAL: Uuid = Uuid::from_u128(70);

/// Shenzhen: due on 2027-03-10, grace to 05-09, unpaid from 05-10; lists close on the 10th.
fn suspended() -> Stage {
    let mut stage = Stage::new(versions("深圳市"), person(date!(1945 - 09 - 15), PROOF), PROOF);
    stage.live_until(date!(2027 - 05 - 20));
    assert_eq!(stage.standing(), Standing::Suspended);
    assert_eq!(stage.instructions(), [Instruction::Suspend { from: may() }]);
    stage
}

fn may() -> Month {
    Month::of(date!(2027 - 05 - 01))
}

#[test]
fn an_appeal_brings_payment_back_and_a_lost_one_stops_it_again() {
    let mut stage = suspended();
    stage.record(What::AppealOpened { appeal: APPEAL });
    stage.look();
    assert_eq!(stage.standing(), Standing::Overdue);
    let resume = Instruction::Resume { from: may().plus(1), back_pay: vec![], cause: ResumeCause::Appeal };
    assert_eq!(stage.instructions().last(), Some(&resume), "May waits for the decision");
    stage.live_until(date!(2027 - 07 - 01));
    stage.record(What::AppealDecided { appeal: APPEAL, upheld: false, clerk: CLERK_ID });
    stage.live_until(date!(2027 - 07 - 30));
    assert_eq!(stage.standing(), Standing::Overdue, "thirty days to certify");
    stage.live_until(date!(2027 - 07 - 31));
    assert_eq!(stage.standing(), Standing::Suspended);
    stage.certify(Channel::HomeVisit, OFFICE, CLERK);
    stage.look();
    let resume = Instruction::Resume { from: may().plus(3), back_pay: vec![may()], cause: ResumeCause::Confirmed };
    assert_eq!(stage.instructions().last(), Some(&resume), "June and July were paid");
    assert_eq!(wrongful(&stage.versions, &stage.person, &stage.kept.told, stage.today), []);
}

#[test]
fn an_appeal_that_is_upheld_pays_back_and_counts() {
    let mut stage = suspended();
    stage.record(What::AppealOpened { appeal: APPEAL });
    stage.live_until(date!(2027 - 06 - 15));
    stage.record(What::AppealDecided { appeal: APPEAL, upheld: true, clerk: CLERK_ID });
    stage.look();
    assert_eq!(stage.instructions().last(), Some(&Instruction::BackPay { months: vec![may()] }));
    let wrong = wrongful(&stage.versions, &stage.person, &stage.kept.told, stage.today);
    assert_eq!(wrong.len(), 1);
    assert_eq!((wrong[0].why, wrong[0].from, wrong[0].until), (Why::AppealUpheld, may(), Some(may().plus(1))));
}

#[test]
fn a_review_keeps_a_suspension_from_beginning_and_lifts_none() {
    let review = Uuid::from_u128(71);
    let mut stage = suspended();
    stage.record(What::ReviewOpened { review });
    stage.live_until(date!(2027 - 06 - 20));
    assert_eq!((stage.standing(), stage.kept.told.len()), (Standing::Suspended, 1));

    let mut stage = Stage::new(versions("深圳市"), person(date!(1945 - 09 - 15), PROOF), PROOF);
    stage.live_until(date!(2027 - 05 - 08));
    stage.record(What::ReviewOpened { review });
    let before = stage.sent.len();
    stage.live_until(date!(2027 - 08 - 01));
    let now = assess(&stage.versions, &stage.person, stage.today, stage.today).expect("a policy");
    assert_eq!((now.standing, now.held, now.suspends_on), (Standing::Overdue, Some(Held::Review), None));
    assert_eq!(stage.sent.len(), before, "nobody is pressed meanwhile");
    stage.record(What::ReviewClosed { review });
    stage.live_until(date!(2027 - 08 - 31));
    assert_eq!((stage.standing(), stage.kept.told.len()), (Standing::Suspended, 1));
}

#[test]
fn one_review_after_another_gives_days_only_once() {
    let (first, second) = (Uuid::from_u128(71), Uuid::from_u128(72));
    let mut stage = Stage::new(versions("深圳市"), person(date!(1945 - 09 - 15), PROOF), PROOF);
    stage.live_until(date!(2027 - 05 - 08));
    stage.record(What::ReviewOpened { review: first });
    stage.live_until(date!(2027 - 06 - 01));
    stage.record(What::ReviewClosed { review: first });
    stage.live_until(date!(2027 - 06 - 28));
    assert_eq!(stage.standing(), Standing::Overdue, "30 days after the first");
    stage.record(What::ReviewOpened { review: second });
    stage.live_until(date!(2027 - 07 - 20));
    assert_eq!(stage.standing(), Standing::Overdue, "and while the second is open");
    stage.record(What::ReviewClosed { review: second });
    stage.live_until(date!(2027 - 08 - 10));
    assert_eq!((stage.standing(), stage.kept.told.len()), (Standing::Suspended, 1), "and no more after it");
}

#[test]
fn a_certification_found_void_gives_time_and_a_new_notice() {
    let mut stage = Stage::new(versions("深圳市"), person(date!(1945 - 09 - 15), PROOF), PROOF);
    stage.live_until(date!(2027 - 03 - 01));
    stage.certify(Channel::AppAssisted, STAFF, CLERK);
    let certification = match stage.person.facts[0].what {
        What::Certified { id, .. } => id,
        other => panic!("{other:?}"),
    };
    stage.live_until(date!(2027 - 10 - 01));
    assert_eq!(stage.standing(), Standing::Current);
    let before = stage.sent.len();
    stage.record(What::Revoked { certification, clerk: CLERK_ID });
    stage.live_until(date!(2027 - 10 - 30));
    assert_eq!((stage.standing(), stage.kept.told.len()), (Standing::Overdue, 0));
    let notices =
        stage.sent[before..].iter().filter(|(day, rung, ..)| rung == "notice" && *day >= date!(2027 - 10 - 17));
    assert_eq!(notices.count(), 1, "{:?}", &stage.sent[before..]);
    stage.live_until(date!(2027 - 10 - 31));
    assert_eq!(stage.standing(), Standing::Suspended);
}

#[test]
fn only_a_clerk_ends_a_life_and_may_take_it_back() {
    let mut stage = suspended();
    stage.live_until(date!(2027 - 07 - 05));
    let died = date!(2027 - 06 - 02);
    stage.person.facts.push(Fact { on: died, recorded: stage.today, what: What::Deceased { clerk: CLERK_ID } });
    stage.look();
    assert_eq!(stage.standing(), Standing::Deceased);
    let stop =
        Instruction::Stop { from: may().plus(2), died_on: died, owed: vec![may(), may().plus(1)], overpaid: vec![] };
    assert_eq!(stage.instructions().last(), Some(&stop), "owed up to the month of death");
    stage.look();
    assert_eq!(stage.kept.told.len(), 2, "told once");
    stage.live_until(date!(2027 - 09 - 01));
    stage.record(What::DeathWithdrawn { clerk: CLERK_ID });
    stage.certify(Channel::HomeVisit, OFFICE, CLERK);
    stage.look();
    let back_pay = vec![may().plus(2), may().plus(3)];
    let resume = Instruction::Resume { from: may().plus(4), back_pay, cause: ResumeCause::Confirmed };
    assert_eq!(stage.instructions().last(), Some(&resume));
    let wrong = wrongful(&stage.versions, &stage.person, &stage.kept.told, stage.today);
    assert_eq!(wrong.iter().map(|wrong| wrong.why).collect::<Vec<_>>(), [Why::NotDead]);
}

#[test]
fn an_appeal_that_was_entered_late_was_open_all_the_same() {
    let mut stage = suspended();
    let arrived = date!(2027 - 05 - 03);
    let what = What::AppealOpened { appeal: APPEAL };
    stage.person.facts.push(Fact { on: arrived, recorded: stage.today, what });
    stage.look();
    let resume = Instruction::Resume { from: may().plus(1), back_pay: vec![may()], cause: ResumeCause::Confirmed };
    assert_eq!(stage.instructions().last(), Some(&resume));
    let wrong = wrongful(&stage.versions, &stage.person, &stage.kept.told, stage.today);
    assert_eq!(wrong.iter().map(|wrong| wrong.why).collect::<Vec<_>>(), [Why::WasHeld]);
}

#[test]
fn no_step_is_lost_that_came_after_the_days_look() {
    let certified = |looks: bool| {
        let mut stage = Stage::new(versions("深圳市"), person(date!(1945 - 09 - 15), PROOF), PROOF);
        for day in [date!(2027 - 02 - 01), date!(2027 - 12 - 24), date!(2028 - 03 - 01)] {
            if looks {
                stage.live_until(day);
            }
            stage.today = day;
            // In the afternoon.
            stage.certify(Channel::AgencyByHand, STAFF, STAFF);
        }
        stage.live_until(date!(2028 - 03 - 02));
        stage.changes.iter().map(|change| (change.on, change.to)).collect::<Vec<_>>()
    };
    let steps = [
        (date!(2027 - 01 - 09), Standing::Due),
        (date!(2027 - 02 - 01), Standing::Current),
        (date!(2027 - 12 - 03), Standing::Due),
        (date!(2027 - 12 - 24), Standing::Current),
    ];
    assert_eq!(certified(true), steps);
    assert_eq!(certified(false), steps);
}

#[test]
fn a_comparison_that_is_taken_back_counts_for_nothing_and_what_was_withheld_is_paid() {
    let compared = date!(2026 - 06 - 15);
    let mut stage = Stage::new(versions("广州市"), person(date!(1945 - 09 - 15), PROOF), date!(2026 - 05 - 14));
    stage.record(What::Certified { id: Uuid::from_u128(50), channel: Channel::RegisterMatch });
    stage.live_until(compared);
    stage.record(What::NoMatch { run: RUN });
    stage.live_until(date!(2026 - 07 - 15));
    let july = Month::of(stage.today);
    assert_eq!(stage.standing(), Standing::Suspended);
    assert_eq!(stage.instructions(), [Instruction::Suspend { from: july }]);
    // Of another comparison, of the same day: nothing changes.
    let withdrawn = |run, recorded| {
        let what = What::NoMatchWithdrawn { run, clerk: CLERK_ID };
        Fact { on: compared, recorded, what }
    };
    stage.record_fact(withdrawn(Uuid::from_u128(51), stage.today));
    stage.look();
    assert_eq!(stage.standing(), Standing::Suspended);
    stage.record_fact(withdrawn(RUN, stage.today));
    stage.look();
    assert_eq!(stage.standing(), Standing::Overdue, "no comparison was made, which is no fault of theirs");
    let resume = Instruction::Resume { from: july.plus(1), back_pay: vec![july], cause: ResumeCause::Confirmed };
    assert_eq!(stage.instructions().last(), Some(&resume));
}

/// Notices of a suspension to come that were sent to the elder after the first `before` messages, with their days.
fn notices(stage: &Stage, before: usize) -> Vec<Date> {
    let to_elder = stage.sent[before..].iter().filter(|(_, rung, to, _)| rung == "notice" && *to == Recipient::Elder);
    to_elder.map(|(day, ..)| *day).collect()
}

#[test]
fn nobody_is_suspended_a_second_time_without_having_been_told_a_second_time() {
    for upheld in [false, true] {
        let mut stage = suspended();
        stage.record(What::AppealOpened { appeal: APPEAL });
        stage.live_until(date!(2027 - 07 - 01));
        stage.record(What::AppealDecided { appeal: APPEAL, upheld, clerk: CLERK_ID });
        let before = stage.sent.len();
        stage.live_until(date!(2027 - 08 - 20));
        let suspended = stage.kept.told.iter().rfind(|told| matches!(told.instruction, Instruction::Suspend { .. }));
        let again = suspended.expect("a second suspension").on;
        assert_eq!(again, date!(2027 - 07 - 31), "thirty days after the decision");
        assert_eq!(notices(&stage, before), [date!(2027 - 07 - 17)]);
        assert!(stage.sent[before..].iter().any(|(day, rung, ..)| rung == "stopped" && *day == again));
    }
}

#[test]
fn whoever_was_recorded_as_dead_and_lives_is_paid_and_asked_before_anything_stops() {
    let mut stage = Stage::new(versions("深圳市"), person(date!(1945 - 09 - 15), PROOF), PROOF);
    stage.live_until(date!(2026 - 06 - 20));
    let died = date!(2026 - 06 - 02);
    stage.record_fact(Fact { on: died, recorded: stage.today, what: What::Deceased { clerk: CLERK_ID } });
    stage.live_until(date!(2027 - 07 - 12));
    assert_eq!((stage.standing(), stage.sent.len()), (Standing::Deceased, 0));
    stage.record(What::DeathWithdrawn { clerk: CLERK_ID });
    stage.look();
    assert_eq!(stage.standing(), Standing::Overdue, "nobody asked them meanwhile");
    let july = Month::of(died).plus(1);
    let back_pay = july.until(Month::of(stage.today).plus(1)).collect();
    let resume = Instruction::Resume { from: july.plus(13), back_pay, cause: ResumeCause::Confirmed };
    assert_eq!(stage.instructions().last(), Some(&resume));
    stage.live_until(date!(2027 - 08 - 10));
    assert_eq!(stage.standing(), Standing::Overdue);
    stage.live_until(date!(2027 - 08 - 11));
    assert_eq!(stage.standing(), Standing::Suspended);
    assert_eq!(notices(&stage, 0), [date!(2027 - 07 - 28)]);
}

#[test]
fn a_death_that_is_taken_back_brings_nobody_the_payment_that_had_stopped_before() {
    let mut stage = suspended();
    stage.live_until(date!(2027 - 07 - 05));
    stage.record(What::Deceased { clerk: CLERK_ID });
    stage.look();
    stage.live_until(date!(2027 - 09 - 01));
    let before = stage.sent.len();
    stage.record(What::DeathWithdrawn { clerk: CLERK_ID });
    stage.live_until(date!(2027 - 10 - 20));
    assert_eq!((stage.standing(), notices(&stage, before)), (Standing::Suspended, vec![]));
    let told: Vec<_> = stage.sent[before..].iter().map(|(_, rung, ..)| rung.as_str()).collect();
    assert!(told.contains(&"stopped"), "that it has stopped they are told: {told:?}");
    assert!(!stage.instructions().iter().any(|told| matches!(told, Instruction::Resume { .. })));
}

#[test]
fn whoever_is_missed_again_after_a_comparison_was_taken_back_is_told_again() {
    let mut stage = Stage::new(versions("广州市"), person(date!(1945 - 09 - 15), PROOF), date!(2026 - 05 - 14));
    stage.record(What::Certified { id: Uuid::from_u128(50), channel: Channel::RegisterMatch });
    let compared = date!(2026 - 06 - 15);
    stage.live_until(compared);
    stage.record(What::NoMatch { run: RUN });
    stage.live_until(date!(2026 - 06 - 25));
    assert_eq!(notices(&stage, 0), [date!(2026 - 06 - 17)]);
    let what = What::NoMatchWithdrawn { run: RUN, clerk: CLERK_ID };
    stage.record_fact(Fact { on: compared, recorded: stage.today, what });
    stage.live_until(date!(2026 - 07 - 15));
    assert_eq!(stage.kept.told, []);
    let before = stage.sent.len();
    stage.record(What::NoMatch { run: Uuid::from_u128(51) });
    stage.live_until(date!(2026 - 08 - 05));
    assert_eq!(notices(&stage, before), [date!(2026 - 07 - 18)]);
    assert_eq!((stage.standing(), stage.kept.told.len()), (Standing::Suspended, 1));
}
