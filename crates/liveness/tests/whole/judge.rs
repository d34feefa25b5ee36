//! What the judge makes of evidence that was tampered with, or that isn't a person.

use jianzai_liveness::judge::Layer;
use jianzai_liveness::signals::points;
use jianzai_liveness::{Decision, Evidence, Instruction, Judgement, judge};
use jianzai_wire::{Action, FrameTime, ReasonCode, StepOutcome};

use crate::person::{Body, Doing, Person};
use crate::phone::{Capture, Obedient, Shown, capture, policy};

fn good() -> Capture {
    let capture = capture(&mut Obedient::new(Person::new(77), 77), policy(), 77);
    assert_eq!(capture.judged().decision, Decision::Pass);
    capture
}

#[track_caller]
fn refused(capture: &Capture, code: ReasonCode) {
    let judgement = capture.judged();
    assert_eq!((judgement.decision, judgement.codes().first()), (Decision::Refuse, Some(&code)), "{judgement:#?}");
}

fn with_crops(capture: &Capture, crop_scores: &[f32]) -> Judgement {
    let Capture { observations, log, steps, policy, .. } = capture;
    judge(&Evidence { times: &capture.times(), observations, log, steps, policy, crop_scores })
}

/// Changes the report of a step in the log and with the server alike.
fn report(capture: &mut Capture, step: usize, change: impl Fn(&mut jianzai_wire::StepReport)) {
    change(capture.log.steps[step].report.as_mut().expect("a report"));
    change(capture.steps[step].ended.as_mut().expect("a report"));
}

#[test]
fn the_passive_network_asks_for_review_and_never_accepts_or_refuses() {
    let capture = good();
    for (scores, decision, codes) in [
        (&[0.99, 1.0, 0.98][..], Decision::Pass, vec![]),
        (&[0.99, 0.1, 0.98], Decision::Pass, vec![]),
        (&[0.5, 0.6, 0.7], Decision::Review, vec![ReasonCode::SpoofUnsure]),
        (&[0.0, 0.04, 0.9], Decision::Review, vec![ReasonCode::SpoofUnsure]),
        (&[f32::NAN, f32::NAN], Decision::Review, vec![ReasonCode::SpoofUnsure]),
    ] {
        let judgement = with_crops(&capture, scores);
        assert_eq!((judgement.decision, judgement.codes()), (decision, codes), "{scores:?}");
    }
    let mut nobody_looked = capture.clone();
    nobody_looked.observations.iter_mut().flat_map(|o| &mut o.face).for_each(|face| face.passive = None);
    assert_eq!(nobody_looked.judged().codes(), [ReasonCode::SpoofUnsure]);
    let mut idle = capture;
    let mut person = Person::new(1);
    idle.observations = idle.observations.iter().map(|o| person.frame(o.at, Body::default())).collect();
    assert_eq!(with_crops(&idle, &[1.0; 8]).decision, Decision::Refuse);
}

/// A doctored phone would not even need the full action: any film that nearly does everything shows what is asked.
#[test]
fn a_film_that_does_everything_by_halves_is_looked_at() {
    let mut person = Person::new(18);
    let (mut last, mut doing) = (None, Vec::<Doing>::new());
    let mut scene = Shown(|at: FrameTime, told| {
        if let Some((Instruction::Do(asked), prompt, _)) = told
            && last.replace(prompt) != Some(prompt)
        {
            let others = Action::ALL.into_iter().filter(|action| *action != asked).map(|action| (action, 0.47));
            let turns = others.chain([(asked, 1.15)]).zip(0_u64..);
            let doings = turns.map(|((action, size), turn)| Doing {
                action,
                began_at: at.plus(400 + turn * 1_100),
                lasts: 700,
                size,
            });
            doing = doings.collect();
        }
        let now = doing.iter().find(|d| at >= d.began_at && at <= d.ends_at());
        Some(person.frame(at, now.map_or(Body::default(), |d| d.body(at))))
    });
    let capture = capture(&mut scene, policy(), 18);
    assert!(capture.is_complete(), "{:?}", capture.end);
    let judgement = capture.judged();
    assert_eq!(
        (judgement.decision, judgement.codes()),
        (Decision::Review, vec![ReasonCode::SpoofUnsure]),
        "{judgement:#?}"
    );
}

#[test]
fn times_must_make_sense() {
    let capture = good();
    let broken = |change: fn(&mut Capture)| {
        let mut broken = capture.clone();
        change(&mut broken);
        refused(&broken, ReasonCode::EvidenceBadTimes);
    };
    broken(|c| c.observations.clear());
    broken(|c| c.observations.swap(30, 31));
    broken(|c| c.observations[40].at = c.observations[39].at);
    broken(|c| drop(c.observations.drain(50..60)));
    broken(|c| c.policy.max_capture_ms = 4_000);
}

#[test]
fn log_and_server_must_agree() {
    let capture = good();
    let tampered = |change: fn(&mut Capture)| {
        let mut tampered = capture.clone();
        change(&mut tampered);
        refused(&tampered, ReasonCode::EvidenceTampered);
    };
    tampered(|c| c.log.steps[1].step.action = Action::ALL[(c.log.steps[1].step.action as usize + 1) % 5]);
    tampered(|c| c.log.steps.truncate(2));
    tampered(|c| c.log.steps[0].report = None);
    tampered(|c| c.steps[1].frames_at_reveal = 0);
    tampered(|c| c.steps[2].frames_at_reveal = u32::MAX);
    tampered(|c| report(c, 1, |r| r.index = 7));
    tampered(|c| report(c, 1, |r| r.ended_at = FrameTime(r.cue_at.0 - 500)));
    tampered(|c| report(c, 2, |r| r.cue_at = FrameTime(0)));
    tampered(|c| c.policy.actions.retain(|action| *action != c.steps[0].step.action));
}

#[test]
fn a_plan_that_is_not_finished_or_failed_too_often_is_refused() {
    let mut unfinished = good();
    unfinished.steps.pop();
    unfinished.log.steps.pop();
    refused(&unfinished, ReasonCode::ActionNotSeen);
    let mut failed = good();
    for step in 0..2 {
        report(&mut failed, step, |r| r.outcome = StepOutcome::Wrong(Action::LookUp));
    }
    refused(&failed, ReasonCode::ActionWrong);
}

#[test]
fn an_action_that_is_claimed_must_be_in_the_video_after_its_cue() {
    let capture = good();
    // The second action is cut out of the picture: the person rests instead.
    let mut missing = capture.clone();
    let step = capture.log.steps[1].report.expect("a report");
    let rest = capture.observations.iter().rposition(|o| o.at <= step.cue_at).expect("a frame");
    for at in rest..capture.observations.len() {
        let frame = &mut missing.observations[at];
        if frame.at <= step.ended_at.plus(200) {
            frame.face = capture.observations[rest - at % 5].face.clone();
        }
    }
    refused(&missing, ReasonCode::ActionNotSeen);
    // The cue is claimed to be as late as the action itself.
    let mut early = capture.clone();
    report(&mut early, 1, |r| r.cue_at = r.began_at);
    refused(&early, ReasonCode::ActionTooEarly);
    // The cue comes before the step was known.
    let mut foreseen = capture;
    foreseen.steps[1].frames_at_reveal = foreseen.steps[2].frames_at_reveal;
    refused(&foreseen, ReasonCode::ActionTooEarly);
}

#[test]
fn an_action_nobody_asked_for_is_refused() {
    let mut capture = good();
    let mut person = Person::new(77);
    let first = capture.observations[0].at;
    // A film that goes on after the last step, with one action too many.
    let last = capture.observations.last().expect("frames").at;
    let extra = Doing { action: Action::TurnLeft, began_at: last.plus(400), lasts: 1_500, size: 1.3 };
    let frames = (1..40).map(|frame| last.plus(frame * 66));
    capture.observations.extend(frames.map(|at| person.frame(at, extra.body(at))));
    refused(&capture, ReasonCode::ActionUnasked);
    assert!(first < last);
}

#[test]
fn faces_that_come_and_go_or_change_are_refused() {
    let change = |change: &dyn Fn(usize, &mut jianzai_liveness::Observation), code| {
        let mut capture = good();
        capture.observations.iter_mut().enumerate().for_each(|(i, o)| change(i, o));
        refused(&capture, code);
    };
    change(&|_, o| o.face = None, ReasonCode::FaceNone);
    change(&|i, o| o.face = o.face.take().filter(|_| !(60..90).contains(&i)), ReasonCode::FaceLost);
    change(&|i, o| o.face = o.face.take().filter(|_| i % 4 != 0), ReasonCode::FaceLost);
    change(
        &|i, o| {
            let shift = if i >= 20 { 170.0 } else { 0.0 };
            o.face.iter_mut().flat_map(|face| &mut face.landmarks).for_each(|p| p[0] += shift);
        },
        ReasonCode::FaceChanged,
    );
    change(
        &|i, o| {
            let nose = if i >= 20 { 60.0 } else { 0.0 };
            o.face.iter_mut().for_each(|face| face.landmarks[points::NOSE][1] += nose);
        },
        ReasonCode::FaceChanged,
    );
}

#[test]
fn a_second_face_goes_to_review() {
    let mut capture = good();
    capture.observations.iter_mut().for_each(|o| o.faces = 2);
    let judgement = capture.judged();
    assert_eq!((judgement.decision, judgement.codes()), (Decision::Review, vec![ReasonCode::FaceSeveral]));
}

#[test]
fn stills_frozen_pictures_and_tilted_prints_are_named() {
    let mut still = good();
    let mut person = Person::new(5);
    person.blinks = false;
    still.observations = still.observations.iter().map(|o| person.frame(o.at, Body::default())).collect();
    refused(&still, ReasonCode::LivenessNoMotion);
    // Frozen for four seconds, then alive.
    let mut frozen = good();
    let face = frozen.observations[0].face.clone();
    frozen.observations.iter_mut().take(65).for_each(|o| o.face = face.clone());
    refused(&frozen, ReasonCode::LivenessNoMotion);
    // A print, tilted by 45 degrees to one side and back.
    let mut flat = good();
    let mut print = Person::print(5);
    let tilt = Doing { action: Action::TurnLeft, began_at: flat.observations[60].at, lasts: 3_000, size: 2.7 };
    flat.observations = flat.observations.iter().map(|o| print.frame(o.at, tilt.body(o.at))).collect();
    flat.observations.iter_mut().step_by(9).flat_map(|o| &mut o.face).for_each(|face| {
        face.blendshapes.0[jianzai_liveness::Blendshape::EyeBlinkLeft as usize] = 0.9;
    });
    refused(&flat, ReasonCode::LivenessFlat);
    let reason = &flat.judged().reasons[0];
    assert_eq!(reason.layer, Layer::Depth);
    assert!(reason.figures.iter().all(|figure| figure.limit.is_some()));
}

#[test]
fn judgements_are_written_and_read_alike() {
    let judgement = good().judged();
    assert!(judgement.figures.len() > 10 && judgement.figures.iter().all(|figure| figure.value.is_finite()));
    let json = serde_json::to_string(&judgement).expect("serialises");
    assert_eq!(serde_json::from_str::<Judgement>(&json).expect("parses"), judgement);
}
