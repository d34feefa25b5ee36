//! Suspensions that should not have been are counted over everybody.

use time::macros::date;
use uuid::Uuid;

use crate::chronicle::record::add;
use crate::clock::{SystemClock, to_millis};
use crate::office::Office;
use crate::tests::{Kind, World};
use crate::year::channel::Channel;
use crate::year::dates::days_after;
use crate::year::facts::{Fact, What};
use crate::year::tests::stage::morning;
use crate::year::wrongful::Why;

#[tokio::test]
async fn a_proof_that_arrives_after_the_suspension_makes_it_wrong() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let world = World::new(kind).await;
        let came = date!(2026 - 01 - 10);
        for number in 1..=2 {
            world.person(number, "310000", date!(1945 - 09 - 15), came, came).await;
        }
        let office = Office::open(&world.config, &SystemClock).await.unwrap();
        let mut instructions = 0;
        for day in 0..800 {
            let day = days_after(came, day);
            instructions += office.tick(morning(day)).await.unwrap().instructions;
            world.hand_over(day).await;
        }
        assert_eq!(instructions, 2, "both are suspended");
        let counted = office.wrongful(morning(days_after(came, 800))).await.unwrap();
        assert_eq!((counted.suspensions, counted.wrong.len()), (2, 0));
        // The paper was posted in time.
        let what = What::Certified { id: Uuid::from_u128(7), channel: Channel::PaperByMail };
        let fact = Fact { on: date!(2027 - 12 - 20), recorded: days_after(came, 801), what };
        let tx = world.store.begin("test").await.unwrap();
        add(&*tx, Uuid::from_u128(1), &fact, to_millis(morning(fact.recorded))).await.unwrap();
        tx.commit().await.unwrap();
        let counted = office.wrongful(morning(days_after(came, 802))).await.unwrap();
        assert_eq!((counted.suspensions, counted.wrong.get(&Why::ProvenInTime)), (2, Some(&1)));
    }
}
