//! A tick that is cut short after any of its writes, again and again, comes to what an undisturbed one comes to: to the row,
//! in both databases.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};

use sea_orm::{ActiveModelTrait as _, ActiveValue::Set};
use time::Date;
use time::macros::date;
use uuid::Uuid;

use crate::chronicle::decisions::Decision;
use crate::chronicle::policies;
use crate::chronicle::record::add;
use crate::chronicle::reviews::unreached;
use crate::chronicle::tick::tick;
use crate::clock::to_millis;
use crate::db::Writing;
use crate::db::year::review;
use crate::tests::{Kind, World};
use crate::year::channel::Channel;
use crate::year::dates::days_after;
use crate::year::facts::{Fact, What};
use crate::year::tests::stage::{RUN, morning};

const FIRST: Date = date!(2026 - 01 - 20);
const DAYS: i64 = 500;
/// Shenzhen, Kunming, Guangzhou: a rolling year, quarters, a monthly comparison.
const PLACES: [&str; 3] = ["440300", "530100", "440100"];
const PEOPLE: u128 = 24;
/// The day on which some of them are looked for in vain.
const NOT_FOUND: i64 = 252;

/// What happens to whom on which day: enough for every standing, appeals and a death among them.
fn events(day: i64) -> Vec<(u128, What)> {
    let clerk = Uuid::from_u128(1);
    let happens = |number: u128| {
        let (who, id) = (i64::try_from(number).unwrap(), Uuid::from_u128(1_000_000 + number * 1_000 + day as u128));
        let certified = What::Certified { id, channel: Channel::AppSelf };
        match (who % 6, day) {
            (0, _) if day % (90 + who) == 10 => Some(certified),
            (1, _) if day % 31 == 5 => Some(What::NoMatch { run: RUN }),
            (2, 300) => Some(What::AppealOpened { appeal: Uuid::from_u128(number) }),
            (2, 340) => {
                Some(What::AppealDecided { appeal: Uuid::from_u128(number), upheld: number.is_multiple_of(4), clerk })
            }
            (3, 200) => Some(What::Deceased { clerk }),
            (4, 460) => Some(certified),
            _ => None,
        }
    };
    (1..=PEOPLE).filter_map(|number| happens(number).map(|what| (number, what))).collect()
}

/// A clerk has looked for somebody whom no notice reached, and found nobody.
async fn not_found(tx: &Writing, who: Uuid, day: Date) {
    let at = to_millis(morning(day));
    let (id, _) = unreached(&**tx, who, who, at).await.unwrap();
    add(&**tx, who, &Fact::of_day(day, What::ReviewClosed { review: id }), at).await.unwrap();
    let decided = review::ActiveModel {
        id: Set(id),
        decision: Set(Some(Decision::NotFound.name().to_owned())),
        decided_at: Set(Some(at)),
        ..Default::default()
    };
    decided.update(&**tx).await.unwrap();
}

/// Lives through the days; `cut` says after how many writes the runs of a day are cut short.
async fn live(kind: Kind, cut: impl Fn(i64) -> Vec<u32>) -> (BTreeMap<&'static str, Vec<String>>, u32) {
    let world = World::new(kind).await;
    for number in 1..=PEOPLE {
        let place = PLACES[usize::try_from(number).unwrap() % PLACES.len()];
        world.person(number, place, date!(1945 - 09 - 15), FIRST, FIRST).await;
    }
    let policies = policies::load(world.store.reads()).await.unwrap();
    let mut cuts = 0;
    for offset in (0..=DAYS).filter(|offset| offset % 7 == 0 || !events(*offset).is_empty()) {
        let day = days_after(FIRST, offset);
        let tx = world.store.begin("test").await.unwrap();
        for (number, what) in events(offset) {
            add(&*tx, Uuid::from_u128(number), &Fact::of_day(day, what), to_millis(morning(day))).await.unwrap();
        }
        if offset == NOT_FOUND {
            for number in (1..=PEOPLE).filter(|number| number % 6 == 5) {
                not_found(&tx, Uuid::from_u128(number), day).await;
            }
        }
        tx.commit().await.unwrap();
        for writes in cut(offset) {
            let left = AtomicU32::new(writes);
            let dies = || left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_err();
            let ticked = tick(&world.store, &world.keys, &policies, morning(day), &dies).await.unwrap();
            cuts += u32::from(ticked.interrupted);
        }
        let ended = tick(&world.store, &world.keys, &policies, morning(day), &|| false).await.unwrap();
        assert!(!ended.interrupted);
        world.hand_over(day).await;
    }
    (world.rows().await, cuts)
}

#[tokio::test]
async fn a_tick_cut_short_anywhere_and_repeated_ends_as_an_undisturbed_one_to_the_row() {
    let (undisturbed, none) = live(Kind::Sqlite, |_| Vec::new()).await;
    assert_eq!(none, 0);
    for (table, least) in
        [("benefit", 24), ("fact", 100), ("standing_change", 40), ("message", 40), ("instruction", 10)]
    {
        assert!(undisturbed[table].len() >= least, "{table}: {}", undisturbed[table].len());
    }
    let again = undisturbed["audit_entry"].iter().filter(|row| row.contains("action=unreached")).count();
    assert!(again >= 2, "{again} are looked for again");
    for kind in [Kind::Sqlite, Kind::Postgres] {
        // After every write in turn, each day; then the whole once more than needed.
        let (disturbed, cuts) = live(kind, |_| (0..6).collect()).await;
        assert!(cuts > 200, "{cuts}");
        assert_eq!(disturbed, undisturbed, "{kind:?}");
    }
}
