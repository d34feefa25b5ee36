//! The judge: finds out from the decoded video whether a living person did what was asked.
//!
//! **In**: what was seen in every recorded frame, the log (advice), the steps as the server revealed them and the reports
//! as the server got them, the rules, and the passive scores of the crops. **Out**: a [`Judgement`] with reasons and
//! figures. **What can go wrong**: anything in the evidence may be missing, wrong or made up; then it is refused with the
//! code that says so. Nothing panics.

mod verdict;

use jianzai_wire::{CapturePolicy, Step, StepReport};

pub use verdict::{Decision, Figure, Judgement, Layer, Reason};

use crate::{CaptureLog, Observation};

/// A step as the server knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StepReveal {
    /// The step.
    pub step: Step,
    /// Recorded frames at the moment it was revealed, bound by the chain head sent with the request.
    pub frames_at_reveal: u32,
    /// The report the phone sent when the step ended; with it in hand the server drew the next one.
    pub ended: Option<StepReport>,
}

/// Everything the judge looks at.
#[derive(Debug, Clone, Copy)]
pub struct Evidence<'a> {
    /// Every frame of the video, decoded and observed, in order; times from the evidence.
    pub observations: &'a [Observation],
    /// The phone's log.
    pub log: &'a CaptureLog,
    /// The steps as revealed, in order.
    pub steps: &'a [StepReveal],
    /// The rules of the attempt.
    pub policy: &'a CapturePolicy,
    /// The passive network's scores of the high-quality crops; if empty, the scores in `observations` count.
    pub crop_scores: &'a [f32],
}

/// Judges one capture.
pub fn judge(evidence: &Evidence<'_>) -> Judgement {
    let _ = evidence;
    Judgement { decision: Decision::Refuse, reasons: Vec::new(), figures: Vec::new() }
}
