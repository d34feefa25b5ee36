//! The examiner looks at some frames of a video only. What it must not miss by that, it does not.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result, ensure};
use image::RgbImage;
use jianzai_camera::actor::Instruction;
use jianzai_liveness::judge::Layer;
use jianzai_liveness::{Decision, Judgement};
use jianzai_tests::rehearsal::{Outcome, Rehearsal, Scene};
use jianzai_tests::trials::material::{FRAME_MS, Material, Person};
use jianzai_wire::{Action, FrameTime, Mode, ReasonCode};

/// So long after the words "look straight ahead", while they are still being said, nobody has been asked for anything.
const UNASKED_AFTER_MS: u64 = 1_000;
/// Until then nobody is before the phone: whoever is there from the first is not told to look straight ahead.
const COMES_AT: FrameTime = FrameTime(1_500);

/// The man, before a phone that records a movement which nobody asked for, and neither the coach nor the log knows of.
struct Doctored {
    person: Person,
    at: FrameTime,
    begins: Option<FrameTime>,
    movement: Vec<RgbImage>,
}

impl Doctored {
    /// The movement shows every `pace`-th frame of the clip: 3 is three times as fast as life.
    fn new(material: &Material, action: Action, pace: usize, seed: u64) -> Result<Self> {
        let indexed = material.index.actions.iter().find(|indexed| indexed.action == action).context("an action")?;
        let numbers = indexed.frames();
        let movement =
            numbers.iter().step_by(pace).map(|number| material.cap12.frame(*number)).collect::<Result<_>>()?;
        Ok(Self { person: material.person(seed)?, at: FrameTime(0), begins: None, movement })
    }
}

impl Scene for Doctored {
    fn tick(&mut self) -> Result<FrameTime> {
        self.at = self.person.tick()?;
        Ok(self.at)
    }

    fn picture(&mut self) -> Result<RgbImage> {
        let seen = self.person.picture()?;
        Ok(if self.at < COMES_AT { RgbImage::new(seen.width(), seen.height()) } else { seen })
    }

    fn hear(&mut self, at: FrameTime, said: Instruction) {
        if at > COMES_AT {
            self.begins.get_or_insert(at.plus(UNASKED_AFTER_MS));
        }
        self.person.hear(at, said);
    }

    fn recorded(&mut self, seen: RgbImage) -> RgbImage {
        let since = self.begins.filter(|begins| self.at >= *begins).map(|begins| self.at.since(begins) / FRAME_MS);
        since.and_then(|place| self.movement.get(place as usize)).cloned().unwrap_or(seen)
    }
}

fn examined(material: &Material, scene: &mut dyn Scene, seed: u64) -> Result<Outcome> {
    let mut rehearsal = Rehearsal::new(&material.models)?;
    rehearsal.thorough = true;
    rehearsal.run(scene, Mode::OwnPhone, &Action::ALL, seed)
}

/// Every movement of the footage, as it is, twice and three times as fast. Some are too weak for the judge to speak of
/// (`limits::JUDGE_UNASKED`), and then it does not in all frames either.
#[test]
fn a_movement_that_nobody_asked_for_is_seen_in_some_frames_as_in_all() -> Result<()> {
    let material = Material::open()?;
    let mut seen = BTreeSet::new();
    for (seed, (action, pace)) in
        Action::ALL.into_iter().flat_map(|action| [1, 2, 3].map(|pace| (action, pace))).enumerate()
    {
        let outcome = examined(&material, &mut Doctored::new(&material, action, pace, 5)?, seed as u64)?;
        // The phone sees the man as he is: it may only be the recording that it doctors.
        let judgement = outcome.judgement.context("the doctored phone completes its attempt")?;
        let of_all = outcome.of_all.as_ref().unwrap_or(&judgement);
        let said =
            |judgement: &Judgement| -> BTreeSet<ReasonCode> { judgement.reasons.iter().map(|r| r.code).collect() };
        println!("{action:?} at {pace}: {:?}, of all {:?}", said(&judgement), said(of_all));
        ensure!(said(&judgement) == said(of_all), "{action:?} at {pace}: {:?} of all", of_all.reasons);
        if said(&judgement).contains(&ReasonCode::ActionUnasked) {
            seen.insert((action, pace));
        }
    }
    ensure!(seen.len() >= 6 && seen.iter().any(|(_, pace)| *pace == 3), "only {seen:?} are strong enough to count");
    Ok(())
}

#[test]
fn half_of_the_frames_are_enough_and_say_what_all_of_them_say() -> Result<()> {
    let material = Material::open()?;
    for seed in 0..4 {
        let outcome = examined(&material, &mut material.person(seed)?, seed)?;
        let judgement = outcome.judgement.context("completed")?;
        ensure!(judgement.decision == Decision::Pass, "{seed}: {:?}", judgement.reasons);
        let cost = outcome.cost;
        ensure!(!cost.all && cost.looked_at * 2 < cost.frames, "{} of {} frames", cost.looked_at, cost.frames);
        let of_all = outcome.of_all.context("asked for")?;
        ensure!(of_all.reasons.iter().all(|reason| reason.layer == Layer::Passive), "{seed}: {:?}", of_all.reasons);
    }
    Ok(())
}
