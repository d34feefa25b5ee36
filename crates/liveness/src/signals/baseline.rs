use jianzai_wire::Action;
use serde::{Deserialize, Serialize};

use super::Reading;
use crate::limits;

/// A person at rest: the typical values of what the actions are measured by.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Baseline {
    /// Degrees, as in [`crate::Pose`].
    pub yaw: f32,
    /// Degrees, as in [`crate::Pose`].
    pub pitch: f32,
    /// How far the nose stands out sideways, see [`Reading::nose_x`].
    pub nose_x: f32,
    /// How far the nose stands out downwards, see [`Reading::nose_y`].
    pub nose_y: f32,
    /// The expression `jawOpen`, 0 to 1.
    pub jaw: f32,
    /// Gap between the lips over the height of the face.
    pub lips: f32,
    /// The face's proportion, see [`Reading::proportion`].
    pub proportion: f32,
}

impl Baseline {
    /// Learns from the beginning of a recording, as coach and judge both do: from its first [`limits::BASELINE_MS`] and at
    /// least [`limits::BASELINE_FRAMES`] readings. None if it is shorter.
    pub fn of_beginning<'a>(readings: impl IntoIterator<Item = &'a Reading>) -> Option<Self> {
        let mut beginning: Vec<Reading> = Vec::new();
        for reading in readings {
            beginning.push(*reading);
            let first = beginning.first().map_or(reading.at, |first| first.at);
            if reading.at.since(first) >= limits::BASELINE_MS && beginning.len() >= limits::BASELINE_FRAMES {
                return Self::learn(&beginning);
            }
        }
        None
    }

    /// The median of what was read at rest; none if that is too little.
    pub fn learn(readings: &[Reading]) -> Option<Self> {
        if readings.len() < limits::BASELINE_FRAMES {
            return None;
        }
        let typical = |value: fn(&Reading) -> f32| median(readings.iter().map(value)).unwrap_or_default();
        Some(Self {
            yaw: typical(|r| r.yaw),
            pitch: typical(|r| r.pitch),
            nose_x: typical(|r| r.nose_x),
            nose_y: typical(|r| r.nose_y),
            jaw: typical(|r| r.jaw),
            lips: typical(|r| r.lips),
            proportion: typical(|r| r.proportion),
        })
    }

    /// Whether every action is weaker than `limit` in every reading: [`limits::REST`] is rest.
    pub(crate) fn is_rest(&self, readings: &[Reading], limit: f32) -> bool {
        readings.iter().all(|reading| self.strengths(reading).iter().all(|strength| *strength < limit))
    }

    /// How strong each action is in this reading, in the order of [`Action::ALL`]: 0 at rest, 1 full.
    pub fn strengths(&self, reading: &Reading) -> [f32; Action::ALL.len()] {
        Action::ALL.map(|action| self.strength(reading, action))
    }

    /// How strong one action is: the weaker of its two cues.
    pub fn strength(&self, reading: &Reading, action: Action) -> f32 {
        let full = limits::full(action);
        let (first, second) = match action {
            Action::OpenMouth => (reading.jaw - self.jaw, reading.lips - self.lips),
            Action::TurnLeft | Action::TurnRight => (reading.yaw - self.yaw, reading.nose_x - self.nose_x),
            Action::LookUp | Action::LookDown => (reading.pitch - self.pitch, reading.nose_y - self.nose_y),
        };
        (first / full.first).min(second / full.second).max(0.0)
    }

    /// What is left of the face's proportion, over that at rest, once this turn and nod of a head are taken out: about 1 for
    /// a head, while a tilted picture gets narrower or wider without standing out. None where the nose stands out so far
    /// that there is no need to ask.
    pub fn flatness(&self, reading: &Reading) -> Option<f32> {
        let (aside, down) = (reading.nose_x - self.nose_x, reading.nose_y - self.nose_y);
        if aside.abs() > limits::FLAT_NOSE || down.abs() > limits::FLAT_NOSE || self.proportion <= 0.0 {
            return None;
        }
        let turned = (1.0 - (aside / limits::NOSE_LEVER).powi(2)).sqrt();
        let nodded = 1.0 - limits::NOD_STRETCH * down;
        Some(reading.proportion / self.proportion / turned / nodded).filter(|left| left.is_finite())
    }

    /// Moves towards `reading` by `part` (0 to 1), but no further from `first` than [`limits::ADAPT_AT_MOST`].
    pub(crate) fn follow(&mut self, reading: &Reading, part: f32, first: &Self) {
        let turn = limits::full(Action::TurnLeft);
        let nod = limits::full(Action::LookDown);
        let mouth = limits::full(Action::OpenMouth);
        let toward = |from: f32, to: f32, origin: f32, full: f32| {
            let reach = limits::ADAPT_AT_MOST * full.abs();
            (from + (to - from) * part).clamp(origin - reach, origin + reach)
        };
        self.yaw = toward(self.yaw, reading.yaw, first.yaw, turn.first);
        self.nose_x = toward(self.nose_x, reading.nose_x, first.nose_x, turn.second);
        self.pitch = toward(self.pitch, reading.pitch, first.pitch, nod.first);
        self.nose_y = toward(self.nose_y, reading.nose_y, first.nose_y, nod.second);
        // A smile held for seconds is not a new rest of the mouth: it follows only towards closed.
        self.jaw = toward(self.jaw, reading.jaw.min(self.jaw), first.jaw, mouth.first);
        self.lips = toward(self.lips, reading.lips.min(self.lips), first.lips, mouth.second);
    }
}

/// The median of finite values; none of none.
pub(crate) fn median(values: impl Iterator<Item = f32>) -> Option<f32> {
    percentile(values, 0.5)
}

/// The value below which `part` (0 to 1) of the finite values lie; none of none.
pub(crate) fn percentile(values: impl Iterator<Item = f32>, part: f32) -> Option<f32> {
    let mut sorted: Vec<f32> = values.filter(|v| v.is_finite()).collect();
    sorted.sort_by(f32::total_cmp);
    let last = sorted.len().checked_sub(1)?;
    sorted.get((last as f32 * part).round() as usize).copied()
}
