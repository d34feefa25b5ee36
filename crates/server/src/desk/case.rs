//! `POST /v1/desk/reviews/{id}/open`: a case side by side, which is then the clerk's for an hour.
//!
//! **In**: a case of the clerk's area. **Out**: the person as registered, where they stand, what they say, what the judge
//! said in words and figures, and where evidence and portrait are to be seen. **What can go wrong**: there is no such case,
//! or it is another area's: one answer, `desk.nobody_found`, logged, and no sooner the one than the other, as wherever a case
//! is named ([`found`]); a colleague has it (`review.taken`), it is decided (`review.decided`), the clerk's own word waits
//! for another's (`review.second_clerk`), or the clerk had a hand in what it is about (`review.own`).
//!
//! The read is logged, and the case taken, in one transaction before anything is shown.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use jianzai_liveness::Judgement;
use jianzai_liveness::judge::{Figure, Reason};
use jianzai_wire::api::Problem;
use jianzai_wire::cases::{
    CaseAttempt, EvidencePart, JudgeFigure, JudgeReason, JudgeSaid, ReviewCase, SaidReason, Verdict,
};
use jianzai_wire::desk::ReadReason;
use jianzai_wire::{Language, ReasonCode, Secret};
use sea_orm::{ActiveEnum as _, EntityTrait as _};
use tokio::time::Instant;
use uuid::Uuid;

use super::access::{Outcome, Read, SOONEST, What, within_limits, within_misses};
use super::person::show;
use super::reviews::{is_overdue, told_kind};
use crate::accounts::SignedIn;
use crate::accounts::signed_in::Clerks;
use crate::app::App;
use crate::chronicle::decisions::{self, take};
use crate::chronicle::reviews::{ReviewError, place};
use crate::clock::to_time;
use crate::columns;
use crate::db::Writing;
use crate::db::entity::{activation, attempt, beneficiary};
use crate::db::year::review;
use crate::limitations;
use crate::problem::{self, Refusal};
use crate::steps;
use crate::year::dates::{china, numbered_day};
use crate::year::names::Named as _;
use crate::year::policy::ReviewKind;

/// Open a case: it is one's own for an hour.
#[utoipa::path(post, path = "/v1/desk/reviews/{id}/open", tag = "desk", security(("desk" = [])),
    params(("id" = Uuid, Path, description = "The case.")), responses(
    (status = 200, body = ReviewCase, description = "The read is logged."),
    (status = 401, body = Problem, content_type = "application/problem+json", description = "`account.signed_out`"),
    (status = 404, body = Problem, content_type = "application/problem+json", description = "`desk.nobody_found`: there is \
        no such case, or it is another area's; which is not said."),
    (status = 409, body = Problem, content_type = "application/problem+json", description = "`review.taken`, \
        `review.decided`, `review.second_clerk`, `review.own`"),
))]
pub(crate) async fn open(
    State(app): State<Arc<App>>,
    signed_in: SignedIn<Clerks>,
    Path(id): Path<Uuid>,
    headers: HeaderMap,
) -> Result<Json<ReviewCase>, Refusal> {
    let arrived = Instant::now();
    let now = app.clock.now();
    let tx = app.store.begin("open case").await?;
    within_limits(&app, &tx, signed_in.account.id, now).await?;
    let sought = Sought { id, what: What::Case, arrived, now };
    let (tx, Found { row, kind, person }) = found(&app, tx, &signed_in, sought).await?;
    let until = take(&*tx, id, signed_in.account.id, now).await?;
    read(What::Case, kind, &row).log(&tx, &signed_in, now).await?;
    tx.commit().await?;
    let case = Case { app: &app, row, kind, person, language: problem::language(&headers) };
    Ok(Json(case.tell(until).await?))
}

/// A read for a case.
pub(super) fn read(what: What, kind: ReviewKind, row: &review::Model) -> Read {
    let reason = match kind {
        ReviewKind::Submission => ReadReason::Review,
        ReviewKind::Appeal => ReadReason::Appeal,
        ReviewKind::DeathReport | ReviewKind::Unreached => ReadReason::Report,
    };
    Read { what, reason, reference: Some(row.id), sought: None, outcome: Outcome::Shown(row.beneficiary_id) }
}

/// A case that a call names.
pub(super) struct Sought {
    pub(super) id: Uuid,
    /// What of it the call is about.
    pub(super) what: What,
    /// When the call came, for an answer that is no sooner than others.
    pub(super) arrived: Instant,
    pub(super) now: i64,
}

/// A case, and whose it is.
pub(super) struct Found {
    pub(super) row: review::Model,
    pub(super) kind: ReviewKind,
    pub(super) person: beneficiary::Model,
}

/// A case of the account's area, with the transaction that it was found in. Of another area's, or none, nothing is told:
/// that it was asked for is counted and logged, and answered no sooner than any search that found nobody.
pub(super) async fn found(
    app: &App,
    tx: Writing,
    by: &SignedIn<Clerks>,
    sought: Sought,
) -> Result<(Writing, Found), Refusal> {
    let Sought { id, what, arrived, now } = sought;
    let counters = within_misses(app, &tx, by.account.id, now).await?;
    if let Some(found) = of_area(app, &tx, by, id).await? {
        return Ok((tx, found));
    }
    counters.count(&*tx, now).await?;
    let (reason, outcome) = (ReadReason::Review, Outcome::Elsewhere);
    Read { what, reason, reference: Some(id), sought: None, outcome }.log(&tx, by, now).await?;
    tx.commit().await?;
    tokio::time::sleep_until(arrived + SOONEST).await;
    Err(ReasonCode::DeskNobodyFound.into())
}

async fn of_area(app: &App, tx: &Writing, by: &SignedIn<Clerks>, id: Uuid) -> Result<Option<Found>, Refusal> {
    let (row, kind) = match decisions::waiting(&**tx, id).await {
        Ok(found) => found,
        Err(ReviewError::NotFound) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let person = beneficiary::Entity::find_by_id(row.beneficiary_id).one(&**tx).await?;
    let person = person.ok_or(ReasonCode::ServerInternal)?;
    Ok(by.serves(person.insured_place(&app.keys)?).then_some(Found { row, kind, person }))
}

impl From<ReviewError> for Refusal {
    fn from(error: ReviewError) -> Self {
        match error {
            ReviewError::NotFound => ReasonCode::DeskNobodyFound.into(),
            ReviewError::Decided => ReasonCode::ReviewDecided.into(),
            ReviewError::Taken => ReasonCode::ReviewTaken.into(),
            ReviewError::SaidOtherwise => ReasonCode::ReviewSaidOtherwise.into(),
            ReviewError::WantsSecond => ReasonCode::ReviewSecondClerk.into(),
            ReviewError::Own => ReasonCode::ReviewOwn.into(),
            ReviewError::DiedInFuture => ReasonCode::RecordProofInFuture.into(),
            ReviewError::DiedBeforeEntitled => ReasonCode::DeathBeforeEntitled.into(),
            ReviewError::DiedBeforeProof => ReasonCode::DeathBeforeProof.into(),
            ReviewError::RecordedDead => ReasonCode::DeathRecorded.into(),
            ReviewError::Database(_) | ReviewError::NotSealed(_) | ReviewError::Rules(_) => Self::internal(&error),
        }
    }
}

/// A case to tell of.
struct Case<'a> {
    app: &'a App,
    row: review::Model,
    kind: ReviewKind,
    person: beneficiary::Model,
    language: Language,
}

impl Case<'_> {
    async fn tell(self, until: i64) -> Result<ReviewCase, Refusal> {
        let (app, row, today) = (self.app, &self.row, china(self.app.clock.now()).date());
        let attempt = match row.attempt_id {
            Some(id) => attempt::Entity::find_by_id(id).one(app.store.reads()).await?,
            None => None,
        };
        let two = app.office().wants_two(row, self.kind, today).await.map_err(|error| Refusal::internal(&error))?;
        Ok(ReviewCase {
            id: row.id,
            kind: told_kind(self.kind),
            opened_at: to_time(row.opened_at),
            answer_by: numbered_day(row.answer_by),
            overdue: is_overdue(row, today),
            yours_until: to_time(until),
            two_clerks: two,
            verdicts: verdicts(self.kind, attempt.as_ref()),
            person: show(app, &self.person).await?,
            statement: self.statement()?,
            data: self.data().await,
            portrait: self.person.portrait.as_ref().map(|_| self.address(EvidencePart::Portrait)),
            attempt: match attempt {
                Some(attempt) => Some(self.attempt(attempt).await?),
                None => None,
            },
        })
    }

    /// What cannot be told any more keeps nobody from deciding.
    async fn data(&self) -> Option<String> {
        let ground = self.app.office().silent_ground(&self.row, self.language).await;
        ground
            .inspect_err(|error| tracing::error!(review = %self.row.id, %error, "what the data say can't be told"))
            .ok()?
    }

    fn statement(&self) -> Result<Option<Secret>, Refusal> {
        let Some(sealed) = &self.row.statement else { return Ok(None) };
        let opened = columns::open(&self.app.keys, place("statement", self.row.id), sealed);
        let opened = opened.map_err(|error| Refusal::internal(&error))?;
        let text = std::str::from_utf8(&opened).map_err(|error| Refusal::internal(&error))?;
        Ok(Some(Secret::new(text.to_owned())))
    }

    async fn attempt(&self, attempt: attempt::Model) -> Result<CaseAttempt, Refusal> {
        let db = self.app.store.reads();
        let activation = activation::Entity::find_by_id(attempt.activation_id).one(db).await?;
        let activation = activation.ok_or(ReasonCode::ServerInternal)?;
        let revealed = steps::revealed(db, attempt.id).await?;
        let judgement = attempt.judgement.as_deref().map(serde_json::from_str::<Judgement>).transpose();
        let judgement = judgement.map_err(|error| Refusal::internal(&error))?;
        let parts = [EvidencePart::Photo, EvidencePart::Crops, EvidencePart::Clip];
        let shown = if has_evidence(&attempt) { &parts[..] } else { &[] };
        Ok(CaseAttempt {
            id: attempt.id,
            channel: activation.way().name().to_owned(),
            issued_at: to_time(attempt.issued_at),
            state: attempt.state.to_value(),
            limitations: limitations::of(&self.app.keys, &attempt),
            asked: steps::plan(&revealed).into_iter().map(|step| step.action).collect(),
            judge: judgement.map(|judgement| self.judge(&judgement)),
            reasons: attempt.why().into_iter().map(|code| self.said(code)).collect(),
            evidence: shown.iter().map(|part| self.address(*part)).collect(),
            deleted_at: attempt.deleted_at.or(attempt.delete_at).map(to_time),
        })
    }

    fn judge(&self, judgement: &Judgement) -> JudgeSaid {
        let reasons = judgement.reasons.iter().map(|reason| self.reason(reason)).collect();
        JudgeSaid { reasons, figures: judgement.figures.iter().map(figure).collect() }
    }

    fn reason(&self, reason: &Reason) -> JudgeReason {
        JudgeReason {
            said: self.said(reason.code),
            layer: word(&reason.layer),
            leads_to: word(&reason.leads_to),
            figures: reason.figures.iter().map(figure).collect(),
        }
    }

    fn said(&self, code: ReasonCode) -> SaidReason {
        SaidReason { code, sentence: code.words(self.language).sentence.to_owned() }
    }

    fn address(&self, part: EvidencePart) -> String {
        format!("/v1/desk/reviews/{}/evidence/{}", self.row.id, part.name())
    }
}

/// How such a case may be decided.
fn verdicts(kind: ReviewKind, attempt: Option<&attempt::Model>) -> Vec<Verdict> {
    let certifies = attempt.is_some_and(has_evidence).then_some(Verdict::Certify);
    let others: &[Verdict] = match kind {
        ReviewKind::Submission => &[Verdict::Refuse],
        ReviewKind::Appeal => &[Verdict::Uphold, Verdict::Dismiss],
        ReviewKind::DeathReport => return vec![Verdict::Died, Verdict::Lives],
        ReviewKind::Unreached => return vec![Verdict::Found, Verdict::NotFound],
    };
    certifies.into_iter().chain(others.iter().copied()).collect()
}

fn has_evidence(attempt: &attempt::Model) -> bool {
    attempt.evidence_path.is_some() && attempt.deleted_at.is_none()
}

fn figure(figure: &Figure) -> JudgeFigure {
    JudgeFigure { name: figure.name.clone(), value: figure.value, limit: figure.limit }
}

/// The stable name of a layer or a decision.
fn word(value: &impl serde::Serialize) -> String {
    // Unit variants always serialise as text.
    serde_json::to_value(value).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}
