//! Recorded film in place of the camera's picture: a feed that freezes or runs in a loop, a whole recorded attempt that
//! plays on, one that guesses, one with a clip for every instruction, pieces of two recordings, another person half-way,
//! two people at once.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use image::RgbImage;
use jianzai_camera::actor::Instruction;
use jianzai_wire::{Action, FrameTime};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

use super::likeness::Register;
use super::material::{Clip, FRAME_MS, Material, Person, SIZE, Ticks};
use super::pictures::{face_ellipse, mix, painted, ramp, sample};
use crate::rehearsal::Scene;

fn dice(seed: u64) -> StdRng {
    StdRng::seed_from_u64(seed ^ 0xf_eed5)
}

/// Frames that play to and fro, for ever.
struct Loop {
    frames: Vec<RgbImage>,
    back: bool,
    ticks: Ticks,
}

impl Loop {
    fn of(clip: &Clip, numbers: impl Iterator<Item = u32>, back: bool) -> Result<Self> {
        let frames = numbers.map(|number| clip.frame(number)).collect::<Result<Vec<_>>>()?;
        Ok(Self { frames, back, ticks: Ticks::default() })
    }

    fn at(&self, at: FrameTime) -> Result<RgbImage> {
        let (count, tick) = (self.frames.len(), (at.0 / FRAME_MS) as usize);
        let round = if self.back { (2 * count).saturating_sub(2) } else { count }.max(1);
        let place = tick % round;
        let place = if place < count { place } else { round - place };
        self.frames.get(place).cloned().context("a film has frames")
    }
}

impl Scene for Loop {
    fn tick(&mut self) -> Result<FrameTime> {
        Ok(self.ticks.advance())
    }

    fn picture(&mut self) -> Result<RgbImage> {
        self.at(self.ticks.now())
    }

    fn hear(&mut self, _: FrameTime, _: Instruction) {}
}

/// Somebody who looks to their left and stays so. (To his right the man turns no further than people do who look ahead.)
pub fn turned_away(material: &Material, _: u64) -> Result<Box<dyn Scene>> {
    let turn = material.index.actions.iter().find(|action| action.action == Action::TurnLeft).context("a turn")?;
    let frames = turn.frames();
    let furthest = frames.get(frames.len() / 2).copied().context("a turn has frames")?;
    Ok(Box::new(Loop::of(&material.cap12, furthest - 1..furthest + 2, true)?))
}

/// One frame for ever.
pub fn still(material: &Material, seed: u64) -> Result<Box<dyn Scene>> {
    let clip = if seed.is_multiple_of(2) { &material.cap13 } else { &*material.cap12 };
    let number = clip.pick(dice(seed).random())?;
    Ok(Box::new(Loop::of(clip, std::iter::once(number), false)?))
}

/// 1 to 6 s of a recording over and over: of rest, of the other man talking, or with an action in it. Every other one runs
/// to and fro.
pub fn looped(material: &Material, seed: u64) -> Result<Box<dyn Scene>> {
    let mut dice = dice(seed);
    let length = dice.random_range(25..150);
    let (clip, from) = match seed % 3 {
        0 => (&*material.cap12, dice.random_range(5..60)),
        1 => (&material.franck, dice.random_range(0..400)),
        _ => (&*material.cap12, dice.random_range(200..450)),
    };
    Ok(Box::new(Loop::of(clip, from..from + length, seed.is_multiple_of(2))?))
}

/// Who is seen in a loop, and so whose pension it is.
pub fn in_the_loop(seed: u64) -> Register {
    if seed % 3 == 1 { Register::Franck } else { Register::Man }
}

/// The man does what he is told until the feed freezes: before anything is asked, or as he hears the first, second or third cue.
struct Frozen {
    person: Person,
    /// Cues that he does not yet freeze at.
    cues_left: u32,
    /// From that cue on he moves for so long; it is not enough to have done it.
    moves_ms: u64,
    until: Option<FrameTime>,
    at: FrameTime,
    last: Option<RgbImage>,
}

impl Scene for Frozen {
    fn tick(&mut self) -> Result<FrameTime> {
        self.at = self.person.tick()?;
        Ok(self.at)
    }

    fn picture(&mut self) -> Result<RgbImage> {
        let image = match &self.last {
            Some(last) if self.until.is_some_and(|until| self.at >= until) => last.clone(),
            _ => self.person.picture()?,
        };
        self.last = Some(image.clone());
        Ok(image)
    }

    fn hear(&mut self, at: FrameTime, said: Instruction) {
        self.person.hear(at, said);
        if matches!(said, Instruction::Do(_)) && self.until.is_none() {
            match self.cues_left.checked_sub(1) {
                Some(left) => self.cues_left = left,
                None => self.until = Some(at.plus(self.moves_ms)),
            }
        }
    }
}

/// A feed that freezes half-way.
pub fn frozen(material: &Material, seed: u64) -> Result<Box<dyn Scene>> {
    let mut dice = dice(seed);
    let cues_done = dice.random_range(0..4_u32);
    Ok(Box::new(Frozen {
        person: material.person(seed)?,
        cues_left: cues_done.saturating_sub(1),
        moves_ms: dice.random_range(0..900),
        until: (cues_done == 0).then(|| FrameTime(dice.random_range(500..2_500))),
        at: FrameTime(0),
        last: None,
    }))
}

/// An attempt of another day: its own instructions, at its own times.
struct Replay {
    person: Person,
    script: Vec<(FrameTime, Instruction)>,
}

impl Scene for Replay {
    fn tick(&mut self) -> Result<FrameTime> {
        let at = self.person.tick()?;
        while self.script.last().is_some_and(|(due, _)| *due <= at) {
            if let Some((_, said)) = self.script.pop() {
                self.person.hear(at, said);
            }
        }
        Ok(at)
    }

    fn picture(&mut self) -> Result<RgbImage> {
        self.person.picture()
    }

    fn hear(&mut self, _: FrameTime, _: Instruction) {}
}

/// A whole recorded attempt that plays on, whatever is asked.
pub fn replay(material: &Material, seed: u64) -> Result<Box<dyn Scene>> {
    let mut dice = dice(seed);
    let (mut at, mut script) = (4_000, Vec::new());
    while at < 60_000 {
        script.push((FrameTime(at), Instruction::Do(any(&mut dice))));
        at += dice.random_range(3_500..6_000);
    }
    script.reverse();
    Ok(Box::new(Replay { person: material.person(seed)?, script }))
}

fn any(dice: &mut StdRng) -> Action {
    let [first, ..] = Action::ALL;
    Action::ALL.get(dice.random_range(0..Action::ALL.len())).copied().unwrap_or(first)
}

/// Hears that something is asked and does anything.
struct Guessing {
    person: Person,
    dice: StdRng,
}

impl Scene for Guessing {
    fn tick(&mut self) -> Result<FrameTime> {
        self.person.tick()
    }

    fn picture(&mut self) -> Result<RgbImage> {
        self.person.picture()
    }

    fn hear(&mut self, at: FrameTime, said: Instruction) {
        let said = if let Instruction::Do(_) = said { Instruction::Do(any(&mut self.dice)) } else { said };
        self.person.hear(at, said);
    }
}

/// A recording that pauses at rest, and at each cue plays one of its actions by guess.
pub fn guessing(material: &Material, seed: u64) -> Result<Box<dyn Scene>> {
    Ok(Box::new(Guessing { person: material.person(seed)?, dice: dice(seed) }))
}

/// Somebody who knows what is asked plays the clip that shows it, cut hard.
struct Operator {
    clip: Arc<Clip>,
    /// Frames at rest, played to and fro while nothing else is.
    rest: (u32, u32),
    paths: Vec<(Action, Vec<u32>)>,
    playing: Option<(FrameTime, Vec<u32>)>,
    ticks: Ticks,
    dice: StdRng,
}

impl Scene for Operator {
    fn tick(&mut self) -> Result<FrameTime> {
        Ok(self.ticks.advance())
    }

    fn picture(&mut self) -> Result<RgbImage> {
        let at = self.ticks.now();
        let tick = |since: u64| u32::try_from(since / FRAME_MS).unwrap_or(u32::MAX);
        let playing = self.playing.as_ref().filter(|(from, _)| at >= *from);
        let acted = playing.and_then(|(from, path)| path.get(tick(at.since(*from)) as usize).copied());
        let (from, to) = self.rest;
        let (round, place) = (2 * (to - from), tick(at.0) % (2 * (to - from)).max(1));
        let resting = from + place.min(round - place);
        self.clip.frame(acted.unwrap_or(resting))
    }

    fn hear(&mut self, at: FrameTime, said: Instruction) {
        let Instruction::Do(action) = said else { return };
        let fitting: Vec<_> = self.paths.iter().filter(|(kind, _)| *kind == action).collect();
        let picked = fitting.get(self.dice.random_range(0..fitting.len().max(1)));
        // Whoever presses the button needs a moment.
        let from = at.plus(self.dice.random_range(500..1_200));
        self.playing = picked.map(|(_, path)| (from, path.clone()));
    }
}

/// A clip for every instruction, cut in where it is asked for and out where it ends, wherever the rest then is.
pub fn cut_on_cue(material: &Material, seed: u64) -> Result<Box<dyn Scene>> {
    let mut dice = dice(seed);
    let rests: Vec<_> = material.index.rests.iter().filter(|[from, to]| to - from >= 15).collect();
    let [from, to] = *rests.get(dice.random_range(0..rests.len().max(1))).copied().context("a rest")?;
    Ok(Box::new(Operator {
        clip: Arc::clone(&material.cap12),
        rest: (from, to - 1),
        paths: material.index.actions.iter().map(|action| (action.action, action.frames())).collect(),
        playing: None,
        ticks: Ticks::default(),
        dice,
    }))
}

/// Rest from one recording, actions from another of the same man.
struct Splice {
    person: Person,
    rest: Loop,
    /// Where a pixel of a frame of the person lies in the resting film: scale and shift.
    onto: (f32, [f32; 2]),
    acting_until: FrameTime,
    at: FrameTime,
}

impl Scene for Splice {
    fn tick(&mut self) -> Result<FrameTime> {
        self.at = self.person.tick()?;
        Ok(self.at)
    }

    fn picture(&mut self) -> Result<RgbImage> {
        if self.at < self.acting_until {
            return self.person.picture();
        }
        let resting = self.rest.at(self.at)?;
        let (scale, [dx, dy]) = self.onto;
        Ok(painted(SIZE, |x, y| sample(&resting, x * scale + dx, y * scale + dy)))
    }

    fn hear(&mut self, at: FrameTime, said: Instruction) {
        if let Instruction::Do(_) = said {
            self.acting_until = at.plus(3_200);
        }
        self.person.hear(at, said);
    }
}

/// Two recordings of one man joined at each cue; every other one laid over the other as well as a shift and a scale can.
pub fn splice(material: &Material, seed: u64) -> Result<Box<dyn Scene>> {
    let mut dice = dice(seed);
    let number = material.cap13.pick(dice.random())?;
    let rest = Loop::of(&material.cap13, number..number + 12, true)?;
    let [from, _] = *material.index.rests.first().context("a rest")?;
    let (here, there) = (material.cap12.still(from)?, material.cap13.still(number)?);
    let onto = if seed.is_multiple_of(2) {
        let ((a, half), (b, other)) = (face_ellipse(&here.points), face_ellipse(&there.points));
        let scale = other[1] / half[1];
        (scale, [b[0] - a[0] * scale, b[1] - a[1] * scale])
    } else {
        (1.0, [0.0; 2])
    };
    Ok(Box::new(Splice { person: material.person(seed)?, rest, onto, acting_until: FrameTime(0), at: FrameTime(0) }))
}

/// Another person from some moment on.
struct Swap {
    person: Person,
    other: Loop,
    /// Whether the other comes first.
    other_first: bool,
    /// How long something dark covers the change, in ms.
    covered: u64,
    /// Cues until the change.
    cues: u32,
    changed_at: Option<FrameTime>,
    at: FrameTime,
}

impl Scene for Swap {
    fn tick(&mut self) -> Result<FrameTime> {
        self.at = self.person.tick()?;
        Ok(self.at)
    }

    fn picture(&mut self) -> Result<RgbImage> {
        let changed = self.changed_at.filter(|changed| self.at >= *changed);
        if changed.is_some_and(|changed| self.at.since(changed) < self.covered) {
            return Ok(painted(SIZE, |x, y| [70.0 + x * 0.05, 48.0 + y * 0.05, 40.0]));
        }
        if changed.is_some() == self.other_first { self.person.picture() } else { self.other.at(self.at) }
    }

    fn hear(&mut self, at: FrameTime, said: Instruction) {
        if let Instruction::Do(_) = said {
            self.cues = self.cues.saturating_sub(1);
            if self.cues == 0 {
                self.changed_at.get_or_insert(at);
            }
        }
        self.person.hear(at, said);
    }
}

/// The other man is there until the first cue (it is his pension), then the man who does what is asked. Every third change
/// is covered for 0.7 s, as by a hand.
pub fn helper_acts(material: &Material, seed: u64) -> Result<Box<dyn Scene>> {
    swap(material, seed, true, 1)
}

/// The man does what he is told, and at the second cue another sits there.
pub fn swapped(material: &Material, seed: u64) -> Result<Box<dyn Scene>> {
    swap(material, seed, false, 2)
}

fn swap(material: &Material, seed: u64, other_first: bool, cues: u32) -> Result<Box<dyn Scene>> {
    let from = dice(seed).random_range(0..300);
    let other = Loop::of(&material.franck, from..from + 200, true)?;
    let covered = if seed.is_multiple_of(3) { 700 } else { 0 };
    Ok(Box::new(Swap {
        person: material.person(seed)?,
        other,
        other_first,
        covered,
        cues,
        changed_at: None,
        at: FrameTime(0),
    }))
}

/// Two people before one camera.
struct Together {
    person: Person,
    other: Loop,
    right: bool,
    at: FrameTime,
}

impl Scene for Together {
    fn tick(&mut self) -> Result<FrameTime> {
        self.at = self.person.tick()?;
        Ok(self.at)
    }

    fn picture(&mut self) -> Result<RgbImage> {
        let (image, beside) = (self.person.picture()?, self.other.at(self.at)?);
        let aside = if self.right { 60.0 } else { -60.0 };
        let (w, h) = (SIZE.0 as f32, SIZE.1 as f32);
        Ok(painted(SIZE, |x, y| {
            let main = sample(&image, x + aside, y);
            // The other man's half of the frame, at 0.62 of his size, along the side that has become free.
            let across = if self.right { x - w + 70.0 } else { x - 70.0 };
            let theirs = sample(&beside, w / 2.0 + across / 0.62, h / 2.0 + (y - h * 0.52) / 0.62);
            let part = 1.0 - ramp(across.abs(), 60.0, 68.0);
            mix(main, theirs, part)
        }))
    }

    fn hear(&mut self, at: FrameTime, said: Instruction) {
        self.person.hear(at, said);
    }
}

/// The man does what he is told while another sits beside him.
pub fn together(material: &Material, seed: u64) -> Result<Box<dyn Scene>> {
    let from = dice(seed).random_range(0..300);
    let other = Loop::of(&material.franck, from..from + 200, true)?;
    Ok(Box::new(Together { person: material.person(seed)?, other, right: seed.is_multiple_of(2), at: FrameTime(0) }))
}
