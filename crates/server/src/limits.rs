//! How often somebody may guess.
//!
//! Failures are counted for a device key, for a client address, and for a device key together with an ID number; over
//! the limit, the answer is `limit.too_many_tries` with the seconds to wait. For an ID number alone failures only delay
//! the answer: a hard limit would let anyone stop a person's pension by guessing on purpose. All of it is the same for
//! ID numbers that are in the register and those that are not.
//!
//! At the desk it is the same: failures to sign in are counted for an address and only delay for an account; ID numbers
//! that nobody is found by are counted for the account that looks.
//!
//! Attempts are counted as well, for a device key and for an address, because each may bring a recording to judge.
//!
//! Counts lie in the database under keyed hashes: a restart does not clear them, and they name nobody. Each failure counts,
//! also of several processes at once; whoever asks between another's check and count may pass once more, as many as the
//! database has connections.

use std::net::IpAddr;
use std::time::Duration;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sea_orm::sea_query::{Expr, LockBehavior, LockType, OnConflict};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, DbErr, EntityName as _, EntityTrait,
    IdenStatic as _, Iterable as _, QueryFilter, QuerySelect,
};
use sha2::Sha256;
use uuid::Uuid;

use crate::db::entity::failed_tries::{ActiveModel, Column, Entity, Model};
use crate::db::text::Text;
use crate::keys::{KeyRing, Role};
use crate::problem::Refusal;

const HOUR_MS: i64 = 3_600_000;
/// Failures on an ID number that delay nothing.
const FREE_FAILURES: i64 = 4;
/// Counts that are forgotten at one look.
const FORGOTTEN_AT_ONCE: u64 = 500;
/// The longest delay.
const LONGEST_DELAY: Duration = Duration::from_secs(5);

/// Whom failures are counted for.
pub(crate) struct Subjects<'a> {
    /// Ed25519 public key of the device.
    pub(crate) device: &'a [u8; 32],
    /// Address of the client.
    pub(crate) address: IpAddr,
    /// Keyed hash of the ID number.
    pub(crate) id_hash: &'a [u8; 32],
}

/// One counter: its kind, whom it counts, and how many failures within an hour are allowed (none: it only delays).
struct Counter {
    kind: &'static str,
    subject: Vec<u8>,
    allowed: Option<i64>,
}

/// What keeps a row from being inserted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unless {
    /// Failures for which the caller is refused.
    Refused,
    /// Those, and failures for which the answer is delayed.
    Delayed,
}

/// The counters of one caller.
pub(crate) struct Counters(Vec<Counter>);

impl Counters {
    /// `None` if the service has no key to hash with.
    pub(crate) fn of(subjects: &Subjects<'_>, keys: &KeyRing) -> Option<Self> {
        Some(Self(vec![
            Counter::of("device", &[subjects.device], Some(20), keys)?,
            // Many honest people may share one address: a village behind one gateway.
            Counter::of("address", &[&network(subjects.address)], Some(200), keys)?,
            Counter::of("device_and_id", &[subjects.device, subjects.id_hash], Some(6), keys)?,
            Counter::of("id", &[subjects.id_hash], None, keys)?,
        ]))
    }

    /// Of whoever starts attempts, whatever comes of them: a device, and an address (a village may have one).
    pub(crate) fn at_attempts(device: &[u8], address: IpAddr, keys: &KeyRing) -> Option<Self> {
        Some(Self(vec![
            Counter::of("attempts_device", &[device], Some(60), keys)?,
            Counter::of("attempts_address", &[&network(address)], Some(600), keys)?,
        ]))
    }

    /// Of somebody who signs in from an address with a login name.
    pub(crate) fn at_login(address: IpAddr, login_hash: &[u8; 32], keys: &KeyRing) -> Option<Self> {
        Some(Self(vec![
            // An office has one address.
            Counter::of("login_address", &[&network(address)], Some(100), keys)?,
            Counter::of("login", &[login_hash], None, keys)?,
        ]))
    }

    /// Of an account that looks for people by their ID numbers and finds nobody.
    pub(crate) fn at_desk(account: Uuid, keys: &KeyRing) -> Option<Self> {
        Some(Self(vec![Counter::of("desk", &[account.as_bytes()], Some(30), keys)?]))
    }

    /// Of an account that sends lists: lines that name nobody whom it serves.
    pub(crate) fn at_lists(account: Uuid, keys: &KeyRing) -> Option<Self> {
        Some(Self(vec![Counter::of("desk_lists", &[account.as_bytes()], Some(500), keys)?]))
    }

    /// Of somebody who follows links.
    pub(crate) fn at_link(address: IpAddr, keys: &KeyRing) -> Option<Self> {
        Some(Self(vec![Counter::of("link_address", &[&network(address)], Some(100), keys)?]))
    }

    /// Of somebody who tries codes of invitations.
    pub(crate) fn at_invitation(address: IpAddr, keys: &KeyRing) -> Option<Self> {
        Some(Self(vec![Counter::of("invitation_address", &[&network(address)], Some(20), keys)?]))
    }

    /// Refuses a caller who has failed too often; otherwise says how long the answer must be delayed.
    pub(crate) async fn check(&self, db: &impl ConnectionTrait, now: i64) -> Result<Result<Duration, Refusal>, DbErr> {
        let mut delay = Duration::ZERO;
        let rows = self.rows(db).await?;
        for counter in &self.0 {
            let (failures, ends) = counter.read(&rows, now);
            match counter.allowed {
                Some(allowed) if failures >= allowed => {
                    let seconds = u32::try_from((ends - now) / 1_000 + 1).unwrap_or(u32::MAX);
                    return Ok(Err(Refusal::wait(seconds)));
                }
                Some(_) => {}
                None => delay = delay_after(failures),
            }
        }
        Ok(Ok(delay))
    }

    /// Every count, in one question.
    async fn rows(&self, db: &impl ConnectionTrait) -> Result<Vec<Model>, DbErr> {
        let any = self.0.iter().fold(Condition::any(), |any, counter| any.add(counter.row()));
        Entity::find().filter(any).all(db).await
    }

    /// Inserts a row unless there were so many failures meanwhile; whether it was. One statement, so that of many guesses that
    /// come at once the right one counts for no more than the limit lets through, at the price of one question. Its text is
    /// put together by hand: a quarter of what an activation cost was to build such questions as trees.
    pub(crate) async fn insert<A: ActiveModelTrait>(
        &self,
        db: &impl ConnectionTrait,
        mut row: A,
        unless: Unless,
        now: i64,
    ) -> Result<bool, DbErr> {
        let mut text = Text::new(db.get_database_backend());
        let (mut columns, mut holders) = (Vec::new(), Vec::new());
        for column in <A::Entity as EntityTrait>::Column::iter() {
            if let Some(value) = row.take(column).into_value() {
                columns.push(column.as_str());
                holders.push(text.holds(value));
            }
        }
        let failed = self.failed(&mut text, unless, now);
        let (table, columns, holders) =
            (A::Entity::default().table_name().to_owned(), columns.join(", "), holders.join(", "));
        let sql = format!("INSERT INTO {table} ({columns}) SELECT {holders} WHERE NOT EXISTS ({failed})");
        Ok(db.execute_raw(text.statement(sql)).await?.rows_affected() == 1)
    }

    /// The question for rows of counters with so many failures.
    fn failed(&self, text: &mut Text, unless: Unless, now: i64) -> String {
        let bound = |counter: &Counter| match unless {
            Unless::Refused => counter.allowed,
            Unless::Delayed => counter.allowed.or(Some(FREE_FAILURES + 1)),
        };
        let since = text.holds(now - HOUR_MS);
        let any: Vec<String> = self
            .0
            .iter()
            .filter_map(|counter| {
                let (kind, bound) = (counter.kind, bound(counter)?);
                let subject = text.holds(counter.subject.clone());
                Some(format!("kind = '{kind}' AND subject = {subject} AND failures >= {bound}"))
            })
            .collect();
        format!("SELECT 1 FROM failed_tries WHERE window_start > {since} AND ({})", any.join(" OR "))
    }

    /// Counts a failure.
    pub(crate) async fn count(&self, db: &impl ConnectionTrait, now: i64) -> Result<(), DbErr> {
        for counter in &self.0 {
            let row = ActiveModel {
                kind: Set(counter.kind.to_owned()),
                subject: Set(counter.subject.clone()),
                window_start: Set(now),
                failures: Set(1),
            };
            Entity::insert(row).on_conflict(one_more(now)).exec_without_returning(db).await?;
        }
        Ok(())
    }
}

impl Counter {
    fn of(kind: &'static str, parts: &[&[u8]], allowed: Option<i64>, keys: &KeyRing) -> Option<Self> {
        let mut mac = Hmac::<Sha256>::new_from_slice(keys.current(Role::IdHash)?.expose()).ok()?;
        mac.update(kind.as_bytes());
        parts.iter().for_each(|part| mac.update(part));
        Some(Self { kind, subject: mac.finalize().into_bytes().to_vec(), allowed })
    }

    /// Its row.
    fn row(&self) -> Condition {
        Condition::all().add(Column::Kind.eq(self.kind)).add(Column::Subject.eq(self.subject.clone()))
    }

    /// Failures in the running hour, and when that hour ends.
    fn read(&self, rows: &[Model], now: i64) -> (i64, i64) {
        let row = rows.iter().find(|row| row.kind == self.kind && row.subject == self.subject);
        row.filter(|row| now < row.window_start + HOUR_MS)
            .map_or((0, now + HOUR_MS), |row| (row.failures, row.window_start + HOUR_MS))
    }
}

/// What becomes of a row that is there. The database adds, not the caller, so that of two who count at once none is lost;
/// each transaction meets the kinds in the same order, so that none waits for another in a circle.
fn one_more(now: i64) -> OnConflict {
    // Not for the whole module: it gives numbers another `min`.
    use sea_orm::sea_query::ExprTrait as _;
    let kept = |column: Column| Expr::col((Entity, column));
    let is_over = || kept(Column::WindowStart).lte(now - HOUR_MS);
    let failures = Expr::case(is_over(), 1).finally(kept(Column::Failures).add(1));
    let window_start = Expr::case(is_over(), now).finally(kept(Column::WindowStart));
    OnConflict::columns([Column::Kind, Column::Subject])
        .value(Column::Failures, failures)
        .value(Column::WindowStart, window_start)
        .to_owned()
}

/// Forgets counts whose hour is over; those that somebody is counting at this moment another time, so that neither waits.
pub(crate) async fn forget_old(db: &impl ConnectionTrait, now: i64) -> Result<(), DbErr> {
    let old: Vec<(String, Vec<u8>)> = Entity::find()
        .select_only()
        .columns([Column::Kind, Column::Subject])
        .filter(Column::WindowStart.lt(now - HOUR_MS))
        .limit(FORGOTTEN_AT_ONCE)
        .lock_with_behavior(LockType::Update, LockBehavior::SkipLocked)
        .into_tuple()
        .all(db)
        .await?;
    for counter in old {
        Entity::delete_by_id(counter).exec(db).await?;
    }
    Ok(())
}

/// Twice as long with each failure.
fn delay_after(failures: i64) -> Duration {
    match failures.saturating_sub(FREE_FAILURES) {
        ..=0 => Duration::ZERO,
        over => Duration::from_millis(125 << over.min(10)).min(LONGEST_DELAY),
    }
}

/// A household has one IPv4 address but 2^64 IPv6 ones.
fn network(address: IpAddr) -> Vec<u8> {
    match address.to_canonical() {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets()[..8].to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::tests::{Kind, World};

    const NOW: i64 = 1_800_000_000_000;

    fn counters(keys: &KeyRing) -> Counters {
        let subjects =
            Subjects { device: &[1; 32], address: IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), id_hash: &[2; 32] };
        Counters::of(&subjects, keys).unwrap()
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn failures_of_several_at_once_are_all_counted() {
        for kind in [Kind::Sqlite, Kind::Postgres] {
            let world = Arc::new(World::new(kind).await);
            let failing: Vec<_> = (0..8)
                .map(|_| {
                    let world = world.clone();
                    tokio::spawn(async move {
                        for _ in 0..12 {
                            let tx = world.store.begin("test").await.unwrap();
                            counters(&world.keys).count(&*tx, NOW).await.unwrap();
                            tx.commit().await.unwrap();
                        }
                    })
                })
                .collect();
            for failed in failing {
                failed.await.unwrap();
            }
            let counters = counters(&world.keys);
            let rows = counters.rows(world.store.reads()).await.unwrap();
            for counter in &counters.0 {
                assert_eq!(counter.read(&rows, NOW), (96, NOW + HOUR_MS), "{kind:?} {}", counter.kind);
            }
        }
    }

    #[tokio::test]
    async fn an_hour_later_counting_begins_anew() {
        for kind in [Kind::Sqlite, Kind::Postgres] {
            let world = World::new(kind).await;
            let counters = counters(&world.keys);
            for (at, expected) in [(0, 1), (HOUR_MS - 1, 2), (HOUR_MS, 1), (HOUR_MS + 5, 2)] {
                let tx = world.store.begin("test").await.unwrap();
                counters.count(&*tx, NOW + at).await.unwrap();
                tx.commit().await.unwrap();
                let rows = counters.rows(world.store.reads()).await.unwrap();
                let read = counters.0[0].read(&rows, NOW + at);
                let begun = if at < HOUR_MS { NOW } else { NOW + HOUR_MS };
                assert_eq!(read, (expected, begun + HOUR_MS), "{kind:?} after {at} ms");
            }
        }
    }

    #[tokio::test]
    async fn nothing_is_inserted_over_the_limit_until_its_hour_is_over() {
        for kind in [Kind::Sqlite, Kind::Postgres] {
            let world = World::new(kind).await;
            let counters = counters(&world.keys);
            let row = |kind: &str| ActiveModel {
                kind: Set(kind.to_owned()),
                subject: Set(vec![3; 32]),
                window_start: Set(NOW),
                failures: Set(1),
            };
            let insert = async |unless, at| {
                let row = row(&format!("{unless:?} {at}"));
                counters.insert(world.store.single(), row, unless, NOW + at).await.unwrap()
            };
            for failures in 0..6 {
                assert!(insert(Unless::Refused, failures).await, "{kind:?} {failures}");
                assert_eq!(insert(Unless::Delayed, failures).await, failures <= FREE_FAILURES, "{kind:?} {failures}");
                counters.count(world.store.single(), NOW).await.unwrap();
            }
            for (at, inserted) in [(6, false), (HOUR_MS - 1, false), (HOUR_MS, true)] {
                assert_eq!(insert(Unless::Refused, at).await, inserted, "{kind:?} {at}");
                assert_eq!(insert(Unless::Delayed, at).await, inserted, "{kind:?} {at}");
            }
            let rows =
                Entity::find().filter(Column::Subject.eq(vec![3_u8; 32])).all(world.store.reads()).await.unwrap();
            assert_eq!(rows.len(), 6 + 5 + 2, "{kind:?}");
        }
    }

    #[test]
    fn an_id_number_is_only_ever_delayed() {
        let delays: Vec<_> = [0, 4, 5, 6, 7, 1_000_000, i64::MAX].map(delay_after).to_vec();
        let ms = Duration::from_millis;
        assert_eq!(delays, [ms(0), ms(0), ms(250), ms(500), ms(1000), LONGEST_DELAY, LONGEST_DELAY]);
    }

    #[test]
    fn one_household_is_one_address() {
        let at = |text: &str| network(text.parse().unwrap());
        assert_eq!(at("2001:db8:1:2:3::1"), at("2001:db8:1:2:ffff::9"));
        assert_ne!(at("2001:db8:1:2::1"), at("2001:db8:1:3::1"));
        assert_eq!(at("::ffff:192.0.2.1"), at("192.0.2.1"));
    }
}
