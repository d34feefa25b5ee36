//! Makes and brings forward the tables. One text for both databases, so that they can't drift apart.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{ActiveValue::Set, DbBackend, EntityTrait as _};

use super::year::policy;
use crate::year::names::Named as _;
use crate::year::policy::{SHIPPED, load};

/// Every version's text, by the name under which a database remembers that it has it; oldest first.
const SCHEMAS: [(&str, &str); 14] = [
    ("v1_first_whole", include_str!("schema_1.sql")),
    (WITH_POLICIES, include_str!("schema_2.sql")),
    ("v3_accounts_and_log", include_str!("schema_3.sql")),
    ("v4_leases", include_str!("schema_leases.sql")),
    ("v4_reviews_and_links", include_str!("schema_reviews.sql")),
    ("v4_limitations", include_str!("schema_limitations.sql")),
    ("v4_silent", include_str!("schema_silent.sql")),
    ("v5_scans", include_str!("schema_scans.sql")),
    ("v5_year", include_str!("schema_year.sql")),
    ("v6_comparisons", include_str!("schema_comparisons.sql")),
    ("v6_revoked", include_str!("schema_revoked.sql")),
    ("v7_visits", include_str!("schema_visits.sql")),
    ("v8_areas", include_str!("schema_areas.sql")),
    ("v9_places", include_str!("schema_places.sql")),
];
/// The version that brings the shipped policies with it.
const WITH_POLICIES: &str = "v2_year";
/// Columns that hold an identifier, beside `id` and those that end in `_id`: PostgreSQL has a type of its own for them.
const IDENTIFIERS: [&str; 2] = ["id", "leased_by"];
/// Columns that hold 0 or 1: PostgreSQL has a type of its own for them.
const FLAGS: [&str; 6] = ["demo", "legal", "upheld", "sampled", "shadow", "reported"];

/// Every migration, oldest first.
pub(crate) struct Migrations;

#[async_trait::async_trait]
impl MigratorTrait for Migrations {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        SCHEMAS.into_iter().map(|(name, sql)| Box::new(Schema { name, sql }) as Box<dyn MigrationTrait>).collect()
    }
}

struct Schema {
    name: &'static str,
    sql: &'static str,
}

impl MigrationName for Schema {
    fn name(&self) -> &str {
        self.name
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Schema {
    #[expect(elided_lifetimes_in_paths, reason = "as the trait spells it: its lifetime is late-bound")]
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let database = manager.get_connection();
        database.execute_unprepared(&dialect(self.sql, manager.get_database_backend())).await?;
        if self.name == WITH_POLICIES {
            policy::Entity::insert_many(shipped()).exec_without_returning(database).await?;
        }
        Ok(())
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

/// The policies that come with the service. From here on the table counts: a later release changes nobody's rules.
fn shipped() -> Vec<policy::ActiveModel> {
    let known = SHIPPED.iter().filter_map(|(file, text)| Some((file, text, load(file, text).ok()?)));
    let row = |(file, text, read): (&&str, &&str, crate::year::policy::Policy)| policy::ActiveModel {
        place: Set(read.place.to_string()),
        schemes: Set(read.schemes.iter().map(|scheme| scheme.name()).collect::<Vec<_>>().join(",")),
        version: Set(i64::from(read.version)),
        file: Set((*file).to_owned()),
        content: Set((*text).to_owned()),
        applied_at: Set(0),
        applied_by: Set("shipped".to_owned()),
    };
    known.map(row).collect()
}

/// The text is SQLite's, with STRICT tables; PostgreSQL calls types otherwise and is always strict.
fn dialect(sql: &str, backend: DbBackend) -> String {
    match backend {
        DbBackend::Postgres => sql.lines().map(|line| postgres(line) + "\n").collect(),
        _ => sql.to_owned(),
    }
}

fn postgres(line: &str) -> String {
    let definition = line.split(" ADD COLUMN ").last().unwrap_or(line);
    let column = definition.split_whitespace().next().unwrap_or_default();
    let blob = if IDENTIFIERS.contains(&column) || column.ends_with("_id") { " UUID" } else { " BYTEA" };
    let integer = if FLAGS.contains(&column) { " BOOLEAN" } else { " BIGINT" };
    let line = line
        .replacen(" BLOB", blob, 1)
        .replacen(" INTEGER", integer, 1)
        .replace(") STRICT, WITHOUT ROWID;", ");")
        .replace(") STRICT;", ");");
    if FLAGS.contains(&column) { line.replacen(" DEFAULT 0", " DEFAULT FALSE", 1) } else { line }
}

#[cfg(test)]
mod tests {
    use sea_orm_migration::sea_orm::{ConnectionTrait as _, Statement};

    use super::*;

    #[test]
    fn nothing_of_sqlite_is_left_for_postgres() {
        for (_, schema) in SCHEMAS {
            let sql = dialect(schema, DbBackend::Postgres);
            let code: String = sql.lines().map(|line| line.split("--").next().unwrap_or_default()).collect();
            assert!(!code.contains("BLOB") && !code.contains("STRICT") && !code.contains("INTEGER"));
        }
        assert_eq!(dialect("a BLOB", DbBackend::Sqlite), "a BLOB");
        let said = ["  attempt_id BLOB,", "  name BLOB,", "  demo INTEGER,", "  frames INTEGER,"].map(postgres);
        assert_eq!(said, ["  attempt_id UUID,", "  name BYTEA,", "  demo BOOLEAN,", "  frames BIGINT,"]);
    }

    /// A table of the page on the data model for each table, with what its columns hold.
    fn told() -> String {
        let mut tables: Vec<(&str, Vec<(&str, &str)>)> = Vec::new();
        for line in SCHEMAS.into_iter().flat_map(|(_, schema)| schema.lines()) {
            let (code, said) = line.split_once("-- ").unwrap_or((line, ""));
            let added = code.strip_prefix("ALTER TABLE ").and_then(|rest| rest.split_once(" ADD COLUMN "));
            if let Some(name) = code.strip_prefix("CREATE TABLE ") {
                tables.push((name.split(' ').next().unwrap(), Vec::new()));
            } else if let Some((table, column)) = added {
                let columns = &mut tables.iter_mut().find(|(name, _)| *name == table).unwrap().1;
                columns.push((column.split(' ').next().unwrap(), said));
            } else if code.starts_with("  ") && !said.is_empty() {
                tables.last_mut().unwrap().1.push((code.split_whitespace().next().unwrap(), said));
            }
        }
        let column = |(name, said): &(&str, &str)| format!("| `{name}` | {} |\n", said.trim().replace('|', "\\|"));
        let table = |(name, columns): &(&str, Vec<(&str, &str)>)| {
            let columns: String = columns.iter().map(column).collect();
            format!("\n### `{name}`\n| column | holds |\n|---|---|\n{columns}")
        };
        tables.iter().map(table).collect()
    }

    #[test]
    fn the_page_on_the_data_model_names_every_column() {
        let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/DATA_MODEL.md");
        let text = std::fs::read_to_string(page).unwrap();
        let (before, columns) = text.split_once("## Columns\n").unwrap();
        if std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::write(page, format!("{before}## Columns\n{}", told())).unwrap();
        } else {
            assert_eq!(columns, told(), "UPDATE_DOCS=1 writes it anew");
        }
    }

    #[test]
    fn every_column_says_what_it_holds() {
        let tables = SCHEMAS.into_iter().flat_map(|(_, schema)| schema.split("CREATE TABLE").skip(1));
        let columns = tables.flat_map(|table| table.split(") STRICT").next().unwrap_or_default().lines().skip(1));
        let added =
            SCHEMAS.into_iter().flat_map(|(_, schema)| schema.lines()).filter(|line| line.contains("ADD COLUMN"));
        for column in columns.chain(added).filter(|line| !line.trim().is_empty() && !line.contains("PRIMARY KEY (")) {
            assert!(column.contains("-- "), "{column}");
        }
    }

    #[tokio::test]
    async fn what_a_run_did_not_find_is_its_own_from_version_6_on() {
        let folder = tempfile::tempdir().unwrap();
        let file = format!("sqlite://{}?mode=rwc", folder.path().join("before.sqlite").display());
        let database = sea_orm_migration::sea_orm::Database::connect(file).await.unwrap();
        let before = SCHEMAS.iter().zip(0..).find(|((name, _), _)| *name == "v6_comparisons").unwrap().1;
        Migrations::up(&database, Some(before)).await.unwrap();
        let run = |id: &str, day: i64, at: i64| {
            format!(
                "INSERT INTO silent_run (id, rules_file, rules_version, rules, on_day, shadow, last_import, began_at) \
                 VALUES (x'{id}', '', 1, '', {day}, 0, 0, {at});"
            )
        };
        let fact = |id: &str, kind: &str, day: i64, at: i64| {
            format!(
                "INSERT INTO fact (id, beneficiary_id, kind, on_day, recorded_day, recorded_at) \
                 VALUES (x'{id}', x'aa', '{kind}', {day}, {day}, {at});"
            )
        };
        let rows = [
            "PRAGMA foreign_keys = OFF;".to_owned(),
            run("01", 7, 70),
            run("02", 7, 71),
            run("03", 9, 90),
            fact("11", "no_match", 7, 71),
            fact("12", "no_match_withdrawn", 7, 100),
            fact("13", "no_match", 9, 90),
        ];
        database.execute_unprepared(&rows.concat()).await.unwrap();
        Migrations::up(&database, None).await.unwrap();
        let asked = "SELECT hex(about_id) AS run FROM fact ORDER BY id";
        let found = database.query_all_raw(Statement::from_string(DbBackend::Sqlite, asked)).await.unwrap();
        let runs: Vec<String> = found.iter().map(|row| row.try_get("", "run").unwrap()).collect();
        assert_eq!(runs, ["02", "02", "03"]);
    }

    #[tokio::test]
    async fn whoever_has_something_to_do_is_looked_at_once_more_in_version_8() {
        let folder = tempfile::tempdir().unwrap();
        let file = format!("sqlite://{}?mode=rwc", folder.path().join("before.sqlite").display());
        let database = sea_orm_migration::sea_orm::Database::connect(file).await.unwrap();
        let before = SCHEMAS.iter().zip(0..).find(|((name, _), _)| *name == "v8_areas").unwrap().1;
        Migrations::up(&database, Some(before)).await.unwrap();
        let rows = [
            ("01", "current", "NULL"),
            ("02", "current", "900"),
            ("03", "due", "900"),
            ("04", "suspended", "NULL"),
            ("05", "deceased", "NULL"),
        ];
        let row = |(id, standing, next): (&str, &str, &str)| {
            format!(
                "INSERT INTO benefit (beneficiary_id, scheme, entitled_from, steps_until, next_look, standing) \
                 VALUES (x'{id}', 'employee_pension', 1, 1, {next}, '{standing}');"
            )
        };
        let text = format!("PRAGMA foreign_keys = OFF;{}", rows.map(row).concat());
        database.execute_unprepared(&text).await.unwrap();
        Migrations::up(&database, None).await.unwrap();
        let asked = "SELECT next_look FROM benefit ORDER BY beneficiary_id";
        let found = database.query_all_raw(Statement::from_string(DbBackend::Sqlite, asked)).await.unwrap();
        let next: Vec<Option<i64>> = found.iter().map(|row| row.try_get("", "next_look").unwrap()).collect();
        assert_eq!(next, [None, Some(900), Some(0), Some(0), None]);
    }

    #[test]
    fn every_shipped_policy_is_in_the_first_table() {
        assert_eq!(shipped().len(), SHIPPED.len());
    }
}
