//! How the coach treats people.

use jianzai_liveness::limits::{BASELINE_MS, REST_HOLD_MS};
use jianzai_liveness::{CaptureEnd, CaptureLog, Instruction, Observation, PromptId};
use jianzai_wire::{Action, CapturePolicy, FrameTime, ReasonCode, StepOutcome, StepReport};

use crate::person::{Body, Doing, Person};
use crate::phone::{Capture, Obedient, Scene, Shown, capture, capture_until_the_network_fails, policy};

type Told = Option<(Instruction, PromptId, FrameTime)>;

/// Someone who does what is asked, with their frames changed by `change` (which gets the time since the first cue, once
/// there was one).
fn with(seed: u64, mut change: impl FnMut(&mut Observation, Option<u64>) -> bool) -> Capture {
    let mut person = Obedient::new(Person::new(seed), seed);
    let mut first_cue = None;
    let mut scene = Shown(move |at: FrameTime, told: Told| {
        if let Some((Instruction::Do(_), _, since)) = told {
            first_cue.get_or_insert(since);
        }
        let mut seen = person.frame(at, told)?;
        let shown = change(&mut seen, first_cue.map(|cue: FrameTime| at.since(cue)));
        shown.then_some(seen)
    });
    capture(&mut scene, policy(), seed)
}

fn refused(code: ReasonCode) -> Option<CaptureEnd> {
    Some(CaptureEnd::Refused(code))
}

#[test]
fn someone_in_place_is_not_told_to_be() {
    let capture = with(1, |_, _| true);
    let said: Vec<_> = capture.said.iter().map(|(_, instruction)| *instruction).collect();
    assert_eq!(said[0], Instruction::InPlace, "a sound, no words");
    assert!(!said.contains(&Instruction::PlaceFace) && !said.contains(&Instruction::FaceForward));
    assert_eq!(said[said.len() - 2..], [Instruction::WellDone, Instruction::Finished]);
    assert_eq!(capture.progress, [0, 1, 2, 3, 4]);
    assert_eq!(capture.hints, []);
}

#[test]
fn nothing_times_out_before_the_recording() {
    for (change, hint) in [
        ((|o: &mut Observation| o.face = None) as fn(&mut Observation), ReasonCode::FaceNone),
        (|o| o.face.as_mut().unwrap().placement.size = 0.2, ReasonCode::FaceTooFar),
        (|o| o.face.as_mut().unwrap().placement.size = 1.4, ReasonCode::FaceTooNear),
        (|o| o.face.as_mut().unwrap().placement.dx = -0.4, ReasonCode::FaceOffCentre),
        (|o| o.face.as_mut().unwrap().brightness = 0.05, ReasonCode::FaceTooDark),
        (|o| o.face.as_mut().unwrap().brightness = 0.97, ReasonCode::FaceTooBright),
        (|o| o.face.as_mut().unwrap().back_light = 3.0, ReasonCode::FaceBackLit),
        (|o| o.face.as_mut().unwrap().sharpness = 1.0, ReasonCode::FaceBlurred),
        (|o| o.face.as_mut().unwrap().pose.yaw = 30.0, ReasonCode::FaceTurned),
        (|o| o.faces = 2, ReasonCode::FaceSeveral),
    ] {
        // A minute and a half of it, then as it should be.
        let mut capture = with(2, |seen, _| {
            if seen.at.0 < 90_000 {
                change(seen);
            }
            true
        });
        assert!(capture.is_complete(), "{hint}: {:?}", capture.end);
        assert_eq!(capture.hints.first().map(|(_, shown)| *shown), Some(Some(hint)));
        assert_eq!(capture.hints.len(), 2, "one hint, that comes once and goes once: {:?}", capture.hints);
        capture.said.retain(|(at, _)| at.0 < 90_000);
        let told = capture.said.iter().filter(|(_, said)| *said == Instruction::PlaceFace).count();
        assert!((5..=14).contains(&told), "{hint}: told {told} times in 90 s");
        assert!(capture.observations.first().is_some_and(|first| first.at.0 > 90_000));
    }
}

#[test]
fn in_the_dark_the_dark_is_what_is_said() {
    let capture = with(3, |seen, _| {
        if seen.at.0 < 20_000 {
            seen.face = None;
            seen.frame_brightness = 0.02;
        }
        true
    });
    assert_eq!(capture.hints.first().map(|(_, hint)| *hint), Some(Some(ReasonCode::FaceTooDark)));
    assert!(capture.is_complete());
}

#[test]
fn someone_who_does_not_react_is_asked_again_and_has_time() {
    let mut person = Person::new(4);
    let (mut heard, mut doing) = (0, None::<Doing>);
    let mut last = None;
    let mut scene = Shown(|at: FrameTime, told: Told| {
        if let Some((Instruction::Do(action), prompt, _)) = told.filter(|(_, prompt, _)| last != Some(*prompt)) {
            last = Some(prompt);
            heard += 1;
            // Reacts to every second prompt.
            if heard % 2 == 0 {
                doing = Some(Doing { action, began_at: at.plus(900), lasts: 1_600, size: 1.2 });
            }
        }
        let body = doing.filter(|d| at >= d.began_at && at <= d.ends_at()).map_or(Body::default(), |d| d.body(at));
        Some(person.frame(at, body))
    });
    let capture = capture(&mut scene, policy(), 4);
    assert!(capture.is_complete(), "{:?}", capture.end);
    assert!(capture.log.steps.iter().all(|step| step.repeats == 1));
    for step in &capture.log.steps {
        let (cue, report) = (step.cue.expect("a cue"), step.report.expect("a report"));
        assert_eq!(cue.shown_at, report.cue_at, "the cue stays the first prompt");
        let again =
            capture.said.iter().filter(|(at, said)| *at > cue.shown_at && *said == Instruction::Do(step.step.action));
        let again = again.map(|(at, _)| at.since(cue.shown_at)).next().expect("said again");
        assert!((6_000..8_000).contains(&again), "{again} ms");
    }
    assert_eq!(capture.judged().codes(), []);
}

#[test]
fn half_hearted_movements_are_never_held_against_anyone() {
    let mut person = Person::new(5);
    let (mut doing, mut last) = (None::<Doing>, None);
    let mut scene = Shown(|at: FrameTime, told: Told| {
        if let Some((Instruction::Do(action), prompt, _)) = told.filter(|(_, prompt, _)| last != Some(*prompt)) {
            last = Some(prompt);
            doing = Some(Doing { action, began_at: at.plus(2_500), lasts: 1_600, size: 1.2 });
        }
        let asked = doing.filter(|d| at >= d.began_at && at <= d.ends_at()).map(|d| d.body(at));
        // At other times: a look aside, a nod, lips apart, each about half of an action.
        let idle = Doing {
            action: Action::ALL[(at.0 / 1_200 % 5) as usize],
            began_at: FrameTime(at.0 / 1_200 * 1_200),
            lasts: 800,
            size: 0.42,
        };
        let fidgets = at <= idle.ends_at() && !(at.0 / 1_200).is_multiple_of(3);
        Some(person.frame(at, asked.unwrap_or(if fidgets { idle.body(at) } else { Body::default() })))
    });
    let capture = capture(&mut scene, policy(), 5);
    assert!(capture.is_complete(), "{:?}", capture.end);
    let outcomes: Vec<_> = capture.log.steps.iter().map(|step| (step.step.action, step.report)).collect();
    let done = |(_, report): &(_, Option<StepReport>)| report.is_some_and(|report| report.outcome == StepOutcome::Done);
    assert!(outcomes.iter().all(done), "{outcomes:?}, at rest {:?}", capture.log.baseline);
    assert_eq!(capture.judged().codes(), []);
}

#[test]
fn one_wrong_action_is_forgiven_and_a_longer_count_begins() {
    let mut person = Obedient::new(Person::new(6), 6);
    let mut asked = 0;
    let mut last = None;
    let mut scene = Shown(|at: FrameTime, told: Told| {
        if let Some((Instruction::Do(_), prompt, _)) = told.filter(|(_, prompt, _)| last != Some(*prompt)) {
            last = Some(prompt);
            asked += 1;
            person.does = if asked == 3 {
                |action| if action == Action::LookUp { Action::TurnLeft } else { Action::LookUp }
            } else {
                |action| action
            };
        }
        person.frame(at, told)
    });
    let capture = capture(&mut scene, policy(), 6);
    assert!(capture.is_complete(), "{:?}", capture.end);
    assert_eq!(capture.progress, [0, 1, 2, 0, 1, 2, 3, 4, 5]);
    assert_eq!(capture.steps.len(), 8);
    assert!(capture.said.iter().any(|(_, said)| *said == Instruction::OtherAction));
    assert_eq!(capture.judged().codes(), []);
}

#[test]
fn acting_before_the_word_is_too_early() {
    let mut person = Person::new(7);
    // Once something has been asked for, nods without end: 1.1 s of every 1.9 s.
    let mut nodding = None;
    let mut scene = Shown(|at: FrameTime, told: Told| {
        if matches!(told, Some((Instruction::Do(_), ..))) {
            nodding.get_or_insert(at);
        }
        let since = nodding.map_or(0, |start| at.since(start) % 1_900);
        let doing = Doing { action: Action::LookDown, began_at: FrameTime(0), lasts: 1_100, size: 1.3 };
        let nods = nodding.is_some() && since <= 1_100;
        Some(person.frame(at, if nods { doing.body(FrameTime(since)) } else { Body::default() }))
    });
    let capture = capture(&mut scene, policy(), 7);
    assert!(
        [refused(ReasonCode::ActionTooEarly), refused(ReasonCode::ActionWrong)].contains(&capture.end),
        "{:?}",
        capture.end
    );
    assert!(capture.steps.len() <= 2);
}

#[test]
fn a_face_that_is_briefly_away_goes_on_and_one_that_stays_away_ends_the_attempt() {
    let away = |ms: u64| {
        with(8, move |seen, cued| {
            if cued.is_some_and(|since| since < ms) {
                seen.face = None;
            }
            true
        })
    };
    assert!(away(300).is_complete());
    assert_eq!(away(5_000).end, refused(ReasonCode::FaceLost));
}

#[test]
fn before_the_first_step_a_lost_face_only_begins_the_recording_again() {
    let mut recorded = 0;
    let capture = with(9, move |seen, cued| {
        // Away for a moment, twice, early on.
        recorded += u32::from(cued.is_none());
        if (35..45).contains(&recorded) || (70..75).contains(&recorded) {
            seen.face = None;
        }
        true
    });
    assert!(capture.is_complete(), "{:?}", capture.end);
}

#[test]
fn whoever_moved_a_little_and_then_rests_for_a_minute_is_not_told_that_nothing_moved() {
    let mut person = Person::new(21);
    person.blinks = false;
    let nod = Doing { action: Action::LookUp, began_at: FrameTime(7_000), lasts: 1_200, size: 0.8 };
    let mut scene = Shown(move |at: FrameTime, _: Told| {
        let moves = (nod.began_at..=nod.ends_at()).contains(&at);
        Some(person.frame(at, if moves { nod.body(at) } else { Body::default() }))
    });
    assert_eq!(capture(&mut scene, policy(), 21).end, refused(ReasonCode::ActionNotSeen));
}

#[test]
fn whoever_takes_long_over_each_action_and_does_not_blink_is_no_still() {
    let mut person = Obedient::new(Person::new(22), 22);
    person.person.blinks = false;
    let mut heard: Option<(PromptId, FrameTime)> = None;
    let mut scene = Shown(move |at: FrameTime, told: Told| {
        // Thinks about it for eight seconds, whatever is said again.
        if !told.is_some_and(|(said, ..)| matches!(said, Instruction::Do(_))) {
            heard = None;
        }
        let told = told.filter(|(_, prompt, _)| at.since(heard.get_or_insert((*prompt, at)).1) >= 8_000);
        person.frame(at, told)
    });
    let capture = capture(&mut scene, policy(), 22);
    assert!(capture.is_complete(), "{:?}", capture.end);
    assert_eq!(capture.judged().codes(), []);
}

#[test]
fn another_face_ends_the_attempt() {
    let mut other = Person::new(1_000);
    let capture = with(10, move |seen, cued| {
        if cued.is_some_and(|since| since > 60) {
            // Somewhere else, and smaller.
            let mut frame = other.frame(seen.at, Body::default());
            let face = frame.face.as_mut().expect("a face");
            face.landmarks.iter_mut().for_each(|p| *p = [p[0] * 0.6 - 90.0, p[1] * 0.6, p[2] * 0.6]);
            *seen = frame;
        }
        true
    });
    assert_eq!(capture.end, refused(ReasonCode::FaceChanged));
}

#[test]
fn a_camera_that_stalls_ends_the_attempt_and_says_so() {
    let capture = with(11, |_, cued| !cued.is_some_and(|since| (100..800).contains(&since)));
    assert_eq!(capture.end, refused(ReasonCode::DeviceStalled));
}

#[test]
fn a_network_that_stops_is_not_held_against_the_person() {
    for answers in [0, 1, 2] {
        let mut person = Obedient::new(Person::new(17), 17);
        let capture = capture_until_the_network_fails(&mut person, policy(), answers);
        assert_eq!(capture.end, refused(ReasonCode::NetworkUnreachable), "after {answers} answers");
    }
}

#[test]
fn the_log_is_written_and_read_alike_and_holds_nothing_else() {
    let log = with(12, |_, _| true).log;
    let json = serde_json::to_string(&log).expect("serialises");
    assert_eq!(serde_json::from_str::<CaptureLog>(&json).expect("parses"), log);
    let other = json.replacen("\"restarts\"", "\"surprise\"", 1);
    assert!(serde_json::from_str::<CaptureLog>(&other).is_err());
    assert_eq!(log.version, CaptureLog::VERSION);
    let mut order: Vec<FrameTime> = vec![log.started_at];
    let mut asked_at = log.started_at.plus(BASELINE_MS);
    for step in &log.steps {
        let (cue, report) = (step.cue.expect("a cue"), step.report.expect("a report"));
        order.extend([step.revealed_at, cue.shown_at, report.began_at, report.ended_at]);
        assert!(cue.spoken_at.is_some());
        // The wait runs while the service answers, and not before it is asked.
        assert!(cue.shown_at.since(asked_at) >= u64::from(step.step.wait_ms));
        asked_at = report.ended_at.plus(REST_HOLD_MS);
    }
    order.push(log.ended_at);
    assert!(order.is_sorted(), "{order:?}");
}

#[test]
fn someone_who_sits_back_is_at_rest_again_soon() {
    let mut person = Obedient::new(Person::new(13), 13);
    let mut posture = Person::new(13);
    let mut scene = Shown(move |at: FrameTime, told: Told| {
        let seen = person.frame(at, told)?;
        // After the first cue the head leans up by two thirds of a nod, for good.
        if person.done.first().is_some_and(|done| at > done.ends_at()) {
            let doing = person.done.last().filter(|d| at >= d.began_at && at <= d.ends_at());
            let mut body = doing.map_or(Body::default(), |d| d.body(at));
            body.pitch += 6.0;
            return Some(posture.frame(at, body));
        }
        Some(seen)
    });
    let able = [Action::OpenMouth, Action::TurnLeft, Action::TurnRight];
    let capture = capture(&mut scene, CapturePolicy::for_actions(&able), 13);
    assert!(capture.is_complete(), "{:?}", capture.end);
    assert_eq!(capture.judged().codes(), []);
}

#[test]
fn a_mouth_that_stands_open_is_asked_to_close_and_nothing_times_out() {
    let mut person = Obedient::new(Person::new(14), 14);
    let mut agape = Person::new(14);
    let mut scene = Shown(move |at: FrameTime, told: Told| {
        let open = Body { mouth: 0.5, ..Body::default() };
        if at.0 < 30_000 { Some(agape.frame(at, open)) } else { person.frame(at, told) }
    });
    let capture = capture(&mut scene, policy(), 14);
    let asked = capture.said.iter().filter(|(at, said)| at.0 < 30_000 && *said == Instruction::FaceForward).count();
    assert!((3..=6).contains(&asked), "{asked}");
    assert!(capture.is_complete(), "{:?}", capture.end);
}

#[test]
fn a_slow_phone_is_told_of_but_serves() {
    let mut frame = 0;
    let capture = with(15, move |_, _| {
        frame += 1;
        frame % 3 == 0
    });
    assert!(capture.hints.contains(&(capture.hints[0].0, Some(ReasonCode::DeviceSlow))));
    assert!(capture.is_complete(), "{:?}", capture.end);
    assert_eq!(capture.judged().codes(), []);
}

#[test]
fn a_movement_too_small_to_count_is_asked_for_again_with_a_hint() {
    let mut person = Person::new(16);
    let (mut tries, mut last, mut doing) = (0, None, None::<Doing>);
    let mut scene = Shown(|at: FrameTime, told: Told| {
        if let Some((Instruction::Do(action), prompt, _)) = told.filter(|(_, prompt, _)| last != Some(*prompt)) {
            last = Some(prompt);
            tries += 1;
            let size = if tries == 1 { 0.52 } else { 1.2 };
            doing = Some(Doing { action, began_at: at.plus(1_200), lasts: 1_600, size });
        }
        let body = doing.filter(|d| at >= d.began_at && at <= d.ends_at()).map_or(Body::default(), |d| d.body(at));
        Some(person.frame(at, body))
    });
    let able = [Action::TurnLeft, Action::TurnRight, Action::LookUp];
    let capture = capture(&mut scene, CapturePolicy::for_actions(&able), 16);
    assert!(capture.is_complete(), "{:?}", capture.end);
    assert_eq!(capture.log.steps[0].repeats, 1);
    let hints: Vec<_> = capture.hints.iter().map(|(_, hint)| *hint).collect();
    assert_eq!(hints, [Some(ReasonCode::ActionNotSeen), None]);
    let cue = capture.log.steps[0].cue.expect("a cue").shown_at;
    let again = capture.said.iter().find(|(at, said)| *at > cue && matches!(said, Instruction::Do(_)));
    assert!(again.is_some_and(|(at, _)| at.since(cue) < 5_500), "{again:?} {cue:?}");
    assert_eq!(capture.judged().codes(), []);
}

/// Someone whose face is lit by so much, a little more or less from frame to frame, and more on one side when they turn.
fn in_light(seed: u64, brightness: f32) -> Capture {
    let mut dice = crate::person::Dice(seed);
    with(seed, move |seen, _| {
        let face = seen.face.as_mut().unwrap();
        face.brightness = (brightness + dice.between(-0.01, 0.01)) * (1.0 + face.pose.yaw / 120.0);
        true
    })
}

#[test]
fn more_light_is_asked_for_once_and_never_waited_for() {
    // At the limit itself it may come or not, but never come and go.
    for (brightness, asked) in [(0.2, Some(true)), (0.25, None), (0.3, Some(false)), (0.39, Some(false))] {
        for seed in 20..30 {
            let (dim, bright) = (in_light(seed, brightness), in_light(seed, 0.5));
            assert!(dim.is_complete(), "{brightness}: {:?}", dim.end);
            assert_eq!(dim.judged().codes(), []);
            // Just as quick as in good light: not one frame later.
            let begun = |capture: &Capture| capture.observations.first().map(|seen| seen.at);
            assert_eq!((begun(&dim), dim.said.len()), (begun(&bright), bright.said.len()), "{brightness} {seed}");
            let hints: Vec<_> = dim.hints.iter().map(|(_, hint)| *hint).collect();
            let comes = [Some(ReasonCode::FaceDim), None];
            assert!(hints.len() <= 2 && comes.starts_with(&hints), "{brightness} {seed}: {hints:?}");
            assert!(asked.is_none_or(|asked| asked != hints.is_empty()), "{brightness} {seed}: {hints:?}");
        }
    }
}

#[test]
fn the_wish_for_light_gives_way_to_what_helps_and_comes_back() {
    let capture = with(31, |seen, _| {
        let at = seen.at.0;
        let face = seen.face.as_mut().unwrap();
        face.brightness = 0.2;
        if (4_000..8_000).contains(&at) {
            face.placement.size = 0.2;
        }
        true
    });
    // Between the last two nothing is shown while he moves.
    let shown: Vec<_> = capture.hints.iter().filter_map(|(_, hint)| *hint).take(3).collect();
    assert_eq!(shown, [ReasonCode::FaceDim, ReasonCode::FaceTooFar, ReasonCode::FaceDim]);
    let far = capture.hints[1].0;
    assert!((4_000..4_600).contains(&far.0), "at once: {far:?}");
}
