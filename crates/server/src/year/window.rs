//! The cycle after the last trusted proof: when its window opens, when the person is due, when it closes, and from when
//! payment stops if nothing comes and nothing holds.
//!
//! **In**: a policy, month of birth, the day the cycle began, the first comparison since then that found nobody. **Out**: a
//! [`Cycle`]. Pure; every policy that loads gives `opens <= due_by <= closes`.
//!
//! Spreading brings a person's own due date forward inside the window, never the end of the window: it spares the service a
//! rush and costs nobody anything.

use sha2::{Digest as _, Sha256};
use time::Date;
use uuid::Uuid;

use super::dates::{Month, days_after, months_after};
use super::policy::{Missing, Policy, Silence, WindowRule};

/// Days of a window, each included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// The first; a proof from here on is for this window.
    pub opens: Date,
    /// The person's own due date.
    pub due_by: Date,
    /// The last.
    pub closes: Date,
}

/// From one trusted proof to the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cycle {
    /// When somebody certifies.
    pub window: Window,
    /// First day without payment, if nothing comes and nothing holds. `None`: silence alone never suspends.
    pub suspends: Option<Date>,
}

/// Where somebody lies in every spread: even over people, the same for one person all years.
pub fn spread_seed(beneficiary: Uuid) -> u64 {
    let digest = Sha256::digest(beneficiary.as_bytes());
    digest.iter().take(8).fold(0, |seed, byte| (seed << 8) | u64::from(*byte))
}

/// The cycle that began on `since`. `no_match` is the first comparison after it that did not find the person.
pub fn cycle(policy: &Policy, born: Date, spread: u64, since: Date, no_match: Option<Date>) -> Cycle {
    let window = regular(policy, born, spread, since);
    let silent = |closes| match policy.silence {
        Silence::Suspends => Some(days_after(closes, i64::from(policy.grace.days) + 1)),
        Silence::Waits => None,
    };
    let plain = Cycle { window, suspends: silent(window.closes) };
    match (policy.matching.missing, no_match) {
        (Missing::Nothing, _) | (_, None) => plain,
        (Missing::Asks, Some(day)) => {
            let window = brought_forward(window, day, days_after(day, i64::from(policy.matching.answer_days)));
            Cycle { window, suspends: silent(window.closes) }
        }
        (Missing::Suspends, Some(day)) => {
            let next_month = Month::of(day).plus(1).first();
            let stops = next_month.max(days_after(day, i64::from(policy.grace.days) + 1));
            let window = brought_forward(window, day, Month::of(day).last());
            let suspends = plain.suspends.map_or(stops, |silent| silent.min(stops));
            Cycle { window, suspends: Some(suspends) }
        }
    }
}

/// The window as it is without comparisons.
fn regular(policy: &Policy, born: Date, spread: u64, since: Date) -> Window {
    let (opens, closes) = match policy.window {
        WindowRule::Rolling { opens_days } => {
            let closes = months_after(since, policy.interval);
            (days_after(closes, -i64::from(opens_days)), closes)
        }
        WindowRule::Calendar { first_month, months, early_days } => {
            let opens = next_opening(policy.interval, i32::from(first_month), early_days, since);
            (opens.first(), opens.plus(i32::from(months) - 1).last())
        }
        WindowRule::BirthMonth { before, after, early_days } => {
            let first = i32::from(u8::from(born.month())) - i32::from(before);
            let opens = next_opening(policy.interval, first, early_days, since);
            (opens.first(), opens.plus(i32::from(before) + i32::from(after)).last())
        }
    };
    let days = spread % (u64::from(policy.spread_days) + 1);
    let due_by = days_after(closes, -i64::try_from(days).unwrap_or(0));
    Window { opens, due_by: due_by.max(opens), closes }
}

/// The first opening that a proof of `since` does not count for. Openings lie `interval` months apart, one of them in
/// `first_month`. A proof after the closing still counts for its window: it is late, not void.
fn next_opening(interval: u8, first_month: i32, early_days: u16, since: Date) -> Month {
    let interval = i32::from(interval);
    let month = Month::of(since);
    let behind = (i32::from(month.number()) - first_month).rem_euclid(interval);
    let mut opens = month.plus(-behind);
    while days_after(opens.first(), -i64::from(early_days)) <= since && opens.first() < Date::MAX {
        opens = opens.plus(interval);
    }
    opens
}

fn brought_forward(window: Window, opens: Date, closes: Date) -> Window {
    let closes = window.closes.min(closes);
    Window { opens: window.opens.min(opens), due_by: window.due_by.min(closes), closes }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use time::macros::date;

    use super::*;
    use crate::year::policy::{SHIPPED, load};

    fn shipped(file: &str) -> Policy {
        let (name, text) = SHIPPED.iter().find(|(name, _)| *name == file).expect("a shipped file");
        load(name, text).expect("a policy")
    }

    #[test]
    fn due_dates_are_spread_evenly_and_cost_nobody_a_day() {
        let (policy, since) = (shipped("shenzhen.toml"), date!(2026 - 03 - 10));
        let mut days: BTreeMap<Date, u32> = BTreeMap::new();
        let people = 29_000_u128;
        for id in 0..people {
            let cycle = cycle(&policy, date!(1945 - 09 - 15), spread_seed(Uuid::from_u128(id)), since, None);
            assert_eq!((cycle.window.closes, cycle.suspends), (date!(2027 - 03 - 10), Some(date!(2027 - 05 - 10))));
            *days.entry(cycle.window.due_by).or_default() += 1;
        }
        assert_eq!((days.len(), days.keys().next()), (29, Some(&date!(2027 - 02 - 10))));
        // A thousand a day; five standard deviations of a fair draw.
        assert!(days.values().all(|count| (840..1_160).contains(count)), "{days:?}");
    }

    #[test]
    fn openings_lie_an_interval_apart_around_the_year() {
        let openings = |policy: &Policy, mut since: Date| -> Vec<String> {
            let born = date!(1945 - 01 - 31);
            let mut next = || {
                since = cycle(policy, born, 0, since, None).window.opens;
                Month::of(since).to_string()
            };
            [next(), next(), next()].into()
        };
        let since = date!(2026 - 12 - 31);
        assert_eq!(openings(&shipped("kunming.toml"), since), ["2027-01", "2027-04", "2027-07"]);
        assert_eq!(openings(&shipped("guangzhou.toml"), since), ["2027-01", "2027-02", "2027-03"]);
        assert_eq!(openings(&shipped("xiangtan.toml"), since), ["2027-04", "2028-04", "2029-04"]);
        // Born in January, from a month before: December.
        assert_eq!(openings(&shipped("nanjing.toml"), since), ["2027-12", "2028-12", "2029-12"]);
        let half = Policy { interval: 6, ..shipped("nanjing.toml") };
        assert_eq!(openings(&half, since), ["2027-06", "2027-12", "2028-06"]);
    }

    #[test]
    fn a_comparison_without_success_asks_or_stops() {
        let (born, since) = (date!(1945 - 09 - 15), date!(2026 - 03 - 10));
        let at = |policy: &Policy, day| cycle(policy, born, 0, since, Some(day));
        let asks = at(&shipped("qingdao.toml"), date!(2026 - 06 - 01));
        let (opens, due_by) = (date!(2026 - 06 - 01), date!(2026 - 07 - 01));
        assert_eq!(asks.window, Window { opens, due_by, closes: due_by });
        assert_eq!(asks.suspends, Some(date!(2026 - 09 - 30)));
        // Near the end of the year the year's own end stays.
        let late = at(&shipped("qingdao.toml"), date!(2027 - 03 - 01));
        assert_eq!((late.window.closes, late.window.opens), (date!(2027 - 03 - 10), date!(2027 - 02 - 08)));
        let stops = at(&shipped("guangzhou.toml"), date!(2026 - 04 - 28));
        assert_eq!((stops.window.closes, stops.suspends), (date!(2026 - 04 - 30), Some(date!(2026 - 05 - 01))));
        let nothing = shipped("beijing.toml");
        assert_eq!(at(&nothing, date!(2026 - 04 - 28)), cycle(&nothing, born, 0, since, None));
    }
}
