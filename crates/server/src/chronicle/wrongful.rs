//! How many suspensions should not have been: the figure by which the year is measured.
//!
//! **In**: everybody about whom the payer was ever told to pay nothing. **Out**: how many such instructions there were, and
//! how many were wrong by what is known today, by reason ([`crate::year::wrongful`]). **What can go wrong**: rows of somebody
//! can't be read: counted apart. People are read in batches.

use std::collections::BTreeMap;

use sea_orm::{
    ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _, QueryTrait as _,
};
use time::OffsetDateTime;

use super::people::lives;
use crate::db::year::{benefit, instruction};
use crate::office::{Office, OfficeError};
use crate::year::instructions::Instruction;
use crate::year::wrongful::{Why, wrongful};

/// People read at once.
const AT_ONCE: u64 = 500;

/// What was counted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counted {
    /// Instructions to pay nothing.
    pub suspensions: u64,
    /// Those among them that were wrong, by reason.
    pub wrong: BTreeMap<Why, u64>,
    /// People whose rows can't be read.
    pub unreadable: u64,
}

impl Office {
    /// Counts suspensions, and those that were wrong with what is known now.
    pub async fn wrongful(&self, now: OffsetDateTime) -> Result<Counted, OfficeError> {
        let (db, today) = (self.store.reads(), now.date());
        let policies = self.policies.current(db).await?;
        let stopped = instruction::Entity::find()
            .select_only()
            .column(instruction::Column::BeneficiaryId)
            .filter(instruction::Column::Kind.is_in(["suspend", "stop"]))
            .into_query();
        let mut counted = Counted::default();
        let mut last = None;
        loop {
            let mut rows = benefit::Entity::find()
                .filter(benefit::Column::BeneficiaryId.in_subquery(stopped.clone()))
                .order_by_asc(benefit::Column::BeneficiaryId)
                .limit(AT_ONCE);
            if let Some(last) = last {
                rows = rows.filter(benefit::Column::BeneficiaryId.gt(last));
            }
            let rows = rows.all(db).await?;
            let Some(end) = rows.last().map(|row| row.beneficiary_id) else { return Ok(counted) };
            last = Some(end);
            for life in lives(db, &self.keys, rows, today).await? {
                let Ok(life) = life else {
                    counted.unreadable += 1;
                    continue;
                };
                let told = &life.kept.told;
                let stops = |instruction: &Instruction| {
                    matches!(instruction, Instruction::Suspend { .. } | Instruction::Stop { .. })
                };
                counted.suspensions += told.iter().filter(|told| stops(&told.instruction)).count() as u64;
                let versions = policies.versions(life.insured_place, life.scheme);
                for wrong in wrongful(versions, &life.person, told, today) {
                    *counted.wrong.entry(wrong.why).or_default() += 1;
                }
            }
        }
    }
}
