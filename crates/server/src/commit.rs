//! `POST /v1/attempts/{id}/commit`: from now on not one byte of the capture can change.
//!
//! Single use: the same commitment again has the same receipt, another is `attempt.used`. A recording longer than the
//! time since the attempt was issued can't have been made in it.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use jianzai_liveness::{NextStep, needed};
use jianzai_wire::api::{CommitReceipt, CommitRequest, Problem};
use jianzai_wire::{ReasonCode, plan};
use sea_orm::{ActiveModelTrait as _, ActiveValue::Set, ConnectionTrait};
use uuid::Uuid;

use crate::app::App;
use crate::attempts::{authorised_alone, bytes32};
use crate::clock::to_time;
use crate::db::entity::{State as Standing, attempt};
use crate::problem::{Body, Refusal};
use crate::steps::{self, Revealed};

/// The sealed bundle may be delivered this long after the commit: a village can be without a network for weeks.
const DELIVER_WITHIN_MS: i64 = 30 * 86_400_000;
/// Two clocks never run quite alike.
pub(crate) const TOLERANCE_MS: i64 = 2_000;

/// Commit the capture.
#[utoipa::path(post, path = "/v1/attempts/{id}/commit", tag = "certification", security(("attempt" = [])),
    params(("id" = Uuid, Path, description = "The attempt.")), request_body = CommitRequest, responses(
    (status = 200, body = CommitReceipt, description = "The commitment is durable."),
    (status = 409, body = Problem, content_type = "application/problem+json", description = "`attempt.used`: another \
        capture was committed; `action.not_seen`: the plan is not complete."),
    (status = 410, body = Problem, content_type = "application/problem+json", description = "`attempt.commit_late`"),
    (status = 422, body = Problem, content_type = "application/problem+json", description = "`evidence.bad_times`"),
))]
pub(crate) async fn commit(
    State(app): State<Arc<App>>,
    Path(id): Path<Uuid>,
    headers: HeaderMap,
    Body(request): Body<CommitRequest>,
) -> Result<Json<CommitReceipt>, Refusal> {
    let now = app.clock.now();
    let tx = app.store.begin("commit").await?;
    let attempt = authorised_alone(&*tx, id, &headers).await?;
    if attempt.committed_at.is_some() {
        return receipt(&attempt, &request).map(Json);
    }
    if attempt.leased_plan.is_some() {
        return Err(ReasonCode::InputBodyInvalid.into());
    }
    let steps = steps::revealed(&*tx, id).await?;
    let committed = keep(&*tx, &attempt, &steps, &request, now).await?;
    tx.commit().await?;
    receipt(&committed, &request).map(Json)
}

/// Binds an open attempt to a capture of these steps.
pub(crate) async fn keep(
    tx: &impl ConnectionTrait,
    attempt: &attempt::Model,
    steps: &[Revealed],
    request: &CommitRequest,
    now: i64,
) -> Result<attempt::Model, Refusal> {
    if attempt.state != Standing::Open {
        return Err(attempt.spent());
    }
    if now >= attempt.commit_by {
        return Err(ReasonCode::AttemptCommitLate.into());
    }
    check(attempt, steps, request, now)?;
    let id = attempt.id;
    let plan_hash = plan::plan_hash(id, &attempt.nonce()?, &steps::plan(steps));
    let committed = attempt::ActiveModel {
        id: Set(id),
        state: Set(Standing::Committed),
        committed_at: Set(Some(now)),
        chain_head: Set(Some(request.chain_head.0.to_vec())),
        frames: Set(Some(request.frames.into())),
        duration_ms: Set(Some(request.duration_ms.into())),
        plan_hash: Set(Some(plan_hash.0.to_vec())),
        deliver_by: Set(Some(now + DELIVER_WITHIN_MS)),
        ..Default::default()
    };
    Ok(committed.update(tx).await?)
}

/// The receipt of a committed attempt, for whoever committed this very capture.
pub(crate) fn receipt(attempt: &attempt::Model, request: &CommitRequest) -> Result<CommitReceipt, Refusal> {
    let same = attempt.chain_head.as_deref() == Some(request.chain_head.0.as_slice())
        && attempt.frames == Some(request.frames.into())
        && attempt.duration_ms == Some(request.duration_ms.into());
    match (attempt.committed_at, attempt.deliver_by, &attempt.plan_hash) {
        (Some(committed), Some(deliver), Some(hash)) if same => Ok(CommitReceipt {
            committed_at: to_time(committed),
            deliver_by: to_time(deliver),
            plan_hash: bytes32(hash)?,
        }),
        _ => Err(ReasonCode::AttemptUsed.into()),
    }
}

fn check(attempt: &attempt::Model, steps: &[Revealed], request: &CommitRequest, now: i64) -> Result<(), Refusal> {
    let policy = attempt.rules()?;
    if needed(&steps::reports(steps), &policy) != NextStep::Complete {
        return Err(ReasonCode::ActionNotSeen.into());
    }
    let longest = i64::from(policy.max_capture_ms).min(now - attempt.issued_at) + TOLERANCE_MS;
    let told = steps.last().and_then(|last| last.ended.as_ref()).map_or(0, |(frames, _)| *frames);
    if i64::from(request.duration_ms) > longest || request.frames < told {
        return Err(ReasonCode::EvidenceBadTimes.into());
    }
    Ok(())
}
