//! `POST /v1/desk/reviews/{id}/decide`: a clerk's word on a case that they have in hand.
//!
//! **In**: how, and why in words, which are sealed. **Out**: whether it stands, or waits until a second clerk says the same.
//! What stands is one transaction: the decision, the fact that ends the hold, the attempt's new state, certificate and
//! record, the message to the person, and the entry in the linked log. **What can go wrong**: the case is not in the clerk's
//! hands, is decided, or not decided so; the clerk has said something else before; the place takes no such certification any
//! more; it contradicts what is recorded (`death.before_proof`, `death.recorded`): nothing changes. The same word again, after
//! an answer that was lost, has the same answer.
//!
//! Of a recorded death the registered phone is told, else a letter goes: payment ends, and somebody may know better.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use jianzai_wire::api::Problem;
use jianzai_wire::cases::{DecideAnswer, DecideRequest, Decided, Verdict};
use jianzai_wire::{ReasonCode, Secret};
use tokio::time::Instant;
use uuid::Uuid;

use super::access::What;
use super::case::{Found, Sought, found};
use crate::accounts::SignedIn;
use crate::accounts::signed_in::Clerks;
use crate::app::App;
use crate::audit::{self, Action, Entry};
use crate::chronicle::decisions::{Came, Decision, Word, give, in_hand};
use crate::chronicle::policies::Rules;
use crate::chronicle::reviews::deaths::{TOLD_OF_DEATH, is_recorded_dead};
use crate::db::Writing;
use crate::db::entity::{State as Standing, beneficiary};
use crate::db::year::review;
use crate::judging::by_clerk::{ByClerk, NotCertified};
use crate::messages::announce::{Telling, tell};
use crate::problem::{Body, Refusal};
use crate::year::dates::china;
use crate::year::policy::ReviewKind;
use crate::year::record::RecordFault;

/// The longest reason in characters.
const LONGEST_REASON: usize = 2_000;
/// What a person may be told of a refusal by a clerk.
const TOLD: [ReasonCode; 7] = [
    ReasonCode::ReviewRefused,
    ReasonCode::MatchNotSame,
    ReasonCode::SpoofSuspected,
    ReasonCode::FaceSeveral,
    ReasonCode::FaceTooDark,
    ReasonCode::FaceBlurred,
    ReasonCode::FaceChanged,
];

/// Decide a case that one has in hand.
#[utoipa::path(post, path = "/v1/desk/reviews/{id}/decide", tag = "desk", security(("desk" = [])),
    params(("id" = Uuid, Path, description = "The case.")), request_body = DecideRequest, responses(
    (status = 200, body = DecideAnswer, description = "It stands, or wants a second clerk's word."),
    (status = 401, body = Problem, content_type = "application/problem+json", description = "`account.signed_out`"),
    (status = 404, body = Problem, content_type = "application/problem+json", description = "`desk.nobody_found`: there is \
        no such case, or it is another area's; which is not said."),
    (status = 409, body = Problem, content_type = "application/problem+json", description = "`review.taken`: it is not in the \
        clerk's hands; `review.decided`; `review.said_otherwise`: the clerk's own word was another, or in other words; \
        `review.second_clerk`: another has to say the same"),
    (status = 410, body = Problem, content_type = "application/problem+json", description = "`desk.evidence_gone`: nothing \
        can be certified without evidence."),
    (status = 422, body = Problem, content_type = "application/problem+json", description = "`input.body_invalid`: such a \
        case is not decided so; `channel.closed`, `record.proof_too_old`; `death.recorded`: that they live is recorded first. \
        Of a day of death: `record.proof_in_future`, `death.before_entitled`, `death.before_proof`"),
))]
pub(crate) async fn decide(
    State(app): State<Arc<App>>,
    signed_in: SignedIn<Clerks>,
    Path(id): Path<Uuid>,
    Body(request): Body<DecideRequest>,
) -> Result<Json<DecideAnswer>, Refusal> {
    let arrived = Instant::now();
    let decision = decision(&request)?;
    let (now, clerk) = (app.clock.now(), signed_in.account.id);
    let sought = Sought { id, what: What::Case, arrived, now };
    let (tx, Found { row, kind, person }) =
        found(&app, app.store.begin("case to decide").await?, &signed_in, sought).await?;
    let in_hand = in_hand(&*tx, id, clerk, now).await.map(drop);
    // Nothing is held while other connections, or the evidence, are waited for: many who wait so would wait for each other.
    drop(tx);
    if !decision.fits(kind) {
        return Err(ReasonCode::InputBodyInvalid.into());
    }
    let two = app.office().wants_two(&row, kind, china(now).date()).await.map_err(|error| Refusal::internal(&error))?;
    let case = Case { app: &app, row: &row, kind, person: &person, clerk, now };
    // Evidence is opened for whoever has the case; what the others are told, the decision itself says below.
    let follows = match in_hand {
        Ok(()) => case.prepare(decision).await,
        Err(error) => Err(error.into()),
    };
    let word = Word { review: id, clerk, decision, reason: &request.reason, two };
    let tx = app.store.begin("decide").await?;
    let came = give(&*tx, &app.keys, &word, now).await?;
    let action = match &came {
        Came::Known(before) => return Ok(answer(before)),
        Came::WantsSecond => Action::WordGiven,
        Came::Stands { first } => {
            case.follow(&tx, follows?, *first).await?;
            decision.action(kind)
        }
    };
    audit::append(&tx, now, Entry::of(action, id).by(clerk).detail(decision.name())).await?;
    tx.commit().await?;
    if matches!(came, Came::Stands { .. }) && decision == Decision::Certify {
        app.metrics.judged(Standing::Certified);
    }
    Ok(answer(&came))
}

fn answer(came: &Came) -> Json<DecideAnswer> {
    let outcome = match came {
        Came::Stands { .. } | Came::Known(_) => Decided::Stands,
        Came::WantsSecond => Decided::WantsSecond,
    };
    Json(DecideAnswer { outcome })
}

fn decision(request: &DecideRequest) -> Result<Decision, Refusal> {
    let DecideRequest { verdict, reason, code, died_on } = request;
    let fits = match verdict {
        Verdict::Died => died_on.is_some() && code.is_none(),
        Verdict::Refuse => died_on.is_none() && code.is_none_or(|code| TOLD.contains(&code)),
        _ => died_on.is_none() && code.is_none(),
    };
    if !fits || !is_said(reason) {
        return Err(ReasonCode::InputBodyInvalid.into());
    }
    Ok(match (verdict, died_on) {
        (Verdict::Died, Some(on)) => Decision::Died(*on),
        (Verdict::Certify, _) => Decision::Certify,
        (Verdict::Refuse, _) => Decision::Refuse(code.unwrap_or(ReasonCode::ReviewRefused)),
        (Verdict::Uphold, _) => Decision::Appeal { upheld: true },
        (Verdict::Dismiss, _) => Decision::Appeal { upheld: false },
        (Verdict::Lives, _) => Decision::Lives,
        (Verdict::Found, _) => Decision::Found,
        (Verdict::NotFound, _) => Decision::NotFound,
        (Verdict::Died, None) => return Err(ReasonCode::InputBodyInvalid.into()),
    })
}

/// Whether there are words, and not too many.
pub(super) fn is_said(words: &Secret) -> bool {
    !words.expose().trim().is_empty() && words.expose().chars().count() <= LONGEST_REASON
}

/// A case whose decision stands.
struct Case<'a> {
    app: &'a App,
    row: &'a review::Model,
    kind: ReviewKind,
    person: &'a beneficiary::Model,
    clerk: Uuid,
    now: i64,
}

/// What follows from a decision, ready to be written.
struct Follows {
    certified: Option<ByClerk>,
    /// What the person is told, and by whose rules.
    told: Option<(&'static str, Rules)>,
}

impl Case<'_> {
    /// Makes ready what follows from the decision, if it comes to stand.
    async fn prepare(&self, decision: Decision) -> Result<Follows, Refusal> {
        let certified = if decision == Decision::Certify {
            let attempt = self.row.attempt_id.ok_or(ReasonCode::DeskEvidenceGone)?;
            Some(ByClerk::prepare(self.app, attempt, self.clerk, self.now).await?)
        } else {
            None
        };
        Ok(Follows { certified, told: self.told(decision).await? })
    }

    /// What the person is told, and by whose rules. Of a death once, however many report it; and it is recorded also where no
    /// policy says when it is quiet.
    async fn told(&self, decision: Decision) -> Result<Option<(&'static str, Rules)>, Refusal> {
        let (app, who) = (self.app, self.row.beneficiary_id);
        let Some(template) = template(decision, self.kind) else { return Ok(None) };
        if template != TOLD_OF_DEATH {
            return Ok(Some((template, app.rules(who).await?)));
        }
        if is_recorded_dead(app.store.reads(), who).await? {
            return Ok(None);
        }
        Ok(app.office().rules_of(who).await?.map(|rules| (template, rules)))
    }

    async fn follow(&self, tx: &Writing, follows: Follows, first: Option<Uuid>) -> Result<(), Refusal> {
        if let Some(certified) = follows.certified {
            certified.write(tx, first, self.now).await?;
        }
        let Some((template, rules)) = follows.told else { return Ok(()) };
        let day = china(self.now).date();
        let telling = Telling {
            template,
            beneficiary: self.row.beneficiary_id,
            about: self.row.id,
            day,
            mobile: self.person.has_mobile(&self.app.keys)?,
            not_before: None,
        };
        Ok(tell(&**tx, &telling, rules.on(day), self.now).await?)
    }
}

/// What the person is told, or whoever holds their phone.
fn template(decision: Decision, kind: ReviewKind) -> Option<&'static str> {
    match (decision, kind) {
        (Decision::Certify, ReviewKind::Appeal) | (Decision::Appeal { upheld: true }, _) => Some("appeal_upheld"),
        (Decision::Certify, _) => Some("review_certified"),
        (Decision::Refuse(_), _) => Some("review_refused"),
        (Decision::Appeal { upheld: false }, _) => Some("appeal_dismissed"),
        (Decision::Died(_), _) => Some(TOLD_OF_DEATH),
        // Whoever was found was told in person.
        (Decision::Lives | Decision::Found | Decision::NotFound, _) => None,
    }
}

impl From<NotCertified> for Refusal {
    fn from(error: NotCertified) -> Self {
        match error {
            NotCertified::Ended => ReasonCode::ReviewDecided.into(),
            NotCertified::Faults(faults) => faults.first().map_or(ReasonCode::ServerInternal, |f| told(*f)).into(),
            NotCertified::Database(_) => Self::internal(&error),
        }
    }
}

/// A fault of a record as a clerk is told of it.
pub(super) fn told(fault: RecordFault) -> ReasonCode {
    match fault {
        RecordFault::ChannelClosed => ReasonCode::ChannelClosed,
        RecordFault::ProofInFuture => ReasonCode::RecordProofInFuture,
        RecordFault::ProofTooOld => ReasonCode::RecordProofTooOld,
        RecordFault::SecondMissing => ReasonCode::RecordSecondMissing,
        RecordFault::WrongGround | RecordFault::WrongParty | RecordFault::WrongDecider => ReasonCode::InputBodyInvalid,
    }
}
