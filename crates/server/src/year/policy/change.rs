//! Whom a change of policy would move, before it is applied.
//!
//! **In**: the versions in force, a new one, today, people. **Out**: a [`Change`]: each person whose standing or dates
//! would differ on the first day of the new version, and counts for the desk. **What can go wrong**: the new version does
//! not follow the old ones, or would reach back.

use std::collections::BTreeMap;

use jianzai_wire::Division;
use time::Date;
use uuid::Uuid;

use super::{Place, Policy};
use crate::year::facts::Person;
use crate::year::standing::{Standing, assess};

/// Why a change cannot be applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ChangeRefused {
    /// Days that are over, and today, were lived by the old version.
    #[error("the new version begins today or earlier: set `valid_from` to a later day")]
    ReachesBack,
    /// It is not the next version of the same place and benefits.
    #[error(
        "the new version does not follow the old: same place and benefits, a higher `version`, a later `valid_from`"
    )]
    DoesNotFollow,
}

/// Before and after, of one person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moved {
    /// Who.
    pub who: Uuid,
    /// Standing before and after.
    pub standing: (Standing, Standing),
    /// Due date before and after.
    pub due_by: (Date, Date),
    /// First day of suspension before and after.
    pub suspends_on: (Option<Date>, Option<Date>),
}

/// What a change would do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The day for which it is shown: the first of the new version.
    pub on: Date,
    /// How many were looked at.
    pub looked_at: usize,
    /// How many would go from one standing to another.
    pub standings: BTreeMap<(Standing, Standing), usize>,
    /// How many would be due sooner.
    pub due_sooner: usize,
    /// How many would be due later.
    pub due_later: usize,
    /// How many would be suspended sooner than now, or at all.
    pub suspended_sooner: usize,
    /// Everybody who would be moved.
    pub moved: Vec<Moved>,
}

/// Shows what `new` would do to `people`, who live by `current`. Nothing is applied.
pub fn preview<'a>(
    current: &[Policy],
    new: &Policy,
    today: Date,
    people: impl IntoIterator<Item = (Uuid, &'a Person)>,
) -> Result<Change, ChangeRefused> {
    if new.valid_from <= today {
        return Err(ChangeRefused::ReachesBack);
    }
    let last = current.last().ok_or(ChangeRefused::DoesNotFollow)?;
    if !follows(last, new) {
        return Err(ChangeRefused::DoesNotFollow);
    }
    let changed: Vec<_> = current.iter().chain([new]).cloned().collect();
    let mut change = Change {
        on: new.valid_from,
        looked_at: 0,
        standings: BTreeMap::new(),
        due_sooner: 0,
        due_later: 0,
        suspended_sooner: 0,
        moved: Vec::new(),
    };
    for (who, person) in people {
        change.looked_at += 1;
        let before = assess(current, person, change.on, today);
        let after = assess(&changed, person, change.on, today);
        if let (Some(before), Some(after)) = (before, after) {
            change.add(Moved {
                who,
                standing: (before.standing, after.standing),
                due_by: (before.window.due_by, after.window.due_by),
                suspends_on: (before.suspends_on, after.suspends_on),
            });
        }
    }
    Ok(change)
}

/// Whether `new` is the next version of the same place, or the first of a place that lived by `last` so far.
fn follows(last: &Policy, new: &Policy) -> bool {
    let next = if last.place == new.place {
        last.version < new.version && last.schemes.iter().all(|scheme| new.schemes.contains(scheme))
    } else {
        lies_in(new.place, last.place)
    };
    next && last.valid_from < new.valid_from
}

fn lies_in(place: Place, above: Place) -> bool {
    match (place, above) {
        (_, Place::Nationwide) => true,
        (Place::Nationwide, Place::Division(_)) => false,
        (Place::Division(code), Place::Division(_)) => {
            let parent =
                Division::from_code(code).and_then(Division::parent).map(|parent| Place::Division(parent.code()));
            parent.is_some_and(|parent| parent == above || lies_in(parent, above))
        }
    }
}

impl Change {
    fn add(&mut self, moved: Moved) {
        let (standing, due_by, suspends_on) = (moved.standing, moved.due_by, moved.suspends_on);
        if standing.0 == standing.1 && due_by.0 == due_by.1 && suspends_on.0 == suspends_on.1 {
            return;
        }
        if standing.0 != standing.1 {
            *self.standings.entry(standing).or_default() += 1;
        }
        self.due_sooner += usize::from(due_by.1 < due_by.0);
        self.due_later += usize::from(due_by.1 > due_by.0);
        let sooner = suspends_on.1.is_some_and(|after| suspends_on.0.is_none_or(|before| after < before));
        self.suspended_sooner += usize::from(sooner);
        self.moved.push(moved);
    }
}
