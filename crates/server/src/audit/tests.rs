//! The log is proven whole, and whatever is done to it is found.

use sea_orm::ConnectionTrait as _;
use tempfile::TempDir;

use super::*;
use crate::config::Config;
use crate::db::Datastore;
use crate::keys::KeyRing;

const DAY: &str = "20261121";

struct World {
    _folder: TempDir,
    config: Config,
    keys: KeyRing,
    store: Datastore,
}

impl World {
    /// A log with so many entries.
    async fn with(entries: u128) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = Config::new(folder.path());
        let keys = KeyRing::of(&config, DAY).unwrap();
        let store = Datastore::open(&config.database()).await.unwrap();
        let world = Self { _folder: folder, config, keys, store };
        for number in 0..entries {
            world.append(number).await;
        }
        world
    }

    async fn append(&self, number: u128) {
        let tx = self.store.begin("test").await.unwrap();
        let entry = Entry::of(Action::Read, Uuid::from_u128(number)).by(Uuid::from_u128(99)).detail("asked,shown");
        append(&tx, 1_000 + number as i64, entry).await.unwrap();
        tx.commit().await.unwrap();
    }

    async fn sql(&self, text: &str) {
        let tx = self.store.begin("test").await.unwrap();
        tx.execute_unprepared(text).await.unwrap();
        tx.commit().await.unwrap();
    }

    async fn faults(&self, heads: &[SignedHead]) -> Vec<Fault> {
        verify(&self.config, &self.keys, heads).await.unwrap().faults
    }

    async fn sign(&self) -> Result<SignedHead, HeadError> {
        signed_head(&self.config, &self.keys, 7).await
    }

    /// What somebody does who can write to the database and knows how the log is made: everything from here on is hashed anew.
    async fn rehash_from(&self, first: i64) {
        let tx = self.store.begin("test").await.unwrap();
        let all = verify::following(&*tx, 0).await.unwrap();
        let mut previous = NOTHING.to_vec();
        for mut row in all {
            if row.seq >= first {
                row.previous = previous;
                row.hash = hash(&row).to_vec();
                let (seq, previous, hash) = (row.seq, hex::encode(&row.previous), hex::encode(&row.hash));
                let text =
                    format!("UPDATE audit_entry SET previous = X'{previous}', hash = X'{hash}' WHERE seq = {seq}");
                tx.execute_unprepared(&text).await.unwrap();
                tx.execute_unprepared(&format!("UPDATE audit_head SET seq = {seq}, hash = X'{hash}'")).await.unwrap();
            }
            previous = row.hash;
        }
        tx.commit().await.unwrap();
    }
}

#[tokio::test]
async fn an_untouched_log_is_whole() {
    let empty = World::with(0).await;
    assert_eq!(empty.faults(&[]).await, []);
    let world = World::with(1_003).await;
    let head = world.sign().await.unwrap();
    assert_eq!((head.seq, head.is_signed(&world.keys)), (1_003, true));
    let report = verify(&world.config, &world.keys, &[head]).await.unwrap();
    assert_eq!(report, Report { entries: 1_003, heads: 2, faults: Vec::new() });
}

#[tokio::test]
async fn what_was_undone_was_never_logged() {
    let world = World::with(2).await;
    let tx = world.store.begin("test").await.unwrap();
    append(&tx, 5, Entry::of(Action::Certified, Uuid::from_u128(3))).await.unwrap();
    drop(tx);
    world.append(3).await;
    let report = verify(&world.config, &world.keys, &[]).await.unwrap();
    assert_eq!((report.entries, report.faults.len()), (3, 0));
}

#[tokio::test]
async fn the_one_changed_entry_is_named_whatever_was_changed() {
    let changes = [
        "at = at + 1",
        "action = 'certified'",
        "actor_id = NULL",
        "actor_id = X'00000000000000000000000000000001'",
        "subject = NULL",
        "detail = ''",
        "previous = X'00'",
        "hash = X'00'",
    ];
    for seq in [1, 4, 7] {
        for change in changes {
            let world = World::with(7).await;
            world.sql(&format!("UPDATE audit_entry SET {change} WHERE seq = {seq}")).await;
            let faults = world.faults(&[]).await;
            assert_eq!(faults.first(), Some(&Fault::Changed(seq)), "{change}: {faults:?}");
        }
    }
}

#[tokio::test]
async fn a_change_hashed_anew_in_its_own_row_is_found_by_the_next() {
    let world = World::with(7).await;
    let row = audit_entry::Entity::find_by_id(4).one(world.store.reads()).await.unwrap().unwrap();
    let forged = hex::encode(hash(&audit_entry::Model { detail: String::new(), ..row }));
    world.sql(&format!("UPDATE audit_entry SET detail = '', hash = X'{forged}' WHERE seq = 4")).await;
    assert_eq!(world.faults(&[]).await, [Fault::Changed(4)]);
}

#[tokio::test]
async fn the_one_missing_entry_is_named() {
    for (gone, fault) in [
        ("seq = 1", Fault::Missing(1, 1)),
        ("seq = 4", Fault::Missing(4, 4)),
        ("seq IN (3, 4, 5)", Fault::Missing(3, 5)),
        ("seq = 7", Fault::End { found: 6, noted: 7 }),
        ("seq > 0", Fault::End { found: 0, noted: 7 }),
    ] {
        let world = World::with(7).await;
        world.sql(&format!("DELETE FROM audit_entry WHERE {gone}")).await;
        assert_eq!(world.faults(&[]).await, [fault], "{gone}");
    }
    let world = World::with(7).await;
    world.sql("DELETE FROM audit_head").await;
    assert_eq!(world.faults(&[]).await, [Fault::End { found: 7, noted: 0 }]);
}

#[tokio::test]
async fn whoever_hashes_all_anew_is_found_by_the_signed_head() {
    let world = World::with(7).await;
    let head = world.sign().await.unwrap();
    world.sql("UPDATE audit_entry SET detail = 'asked' WHERE seq = 3").await;
    world.rehash_from(3).await;
    assert_eq!(world.faults(std::slice::from_ref(&head)).await, [Fault::WrittenAnew(7); 2]);

    let world = World::with(7).await;
    let head = world.sign().await.unwrap();
    world.sql("DELETE FROM audit_entry WHERE seq > 5").await;
    world.rehash_from(5).await;
    let cut = Fault::CutOff { found: 5, signed: 7 };
    assert_eq!(world.faults(&[]).await, [cut], "by the head beside the database");
    std::fs::remove_file(world.config.data.join("audit-head.json")).unwrap();
    assert_eq!(world.faults(&[]).await, [], "only a head given away shows it now");
    assert_eq!(world.faults(&[head]).await, [cut]);
}

#[tokio::test]
async fn a_log_that_was_tampered_with_is_never_signed_over() {
    for tampering in ["DELETE FROM audit_entry WHERE seq = 4", "UPDATE audit_entry SET detail = '' WHERE seq = 9"] {
        let world = World::with(5).await;
        let head = world.sign().await.unwrap();
        for number in 5..10 {
            world.append(number).await;
        }
        world.sql(tampering).await;
        if tampering.starts_with("DELETE") {
            world.rehash_from(5).await;
        }
        assert!(matches!(world.sign().await, Err(HeadError::Broken(5))), "{tampering}");
        let kept = SignedHead::read(&world.config.data.join("audit-head.json")).unwrap();
        assert_eq!(kept, head, "what shows it stays");
    }
}

#[tokio::test]
async fn a_head_that_somebody_else_signed_counts_for_nothing() {
    let world = World::with(3).await;
    let elsewhere = World::with(3).await;
    let head = elsewhere.sign().await.unwrap();
    assert_eq!(world.faults(std::slice::from_ref(&head)).await, [Fault::NotSigned(3)]);
    let mut moved = world.sign().await.unwrap();
    moved.seq = 2;
    assert_eq!(world.faults(&[moved]).await, [Fault::NotSigned(2)]);
}

#[tokio::test]
async fn several_writers_make_one_chain() {
    let world = World::with(0).await;
    let path = world.config.database();
    let writers = (0..4_u128).map(|writer| {
        let path = path.clone();
        tokio::spawn(async move {
            // A store of its own, as another process has.
            let store = Datastore::open(&path).await.unwrap();
            for number in 0..25 {
                let tx = store.begin("test").await.unwrap();
                let entry = Entry::of(Action::SignedIn, Uuid::from_u128(writer * 100 + number));
                append(&tx, number as i64, entry).await.unwrap();
                if number % 5 == 4 { drop(tx) } else { tx.commit().await.unwrap() }
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
    let report = verify(&world.config, &world.keys, &[]).await.unwrap();
    assert_eq!((report.entries, report.faults), (80, Vec::new()));
}

#[tokio::test]
async fn words_and_numbers_of_people_are_refused() {
    let world = World::with(1).await;
    for detail in ["王健在", "Wang", "a b", "44030419520315201x", "13800000000", "0755-12345678901"] {
        let tx = world.store.begin("test").await.unwrap();
        let entry = Entry::of(Action::Read, Uuid::nil()).detail(detail);
        assert!(append(&tx, 1, entry).await.is_err(), "{detail}");
    }
    assert_eq!(world.faults(&[]).await, []);
}
