//! What calls about uploads ask the database: an upload, and of its attempt what bears on it, in one question each. An attempt
//! has forty columns; these are asked for every piece.
//!
//! **In**: the attempt's token, or the upload's id and the token. **Out**: the attempt's [`Delivery`], and its upload.
//! **What can go wrong**: nothing is known by that token or id, or the token is another attempt's.

use axum::http::HeaderMap;
use jianzai_wire::{CapturePolicy, ReasonCode};
use object_store::path::Path as ObjectPath;
use sea_orm::{ConnectionTrait, FromQueryResult};
use subtle::ConstantTimeEq as _;
use uuid::Uuid;

use super::object_path;
use crate::attempts::spent;
use crate::db::entity::State;
use crate::db::text::Text;
use crate::problem::Refusal;
use crate::token;

/// What bears on the delivery of an attempt.
#[derive(Debug, FromQueryResult)]
pub(super) struct Delivery {
    pub(super) attempt_id: Uuid,
    pub(super) beneficiary_id: Uuid,
    token_digest: Vec<u8>,
    state: State,
    reasons: String,
    issued_at: i64,
    deliver_by: Option<i64>,
}

/// Its columns.
const DELIVERY: &str =
    "a.id AS attempt_id, a.beneficiary_id, a.token_digest, a.state, a.reasons, a.issued_at, a.deliver_by";

/// An attempt, and the upload that was begun for it if one was.
#[derive(Debug, FromQueryResult)]
pub(super) struct OfToken {
    #[sea_orm(nested)]
    pub(super) delivery: Delivery,
    policy: String,
    upload: Option<Uuid>,
    length: Option<i64>,
}

/// An upload, and its attempt.
#[derive(Debug, FromQueryResult)]
pub(super) struct OfUpload {
    #[sea_orm(nested)]
    pub(super) delivery: Delivery,
    pub(super) id: Uuid,
    #[sea_orm(nested)]
    pub(super) progress: Progress,
}

/// How far an upload has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, FromQueryResult)]
pub(super) struct Progress {
    /// Bytes of the whole.
    pub(super) length: i64,
    /// Bytes that are on the disk.
    pub(super) received: i64,
    /// When the whole was in the object store.
    pub(super) completed_at: Option<i64>,
}

impl Delivery {
    /// Whether its bundle may be delivered now.
    pub(super) fn is_awaited(&self, now: i64) -> Result<(), Refusal> {
        match (self.state, self.deliver_by) {
            (State::Open, _) => Err(ReasonCode::AttemptNotCommitted.into()),
            (State::Committed, Some(until)) if now < until => Ok(()),
            (State::Committed, _) => Err(ReasonCode::EvidenceLate.into()),
            _ => Err(spent(self.state, &self.reasons)),
        }
    }

    /// Where its evidence lies.
    pub(super) fn path(&self) -> ObjectPath {
        object_path(self.attempt_id, self.issued_at)
    }
}

impl OfToken {
    /// The attempt whose token a call came with.
    pub(super) async fn find(db: &impl ConnectionTrait, headers: &HeaderMap) -> Result<Self, Refusal> {
        let mut text = Text::new(db.get_database_backend());
        let digest = text.holds(token::presented(headers)?.to_vec());
        let sql = format!(
            "SELECT {DELIVERY}, a.policy, u.id AS upload, u.length FROM attempt a LEFT JOIN upload u \
             ON u.attempt_id = a.id WHERE a.token_digest = {digest}"
        );
        Self::find_by_statement(text.statement(sql)).one(db).await?.ok_or(ReasonCode::AttemptUnauthorised.into())
    }

    /// The upload that was begun, and its length.
    pub(super) fn begun(&self) -> Option<(Uuid, i64)> {
        self.upload.zip(self.length)
    }

    /// Bytes that a bundle may have.
    pub(super) fn max_bundle_bytes(&self) -> Result<u64, Refusal> {
        let rules: CapturePolicy = serde_json::from_str(&self.policy).map_err(|error| Refusal::internal(&error))?;
        Ok(rules.max_bundle_bytes)
    }
}

impl OfUpload {
    /// An upload, for whoever has its attempt's token.
    pub(super) async fn find(db: &impl ConnectionTrait, id: Uuid, headers: &HeaderMap) -> Result<Self, Refusal> {
        let presented = token::presented(headers)?;
        let mut text = Text::new(db.get_database_backend());
        let held = text.holds(id);
        let sql = format!(
            "SELECT {DELIVERY}, u.id, u.length, u.received, u.completed_at FROM upload u JOIN attempt a \
             ON a.id = u.attempt_id WHERE u.id = {held}"
        );
        let found = Self::find_by_statement(text.statement(sql)).one(db).await?.ok_or(ReasonCode::UploadNotFound)?;
        if bool::from(found.delivery.token_digest.as_slice().ct_eq(&presented)) {
            Ok(found)
        } else {
            Err(ReasonCode::AttemptUnauthorised.into())
        }
    }

    /// How far it has come by now.
    pub(super) async fn progress_now(&self, db: &impl ConnectionTrait) -> Result<Progress, Refusal> {
        let mut text = Text::new(db.get_database_backend());
        let sql = format!("SELECT length, received, completed_at FROM upload WHERE id = {}", text.holds(self.id));
        Progress::find_by_statement(text.statement(sql)).one(db).await?.ok_or(ReasonCode::UploadNotFound.into())
    }
}
