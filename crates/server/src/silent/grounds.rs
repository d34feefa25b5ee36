//! Grounds as they are kept: codes, days and points, from which the words follow in any language.
//!
//! **What can go wrong**: a row was changed by hand, or by a later release: [`read`] gives nothing.

use super::evaluate::{Ground, Trace};
use crate::year::dates::{day_number, numbered_day};

/// All grounds of a finding.
pub(super) fn write(grounds: &[Ground]) -> String {
    grounds.iter().map(one).collect::<Vec<_>>().join(";")
}

/// The grounds of a row.
pub(super) fn read(text: &str) -> Option<Vec<Ground>> {
    text.split(';').map(|part| ground(&part.split(':').collect::<Vec<_>>())).collect()
}

fn one(ground: &Ground) -> String {
    let trace = |name: &str, trace: &Trace| format!("{name}:{}:{}", trace.kind, day_number(trace.day));
    match ground {
        Ground::Strong(strong) => trace("strong", strong),
        Ground::Together { since, points, needed } => format!("together:{}:{points}:{needed}", day_number(*since)),
        Ground::TooLittle { points, needed } => format!("too_little:{points}:{needed}"),
        Ground::Death(death) => trace("death", death),
        Ground::StatedAlive(day) => format!("stated_alive:{}", day_number(*day)),
        Ground::StatedDead(day) => format!("stated_dead:{}", day_number(*day)),
        Ground::StatedOtherwise(day) => format!("stated_otherwise:{}", day_number(*day)),
        Ground::NotInRegister(day) => format!("not_in_register:{}", day_number(*day)),
        Ground::AfterDeath(after) => trace("after_death", after),
    }
}

fn ground(parts: &[&str]) -> Option<Ground> {
    let day = |text: &str| Some(numbered_day(text.parse().ok()?));
    let trace = |kind: &str, on: &str| Some(Trace { day: day(on)?, kind: kind.to_owned() });
    Some(match parts {
        ["strong", kind, on] => Ground::Strong(trace(kind, on)?),
        ["together", since, points, needed] => {
            Ground::Together { since: day(since)?, points: points.parse().ok()?, needed: needed.parse().ok()? }
        }
        ["too_little", points, needed] => {
            Ground::TooLittle { points: points.parse().ok()?, needed: needed.parse().ok()? }
        }
        ["death", kind, on] => Ground::Death(trace(kind, on)?),
        ["stated_alive", on] => Ground::StatedAlive(day(on)?),
        ["stated_dead", on] => Ground::StatedDead(day(on)?),
        ["stated_otherwise", on] => Ground::StatedOtherwise(day(on)?),
        ["not_in_register", on] => Ground::NotInRegister(day(on)?),
        ["after_death", kind, on] => Ground::AfterDeath(trace(kind, on)?),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use time::macros::date;

    use super::*;

    #[test]
    fn every_ground_is_read_as_it_was_written() {
        let (day, trace) =
            (date!(2026 - 11 - 21), |kind: &str| Trace { day: date!(1969 - 12 - 30), kind: kind.into() });
        let all = vec![
            Ground::Strong(trace("hospital_stay")),
            Ground::Together { since: day, points: 6, needed: 5 },
            Ground::TooLittle { points: 0, needed: 6 },
            Ground::Death(trace("death")),
            Ground::StatedAlive(day),
            Ground::StatedDead(day),
            Ground::StatedOtherwise(day),
            Ground::NotInRegister(day),
            Ground::AfterDeath(trace("home_care")),
        ];
        assert_eq!(read(&write(&all)), Some(all));
        for wrong in ["", "strong", "strong:a", "strong:a:b", "death:1", "other:1", "too_little:-1:2"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
