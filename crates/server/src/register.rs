//! The register: who draws a pension here.
//!
//! A person is found by a keyed hash of the ID number; everything that says something about them is sealed. Nothing in
//! here answers "is this person in the register": [`confirm`] does the same work and gives the same answer whether a fact
//! was wrong or the person unknown.

use std::ops::Deref;

use hmac::{Hmac, KeyInit as _, Mac as _};
use jianzai_wire::{IdNumber, PersonFacts};
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, FromQueryResult, QueryFilter, QuerySelect};
use sha2::{Digest as _, Sha256};
use subtle::{Choice, ConstantTimeEq as _};
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::columns::{self, NotSealed, Place};
use crate::db::entity::beneficiary::{Column, Entity};
use crate::keys::{Key, KeyRing, Role};

/// Place of a personal value in the register.
pub(crate) fn place(column: &'static str, row: Uuid) -> Place {
    Place { table: "beneficiary", column, row }
}

/// The keyed hash by which a person is found.
pub(crate) fn id_hash(key: &Key, id: &IdNumber) -> [u8; 32] {
    // HMAC takes a key of any length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key.expose()) else { return [0; 32] };
    mac.update(b"jianzai id number v1");
    mac.update(id.expose().as_bytes());
    mac.finalize().into_bytes().into()
}

/// The hashes of an ID number under every key that a row may have been made with.
pub(crate) fn id_hashes(keys: &KeyRing, id: &IdNumber) -> Vec<Vec<u8>> {
    keys.all(Role::IdHash).iter().map(|key| id_hash(key, id).to_vec()).collect()
}

/// Whether the rows can be found with the keys that are there: a database made with other keys is of no use.
pub(crate) async fn fits(db: &impl ConnectionTrait, keys: &KeyRing) -> Result<bool, DbErr> {
    let made_with = Entity::find().select_only().column(Column::IdHashKey).limit(1).into_tuple::<String>().one(db);
    Ok(made_with.await?.is_none_or(|id| keys.named(Role::IdHash, &id).is_some()))
}

/// What is compared of a row; the portrait stays where it is.
#[derive(FromQueryResult)]
struct Compared {
    id: Uuid,
    name: Vec<u8>,
    insured_place: Vec<u8>,
    residence: Vec<u8>,
}

/// A row that is nobody's; compared with where there is no row, so that the work is the same.
pub(crate) struct Nobody(Compared);

impl Nobody {
    /// Seals the row.
    pub(crate) fn new(keys: &KeyRing) -> Result<Self, NotSealed> {
        let id = Uuid::nil();
        let seal = |column, value: &str| columns::seal(keys, place(column, id), value.as_bytes());
        let (insured_place, residence) = (seal("insured_place", "000000")?, seal("residence", "000000")?);
        Ok(Self(Compared { id, name: seal("name", "—")?, insured_place, residence }))
    }
}

/// The person whose four facts these are; `None` if any of them is wrong, whichever.
pub(crate) async fn confirm(
    db: &impl ConnectionTrait,
    keys: &KeyRing,
    nobody: &Nobody,
    facts: &PersonFacts,
) -> Result<Option<Uuid>, DbErr> {
    let row = Entity::find()
        .select_only()
        .columns([Column::Id, Column::Name, Column::InsuredPlace, Column::Residence])
        .filter(Column::IdHash.is_in(id_hashes(keys, &facts.id_number)))
        .into_model::<Compared>()
        .one(db)
        .await?;
    let known = Choice::from(u8::from(row.is_some()));
    let row = row.as_ref().unwrap_or(&nobody.0);
    let insured_place = Zeroizing::new(String::from(facts.insured_place));
    let residence = Zeroizing::new(String::from(facts.residence));
    let same = known
        & is_same(keys, place("name", row.id), &row.name, facts.name.expose())
        & is_same(keys, place("insured_place", row.id), &row.insured_place, &insured_place)
        & is_same(keys, place("residence", row.id), &row.residence, &residence);
    Ok(bool::from(same).then_some(row.id))
}

/// Compares digests, so that neither length nor place of a difference shows in the time it takes.
fn is_same(keys: &KeyRing, place: Place, sealed: &[u8], given: &str) -> Choice {
    let (opened, kept) = match columns::open(keys, place, sealed) {
        Ok(value) => (Choice::from(1), value),
        Err(error) => {
            tracing::error!(%error, column = place.column, "register");
            (Choice::from(0), Zeroizing::default())
        }
    };
    let (kept, given) = (Sha256::digest(kept.deref()), Sha256::digest(given.as_bytes()));
    opened & kept.as_slice().ct_eq(given.as_slice())
}
