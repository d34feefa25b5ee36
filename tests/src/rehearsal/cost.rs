//! What judging costs, in processor time of the judging thread: how long it took by the wall says more about the machine.

use std::time::Duration;

use jianzai_face::StageTimes;

/// Processor time of the judgement of one attempt.
#[derive(Debug, Clone, Copy, Default)]
pub struct Cost {
    /// Opening, checking, and the first decoding, that holds pictures against frames.
    pub opening: Duration,
    /// The second decoding.
    pub decoding: Duration,
    /// Seeing every frame.
    pub seeing: Duration,
    /// How `seeing` divides over the parts of the engine (by the wall, which a busy machine stretches alike).
    pub parts: StageTimes,
    /// Frames seen.
    pub frames: u32,
    /// Frames at which the detector and the passive network looked.
    pub detector_frames: u32,
    /// Frames at which the passive network looked.
    pub passive_frames: u32,
    /// The passive network on the crops.
    pub crops: Duration,
    /// The judge.
    pub deciding: Duration,
}

impl Cost {
    /// Adds a frame.
    pub(super) fn saw(&mut self, spent: Duration, parts: StageTimes) {
        self.seeing += spent;
        self.frames += 1;
        self.detector_frames += u32::from(!parts.detector.is_zero());
        self.passive_frames += u32::from(!parts.passive.is_zero());
        let all = &mut self.parts;
        all.detector += parts.detector;
        all.warp += parts.warp;
        all.mesh += parts.mesh;
        all.blendshapes += parts.blendshapes;
        all.measures += parts.measures;
        all.passive += parts.passive;
    }

    /// All of it.
    pub fn whole(&self) -> Duration {
        self.opening + self.decoding + self.seeing + self.crops + self.deciding
    }
}

/// Processor time of this thread, as Linux counts it.
#[derive(Debug)]
pub struct CpuClock(Duration);

impl CpuClock {
    /// Starts now.
    pub fn start() -> Self {
        Self(spent())
    }

    /// Processor time since the start or the last lap.
    pub fn lap(&mut self) -> Duration {
        let now = spent();
        now.saturating_sub(std::mem::replace(&mut self.0, now))
    }
}

/// Nothing where it cannot be read: then nothing is counted, and the benchmark says so.
fn spent() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanoseconds = text.split_whitespace().next().and_then(|word| word.parse().ok());
    Duration::from_nanos(nanoseconds.unwrap_or(0))
}
