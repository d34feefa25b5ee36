//! Which frames of a video are looked at.
//!
//! **In**: a video's frames, decoded one after another. **Out**: what was seen in those that say something new ([`Seen`]):
//!
//! - wherever the face or what is around it has changed since the frame last looked at, and then, unless the change has come
//!   little by little, also the frame before, so that what happens is seen from its beginning, and a face that jumps is
//!   held against the one just before the jump;
//! - while it goes on changing, every second frame; every fourth where a movement was asked for, because there it only has to
//!   be found, and if it is not, every frame is looked at;
//! - never fewer than one in [`UNSEEN_MS`], whatever a glance says, and in the beginning, which shows the person at rest, as
//!   many as it takes to know that rest;
//! - every frame while no face is seen; every frame of which the bundle has a picture; the first and the last.
//!
//! **What can go wrong**: a network fails, or the service is stopping: the rest is passed by, and [`Watcher::finish`]
//! says why. A face that moves in colour and not in brightness is glanced over; to make such a film takes an injection, for
//! which there are shorter ways (docs/THREATS.md).

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use image::RgbImage;
use jianzai_evidence::{EvidenceError, Opened, Unwatched, VideoFrame};
use jianzai_face::{FaceEngine, FaceError};
use jianzai_liveness::{Observation, StepReveal, limits};
use jianzai_wire::{FrameTime, StepOutcome};

use crate::ExamineError;
use crate::cost::Cost;
use crate::glance::{Glance, Luma};

/// Nothing is left unseen for longer than this, in ms, if the video has frames. Less than the largest gap between frames.
const UNSEEN_MS: u64 = 490;
/// A change of this much is a movement. Of nine attempts of the footage none was doubted up to 0.4, seven from 0.6 on: a
/// mouth that opens changes little else.
const MOVED: f32 = 0.3;
/// A change that grew by less than this from one frame to the next was nearly as large in the frame before, of which a look
/// would say nothing new.
const CREPT: f32 = 0.15;
/// While something moves, one of so many frames is looked at...
const EVERY: u32 = 2;
/// ...and of so many while the phone says that the asked action is done.
const ASKED_EVERY: u32 = 4;

/// What was seen, and in which frames.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) frames: Vec<u32>,
    pub(crate) observations: Vec<Observation>,
}

impl Seen {
    /// What was seen in a frame; none if it was not looked at.
    pub(crate) fn in_frame(&self, frame: u32) -> Option<&Observation> {
        self.frames.binary_search(&frame).ok().and_then(|place| self.observations.get(place))
    }

    fn push(&mut self, frame: u32, seen: Observation) {
        self.frames.push(frame);
        self.observations.push(seen);
    }
}

/// A frame that was not looked at.
struct Passed {
    index: u32,
    change: f32,
    pixels: RgbImage,
}

/// Watches one video.
pub(crate) struct Watcher<'a> {
    engine: &'a mut FaceEngine,
    interrupted: &'a dyn Fn() -> bool,
    times: Vec<FrameTime>,
    wanted: BTreeSet<u32>,
    /// From each cue to the end of what it asked for, as the phone reported them.
    windows: Vec<RangeInclusive<FrameTime>>,
    glance: Option<Glance>,
    /// Whether something moved when a frame was last looked at.
    moving: bool,
    /// The frame before, if it was not looked at, and how much had changed in it.
    before: Option<Passed>,
    seen: Seen,
    cost: Cost,
    failed: Option<ExamineError>,
}

impl<'a> Watcher<'a> {
    pub(crate) fn new(
        engine: &'a mut FaceEngine,
        unwatched: &Unwatched,
        steps: &[StepReveal],
        interrupted: &'a dyn Fn() -> bool,
    ) -> Self {
        engine.reset();
        let done = steps.iter().filter_map(|step| step.ended).filter(|report| report.outcome == StepOutcome::Done);
        let windows = done.map(|report| report.cue_at..=report.ended_at).collect();
        let record = unwatched.record();
        let times: Vec<FrameTime> = record.frames.iter().map(|frame| frame.at).collect();
        let pictures = record.crops.iter().chain(&record.best_photo).map(|picture| picture.frame);
        let wanted =
            pictures.chain(unwatched.passed_over()).chain([0, (times.len() as u32).saturating_sub(1)]).collect();
        let cost = Cost { frames: times.len() as u32, ..Cost::default() };
        Self {
            engine,
            interrupted,
            times,
            wanted,
            windows,
            glance: None,
            moving: false,
            before: None,
            seen: Seen::default(),
            cost,
            failed: None,
        }
    }

    /// When each frame was recorded.
    pub(crate) fn times(&self) -> &[FrameTime] {
        &self.times
    }

    /// Takes in the next frame.
    pub(crate) fn frame(&mut self, frame: &VideoFrame<'_>) {
        if self.failed.is_some() {
            return;
        }
        let change = self.glance.as_ref().map_or(f32::INFINITY, |glance| glance.change(luma(frame)));
        let moved = change > MOVED;
        let every = if self.windows.iter().any(|window| window.contains(&frame.at)) { ASKED_EVERY } else { EVERY };
        let last = self.seen.frames.last().copied();
        let just_looked = last.is_some_and(|last| frame.index - last < every);
        if !(self.is_due(frame) || self.glance.is_none() || moved && !(self.moving && just_looked)) {
            self.moving &= moved || just_looked;
            self.before = Some(Passed { index: frame.index, change, pixels: frame.rgb() });
            return;
        }
        let begins = |before: &Passed| moved && !self.moving && change - before.change > CREPT;
        if let Some(before) = self.before.take().filter(begins) {
            self.look(before.index, &before.pixels);
        }
        self.moving = moved || self.moving && just_looked;
        self.look(frame.index, &frame.rgb());
        let face = self.seen.observations.last().and_then(|seen| seen.face.as_ref());
        self.glance = face.map(|face| Glance::of(luma(frame), face));
    }

    /// What was seen.
    pub(crate) fn finish(self, cost: &mut Cost) -> Result<Seen, ExamineError> {
        *cost = self.cost;
        match self.failed {
            Some(error) => Err(error),
            None => Ok(self.seen),
        }
    }

    /// Whether this frame is looked at whether or not anything has moved.
    fn is_due(&self, frame: &VideoFrame<'_>) -> bool {
        let seen_at = self.seen.observations.last().map_or(FrameTime(0), |seen| seen.at);
        let next = self.times.get(frame.index as usize + 1).copied().unwrap_or(frame.at);
        let begun_at = self.times.first().copied().unwrap_or_default();
        let beginning =
            frame.at.since(begun_at) <= limits::BASELINE_MS || self.seen.frames.len() < limits::BASELINE_FRAMES;
        let unseen = if beginning { limits::BASELINE_MS / limits::BASELINE_FRAMES as u64 } else { UNSEEN_MS };
        self.wanted.contains(&frame.index) || next.since(seen_at) > unseen
    }

    fn look(&mut self, index: u32, pixels: &RgbImage) {
        let Some(at) = self.times.get(index as usize).copied() else { return };
        match look(self.engine, pixels, at, self.interrupted, &mut self.cost) {
            Ok(seen) => self.seen.push(index, seen),
            Err(error) => self.failed = Some(error),
        }
    }
}

fn luma<'a>(frame: &'a VideoFrame<'_>) -> Luma<'a> {
    let (values, stride) = frame.luma();
    Luma { values, stride, size: frame.size() }
}

/// Looks at every frame.
pub(crate) fn look_at_all(
    engine: &mut FaceEngine,
    opened: &Opened,
    interrupted: &dyn Fn() -> bool,
    cost: &mut Cost,
) -> Result<Seen, ExamineError> {
    engine.reset();
    cost.all = true;
    let mut seen = Seen::default();
    for (index, frame) in opened.frames().enumerate() {
        let (pixels, at) = frame?;
        seen.push(index as u32, look(engine, &pixels, at, interrupted, cost)?);
    }
    Ok(seen)
}

fn look(
    engine: &mut FaceEngine,
    pixels: &RgbImage,
    at: FrameTime,
    interrupted: &dyn Fn() -> bool,
    cost: &mut Cost,
) -> Result<Observation, ExamineError> {
    if interrupted() {
        return Err(ExamineError::Interrupted);
    }
    let seen = engine.observe(pixels, at).map_err(|error| match error {
        // The phone can't have judged such frames either.
        FaceError::Frame { .. } => ExamineError::Evidence(EvidenceError::Undecodable("the video")),
        other => ExamineError::Face(other),
    })?;
    cost.looked(engine.times());
    Ok(seen)
}
