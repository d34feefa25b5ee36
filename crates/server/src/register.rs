//! The register: who draws a pension here.
//!
//! A person is found by a keyed hash of the ID number; everything that says something about them is sealed. Nothing in
//! here answers "is this person in the register": [`confirm`] does the same work and gives the same answer whether a fact
//! was wrong or the person unknown.

use std::ops::Deref;

use hmac::{Hmac, KeyInit as _, Mac as _};
use jianzai_wire::{IdNumber, PersonFacts};
use sea_orm::{ConnectionTrait, DbBackend, DbErr, EntityTrait, FromQueryResult, QuerySelect, Statement};
use sha2::{Digest as _, Sha256};
use subtle::{Choice, ConstantTimeEq as _};
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::columns::{self, NotSealed, Place};
use crate::db::entity::beneficiary::{Column, Entity};
use crate::db::text::Text;
use crate::keys::{Key, KeyRing, Role};

/// Place of a personal value in the register.
pub(crate) fn place(column: &'static str, row: Uuid) -> Place {
    Place { table: "beneficiary", column, row }
}

/// The keyed hash by which a person is found.
pub(crate) fn id_hash(key: &Key, id: &IdNumber) -> [u8; 32] {
    // HMAC takes a key of any length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key.expose()) else { return [0; 32] };
    mac.update(b"jianzai id number v1");
    mac.update(id.expose().as_bytes());
    mac.finalize().into_bytes().into()
}

/// The hashes of an ID number under every key that a row may have been made with.
pub(crate) fn id_hashes(keys: &KeyRing, id: &IdNumber) -> Vec<Vec<u8>> {
    keys.all(Role::IdHash).iter().map(|key| id_hash(key, id).to_vec()).collect()
}

/// Whether the rows can be found with the keys that are there: a database made with other keys is of no use.
pub(crate) async fn fits(db: &impl ConnectionTrait, keys: &KeyRing) -> Result<bool, DbErr> {
    let made_with = Entity::find().select_only().column(Column::IdHashKey).limit(1).into_tuple::<String>().one(db);
    Ok(made_with.await?.is_none_or(|id| keys.named(Role::IdHash, &id).is_some()))
}

/// What is compared of a row; the portrait stays where it is.
#[derive(FromQueryResult)]
struct Compared {
    id: Uuid,
    name: Vec<u8>,
    insured_place: Vec<u8>,
    residence: Vec<u8>,
}

/// A row that is nobody's; compared with where there is no row, so that the work is the same.
pub(crate) struct Nobody(Compared);

impl Nobody {
    /// Seals the row.
    pub(crate) fn new(keys: &KeyRing) -> Result<Self, NotSealed> {
        let id = Uuid::nil();
        let seal = |column, value: &str| columns::seal(keys, place(column, id), value.as_bytes());
        let (insured_place, residence) = (seal("insured_place", "000000")?, seal("residence", "000000")?);
        Ok(Self(Compared { id, name: seal("name", "—")?, insured_place, residence }))
    }
}

/// The person whose four facts these are; `None` if any of them is wrong, whichever.
pub(crate) async fn confirm(
    db: &impl ConnectionTrait,
    keys: &KeyRing,
    nobody: &Nobody,
    facts: &PersonFacts,
) -> Result<Option<Uuid>, DbErr> {
    let row = Compared::find_by_statement(compared(db.get_database_backend(), keys, &facts.id_number)).one(db).await?;
    let known = Choice::from(u8::from(row.is_some()));
    let row = row.as_ref().unwrap_or(&nobody.0);
    let insured_place = Zeroizing::new(String::from(facts.insured_place));
    let residence = Zeroizing::new(String::from(facts.residence));
    let same = known
        & is_same(keys, place("name", row.id), &row.name, facts.name.expose())
        & is_same(keys, place("insured_place", row.id), &row.insured_place, &insured_place)
        & is_same(keys, place("residence", row.id), &row.residence, &residence);
    Ok(bool::from(same).then_some(row.id))
}

/// The question for what is compared of a row, whichever of the keys it was made with.
fn compared(backend: DbBackend, keys: &KeyRing, id: &IdNumber) -> Statement {
    let mut text = Text::new(backend);
    let hashes: Vec<String> = id_hashes(keys, id).into_iter().map(|hash| text.holds(hash)).collect();
    let sql = format!(
        "SELECT id, name, insured_place, residence FROM beneficiary WHERE id_hash IN ({}) LIMIT 1",
        hashes.join(", ")
    );
    text.statement(sql)
}

/// Compares digests, so that neither length nor place of a difference shows in the time it takes.
fn is_same(keys: &KeyRing, place: Place, sealed: &[u8], given: &str) -> Choice {
    let (opened, kept) = match columns::open(keys, place, sealed) {
        Ok(value) => (Choice::from(1), value),
        Err(error) => {
            tracing::error!(%error, column = place.column, "register");
            (Choice::from(0), Zeroizing::default())
        }
    };
    let (kept, given) = (Sha256::digest(kept.deref()), Sha256::digest(given.as_bytes()));
    opened & kept.as_slice().ct_eq(given.as_slice())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{Kind, World, id_number};

    /// Enough that no planner would rather read them all.
    const PEOPLE: u32 = 20_000;

    #[tokio::test]
    async fn a_person_is_found_by_the_index_of_the_hash_also_under_several_keys() {
        for (kind, index) in [
            (Kind::Sqlite, "SEARCH beneficiary USING INDEX sqlite_autoindex_beneficiary_2 (id_hash=?)"),
            (Kind::Postgres, "Scan using beneficiary_id_hash_key on beneficiary"),
        ] {
            let mut world = World::new(kind).await;
            let backend = world.store.reads().get_database_backend();
            let tx = world.store.begin("test").await.unwrap();
            for statement in many(backend) {
                tx.execute_raw(Statement::from_string(backend, statement)).await.unwrap();
            }
            tx.commit().await.unwrap();
            let number = id_number(time::macros::date!(1945 - 09 - 15), 7);
            for keys in 1..=2 {
                let asked = compared(backend, &world.keys, &number);
                let explain = if backend == DbBackend::Postgres { "EXPLAIN" } else { "EXPLAIN QUERY PLAN" };
                let sql = format!("{explain} {}", asked.sql);
                let asked = Statement::from_sql_and_values(backend, sql, asked.values.unwrap());
                let plan = world.store.reads().query_all_raw(asked).await.unwrap();
                let column = if backend == DbBackend::Postgres { "QUERY PLAN" } else { "detail" };
                let plan: Vec<String> = plan.iter().map(|row| row.try_get("", column).unwrap()).collect();
                let plan = plan.join("\n");
                let seeks = plan.contains(index) || plan.contains("Bitmap Index Scan on beneficiary_id_hash_key");
                assert!(seeks, "{kind:?}, {keys} keys: {plan}");
                crate::keys::KeyRing::add(&world.config, Role::IdHash, "20260102").unwrap();
                world.keys = KeyRing::of(&world.config, "20260102").unwrap();
            }
        }
    }

    fn many(backend: DbBackend) -> [String; 2] {
        let columns = "'k', e, e, e, e, e, NULL, NULL, NULL, 'missing', 0, 0, NULL";
        let insert = match backend {
            DbBackend::Postgres => format!(
                "INSERT INTO beneficiary SELECT gen_random_uuid(), sha256(n::text::bytea), {} FROM generate_series(1, {PEOPLE}) n",
                columns.replace(" e", " ''::bytea")
            ),
            _ => format!(
                "INSERT INTO beneficiary WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < {PEOPLE}) \
                 SELECT randomblob(16), randomblob(32), {} FROM c",
                columns.replace(" e", " x''")
            ),
        };
        [insert, "ANALYZE".to_owned()]
    }
}
