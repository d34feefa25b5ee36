//! The judge: finds out from the decoded video whether a living person did what was asked.
//!
//! **In** ([`Evidence`]): when every frame was recorded and what was seen in those that were looked at, the log (advice), the
//! steps as the server revealed them and the reports as the server got them, the rules, and the passive scores of the crops. **Out**: a [`Judgement`] with
//! reasons and figures. **What can go wrong**: anything in the evidence may be missing, wrong or made up; then it is
//! refused with the code that says so. Nothing panics.
//!
//! | layer | refused when | code |
//! |---|---|---|
//! | times | not monotonic, a gap above 500 ms, too long; too short to look at, where nothing is asked | `evidence.bad_times` |
//! | continuity | no face, away for too long or too often; another place, size or shape from one frame to the next | `face.none`, `face.lost`, `face.changed` |
//! | motion | neither movement nor blink; frozen | `liveness.no_motion` |
//! | motion | never; neither movement nor blink where nothing was asked: review | `spoof.unsure` |
//! | depth | proportions change as those of a tilted picture; the face gets shorter along its turns and nods, as a sheet does (a little: review) | `liveness.flat`, `spoof.unsure` |
//! | actions | log and server disagree; a step's action missing, too early or mixed with another; an action nobody asked for; too many failures | `evidence.tampered`, `action.*` |
//! | actions | never; no head movement asked, or nothing at all, because the person can do none, or the plan is from before that rule: review | `attempt.abilities_review`, `spoof.unsure` |
//! | passive | never; low, or none: review | `spoof.unsure` |
//!
//! The passive network neither accepts (without the actions nothing passes) nor refuses.

mod actions;
mod depth;
mod face;
mod verdict;

use jianzai_wire::{CapturePolicy, FrameTime, ReasonCode, Step, StepReport};

pub use actions::{STRONGEST_BESIDE, STRONGEST_UNASKED};
pub use verdict::{Decision, Figure, Judgement, Layer, Reason};

use crate::signals::{Reading, median};
use crate::{CaptureLog, Observation, limits};

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
    /// When each frame of the video was recorded, in order.
    pub times: &'a [FrameTime],
    /// The frames that were looked at, in order; times from the evidence. All of them, or enough: whoever leaves frames out
    /// answers for it that nothing moved in them.
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

impl Evidence<'_> {
    /// When the last frame was recorded before the service knew of `frames`; 0 if it knew of none.
    fn known_at(&self, frames: u32) -> FrameTime {
        (frames as usize).checked_sub(1).and_then(|last| self.times.get(last)).copied().unwrap_or_default()
    }
}

/// Judges one capture.
pub fn judge(evidence: &Evidence<'_>) -> Judgement {
    let readings: Vec<Option<Reading>> = evidence.observations.iter().map(Reading::of).collect();
    let mut findings = Findings::default();
    times(evidence, &mut findings);
    face::continuity(evidence, &readings, &mut findings);
    let still = face::motion(evidence, &readings, &mut findings);
    let flat = depth::depth(evidence, &readings, &mut findings);
    // Whether a picture did what was asked is no help to anyone.
    if !still && !flat {
        actions::actions(evidence, &readings, &mut findings);
    }
    passive(evidence, &readings, &mut findings);
    findings.judgement()
}

/// What the layers have found so far.
#[derive(Debug, Default)]
struct Findings {
    reasons: Vec<Reason>,
    figures: Vec<Figure>,
}

impl Findings {
    /// Notes a figure, whatever it leads to.
    fn note(&mut self, name: &str, value: f64, limit: Option<f64>) -> Figure {
        let figure = Figure::new(name, value, limit);
        self.figures.push(figure.clone());
        figure
    }

    /// Adds a reason.
    fn add(&mut self, leads_to: Decision, code: ReasonCode, layer: Layer, figures: Vec<Figure>) {
        self.reasons.push(Reason { code, layer, leads_to, figures });
    }

    /// The layers ran in the order in which their reasons help, so a stable sort by weight is enough.
    fn judgement(mut self) -> Judgement {
        self.reasons.sort_by_key(|reason| std::cmp::Reverse(reason.leads_to));
        let decision = self.reasons.first().map_or(Decision::Pass, |reason| reason.leads_to);
        Judgement { decision, reasons: self.reasons, figures: self.figures }
    }
}

/// Times are monotonic, without holes, and no longer than allowed.
fn times(evidence: &Evidence<'_>, findings: &mut Findings) {
    let frames = evidence.times;
    let pairs = || frames.windows(2).filter_map(|pair| Some((*pair.first()?, *pair.get(1)?)));
    let backward = pairs().filter(|(a, b)| b <= a).count();
    let longest_gap = pairs().map(|(a, b)| b.since(a)).max().unwrap_or(0);
    let length = frames.first().zip(frames.last()).map_or(0, |(a, b)| b.since(*a));
    let most = u64::from(evidence.policy.max_capture_ms).saturating_add(limits::CLAIM_SLACK_MS);
    let least =
        if evidence.policy.asks_nothing() { limits::WATCHED_MS.saturating_sub(limits::CLAIM_SLACK_MS) } else { 0 };
    let figures = vec![
        findings.note("frames", frames.len() as f64, None),
        findings.note("frames_looked_at", evidence.observations.len() as f64, None),
        findings.note("frames_not_after_the_last", backward as f64, Some(0.0)),
        findings.note("longest_gap_ms", longest_gap as f64, Some(limits::GAP_MS as f64)),
        findings.note("length_ms", length as f64, Some(most as f64)),
    ];
    if frames.is_empty() || backward > 0 || longest_gap > limits::GAP_MS || length > most || length < least {
        findings.add(Decision::Refuse, ReasonCode::EvidenceBadTimes, Layer::Times, figures);
    }
}

/// What the passive network says: at most that a person should look at it.
fn passive(evidence: &Evidence<'_>, readings: &[Option<Reading>], findings: &mut Findings) {
    let frontal = |reading: &Option<Reading>| {
        reading.as_ref().is_some_and(|r| r.yaw.abs() <= limits::PASSIVE_FRONTAL && r.jaw <= limits::MOUTH_CLOSED)
    };
    let of_frames: Vec<f32> = evidence
        .observations
        .iter()
        .zip(readings)
        .filter(|(_, reading)| frontal(reading))
        .filter_map(|(seen, _)| seen.face.as_ref()?.passive)
        .collect();
    let scores = if evidence.crop_scores.is_empty() { &of_frames } else { evidence.crop_scores };
    let count = findings.note("passive_scores", scores.len() as f64, None);
    // A score that is no number says nothing; none at all says that nobody looked.
    let Some(typical) = median(scores.iter().copied()) else {
        return findings.add(Decision::Review, ReasonCode::SpoofUnsure, Layer::Passive, vec![count]);
    };
    let limit = f64::from(limits::PASSIVE_REVIEW);
    let figures = vec![count, findings.note("passive_median", f64::from(typical), Some(limit))];
    if typical < limits::PASSIVE_REVIEW {
        findings.add(Decision::Review, ReasonCode::SpoofUnsure, Layer::Passive, figures);
    }
}
