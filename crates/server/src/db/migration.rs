//! Makes and brings forward the tables. One text for both databases, so that they can't drift apart.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

/// Every migration, oldest first.
pub(crate) struct Migrations;

#[async_trait::async_trait]
impl MigratorTrait for Migrations {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![Box::new(Version1), Box::new(Version3)]
    }
}

struct Version1;

impl MigrationName for Version1 {
    fn name(&self) -> &str {
        "v1_first_whole"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Version1 {
    #[expect(elided_lifetimes_in_paths, reason = "as the trait spells it: its lifetime is late-bound")]
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let sql = dialect(include_str!("schema_1.sql"), manager.get_database_backend());
        manager.get_connection().execute_unprepared(&sql).await.map(drop)
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

struct Version3;

impl MigrationName for Version3 {
    fn name(&self) -> &str {
        "v3_accounts_and_log"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Version3 {
    #[expect(elided_lifetimes_in_paths, reason = "as the trait spells it: its lifetime is late-bound")]
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let sql = dialect(include_str!("schema_3.sql"), manager.get_database_backend());
        manager.get_connection().execute_unprepared(&sql).await.map(drop)
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

/// The text is SQLite's, with STRICT tables; PostgreSQL calls two types otherwise and is always strict.
fn dialect(sql: &str, backend: DbBackend) -> String {
    match backend {
        DbBackend::Postgres => sql.replace(" INTEGER", " BIGINT").replace(" BLOB", " BYTEA").replace(" STRICT;", ";"),
        _ => sql.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCHEMAS: [&str; 2] = [include_str!("schema_1.sql"), include_str!("schema_3.sql")];

    #[test]
    fn nothing_of_sqlite_is_left_for_postgres() {
        for schema in SCHEMAS {
            let sql = dialect(schema, DbBackend::Postgres);
            let code: String = sql.lines().map(|line| line.split("--").next().unwrap_or_default()).collect();
            assert!(!code.contains("BLOB") && !code.contains("STRICT") && !code.contains("INTEGER"));
        }
        assert_eq!(dialect("a BLOB", DbBackend::Sqlite), "a BLOB");
    }

    #[test]
    fn every_column_says_what_it_holds() {
        let tables = SCHEMAS.into_iter().flat_map(|schema| schema.split("CREATE TABLE").skip(1));
        let columns = tables.flat_map(|table| table.split(") STRICT").next().unwrap_or_default().lines().skip(1));
        for column in columns.filter(|line| !line.trim().is_empty() && !line.contains("PRIMARY KEY (")) {
            assert!(column.contains("-- "), "{column}");
        }
    }
}
