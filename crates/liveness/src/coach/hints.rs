//! Which hint helps most now, and for how long it stays.

use std::collections::VecDeque;

use jianzai_wire::{FrameTime, ReasonCode};

use crate::limits;
use crate::signals::Reading;
use crate::{FaceSeen, Observation};

/// What of a frame stands in the way, the most helpful first. `moving` leaves out what an action brings with it; `shown`
/// is the hint on the screen, which goes only when its value is clearly better.
pub(super) fn assess(
    seen: &Observation,
    reading: Option<&Reading>,
    moving: bool,
    shown: Option<ReasonCode>,
) -> Option<ReasonCode> {
    let (Some(face), Some(reading)) = (&seen.face, reading) else {
        // In the dark nobody is found; then it helps more to say so.
        let dark = seen.frame_brightness < limits::TOO_DARK / 2.0;
        return Some(if dark { ReasonCode::FaceTooDark } else { ReasonCode::FaceNone });
    };
    let checks = [
        (ReasonCode::FaceSeveral, false, if seen.faces > 1 { 2.0 } else { 0.0 }),
        (ReasonCode::FaceBackLit, false, excess(face.back_light, limits::BACK_LIT)),
        (ReasonCode::FaceTooDark, false, shortage(face.brightness, limits::TOO_DARK)),
        (ReasonCode::FaceTooBright, false, excess(face.brightness, limits::TOO_BRIGHT)),
        (ReasonCode::FaceTooFar, false, too_far(seen, face)),
        (ReasonCode::FaceTooNear, false, excess(face.placement.size, limits::TOO_NEAR)),
        (ReasonCode::FaceOffCentre, true, off_centre(face)),
        (ReasonCode::FaceTurned, true, turned(reading)),
        (ReasonCode::FaceBlurred, true, shortage(face.sharpness, limits::BLURRED)),
    ];
    checks
        .into_iter()
        .find(|(code, of_rest, measure)| {
            let limit = if shown == Some(*code) { 1.0 - limits::HINT_EASE } else { 1.0 };
            !(*of_rest && moving) && *measure > limit
        })
        .map(|(code, ..)| code)
}

/// Whether more light would help somebody whom nothing stands in the way of. While they move the light on their face
/// changes with it; then what is shown stays as it is.
pub(super) fn is_dim(seen: &Observation, moving: bool, shown: Option<ReasonCode>) -> bool {
    let showing = shown == Some(ReasonCode::FaceDim);
    let ease = if showing { 1.0 - limits::HINT_EASE } else { 1.0 };
    let dark = |face: &FaceSeen| shortage(face.brightness, limits::DIM) > ease;
    seen.face.as_ref().is_some_and(|face| if moving { showing } else { dark(face) })
}

/// 1 at the limit, more above it. What is no number is over no limit.
fn excess(value: f32, limit: f32) -> f32 {
    value / limit
}

/// 1 at the limit, more below it.
fn shortage(value: f32, limit: f32) -> f32 {
    limit / value.max(1e-6)
}

fn too_far(seen: &Observation, face: &FaceSeen) -> f32 {
    let pixels = face.placement.size * crate::Placement::OVAL_HEIGHT * seen.size.1 as f32;
    shortage(face.placement.size, limits::TOO_FAR).max(shortage(pixels, limits::TOO_FEW_PIXELS))
}

fn off_centre(face: &FaceSeen) -> f32 {
    excess(face.placement.dx.abs().max(face.placement.dy.abs()), limits::OFF_CENTRE)
}

fn turned(reading: &Reading) -> f32 {
    excess(reading.yaw.abs(), limits::TURNED_YAW).max(excess(reading.pitch.abs(), limits::TURNED_PITCH))
}

/// The one hint on the screen: late to come, slow to go.
#[derive(Debug, Clone, Default)]
pub(super) struct HintBoard {
    shown: Option<ReasonCode>,
    shown_at: FrameTime,
    wanted: Option<ReasonCode>,
    wanted_since: FrameTime,
}

impl HintBoard {
    /// What is on the screen.
    pub(super) fn shown(&self) -> Option<ReasonCode> {
        self.shown
    }

    /// Takes in what this frame calls for; gives the new hint when the screen is to change.
    pub(super) fn update(&mut self, at: FrameTime, wanted: Option<ReasonCode>) -> Option<Option<ReasonCode>> {
        if wanted != self.wanted {
            self.wanted = wanted;
            self.wanted_since = at;
        }
        let held = at.since(self.wanted_since) >= limits::HINT_AFTER_MS;
        // What is only a wish gives way at once to what helps.
        let wish = self.shown == Some(ReasonCode::FaceDim) && self.wanted.is_some();
        let read = self.shown.is_none() || wish || at.since(self.shown_at) >= limits::HINT_STAYS_MS;
        if self.wanted == self.shown || !held || !read {
            return None;
        }
        self.show(at, self.wanted)
    }

    /// Shows a hint at once.
    pub(super) fn show(&mut self, at: FrameTime, hint: Option<ReasonCode>) -> Option<Option<ReasonCode>> {
        if self.shown == hint {
            return None;
        }
        (self.shown, self.shown_at) = (hint, at);
        Some(hint)
    }
}

/// Frames a second over the last two seconds.
#[derive(Debug, Clone, Default)]
pub(super) struct Pace {
    times: VecDeque<FrameTime>,
}

impl Pace {
    /// Takes in a frame; whether frames come too slowly.
    pub(super) fn is_slow(&mut self, at: FrameTime) -> bool {
        self.times.push_back(at);
        while self.times.front().is_some_and(|t| at.since(*t) > 2_000) {
            self.times.pop_front();
        }
        let span = self.times.front().map_or(0, |t| at.since(*t));
        let frames = self.times.len().saturating_sub(1);
        span > 1_500 && (frames as f32) * 1_000.0 / (span as f32) < limits::SLOW_FPS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hint_that_comes_and_goes_with_every_frame_is_never_shown() {
        let mut board = HintBoard::default();
        for frame in 0..100 {
            let wanted = (frame % 2 == 0).then_some(ReasonCode::FaceTooFar);
            assert_eq!(board.update(FrameTime(frame * 66), wanted), None);
        }
    }

    #[test]
    fn a_hint_comes_late_and_stays_long_enough_to_read() {
        let mut board = HintBoard::default();
        let mut changes = Vec::new();
        for frame in 0..60_u64 {
            let at = FrameTime(frame * 100);
            let wanted = (frame < 8).then_some(ReasonCode::FaceTooFar);
            changes.extend(board.update(at, wanted).map(|hint| (at.0, hint)));
        }
        assert_eq!(changes, [(400, Some(ReasonCode::FaceTooFar)), (1_900, None)]);
    }

    #[test]
    fn a_wish_for_light_gives_way_at_once_and_other_hints_stay_to_be_read() {
        for (first, changes_at) in [(ReasonCode::FaceDim, 900), (ReasonCode::FaceTooFar, 1_900)] {
            let mut board = HintBoard::default();
            let mut changes = Vec::new();
            for frame in 0..40_u64 {
                let at = FrameTime(frame * 100);
                let wanted = if frame < 5 { first } else { ReasonCode::FaceOffCentre };
                changes.extend(board.update(at, Some(wanted)).map(|hint| (at.0, hint)));
            }
            assert_eq!(changes, [(400, Some(first)), (changes_at, Some(ReasonCode::FaceOffCentre))]);
        }
    }

    #[test]
    fn seven_frames_a_second_are_slow_and_fifteen_are_not() {
        for (gap, slow) in [(66, false), (143, true)] {
            let mut pace = Pace::default();
            let last = (0..60).map(|frame| pace.is_slow(FrameTime(frame * gap))).last();
            assert_eq!(last, Some(slow), "{gap} ms");
        }
    }
}
