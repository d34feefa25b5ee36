//! `POST /v1/messages/receipts`: a gateway says whether messages arrived.
//!
//! **In**: messages by the name under which they were sent, each with the gateway's own name for it and what became of it.
//! **Out**: their state; those that the gateway was never given are named. **What can go wrong**: the token is not the
//! gateway's, or none was agreed upon (`gateway.not_confirmed`): nothing is read; a receipt bears another name than the one
//! that the gateway answered when it took the message: it is unknown.
//!
//! Receipts come twice, late and in any order. That a message arrived is never taken back; that it did not may be, unless a clerk
//! holds the letter that came back. A
//! gateway may be quicker than the sender that notes that the message was taken: then the receipt says so in its place, and
//! the message is not sent again.

use std::sync::Arc;

use axum::Json;
use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use jianzai_wire::ReasonCode;
use jianzai_wire::api::Problem;
use jianzai_wire::messages::{Delivery, DeliveryReceipt, ReceiptsRequest, ReceiptsTaken};
use sea_orm::{ActiveModelTrait as _, ActiveValue::Set, DbErr};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use time::OffsetDateTime;
use uuid::Uuid;

use super::{ActiveModel, Model, letter, unreached};
use crate::app::App;
use crate::clock::to_millis;
use crate::db::Writing;
use crate::office::{Office, OfficeError};
use crate::problem::{Body, Refusal};
use crate::token;
use crate::year::dates::{china, day_number};

/// Receipts of one call at most.
const MOST: usize = 500;
/// The longest name that a gateway may give.
pub(super) const LONGEST: usize = 200;

/// Take a gateway's receipts.
#[utoipa::path(post, path = "/v1/messages/receipts", tag = "messages", security(("gateway" = [])),
    request_body = ReceiptsRequest, responses(
    (status = 200, body = ReceiptsTaken, description = "In any order; the same again changes nothing."),
    (status = 401, body = Problem, content_type = "application/problem+json", description = "`gateway.not_confirmed`"),
    (status = 422, body = Problem, content_type = "application/problem+json", description = "`input.body_invalid`"),
))]
pub(crate) async fn take(
    State(app): State<Arc<App>>,
    _gateway: FromGateway,
    Body(request): Body<ReceiptsRequest>,
) -> Result<Json<ReceiptsTaken>, Refusal> {
    let named = |receipt: &DeliveryReceipt| (1..=LONGEST).contains(&receipt.receipt.len());
    if !(1..=MOST).contains(&request.receipts.len()) || !request.receipts.iter().all(named) {
        return Err(ReasonCode::InputBodyInvalid.into());
    }
    let unknown = app.office().receipts(&request.receipts, china(app.clock.now())).await?;
    Ok(Json(ReceiptsTaken { unknown }))
}

/// A call that came with the gateway's token. It comes before the body: nothing is read of what others send.
#[derive(Debug)]
pub(crate) struct FromGateway;

impl FromRequestParts<Arc<App>> for FromGateway {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Refusal> {
        let presented = token::presented(&parts.headers).map_err(|_| ReasonCode::GatewayNotConfirmed)?;
        let agreed = app.config.receipts_token.as_ref().map(|token| Sha256::digest(token.expose()));
        match agreed {
            Some(agreed) if bool::from(agreed.as_slice().ct_eq(&presented)) => Ok(Self),
            _ => Err(ReasonCode::GatewayNotConfirmed.into()),
        }
    }
}

impl Office {
    /// Notes what became of messages; names those that this gateway was never given.
    pub async fn receipts(&self, receipts: &[DeliveryReceipt], now: OffsetDateTime) -> Result<Vec<Uuid>, OfficeError> {
        let mut unknown = Vec::new();
        // One after the other, so that two calls about the same messages never wait for each other.
        for receipt in receipts {
            let tx = self.store.begin("receipt").await?;
            if !note(&tx, receipt, now).await? {
                unknown.push(receipt.id);
            }
            tx.commit().await?;
        }
        Ok(unknown)
    }
}

/// Notes what became of a message; false if the gateway was never given it.
async fn note(tx: &Writing, receipt: &DeliveryReceipt, now: OffsetDateTime) -> Result<bool, DbErr> {
    let row = unreached::hold(tx, receipt.id).await?;
    let Some(row) = row.filter(|row| was_given(row, &receipt.receipt)) else { return Ok(false) };
    let (state, handed_on) = match receipt.outcome {
        // Somebody holds it in their hands.
        _ if row.state == unreached::RETURNED => return Ok(true),
        Delivery::Delivered => ("delivered", row.handed_on.or(Some(day_number(now.date())))),
        // Something else was said before, and it had arrived.
        Delivery::Failed if row.state == "delivered" => return Ok(true),
        Delivery::Failed => ("failed", row.handed_on),
    };
    let noted = ActiveModel {
        id: Set(row.id),
        state: Set(state.to_owned()),
        handed_on: Set(handed_on),
        receipt: Set(Some(receipt.receipt.clone())),
        ..Default::default()
    };
    let noted = noted.update(&**tx).await?;
    if receipt.outcome == Delivery::Failed {
        letter::instead(&**tx, noted.clone(), now).await?;
        unreached::look_for(tx, &noted, to_millis(now)).await?;
    }
    Ok(true)
}

/// Whether a sender had the message, and calls it so. One that was given to it and is not noted yet has no name so far.
fn was_given(row: &Model, receipt: &str) -> bool {
    let taken = matches!(row.state.as_str(), "handed_over" | "delivered" | "failed" | unreached::RETURNED);
    let on_its_way = row.state == "waiting" && row.tries > 0;
    (taken || on_its_way) && row.receipt.as_deref().is_none_or(|name| name == receipt)
}

#[cfg(test)]
mod tests;
