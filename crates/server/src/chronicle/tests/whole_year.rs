//! A year of many people under three policies, in which everything that runs is killed, again and again, at any await: the
//! tick, the match, the judging worker. It ends as a year that nobody disturbed, to the row, in both databases.
//!
//! A killed run is a future that is dropped in the middle, as a process is that dies: what was committed stands, what was not
//! is undone, and the lines to the database are cut. It dies where it waits or after a statement, whichever comes first.
//!
//! The match is the monthly comparison with the household register, as it is recorded: found (a certification by rules) or
//! not found (a fact). What the judging worker finds is given here; its jobs, leases and transactions are the real ones.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::task::Poll;

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _};
use time::Date;
use time::macros::date;
use uuid::Uuid;

use crate::app::App;
use crate::chronicle::policies::{Rules, load};
use crate::chronicle::record::{Recorded, add, certification_id, certify};
use crate::chronicle::tick::tick;
use crate::clock::{Clock, to_millis};
use crate::db::entity::job;
use crate::judging::tests::{accept_for, judge_next};
use crate::tests::{Kind, World};
use crate::year::channel::{Channel, EvidenceKind};
use crate::year::dates::days_after;
use crate::year::facts::{Fact, What};
use crate::year::policy::PolicySet;
use crate::year::record::{CertificationRecord, Ground, Party};
use crate::year::tests::stage::{RUN, morning};

const FIRST: Date = date!(2026 - 01 - 20);
const DAYS: i64 = 365;
/// Days from one look to the next.
const STEP: i64 = 5;
const PEOPLE: u128 = 1_500;
/// Shenzhen: a year from the last proof. Kunming: quarters. Guangzhou: a comparison each month.
const PLACES: [&str; 10] =
    ["440300", "440300", "440300", "530100", "530100", "530100", "440300", "440300", "530100", "440100"];
/// The judging worker, always by the same name, as that of the service is.
const WORKER: Uuid = Uuid::from_u128(77);
const RULES: Party = Party::Rules { version: 1 };

/// A clock that stands where it was put.
struct Calendar(AtomicI64);

impl Clock for Calendar {
    fn now(&self) -> i64 {
        self.0.load(Ordering::SeqCst)
    }
}

/// What happens to somebody on a day.
enum Happens {
    /// Nothing.
    Nothing,
    /// Certified by a clerk at the agency.
    ByHand,
    /// The bundle of an attempt has arrived and waits to be judged.
    Submitted,
    /// Found by the comparison, or not.
    Compared(bool),
    /// Something else was recorded.
    Recorded(What),
}

fn place(number: u128) -> &'static str {
    PLACES[(number % 10) as usize]
}

/// The same each time.
fn happens(number: u128, day: i64) -> Happens {
    let mut draw = StdRng::seed_from_u64((number as u64) << 16 | day as u64);
    let (lot, clerk) = (draw.random_range(0..10_000), Uuid::from_u128(1));
    let monthly = days_after(FIRST, day).day() <= STEP as u8;
    match (place(number), lot) {
        (_, 0..4) => Happens::Recorded(What::Deceased { clerk }),
        (_, 4..24) => Happens::Recorded(What::AppealOpened { appeal: Uuid::from_u128(number) }),
        (_, 24..44) => {
            Happens::Recorded(What::AppealDecided { appeal: Uuid::from_u128(number), upheld: lot % 2 == 0, clerk })
        }
        (_, 44..60) => Happens::Submitted,
        ("440100", lot) if monthly && lot < 9_900 => Happens::Compared(lot > 400),
        ("440100", _) => Happens::Nothing,
        (_, lot) if lot < 260 => Happens::ByHand,
        _ => Happens::Nothing,
    }
}

/// How runs are cut short, and how often that has happened to each.
struct Kills {
    draw: Option<StdRng>,
    statements: Arc<Statements>,
    done: BTreeMap<&'static str, u32>,
}

impl Kills {
    /// Does the work, but first begins it some times and drops it in the middle.
    async fn around<T>(&mut self, what: &'static str, work: impl AsyncFn() -> T) -> T {
        let times = self.draw.as_mut().map_or(0, |draw| draw.random_range(0..4));
        for _ in 0..times {
            // Early and late moments alike, whether the run is short or long.
            let moment = self.draw.as_mut().map_or(0, |draw| 1 << draw.random_range(0..9) | draw.random_range(0..16));
            self.statements.left.store(moment, Ordering::SeqCst);
            if dropped_after(moment, work()).await {
                *self.done.entry(what).or_default() += 1;
            }
            self.statements.left.store(i64::MAX, Ordering::SeqCst);
        }
        work().await
    }
}

/// How many statements are left to what runs before it dies of the last. How often it *waits* is for the machine to say: on a
/// busy one the database has often answered before it is waited for.
struct Statements {
    left: AtomicI64,
}

impl Statements {
    fn one_less(&self) {
        if self.left.fetch_sub(1, Ordering::SeqCst) == 1 {
            resume_unwind(Box::new(Killed));
        }
    }
}

/// What unwinds a run that is killed between two waits.
struct Killed;

/// Whether the work was dropped before its end: after it had waited so often, or by [`Statements`].
async fn dropped_after(mut waits: i64, work: impl Future) -> bool {
    let mut work = pin!(work);
    std::future::poll_fn(|context| {
        match catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(context))) {
            Err(cause) if cause.is::<Killed>() => return Poll::Ready(true),
            Err(cause) => resume_unwind(cause),
            Ok(Poll::Ready(_)) => return Poll::Ready(false),
            Ok(Poll::Pending) => waits -= 1,
        }
        if waits < 0 { Poll::Ready(true) } else { Poll::Pending }
    })
    .await
}

/// What came of a year: every row, and how often what was killed.
type Lived = (BTreeMap<&'static str, Vec<String>>, BTreeMap<&'static str, u32>);

/// Lives through the year; with a seed, what runs is killed now and then.
async fn live(kind: Kind, seed: Option<u64>) -> Lived {
    let world = World::new(kind).await;
    for number in 1..=PEOPLE {
        let born = days_after(date!(1940 - 01 - 01), (number * 7 % 5_000) as i64);
        world.person(number, place(number), born, FIRST, FIRST).await;
    }
    let clock = Arc::new(Calendar(AtomicI64::new(to_millis(morning(FIRST)))));
    let mut app = App::open(world.config.clone(), clock.clone()).await.unwrap();
    let statements = Arc::new(Statements { left: AtomicI64::new(i64::MAX) });
    app.store.after_each_statement({
        let statements = statements.clone();
        move || statements.one_less()
    });
    let policies = load(app.store.reads()).await.unwrap();
    let mut kills = Kills { draw: seed.map(StdRng::seed_from_u64), statements, done: BTreeMap::new() };
    for offset in (0..=DAYS).step_by(STEP as usize) {
        let day = days_after(FIRST, offset);
        clock.0.store(to_millis(morning(day)), Ordering::SeqCst);
        let all: Vec<_> = (1..=PEOPLE).map(|number| (number, happens(number, offset))).collect();
        record(&app, &all, day).await;
        kills.around("match", async || compare(&app, &all, day).await).await;
        submit(&app, &all, offset).await;
        kills.around("work", async || judge_all(&app).await).await;
        kills.around("tick", async || look(&app, &policies, day).await).await;
        world.hand_over(day).await;
    }
    app.store.clone().close().await.unwrap();
    let mut rows = world.rows().await;
    if let Some(log) = rows.get_mut("audit_entry") {
        log.iter_mut().for_each(|entry| *entry = without_place(entry));
        log.sort();
    }
    (rows, kills.done)
}

/// An entry of the linked log without its place in it: of those who wait since the same moment any may be judged first.
fn without_place(entry: &str) -> String {
    let place = ["seq=", "hash=", "previous="];
    let kept = entry.split(' ').filter(|part| !place.iter().any(|name| part.starts_with(name)));
    kept.collect::<Vec<_>>().join(" ")
}

async fn look(app: &App, policies: &PolicySet, day: Date) {
    let ticked = tick(&app.store, &app.keys, policies, morning(day), &|| false).await.unwrap();
    assert_eq!((ticked.unreadable, ticked.without_policy), (0, 0));
}

/// What people do: clerks, appeals, deaths.
async fn record(app: &App, all: &[(u128, Happens)], day: Date) {
    let (at, tx) = (to_millis(morning(day)), app.store.begin("test").await.unwrap());
    for (number, happens) in all {
        let who = Uuid::from_u128(*number);
        let what = match happens {
            Happens::Recorded(what) => *what,
            Happens::ByHand => {
                let id = Uuid::from_u128(*number << 32 | at as u128);
                What::Certified { id, channel: Channel::AgencyByHand }
            }
            _ => continue,
        };
        add(&*tx, who, &Fact::of_day(day, what), at).await.unwrap();
    }
    tx.commit().await.unwrap();
}

/// The comparison of a month, a hundred people to a transaction.
async fn compare(app: &App, all: &[(u128, Happens)], day: Date) {
    let at = to_millis(morning(day));
    let compared: Vec<_> = all
        .iter()
        .filter_map(|(number, happens)| match happens {
            Happens::Compared(found) => Some((Uuid::from_u128(*number), *found)),
            _ => None,
        })
        .collect();
    for some in compared.chunks(100) {
        let policy = Rules::of(&app.policies, app.store.reads(), &app.keys, some[0].0).await.unwrap().unwrap();
        let tx = app.store.begin("match").await.unwrap();
        for (who, found) in some {
            if !found {
                add(&*tx, *who, &Fact::of_day(day, What::NoMatch { run: RUN }), at).await.unwrap();
                continue;
            }
            let record = CertificationRecord {
                id: certification_id(*who, Channel::RegisterMatch, RULES, day),
                beneficiary: *who,
                by: RULES,
                channel: Channel::RegisterMatch,
                proof_date: day,
                recorded: day,
                ground: Ground::Evidence { kind: EvidenceKind::Data, reference: Uuid::from_u128(at as u128) },
                decided_by: RULES,
            };
            let recorded = certify(&*tx, &record, None, policy.on(day), at).await.unwrap();
            assert!(!matches!(recorded, Recorded::Refused(_)), "{recorded:?}");
        }
        tx.commit().await.unwrap();
    }
}

/// Bundles of some arrive.
async fn submit(app: &App, all: &[(u128, Happens)], offset: i64) {
    for (number, happens) in all {
        if matches!(happens, Happens::Submitted) {
            accept_for(app, Uuid::from_u128(*number), Uuid::from_u128(*number << 32 | (offset as u128) << 8 | 1)).await;
        }
    }
}

/// Judges until nothing waits, beginning with what an earlier run had in hand. PostgreSQL passes over a job that a transaction
/// which was cut off a moment ago still holds: it is come back to.
async fn judge_all(app: &App) {
    loop {
        crate::judging::take_back(app, WORKER).await.unwrap();
        while judge_next(app, WORKER).await {}
        let waits = job::Entity::find().filter(job::Column::DoneAt.is_null()).one(app.store.reads()).await.unwrap();
        if waits.is_none() {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn a_year_in_which_everything_is_killed_ends_as_an_undisturbed_one_to_the_row() {
    let (undisturbed, none) = live(Kind::Sqlite, None).await;
    assert!(none.is_empty());
    let least = [("fact", 2_000), ("certification", 1_500), ("standing_change", 1_500), ("message", 2_500)];
    for (table, least) in least.into_iter().chain([("instruction", 150), ("benefit", PEOPLE as usize)]) {
        assert!(undisturbed[table].len() >= least, "{table}: {}", undisturbed[table].len());
    }
    for (kind, seed) in [(Kind::Sqlite, 11), (Kind::Postgres, 12)] {
        let (disturbed, killed) = live(kind, Some(seed)).await;
        for what in ["tick", "match", "work"] {
            assert!(killed.get(what).is_some_and(|times| *times >= 10), "{what}: {killed:?}");
        }
        for (table, rows) in &undisturbed {
            assert!(
                disturbed[table] == *rows,
                "{kind:?}: {table} differs: {:?}",
                first_difference(rows, &disturbed[table])
            );
        }
    }
}

fn first_difference<'a>(one: &'a [String], other: &'a [String]) -> Option<(&'a String, &'a String)> {
    one.iter().zip(other).find(|(one, other)| one != other)
}
