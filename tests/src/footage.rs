//! Clips as the face networks see them.

use std::path::Path;

use anyhow::{Context as _, Result};
use image::RgbImage;
use jianzai_camera::Pace;
use jianzai_camera::actor::visit_frames;
use jianzai_face::{EngineOptions, FaceEngine, Models};
use jianzai_liveness::Observation;
use jianzai_wire::FrameTime;

use crate::places;

/// How a clip is looked at.
#[derive(Debug, Clone, Copy)]
pub struct Look {
    /// Milliseconds from one frame to the next.
    pub frame_ms: u32,
    /// Frames to look at in a second; the clip's rate or more for all of them.
    pub per_second: u32,
    /// The passive network looks at every n-th of them; 0 for none.
    pub passive_every: u32,
}

/// Looks at a clip frame by frame, in order. `visit` gets each frame looked at, its number in the clip, and what was seen.
pub fn look(clip: &Path, how: Look, mut visit: impl FnMut(u32, &RgbImage, Observation)) -> Result<()> {
    let models = Models::open(&places::models())?;
    let options = EngineOptions { passive_every: how.passive_every, ..EngineOptions::default() };
    let mut engine = FaceEngine::new(&models, options)?;
    let mut pace = Pace::new(how.per_second);
    let mut failed = None;
    visit_frames(clip, |number, image| {
        let at = FrameTime(u64::from(number) * u64::from(how.frame_ms));
        if failed.is_some() || !pace.admits(at) {
            return;
        }
        match engine.observe(&image, at) {
            Ok(seen) => visit(number, &image, seen),
            Err(error) => failed = Some(error),
        }
    })
    .with_context(|| clip.display().to_string())?;
    failed.map_or(Ok(()), |error| Err(error.into()))
}
