//! The log is proven whole, and whatever is done to it is found, on both databases.

use sea_orm::sea_query::ExprTrait as _;
use sea_orm::{ActiveModelTrait as _, ConnectionTrait as _};

use super::*;
use crate::db::Datastore;
use crate::db::desk_entity::audit_entry::Column;
use crate::tests::{Kind, World, on_both_databases};

on_both_databases!(
    an_untouched_log_is_whole,
    what_was_undone_was_never_logged,
    the_one_changed_entry_is_named_whatever_was_changed,
    a_change_hashed_anew_in_its_own_row_is_found_by_the_next,
    the_one_missing_entry_is_named,
    whoever_hashes_all_anew_is_found_by_the_signed_head,
    a_log_that_was_tampered_with_is_never_signed_over,
    a_head_that_somebody_else_signed_counts_for_nothing,
    several_writers_make_one_chain,
    words_and_numbers_of_people_are_refused,
);

impl World {
    /// A log with so many entries.
    async fn with(kind: Kind, entries: u128) -> Self {
        let world = Self::new(kind).await;
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

    /// Tampers, in words that both databases understand.
    async fn sql(&self, text: &str) {
        let tx = self.store.begin("test").await.unwrap();
        let done = tx.execute_unprepared(text).await.unwrap();
        tx.commit().await.unwrap();
        assert!(done.rows_affected() > 0, "{text}");
    }

    /// Tampers with one value of one entry; the database is given it in the type that the column has there.
    async fn change(&self, seq: i64, column: Column, value: impl Into<Expr>) {
        let change = audit_entry::Entity::update_many().col_expr(column, value.into()).filter(Column::Seq.eq(seq));
        assert_eq!(change.exec(self.store.single()).await.unwrap().rows_affected, 1, "{column:?}");
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
                let (previous, hash) = (Set(row.previous), Set(row.hash.clone()));
                let anew = audit_entry::ActiveModel { seq: Set(row.seq), previous, hash, ..Default::default() };
                anew.update(&*tx).await.unwrap();
                let end = audit_head::ActiveModel { id: Set(HEAD), seq: Set(row.seq), hash: Set(row.hash.clone()) };
                end.update(&*tx).await.unwrap();
            }
            previous = row.hash;
        }
        tx.commit().await.unwrap();
    }
}

async fn an_untouched_log_is_whole(kind: Kind) {
    let empty = World::with(kind, 0).await;
    assert_eq!(empty.faults(&[]).await, []);
    let world = World::with(kind, 1_003).await;
    let head = world.sign().await.unwrap();
    assert_eq!((head.seq, head.is_signed(&world.keys)), (1_003, true));
    let report = verify(&world.config, &world.keys, &[head]).await.unwrap();
    assert_eq!(report, Report { entries: 1_003, heads: 2, faults: Vec::new() });
}

async fn what_was_undone_was_never_logged(kind: Kind) {
    let world = World::with(kind, 2).await;
    let tx = world.store.begin("test").await.unwrap();
    append(&tx, 5, Entry::of(Action::Certified, Uuid::from_u128(3))).await.unwrap();
    drop(tx);
    world.append(3).await;
    let report = verify(&world.config, &world.keys, &[]).await.unwrap();
    assert_eq!((report.entries, report.faults.len()), (3, 0));
}

async fn the_one_changed_entry_is_named_whatever_was_changed(kind: Kind) {
    let changes = [
        (Column::At, Expr::col(Column::At).add(1)),
        (Column::Action, Expr::value("certified")),
        (Column::ActorId, Expr::value(None::<Uuid>)),
        (Column::ActorId, Expr::value(Uuid::from_u128(1))),
        (Column::Subject, Expr::value(None::<Vec<u8>>)),
        (Column::Detail, Expr::value("")),
        (Column::Previous, Expr::value(vec![0_u8])),
        (Column::Hash, Expr::value(vec![0_u8])),
    ];
    for seq in [1, 4, 7] {
        for (column, value) in &changes {
            let world = World::with(kind, 7).await;
            world.change(seq, *column, value.clone()).await;
            let faults = world.faults(&[]).await;
            assert_eq!(faults.first(), Some(&Fault::Changed(seq)), "{column:?} {value:?}: {faults:?}");
        }
    }
}

async fn a_change_hashed_anew_in_its_own_row_is_found_by_the_next(kind: Kind) {
    let world = World::with(kind, 7).await;
    let row = audit_entry::Entity::find_by_id(4).one(world.store.reads()).await.unwrap().unwrap();
    let forged = audit_entry::Model { detail: String::new(), ..row };
    world.change(4, Column::Hash, hash(&forged).to_vec()).await;
    world.change(4, Column::Detail, forged.detail).await;
    assert_eq!(world.faults(&[]).await, [Fault::Changed(4)]);
}

async fn the_one_missing_entry_is_named(kind: Kind) {
    for (gone, fault) in [
        ("seq = 1", Fault::Missing(1, 1)),
        ("seq = 4", Fault::Missing(4, 4)),
        ("seq IN (3, 4, 5)", Fault::Missing(3, 5)),
        ("seq = 7", Fault::End { found: 6, noted: 7 }),
        ("seq > 0", Fault::End { found: 0, noted: 7 }),
    ] {
        let world = World::with(kind, 7).await;
        world.sql(&format!("DELETE FROM audit_entry WHERE {gone}")).await;
        assert_eq!(world.faults(&[]).await, [fault], "{gone}");
    }
    let world = World::with(kind, 7).await;
    world.sql("DELETE FROM audit_head").await;
    assert_eq!(world.faults(&[]).await, [Fault::End { found: 7, noted: 0 }]);
}

async fn whoever_hashes_all_anew_is_found_by_the_signed_head(kind: Kind) {
    let world = World::with(kind, 7).await;
    let head = world.sign().await.unwrap();
    world.sql("UPDATE audit_entry SET detail = 'asked' WHERE seq = 3").await;
    world.rehash_from(3).await;
    assert_eq!(world.faults(std::slice::from_ref(&head)).await, [Fault::WrittenAnew(7); 2]);

    let world = World::with(kind, 7).await;
    let head = world.sign().await.unwrap();
    world.sql("DELETE FROM audit_entry WHERE seq > 5").await;
    world.rehash_from(5).await;
    let cut = Fault::CutOff { found: 5, signed: 7 };
    assert_eq!(world.faults(&[]).await, [cut], "by the head beside the database");
    std::fs::remove_file(world.config.data.join("audit-head.json")).unwrap();
    assert_eq!(world.faults(&[]).await, [], "only a head given away shows it now");
    assert_eq!(world.faults(&[head]).await, [cut]);
}

async fn a_log_that_was_tampered_with_is_never_signed_over(kind: Kind) {
    for tampering in ["DELETE FROM audit_entry WHERE seq = 4", "UPDATE audit_entry SET detail = '' WHERE seq = 9"] {
        let world = World::with(kind, 5).await;
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

async fn a_head_that_somebody_else_signed_counts_for_nothing(kind: Kind) {
    let world = World::with(kind, 3).await;
    let elsewhere = World::with(kind, 3).await;
    let head = elsewhere.sign().await.unwrap();
    assert_eq!(world.faults(std::slice::from_ref(&head)).await, [Fault::NotSigned(3)]);
    let mut moved = world.sign().await.unwrap();
    moved.seq = 2;
    assert_eq!(world.faults(&[moved]).await, [Fault::NotSigned(2)]);
}

async fn several_writers_make_one_chain(kind: Kind) {
    let world = World::with(kind, 0).await;
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

async fn words_and_numbers_of_people_are_refused(kind: Kind) {
    let world = World::with(kind, 1).await;
    for detail in ["王健在", "Wang", "a b", "44030419520315201x", "13800000000", "0755-12345678901"] {
        let tx = world.store.begin("test").await.unwrap();
        let entry = Entry::of(Action::Read, Uuid::nil()).detail(detail);
        assert!(append(&tx, 1, entry).await.is_err(), "{detail}");
    }
    assert_eq!(world.faults(&[]).await, []);
}
