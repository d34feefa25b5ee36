//! Who is meant: by name and ID number. One answer if there is no such person or the name is another's.

use jianzai_wire::{IdNumber, Name};
use sea_orm::{ColumnTrait as _, ConnectionTrait, EntityTrait as _, QueryFilter as _, QuerySelect as _};
use subtle::ConstantTimeEq as _;
use uuid::Uuid;

use crate::columns;
use crate::db::entity::beneficiary::{Column, Entity};
use crate::office::{Office, OfficeError};
use crate::register::{id_hashes, place};

impl Office {
    /// The person with this ID number and this name.
    pub async fn person(&self, name: &Name, number: &IdNumber) -> Result<Option<Uuid>, OfficeError> {
        self.person_in(self.store.reads(), name, number).await
    }

    /// The same, asked in the caller's transaction.
    pub(crate) async fn person_in(
        &self,
        db: &impl ConnectionTrait,
        name: &Name,
        number: &IdNumber,
    ) -> Result<Option<Uuid>, OfficeError> {
        let row: Option<(Uuid, Vec<u8>)> = Entity::find()
            .select_only()
            .columns([Column::Id, Column::Name])
            .filter(Column::IdHash.is_in(id_hashes(&self.keys, number)))
            .into_tuple()
            .one(db)
            .await?;
        let Some((id, sealed)) = row else { return Ok(None) };
        let kept = columns::open(&self.keys, place("name", id), &sealed)?;
        Ok(bool::from(kept.as_slice().ct_eq(name.expose().as_bytes())).then_some(id))
    }
}
