//! A database of either kind with people in it.

use std::collections::BTreeMap;

use jianzai_wire::{IdNumber, Secret};
use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveModelTrait as _, ActiveValue::Set, ColumnTrait as _, ConnectionTrait as _, DbBackend, EntityTrait as _,
    QueryFilter as _, Statement,
};
use tempfile::TempDir;
use time::Date;
use uuid::Uuid;

use super::TestDatabase;
use crate::columns;
use crate::config::Config;
use crate::db::Datastore;
use crate::db::entity::beneficiary;
use crate::db::year::{benefit, message};
use crate::keys::{KeyRing, Role};
use crate::register::{id_hash, place};
use crate::year::dates::day_number;

/// Which database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Sqlite,
    Postgres,
}

/// A database, its keys, and what keeps them there.
pub(crate) struct World {
    pub(crate) config: Config,
    pub(crate) store: Datastore,
    pub(crate) keys: KeyRing,
    _database: Option<TestDatabase>,
    _folder: TempDir,
}

impl World {
    pub(crate) async fn new(kind: Kind) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut config = Config::new(folder.path().join("data"));
        std::fs::create_dir(&config.data).unwrap();
        let database = (kind == Kind::Postgres).then(TestDatabase::new);
        config.database = database.as_ref().map(|database| Secret::new(database.url()));
        let keys = KeyRing::begin(&config, "20260101").unwrap();
        let store = Datastore::open(&config.database()).await.unwrap();
        Self { config, store, keys, _database: database, _folder: folder }
    }

    /// Puts somebody into the register, on the day `came`, who draws the employees' pension.
    pub(crate) async fn person(
        &self,
        number: u128,
        insured_place: &str,
        born: Date,
        entitled_from: Date,
        came: Date,
    ) -> Uuid {
        let id = Uuid::from_u128(number);
        let sealed = |column, value: &str| columns::seal(&self.keys, place(column, id), value.as_bytes()).unwrap();
        let id_number = id_number(born, u16::try_from(number % 1_000).unwrap());
        let key = self.keys.current(Role::IdHash).unwrap();
        let row = beneficiary::ActiveModel {
            id: Set(id),
            id_hash: Set(id_hash(key, &id_number).to_vec()),
            id_hash_key: Set(key.id.clone()),
            id_number: Set(sealed("id_number", id_number.expose())),
            name: Set(sealed("name", "王健在")),
            insured_place: Set(sealed("insured_place", insured_place)),
            residence: Set(sealed("residence", insured_place)),
            phones: Set(sealed("phones", "13800000000")),
            family_phones: Set(None),
            portrait: Set(None),
            face_print: Set(None),
            face_print_model: Set(None),
            portrait_quality: Set("missing".to_owned()),
            imported_at: Set(0),
            updated_at: Set(0),
        };
        let today = day_number(came);
        let benefit = benefit::ActiveModel {
            beneficiary_id: Set(id),
            scheme: Set("employee_pension".to_owned()),
            entitled_from: Set(day_number(entitled_from)),
            steps_until: Set(today),
            next_look: Set(Some(today)),
            standing: Set("current".to_owned()),
            ..Default::default()
        };
        let tx = self.store.begin("test").await.unwrap();
        row.insert(&*tx).await.unwrap();
        benefit.insert(&*tx).await.unwrap();
        tx.commit().await.unwrap();
        id
    }

    /// A sender takes every message that waits.
    pub(crate) async fn hand_over(&self, day: Date) {
        let tx = self.store.begin("test").await.unwrap();
        message::Entity::update_many()
            .col_expr(message::Column::State, Expr::value("handed_over"))
            .col_expr(message::Column::HandedOn, Expr::value(day_number(day)))
            .filter(message::Column::State.eq("waiting"))
            .exec(&*tx)
            .await
            .unwrap();
        tx.commit().await.unwrap();
    }

    /// Every row of the year, without what is drawn at random, by table.
    pub(crate) async fn rows(&self) -> BTreeMap<&'static str, Vec<String>> {
        const TABLES: [&str; 7] =
            ["benefit", "fact", "standing_change", "certification", "message", "instruction", "audit_entry"];
        self.rows_of(&TABLES).await
    }

    /// Every row of some tables.
    pub(crate) async fn rows_of(&self, tables: &[&'static str]) -> BTreeMap<&'static str, Vec<String>> {
        let mut all = BTreeMap::new();
        for table in tables.iter().copied() {
            let backend = self.store.reads().get_database_backend();
            let text = match backend {
                DbBackend::Postgres => format!("SELECT to_jsonb({table}.*)::text AS line FROM {table}"),
                _ => sqlite_json(&self.store, table).await,
            };
            let rows = self.store.reads().query_all_raw(Statement::from_string(backend, text)).await.unwrap();
            let mut lines: Vec<_> = rows.iter().map(|row| tidy(&row.try_get::<String>("", "line").unwrap())).collect();
            lines.sort();
            all.insert(table, lines);
        }
        all
    }
}

/// Columns of the linked log that hold bytes.
const HASHED: [&str; 4] = ["subject", "previous", "hash", "digest"];

/// A question for every column of a table as JSON.
async fn sqlite_json(store: &Datastore, table: &str) -> String {
    let columns = format!("SELECT name FROM pragma_table_info('{table}')");
    let columns = store.reads().query_all_raw(Statement::from_string(DbBackend::Sqlite, columns)).await.unwrap();
    let columns = columns.iter().map(|row| row.try_get::<String>("", "name").unwrap()).map(|name| {
        let is_bytes = name == "id" || name.ends_with("_id") || HASHED.contains(&name.as_str());
        let value = if is_bytes { format!("lower(hex({name}))") } else { name.clone() };
        // A column that is no identifier is null or itself; an identifier that is null has no digits.
        format!("'{name}', {value}")
    });
    format!("SELECT json_object({}) AS line FROM {table}", columns.collect::<Vec<_>>().join(", "))
}

/// The same text from both databases: keys in order, identifiers as digits, flags as numbers.
fn tidy(line: &str) -> String {
    let row: BTreeMap<String, serde_json::Value> = serde_json::from_str(line).unwrap();
    let tidied = row.into_iter().map(|(column, value)| match value {
        serde_json::Value::Bool(flag) => format!("{column}={}", u8::from(flag)),
        serde_json::Value::String(text) if column == "id" || column.ends_with("_id") => {
            format!("{column}={}", text.replace('-', ""))
        }
        serde_json::Value::Null if column.ends_with("_id") => format!("{column}="),
        serde_json::Value::String(text) if HASHED.contains(&column.as_str()) => {
            format!("{column}={}", text.trim_start_matches("\\x"))
        }
        serde_json::Value::String(text) => format!("{column}={text}"),
        other => format!("{column}={other}"),
    });
    tidied.collect::<Vec<_>>().join(" ")
}

/// A number that passes every check.
pub(crate) fn id_number(born: Date, sequence: u16) -> IdNumber {
    let day = format!("{:04}{:02}{:02}", born.year(), u8::from(born.month()), born.day());
    let body = format!("110101{day}{sequence:03}");
    let found = "0123456789X".chars().find_map(|check| IdNumber::parse(&format!("{body}{check}")).ok());
    found.unwrap()
}
