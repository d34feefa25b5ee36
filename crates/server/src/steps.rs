//! `POST /v1/attempts/{id}/steps`: one step at a time.
//!
//! Each step is drawn at the moment it is revealed, and with it the phone commits to every frame so far: a recording
//! made beforehand can't contain the answer. The same request has the same answer, so one that got lost is repeated.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use jianzai_liveness::draw::draw;
use jianzai_liveness::limits::WAIT_MS;
use jianzai_liveness::{NextStep, StepReveal, needed};
use jianzai_wire::api::{Problem, StepAnswer, StepRequest};
use jianzai_wire::{Action, Bytes32, CapturePolicy, ReasonCode, Step, StepReport};
use rand::RngExt as _;
use sea_orm::{
    ActiveModelTrait as _, ActiveValue::Set, ColumnTrait as _, ConnectionTrait, EntityTrait as _, QueryFilter as _,
    QueryOrder as _,
};
use uuid::Uuid;

use crate::app::App;
use crate::attempts::{authorised_alone, bytes32};
use crate::db::entity::{State as Standing, attempt, step};
use crate::problem::{Body, Refusal};

/// Report the step that ended and learn the next.
#[utoipa::path(post, path = "/v1/attempts/{id}/steps", tag = "certification", security(("attempt" = [])),
    params(("id" = Uuid, Path, description = "The attempt.")), request_body = StepRequest, responses(
    (status = 200, body = StepAnswer, description = "The next step, or the end of the plan."),
    (status = 409, body = Problem, content_type = "application/problem+json", description = "`action.wrong`: too many \
        steps failed and the attempt is over; `attempt.used`: this was answered before to another request."),
    (status = 410, body = Problem, content_type = "application/problem+json", description = "`attempt.expired`"),
))]
pub(crate) async fn next(
    State(app): State<Arc<App>>,
    Path(id): Path<Uuid>,
    headers: HeaderMap,
    Body(request): Body<StepRequest>,
) -> Result<Json<StepAnswer>, Refusal> {
    let now = app.clock.now();
    let tx = app.store.begin("next step").await?;
    let attempt = authorised_alone(&*tx, id, &headers).await?;
    let policy = attempt.rules()?;
    let mut steps = revealed(&*tx, id).await?;
    if let Some(answer) = repeated(&steps, &request, &policy)? {
        return answer.map(Json);
    }
    if attempt.state != Standing::Open {
        return Err(attempt.spent());
    }
    if attempt.leased_plan.is_some() {
        return Err(ReasonCode::InputBodyInvalid.into());
    }
    if now >= attempt.commit_by {
        return Err(ReasonCode::AttemptExpired.into());
    }
    match (steps.last_mut(), request.ended) {
        (None, None) => {}
        (Some(last), Some(report)) if last.step.index == report.index && request.frames >= last.frames => {
            record_end(id, &request, report, now).update(&*tx).await?;
            last.report = Some(report);
        }
        _ => return Err(ReasonCode::InputBodyInvalid.into()),
    }
    let answer = match needed(&reports(&steps), &policy) {
        NextStep::Reveal => {
            let step = drawn(&steps, &policy)?;
            row(id, step, &request, now).insert(&*tx).await?;
            Ok(StepAnswer::Next(step))
        }
        NextStep::Complete => Ok(StepAnswer::Complete),
        NextStep::Failed => {
            refuse(id, ReasonCode::ActionWrong, now).update(&*tx).await?;
            Err(ReasonCode::ActionWrong.into())
        }
    };
    tx.commit().await?;
    answer.map(Json)
}

/// A step as it was revealed, and how it ended.
pub(crate) struct Revealed {
    pub(crate) step: Step,
    /// Frames recorded when it was revealed.
    pub(crate) frames: u32,
    /// Chain head over them.
    pub(crate) chain_head: Vec<u8>,
    pub(crate) report: Option<StepReport>,
    /// Frames and head that came with the report.
    pub(crate) ended: Option<(u32, Vec<u8>)>,
    /// When it was revealed, and when its end was reported, by the service's clock in ms.
    pub(crate) revealed_at: i64,
    pub(crate) ended_at: Option<i64>,
}

impl Revealed {
    /// As the judge sees it.
    pub(crate) fn for_judge(&self) -> StepReveal {
        StepReveal { step: self.step, frames_at_reveal: self.frames, ended: self.report }
    }
}

/// Frames and chain head that came with each request, in order: the first asks for the first step, every other reports
/// how one ended.
pub(crate) fn heads(steps: &[Revealed]) -> Result<Vec<(u32, Bytes32)>, Refusal> {
    let first = steps.first().map(|step| (step.frames, &step.chain_head));
    let ends = steps.iter().filter_map(|step| step.ended.as_ref()).map(|(frames, head)| (*frames, head));
    first.into_iter().chain(ends).map(|(frames, head)| Ok((frames, bytes32(head)?))).collect()
}

/// Every step of an attempt, in order.
pub(crate) async fn revealed(db: &impl ConnectionTrait, attempt: Uuid) -> Result<Vec<Revealed>, Refusal> {
    let in_order = step::Entity::find().filter(step::Column::AttemptId.eq(attempt)).order_by_asc(step::Column::Idx);
    in_order.all(db).await?.into_iter().map(|row| read(row).ok_or(ReasonCode::ServerInternal.into())).collect()
}

/// The steps alone.
pub(crate) fn plan(steps: &[Revealed]) -> Vec<Step> {
    steps.iter().map(|revealed| revealed.step).collect()
}

/// The reports of those that ended.
pub(crate) fn reports(steps: &[Revealed]) -> Vec<StepReport> {
    steps.iter().filter_map(|revealed| revealed.report).collect()
}

fn read(row: step::Model) -> Option<Revealed> {
    let action = Action::ALL.into_iter().find(|action| action.name() == row.action)?;
    let step = Step { index: u32::try_from(row.idx).ok()?, action, wait_ms: u32::try_from(row.wait_ms).ok()? };
    let report = row.report.map(|text| serde_json::from_str(&text)).transpose().ok()?;
    let ended = row.ended_frames.and_then(|frames| u32::try_from(frames).ok()).zip(row.ended_head);
    let frames = u32::try_from(row.frames).ok()?;
    Some(Revealed {
        step,
        frames,
        chain_head: row.chain_head,
        report,
        ended,
        revealed_at: row.revealed_at,
        ended_at: row.ended_at,
    })
}

type Answer = Result<StepAnswer, Refusal>;

/// The answer that this very request had before, if it came before. Another request in its place is refused.
fn repeated(steps: &[Revealed], request: &StepRequest, policy: &CapturePolicy) -> Result<Option<Answer>, Refusal> {
    let used = Err(ReasonCode::AttemptUsed.into());
    let next = match request.ended {
        None => 0,
        Some(report) => {
            let index = report.index as usize;
            let Some(before) = steps.get(index) else { return Ok(None) };
            let Some(ended) = &before.ended else { return Ok(None) };
            if before.report != Some(report) || *ended != (request.frames, request.chain_head.0.to_vec()) {
                return used;
            }
            index + 1
        }
    };
    match steps.get(next) {
        Some(step) if step.frames == request.frames && step.chain_head == request.chain_head.0 => {
            Ok(Some(Ok(StepAnswer::Next(step.step))))
        }
        Some(_) => used,
        None => Ok(match needed(&reports(steps), policy) {
            NextStep::Complete => Some(Ok(StepAnswer::Complete)),
            NextStep::Failed => Some(Err(ReasonCode::ActionWrong.into())),
            NextStep::Reveal => None,
        }),
    }
}

/// The next step: every plan of the rules is equally likely ([`draw`]).
fn drawn(steps: &[Revealed], policy: &CapturePolicy) -> Result<Step, Refusal> {
    let mut rng = rand::rng();
    let revealed: Vec<_> = steps.iter().map(Revealed::for_judge).collect();
    let action = draw(policy, &revealed, rng.random()).ok_or(ReasonCode::ServerInternal)?;
    let index = u32::try_from(steps.len()).map_err(|_| ReasonCode::ServerInternal)?;
    Ok(Step { index, action, wait_ms: rng.random_range(WAIT_MS) })
}

pub(crate) fn row(attempt: Uuid, step: Step, request: &StepRequest, now: i64) -> step::ActiveModel {
    step::ActiveModel {
        attempt_id: Set(attempt),
        idx: Set(step.index.into()),
        action: Set(step.action.name().to_owned()),
        wait_ms: Set(step.wait_ms.into()),
        revealed_at: Set(now),
        frames: Set(request.frames.into()),
        chain_head: Set(request.chain_head.0.to_vec()),
        ..Default::default()
    }
}

pub(crate) fn record_end(attempt: Uuid, request: &StepRequest, report: StepReport, now: i64) -> step::ActiveModel {
    step::ActiveModel {
        attempt_id: Set(attempt),
        idx: Set(report.index.into()),
        // A report is numbers and names: it always serialises.
        report: Set(serde_json::to_string(&report).ok()),
        ended_frames: Set(Some(request.frames.into())),
        ended_head: Set(Some(request.chain_head.0.to_vec())),
        ended_at: Set(Some(now)),
        ..Default::default()
    }
}

fn refuse(attempt: Uuid, reason: ReasonCode, now: i64) -> attempt::ActiveModel {
    attempt::ActiveModel {
        id: Set(attempt),
        state: Set(Standing::Refused),
        reasons: Set(reason.code().to_owned()),
        judged_at: Set(Some(now)),
        ..Default::default()
    }
}
