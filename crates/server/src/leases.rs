//! Plans that a signed-in volunteer takes along to where there is no network, and what comes back of them.
//!
//! **In**: `POST /v1/desk/leases`: a person on one of the volunteer's lists, and the device that will record. **Out**: an
//! attempt with every step that it may come to, good for three days or as long as the list, whichever ends first. **In**,
//! later: `POST /v1/attempts/{id}/return`: the consent, the reports on the steps, the commitment, all at once; **out**: the receipt
//! of a commit. From there on it is an attempt like any other, with three differences: who brought it is the volunteer; its day
//! is the day of the recording, as the device says, where that lies between lease and return; and a part of them
//! ([`crate::sampling`]) is looked at by people whatever the judge says.
//!
//! **What can go wrong**: the person is on no list: `desk.not_listed`, no sooner than any other search; too many plans of
//! one person are out: wait; the lease is over: `attempt.commit_late`; another device signed, the reports do not fit the
//! plan, or the recording does not fit the times: as with any attempt. The account was closed meanwhile: a person looks at it.
//! An abandoned lease changes nothing.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use jianzai_liveness::limits::WAIT_MS;
use jianzai_liveness::{NextStep, needed};
use jianzai_wire::api::{CommitReceipt, Problem, StepRequest};
use jianzai_wire::desk::ReadReason;
use jianzai_wire::lease::{Lease, LeaseRequest, LeaseReturn};
use jianzai_wire::{Action, CapturePolicy, Limitation, ReasonCode, Step};
use rand::RngExt as _;
use rand::seq::IndexedRandom as _;
use sea_orm::{
    ActiveModelTrait as _, ActiveValue::Set, ColumnTrait as _, ConnectionTrait, EntityTrait as _, PaginatorTrait as _,
    QueryFilter as _, QuerySelect as _,
};
use tokio::time::Instant;
use uuid::Uuid;

use crate::accounts::SignedIn;
use crate::accounts::signed_in::Volunteers;
use crate::activation::{by_whom, check_consent};
use crate::app::App;
use crate::attempts::{self, Beside, authorised_alone};
use crate::audit::{self, Entry};
use crate::clock::to_millis;
use crate::commit::{TOLERANCE_MS, keep, receipt};
use crate::db::entity::{State as Standing, activation, attempt, beneficiary};
use crate::desk::access::{Outcome, Read, SOONEST, What, within_limits};
use crate::desk::visits::on_list;
use crate::problem::{Body, Refusal};
use crate::sampling;
use crate::steps::{self, Revealed};
use crate::token;
use crate::year::channel::Channel;
use crate::year::dates::china;

/// A round through the villages.
const LEASE_MS: i64 = 72 * 3_600_000;
/// Plans of one person that may be out at once: one failed, one on another device, one more.
const OUT_AT_ONCE: u64 = 3;

/// Take a plan along.
#[utoipa::path(post, path = "/v1/desk/leases", tag = "desk", security(("desk" = [])), request_body = LeaseRequest,
    responses(
    (status = 201, body = Lease, description = "The plan is lent; it is logged to whom."),
    (status = 401, body = Problem, content_type = "application/problem+json", description = "`account.signed_out`"),
    (status = 403, body = Problem, content_type = "application/problem+json", description = "`desk.not_listed`; \
        `account.not_allowed`; `attempt.demo_refused`"),
    (status = 422, body = Problem, content_type = "application/problem+json", description = "`channel.closed`"),
    (status = 429, body = Problem, content_type = "application/problem+json", description = "`limit.too_many_tries`"),
))]
pub(crate) async fn lend(
    State(app): State<Arc<App>>,
    signed_in: SignedIn<Volunteers>,
    Body(request): Body<LeaseRequest>,
) -> Result<(StatusCode, Json<Lease>), Refusal> {
    let arrived = Instant::now();
    let now = app.clock.now();
    let volunteer = signed_in.account.id;
    let Some(listed) = on_list(app.store.reads(), volunteer, request.person, now).await? else {
        missed(&app, &signed_in, now).await?;
        tokio::time::sleep_until(arrived + SOONEST).await;
        return Err(ReasonCode::DeskNotListed.into());
    };
    if request.demo && !app.config.demo {
        return Err(ReasonCode::AttemptDemoRefused.into());
    }
    let policy = rules(&app, &request, now).await?;
    let tx = app.store.begin("lend a plan").await?;
    // One after another for a person, or several at once would each find room.
    beneficiary::Entity::find_by_id(request.person).lock_exclusive().one(&*tx).await?;
    if out(&*tx, request.person, now).await? >= OUT_AT_ONCE {
        return Err(Refusal::wait(3_600));
    }
    let steps = draw(&policy)?;
    let whose = (activate(&*tx, &request, now).await?, request.person);
    let plan = serde_json::to_string(&steps).map_err(|error| Refusal::internal(&error))?;
    let beside = Beside {
        limitations: request.limitations,
        leased_to: Some(volunteer),
        leased_plan: Some(plan),
        sampled: sampling::is_drawn(&*tx, request.person).await?,
    };
    let times = (now, listed.until.min(now + LEASE_MS));
    let attempt = attempts::issue(&app, &*tx, whose, &policy, request.demo, times, beside).await?;
    audit::append(&tx, now, Entry::of(audit::Action::Leased, attempt.id).by(volunteer)).await?;
    tx.commit().await?;
    Ok((StatusCode::CREATED, Json(Lease { attempt, steps })))
}

/// Somebody was asked for who is on no list: counted, and put down in both logs.
async fn missed(app: &App, by: &SignedIn<Volunteers>, now: i64) -> Result<(), Refusal> {
    let tx = app.store.begin("plan for nobody").await?;
    within_limits(app, &tx, by.account.id, now).await?.count(&*tx, now).await?;
    let (what, reason, outcome) = (What::Visit, ReadReason::Visit, Outcome::NotListed);
    Read { what, reason, reference: None, sought: None, outcome }.log(&tx, by, now).await?;
    Ok(tx.commit().await?)
}

async fn rules(app: &App, request: &LeaseRequest, now: i64) -> Result<CapturePolicy, Refusal> {
    let rules = app.rules(request.person).await?;
    let rules = rules.on(china(now).date());
    if !rules.allows(Channel::AppAssisted) {
        return Err(ReasonCode::ChannelClosed.into());
    }
    Ok(rules.capture(&Limitation::leave(&request.limitations, &request.cannot)))
}

/// As many steps as an attempt may come to: all but one done, one failed, and so on, and then all of a run that is longer with
/// each. Wherever one fails, those that follow make a plan of their own, so each run of them has a head movement.
fn draw(policy: &CapturePolicy) -> Result<Vec<Step>, Refusal> {
    let needed = policy.steps_needed.max(1) as usize;
    let longest = (0..=policy.failures_allowed).map(|failed| policy.steps_after(failed) as usize).sum();
    let can_move = policy.actions.iter().any(|action| action.moves_head());
    let mut rng = rand::rng();
    loop {
        let drawn: Option<Vec<Action>> = (0..longest).map(|_| policy.actions.choose(&mut rng).copied()).collect();
        let drawn = drawn.ok_or(ReasonCode::ServerInternal)?;
        if can_move && !drawn.windows(needed).all(|run| run.iter().any(|action| action.moves_head())) {
            continue;
        }
        let step = |(index, action)| Step { index, action, wait_ms: rand::rng().random_range(WAIT_MS) };
        return Ok((0..).zip(drawn).map(step).collect());
    }
}

/// Plans of the person that are out.
async fn out(db: &impl ConnectionTrait, person: Uuid, now: i64) -> Result<u64, Refusal> {
    let out = attempt::Entity::find()
        .filter(attempt::Column::BeneficiaryId.eq(person))
        .filter(attempt::Column::LeasedToId.is_not_null())
        .filter(attempt::Column::State.eq(Standing::Open))
        .filter(attempt::Column::CommitBy.gt(now));
    Ok(out.count(db).await?)
}

/// Stands for the four facts: the volunteer's list says who it is. Nobody has its token; the consent comes with the return.
async fn activate(db: &impl ConnectionTrait, request: &LeaseRequest, now: i64) -> Result<Uuid, Refusal> {
    let (_, digest) = token::fresh()?;
    let row = activation::ActiveModel {
        id: Set(Uuid::now_v7()),
        beneficiary_id: Set(request.person),
        token_digest: Set(digest.to_vec()),
        device_key: Set(request.device_key.0.to_vec()),
        mode: Set("assisted".to_owned()),
        consent_text: Set(String::new()),
        consent_by: Set(String::new()),
        created_at: Set(now),
        expires_at: Set(now),
        attempts: Set(1),
        channel: Set(None),
        // The attempt itself says to whom it was lent.
        helper_id: Set(None),
    };
    Ok(row.insert(db).await?.id)
}

/// Bring back what came of a plan.
#[utoipa::path(post, path = "/v1/attempts/{id}/return", tag = "certification", security(("attempt" = [])),
    params(("id" = Uuid, Path, description = "The attempt.")), request_body = LeaseReturn, responses(
    (status = 200, body = CommitReceipt, description = "The commitment is durable."),
    (status = 409, body = Problem, content_type = "application/problem+json", description = "`attempt.used`: another \
        capture was committed; `action.not_seen`: the plan is not complete."),
    (status = 410, body = Problem, content_type = "application/problem+json", description = "`attempt.commit_late`"),
    (status = 422, body = Problem, content_type = "application/problem+json", description = "`evidence.bad_times`, \
        `input.consent_missing`"),
))]
pub(crate) async fn bring_back(
    State(app): State<Arc<App>>,
    Path(id): Path<Uuid>,
    headers: HeaderMap,
    Body(request): Body<LeaseReturn>,
) -> Result<Json<CommitReceipt>, Refusal> {
    let now = app.clock.now();
    let tx = app.store.begin("bring back a plan").await?;
    let lent = authorised_alone(&*tx, id, &headers).await?;
    if lent.committed_at.is_some() {
        return receipt(&lent, &request.commit).map(Json);
    }
    let plan = lent.leased()?.ok_or(ReasonCode::InputBodyInvalid)?;
    check_consent(&request.consent)?;
    // A device's clock may be wrong by years: then the day on which it came back is the day that is proven.
    let captured_at = to_millis(request.captured_at);
    let meanwhile = lent.issued_at - TOLERANCE_MS..=now + TOLERANCE_MS;
    let captured_at = if meanwhile.contains(&captured_at) { captured_at } else { now };
    let revealed = replay(&plan, &request.steps, &lent.rules()?, (lent.issued_at, now))?;
    let committed = keep(&*tx, &lent, &revealed, &request.commit, now).await?;
    for (step, asked) in revealed.iter().zip(&request.steps) {
        steps::row(id, step.step, asked, lent.issued_at).insert(&*tx).await?;
    }
    for asked in &request.steps {
        if let Some(report) = asked.ended {
            steps::record_end(id, asked, report, now).update(&*tx).await?;
        }
    }
    let captured = attempt::ActiveModel { id: Set(id), captured_at: Set(Some(captured_at)), ..Default::default() };
    captured.update(&*tx).await?;
    let consent = activation::ActiveModel {
        id: Set(lent.activation_id),
        consent_text: Set(request.consent.text_version.clone()),
        consent_by: Set(by_whom(&request.consent).to_owned()),
        ..Default::default()
    };
    consent.update(&*tx).await?;
    tx.commit().await?;
    receipt(&committed, &request.commit).map(Json)
}

/// The steps as they would have been revealed one by one.
fn replay(
    plan: &[Step],
    asked: &[StepRequest],
    policy: &CapturePolicy,
    (lent_at, now): (i64, i64),
) -> Result<Vec<Revealed>, Refusal> {
    let wrong = || Refusal::from(ReasonCode::InputBodyInvalid);
    let mut revealed: Vec<Revealed> = Vec::new();
    for (place, request) in asked.iter().enumerate() {
        match (revealed.last_mut(), request.ended) {
            (None, None) => {}
            (Some(last), Some(report)) if last.step.index == report.index && request.frames >= last.frames => {
                last.report = Some(report);
                last.ended = Some((request.frames, request.chain_head.0.to_vec()));
                last.ended_at = Some(now);
            }
            _ => return Err(wrong()),
        }
        match needed(&steps::reports(&revealed), policy) {
            NextStep::Reveal => revealed.push(Revealed {
                step: *plan.get(place).ok_or_else(wrong)?,
                frames: request.frames,
                chain_head: request.chain_head.0.to_vec(),
                report: None,
                ended: None,
                revealed_at: lent_at,
                ended_at: None,
            }),
            NextStep::Complete if place + 1 == asked.len() => {}
            NextStep::Complete => return Err(wrong()),
            NextStep::Failed => return Err(ReasonCode::ActionWrong.into()),
        }
    }
    Ok(revealed)
}

#[cfg(test)]
mod tests {
    use jianzai_wire::{Bytes32, FrameTime, StepOutcome, StepReport};

    use super::*;

    fn policy() -> CapturePolicy {
        CapturePolicy::for_actions(&Action::ALL)
    }

    fn asked(outcomes: &[StepOutcome]) -> Vec<StepRequest> {
        let head = Bytes32([7; 32]);
        let first = StepRequest { ended: None, frames: 10, chain_head: head };
        let rest = outcomes.iter().enumerate().map(|(place, outcome)| {
            let at = FrameTime(1_000 * place as u64);
            let report = StepReport { index: place as u32, outcome: *outcome, cue_at: at, began_at: at, ended_at: at };
            StepRequest { ended: Some(report), frames: 20 + 10 * place as u32, chain_head: head }
        });
        [first].into_iter().chain(rest).collect()
    }

    fn came_to(outcomes: &[StepOutcome]) -> Result<usize, ReasonCode> {
        let plan = draw(&policy()).expect("steps");
        replay(&plan, &asked(outcomes), &policy(), (0, 9)).map(|steps| steps.len()).map_err(|refusal| refusal.reason)
    }

    #[test]
    fn what_comes_back_is_held_against_the_plan_as_if_it_had_been_revealed() {
        use StepOutcome::{Done, TooEarly};
        assert_eq!(came_to(&[Done; 4]), Ok(4));
        let longest = [&[Done, Done, Done, TooEarly][..], &[Done; 5]].concat();
        assert_eq!(came_to(&longest), Ok(9), "the longest that a lease is for");
        let short = [&[Done, TooEarly][..], &[Done; 4]].concat();
        assert_eq!(came_to(&short), Ok(7), "not complete: after a failure it takes five");
        assert_eq!(came_to(&[Done, TooEarly, TooEarly]), Err(ReasonCode::ActionWrong));
        assert_eq!(came_to(&[Done; 5]), Err(ReasonCode::InputBodyInvalid), "more than asked for");
        assert_eq!(came_to(&[Done]), Ok(2), "not complete: the commitment is refused");
        let mut swapped = asked(&[Done; 4]);
        swapped.swap(1, 2);
        let plan = draw(&policy()).expect("steps");
        assert!(replay(&plan, &swapped, &policy(), (0, 9)).is_err());
        let mut shrunk = asked(&[Done; 4]);
        shrunk[2].frames = 1;
        assert!(replay(&plan, &shrunk, &policy(), (0, 9)).is_err());
    }
}
