//! Who is meant: by name and ID number. One answer if there is no such person or the name is another's.

use jianzai_wire::{Division, IdNumber, Name};
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
        Ok(self.person_in(self.store.reads(), name, number).await?.map(|(who, _)| who))
    }

    /// The same, asked in the caller's transaction; and where they are insured.
    pub(crate) async fn person_in(
        &self,
        db: &impl ConnectionTrait,
        name: &Name,
        number: &IdNumber,
    ) -> Result<Option<(Uuid, Division)>, OfficeError> {
        let row: Option<(Uuid, Vec<u8>, Vec<u8>)> = Entity::find()
            .select_only()
            .columns([Column::Id, Column::Name, Column::InsuredPlace])
            .filter(Column::IdHash.is_in(id_hashes(&self.keys, number)))
            .into_tuple()
            .one(db)
            .await?;
        let Some((id, sealed_name, sealed_place)) = row else { return Ok(None) };
        let read = || -> Result<_, OfficeError> {
            let kept = columns::open(&self.keys, place("name", id), &sealed_name)?;
            let insured_place = columns::open(&self.keys, place("insured_place", id), &sealed_place)?;
            let insured_place = std::str::from_utf8(&insured_place).ok().and_then(|text| Division::parse(text).ok());
            let insured_place = insured_place.ok_or(OfficeError::Unreadable("insured_place"))?;
            Ok(bool::from(kept.as_slice().ct_eq(name.expose().as_bytes())).then_some((id, insured_place)))
        };
        read().inspect_err(|error| tracing::error!(beneficiary = %id, %error, "can't be read"))
    }
}
