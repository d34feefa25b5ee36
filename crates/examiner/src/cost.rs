//! What an examination cost, by the wall: the benchmark holds it against the processor's time.

use std::time::Duration;

use jianzai_face::StageTimes;

/// Where the time of one examination went.
#[derive(Debug, Clone, Copy, Default)]
pub struct Cost {
    /// Decoding the video, holding pictures against it, and looking for what moves.
    pub watching: Duration,
    /// The engine's parts, over all frames that were looked at.
    pub parts: StageTimes,
    /// Frames of the video.
    pub frames: u32,
    /// Frames that were looked at, those of a second look included.
    pub looked_at: u32,
    /// Frames at which the detector looked.
    pub detector_frames: u32,
    /// Whether every frame had to be looked at.
    pub all: bool,
    /// The passive network on the crops.
    pub crops: Duration,
    /// The judge's layers.
    pub deciding: Duration,
    /// The match with the register's face.
    pub matching: Duration,
    /// Pictures that were compared.
    pub pictures: usize,
}

impl Cost {
    /// Adds a frame that was looked at.
    pub(crate) fn looked(&mut self, parts: StageTimes) {
        self.looked_at += 1;
        self.detector_frames += u32::from(!parts.detector.is_zero());
        let all = &mut self.parts;
        all.detector += parts.detector;
        all.warp += parts.warp;
        all.mesh += parts.mesh;
        all.blendshapes += parts.blendshapes;
        all.measures += parts.measures;
        all.passive += parts.passive;
    }

    /// All parts of the engine.
    pub fn looking(&self) -> Duration {
        let parts = &self.parts;
        parts.detector + parts.warp + parts.mesh + parts.blendshapes + parts.measures + parts.passive
    }

    /// All of it.
    pub fn whole(&self) -> Duration {
        self.watching + self.looking() + self.crops + self.deciding + self.matching
    }
}
