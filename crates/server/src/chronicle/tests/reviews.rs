//! Appeals and deaths: opened once, decided once, each with the facts that the year goes by.

use jianzai_wire::{ReasonCode, Secret};
use sea_orm::EntityTrait as _;
use time::Date;
use time::macros::date;
use uuid::Uuid;

use crate::appeal::{Taken, take};
use crate::chronicle::reviews::{APPEAL_DAYS, Opening, place};
use crate::clock::to_millis;
use crate::columns;
use crate::db::desk_entity::audit_entry;
use crate::db::year::{fact, review};
use crate::office::{Decision, Office, ReviewError};
use crate::tests::{Kind as Database, World};
use crate::year::dates::{day_number, days_after};
use crate::year::tests::stage::{CLERK_ID, morning};

const TODAY: Date = date!(2026 - 06 - 01);
/// A clerk beside [`CLERK_ID`].
const COLLEAGUE_ID: Uuid = Uuid::from_u128(11);

async fn kinds(world: &World) -> Vec<String> {
    let facts = fact::Entity::find().all(world.store.reads()).await.unwrap();
    let mut kinds: Vec<_> = facts.into_iter().map(|fact| fact.kind).collect();
    kinds.sort();
    kinds
}

/// Somebody appeals; the one case that there is then.
async fn appeal(world: &World, who: Uuid, words: Option<Secret>) -> Uuid {
    let tx = world.store.begin("test").await.unwrap();
    let opening = Opening::appeal(who, None, words);
    if let Taken::New(_) = take(&tx, &world.keys, who, opening, None, to_millis(morning(TODAY))).await.unwrap() {
        tx.commit().await.unwrap();
    }
    let [row] = &review::Entity::find().all(world.store.reads()).await.unwrap()[..] else { panic!("one case") };
    row.id
}

#[tokio::test]
async fn an_appeal_is_open_once_and_decided_once_and_its_words_are_sealed() {
    for kind in [Database::Sqlite, Database::Postgres] {
        let world = World::new(kind).await;
        let who = world.person(1, "440300", date!(1945 - 09 - 15), TODAY, TODAY).await;
        let office = Office::open(&world.config, &crate::clock::SystemClock).await.unwrap();
        let words = || Some(Secret::new("我还在".to_owned()));
        let id = appeal(&world, who, words()).await;
        assert_eq!(appeal(&world, who, words()).await, id);
        let row = review::Entity::find_by_id(id).one(world.store.reads()).await.unwrap().unwrap();
        let sealed = row.statement.unwrap();
        assert_eq!(
            columns::open(&world.keys, place("statement", id), &sealed).unwrap().as_slice(),
            "我还在".as_bytes()
        );
        assert_eq!(row.answer_by, day_number(days_after(TODAY, APPEAL_DAYS)));
        let why = Secret::new("登记有误".to_owned());
        let decide = |decision| office.decide(id, CLERK_ID, decision, &why, morning(TODAY));
        assert!(
            matches!(decide(Decision::Refuse(ReasonCode::ReviewRefused)).await, Err(ReviewError::NotFound)),
            "an appeal is not refused so"
        );
        decide(Decision::Appeal { upheld: true }).await.unwrap();
        assert!(matches!(decide(Decision::Appeal { upheld: false }).await, Err(ReviewError::Decided)));
        assert_eq!(kinds(&world).await, ["appeal_decided", "appeal_opened"]);
        let logged = audit_entry::Entity::find().all(world.store.reads()).await.unwrap();
        let told: Vec<_> = logged.iter().map(|entry| (entry.action.as_str(), entry.actor_id)).collect();
        let expected = [("appeal_opened", None), ("appeal_decided", Some(CLERK_ID))];
        assert_eq!(told, expected, "opened once, decided once, logged once");
    }
}

#[tokio::test]
async fn a_death_is_a_clerks_word_and_can_be_taken_back() {
    for kind in [Database::Sqlite, Database::Postgres] {
        let world = World::new(kind).await;
        let who = world.person(1, "440300", date!(1945 - 09 - 15), date!(2026 - 01 - 10), TODAY).await;
        let office = Office::open(&world.config, &crate::clock::SystemClock).await.unwrap();
        let id = office.report_death(who, Some(COLLEAGUE_ID), None, morning(TODAY)).await.unwrap();
        assert_eq!(kinds(&world).await, ["review_opened"], "a report alone changes nothing");
        let row = review::Entity::find_by_id(id).one(world.store.reads()).await.unwrap().unwrap();
        assert_eq!(row.opened_by, Some(format!("staff:{COLLEAGUE_ID}")));
        let why = Secret::new("证明".to_owned());
        let died = Decision::Died(date!(2026 - 05 - 20));
        let own = office.decide(id, COLLEAGUE_ID, died, &why, morning(TODAY)).await;
        assert!(matches!(own, Err(ReviewError::Own)), "{own:?}");
        let slip = office.decide(id, CLERK_ID, Decision::Died(date!(2016 - 05 - 20)), &why, morning(TODAY)).await;
        assert!(matches!(slip, Err(ReviewError::DiedBeforeEntitled)), "{slip:?}");
        assert_eq!(kinds(&world).await, ["review_opened"]);
        office.decide(id, CLERK_ID, died, &why, morning(TODAY)).await.unwrap();
        assert_eq!(kinds(&world).await, ["deceased", "review_closed", "review_opened"]);
        let ticked = office.tick(morning(TODAY)).await.unwrap();
        assert_eq!(ticked.instructions, 1, "the payer stops");
        office.withdraw_death(who, CLERK_ID, morning(days_after(TODAY, 3))).await.unwrap();
        let ticked = office.tick(morning(days_after(TODAY, 3))).await.unwrap();
        assert_eq!(ticked.instructions, 1, "and pays again");
    }
}
