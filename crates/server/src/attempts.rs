//! `POST /v1/attempts`: a fresh nonce and the rules, for one try.
//!
//! Attempts don't cancel one another, and one that is abandoned or refused changes nothing of the person's standing: whoever
//! knows four facts may start one. Whoever tries again is asked for no more than before.

use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::sync::Arc;

use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, StatusCode};
use jianzai_wire::api::{Attempt, AttemptRequest, Problem};
use jianzai_wire::{Bytes32, CapturePolicy, Limitation, ReasonCode, Step};
use sea_orm::sea_query::{Expr, ExprTrait as _, Query, SelectStatement};
use sea_orm::{
    ActiveModelTrait as _, ActiveValue::Set, ColumnTrait as _, Condition, ConnectionTrait, DbErr, EntityTrait as _,
    PaginatorTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _,
};
use subtle::ConstantTimeEq as _;
use uuid::Uuid;

use crate::activation::client_address;
use crate::app::App;
use crate::clock::to_time;
use crate::db::entity::{State as Standing, activation, attempt, certificate, step};
use crate::limitations;
use crate::limits::Counters;
use crate::problem::{Body, Refusal};
use crate::token;
use crate::year::channel::Channel;
use crate::year::dates::china;
use crate::year::names::Named as _;

/// The capture must be committed within this.
const COMMIT_WITHIN_MS: i64 = 5 * 60_000;
/// How far back attempts count of which few may fail.
pub(crate) const DAY_MS: i64 = 24 * 3_600_000;
/// How far back failures add up, if nobody was certified since: whoever replays recordings of the dead has patience.
const YEAR_MS: i64 = 365 * DAY_MS;
/// Attempts that one activation may start.
const MAX_ATTEMPTS: i64 = 20;

/// Start an attempt: single use, short-lived.
#[utoipa::path(post, path = "/v1/attempts", tag = "certification", security(("activation" = [])),
    request_body = AttemptRequest, responses(
    (status = 201, body = Attempt, description = "The attempt is open."),
    (status = 401, body = Problem, content_type = "application/problem+json", description = "`attempt.unauthorised`"),
    (status = 403, body = Problem, content_type = "application/problem+json", description = "`attempt.demo_refused`"),
    (status = 422, body = Problem, content_type = "application/problem+json", description = "`channel.closed`"),
    (status = 429, body = Problem, content_type = "application/problem+json", description = "`limit.too_many_tries`"),
))]
pub(crate) async fn start(
    State(app): State<Arc<App>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    Body(request): Body<AttemptRequest>,
) -> Result<(StatusCode, axum::Json<Attempt>), Refusal> {
    let activation_digest = token::presented(&headers)?;
    let now = app.clock.now();
    let by_token = activation::Entity::find().filter(activation::Column::TokenDigest.eq(activation_digest.to_vec()));
    let known = by_token.clone().one(app.store.reads()).await?.ok_or(ReasonCode::AttemptUnauthorised)?;
    let rules = app.rules(known.beneficiary_id).await?;
    let rules = rules.on(china(now).date());
    let tx = app.store.begin("start attempt").await?;
    let activation = by_token.lock_exclusive().one(&*tx).await?.filter(|row| now < row.expires_at);
    let activation = activation.ok_or(ReasonCode::AttemptUnauthorised)?;
    if !rules.allows(activation.way()) {
        return Err(ReasonCode::ChannelClosed.into());
    }
    if request.demo && !app.config.demo {
        return Err(ReasonCode::AttemptDemoRefused.into());
    }
    if activation.attempts >= MAX_ATTEMPTS {
        let seconds = u32::try_from((activation.expires_at - now) / 1_000 + 1).unwrap_or(u32::MAX);
        return Err(Refusal::wait(seconds));
    }
    let counters = Counters::at_attempts(&activation.device_key, client_address(&app, peer, &headers), &app.keys);
    let counters = counters.ok_or(ReasonCode::ServerInternal)?;
    counters.check(&*tx, now).await??;
    counters.count(&*tx, now).await?;
    let can = Limitation::leave(&request.limitations, &request.cannot);
    let policy = rules.capture(&can);
    let whose = (activation.id, activation.beneficiary_id);
    let (times, limitations) = ((now, now + COMMIT_WITHIN_MS), request.limitations);
    let attempt =
        issue(&app, &*tx, whose, &policy, request.demo, times, Beside { limitations, ..Beside::default() }).await?;
    let attempts = activation.attempts + 1;
    activation::ActiveModel { id: Set(activation.id), attempts: Set(attempts), ..Default::default() }
        .update(&*tx)
        .await?;
    tx.commit().await?;
    Ok((StatusCode::CREATED, axum::Json(attempt)))
}

/// What only some attempts have beside them.
#[derive(Default)]
pub(crate) struct Beside {
    pub(crate) limitations: Vec<Limitation>,
    /// The volunteer who took the plan along.
    pub(crate) leased_to: Option<Uuid>,
    /// The steps that were lent, JSON.
    pub(crate) leased_plan: Option<String>,
    pub(crate) sampled: bool,
}

/// A new attempt of an activation, for a person, between two times in ms.
pub(crate) async fn issue(
    app: &App,
    tx: &impl ConnectionTrait,
    (activation, beneficiary): (Uuid, Uuid),
    policy: &CapturePolicy,
    demo: bool,
    (now, commit_by): (i64, i64),
    beside: Beside,
) -> Result<Attempt, Refusal> {
    let mut nonce = Bytes32([0; 32]);
    getrandom::fill(&mut nonce.0).map_err(|error| Refusal::internal(&error))?;
    let (token, digest) = token::fresh()?;
    let recipient = app.recipient()?;
    let id = Uuid::new_v4();
    let limitations =
        limitations::seal(&app.keys, id, beside.limitations).map_err(|error| Refusal::internal(&error))?;
    let row = attempt::ActiveModel {
        id: Set(id),
        activation_id: Set(activation),
        beneficiary_id: Set(beneficiary),
        token_digest: Set(digest.to_vec()),
        nonce: Set(nonce.0.to_vec()),
        demo: Set(demo),
        policy: Set(serde_json::to_string(policy).map_err(|error| Refusal::internal(&error))?),
        recipient_key: Set(recipient.key_id.clone()),
        issued_at: Set(now),
        commit_by: Set(commit_by),
        state: Set(Standing::Open),
        reasons: Set(String::new()),
        leased_to_id: Set(beside.leased_to),
        leased_plan: Set(beside.leased_plan),
        sampled: Set(beside.sampled),
        limitations: Set(limitations),
        ..Default::default()
    };
    let row = row.insert(tx).await?;
    let (issued_at, commit_by) = (to_time(now), to_time(commit_by));
    Ok(Attempt { id: row.id, token, nonce, issued_at, commit_by, policy: policy.clone(), recipient })
}

/// Attempts of a person, issued within these times, that were shown a step or committed and led to no certificate that still stands,
/// whatever became of them: who commits to what does not fit and never sends it, or sends another first, has tried as well.
pub(crate) async fn failed(
    db: &impl ConnectionTrait,
    beneficiary: Uuid,
    issued: RangeInclusive<i64>,
    but: Uuid,
) -> Result<u64, DbErr> {
    let uncertified =
        Condition::any().add(attempt::Column::State.ne(Standing::Certified)).add(Expr::exists(taken_back()));
    // Of whom nothing is asked is shown no step.
    let tried = Condition::any().add(Expr::exists(shown())).add(attempt::Column::CommittedAt.is_not_null());
    let failed = attempt::Entity::find()
        .filter(attempt::Column::BeneficiaryId.eq(beneficiary))
        .filter(attempt::Column::IssuedAt.between(*issued.start(), *issued.end()))
        .filter(attempt::Column::Id.ne(but))
        .filter(uncertified)
        .filter(tried);
    failed.count(db).await
}

/// Since when failures of a person add up: their last attempt that led to a certificate that still stands, but not for longer than
/// a year.
pub(crate) async fn adding_up_since(db: &impl ConnectionTrait, beneficiary: Uuid, now: i64) -> Result<i64, DbErr> {
    let certified = attempt::Entity::find()
        .filter(attempt::Column::BeneficiaryId.eq(beneficiary))
        .filter(attempt::Column::IssuedAt.between(now - YEAR_MS, now))
        .filter(attempt::Column::State.eq(Standing::Certified))
        .filter(Expr::exists(taken_back()).not())
        .order_by_desc(attempt::Column::IssuedAt);
    let last = certified.one(db).await?;
    Ok(last.map_or(now - YEAR_MS, |last| last.issued_at))
}

/// The certificate of the attempt that is asked about, if it was found void.
fn taken_back() -> SelectStatement {
    Query::select()
        .expr(Expr::val(1))
        .from(certificate::Entity)
        .and_where(
            Expr::col((certificate::Entity, certificate::Column::AttemptId))
                .equals((attempt::Entity, attempt::Column::Id)),
        )
        .and_where(Expr::col((certificate::Entity, certificate::Column::RevokedAt)).is_not_null())
        .to_owned()
}

/// The first step of the attempt that is asked about.
fn shown() -> SelectStatement {
    Query::select()
        .expr(Expr::val(1))
        .from(step::Entity)
        .and_where(Expr::col((step::Entity, step::Column::AttemptId)).equals((attempt::Entity, attempt::Column::Id)))
        .and_where(Expr::col((step::Entity, step::Column::Idx)).eq(0))
        .to_owned()
}

impl activation::Model {
    /// By which way somebody certifies who began so: that of whoever was signed in and helped, else of
    /// the link that led here, else the mode's.
    pub(crate) fn way(&self) -> Channel {
        let by_mode = if self.mode == "assisted" { Channel::AppAssisted } else { Channel::AppSelf };
        self.channel.as_deref().and_then(Channel::named).unwrap_or(by_mode)
    }
}

/// The attempt that a call is about, not to be changed by anybody else meanwhile.
pub(crate) async fn authorised_alone(
    tx: &impl ConnectionTrait,
    id: Uuid,
    headers: &HeaderMap,
) -> Result<attempt::Model, Refusal> {
    attempt::Entity::find_by_id(id).lock_exclusive().one(tx).await?;
    authorised(tx, id, headers).await
}

/// The attempt that a call is about, if its token is the attempt's.
pub(crate) async fn authorised(
    db: &impl ConnectionTrait,
    id: Uuid,
    headers: &HeaderMap,
) -> Result<attempt::Model, Refusal> {
    let presented = token::presented(headers)?;
    let attempt = attempt::Entity::find_by_id(id).one(db).await?.ok_or(ReasonCode::AttemptNotFound)?;
    if bool::from(attempt.token_digest.as_slice().ct_eq(&presented)) {
        Ok(attempt)
    } else {
        Err(ReasonCode::AttemptUnauthorised.into())
    }
}

impl attempt::Model {
    /// The rules it was issued with.
    pub(crate) fn rules(&self) -> Result<CapturePolicy, Refusal> {
        serde_json::from_str(&self.policy).map_err(|error| Refusal::internal(&error))
    }

    /// The steps that were lent, if it was.
    pub(crate) fn leased(&self) -> Result<Option<Vec<Step>>, Refusal> {
        let plan = self.leased_plan.as_deref().map(serde_json::from_str);
        plan.transpose().map_err(|error| Refusal::internal(&error))
    }

    /// Its nonce.
    pub(crate) fn nonce(&self) -> Result<Bytes32, Refusal> {
        bytes32(&self.nonce)
    }

    /// Why it was refused or is in review, the most helpful first.
    pub(crate) fn why(&self) -> Vec<ReasonCode> {
        why(&self.reasons).collect()
    }

    /// As [`spent`].
    pub(crate) fn spent(&self) -> Refusal {
        spent(self.state, &self.reasons)
    }
}

/// The reasons of an attempt, as they are stored.
fn why(reasons: &str) -> impl Iterator<Item = ReasonCode> {
    reasons.split(',').filter_map(ReasonCode::from_code)
}

/// An attempt that has ended otherwise cannot go on; says why.
pub(crate) fn spent(state: Standing, reasons: &str) -> Refusal {
    match (state, why(reasons).next()) {
        (Standing::Refused, Some(reason)) => reason.into(),
        _ => ReasonCode::AttemptUsed.into(),
    }
}

/// A stored value of 32 bytes.
pub(crate) fn bytes32(stored: &[u8]) -> Result<Bytes32, Refusal> {
    stored.try_into().map(Bytes32).map_err(|_| ReasonCode::ServerInternal.into())
}
