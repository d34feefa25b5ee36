//! What belongs together: a database, the keys that its rows were made with, and the folder that serves it.
//!
//! **In**: the settings. **Out**: database and keys, open; the database knows every key by name, and the linked log every key
//! that was added to the first ones. **What can go wrong**: the keys are another database's ([`KeysError::Foreign`]), and no key
//! is made in their place; or another folder serves the database ([`OtherFolder`]): its staged uploads, scans and evidence
//! lie there, and would be taken for deleted from here.
//!
//! A key is a file first and a row after it. Whoever opens the database next, be it days later, finds a key that the database
//! does not know and puts it down in the log: so none is ever in use that the log has not seen. The keys with which a database
//! begins have no entry, as they come before the first. A first start that was cut off between two of them is gone on with:
//! a database that knows no key has nothing that a missing one could have made.
//!
//! Processes with the same keys work side by side, on one folder or several; calls are taken on one folder only. A service
//! whose folder was given up for another while it ran stops taking calls within seconds, and ends.

use std::path::PathBuf;
use std::time::Duration;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ActiveValue::Set, ConnectionTrait, DbBackend, DbErr, EntityTrait as _, IntoActiveModel as _, QuerySelect as _,
    TryInsertResult,
};
use sha2::Sha256;
use subtle::ConstantTimeEq as _;
use uuid::Uuid;

use crate::audit::{self, Action, Entry};
use crate::clock::Clock;
use crate::config::Config;
use crate::db::entity::beneficiary;
use crate::db::installation_entity::{known_key, serving_folder};
use crate::db::{Database, Datastore, Writing};
use crate::keys::{Key, KeyRing, KeysError, Role};
use crate::{register, today};

/// The one row of the serving folder.
const HERE: i64 = 1;
/// How often a service looks whether its folder is still the one.
const LOOK: Duration = Duration::from_secs(2);

/// Another folder serves the database.
#[derive(Debug, thiserror::Error)]
#[error(
    "{0}: calls for this database are taken from another data folder, where its uploads and scans lie; serve from that one. If it is gone for good, put its keys and papers here and run `jianzai-server migrate --adopt`"
)]
pub struct OtherFolder(pub PathBuf);

/// Opens database and keys, and holds them against each other.
pub(crate) async fn open<E>(config: &Config, clock: &dyn Clock) -> Result<(Datastore, KeyRing), E>
where
    E: From<DbErr> + From<KeysError>,
{
    let now = clock.now();
    let (store, keys) = match config.database() {
        at @ Database::File(_) => {
            let keys = KeyRing::of(config, &today(now))?;
            (Datastore::open(&at).await?, keys)
        }
        at @ Database::Postgres(_) => {
            let store = Datastore::open(&at).await?;
            let keys = match is_without_keys(&store).await? {
                true => KeyRing::begin(config, &today(now))?,
                false if !KeyRing::is_begun(config) => {
                    return Err(KeysError::Foreign(config.keys(), Role::Column.name()).into());
                }
                false => KeyRing::of(config, &today(now))?,
            };
            (store, keys)
        }
    };
    if !register::fits(store.reads(), &keys).await? {
        return Err(KeysError::Lost(config.keys(), Role::IdHash.name()).into());
    }
    settle::<E>(config, &store, &keys, now).await?;
    Ok((store, keys))
}

/// Whether nothing was ever written with a key: then a first start may have been cut off between two of them. A database of
/// before keys were known has people.
async fn is_without_keys(store: &Datastore) -> Result<bool, DbErr> {
    let is_known = known_key::Entity::find().one(store.reads()).await?.is_some();
    let people = beneficiary::Entity::find().select_only().column(beneficiary::Column::Id);
    Ok(!is_known && people.into_tuple::<Uuid>().one(store.reads()).await?.is_none())
}

/// Refuses keys of another database; puts down those that this one does not know.
pub(crate) async fn settle<E>(config: &Config, store: &Datastore, keys: &KeyRing, at: i64) -> Result<(), E>
where
    E: From<DbErr> + From<KeysError>,
{
    let known = known_key::Entity::find().all(store.reads()).await?;
    if unknown(config, keys, &known)?.is_empty() {
        return Ok(());
    }
    let tx = store.begin("new keys").await?;
    alone(&tx, "known_key").await?;
    let known = known_key::Entity::find().all(&*tx).await?;
    let mut made = Vec::new();
    for (role, key) in unknown(config, keys, &known)? {
        let name = key.id.clone();
        let row = known_key::Model { role: role.name().to_owned(), name, proof: proof(key), known_at: at };
        let written = known_key::Entity::insert(row.into_active_model()).on_conflict_do_nothing();
        let is_new = matches!(written.exec_without_returning(&*tx).await?, TryInsertResult::Inserted(1..));
        if is_new && !known.is_empty() {
            let detail = format!("{},{}", role.name(), key.id);
            made.push(Entry { action: Action::KeyMade, actor: None, subject: None, detail });
        }
    }
    audit::append_all(&tx, at, made).await?;
    Ok(tx.commit().await?)
}

/// The keys that the database does not know. An error if it knows only others.
fn unknown<'a>(
    config: &Config,
    keys: &'a KeyRing,
    known: &[known_key::Model],
) -> Result<Vec<(Role, &'a Key)>, KeysError> {
    let mut all = Vec::new();
    for role in Role::ALL {
        let of_role = || known.iter().filter(|row| row.role == role.name());
        let mut shared = false;
        for key in keys.all(role) {
            match of_role().find(|row| row.name == key.id) {
                Some(row) if bool::from(row.proof.ct_eq(&proof(key))) => shared = true,
                Some(_) => return Err(KeysError::Foreign(config.keys(), role.name())),
                None => all.push((role, key)),
            }
        }
        if !shared && of_role().next().is_some() && !role.is_replaceable() {
            return Err(KeysError::Foreign(config.keys(), role.name()));
        }
    }
    Ok(all)
}

/// Shows that a key is the one that it was, and nothing else of it.
fn proof(key: &Key) -> Vec<u8> {
    // HMAC takes a key of any length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key.expose()) else { return Vec::new() };
    mac.update(b"jianzai known key v1");
    mac.finalize().into_bytes().to_vec()
}

/// Refuses to take calls in a folder beside the one that serves the database; the first is the one. With SQLite the database
/// lies in the folder.
pub(crate) async fn demand_folder<E>(config: &Config, store: &Datastore, folder: Uuid, at: i64) -> Result<(), E>
where
    E: From<DbErr> + From<OtherFolder>,
{
    if matches!(config.database(), Database::File(_)) {
        return Ok(());
    }
    let tx = store.begin("serving folder").await?;
    let row = serving_folder::ActiveModel { id: Set(HERE), folder_id: Set(folder), since: Set(at) };
    let unless_there = OnConflict::column(serving_folder::Column::Id).do_nothing().to_owned();
    serving_folder::Entity::insert(row).on_conflict(unless_there).exec_without_returning(&*tx).await?;
    let serving = serving_folder::Entity::find_by_id(HERE).lock_exclusive().one(&*tx).await?;
    tx.commit().await?;
    match serving {
        Some(serving) if serving.folder_id != folder => Err(OtherFolder(config.data.clone()).into()),
        _ => Ok(()),
    }
}

/// Waits until another folder serves the database than the one that did. A database that does not answer has said nothing.
pub(crate) async fn displaced(config: &Config, store: &Datastore, folder: Uuid) {
    if matches!(config.database(), Database::File(_)) {
        return std::future::pending().await;
    }
    loop {
        tokio::time::sleep(LOOK).await;
        let serving = serving_folder::Entity::find_by_id(HERE).one(store.reads()).await;
        if serving.is_ok_and(|serving| serving.is_some_and(|serving| serving.folder_id != folder)) {
            return;
        }
    }
}

/// From now on this folder serves the database; put down in the log, if it did not before.
pub(crate) async fn adopt(store: &Datastore, folder: Uuid, at: i64) -> Result<(), DbErr> {
    let tx = store.begin("adopt folder").await?;
    let before = serving_folder::Entity::find_by_id(HERE).lock_exclusive().one(&*tx).await?;
    if before.is_some_and(|before| before.folder_id == folder) {
        return Ok(());
    }
    serving_folder::Entity::delete_by_id(HERE).exec(&*tx).await?;
    let row = serving_folder::ActiveModel { id: Set(HERE), folder_id: Set(folder), since: Set(at) };
    serving_folder::Entity::insert(row).exec_without_returning(&*tx).await?;
    audit::append(&tx, at, Entry::of(Action::FolderAdopted, folder)).await?;
    tx.commit().await
}

/// Lets no other transaction write a table before this one ends. SQLite has one writer anyway.
async fn alone(tx: &Writing, table: &str) -> Result<(), DbErr> {
    match tx.get_database_backend() {
        DbBackend::Postgres => tx.execute_unprepared(&format!("LOCK TABLE {table} IN EXCLUSIVE MODE")).await.map(drop),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
