//! What a gateway says of the messages that it took. JSON as in [`crate::api`], authorised by the gateway's own token.
//!
//! | call | body -> answer | who |
//! |---|---|---|
//! | `POST /v1/messages/receipts` | [`ReceiptsRequest`] -> [`ReceiptsTaken`] | the gateway |

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// What became of messages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReceiptsRequest {
    /// 1 to 500, in any order; the same again changes nothing.
    pub receipts: Vec<DeliveryReceipt>,
}

/// What became of a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DeliveryReceipt {
    /// The message: the `Idempotency-Key` with which it was sent.
    pub id: Uuid,
    /// The gateway's own name for it, as it was answered: 1 to 200 characters.
    pub receipt: String,
    /// Whether it arrived.
    pub outcome: Delivery,
}

/// Whether a message arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Delivery {
    /// It did. Nothing that is said later takes that back.
    Delivered,
    /// It did not, and the gateway tries no more.
    Failed,
}

/// The receipts were taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReceiptsTaken {
    /// Those of messages that this gateway was never given: nothing was done with them.
    pub unknown: Vec<Uuid>,
}
