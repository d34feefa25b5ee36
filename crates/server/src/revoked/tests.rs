use std::time::Duration;

use axum::body::to_bytes;
use axum::extract::Path;
use axum::http::HeaderValue;
use jianzai_certificate::{CertificateError, Claims, verify};
use jianzai_wire::api::AttemptState;
use jianzai_wire::{Language, Secret};
use tempfile::TempDir;

use super::*;
use crate::app::public_keys;
use crate::clock::ShiftedClock;
use crate::columns;
use crate::config::Config;
use crate::db::desk_entity::audit_entry;
use crate::db::entity::{attempt, beneficiary};
use crate::db::year::fact;
use crate::import::import;
use crate::judging::tests::{accept_for, judge_next};
use crate::outcome::{picture, place, state};
use crate::tests::{Kind, TestDatabase};
use crate::token;
use crate::year::dates::china;

const CLERK: Uuid = Uuid::from_u128(5);

/// A service that has given certificates.
struct World {
    app: Arc<App>,
    clock: Arc<ShiftedClock>,
    _folder: TempDir,
    _database: Option<TestDatabase>,
}

/// What a call was answered with.
struct Answer {
    status: StatusCode,
    tag: HeaderValue,
    text: Vec<u8>,
}

impl World {
    async fn new(kind: Kind) -> Self {
        let (folder, database) = (tempfile::tempdir().unwrap(), (kind == Kind::Postgres).then(TestDatabase::new));
        let mut config = Config::new(folder.path().join("data"));
        config.database = database.as_ref().map(|database| Secret::new(database.url()));
        let clock = Arc::new(ShiftedClock::default());
        let csv = folder.path().join("register.csv");
        let rows =
            "name,id_number,insured_place,residence,phones,portrait\n王健在,44030419520315201X,440300,440300,,\n";
        std::fs::write(&csv, rows).unwrap();
        import(&config, &*clock, &csv, Language::En).await.unwrap();
        let app = Arc::new(App::open(config, clock.clone()).await.unwrap());
        Self { app, clock, _folder: folder, _database: database }
    }

    /// Gives a certificate.
    async fn certified(&self) -> Claims {
        let person = beneficiary::Entity::find().one(self.app.store.reads()).await.unwrap().unwrap();
        let attempt = Uuid::new_v4();
        accept_for(&self.app, person.id, attempt).await;
        assert!(judge_next(&self.app, Uuid::nil()).await);
        let row = Entity::find_by_id(attempt).one(self.app.store.reads()).await.unwrap().unwrap();
        let bytes = columns::open(&self.app.keys, place(attempt), &row.sealed).unwrap();
        verify(&bytes, &public_keys(&self.app.keys).certificate_keys, self.now()).unwrap()
    }

    async fn revoke(&self, claims: &Claims) -> bool {
        self.app.office().revoke(claims.serial, CLERK, self.now()).await.unwrap()
    }

    fn now(&self) -> OffsetDateTime {
        china(self.app.clock.now())
    }

    /// What the holder gets: whether their attempt is certified still, and how the picture is answered.
    async fn outcome(&self, claims: &Claims) -> (bool, StatusCode) {
        let (db, serial) = (self.app.store.reads(), claims.serial.to_string());
        let id = Entity::find().filter(Column::Serial.eq(serial)).one(db).await.unwrap().unwrap().attempt_id;
        let (token, digest) = token::fresh().unwrap();
        let digest = attempt::ActiveModel { id: Set(id), token_digest: Set(digest.to_vec()), ..Default::default() };
        digest.update(self.app.store.single()).await.unwrap();
        let headers: HeaderMap =
            [(header::AUTHORIZATION, HeaderValue::from_str(&format!("Bearer {}", token.expose())).unwrap())]
                .into_iter()
                .collect();
        let asked = || (State(self.app.clone()), Path(id), headers.clone());
        let (app, path, with) = asked();
        let state = match state(app, path, with).await.unwrap().0 {
            AttemptState::Certified { .. } => true,
            AttemptState::Refused { reasons } if reasons == [ReasonCode::CertificateRevoked] => false,
            other => panic!("{other:?}"),
        };
        let (app, path, with) = asked();
        (state, picture(app, path, with).await.map_or_else(|refusal| refusal.status, |answer| answer.status()))
    }

    async fn ask(&self, known: Option<&HeaderValue>) -> Answer {
        let headers = known.map(|tag| (header::IF_NONE_MATCH, tag.clone())).into_iter().collect();
        let answer = list(State(self.app.clone()), headers).await.unwrap();
        assert_eq!(answer.headers()[header::CACHE_CONTROL], CACHED);
        let (status, tag) = (answer.status(), answer.headers()[header::ETAG].clone());
        Answer { status, tag, text: to_bytes(answer.into_body(), 2_000_000).await.unwrap().to_vec() }
    }

    /// What somebody who fetched the list reads in it.
    fn read(&self, answer: &Answer) -> RevokedList {
        RevokedList::verify(&answer.text, &public_keys(&self.app.keys).certificate_keys).unwrap()
    }
}

#[tokio::test]
async fn a_revoked_certificate_is_on_the_signed_list_until_its_last_day_and_counts_no_more() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let world = World::new(kind).await;
        let (void, good) = (world.certified().await, world.certified().await);
        let before = world.read(&world.ask(None).await);
        assert_eq!((before.check(&void, world.now()), before.check(&good, world.now())), (Ok(()), Ok(())));
        assert!(world.revoke(&void).await);
        assert!(!world.revoke(&void).await, "nothing twice");
        world.clock.advance(Duration::from_millis(LOOK_MS as u64));
        let after = world.ask(None).await;
        let list = world.read(&after);
        assert_eq!(list.check(&void, world.now()), Err(CertificateError::Revoked(Box::new(void.clone()))));
        assert_eq!(list.check(&good, world.now()), Ok(()));
        assert_eq!(list.check(&good, world.now() + time::Duration::days(8)), Err(CertificateError::ListOutdated));

        for (claims, given) in [(&void, false), (&good, true)] {
            let (state, picture) = world.outcome(claims).await;
            assert_eq!((state, picture == StatusCode::OK), (given, given), "the holder is told");
            assert!(given || picture == StatusCode::GONE);
        }

        let db = world.app.store.reads();
        let facts = fact::Entity::find().filter(fact::Column::Kind.eq("revoked")).all(db).await.unwrap();
        let entries = audit_entry::Entity::find().filter(audit_entry::Column::Action.eq("revoked"));
        assert_eq!((facts.len(), entries.all(db).await.unwrap().len()), (1, 1));
        assert_eq!(facts[0].clerk_id, Some(CLERK));
        let nobody = world.app.office().revoke(Uuid::nil(), CLERK, world.now()).await;
        assert!(matches!(nobody, Err(OfficeError::Refused(_))));

        world.clock.advance(Duration::from_hours(24 * 400));
        let empty = world.read(&world.ask(None).await);
        assert_eq!(empty.check(&void, world.now()), Ok(()), "it is past its last day; the list need not name it");
    }
}

#[tokio::test]
async fn the_list_is_the_same_text_until_it_changes_or_is_a_day_old() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let world = World::new(kind).await;
        let void = world.certified().await;
        let first = world.ask(None).await;
        assert_eq!(first.status, StatusCode::OK);
        for _ in 0..3 {
            world.clock.advance(Duration::from_millis(LOOK_MS as u64));
            let again = world.ask(Some(&first.tag)).await;
            assert_eq!((again.status, &again.tag), (StatusCode::NOT_MODIFIED, &first.tag));
            assert!(again.text.is_empty());
        }
        world.revoke(&void).await;
        world.clock.advance(Duration::from_millis(LOOK_MS as u64));
        let changed = world.ask(Some(&first.tag)).await;
        assert_eq!(changed.status, StatusCode::OK);
        assert_ne!(changed.text, first.text);
        world.clock.advance(Duration::from_hours(24));
        let renewed = world.ask(Some(&changed.tag)).await;
        assert_eq!(renewed.status, StatusCode::OK);
        assert!(world.read(&renewed).issued_at() > world.read(&changed).issued_at());
        let weak = HeaderValue::from_str(&format!("\"other\", W/{}", renewed.tag.to_str().unwrap())).unwrap();
        assert_eq!(world.ask(Some(&weak)).await.status, StatusCode::NOT_MODIFIED, "as a proxy may ask");
    }
}
