//! What somebody wants, said at the counter or on the phone to a clerk of their area: to appeal, to be reached in another way,
//! to be told less.
//!
//! | call | body -> answer | who |
//! |---|---|---|
//! | `POST /v1/desk/appeals` | [`AppealForRequest`] -> 201, 200 [`crate::api::Appeal`] | clerks, heads |
//! | `POST /v1/desk/contacts` | [`ContactRequest`] -> 204 | clerks, heads |
//! | `POST /v1/desk/opt_outs` | [`OptOutRequest`] -> 204 | clerks, heads |

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{IdNumber, Language, Secret};

/// Somebody appeals at the counter: against what came of an attempt, or against a suspension.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AppealForRequest {
    /// Who.
    pub id_number: IdNumber,
    /// What they say, if they want to: at most 2,000 characters. Kept sealed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub statement: Option<Secret>,
}

/// Whom a message reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Reached {
    /// The beneficiary.
    Elder,
    /// Their family, or whoever else looks after them.
    Family,
}

/// By which way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReachedBy {
    /// Text message, to a mobile phone.
    Sms,
    /// `WeChat`.
    Wechat,
    /// The app's own notice.
    App,
    /// A telephone call, spoken.
    Call,
    /// A letter.
    Letter,
}

/// Somebody gives a number or a name under which messages reach them or theirs; the newest is used first.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ContactRequest {
    /// About whom the messages are.
    pub id_number: IdNumber,
    /// Whom it reaches.
    pub recipient: Reached,
    /// By which way.
    pub medium: ReachedBy,
    /// Number or name: at most 500 bytes. Kept sealed.
    pub address: Secret,
    /// What they read.
    #[serde(default)]
    pub language: Language,
}

/// Somebody wants the legal notices only, or all messages again.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OptOutRequest {
    /// About whom the messages are.
    pub id_number: IdNumber,
    /// Who wants it.
    pub recipient: Reached,
    /// Whether only what the law demands is sent.
    pub only_legal: bool,
}
