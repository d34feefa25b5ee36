//! Clips as the face networks see them.

use std::path::Path;

use anyhow::{Context as _, Result};
use jianzai_camera::actor::visit_frames;
use jianzai_camera::{Frame, Pace};
use jianzai_face::{EngineOptions, FaceEngine, Models};
use jianzai_liveness::Observation;

use crate::places;

/// Looks at `per_second` frames of a clip for each of its seconds (its own rate or more: at all), in order. The passive
/// network looks at every `passive_every`-th of them; 0 for none. `visit` gets each frame looked at and what was seen.
pub fn look(
    clip: &Path,
    per_second: u32,
    passive_every: u32,
    mut visit: impl FnMut(&Frame, Observation),
) -> Result<()> {
    let models = Models::open(&places::models())?;
    let options = EngineOptions { passive_every, ..EngineOptions::default() };
    let mut engine = FaceEngine::new(&models, options)?;
    let mut pace = Pace::new(per_second);
    let mut failed = None;
    visit_frames(clip, |frame| {
        if failed.is_some() || !pace.admits(frame.at) {
            return;
        }
        match engine.observe(&frame.image, frame.at) {
            Ok(seen) => visit(&frame, seen),
            Err(error) => failed = Some(error),
        }
    })
    .with_context(|| clip.display().to_string())?;
    failed.map_or(Ok(()), |error| Err(error.into()))
}
