//! What an installation knows of itself: which keys it has seen, and which folder serves. What the columns hold stands beside
//! them in `schema_year.sql`.
#![allow(
    missing_docs,
    unreachable_pub,
    reason = "columns are described in schema_year.sql; the derived code is public"
)]

use sea_orm::entity::prelude::*;

/// A key that the database has seen. Described in schema_year.sql.
pub mod known_key {
    use super::*;

    #[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "known_key")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub role: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub name: String,
        pub proof: Vec<u8>,
        pub known_at: i64,
    }

    #[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// The folder from which calls are taken. Described in schema_year.sql.
pub mod serving_folder {
    use super::*;

    #[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "serving_folder")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: i64,
        pub folder_id: Uuid,
        pub since: i64,
    }

    #[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
