//! On both databases.

use jianzai_wire::{Action, CapturePolicy};
use sea_orm::sea_query::Expr;
use sea_orm::{ActiveModelTrait as _, ActiveValue::Set, ColumnTrait as _, EntityTrait as _, QueryFilter as _};
use time::macros::date;

use super::*;
use crate::db::entity::{State, activation, attempt, job, upload};
use crate::tests::{Kind, World};

const NOW: i64 = 1_800_000_000_000;

/// An upload of which all but the last piece is there.
async fn begun(kind: Kind) -> (World, Acceptance) {
    let world = World::new(kind).await;
    let person = world.person(1, "440300", date!(1945 - 09 - 15), date!(2005 - 10 - 01), date!(2026 - 01 - 01)).await;
    let [activation, attempt, upload] = [2, 3, 4].map(Uuid::from_u128);
    let tx = world.store.begin("test").await.unwrap();
    let row = activation::ActiveModel {
        id: Set(activation),
        beneficiary_id: Set(person),
        token_digest: Set(vec![1]),
        device_key: Set(vec![0; 32]),
        mode: Set("self".to_owned()),
        consent_text: Set("2026-1".to_owned()),
        consent_by: Set("beneficiary".to_owned()),
        created_at: Set(NOW),
        expires_at: Set(NOW),
        attempts: Set(1),
        channel: Set(None),
        helper_id: Set(None),
    };
    row.insert(&*tx).await.unwrap();
    let row = attempt::ActiveModel {
        id: Set(attempt),
        activation_id: Set(activation),
        beneficiary_id: Set(person),
        token_digest: Set(vec![2]),
        nonce: Set(vec![0; 32]),
        demo: Set(false),
        policy: Set(serde_json::to_string(&CapturePolicy::for_actions(&Action::ALL)).unwrap()),
        recipient_key: Set("1".to_owned()),
        issued_at: Set(NOW),
        commit_by: Set(NOW),
        state: Set(State::Committed),
        reasons: Set(String::new()),
        ..Default::default()
    };
    row.insert(&*tx).await.unwrap();
    let row = upload::ActiveModel {
        id: Set(upload),
        attempt_id: Set(attempt),
        length: Set(200),
        received: Set(150),
        created_at: Set(NOW),
        completed_at: Set(None),
    };
    row.insert(&*tx).await.unwrap();
    tx.commit().await.unwrap();
    let path = ObjectPath::from("20270115/one");
    (world, Acceptance { upload, attempt, path, delete_at: NOW + 2, now: NOW + 1 })
}

async fn rows(world: &World) -> (Vec<attempt::Model>, Vec<upload::Model>, Vec<job::Model>) {
    let db = world.store.reads();
    let attempts = attempt::Entity::find().all(db).await.unwrap();
    (attempts, upload::Entity::find().all(db).await.unwrap(), job::Entity::find().all(db).await.unwrap())
}

#[tokio::test]
async fn upload_attempt_and_job_are_recorded_together_and_once() {
    let mut same = Vec::new();
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let (world, acceptance) = begun(kind).await;
        assert!(acceptance.record(&world.store).await.unwrap());
        let db = world.store.reads();
        let upload = upload::Entity::find_by_id(acceptance.upload).one(db).await.unwrap().unwrap();
        assert_eq!((upload.received, upload.completed_at), (200, Some(NOW + 1)));
        let attempt = attempt::Entity::find_by_id(acceptance.attempt).one(db).await.unwrap().unwrap();
        assert_eq!((attempt.state, attempt.accepted_at), (State::Accepted, Some(NOW + 1)));
        assert_eq!((attempt.evidence_path.as_deref(), attempt.delete_at), (Some("20270115/one"), Some(NOW + 2)));
        let job = job::Entity::find_by_id(acceptance.attempt).one(db).await.unwrap().unwrap();
        assert_eq!((job.run_at, job.tries, job.done_at), (NOW + 1, 0, None));
        let before = rows(&world).await;
        assert!(!Acceptance { now: NOW + 9, ..acceptance }.record(&world.store).await.unwrap(), "{kind:?}");
        assert_eq!(rows(&world).await, before, "{kind:?}: once more changes nothing");
        same.push((upload, attempt, job));
    }
    assert_eq!(same[0], same[1]);
}

#[tokio::test]
async fn where_there_is_nothing_to_accept_nothing_is_recorded() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        for what in ["ended", "given up", "another's"] {
            let (world, mut acceptance) = begun(kind).await;
            let tx = world.store.begin("test").await.unwrap();
            match what {
                "ended" => {
                    let ended = attempt::Entity::update_many()
                        .col_expr(attempt::Column::State, Expr::value(State::Refused))
                        .filter(attempt::Column::Id.eq(acceptance.attempt));
                    ended.exec(&*tx).await.unwrap();
                }
                "given up" => drop(upload::Entity::delete_by_id(acceptance.upload).exec(&*tx).await.unwrap()),
                _ => acceptance.attempt = Uuid::from_u128(9),
            }
            tx.commit().await.unwrap();
            let before = rows(&world).await;
            assert!(!acceptance.record(&world.store).await.unwrap(), "{kind:?} {what}");
            assert_eq!(rows(&world).await, before, "{kind:?} {what}");
        }
    }
}

#[tokio::test]
async fn an_attempt_that_ends_at_that_very_moment_is_not_accepted() {
    let (world, acceptance) = begun(Kind::Postgres).await;
    let other = world.store.begin("test").await.unwrap();
    let ended = attempt::Entity::update_many()
        .col_expr(attempt::Column::State, Expr::value(State::Refused))
        .filter(attempt::Column::Id.eq(acceptance.attempt));
    ended.exec(&*other).await.unwrap();
    let accepting = async { acceptance.record(&world.store).await.unwrap() };
    let ending = async {
        // It waits for the lock by then.
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        other.commit().await.unwrap();
    };
    let (accepted, ()) = tokio::join!(accepting, ending);
    assert!(!accepted);
    let upload = upload::Entity::find_by_id(acceptance.upload).one(world.store.reads()).await.unwrap().unwrap();
    assert_eq!((upload.received, upload.completed_at), (150, None));
    assert_eq!(job::Entity::find().all(world.store.reads()).await.unwrap(), []);
}
