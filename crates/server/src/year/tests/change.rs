//! A change shows whom it would move, and moves nobody without notice.

use time::Date;
use time::macros::date;
use uuid::Uuid;

use super::stage::{person, versions};
use crate::year::channel::Channel;
use crate::year::dates::days_after;
use crate::year::facts::{Fact, Person, What};
use crate::year::policy::{ChangeRefused, Policy, preview};
use crate::year::standing::{Standing, assess};

const TODAY: Date = date!(2026 - 12 - 01);
const BEGINS: Date = date!(2027 - 01 - 01);

/// Certified on the tenth of each month of 2026; and one who is suspended since autumn.
fn people() -> Vec<(Uuid, Person)> {
    let certified = |on| Fact::of_day(on, What::Certified { id: Uuid::from_u128(1), channel: Channel::AppSelf });
    let mut people: Vec<_> = (1..=10_u8)
        .map(|month| {
            let on = Date::from_calendar_date(2026, month.try_into().expect("a month"), 10).expect("a day");
            let facts = vec![certified(on)];
            (Uuid::from_u128(month.into()), Person { facts, ..person(date!(1945 - 09 - 15), date!(2015 - 01 - 01)) })
        })
        .collect();
    people.push((Uuid::from_u128(99), person(date!(1945 - 09 - 15), date!(2025 - 06 - 01))));
    people
}

fn twice_a_year(old: &Policy) -> Policy {
    Policy { version: 2, valid_from: BEGINS, interval: 6, ..old.clone() }
}

#[test]
fn a_shorter_interval_is_shown_before_it_is_applied() {
    let (old, people) = (versions("深圳市"), people());
    let new = twice_a_year(&old[0]);
    let change = preview(&old, &new, TODAY, people.iter().map(|(id, person)| (*id, person))).expect("a preview");
    assert_eq!((change.on, change.looked_at), (BEGINS, 11));
    assert_eq!((change.due_sooner, change.due_later), (11, 0));
    // A half-year after the proof: over for January to June, near for July and August, far for the others.
    let count = |from, to| change.standings.get(&(from, to)).copied().unwrap_or(0);
    assert_eq!(count(Standing::Current, Standing::Overdue), 4);
    assert_eq!(count(Standing::Current, Standing::Due), 2);
    assert_eq!(count(Standing::Due, Standing::Overdue), 2, "January and February were due already");
    assert!(
        change
            .moved
            .iter()
            .all(|moved| moved.standing.1 != Standing::Suspended || moved.standing.0 == moved.standing.1)
    );
    // Nobody before the notice of sixty days is over, and who was suspended stays so.
    assert_eq!(change.suspended_sooner, 10);
    for moved in &change.moved {
        let (before, after) = moved.suspends_on;
        assert!(after >= before.min(Some(days_after(BEGINS, 60))), "{moved:?}");
    }
    let late = &people[10].1;
    assert_eq!(assess(&[old[0].clone(), new], late, BEGINS, BEGINS).expect("a policy").standing, Standing::Suspended);
}

#[test]
fn what_changes_nothing_moves_nobody() {
    let (old, people) = (versions("深圳市"), people());
    let new = Policy { version: 2, valid_from: BEGINS, proof_age_days: 30, ..old[0].clone() };
    let change = preview(&old, &new, TODAY, people.iter().map(|(id, person)| (*id, person))).expect("a preview");
    assert_eq!((change.looked_at, change.moved.len()), (11, 0));
}

#[test]
fn a_change_neither_reaches_back_nor_skips_its_place() {
    let old = versions("深圳市");
    let refused = |new: &Policy, today| preview(&old, new, today, []).expect_err("refused");
    assert_eq!(refused(&twice_a_year(&old[0]), BEGINS), ChangeRefused::ReachesBack);
    // The first policy of a place that lived by the nationwide one may be shown, too.
    let (nation, kunming) = (versions("成都市"), twice_a_year(&versions("昆明市")[0]));
    assert_eq!(preview(&nation, &kunming, TODAY, []).map(|change| change.looked_at), Ok(0));
    assert_eq!(preview(&[kunming], &twice_a_year(&nation[0]), TODAY, []), Err(ChangeRefused::DoesNotFollow));
    let first = Policy { version: 1, ..twice_a_year(&old[0]) };
    assert_eq!(refused(&first, TODAY), ChangeRefused::DoesNotFollow);
    assert_eq!(refused(&twice_a_year(&versions("昆明市")[0]), TODAY), ChangeRefused::DoesNotFollow);
}
