//! What happens beside a tick is not lost, and a message that nobody needed is told when it is needed again.

use std::time::Duration;

use jianzai_wire::Division;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QuerySelect as _};
use time::Date;
use time::macros::date;
use uuid::Uuid;

use crate::chronicle::policies;
use crate::chronicle::record::add;
use crate::chronicle::tick::AsOfNow;
use crate::clock::{SystemClock, to_millis};
use crate::db::year::{benefit, message};
use crate::messages::WITHDRAWN;
use crate::office::Office;
use crate::tests::{Kind, World, on_both_databases};
use crate::year::channel::Channel;
use crate::year::dates::{day_number, days_after};
use crate::year::facts::{Fact, What};
use crate::year::policy::{PolicySet, SHIPPED, Scheme};
use crate::year::tests::stage::{CLERK, morning};

const CAME: Date = date!(2026 - 01 - 10);
const WHO: Uuid = Uuid::from_u128(1);

async fn somebody(kind: Kind) -> World {
    let world = World::new(kind).await;
    world.person(1, "310000", date!(1945 - 09 - 15), CAME, CAME).await;
    world
}

on_both_databases!(
    a_fact_that_comes_while_somebody_is_looked_at_is_looked_at_next,
    a_notice_that_was_withdrawn_is_given_once_there_is_cause_again,
    a_version_that_is_added_beside_a_tick_is_what_it_goes_on_with
);

async fn a_fact_that_comes_while_somebody_is_looked_at_is_looked_at_next(kind: Kind) {
    let world = somebody(kind).await;
    // A tick has the person in hand and has read the facts.
    let look = world.store.begin_many("look").await.unwrap();
    benefit::Entity::find_by_id(WHO).lock_exclusive().one(&*look).await.unwrap().unwrap();
    let (store, today) = (world.store.clone(), days_after(CAME, 400));
    let certifies = tokio::spawn(async move {
        let tx = store.begin("test").await.unwrap();
        let fact = Fact::of_day(today, What::Certified { id: Uuid::from_u128(7), channel: Channel::AgencyByHand });
        add(&*tx, WHO, &fact, to_millis(morning(today))).await.unwrap();
        tx.commit().await.unwrap();
    });
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(!certifies.is_finished(), "it waits for the look");
    let column = benefit::Column::NextLook;
    let never = Expr::value(Option::<i64>::None);
    benefit::Entity::update_many().col_expr(column, never).exec(&*look).await.unwrap();
    look.commit().await.unwrap();
    certifies.await.unwrap();
    let row = benefit::Entity::find_by_id(WHO).one(world.store.reads()).await.unwrap().unwrap();
    assert_eq!(row.next_look, Some(day_number(today)));
}

async fn a_notice_that_was_withdrawn_is_given_once_there_is_cause_again(kind: Kind) {
    let world = somebody(kind).await;
    let office = Office::open(&world.config, &SystemClock).await.unwrap();
    let notices = async || {
        let rows = message::Entity::find().filter(message::Column::Template.eq("stops")).all(world.store.reads());
        rows.await.unwrap().into_iter().map(|row| (row.id, row.state)).collect::<Vec<_>>()
    };
    let mut day = CAME;
    while notices().await.is_empty() {
        day = days_after(day, 1);
        office.tick(morning(day)).await.unwrap();
    }
    // As a sender leaves what nobody needs when it is to go.
    let tx = world.store.begin("test").await.unwrap();
    let state = Expr::value(WITHDRAWN);
    message::Entity::update_many().col_expr(message::Column::State, state).exec(&*tx).await.unwrap();
    benefit::Entity::update_many().col_expr(benefit::Column::NextLook, Expr::value(0)).exec(&*tx).await.unwrap();
    tx.commit().await.unwrap();
    let before: Vec<Uuid> = notices().await.into_iter().map(|(id, _)| id).collect();
    day = days_after(day, 1);
    office.tick(morning(day)).await.unwrap();
    let after = notices().await;
    assert_eq!(after.iter().map(|(id, _)| *id).collect::<Vec<_>>(), before, "under the same name");
    assert!(after.iter().all(|(_, state)| state == "waiting"), "{after:?}");
    let mut suspended = 0;
    for later in 1..60 {
        let day = days_after(day, later);
        world.hand_over(day).await;
        suspended += office.tick(morning(day)).await.unwrap().instructions;
    }
    assert_eq!(suspended, 1);
}

async fn a_version_that_is_added_beside_a_tick_is_what_it_goes_on_with(kind: Kind) {
    let world = somebody(kind).await;
    let office = Office::open(&world.config, &SystemClock).await.unwrap();
    office.tick(morning(CAME)).await.unwrap();
    // What a tick has read before the version came.
    let before = policies::load(world.store.reads()).await.unwrap();
    let (file, text) = SHIPPED.iter().find(|(file, _)| *file == "shanghai.toml").unwrap();
    let text = text.replace("version = 1", "version = 2").replace("2026-01-01", "2026-02-01");
    let begun = policies::count(world.store.reads()).await.unwrap();
    let files = [((*file).to_owned(), text)];
    office.apply(&files, CLERK, morning(CAME)).await.unwrap();
    let mut policies = AsOfNow::begun(&before, begun);
    let place = Division::parse("310000").unwrap();
    let newest = |set: &PolicySet| set.versions(place, Scheme::EmployeePension).last().unwrap().version;
    let tx = world.store.begin_many("test").await.unwrap();
    assert_eq!((newest(&before), newest(policies.read(&*tx).await.unwrap())), (1, 2));
}
