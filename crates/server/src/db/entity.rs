//! One module for each table. What the columns hold stands beside them in `schema_1.sql`.
#![allow(missing_docs, unreachable_pub, reason = "columns are described in schema_1.sql; the derived code is public")]

use sea_orm::entity::prelude::*;

/// Where an attempt stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
pub enum State {
    Open,
    Committed,
    Accepted,
    Certified,
    Review,
    Refused,
}

/// A person in the register.
pub mod beneficiary {
    use super::*;

    #[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "beneficiary")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub id_hash: Vec<u8>,
        pub id_hash_key: String,
        pub id_number: Vec<u8>,
        pub name: Vec<u8>,
        pub insured_place: Vec<u8>,
        pub residence: Vec<u8>,
        pub phones: Vec<u8>,
        pub family_phones: Option<Vec<u8>>,
        pub portrait: Option<Vec<u8>>,
        pub face_print: Option<Vec<u8>>,
        pub face_print_model: Option<String>,
        pub portrait_quality: String,
        pub imported_at: i64,
        pub updated_at: i64,
    }

    #[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// Four facts that matched, and the consent given with them.
pub mod activation {
    use super::*;

    #[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "activation")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub beneficiary_id: Uuid,
        pub token_digest: Vec<u8>,
        pub device_key: Vec<u8>,
        pub mode: String,
        pub consent_text: String,
        pub consent_by: String,
        pub created_at: i64,
        pub expires_at: i64,
        pub attempts: i64,
        pub channel: Option<String>,
        pub helper_id: Option<Uuid>,
    }

    #[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// One attempt, from issue to outcome.
pub mod attempt {
    use super::*;

    #[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "attempt")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub activation_id: Uuid,
        pub beneficiary_id: Uuid,
        pub token_digest: Vec<u8>,
        pub nonce: Vec<u8>,
        pub demo: bool,
        pub policy: String,
        pub recipient_key: String,
        pub issued_at: i64,
        pub commit_by: i64,
        pub state: State,
        pub reasons: String,
        pub committed_at: Option<i64>,
        pub chain_head: Option<Vec<u8>>,
        pub frames: Option<i64>,
        pub duration_ms: Option<i64>,
        pub plan_hash: Option<Vec<u8>>,
        pub deliver_by: Option<i64>,
        pub accepted_at: Option<i64>,
        pub evidence_path: Option<String>,
        pub delete_at: Option<i64>,
        pub deleted_at: Option<i64>,
        pub judged_at: Option<i64>,
        pub judgement: Option<String>,
        pub leased_to_id: Option<Uuid>,
        pub leased_plan: Option<String>,
        pub sampled: bool,
        pub captured_at: Option<i64>,
        pub limitations: Option<Vec<u8>>,
    }

    #[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// A revealed step.
pub mod step {
    use super::*;

    #[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "step")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub attempt_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub idx: i64,
        pub action: String,
        pub wait_ms: i64,
        pub revealed_at: i64,
        pub frames: i64,
        pub chain_head: Vec<u8>,
        pub report: Option<String>,
        pub ended_frames: Option<i64>,
        pub ended_head: Option<Vec<u8>>,
        pub ended_at: Option<i64>,
    }

    #[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// A bundle on its way in.
pub mod upload {
    use super::*;

    #[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "upload")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub attempt_id: Uuid,
        pub length: i64,
        pub received: i64,
        pub created_at: i64,
        pub completed_at: Option<i64>,
    }

    #[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// An attempt to judge.
pub mod job {
    use super::*;

    #[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "job")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub attempt_id: Uuid,
        pub run_at: i64,
        pub leased_by: Option<Uuid>,
        pub leased_until: Option<i64>,
        pub tries: i64,
        pub done_at: Option<i64>,
    }

    #[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// A certificate that was given.
pub mod certificate {
    use super::*;

    #[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "certificate")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub attempt_id: Uuid,
        pub serial: String,
        pub beneficiary_id: Uuid,
        pub sealed: Vec<u8>,
        pub signed_with: String,
        pub issued_at: i64,
        pub valid_until: i64,
        pub demo: bool,
        pub revoked_at: Option<i64>,
    }

    #[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// Failures of someone or something, counted.
pub mod failed_tries {
    use super::*;

    #[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "failed_tries")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub kind: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub subject: Vec<u8>,
        pub window_start: i64,
        pub failures: i64,
    }

    #[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
