//! Does the face move as living faces do? A still moves at most as a whole.

use jianzai_wire::{Action, FrameTime};

use crate::limits;
use crate::signals::{Baseline, Reading, percentile};

/// From the beginning of one stretch to that of the next, in ms.
const MOVES_HALF: usize = limits::MOVES_WITHIN_MS as usize / 2;

/// Gathers the movement of one recording.
#[derive(Debug, Clone, Default)]
pub struct Motion {
    readings: Vec<Reading>,
    frozen_since: Option<FrameTime>,
    longest_frozen: u64,
}

impl Motion {
    /// Takes in the next reading.
    pub fn push(&mut self, reading: &Reading) {
        let same = self.readings.last().is_some_and(|before| is_same(before, reading));
        if same {
            let since = self.frozen_since.unwrap_or(reading.at);
            self.longest_frozen = self.longest_frozen.max(reading.at.since(since));
        } else {
            self.frozen_since = Some(reading.at);
        }
        self.readings.push(*reading);
    }

    /// Longest time for which nothing at all changed, in ms.
    pub fn longest_frozen_ms(&self) -> u64 {
        self.longest_frozen
    }

    /// How far turning, nodding and the mouth went (from the 5th to the 95th percentile, in full actions; the greatest of
    /// the three, over the whole or over any [`limits::MOVES_WITHIN_MS`] of it, so that a movement of a second counts however
    /// long the person rests), and how far the eyelids went (0 to 1).
    pub fn extent(&self) -> (f32, f32) {
        let Some(baseline) = Baseline::learn(&self.readings) else { return (0.0, 0.0) };
        let between = |more: Action, less: Option<Action>| {
            let value = |r: &Reading| baseline.strength(r, more) - less.map_or(0.0, |less| baseline.strength(r, less));
            self.stretches().map(|readings| spread(readings.iter().map(value))).fold(0.0, f32::max)
        };
        let pose =
            between(Action::TurnLeft, Some(Action::TurnRight)).max(between(Action::LookUp, Some(Action::LookDown)));
        let lids = self.readings.iter().map(|r| r.blink);
        let blink = lids.clone().fold(0.0, f32::max) - lids.fold(1.0, f32::min);
        (pose.max(between(Action::OpenMouth, None)), blink.max(0.0))
    }

    /// The whole, and its parts of [`limits::MOVES_WITHIN_MS`] that half overlap; a shorter one at the end would leave out no slip.
    fn stretches(&self) -> impl Iterator<Item = &[Reading]> {
        let all = self.readings.as_slice();
        let (first, last) = (all.first().map_or(0, |r| r.at.0), all.last().map_or(0, |r| r.at.0));
        let begins = (first..=last.saturating_sub(limits::MOVES_WITHIN_MS)).step_by(MOVES_HALF);
        let part = move |from: u64| {
            let before = |time: u64| all.partition_point(|reading| reading.at.0 < time);
            all.get(before(from)..before(from.saturating_add(limits::MOVES_WITHIN_MS))).unwrap_or_default()
        };
        std::iter::once(all).chain(begins.map(part))
    }

    /// Whether this is a still: neither movement nor blink.
    pub fn is_still(&self) -> bool {
        let (moved, blinked) = self.extent();
        moved < limits::STILL && blinked < limits::BLINK
    }
}

/// From the 5th to the 95th percentile.
fn spread(values: impl Iterator<Item = f32> + Clone) -> f32 {
    percentile(values.clone(), 0.95).unwrap_or(0.0) - percentile(values, 0.05).unwrap_or(0.0)
}

fn is_same(before: &Reading, after: &Reading) -> bool {
    after.shape_change(before) < limits::FROZEN
        && (after.centre[0] - before.centre[0]).hypot(after.centre[1] - before.centre[1]) < limits::FROZEN * after.scale
        && after.jaw == before.jaw
        && after.blink == before.blink
}
