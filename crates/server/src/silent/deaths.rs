//! Which report of death is that of somebody whom the data suspect to have died.
//!
//! **In**: who is suspected, by what, and on which day; what was decided on earlier reports. **Out**: the name of the report. One
//! that is there already is left as it is, so a death is reported once however often it is found. **What can go wrong**: the
//! database fails.
//!
//! There is one report for each day that a trace of death speaks of, and one in all where only a register states it, since each
//! month's states it anew. Another follows it
//! - where it was withdrawn: nobody has decided on the death;
//! - where a clerk decided at least [`WORD_DAYS`] ago that the person lives, or that they died, which was taken back since, and only
//!   a register speaks of the death: of somebody who has died since it would say the same.
//!
//! What follows a report is named by it. Reports by people have names of another kind, and so are never taken for one of these.

use std::collections::HashMap;

use sea_orm::{ConnectionTrait, DbErr, FromQueryResult, Statement};
use time::Date;
use uuid::Uuid;

use super::evaluate::{Finding, Ground};
use super::question::Range;
use crate::chronicle::rows::name;
use crate::year::dates::{china, day_number, days_after};
use crate::year::names::Named as _;
use crate::year::policy::ReviewKind as Kind;

/// A clerk's word that somebody lives stands for so many days against a register that goes on stating a death.
const WORD_DAYS: i64 = 180;
/// The decision on a report whose run was taken back.
pub(super) const WITHDRAWN: &str = "withdrawn";
/// The decision of a clerk who says that the person lives.
const LIVES: &str = "lives";
/// That they died. Whoever is recorded as dead still is not asked about: this was taken back.
const DIED: &str = "died";

/// Somebody who is suspected to have died.
#[derive(Debug)]
pub(super) struct Suspected {
    pub(super) beneficiary: Uuid,
    /// The report of it.
    pub(super) review: Uuid,
    /// The last day that a trace of death speaks of; none: only a register states it.
    traced: Option<i64>,
}

/// A report on which somebody has decided.
#[derive(Debug, FromQueryResult)]
pub(super) struct Decided {
    id: Uuid,
    decision: String,
    decided_at: i64,
}

/// Reports of death about people of a range that another may follow, by name.
pub(super) async fn decided(db: &impl ConnectionTrait, range: Range) -> Result<HashMap<Uuid, Decided>, DbErr> {
    let backend = db.get_database_backend();
    let sql = format!(
        "SELECT id, decision, decided_at FROM review WHERE {} AND kind = '{}' AND decided_at IS NOT NULL \
         AND decision IN ('{WITHDRAWN}', '{LIVES}', '{DIED}')",
        range.holds(backend, "beneficiary_id"),
        Kind::DeathReport.name()
    );
    let rows = Decided::find_by_statement(Statement::from_string(backend, sql)).all(db).await?;
    Ok(rows.into_iter().map(|row| (row.id, row)).collect())
}

impl Suspected {
    /// With the first report that there can be of it.
    pub(super) fn of(beneficiary: Uuid, finding: &Finding) -> Self {
        let traced = finding.grounds.iter().filter_map(|ground| match ground {
            Ground::Death(trace) => Some(day_number(trace.day)),
            _ => None,
        });
        let traced = traced.max();
        Self { beneficiary, review: review_id(beneficiary, traced, None), traced }
    }

    /// Goes on to the last report of the same death, as of a day. Each name is a digest over the one before: none comes twice.
    pub(super) fn follow(&mut self, decided: &HashMap<Uuid, Decided>, on: Date) {
        while let Some(before) = decided.get(&self.review).filter(|before| self.may_follow(before, on)) {
            self.review = review_id(self.beneficiary, self.traced, Some(before.id));
        }
    }

    fn may_follow(&self, before: &Decided, on: Date) -> bool {
        let is_old = || days_after(china(before.decided_at).date(), WORD_DAYS) <= on;
        before.decision == WITHDRAWN || (self.traced.is_none() && is_old())
    }
}

fn review_id(beneficiary: Uuid, traced: Option<i64>, follows: Option<Uuid>) -> Uuid {
    let day = traced.unwrap_or(i64::MIN).to_be_bytes();
    let mut parts = vec![Kind::DeathReport.name().as_bytes(), b"data", beneficiary.as_bytes(), &day];
    parts.extend(follows.as_ref().map(|before| before.as_bytes().as_slice()));
    name("review", &parts)
}

#[cfg(test)]
mod tests {
    use time::Duration;
    use time::macros::date;

    use super::*;
    use crate::clock::to_millis;
    use crate::silent::{Outcome, Trace};
    use crate::year::tests::stage::morning;

    const ON: Date = date!(2026 - 11 - 21);
    const WHO: Uuid = Uuid::from_u128(7);

    fn suspected(by: Ground) -> Suspected {
        let finding = Finding { outcome: Outcome::SuspectedDead, proof: None, grounds: vec![by], rules: 1 };
        Suspected::of(WHO, &finding)
    }

    /// The report after those that were decided so, so many days ago each.
    fn after(mut suspected: Suspected, decisions: &[(&str, i64)]) -> Uuid {
        let mut all = HashMap::new();
        for (decision, days) in decisions {
            suspected.follow(&all, ON);
            let (id, decided_at) = (suspected.review, to_millis(morning(ON - Duration::days(*days))));
            all.insert(id, Decided { id, decision: (*decision).to_owned(), decided_at });
        }
        suspected.follow(&all, ON);
        suspected.review
    }

    /// Databases hold reports under these names: another would be the same death once more.
    #[test]
    fn without_a_decision_the_name_follows_from_the_person_and_the_day_alone() {
        let named =
            |day: i64| name("review", &["death_report".as_bytes(), b"data", WHO.as_bytes(), &day.to_be_bytes()]);
        assert_eq!(after(suspected(Ground::StatedDead(ON)), &[]), named(i64::MIN));
        let trace = Trace { day: ON, kind: "death".to_owned() };
        assert_eq!(after(suspected(Ground::Death(trace)), &[]), named(day_number(ON)));
    }

    #[test]
    fn a_report_that_was_withdrawn_is_followed_and_a_clerk_s_word_after_half_a_year_by_a_register_only() {
        /// Decisions, and how many reports are passed over where a register states the death, and where a trace does.
        type Case = (&'static [(&'static str, i64)], usize, usize);
        let cases: [Case; 9] = [
            (&[("withdrawn", 0)], 1, 1),
            (&[("withdrawn", 0), ("withdrawn", 0)], 2, 2),
            (&[("lives", 179)], 0, 0),
            (&[("lives", 180)], 1, 0),
            (&[("died", 179)], 0, 0),
            (&[("died", 180)], 1, 0),
            (&[("withdrawn", 200), ("lives", 190)], 2, 1),
            (&[("withdrawn", 200), ("lives", 20)], 1, 1),
            (&[("lives", 400), ("lives", 20)], 1, 0),
        ];
        for (decisions, by_register, by_trace) in cases {
            let trace = Ground::Death(Trace { day: ON, kind: "death".to_owned() });
            for (by, passed) in [(Ground::StatedDead(ON), by_register), (trace, by_trace)] {
                let found = after(suspected(by.clone()), decisions);
                // Whatever was decided, the name is that after so many reports.
                let expected = after(suspected(by), &vec![("withdrawn", 0); passed]);
                assert_eq!(found, expected, "{decisions:?}");
            }
        }
    }
}
