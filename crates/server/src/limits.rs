//! How often somebody may guess.
//!
//! Failures are counted for a device key, for a client address, and for a device key together with an ID number; over
//! the limit, the answer is `limit.too_many_tries` with the seconds to wait. For an ID number alone failures only delay
//! the answer: a hard limit would let anyone stop a person's pension by guessing on purpose. All of it is the same for
//! ID numbers that are in the register and those that are not.
//!
//! Counts lie in the database under keyed hashes: a restart does not clear them, and they name nobody.

use std::net::IpAddr;
use std::time::Duration;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter};
use sha2::Sha256;

use crate::db::entity::failed_tries::{ActiveModel, Column, Entity};
use crate::keys::{KeyRing, Role};
use crate::problem::Refusal;

const HOUR_MS: i64 = 3_600_000;
/// Failures on an ID number that delay nothing.
const FREE_FAILURES: i64 = 4;
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

/// The counters of one caller.
pub(crate) struct Counters([Counter; 4]);

impl Counters {
    /// `None` if the service has no key to hash with.
    pub(crate) fn of(subjects: &Subjects<'_>, keys: &KeyRing) -> Option<Self> {
        let key = keys.current(Role::IdHash)?.expose();
        let hash = |kind: &str, parts: &[&[u8]]| {
            let mut mac = Hmac::<Sha256>::new_from_slice(key).ok()?;
            mac.update(kind.as_bytes());
            parts.iter().for_each(|part| mac.update(part));
            Some(mac.finalize().into_bytes().to_vec())
        };
        let counter =
            |kind: &'static str, parts: &[&[u8]], allowed| Some(Counter { kind, subject: hash(kind, parts)?, allowed });
        Some(Self([
            counter("device", &[subjects.device], Some(20))?,
            // Many honest people may share one address: a village behind one gateway.
            counter("address", &[&network(subjects.address)], Some(200))?,
            counter("device_and_id", &[subjects.device, subjects.id_hash], Some(6))?,
            counter("id", &[subjects.id_hash], None)?,
        ]))
    }

    /// Refuses a caller who has failed too often; otherwise says how long the answer must be delayed.
    pub(crate) async fn check(&self, db: &impl ConnectionTrait, now: i64) -> Result<Result<Duration, Refusal>, DbErr> {
        let mut delay = Duration::ZERO;
        for counter in &self.0 {
            let (failures, ends) = counter.read(db, now).await?;
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

    /// Counts a failure.
    pub(crate) async fn count(&self, db: &impl ConnectionTrait, now: i64) -> Result<(), DbErr> {
        for counter in &self.0 {
            let (failures, ends) = counter.read(db, now).await?;
            let row = ActiveModel {
                kind: Set(counter.kind.to_owned()),
                subject: Set(counter.subject.clone()),
                window_start: Set(ends - HOUR_MS),
                failures: Set(failures + 1),
            };
            let replace = OnConflict::columns([Column::Kind, Column::Subject])
                .update_columns([Column::WindowStart, Column::Failures])
                .to_owned();
            Entity::insert(row).on_conflict(replace).exec_without_returning(db).await?;
        }
        Ok(())
    }
}

impl Counter {
    /// Failures in the running hour, and when that hour ends.
    async fn read(&self, db: &impl ConnectionTrait, now: i64) -> Result<(i64, i64), DbErr> {
        let row = Entity::find_by_id((self.kind.to_owned(), self.subject.clone())).one(db).await?;
        Ok(row
            .filter(|row| now < row.window_start + HOUR_MS)
            .map_or((0, now + HOUR_MS), |row| (row.failures, row.window_start + HOUR_MS)))
    }
}

/// Forgets counts whose hour is over.
pub(crate) async fn forget_old(db: &impl ConnectionTrait, now: i64) -> Result<(), DbErr> {
    Entity::delete_many().filter(Column::WindowStart.lt(now - HOUR_MS)).exec(db).await.map(drop)
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
    use super::*;

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
