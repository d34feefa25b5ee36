//! A head, and no picture: of what turns and nods, by how its proportions change.

use jianzai_wire::{Action, ReasonCode};

use super::{Decision, Evidence, Findings, Layer, face};
use crate::limits;
use crate::signals::{Baseline, Reading, Solid, median};

/// Whether the face changes its proportions as a picture does, flat or bent (and if so, says so).
pub(super) fn depth(evidence: &Evidence<'_>, readings: &[Option<Reading>], findings: &mut Findings) -> bool {
    let Some(rest) = face::rest(evidence, readings) else { return false };
    // Both speak for the clerk, whatever the first says.
    let (flat, bent) = (flat(&rest, readings, findings), shortened(evidence, &rest, readings, findings));
    flat || bent
}

/// Whether the face narrows or widens without standing out, at rest or not.
fn flat(rest: &Baseline, readings: &[Option<Reading>], findings: &mut Findings) -> bool {
    let mut left: Vec<f32> = readings.iter().flatten().filter_map(|reading| rest.flatness(reading)).collect();
    left.sort_by(f32::total_cmp);
    let narrow = left.get(limits::FLAT_SLIPS).copied().unwrap_or(1.0);
    let wide = left.iter().nth_back(limits::FLAT_SLIPS).copied().unwrap_or(1.0);
    let range = wide / narrow.max(f32::MIN_POSITIVE);
    let figures = vec![
        findings.note("narrowest_proportion", f64::from(narrow), Some(f64::from(limits::FLAT_NARROW))),
        findings.note("widest_proportion", f64::from(wide), Some(f64::from(limits::FLAT_WIDE))),
        findings.note("range_of_proportion", f64::from(range), Some(f64::from(limits::FLAT_RANGE))),
    ];
    let flat = narrow < limits::FLAT_NARROW || wide > limits::FLAT_WIDE || range > limits::FLAT_RANGE;
    if flat {
        findings.add(Decision::Refuse, ReasonCode::LivenessFlat, Layer::Depth, figures);
    }
    flat
}

/// Whether the face gets shorter along its turns and nods: each movement is held against the rest by itself.
fn shortened(evidence: &Evidence<'_>, rest: &Baseline, readings: &[Option<Reading>], findings: &mut Findings) -> bool {
    let Some(solid) = Solid::learn(&face::before_first_step(evidence, readings)) else { return false };
    let movements = movements(rest, readings);
    let kinds: [(&str, &[Action], f32, f32); 2] = [
        ("length_along_turn", &TURNS, limits::SHORTENED_TURN, limits::SHORTENED_TURN_DOUBTED),
        ("length_along_nod", &NODS, limits::SHORTENED_NOD, limits::SHORTENED_NOD_DOUBTED),
    ];
    let mut bent = false;
    for (name, actions, limit, doubted) in kinds {
        let of_kind = movements.iter().filter(|(action, _)| actions.contains(action));
        let lengths: Vec<(f32, bool)> = of_kind
            .filter_map(|(_, frames)| {
                let length = median(frames.iter().filter_map(|seen| solid.stretch(seen)))?;
                Some((length, frames.len() >= limits::SHORTENED_SURE))
            })
            .collect();
        let Some(shortest) = lengths.iter().map(|(length, _)| *length).reduce(f32::min) else { continue };
        let figure = findings.note(name, f64::from(shortest), Some(f64::from(doubted)));
        if lengths.iter().any(|(length, sure)| *sure && *length < limit) {
            bent = true;
            findings.add(Decision::Refuse, ReasonCode::LivenessFlat, Layer::Depth, vec![figure]);
        } else if shortest < doubted {
            findings.add(Decision::Review, ReasonCode::SpoofUnsure, Layer::Depth, vec![figure]);
        }
    }
    bent
}

const TURNS: [Action; 2] = [Action::TurnLeft, Action::TurnRight];
const NODS: [Action; 2] = [Action::LookUp, Action::LookDown];

/// Frames in a row in which the head is turned or nods as far as counts if asked for, and what they are most of all.
fn movements(rest: &Baseline, readings: &[Option<Reading>]) -> Vec<(Action, Vec<Reading>)> {
    let strongest = |seen: &Reading| {
        let strengths = TURNS.into_iter().chain(NODS).map(|action| (action, rest.strength(seen, action)));
        strengths.max_by(|(_, a), (_, b)| a.total_cmp(b)).filter(|(_, strength)| *strength >= limits::JUDGE_ASKED)
    };
    let readings: Vec<Reading> = readings.iter().flatten().copied().collect();
    let runs = readings.chunk_by(|a, b| strongest(a).is_some() == strongest(b).is_some());
    let enough = runs.filter(|run| run.len() >= limits::SHORTENED_FRAMES);
    let movement = |run: &[Reading]| {
        let (action, _) = run.iter().filter_map(strongest).max_by(|(_, a), (_, b)| a.total_cmp(b))?;
        Some((action, run.to_vec()))
    };
    enough.filter_map(movement).collect()
}
