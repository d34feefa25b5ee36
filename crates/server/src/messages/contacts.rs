//! How the people around a beneficiary can be reached, and who wants the legal notices only.
//!
//! **In**: an address that somebody gave, sealed on its way in; a wish. **Out**: rows that the ladder and the sender read.
//! **What can go wrong**: the address does not fit its way: refused, and never repeated in an answer.

use jianzai_wire::{Language, Secret};
use sea_orm::{ActiveModelTrait as _, ActiveValue::Set, ConnectionTrait, EntityTrait as _};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::audit::{self, Action, Entry};
use crate::chronicle::people::{is_mobile, way_place};
use crate::chronicle::rows::of_party;
use crate::clock::to_millis;
use crate::columns;
use crate::db::year::{contact_way, opt_out};
use crate::keys::KeyRing;
use crate::office::{Office, OfficeError};
use crate::year::names::Named as _;
use crate::year::policy::{Medium, Recipient};
use crate::year::record::Party;

/// An address that somebody gave.
#[derive(Debug, Clone)]
pub struct ContactWay {
    /// Whom it reaches.
    pub recipient: Recipient,
    /// By which way.
    pub medium: Medium,
    /// Number or name.
    pub address: Secret,
    /// The language that they read.
    pub language: Language,
}

impl Office {
    /// Adds an address; the newest is used first.
    pub async fn add_way(
        &self,
        who: Uuid,
        way: &ContactWay,
        by: Party,
        now: OffsetDateTime,
    ) -> Result<(), OfficeError> {
        let (tx, at) = (self.store.begin("add way").await?, to_millis(now));
        add_way(&*tx, &self.keys, who, way, by, at).await?;
        let entry = Entry::of(Action::ContactAdded, who);
        let detail = format!("{},{}", way.recipient.name(), way.medium.name());
        audit::append(&tx, at, Entry { actor: account(by), ..entry.detail(detail) }).await?;
        Ok(tx.commit().await?)
    }

    /// Somebody wants the legal notices only, or all of them again.
    pub async fn opt_out(
        &self,
        who: Uuid,
        recipient: Recipient,
        only_legal: bool,
        clerk: Uuid,
        now: OffsetDateTime,
    ) -> Result<(), OfficeError> {
        let tx = self.store.begin("opt out").await?;
        if only_legal {
            let row = opt_out::ActiveModel {
                beneficiary_id: Set(who),
                recipient: Set(recipient.name().to_owned()),
                since: Set(to_millis(now)),
            };
            opt_out::Entity::insert(row).on_conflict_do_nothing().exec_without_returning(&*tx).await?;
        } else {
            opt_out::Entity::delete_by_id((who, recipient.name().to_owned())).exec(&*tx).await?;
        }
        let detail = format!("{},{}", recipient.name(), if only_legal { "only_legal" } else { "all" });
        audit::append(&tx, to_millis(now), Entry::of(Action::OptedOut, who).by(clerk).detail(detail)).await?;
        Ok(tx.commit().await?)
    }
}

/// The account of whoever works here.
fn account(by: Party) -> Option<Uuid> {
    match by {
        Party::Staff(id) | Party::Volunteer(id) => Some(id),
        _ => None,
    }
}

/// Adds an address within a transaction.
pub(crate) async fn add_way(
    tx: &impl ConnectionTrait,
    keys: &KeyRing,
    who: Uuid,
    way: &ContactWay,
    by: Party,
    at: i64,
) -> Result<(), OfficeError> {
    let address = way.address.expose();
    let fits = match way.medium {
        Medium::Task => false,
        Medium::Sms => is_mobile(address),
        Medium::Call => address.chars().filter(char::is_ascii_digit).count() >= 5,
        Medium::Wechat | Medium::App | Medium::Letter => !address.trim().is_empty(),
    };
    if !fits || address.len() > 500 || way.recipient == Recipient::Community {
        return Err(OfficeError::Refused(format!("this is no address for `{}`", way.medium.name())));
    }
    let id = Uuid::now_v7();
    let row = contact_way::ActiveModel {
        id: Set(id),
        beneficiary_id: Set(who),
        recipient: Set(way.recipient.name().to_owned()),
        medium: Set(way.medium.name().to_owned()),
        address: Set(columns::seal(keys, way_place(id), address.as_bytes())?),
        language: Set(way.language.tag().to_owned()),
        added_at: Set(at),
        added_by: Set(of_party(by)),
    };
    row.insert(tx).await?;
    Ok(())
}
