use std::fs;
use std::path::Path;
use std::sync::Arc;

use jianzai_wire::Secret;
use sea_orm::{ColumnTrait as _, QueryFilter as _};
use time::macros::date;

use super::*;
use crate::clock::SystemClock;
use crate::db::desk_entity::audit_entry;
use crate::office::{Office, OfficeError};
use crate::tests::{Kind, TestDatabase, World};
use crate::year::tests::stage::morning;
use crate::{StartError, serve};

async fn logged(world: &World) -> Vec<String> {
    let made = audit_entry::Entity::find().filter(audit_entry::Column::Action.eq("key_made"));
    made.all(world.store.reads()).await.unwrap().into_iter().map(|row| row.detail).collect()
}

async fn opened(config: &Config) -> Result<(), OfficeError> {
    Office::open(config, &SystemClock).await?.close().await
}

/// The same keys in another folder.
fn elsewhere(config: &Config, folder: &Path) -> Config {
    let other = Config { data: folder.to_owned(), ..config.clone() };
    crate::durable::private_folder(&other.keys()).unwrap();
    for file in fs::read_dir(config.keys()).unwrap() {
        let path = file.unwrap().path();
        fs::copy(&path, other.keys().join(path.file_name().unwrap())).unwrap();
    }
    other
}

#[tokio::test]
async fn a_key_whose_entry_was_cut_off_is_put_down_by_whoever_opens_next() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let world = World::new(kind).await;
        opened(&world.config).await.unwrap();
        assert!(logged(&world).await.is_empty(), "a database begins with its first keys");
        // The process died as soon as the key was a file.
        let key = KeyRing::add(&world.config, Role::Evidence, "20260102").unwrap();
        for _ in 0..2 {
            opened(&world.config).await.unwrap();
            assert_eq!(logged(&world).await, [format!("evidence,{}", key.id)]);
        }
        let office = Office::open(&world.config, &SystemClock).await.unwrap();
        let now = morning(date!(2026 - 01 - 03));
        let next = office.add_key(&world.config, Role::Evidence, now).await.unwrap();
        office.close().await.unwrap();
        opened(&world.config).await.unwrap();
        assert_eq!(logged(&world).await[1..], [format!("evidence,{}", next.id)], "once");
    }
}

/// The names of the key files, in order.
fn files(config: &Config) -> Vec<String> {
    let files = fs::read_dir(config.keys()).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
    let mut files: Vec<_> = files.collect();
    files.sort();
    files
}

#[tokio::test]
async fn a_first_start_that_was_cut_off_anywhere_is_gone_on_with() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        for written in 0..=Role::ALL.len() {
            let (folder, database) = (tempfile::tempdir().unwrap(), (kind == Kind::Postgres).then(TestDatabase::new));
            let mut config = Config::new(folder.path());
            config.database = database.as_ref().map(|database| Secret::new(database.url()));
            KeyRing::begin(&config, "20260101").unwrap();
            let made = files(&config);
            for file in made.iter().skip(written) {
                fs::remove_file(config.keys().join(file)).unwrap();
            }
            // An SQLite database is begun when every key is a file.
            if kind == Kind::Postgres || written == made.len() {
                Datastore::open(&config.database()).await.unwrap().close().await.unwrap();
            }
            opened(&config).await.unwrap();
            let whole = files(&config);
            assert_eq!(whole.len(), made.len(), "{kind:?}, {written} written");
            assert!(made[..written].iter().all(|file| whole.contains(file)), "{kind:?}: {made:?}, then {whole:?}");
            opened(&config).await.unwrap();
            assert_eq!(files(&config), whole, "{kind:?}, {written} written: one set");
            // From now on a key that is gone is lost, not begun anew.
            let lost = whole.iter().find(|file| file.starts_with("column.")).unwrap();
            fs::remove_file(config.keys().join(lost)).unwrap();
            let refused = opened(&config).await;
            assert!(matches!(refused, Err(OfficeError::Keys(KeysError::Lost(_, "column")))), "{refused:?}");
        }
    }
}

#[tokio::test]
async fn keys_of_another_database_are_refused_and_none_is_made_in_their_place() {
    let world = World::new(Kind::Postgres).await;
    opened(&world.config).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (empty, same) = (folder.path().join("empty"), folder.path().join("same"));
    let fresh = Config { data: empty, ..world.config.clone() };
    let foreign = |opened: Result<(), OfficeError>| matches!(opened, Err(OfficeError::Keys(KeysError::Foreign(..))));
    for _ in 0..2 {
        assert!(foreign(opened(&fresh).await), "nobody is in the register yet");
        assert!(!KeyRing::is_begun(&fresh));
    }
    KeyRing::begin(&fresh, "20260101").unwrap();
    assert!(foreign(opened(&fresh).await), "other keys");
    let same = elsewhere(&world.config, &same);
    opened(&same).await.unwrap();
    let file = fs::read_dir(same.keys()).unwrap().map(|file| file.unwrap().path());
    let file = file.into_iter().find(|path| path.to_str().unwrap().contains("column.")).unwrap();
    fs::write(&file, "00".repeat(32)).unwrap();
    assert!(foreign(opened(&same).await), "another key of the same name");
    assert!(logged(&world).await.is_empty());
}

#[tokio::test]
async fn calls_are_taken_on_one_folder_and_judged_beside_any() {
    let world = World::new(Kind::Postgres).await;
    let config = Config { judge: false, ..world.config.clone() };
    let start = async |config: &Config| serve(config.clone(), Arc::new(SystemClock)).await;
    start(&config).await.unwrap().stop().await;
    let folder = tempfile::tempdir().unwrap();
    let other = elsewhere(&config, &folder.path().join("other"));
    assert!(matches!(start(&other).await, Err(StartError::OtherFolder(OtherFolder(named))) if named == other.data));
    // What `work` and the daily commands open.
    crate::app::App::open(other.clone(), Arc::new(SystemClock)).await.unwrap();
    opened(&other).await.unwrap();
    start(&config).await.unwrap().stop().await;
    // The first folder is gone for good.
    for _ in 0..2 {
        crate::service::adopt(&other, &SystemClock).await.unwrap();
    }
    start(&other).await.unwrap().stop().await;
    assert!(matches!(start(&config).await, Err(StartError::OtherFolder(_))));
    let adopted = audit_entry::Entity::find().filter(audit_entry::Column::Action.eq("folder_adopted"));
    assert_eq!(adopted.all(world.store.reads()).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_service_whose_folder_was_given_up_takes_no_more_calls_and_ends() {
    let world = World::new(Kind::Postgres).await;
    let config = Config { judge: false, ..world.config.clone() };
    let clock = Arc::new(SystemClock);
    let before = serve(config.clone(), clock.clone()).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let other = elsewhere(&config, &folder.path().join("other"));
    crate::service::adopt(&other, &*clock).await.unwrap();
    tokio::time::timeout(10 * LOOK, before.ended()).await.unwrap();
    let address = before.address();
    before.stop().await;
    assert!(tokio::net::TcpStream::connect(address).await.is_err(), "nobody listens there any more");
    let after = serve(other.clone(), clock.clone()).await.unwrap();
    assert!(tokio::time::timeout(2 * LOOK, after.ended()).await.is_err(), "its own folder is the one");
    after.stop().await;
    assert!(matches!(serve(config, clock).await, Err(StartError::OtherFolder(_))));
}
