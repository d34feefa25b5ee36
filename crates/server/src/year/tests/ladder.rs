//! Reminders: never twice, never at night, the last one after a gap, the legal ones always.

use std::collections::BTreeSet;

use time::Date;
use time::macros::date;
use uuid::Uuid;

use super::stage::{Stage, at, person, versions};
use crate::year::channel::Channel;
use crate::year::dates::{Month, days_after};
use crate::year::facts::{Fact, What};
use crate::year::instructions::Instruction;
use crate::year::policy::{Medium, Recipient};
use crate::year::standing::Standing;
use crate::year::tick::look;

use Recipient::{Community, Elder, Family};

const PROOF: Date = date!(2026 - 03 - 10);

/// Shenzhen: due on 2027-03-10, unpaid from 05-10.
fn stage() -> Stage {
    Stage::new(versions("深圳市"), person(date!(1945 - 09 - 15), PROOF), PROOF)
}

#[test]
fn the_whole_ladder_in_its_order_each_once() {
    let mut stage = stage();
    stage.live_until(date!(2028 - 03 - 01));
    let all: Vec<_> = stage.sent.iter().map(|(day, rung, to, _)| (*day, rung.as_str(), *to)).collect();
    assert_eq!(
        all,
        [
            (date!(2027 - 01 - 09), "opened", Elder),
            (date!(2027 - 02 - 24), "soon", Elder),
            (date!(2027 - 02 - 24), "soon", Family),
            (date!(2027 - 03 - 13), "family", Family),
            (date!(2027 - 03 - 31), "visit", Community),
            (date!(2027 - 04 - 26), "notice", Elder),
            (date!(2027 - 05 - 10), "stopped", Elder),
            (date!(2027 - 05 - 10), "stopped", Family),
        ]
    );
}

#[test]
fn after_a_gap_the_last_one_is_sent_and_every_legal_one() {
    let mut stage = stage();
    stage.today = date!(2027 - 05 - 01);
    stage.look();
    assert_eq!(stage.rungs(), [("notice", Elder), ("soon", Elder), ("family", Family), ("visit", Community)]);
    stage.look();
    assert_eq!(stage.sent.len(), 4);
}

#[test]
fn who_has_answered_is_not_reminded_while_somebody_looks() {
    let mut stage = stage();
    stage.live_until(date!(2027 - 02 - 20));
    let review = Uuid::from_u128(71);
    stage.record(What::ReviewOpened { review });
    stage.live_until(date!(2027 - 03 - 01));
    assert_eq!(stage.rungs(), [("opened", Elder)]);
    stage.record(What::ReviewClosed { review });
    stage.look();
    assert_eq!(stage.rungs(), [("opened", Elder), ("soon", Elder), ("soon", Family)]);
}

#[test]
fn the_payer_is_told_only_after_the_elder() {
    // No look from the last proof to long after the suspension began.
    let mut stage = stage();
    stage.today = date!(2027 - 08 - 03);
    let first = stage.look();
    assert_eq!((first.assessment.standing, first.instruction), (Standing::Suspended, None));
    assert_eq!(first.next_look, Some(date!(2027 - 08 - 04)));
    assert!(stage.rungs().contains(&("notice", Elder)));
    assert_eq!(stage.look().instruction, None, "the same day is no notice");
    assert!(!stage.rungs().contains(&("stopped", Elder)), "it has not stopped");
    stage.live_until(date!(2027 - 08 - 04));
    assert_eq!(stage.instructions(), [Instruction::Suspend { from: Month::of(stage.today) }]);
    assert!(stage.rungs().contains(&("stopped", Elder)));
}

#[test]
fn whoever_is_paid_again_is_told_the_same_day_of_what_comes() {
    let mut stage = stage();
    stage.live_until(date!(2028 - 04 - 24));
    assert_eq!(stage.standing(), Standing::Suspended);
    // A proof that arrives late, a week before it runs out in its turn.
    let what = What::Certified { id: Uuid::from_u128(72), channel: Channel::PaperByMail };
    stage.record_fact(Fact { on: date!(2027 - 03 - 01), recorded: date!(2028 - 04 - 25), what });
    stage.sent.clear();
    stage.live_until(date!(2028 - 04 - 25));
    assert!(matches!(stage.instructions().last(), Some(Instruction::Resume { .. })));
    assert!(stage.rungs().contains(&("notice", Elder)), "{:?}", stage.rungs());
    stage.live_until(date!(2028 - 05 - 01));
    assert!(matches!(stage.instructions().last(), Some(Instruction::Suspend { .. })));
}

#[test]
fn who_opted_out_gets_the_legal_ones() {
    let mut stage = stage();
    stage.contact.opted_out = BTreeSet::from([Elder, Family, Community]);
    stage.live_until(date!(2027 - 06 - 01));
    assert_eq!(stage.rungs(), [("notice", Elder), ("stopped", Elder), ("stopped", Family)]);
}

#[test]
fn whom_no_way_reaches_goes_to_a_clerk() {
    let mut stage = stage();
    stage.contact.reach.clear();
    stage.contact.reach.insert(Elder, BTreeSet::from([Medium::Letter]));
    stage.live_until(date!(2027 - 06 - 01));
    let all: Vec<_> = stage.sent.iter().map(|(_, rung, to, by)| (rung.as_str(), *to, *by)).collect();
    assert_eq!(
        all,
        [
            ("opened", Elder, None),
            ("soon", Elder, None),
            ("visit", Community, Some(Medium::Task)),
            ("notice", Elder, Some(Medium::Letter)),
            ("stopped", Elder, Some(Medium::Letter)),
        ]
    );
}

#[test]
fn nothing_is_sent_at_night_and_the_morning_is_looked_at() {
    let stage = stage();
    let day = date!(2027 - 01 - 09);
    let at_hour =
        |hour| look(&stage.versions, &stage.person, &stage.contact, &stage.kept, at(day, hour)).expect("a policy");
    for hour in [0, 7, 21, 23] {
        assert_eq!((at_hour(hour).reminders.len(), at_hour(hour).next_look), (0, Some(day)));
    }
    for hour in [8, 20] {
        assert_eq!(at_hour(hour).reminders.len(), 1);
        assert_eq!(at_hour(hour).next_look, Some(days_after(date!(2027 - 03 - 10), -14)));
    }
}
