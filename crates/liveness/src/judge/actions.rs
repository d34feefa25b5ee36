//! The asked actions, each in its window and after its cue, and no others.

use std::collections::BTreeSet;

use jianzai_wire::{Action, CapturePolicy, FrameTime, ReasonCode, StepOutcome, StepReport};

use super::{Decision, Evidence, Findings, Layer, StepReveal, face};
use crate::draw::current_run;
use crate::limits;
use crate::rules::{NextStep, needed};
use crate::signals::{Episode, Reading, Tracker};

/// The figure of the strongest movement that no step accounts for.
pub const STRONGEST_UNASKED: &str = "strongest_unasked";
/// The figure of the strongest other action within a movement that a step accounts for.
pub const STRONGEST_BESIDE: &str = "strongest_beside_the_asked";

/// Finds the actions in the video and holds them against the steps.
pub(super) fn actions(evidence: &Evidence<'_>, readings: &[Option<Reading>], findings: &mut Findings) {
    let refuse = |findings: &mut Findings, code| findings.add(Decision::Refuse, code, Layer::Actions, Vec::new());
    if !is_told_alike(evidence) {
        return refuse(findings, ReasonCode::EvidenceTampered);
    }
    let reports: Vec<StepReport> = evidence.steps.iter().filter_map(|step| step.ended).collect();
    match needed(&reports, evidence.policy) {
        NextStep::Complete if reports.len() == evidence.steps.len() => {}
        NextStep::Complete | NextStep::Reveal => return refuse(findings, ReasonCode::ActionNotSeen),
        NextStep::Failed => return refuse(findings, ReasonCode::ActionWrong),
    }
    let Some(mut found) = Found::look(evidence, readings) else {
        return refuse(findings, ReasonCode::FaceNone);
    };
    findings.note("actions_seen", found.episodes.len() as f64, None);
    let mut previous_end = FrameTime(0);
    for step in evidence.steps {
        let Some(report) = step.ended else { continue };
        if report.outcome == StepOutcome::Done {
            found.done(evidence, step, &report, findings);
        } else {
            found.failed(previous_end, report.ended_at);
        }
        previous_end = report.ended_at;
    }
    if !evidence.policy.asks_nothing() {
        found.nothing_unasked(findings);
        found.not_everything_at_once(evidence.steps, findings);
    }
    head_moved(evidence, findings);
}

/// What was done shows a head only if a head movement was among it. Where none can be asked, or nothing at all, and where a plan
/// from before these rules asked for none, or was shorter, a person looks.
fn head_moved(evidence: &Evidence<'_>, findings: &mut Findings) {
    let run = current_run(evidence.steps);
    let movements = run.iter().filter(|step| step.step.action.moves_head()).count();
    let figures = vec![
        findings.note("plans", evidence.policy.plans() as f64, Some(CapturePolicy::LEAST_PLANS as f64)),
        findings.note("head_movements_asked", movements as f64, Some(1.0)),
    ];
    if !evidence.policy.is_enough() {
        findings.add(Decision::Review, ReasonCode::AttemptAbilitiesReview, Layer::Actions, figures);
    } else if movements == 0 {
        findings.add(Decision::Review, ReasonCode::SpoofUnsure, Layer::Actions, figures);
    }
}

/// Whether the log says the same as the server knows, in an order that can be.
fn is_told_alike(evidence: &Evidence<'_>) -> bool {
    let (log, steps) = (&evidence.log.steps, evidence.steps);
    let same = log.len() == steps.len()
        && log.iter().zip(steps).all(|(log, step)| log.step == step.step && log.report == step.ended);
    let frames = u32::try_from(evidence.times.len()).unwrap_or(u32::MAX);
    let mut last = (0, FrameTime(0));
    same && steps.iter().enumerate().all(|(place, step)| {
        let known = step.frames_at_reveal;
        let in_order = step.step.index as usize == place && known >= last.0 && known <= frames;
        let asked = evidence.policy.actions.contains(&step.step.action);
        let (times, ended_at) =
            step.ended.map_or((true, last.1), |report| (is_possible(&report, last.1), report.ended_at));
        last = (known, ended_at);
        in_order && asked && times && step.ended.is_none_or(|report| report.index == step.step.index)
    })
}

/// Whether a report's times can follow a step that ended at `after`.
fn is_possible(report: &StepReport, after: FrameTime) -> bool {
    let cued = report.outcome != StepOutcome::Done || (report.cue_at >= after && report.began_at >= report.cue_at);
    cued && report.began_at <= report.ended_at && report.ended_at >= after
}

/// The actions found in the video.
struct Found {
    /// Each with whether a step accounts for it.
    episodes: Vec<(Episode, bool)>,
    frames: Vec<Frame>,
}

/// What the tracker made of one frame.
struct Frame {
    at: FrameTime,
    resting: bool,
    strengths: [f32; Action::ALL.len()],
}

impl Found {
    fn look(evidence: &Evidence<'_>, readings: &[Option<Reading>]) -> Option<Self> {
        let mut tracker = Tracker::new(face::rest(evidence, readings)?);
        let (mut episodes, mut frames) = (Vec::new(), Vec::new());
        for reading in readings.iter().flatten() {
            let strengths = tracker.baseline().strengths(reading);
            episodes.extend(tracker.push(reading).map(|episode| (episode, false)));
            frames.push(Frame { at: reading.at, resting: tracker.moving_since().is_none(), strengths });
        }
        // The recording ends with the last action, before its rest has lasted.
        episodes.extend(tracker.finish().map(|episode| (episode, false)));
        Some(Self { episodes, frames })
    }

    /// Demands the asked action of a step that the phone calls done.
    fn done(&mut self, evidence: &Evidence<'_>, step: &StepReveal, report: &StepReport, findings: &mut Findings) {
        let slack = limits::CLAIM_SLACK_MS;
        let asked = step.step.action;
        let known_at = evidence.known_at(step.frames_at_reveal);
        let cue_earliest = known_at.plus(u64::from(step.step.wait_ms).saturating_sub(slack));
        let window = FrameTime(report.cue_at.0.saturating_sub(slack))..=report.ended_at.plus(slack);
        let in_window = |e: &Episode| window.contains(&e.began_at) && e.peak_at <= report.ended_at.plus(slack);
        // The strongest: a faint try may have come before it.
        let fits = |e: &Episode| in_window(e) && strength_of(e, asked) >= limits::JUDGE_ASKED;
        let fitting = self.episodes.iter_mut().filter(|(e, used)| !used && fits(e));
        let found = fitting.max_by(|(a, _), (b, _)| strength_of(a, asked).total_cmp(&strength_of(b, asked)));
        let name = |what: &str| format!("step_{}_{}_{what}", step.step.index, asked.name());
        let Some((episode, used)) = found else {
            let best = self.best(asked, *window.start(), *window.end());
            let figure = findings.note(&name("peak"), f64::from(best), Some(f64::from(limits::JUDGE_ASKED)));
            return findings.add(Decision::Refuse, ReasonCode::ActionNotSeen, Layer::Actions, vec![figure]);
        };
        *used = true;
        let episode = *episode;
        let reaction = episode.began_at.0 as f64 - report.cue_at.0 as f64;
        let least = f64::from(evidence.policy.min_reaction_ms);
        let figures = vec![
            findings.note(&name("peak"), f64::from(episode.peak), Some(f64::from(limits::JUDGE_ASKED))),
            findings.note(&name("reaction_ms"), reaction, Some(least)),
        ];
        let rested = self.was_resting(report.cue_at);
        if let Some(other) = episode.other_than(asked, limits::JUDGE_UNASKED) {
            let other = findings.note(&format!("also_{}", other.name()), f64::from(strength_of(&episode, other)), None);
            findings.add(Decision::Refuse, ReasonCode::ActionWrong, Layer::Actions, [figures, vec![other]].concat());
        } else if reaction < least - limits::REACTION_SLACK_MS || report.cue_at < cue_earliest || !rested {
            findings.add(Decision::Refuse, ReasonCode::ActionTooEarly, Layer::Actions, figures);
        }
    }

    /// A step that failed accounts for whatever was done since the one before: it has cost the person their count already.
    fn failed(&mut self, after: FrameTime, until: FrameTime) {
        let until = until.plus(limits::CLAIM_SLACK_MS);
        for (episode, used) in &mut self.episodes {
            *used |= episode.peak_at >= after && episode.peak_at <= until;
        }
    }

    fn nothing_unasked(&self, findings: &mut Findings) {
        let unasked = self.episodes.iter().filter(|(_, used)| !used).map(|(episode, _)| episode.peak);
        let beside = self.episodes.iter().filter(|(_, used)| *used).filter_map(|(episode, _)| episode.other);
        let limit = Some(f64::from(limits::JUDGE_UNASKED));
        findings.note(STRONGEST_UNASKED, f64::from(unasked.fold(0.0, f32::max)), limit);
        findings.note(STRONGEST_BESIDE, f64::from(beside.map(|(_, peak)| peak).fold(0.0, f32::max)), limit);
        for (episode, used) in &self.episodes {
            if !used && episode.peak >= limits::JUDGE_UNASKED {
                let figure = findings.note(
                    &format!("unasked_{}_at_{}_ms", episode.action.name(), episode.began_at.0),
                    f64::from(episode.peak),
                    Some(f64::from(limits::JUDGE_UNASKED)),
                );
                findings.add(Decision::Refuse, ReasonCode::ActionUnasked, Layer::Actions, vec![figure]);
            }
        }
    }

    /// A film that does everything by halves, round and round, shows whatever may be asked. People fidget too; doing several
    /// kinds of action nearly in full around one step after another is for a person to look at.
    fn not_everything_at_once(&self, steps: &[StepReveal], findings: &mut Findings) {
        let mut from = FrameTime(0);
        let mut restless = 0_usize;
        for report in steps.iter().filter_map(|step| step.ended) {
            let within = |e: &Episode| e.peak_at > from && e.peak_at <= report.ended_at;
            let strong = |e: &Episode| e.peak >= limits::JUDGE_ASKED;
            let unasked = self.episodes.iter().filter(|(e, used)| !used && within(e) && strong(e));
            let kinds: BTreeSet<Action> = unasked.map(|(e, _)| e.action).collect();
            restless += usize::from(report.outcome == StepOutcome::Done && kinds.len() >= limits::RESTLESS_KINDS);
            from = report.ended_at;
        }
        let figure = findings.note("restless_steps", restless as f64, Some(limits::RESTLESS_STEPS as f64));
        if restless >= limits::RESTLESS_STEPS {
            findings.add(Decision::Review, ReasonCode::SpoofUnsure, Layer::Actions, vec![figure]);
        }
    }

    /// The strongest that `asked` got between two times, for the clerk.
    fn best(&self, asked: Action, from: FrameTime, to: FrameTime) -> f32 {
        let within = self.frames.iter().filter(|frame| (from..=to).contains(&frame.at));
        let strength = |frame: &Frame| frame.strengths.get(asked as usize).copied().unwrap_or(0.0);
        within.map(strength).fold(0.0, f32::max)
    }

    /// Whether the person was at rest when the cue came, within the slack.
    fn was_resting(&self, cue_at: FrameTime) -> bool {
        let slack = limits::CLAIM_SLACK_MS;
        let near = |at: FrameTime| at.since(cue_at) <= slack && cue_at.since(at) <= slack;
        self.frames.iter().any(|frame| near(frame.at) && frame.resting)
    }
}

/// How strong one kind is in an episode.
fn strength_of(episode: &Episode, action: Action) -> f32 {
    let other = episode.other.filter(|(kind, _)| *kind == action).map(|(_, peak)| peak);
    if episode.action == action { episode.peak } else { other.unwrap_or(0.0) }
}
