//! One module for each table of version 3. What the columns hold stands beside them in `schema_3.sql`.
#![allow(missing_docs, unreachable_pub, reason = "columns are described in schema_3.sql; the derived code is public")]

use sea_orm::entity::prelude::*;

/// An account of the desk.
pub mod staff {
    use super::*;

    #[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "staff")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub login_hash: Vec<u8>,
        pub login: Vec<u8>,
        pub role: String,
        pub area: String,
        pub password: Vec<u8>,
        pub totp_secret: Vec<u8>,
        pub totp_step: i64,
        pub inviter_id: Option<Uuid>,
        pub created_at: i64,
        pub disabled_at: Option<i64>,
    }

    #[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// Somebody signed in.
pub mod staff_session {
    use super::*;

    #[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "staff_session")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub staff_id: Uuid,
        pub token_digest: Vec<u8>,
        pub created_at: i64,
        pub used_at: i64,
        pub expires_at: i64,
        pub revoked_at: Option<i64>,
    }

    #[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// Somebody read about a person, or tried.
pub mod access_log {
    use super::*;

    #[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "access_log")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub at: i64,
        pub staff_id: Uuid,
        pub session_id: Uuid,
        pub what: String,
        pub reason: String,
        pub reference_id: Option<Uuid>,
        pub sought: Option<Vec<u8>>,
        pub beneficiary_id: Option<Uuid>,
        pub outcome: String,
    }

    #[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// One entry of the linked log.
pub mod audit_entry {
    use super::*;

    #[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "audit_entry")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub seq: i64,
        pub at: i64,
        pub action: String,
        pub actor_id: Option<Uuid>,
        pub subject: Option<Vec<u8>>,
        pub detail: String,
        pub previous: Vec<u8>,
        pub hash: Vec<u8>,
    }

    #[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// Where the linked log ends. One row.
pub mod audit_head {
    use super::*;

    #[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "audit_head")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: i64,
        pub seq: i64,
        pub hash: Vec<u8>,
    }

    #[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// A volunteer was invited.
pub mod invitation {
    use super::*;

    #[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "invitation")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub code_digest: Vec<u8>,
        pub area: String,
        pub inviter_id: Uuid,
        pub created_at: i64,
        pub expires_at: i64,
        pub accepted_at: Option<i64>,
        pub account_id: Option<Uuid>,
    }

    #[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// A list of people whom a volunteer visits.
pub mod roster {
    use super::*;

    #[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "roster")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub volunteer_id: Uuid,
        pub maker_id: Uuid,
        pub made_at: i64,
        pub ends_at: i64,
    }

    #[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// A visit at which nobody opened.
pub mod visit_in_vain {
    use super::*;

    #[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "visit_in_vain")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub beneficiary_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub on_day: i64,
        #[sea_orm(primary_key, auto_increment = false)]
        pub volunteer_id: Uuid,
        pub said_at: i64,
    }

    #[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// Somebody on such a list.
pub mod roster_person {
    use super::*;

    #[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "roster_person")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub roster_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub beneficiary_id: Uuid,
    }

    #[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
