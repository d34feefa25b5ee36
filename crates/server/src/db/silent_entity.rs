//! One module for each table of silent certification that is read row by row. What the columns hold stands beside them in `schema_silent.sql`.
#![allow(
    missing_docs,
    unreachable_pub,
    reason = "columns are described in schema_silent.sql; the derived code is public"
)]

use sea_orm::entity::prelude::*;

/// A file that was taken.
pub mod silent_import {
    use super::*;

    #[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "silent_import")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub number: i64,
        pub digest: Vec<u8>,
        pub kind: String,
        pub on_day: Option<i64>,
        pub taken_at: i64,
        pub ended_at: Option<i64>,
        pub kept: i64,
        pub known: i64,
        pub nobody: i64,
        pub left_out: i64,
        pub thinned_at: Option<i64>,
        pub cleared_at: Option<i64>,
        pub place: Option<String>,
    }

    #[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// A run over everybody.
pub mod silent_run {
    use super::*;

    #[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "silent_run")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub rules_file: String,
        pub rules_version: i64,
        pub rules: String,
        pub on_day: i64,
        pub shadow: bool,
        pub last_import: i64,
        pub register_import: Option<i64>,
        pub began_at: i64,
        pub ended_at: Option<i64>,
        pub pass_reverted_at: Option<i64>,
        pub dead_reverted_at: Option<i64>,
        pub missing_reverted_at: Option<i64>,
        pub thinned_at: Option<i64>,
        pub cleared_at: Option<i64>,
    }

    #[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// How far the deletion of old rows has come. Described in schema_year.sql.
pub mod retention_walk {
    use super::*;

    #[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "retention_walk")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: i64,
        pub day: i64,
        pub reached_id: Uuid,
    }

    #[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// What a run found about somebody.
pub mod silent_finding {
    use super::*;

    #[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "silent_finding")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub run_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub beneficiary_id: Uuid,
        pub outcome: String,
        pub proof_day: Option<i64>,
        pub grounds: String,
        pub effect: String,
        pub about_id: Option<Uuid>,
    }

    #[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
