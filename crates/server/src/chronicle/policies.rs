//! The policies in force, from their table, and the rules that somebody lives by.
//!
//! **In**: the rows of `policy`, each the text of a file. **Out**: the [`PolicySet`]; the [`Rules`] of a person. **What can go wrong**: a row has faults
//! (a hand changed it, or an older release reads a newer one's): then none of it is used, and each fault is told.

use std::sync::{Arc, RwLock};

use sea_orm::{ConnectionTrait, DbErr, EntityTrait as _, PaginatorTrait as _, QueryOrder as _};
use time::Date;
use uuid::Uuid;

use super::people::{self, Belonging};
use super::rows::Unreadable;
use crate::db::year::policy::{Column, Entity, Model};
use crate::keys::KeyRing;
use crate::year::policy::{Faults, Policy, PolicySet};
use crate::year::window::{cycle, spread_seed};

/// Why the policies can't be used.
#[derive(Debug, thiserror::Error)]
pub enum PoliciesError {
    /// The database failed.
    #[error("the database failed: {0}")]
    Database(#[from] DbErr),
    /// There are faults in what is kept.
    #[error("the policies that are kept have faults:\n{0}")]
    Faults(#[from] Faults),
}

/// The policies as they were last read, kept for as long as no version is added.
#[derive(Debug, Default)]
pub(crate) struct Policies(RwLock<Option<(u64, Arc<PolicySet>)>>);

impl Policies {
    /// The policies of now.
    pub(crate) async fn current(&self, db: &impl ConnectionTrait) -> Result<Arc<PolicySet>, PoliciesError> {
        let versions = count(db).await?;
        self.of_so_many(db, versions).await
    }

    /// The policies, of which there are so many versions now: none is ever taken away.
    async fn of_so_many(&self, db: &impl ConnectionTrait, versions: u64) -> Result<Arc<PolicySet>, PoliciesError> {
        if let Some((read, set)) = &*self.0.read().unwrap_or_else(std::sync::PoisonError::into_inner)
            && *read == versions
        {
            return Ok(set.clone());
        }
        let set = Arc::new(load(db).await?);
        *self.0.write().unwrap_or_else(std::sync::PoisonError::into_inner) = Some((versions, set.clone()));
        Ok(set)
    }
}

/// How many versions there are; none is ever taken away.
pub(crate) async fn count(db: &impl ConnectionTrait) -> Result<u64, DbErr> {
    Entity::find().count(db).await
}

/// Reads all of them.
pub(crate) async fn load(db: &impl ConnectionTrait) -> Result<PolicySet, PoliciesError> {
    let rows = rows(db).await?;
    Ok(PolicySet::load(rows.iter().map(|row| (row.file.as_str(), row.content.as_str())))?)
}

/// The rows, in the order of places and versions.
pub(crate) async fn rows(db: &impl ConnectionTrait) -> Result<Vec<Model>, DbErr> {
    Entity::find().order_by_asc(Column::Place).order_by_asc(Column::Schemes).order_by_asc(Column::Version).all(db).await
}

/// What holds for one person.
#[derive(Debug, Clone)]
pub(crate) struct Rules {
    /// The oldest of the versions that they live by.
    first: Policy,
    /// All of them, oldest first.
    versions: Vec<Policy>,
    /// The first day of their month of birth.
    born: Date,
    spread: u64,
}

impl Rules {
    /// The rules of a person. `None`: nowhere is there a policy for what they draw.
    pub(crate) async fn of(
        policies: &Policies,
        db: &impl ConnectionTrait,
        keys: &KeyRing,
        beneficiary: Uuid,
    ) -> Result<Option<Self>, RulesError> {
        let found = people::belonging(db, keys, beneficiary).await?;
        let Some(Belonging { insured_place, scheme, born, versions }) = found.transpose()? else { return Ok(None) };
        let versions = policies.of_so_many(db, versions).await?.versions(insured_place, scheme).to_vec();
        let first = versions.first().cloned();
        Ok(first.map(|first| Self { first, versions, born, spread: spread_seed(beneficiary) }))
    }

    /// The version of a day; before the first, the first.
    pub(crate) fn on(&self, day: Date) -> &Policy {
        PolicySet::in_force(&self.versions, day).unwrap_or(&self.first)
    }

    /// The last day of the window that follows a proof of `day`: until then whoever proved it need not do so again.
    pub(crate) fn valid_until(&self, day: Date) -> Date {
        cycle(self.on(day), self.born, self.spread, day, None).window.closes
    }
}

/// Why the rules of a person can't be told.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RulesError {
    #[error(transparent)]
    Policies(#[from] PoliciesError),
    #[error(transparent)]
    Database(#[from] DbErr),
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
}
