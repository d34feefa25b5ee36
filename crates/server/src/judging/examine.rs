//! Looks at one bundle: opens it, has it examined with our own networks (`jianzai-examiner`), and adds what only the service
//! knows. Blocks for some tenths of a second.

use std::path::Path;

use jianzai_evidence::{EvidenceError, Expected, Limits, Source, Unwatched};
use jianzai_examiner::ExamineError;
use jianzai_face::{ModelError, Models};
use jianzai_liveness::judge::{Figure, Layer, Reason};
use jianzai_liveness::{Decision, Judgement};
use jianzai_wire::ReasonCode;

use super::JudgingError;
use super::case::Case;
use super::pacing::pacing;
use crate::db::entity::State;

/// A clock that runs a little fast makes a recording seem a little longer.
const CLOCK_TOLERANCE_MS: i64 = 2_000;
/// An old person may need several tries; with so many the chance of a recording stays below 1 % (docs/THREATS.md).
const FAILED_IN_A_DAY: u64 = 4;
/// And so many in all since the last certificate, or within a year: it stays below 2 %.
const FAILED_IN_A_YEAR: u64 = 8;

/// The networks, ready.
pub(crate) struct Examiner {
    networks: jianzai_examiner::Examiner,
    /// Whether attempts made from the actor are accepted.
    demo: bool,
}

/// What an examination came to.
pub(super) enum Examined {
    Found(Finding),
    /// The service is stopping.
    Interrupted,
}

/// The outcome of a bundle.
pub(super) struct Finding {
    pub(super) state: State,
    pub(super) reasons: Vec<ReasonCode>,
    /// Reasons and figures for the clerk, JSON.
    pub(super) judgement: Option<String>,
}

impl Finding {
    pub(super) fn review(reason: ReasonCode) -> Self {
        Self { state: State::Review, reasons: vec![reason], judgement: None }
    }

    fn refused(reason: ReasonCode) -> Self {
        Self { state: State::Refused, reasons: vec![reason], judgement: None }
    }

    /// What was sent is no bundle of this attempt, or was altered: nobody could look at it, so it is not kept. Otherwise
    /// anybody could fill the store with whatever they like.
    pub(super) fn is_worthless(&self) -> bool {
        const WORTHLESS: [ReasonCode; 7] = [
            ReasonCode::EvidenceTampered,
            ReasonCode::EvidenceTruncated,
            ReasonCode::EvidenceForeign,
            ReasonCode::EvidenceOversized,
            ReasonCode::EvidenceBadSignature,
            ReasonCode::EvidenceWrongRecipient,
            ReasonCode::EvidenceUnknownVersion,
        ];
        self.state == State::Refused && self.reasons.iter().any(|reason| WORTHLESS.contains(reason))
    }

    fn of(judgement: &Judgement) -> Self {
        let state = match judgement.decision {
            Decision::Pass => State::Certified,
            Decision::Review => State::Review,
            Decision::Refuse => State::Refused,
        };
        // Figures and codes always serialise.
        Self { state, reasons: judgement.codes(), judgement: serde_json::to_string(judgement).ok() }
    }
}

impl Examiner {
    /// Opens the networks.
    pub(crate) fn open(models: &Path, demo: bool) -> Result<Self, ModelError> {
        let models = Models::open(models)?;
        Ok(Self { networks: jianzai_examiner::Examiner::new(&models)?, demo })
    }

    /// Examines a bundle; asks `interrupted` before every frame.
    pub(super) fn examine(
        &mut self,
        case: &Case,
        bundle: &[u8],
        interrupted: &dyn Fn() -> bool,
    ) -> Result<Examined, JudgingError> {
        let found = |finding| Ok(Examined::Found(finding));
        let unwatched = match open(case, bundle) {
            Ok(unwatched) => unwatched,
            Err(error) => return found(Finding::refused(error.reason())),
        };
        let acted = unwatched.record().source == Source::Actor;
        if (case.demo || acted) && !(self.demo && case.demo) {
            return found(Finding::refused(ReasonCode::AttemptDemoRefused));
        }
        let mut examination = match self.networks.examine(unwatched, &case.reveals, &case.policy, interrupted) {
            Ok(examination) => examination,
            Err(ExamineError::Evidence(error)) => return found(Finding::refused(error.reason())),
            Err(ExamineError::Interrupted) => return Ok(Examined::Interrupted),
            Err(ExamineError::Face(error)) => return Err(error.into()),
        };
        // Nothing was told while it was recorded, where the plan had been taken along.
        if case.leased.is_none() {
            let paced = pacing(case.issued_at, &case.marks, &examination.watched.times);
            examination.judgement.add(paced, Vec::new());
        }
        examination.judgement.add(at_last(case.failed_before), Vec::new());
        // Whose face it is does not matter where nobody was shown to be there.
        if examination.judgement.decision != Decision::Refuse {
            self.networks.compare(&mut examination, &case.likeness)?;
        }
        found(Finding::of(&examination.judgement))
    }
}

/// Opens a bundle as the attempt that it should be.
pub(super) fn open(case: &Case, bundle: &[u8]) -> Result<Unwatched, EvidenceError> {
    let mut limits = Limits::of(&case.policy);
    let between = u32::try_from(case.open_ms + CLOCK_TOLERANCE_MS).unwrap_or(0);
    limits.max_duration_ms = limits.max_duration_ms.min(between);
    let expected = Expected {
        attempt: case.attempt,
        nonce: case.nonce,
        steps: &case.steps,
        device_key: case.device_key,
        committed: &case.committed,
        step_heads: &case.step_heads,
        limits,
    };
    jianzai_evidence::unseal(bundle, &case.secrets, &expected)
}

/// Each attempt gives a recording another chance to fit by luck. After several that failed within a day, or within a year without
/// a certificate, a person looks at the one that passed; for the beneficiary nothing changes meanwhile.
fn at_last([day, year]: [u64; 2]) -> Option<Reason> {
    (day > FAILED_IN_A_DAY || year > FAILED_IN_A_YEAR).then(|| Reason {
        code: ReasonCode::SpoofUnsure,
        layer: Layer::Actions,
        leads_to: Decision::Review,
        figures: vec![
            Figure::new("failed_within_a_day", day as f64, Some(FAILED_IN_A_DAY as f64)),
            Figure::new("failed_since_certified", year as f64, Some(FAILED_IN_A_YEAR as f64)),
        ],
    })
}
