//! Is it one face throughout? From frame to frame it may move, grow and turn only as fast as a head can.

use jianzai_wire::FrameTime;

use crate::limits;
use crate::signals::Reading;

/// How a recording stopped being one face throughout.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Break {
    /// No frame for this long, in ms.
    Gap(u64),
    /// No face for this long, in ms.
    Lost(u64),
    /// Another place, size or shape from one frame to the next.
    Jump(Jump),
}

/// How far a face jumped: 1 is the limit of each.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Jump {
    /// In place.
    pub place: f32,
    /// In size.
    pub scale: f32,
    /// In shape.
    pub shape: f32,
}

impl Jump {
    /// The jump between two readings, `elapsed` apart; the longer, the further a head may have got.
    fn between(earlier: &Reading, later: &Reading) -> Self {
        // Frames are usually 40 to 125 ms apart; the limits hold up to that. After a longer absence some limit remains.
        let slack = (later.at.since(earlier.at) as f32 / 125.0).clamp(1.0, 4.0);
        let moved = (later.centre[0] - earlier.centre[0]).hypot(later.centre[1] - earlier.centre[1]);
        let size = later.scale.max(earlier.scale).max(1.0);
        let factor = size / later.scale.min(earlier.scale).max(1.0);
        Self {
            place: moved / size / (limits::JUMP_MOVE * slack),
            scale: factor.ln() / (limits::JUMP_SCALE.ln() * slack),
            shape: later.shape_change(earlier) / (limits::JUMP_SHAPE * slack),
        }
    }

    /// The worst of the three.
    pub fn worst(&self) -> f32 {
        self.place.max(self.scale).max(self.shape)
    }
}

/// Watches a recording frame by frame.
#[derive(Debug, Clone)]
pub struct Continuity {
    lost_after: u64,
    frame: Option<FrameTime>,
    face: Option<Reading>,
    face_or_start: Option<FrameTime>,
}

impl Continuity {
    /// Watches for a face that stays away longer than `lost_after` ms.
    pub fn new(lost_after: u64) -> Self {
        Self { lost_after, frame: None, face: None, face_or_start: None }
    }

    /// Takes in the next frame, with its reading if it shows a face.
    pub fn push(&mut self, at: FrameTime, reading: Option<&Reading>) -> Option<Break> {
        let gap = self.frame.map_or(0, |before| at.since(before));
        self.frame = Some(at);
        let seen_last = *self.face_or_start.get_or_insert(at);
        if gap > limits::GAP_MS {
            self.seen(at, reading);
            return Some(Break::Gap(gap));
        }
        let Some(reading) = reading else {
            let away = at.since(seen_last);
            return (away > self.lost_after).then_some(Break::Lost(away));
        };
        let jump = self.face.map(|before| Jump::between(&before, reading)).filter(|jump| jump.worst() > 1.0);
        self.seen(at, Some(reading));
        jump.map(Break::Jump)
    }

    fn seen(&mut self, at: FrameTime, reading: Option<&Reading>) {
        if let Some(reading) = reading {
            self.face = Some(*reading);
            self.face_or_start = Some(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(at: u64, x: f32, scale: f32, nose: f32) -> Reading {
        let mut shape = [[0.0; 3]; 10];
        shape[0] = [nose, 0.5, 0.0];
        Reading {
            at: FrameTime(at),
            yaw: 0.0,
            pitch: 0.0,
            nose_x: nose,
            nose_y: 0.0,
            jaw: 0.0,
            lips: 0.0,
            blink: 0.0,
            proportion: 0.9,
            centre: [x, 200.0],
            scale,
            shape,
        }
    }

    /// What follows a face at 300, of size 150, 66 ms later.
    fn after(next: Option<Reading>, at: u64) -> Option<Break> {
        let mut watch = Continuity::new(1_000);
        assert_eq!(watch.push(FrameTime(0), Some(&reading(0, 300.0, 150.0, 0.0))), None);
        watch.push(FrameTime(at), next.as_ref())
    }

    #[test]
    fn a_head_may_move_as_heads_do() {
        for (x, scale, nose) in [(300.0, 150.0, 0.0), (340.0, 150.0, 0.0), (300.0, 170.0, 0.0), (300.0, 150.0, 0.3)] {
            assert_eq!(after(Some(reading(66, x, scale, nose)), 66), None);
        }
    }

    #[test]
    fn it_may_not_jump_in_place_size_or_shape() {
        for (x, scale, nose) in [(400.0, 150.0, 0.0), (300.0, 220.0, 0.0), (300.0, 150.0, 0.6)] {
            assert!(
                matches!(after(Some(reading(66, x, scale, nose)), 66), Some(Break::Jump(jump)) if jump.worst() > 1.0)
            );
        }
    }

    #[test]
    fn gaps_and_absences_are_named_with_their_length() {
        assert_eq!(after(Some(reading(500, 300.0, 150.0, 0.0)), 500), None);
        assert_eq!(after(Some(reading(501, 300.0, 150.0, 0.0)), 501), Some(Break::Gap(501)));
        let mut watch = Continuity::new(1_000);
        watch.push(FrameTime(0), Some(&reading(0, 300.0, 150.0, 0.0)));
        let broken: Vec<_> = (1..=6).map(|i| watch.push(FrameTime(i * 200), None)).collect();
        assert_eq!(broken, [None, None, None, None, None, Some(Break::Lost(1_200))]);
    }
}
