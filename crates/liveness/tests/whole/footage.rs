//! Real traces: what the tracker finds in them, held against what a person sees in the clips.

use jianzai_liveness::signals::{Baseline, Episode, Reading, Tracker};
use jianzai_liveness::trace::Trace;
use jianzai_liveness::{Decision, Observation, limits};
use jianzai_wire::Action::{self, LookDown, LookUp, OpenMouth, TurnLeft, TurnRight};
use jianzai_wire::ReasonCode;

use crate::person::Person;
use crate::phone::{Capture, Obedient, capture, policy};

/// The first clip, 15 frames a second.
pub(crate) fn cap12() -> Vec<Observation> {
    Trace::from_json(include_str!("../traces/cap12_edit.json")).expect("a trace").observations()
}

fn cap13() -> Vec<Observation> {
    Trace::from_json(include_str!("../traces/cap13_edit2.json")).expect("a trace").observations()
}

/// What the tracker finds, with the baseline of the clip's first second.
fn found(observations: &[Observation]) -> Vec<Episode> {
    let readings: Vec<_> = observations.iter().filter_map(Reading::of).collect();
    assert_eq!(readings.len(), observations.len(), "a face in every frame");
    let first: Vec<_> = readings.iter().copied().filter(|r| r.at.0 < 1_000).collect();
    let mut tracker = Tracker::new(Baseline::learn(&first).expect("a baseline"));
    let mut found: Vec<_> = readings.iter().filter_map(|reading| tracker.push(reading)).collect();
    found.extend(tracker.finish());
    found
}

/// Actions seen by eye: kind, and the second at which it is at its height. `sure` ones are what a person would call the
/// action; the others are half-hearted, and may be found or not. Two in one swing are one movement with two actions.
fn agree(found: &[Episode], by_eye: &[(Action, f32, bool)]) {
    let full = |e: &Episode, action: Action| {
        (e.action == action && e.peak >= 1.0) || e.other.is_some_and(|(other, peak)| other == action && peak >= 1.0)
    };
    let spans = |e: &Episode, second: f32| {
        let at = second * 1_000.0;
        e.began_at.0 as f32 <= at + 150.0 && at - 150.0 <= e.ended_at.0 as f32
    };
    for (action, second, sure) in by_eye {
        let seen = found.iter().any(|e| spans(e, *second) && full(e, *action));
        assert!(seen || !sure, "{action:?} at {second} s is not found in {found:#?}");
    }
    for episode in found {
        for action in Action::ALL.into_iter().filter(|action| full(episode, *action)) {
            let known = by_eye.iter().any(|(kind, second, _)| *kind == action && spans(episode, *second));
            assert!(known, "nobody sees {action:?} in {episode:?}");
        }
    }
}

#[test]
fn the_first_clip() {
    agree(
        &found(&cap12()),
        &[
            (OpenMouth, 4.4, false),
            (OpenMouth, 11.8, true),
            (OpenMouth, 14.0, true),
            (OpenMouth, 15.7, true),
            (OpenMouth, 16.7, true),
            (OpenMouth, 17.6, true),
            (OpenMouth, 18.7, true),
            (TurnRight, 20.0, true),
            (TurnLeft, 21.1, true),
            (LookDown, 23.0, true),
            (LookUp, 24.5, true),
            (TurnRight, 29.8, false),
            (TurnRight, 38.5, true),
            (TurnLeft, 39.5, true),
        ],
    );
}

#[test]
fn the_second_clip() {
    agree(
        &found(&cap13()),
        &[
            (OpenMouth, 11.0, false),
            (OpenMouth, 11.9, false),
            (OpenMouth, 12.8, false),
            (OpenMouth, 16.2, true),
            (OpenMouth, 18.2, true),
            (TurnLeft, 20.4, true),
            (TurnRight, 21.6, true),
            (TurnLeft, 22.7, true),
        ],
    );
}

/// In the first clip the man turns to his own right first: his nose moves to the left of the picture.
#[test]
fn the_sign_of_yaw() {
    let nose = |o: &Observation| o.face.as_ref().expect("a face").landmarks[jianzai_liveness::signals::points::NOSE][0];
    let frames = cap12();
    let at = |second: f32| frames.iter().min_by_key(|o| o.at.0.abs_diff((second * 1_000.0) as u64)).expect("frames");
    let (rest, right, left) = (at(18.0), at(20.0), at(21.1));
    assert!(nose(right) < nose(rest) - 10.0 && nose(left) > nose(rest) + 10.0);
    let yaw = |o: &Observation| o.face.as_ref().expect("a face").pose.yaw;
    assert!(yaw(right) < yaw(rest) - 10.0 && yaw(left) > yaw(rest) + 10.0);
}

fn print() -> Vec<Observation> {
    Trace::from_json(include_str!("../traces/print.json")).expect("a trace").observations()
}

/// A capture whose frames are these, whatever its log claims.
fn claimed(observations: Vec<Observation>) -> Capture {
    let mut capture = capture(&mut Obedient::new(Person::new(1), 1), policy(), 1);
    let start = capture.observations[0].at;
    capture.observations =
        observations.into_iter().enumerate().map(|(i, o)| Observation { at: start.plus(i as u64 * 66), ..o }).collect();
    capture
}

#[track_caller]
fn called_flat(observations: Vec<Observation>) {
    let judgement = claimed(observations).judged();
    assert_eq!(judgement.decision, Decision::Refuse);
    assert!(judgement.codes().contains(&ReasonCode::LivenessFlat), "{judgement:#?}");
}

/// A real picture, really seen by the networks: tilted by 50 degrees it takes `jawOpen` to 0.79 and the pose to 6 degrees.
#[test]
fn a_tilted_print_does_nothing_and_is_called_flat() {
    let print = print();
    let readings: Vec<_> = print.iter().filter_map(Reading::of).collect();
    assert!(readings.iter().any(|r| r.jaw > 0.7), "the network is taken in");
    let baseline = Baseline::learn(&[readings[0]; 5]).expect("a baseline");
    let strongest = readings.iter().flat_map(|r| baseline.strengths(r)).fold(0.0, f32::max);
    assert!(strongest < limits::JUDGE_ASKED, "{strongest}");
    assert!(found(&print).iter().all(|episode| episode.peak < limits::COACH_FULL));
    called_flat(print);
}

/// Held aside by 50 degrees and swung to the other side it passes for a turn; that it is flat shows on the way.
#[test]
fn a_print_swung_from_side_to_side_is_called_flat() {
    let print = print();
    // The frames from one extreme (1.5 s) to the other (4.5 s), held at either end.
    let [one, other] = [print[22].clone(), print[67].clone()];
    let swing = || print[22..=67].iter().step_by(3).cloned();
    let film: Vec<_> = std::iter::repeat_n(one, 40)
        .chain(swing())
        .chain(std::iter::repeat_n(other, 10))
        .chain(swing().rev())
        .collect();
    let readings: Vec<_> = film.iter().filter_map(Reading::of).collect();
    let baseline = Baseline::learn(&readings[..10]).expect("a baseline");
    assert!(readings.iter().any(|r| baseline.strength(r, TurnRight) > limits::COACH_FULL), "it would pass for a turn");
    called_flat(film);
}

/// Nobody alive is called flat, whatever they do in the minute that a recording may last.
#[test]
fn the_man_is_not_called_flat() {
    for clip in [cap12(), cap13()] {
        for start in (0..clip.len().saturating_sub(400)).step_by(40) {
            let film: Vec<_> = clip[start..].iter().take(900).cloned().collect();
            let judgement = claimed(film).judged();
            assert!(!judgement.codes().contains(&ReasonCode::LivenessFlat), "{start}: {judgement:#?}");
            assert!(!judgement.codes().contains(&ReasonCode::FaceChanged), "{start}: {judgement:#?}");
        }
    }
}
