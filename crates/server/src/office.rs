//! The tables and keys, open for one command of the program or one call of the desk: no networks, no evidence.
//!
//! **In**: the data folder (and the database's URL). **Out**: the year's work, step by step: [`Office::tick`],
//! [`Office::send`], the lists for the payer, batches of certifications, changes of policy. **What can go wrong**: each
//! error says what; every step may be cut short and repeated.
//!
//! Runs beside a service that is serving.

use std::sync::Arc;

use time::macros::time;
use time::{Date, OffsetDateTime, UtcOffset};

pub use crate::chronicle::decisions::Decision;
use crate::chronicle::policies::{Policies, PoliciesError, RulesError};
pub use crate::chronicle::policy_change::{Applied, Preview};
pub use crate::chronicle::reviews::ReviewError;
use crate::chronicle::tick::{self, Ticked};
pub use crate::chronicle::wrongful::Counted;
use crate::clock::{Clock, to_millis};
use crate::columns::{NotOpened, NotSealed};
use crate::config::Config;
use crate::db::Datastore;
use crate::installation;
use crate::keys::{Key, KeyRing, KeysError, Role};
use crate::messages::LinkAddress;
use crate::year::dates::china;

/// Open tables and keys.
#[derive(Debug)]
pub struct Office {
    pub(crate) store: Datastore,
    pub(crate) keys: Arc<KeyRing>,
    pub(crate) policies: Arc<Policies>,
    /// Where links in messages lead; without it messages have none.
    pub(crate) links: Option<LinkAddress>,
}

/// Why a step could not be done, or not to its end.
#[derive(Debug, thiserror::Error)]
pub enum OfficeError {
    /// The database failed.
    #[error("the database failed: {0}")]
    Database(#[from] sea_orm::DbErr),
    /// The keys can't be used.
    #[error(transparent)]
    Keys(#[from] KeysError),
    /// The policies can't be used.
    #[error(transparent)]
    Policies(#[from] PoliciesError),
    /// A file can't be read or written.
    #[error("{0}")]
    File(String),
    /// A value could not be sealed.
    #[error(transparent)]
    NotSealed(#[from] NotSealed),
    /// A value that was kept can't be opened.
    #[error(transparent)]
    NotOpened(#[from] NotOpened),
    /// What is kept about somebody can't be read.
    #[error("what is kept about somebody can't be read: {0}")]
    Unreadable(&'static str),
    /// The step can't be done as it was asked for.
    #[error("{0}")]
    Refused(String),
}

impl From<RulesError> for OfficeError {
    fn from(error: RulesError) -> Self {
        match error {
            RulesError::Policies(error) => error.into(),
            RulesError::Database(error) => error.into(),
            RulesError::Unreadable(error) => Self::Unreadable(error.0),
        }
    }
}

impl Office {
    /// Opens the data folder; brings the tables forward.
    pub async fn open(config: &Config, clock: &dyn Clock) -> Result<Self, OfficeError> {
        crate::durable::private_folder(&config.data)
            .map_err(|error| OfficeError::File(format!("{}: {error}", config.data.display())))?;
        let (store, keys) = installation::open::<OfficeError>(config, clock).await?;
        Ok(Self { store, keys: Arc::new(keys), policies: Arc::default(), links: None })
    }

    /// Puts links into messages.
    pub fn with_links(self, links: Option<LinkAddress>) -> Self {
        Self { links, ..self }
    }

    /// The daily look at everybody for whom something may have changed.
    pub async fn tick(&self, now: OffsetDateTime) -> Result<Ticked, OfficeError> {
        let policies = self.policies.current(self.store.reads()).await?;
        Ok(tick::tick(&self.store, &self.keys, &policies, now, &|| false).await?)
    }

    /// Makes one more key for a role, in use from the next start, and puts that down in the linked log; cut short between,
    /// whoever opens next puts it down.
    pub async fn add_key(&self, config: &Config, role: Role, now: OffsetDateTime) -> Result<Key, OfficeError> {
        let (at, today) = (to_millis(now), crate::today(to_millis(now)));
        let key = KeyRing::add(config, role, &today)?;
        installation::settle::<OfficeError>(config, &self.store, &KeyRing::of(config, &today)?, at).await?;
        Ok(key)
    }

    /// Closes the database.
    pub async fn close(self) -> Result<(), OfficeError> {
        Ok(self.store.close().await?)
    }
}

/// The moment of a step: now, or ten in the morning of a day, in China.
pub fn moment(clock: &dyn Clock, date: Option<Date>) -> OffsetDateTime {
    match date {
        None => china(clock.now()),
        // Eight hours is within what an offset may be.
        Some(date) => {
            date.with_time(time!(10:00)).assume_offset(UtcOffset::from_hms(8, 0, 0).unwrap_or(UtcOffset::UTC))
        }
    }
}
