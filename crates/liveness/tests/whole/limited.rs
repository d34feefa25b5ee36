//! People who cannot do everything, and whoever only says so.

use jianzai_liveness::judge::Layer;
use jianzai_liveness::{CaptureEnd, Decision, Observation, chance, limits};
use jianzai_wire::{Action, CapturePolicy, Limitation, ReasonCode};
use proptest::prelude::*;

use crate::person::Person;
use crate::phone::{Capture, Obedient, capture};

fn rules(limitations: &[Limitation]) -> CapturePolicy {
    CapturePolicy::for_actions(&Limitation::leave(limitations, &[]))
}

fn some() -> impl Strategy<Value = Vec<Limitation>> {
    proptest::sample::subsequence(Limitation::ALL.to_vec(), 0..=Limitation::ALL.len())
}

/// Somebody who does what they are asked, lying if they say so.
fn obedient(limitations: &[Limitation], seed: u64, lean: f32) -> Capture {
    let mut person = Person::new(seed);
    person.lean = if limitations.contains(&Limitation::LyingDown) { lean } else { 0.0 };
    capture(&mut Obedient::new(person, seed), rules(limitations), seed.wrapping_mul(37))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn whoever_does_what_is_left_passes_or_is_looked_at(set in some(), seed: u64, lean in -95.0_f32..95.0) {
        let capture = obedient(&set, seed, lean);
        prop_assert_eq!(capture.end, Some(CaptureEnd::Complete), "{:?}", capture.log.steps);
        let asked = || capture.steps.iter().map(|step| step.step.action);
        prop_assert!(set.iter().all(|limitation| !asked().any(|action| limitation.rules_out(action))));
        let judgement = capture.judged();
        if set.contains(&Limitation::CannotTurnHead) {
            prop_assert_eq!(judgement.decision, Decision::Review, "{:#?}", judgement.reasons);
            prop_assert_eq!(judgement.codes(), [ReasonCode::AttemptAbilitiesReview]);
        } else {
            prop_assert_eq!(judgement.decision, Decision::Pass, "{:#?}", judgement.reasons);
            prop_assert!(asked().any(Action::moves_head));
        }
    }

    #[test]
    fn a_print_is_never_accepted_whatever_its_holder_says(
        set in some(), seed: u64, size in 0.5_f32..4.0, lean in -95.0_f32..95.0
    ) {
        let mut print = Person::print(seed);
        print.lean = lean;
        // The passive network is deceived, too.
        print.passive = 0.99;
        let mut holder = Obedient::new(print, seed);
        holder.size = size;
        let capture = capture(&mut holder, rules(&set), seed);
        let judgement = capture.judged();
        prop_assert!(!capture.is_complete() || judgement.decision != Decision::Pass);
        if rules(&set).is_enough() {
            // A mouth that opens is not enough any more, so it is no person's work either.
            prop_assert_eq!(judgement.decision, Decision::Refuse, "{:#?}", judgement.reasons);
        }
    }

    #[test]
    fn the_bound_holds_for_every_set(set in some()) {
        let rules = rules(&set);
        prop_assert!(!rules.is_enough() || chance::recording_fits(&rules) <= 0.02);
    }
}

#[test]
fn whoever_turns_as_seen_in_the_picture_and_not_by_their_own_head_does_something_else() {
    for lean in [-90.0, 90.0] {
        let mut person = Person::new(5);
        person.lean = lean;
        let mut other = Obedient::new(person, 5);
        other.does = |asked| match asked {
            Action::TurnLeft | Action::TurnRight => Action::LookUp,
            Action::LookUp | Action::LookDown => Action::TurnLeft,
            Action::OpenMouth => Action::OpenMouth,
        };
        let policy = rules(&[Limitation::CannotOpenMouth]);
        let capture = capture(&mut other, policy, 5);
        assert_eq!(capture.end, Some(CaptureEnd::Refused(ReasonCode::ActionWrong)), "{lean}");
    }
}

#[test]
fn one_eye_that_is_always_shut_changes_nothing() {
    for seed in 0..20 {
        let mut capture = obedient(&[Limitation::OneEye], seed, 0.0);
        for face in capture.observations.iter_mut().filter_map(|seen| seen.face.as_mut()) {
            face.blendshapes.0[jianzai_liveness::Blendshape::EyeBlinkLeft as usize] = 0.8;
        }
        assert_eq!(capture.judged().decision, Decision::Pass, "{seed}");
    }
}

#[test]
fn a_plan_without_a_head_movement_is_looked_at_even_if_all_of_it_was_done() {
    let usual = rules(&[]);
    let mouths = CapturePolicy { actions: vec![Action::OpenMouth], ..usual.clone() };
    let mut capture = capture(&mut Obedient::new(Person::new(9), 9), mouths, 9);
    assert!(capture.is_complete(), "{:?}", capture.end);
    capture.policy = usual;
    let judgement = capture.judged();
    assert_eq!((judgement.decision, judgement.codes()), (Decision::Review, vec![ReasonCode::SpoofUnsure]));
    assert!(judgement.reasons.iter().all(|reason| reason.layer == Layer::Actions));
}

const NOTHING: [Limitation; 2] = [Limitation::CannotOpenMouth, Limitation::CannotTurnHead];

/// Somebody of whom nothing is asked, from the first frame to the end.
fn watched(person: Person) -> Capture {
    capture(&mut Obedient::new(person, 3), rules(&NOTHING), 3)
}

#[test]
fn whoever_can_do_nothing_is_recorded_as_they_are_and_looked_at() {
    for seed in 0..20 {
        let watched = watched(Person::new(seed));
        assert_eq!((watched.end, watched.steps.len()), (Some(CaptureEnd::Complete), 0));
        let length = watched.observations.last().expect("frames").at.since(watched.observations[0].at);
        let bounds = limits::WATCHED_MS..limits::WATCHED_AT_MOST_MS + limits::FIRST_REST_MS + 500;
        assert!(bounds.contains(&length), "{seed}: {length} ms");
        let judgement = watched.judged();
        assert_eq!(
            (judgement.decision, judgement.codes()),
            (Decision::Review, vec![ReasonCode::AttemptAbilitiesReview])
        );
    }
}

#[test]
fn whoever_does_not_blink_is_watched_for_longer_and_not_refused_for_it() {
    let mut still = Person::new(4);
    still.blinks = false;
    let watched = watched(still);
    let length = watched.observations.last().expect("frames").at.since(watched.observations[0].at);
    assert!(length >= limits::WATCHED_AT_MOST_MS, "{length} ms");
    let told = [ReasonCode::SpoofUnsure, ReasonCode::AttemptAbilitiesReview];
    assert_eq!(watched.judged().codes(), told, "whoever looks is told that nothing moved");
}

#[test]
fn where_nothing_is_asked_a_short_or_frozen_recording_is_refused_all_the_same() {
    let mut short = watched(Person::new(5));
    short.observations.truncate(40);
    assert!(short.judged().codes().contains(&ReasonCode::EvidenceBadTimes));
    let mut frozen = watched(Person::new(6));
    let first = frozen.observations[0].clone();
    for seen in &mut frozen.observations {
        *seen = Observation { at: seen.at, ..first.clone() };
    }
    assert_eq!(frozen.judged().decision, Decision::Refuse);
    assert_eq!(frozen.judged().codes()[0], ReasonCode::LivenessNoMotion);
}

#[test]
fn whoever_shows_less_than_asked_does_not_pass_by_calling_it_nothing() {
    let mut watched = watched(Person::new(7));
    watched.policy = rules(&[]);
    assert_eq!(watched.judged().decision, Decision::Refuse);
}
