//! One face throughout, that moves.

use jianzai_wire::ReasonCode;

use super::{Decision, Evidence, Findings, Layer};
use crate::continuity::{Break, Continuity};
use crate::limits;
use crate::motion::Motion;
use crate::signals::{Baseline, Reading};

/// A face in nearly every frame, never away for long, never jumping.
pub(super) fn continuity(evidence: &Evidence<'_>, readings: &[Option<Reading>], findings: &mut Findings) {
    let seen = readings.iter().flatten().count() as f64 / (readings.len().max(1)) as f64;
    let mut watch = Continuity::new(limits::JUDGE_LOST_MS);
    let (mut longest_away, mut worst_jump, mut jumps) = (0, 0.0_f32, 0_u32);
    for (frame, reading) in evidence.observations.iter().zip(readings) {
        match watch.push(frame.at, reading.as_ref()) {
            // Gaps belong to the times.
            None | Some(Break::Gap(_)) => {}
            Some(Break::Lost(ms)) => longest_away = longest_away.max(ms),
            Some(Break::Jump(jump)) => {
                worst_jump = worst_jump.max(jump.worst());
                jumps += 1;
            }
        }
    }
    let several = evidence.observations.iter().filter(|o| o.faces > 1).count() as f64 / readings.len().max(1) as f64;
    let part = findings.note("face_seen_part", seen, Some(limits::FACE_SEEN));
    let away = findings.note("face_away_ms", longest_away as f64, Some(limits::JUDGE_LOST_MS as f64));
    let jumped = findings.note("face_jumps", f64::from(jumps), Some(0.0));
    let worst = findings.note("worst_face_jump", f64::from(worst_jump), Some(1.0));
    let crowd = findings.note("several_faces_part", several, Some(limits::SEVERAL_FACES));
    if seen == 0.0 {
        return findings.add(Decision::Refuse, ReasonCode::FaceNone, Layer::Continuity, vec![part]);
    }
    if longest_away > 0 || seen < limits::FACE_SEEN {
        findings.add(Decision::Refuse, ReasonCode::FaceLost, Layer::Continuity, vec![part, away]);
    }
    if jumps > 0 {
        findings.add(Decision::Refuse, ReasonCode::FaceChanged, Layer::Continuity, vec![jumped, worst]);
    }
    if several > limits::SEVERAL_FACES {
        findings.add(Decision::Review, ReasonCode::FaceSeveral, Layer::Continuity, vec![crowd]);
    }
}

/// Whether this is a still (and if so, says so). Somebody who can do nothing is not refused for it, but whoever looks at
/// them is told; a frozen picture is nobody.
pub(super) fn motion(evidence: &Evidence<'_>, readings: &[Option<Reading>], findings: &mut Findings) -> bool {
    let mut motion = Motion::default();
    readings.iter().flatten().for_each(|reading| motion.push(reading));
    let (moved, blinked) = motion.extent();
    let frozen = motion.longest_frozen_ms();
    let figures = vec![
        findings.note("moved_full_actions", f64::from(moved), Some(f64::from(limits::STILL))),
        findings.note("blinked", f64::from(blinked), Some(f64::from(limits::BLINK))),
        findings.note("frozen_ms", frozen as f64, Some(limits::FROZEN_MS as f64)),
    ];
    let seen = readings.iter().flatten().next().is_some();
    let (still, frozen) = (motion.is_still(), frozen > limits::FROZEN_MS);
    if still && !frozen && evidence.policy.asks_nothing() {
        if seen {
            findings.add(Decision::Review, ReasonCode::SpoofUnsure, Layer::Motion, figures);
        }
        return false;
    }
    if (still || frozen) && seen {
        findings.add(Decision::Refuse, ReasonCode::LivenessNoMotion, Layer::Motion, figures);
    }
    still || frozen
}

/// The person at rest: as at the beginning, before the first step was revealed, whatever the log says.
pub(super) fn rest(evidence: &Evidence<'_>, readings: &[Option<Reading>]) -> Option<Baseline> {
    let before = before_first_step(evidence, readings);
    // With a frame or two lost to compression, what is left has to do.
    Baseline::of_beginning(&before).or_else(|| Baseline::learn(&before))
}

/// What was read before the first step was revealed; all of it where nothing is asked.
pub(super) fn before_first_step(evidence: &Evidence<'_>, readings: &[Option<Reading>]) -> Vec<Reading> {
    let known_at = evidence.steps.first().filter(|step| step.frames_at_reveal > 0);
    let known_at = known_at.map(|step| evidence.known_at(step.frames_at_reveal));
    let nothing = evidence.policy.asks_nothing();
    let until = |reading: &&Reading| nothing || known_at.is_some_and(|known_at| reading.at <= known_at);
    readings.iter().flatten().filter(until).copied().collect()
}
