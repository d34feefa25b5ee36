//! New versions of policies: whom they would move, and putting them in force.
//!
//! **In**: the texts of files. **Out**: a [`Preview`] over everybody who would live by the file; or its row in `policy`, and a
//! look at everybody on the next tick. **What can go wrong**: faults in a file, each told; a version that does not follow the
//! one before, or would reach back: then none of the files is applied. The same file again is known already.
//!
//! Everybody is read once for a preview, in batches; only counts are kept, and who would be moved is told one by one.

use std::collections::BTreeMap;

use sea_orm::{
    ActiveValue::Set, ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _,
};
use time::{Date, OffsetDateTime};

use super::people::{Life, lives};
use super::policies;
use super::record::look_at_latest;
use super::rows::of_party;
use crate::audit::{self, Action, Entry};
use crate::clock::to_millis;
use crate::db::year::{benefit, policy};
use crate::office::{Office, OfficeError};
use crate::year::dates::day_number;
use crate::year::names::Named as _;
use crate::year::policy::{Faults, Moved, Policy, PolicySet, load, preview};
use crate::year::record::Party;
use crate::year::standing::Standing;

/// People read at once.
const AT_ONCE: u64 = 500;

/// What a change would do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preview {
    /// The day for which it is shown: the first of the new version.
    pub on: Date,
    /// How many were looked at.
    pub looked_at: u64,
    /// How many would go from one standing to another.
    pub standings: BTreeMap<(Standing, Standing), u64>,
    /// How many would be moved at all.
    pub moved: u64,
    /// How many would be due sooner.
    pub due_sooner: u64,
    /// How many would be due later.
    pub due_later: u64,
    /// How many would be suspended sooner than now, or at all.
    pub suspended_sooner: u64,
}

/// What was applied.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Applied {
    /// Files that are in force from their day on.
    pub added: u64,
    /// Files that were there already.
    pub known: u64,
}

impl Office {
    /// Shows what a file would do, and tells everybody whom it would move. Nothing is applied.
    pub async fn preview(
        &self,
        file: &str,
        text: &str,
        now: OffsetDateTime,
        tell: &mut (dyn FnMut(&Moved) + Send),
    ) -> Result<Preview, OfficeError> {
        let new = load(file, text).map_err(|faults| refused(&faults))?;
        let rows = policies::rows(self.store.reads()).await?;
        let before = self.policies.current(self.store.reads()).await?;
        let files = rows.iter().map(|row| (row.file.as_str(), row.content.as_str()));
        let after = PolicySet::load(files.chain([(file, text)])).map_err(|Faults(faults)| refused(&faults))?;
        let mut found = Preview {
            on: new.valid_from,
            looked_at: 0,
            standings: BTreeMap::new(),
            moved: 0,
            due_sooner: 0,
            due_later: 0,
            suspended_sooner: 0,
        };
        let mut last = None;
        loop {
            let mut people = benefit::Entity::find().order_by_asc(benefit::Column::BeneficiaryId).limit(AT_ONCE);
            if let Some(last) = last {
                people = people.filter(benefit::Column::BeneficiaryId.gt(last));
            }
            let people = people.all(self.store.reads()).await?;
            let Some(end) = people.last().map(|row| row.beneficiary_id) else { return Ok(found) };
            last = Some(end);
            for life in lives(self.store.reads(), &self.keys, people, now.date()).await? {
                match life {
                    Ok(life) => found.add(&life, (&before, &after), &new, now.date(), tell)?,
                    Err((id, error)) => tracing::error!(beneficiary = %id, %error, "not looked at"),
                }
            }
        }
    }

    /// Puts files in force: all of them, or none.
    pub async fn apply(
        &self,
        files: &[(String, String)],
        by: Party,
        now: OffsetDateTime,
    ) -> Result<Applied, OfficeError> {
        let tx = self.store.begin_many("apply policies").await?;
        let known = policies::rows(&*tx).await?;
        let mut applied = Applied::default();
        let (mut new, mut entries) = (Vec::new(), Vec::new());
        for (file, text) in files {
            let read = load(file, text).map_err(|faults| refused(&faults))?;
            if known.iter().any(|row| row.content == *text) {
                applied.known += 1;
                continue;
            }
            if read.valid_from <= now.date() {
                let sentence = format!("{file}: it begins today or earlier: set `valid_from` to a later day");
                return Err(OfficeError::Refused(sentence));
            }
            let detail = format!("{},{}", read.place, read.version);
            let action = Action::PoliciesApplied;
            entries.push(Entry { action, actor: by.account(), subject: None, detail });
            new.push(row(file, text, &read, by, now));
            applied.added += 1;
        }
        let texts = known.iter().map(|row| (row.file.as_str(), row.content.as_str()));
        let added = files.iter().filter(|(_, text)| known.iter().all(|row| row.content != *text));
        let all = texts.chain(added.map(|(file, text)| (file.as_str(), text.as_str())));
        PolicySet::load(all).map_err(|Faults(faults)| refused(&faults))?;
        if new.is_empty() {
            return Ok(applied);
        }
        policy::Entity::insert_many(new).exec_without_returning(&*tx).await?;
        // Nobody knew of the new version when they were last looked at.
        let look = look_at_latest(day_number(now.date()));
        benefit::Entity::update_many().col_expr(benefit::Column::NextLook, look).exec(&*tx).await?;
        audit::append_all(&tx, to_millis(now), entries).await?;
        tx.commit().await?;
        Ok(applied)
    }
}

impl Preview {
    fn add(
        &mut self,
        life: &Life,
        (before, after): (&PolicySet, &PolicySet),
        new: &Policy,
        today: Date,
        tell: &mut (dyn FnMut(&Moved) + Send),
    ) -> Result<(), OfficeError> {
        let lives_by_it = after.versions(life.insured_place, life.scheme).iter().any(|policy| policy == new);
        if !lives_by_it {
            return Ok(());
        }
        let current = before.versions(life.insured_place, life.scheme);
        let one = [(life.benefit.beneficiary_id, &life.person)];
        let change = preview(current, new, today, one).map_err(|error| OfficeError::Refused(error.to_string()))?;
        change.moved.iter().for_each(tell);
        self.looked_at += 1;
        self.moved += change.moved.len() as u64;
        self.due_sooner += change.due_sooner as u64;
        self.due_later += change.due_later as u64;
        self.suspended_sooner += change.suspended_sooner as u64;
        for (step, count) in change.standings {
            *self.standings.entry(step).or_default() += count as u64;
        }
        Ok(())
    }
}

fn row(file: &str, text: &str, read: &Policy, by: Party, now: OffsetDateTime) -> policy::ActiveModel {
    policy::ActiveModel {
        place: Set(read.place.to_string()),
        schemes: Set(read.schemes.iter().map(|scheme| scheme.name()).collect::<Vec<_>>().join(",")),
        version: Set(i64::from(read.version)),
        file: Set(file.to_owned()),
        content: Set(text.to_owned()),
        applied_at: Set(to_millis(now)),
        applied_by: Set(of_party(by)),
    }
}

fn refused(faults: &[crate::year::policy::Fault]) -> OfficeError {
    OfficeError::Refused(faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
}
