//! The year in each of the ten places, lived in a database beside the pure one: at every look standing, steps, messages and
//! instructions are the same. The stories are those of `year/tests/places.rs`.

use jianzai_wire::{Division, Language, Secret};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _};
use time::{Date, OffsetDateTime};
use tokio::runtime::Runtime;
use uuid::Uuid;

use crate::chronicle::policies;
use crate::chronicle::record::{self, Recorded, add};
use crate::chronicle::tick::tick;
use crate::chronicle::{people, rows};
use crate::clock::to_millis;
use crate::db::year::{benefit, standing_change};
use crate::messages::{ContactWay, add_way};
use crate::tests::{Kind, World};
use crate::year::dates::numbered_day;
use crate::year::facts::{Fact, Person};
use crate::year::names::Named as _;
use crate::year::policy::{Medium, Policy, PolicySet, Recipient};
use crate::year::record::{CertificationRecord, RecordFault};
use crate::year::standing::{Standing, StandingChange};
use crate::year::tests::places::{BORN, OLD, begun};
use crate::year::tests::stage::{CLERK, Shadow, Stage, morning, person, versions};
use crate::year::tick::Kept;
use crate::year::window::spread_seed;

mod sqlite {
    crate::year::tests::places::journeys!(&|place, proof| super::stage(super::Kind::Sqlite, place, proof));
}

mod postgres {
    crate::year::tests::places::journeys!(&|place, proof| super::stage(super::Kind::Postgres, place, proof));
}

/// A person in a database.
struct Stored {
    runtime: Runtime,
    world: World,
    policies: PolicySet,
    id: Uuid,
    today: Date,
}

/// Somebody whose due date lies at the end of the spread, as the stories have it.
fn number(place: &str) -> u128 {
    let days = versions(place).last().map_or(1, |policy| u64::from(policy.spread_days) + 1);
    (1..).find(|number| spread_seed(Uuid::from_u128(*number)).is_multiple_of(days)).unwrap()
}

fn stage(kind: Kind, place: &str, proof: Date) -> Stage {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let code = String::from(Division::parse(place).unwrap());
    let (world, policies, id) = runtime.block_on(async {
        let world = World::new(kind).await;
        let id = world.person(number(place), &code, BORN, OLD, proof).await;
        reach_family(&world, id).await;
        let policies = policies::load(world.store.reads()).await.unwrap();
        (world, policies, id)
    });
    let pure = Person { spread: spread_seed(id), ..person(BORN, OLD) };
    let mut stage = Stage::new(versions(place), pure, proof);
    stage.shadow = Some(Box::new(Stored { runtime, world, policies, id, today: proof }));
    begun(stage)
}

/// As the stories have it: everybody can be reached by text message and by letter.
async fn reach_family(world: &World, id: Uuid) {
    let tx = world.store.begin("test").await.unwrap();
    for (medium, address) in [(Medium::Sms, "13900000000"), (Medium::Letter, "深圳市")] {
        let (recipient, address, language) = (Recipient::Family, Secret::new(address.to_owned()), Language::Zh);
        let way = ContactWay { recipient, medium, address, language };
        add_way(&*tx, &world.keys, id, &way, CLERK, 0).await.unwrap();
    }
    tx.commit().await.unwrap();
}

impl Stored {
    async fn look_once(&self, now: OffsetDateTime) -> bool {
        let Self { world, policies, .. } = self;
        let ticked = tick(&world.store, &world.keys, policies, now, &|| false).await.unwrap();
        assert_eq!((ticked.unreadable, ticked.without_policy, ticked.interrupted), (0, 0, false));
        if ticked.messages == 0 {
            return ticked.looked_at > 0;
        }
        world.hand_over(now.date()).await;
        true
    }
}

impl Shadow for Stored {
    fn record(&mut self, fact: &Fact) {
        self.runtime.block_on(async {
            let tx = self.world.store.begin("test").await.unwrap();
            assert!(add(&*tx, self.id, fact, to_millis(morning(fact.recorded))).await.unwrap());
            assert!(!add(&*tx, self.id, fact, to_millis(morning(fact.recorded))).await.unwrap(), "only once");
            tx.commit().await.unwrap();
        });
    }

    fn certify(&mut self, of: &CertificationRecord, policy: &Policy) -> Result<(), Vec<RecordFault>> {
        let of = CertificationRecord { beneficiary: self.id, ..*of };
        let at = to_millis(morning(of.recorded));
        let recorded = self.runtime.block_on(async {
            let tx = self.world.store.begin("test").await.unwrap();
            let first = record::certify(&*tx, &of, None, policy, at).await.unwrap();
            if first == Recorded::New {
                assert_eq!(record::certify(&*tx, &of, None, policy, at).await.unwrap(), Recorded::Known);
            }
            tx.commit().await.unwrap();
            first
        });
        match recorded {
            Recorded::New => Ok(()),
            Recorded::Known => panic!("it was known"),
            Recorded::Refused(faults) => Err(faults),
        }
    }

    fn look(&mut self, now: OffsetDateTime) -> bool {
        self.today = now.date();
        self.runtime.block_on(self.look_once(now))
    }

    fn found(&mut self) -> (Standing, Kept, Vec<StandingChange>) {
        self.runtime.block_on(async {
            let db = self.world.store.reads();
            let life = people::life(db, &self.world.keys, self.id, self.today).await.unwrap().unwrap().unwrap();
            let steps = standing_change::Entity::find().order_by_asc(standing_change::Column::OnDay).all(db);
            let read = |text: &str| Standing::named(text).unwrap();
            let steps = steps.await.unwrap().into_iter().map(|step| StandingChange {
                on: numbered_day(step.on_day),
                from: read(&step.was),
                to: read(&step.is_now),
            });
            (read(&life.benefit.standing), life.kept, steps.collect())
        })
    }
}

#[test]
fn a_name_follows_from_what_it_names() {
    let of = |parts: &[&[u8]]| rows::name("message", parts);
    assert_eq!(of(&[b"ab", b"c"]), of(&[b"ab", b"c"]));
    assert_ne!(of(&[b"ab", b"c"]), of(&[b"a", b"bc"]));
    assert_ne!(of(&[b"ab"]), rows::name("fact", &[b"ab"]));
}

#[tokio::test]
async fn whoever_has_no_row_yet_gets_one_and_whoever_cannot_be_read_costs_nobody_else() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let world = World::new(kind).await;
        let today = time::macros::date!(2026 - 03 - 10);
        for number in 1..=3 {
            world.person(number, "440300", BORN, OLD, today).await;
        }
        let tx = world.store.begin("test").await.unwrap();
        benefit::Entity::delete_by_id(Uuid::from_u128(2)).exec(&*tx).await.unwrap();
        let spoilt = crate::db::entity::beneficiary::Column::InsuredPlace;
        crate::db::entity::beneficiary::Entity::update_many()
            .col_expr(spoilt, Expr::value(vec![1_u8, 2, 3]))
            .filter(crate::db::entity::beneficiary::Column::Id.eq(Uuid::from_u128(1)))
            .exec(&*tx)
            .await
            .unwrap();
        tx.commit().await.unwrap();
        let policies = policies::load(world.store.reads()).await.unwrap();
        let ticked = tick(&world.store, &world.keys, &policies, morning(today), &|| false).await.unwrap();
        assert_eq!((ticked.looked_at, ticked.unreadable), (2, 1), "{kind:?}");
        let rows = benefit::Entity::find().all(world.store.reads()).await.unwrap();
        let looked = |number: u128| {
            rows.iter().any(|row| row.beneficiary_id == Uuid::from_u128(number) && row.looked_on.is_some())
        };
        assert_eq!([1, 2, 3].map(looked), [false, true, true]);
    }
}
