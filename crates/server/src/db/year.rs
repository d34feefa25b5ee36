//! One module for each table of the year. What the columns hold stands beside them in `schema_2.sql`.
#![allow(missing_docs, unreachable_pub, reason = "columns are described in schema_2.sql; the derived code is public")]

use sea_orm::entity::prelude::*;

/// A version of a policy.
pub mod policy {
    use super::*;

    #[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "policy")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub place: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub schemes: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub version: i64,
        pub file: String,
        pub content: String,
        pub applied_at: i64,
        pub applied_by: String,
    }

    #[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// What somebody draws, and where they stand.
pub mod benefit {
    use super::*;

    #[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "benefit")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub beneficiary_id: Uuid,
        pub scheme: String,
        pub entitled_from: i64,
        pub steps_until: i64,
        pub next_look: Option<i64>,
        pub looked_on: Option<i64>,
        pub standing: String,
        pub cycle: Option<i64>,
        pub opens: Option<i64>,
        pub due_by: Option<i64>,
        pub closes: Option<i64>,
        pub suspends_on: Option<i64>,
        pub held: Option<String>,
        pub policy_place: Option<String>,
        pub policy_version: Option<i64>,
        pub insured_place: Option<String>,
    }

    #[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// Something that was recorded about a person.
pub mod fact {
    use super::*;

    #[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "fact")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub beneficiary_id: Uuid,
        pub kind: String,
        pub on_day: i64,
        pub recorded_day: i64,
        pub recorded_at: i64,
        pub about_id: Option<Uuid>,
        pub channel: Option<String>,
        pub clerk_id: Option<Uuid>,
        pub upheld: Option<bool>,
    }

    #[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// A step from one standing to another.
pub mod standing_change {
    use super::*;

    #[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "standing_change")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub beneficiary_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub on_day: i64,
        pub was: String,
        pub is_now: String,
    }

    #[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// A certification, whichever way it came.
pub mod certification {
    use super::*;

    #[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "certification")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub beneficiary_id: Uuid,
        pub channel: String,
        pub brought_by: String,
        pub proof_day: i64,
        pub recorded_day: i64,
        pub recorded_at: i64,
        pub evidence: Option<String>,
        pub evidence_id: Option<Uuid>,
        pub reason: Option<String>,
        pub decided_by: String,
        pub seconded_by: Option<String>,
        pub policy_place: String,
        pub policy_version: i64,
        pub delete_on: Option<i64>,
    }

    #[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// A message that is due.
pub mod message {
    use super::*;

    #[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "message")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub beneficiary_id: Uuid,
        pub cycle: Option<i64>,
        pub rung: String,
        pub recipient: String,
        pub medium: Option<String>,
        pub legal: bool,
        pub template: String,
        pub about_day: Option<i64>,
        pub quiet_from: i64,
        pub quiet_until: i64,
        pub decided_on: i64,
        pub state: String,
        pub tries: i64,
        pub run_at: i64,
        pub handed_on: Option<i64>,
        pub receipt: Option<String>,
    }

    #[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// Something that the payer is told.
pub mod instruction {
    use super::*;

    #[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "instruction")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub beneficiary_id: Uuid,
        pub number: i64,
        pub kind: String,
        pub told_on: i64,
        pub from_month: Option<String>,
        pub months: String,
        pub overpaid: String,
        pub cause: Option<String>,
        pub died_on: Option<i64>,
    }

    #[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// A list for the payer.
pub mod payer_list {
    use super::*;

    #[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "payer_list")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub number: i64,
        pub made_at: i64,
        pub instructions: i64,
        pub written_at: Option<i64>,
    }

    #[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// An instruction on a list.
pub mod payer_item {
    use super::*;

    #[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "payer_item")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub instruction_id: Uuid,
        pub list: i64,
    }

    #[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// A way by which somebody can be reached.
pub mod contact_way {
    use super::*;

    #[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "contact_way")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub beneficiary_id: Uuid,
        pub recipient: String,
        pub medium: String,
        pub address: Vec<u8>,
        pub language: String,
        pub added_at: i64,
        pub added_by: String,
    }

    #[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// Somebody who wants the legal notices only.
pub mod opt_out {
    use super::*;

    #[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "opt_out")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub beneficiary_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub recipient: String,
        pub since: i64,
    }

    #[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// Something that waits for a clerk.
pub mod review {
    use super::*;

    #[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "review")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub beneficiary_id: Uuid,
        pub kind: String,
        pub attempt_id: Option<Uuid>,
        pub statement: Option<Vec<u8>>,
        pub opened_at: i64,
        pub answer_by: i64,
        pub decision: Option<String>,
        pub reason: Option<Vec<u8>>,
        pub decided_by: Option<String>,
        pub decided_at: Option<i64>,
        pub died_day: Option<i64>,
        pub code: Option<String>,
        pub opened_by: Option<String>,
    }

    #[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// A case in the hands of a clerk. Described in schema_reviews.sql.
pub mod review_taken {
    use super::*;

    #[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "review_taken")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub review_id: Uuid,
        pub clerk_id: Uuid,
        pub taken_until: i64,
    }

    #[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// What one of two clerks said of a case. Described in schema_reviews.sql.
pub mod review_word {
    use super::*;

    #[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "review_word")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub review_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub clerk_id: Uuid,
        pub decision: String,
        pub died_day: Option<i64>,
        pub reason: Vec<u8>,
        pub said_at: i64,
        pub code: Option<String>,
    }

    #[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// What one of two accounts said of a certification. Described in schema_year.sql.
pub mod certification_word {
    use super::*;

    #[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "certification_word")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub certification_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub account_id: Uuid,
        pub beneficiary_id: Uuid,
        pub channel: String,
        pub brought_by: String,
        pub seconded_by: Option<String>,
        pub proof_day: i64,
        pub said_at: i64,
        pub reported: bool,
        pub reason: Option<String>,
    }

    #[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// A form that was sent by post.
pub mod mailed_form {
    use super::*;

    #[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "mailed_form")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub beneficiary_id: Uuid,
        pub channel: String,
        pub code_digest: Vec<u8>,
        pub issued_at: i64,
        pub issued_by: String,
        pub valid_until: i64,
        pub returned_day: Option<i64>,
        pub scan_path: Option<String>,
        pub delete_on: Option<i64>,
    }

    #[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// A time for a video call.
pub mod slot {
    use super::*;

    #[derive(Debug, Clone, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "slot")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub office_id: Uuid,
        pub begins_at: i64,
        pub minutes: i64,
        pub beneficiary_id: Option<Uuid>,
        pub booked_at: Option<i64>,
        pub outcome: Option<String>,
        pub decided_by: Option<String>,
    }

    #[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
