//! Has anything moved since a face was last looked at? A glance at some thousand pixels says so, where the networks would
//! take a thousand times as long to see that nothing has.
//!
//! **In**: the brightness of a frame that is looked at, and where its face is; then that of frames after it. **Out**: how
//! much the face and what is around it have changed, in the part of it that has changed most, over how much light and
//! dark there is in it at all: a dark picture moves as much as a bright one. **What can go wrong**: nothing; where no face
//! was seen, there is no glance, and everything is looked at.

use jianzai_evidence::VideoFrame;
use jianzai_liveness::Rect;

/// Samples on each side, and on each side of a part.
const SIDE: usize = 48;
const PART: usize = 8;
const PARTS: usize = SIDE / PART;
/// The face's box is widened by this part of its size to each side, so that a face that goes is missed.
const AROUND: f32 = 0.15;
/// A picture of fewer shades than this (standard deviation, of 255) has no face in it that could be read.
const FEWEST_SHADES: f32 = 4.0;

/// What a face looked like.
#[derive(Debug, Clone)]
pub(crate) struct Glance {
    places: Vec<usize>,
    values: Vec<u8>,
    shades: f32,
}

impl Glance {
    /// Remembers a face.
    pub(crate) fn at(frame: &VideoFrame<'_>, face: &Rect) -> Self {
        let (luma, stride) = frame.luma();
        let (width, height) = frame.size();
        let (wide, high) = ((face.x1 - face.x0) * AROUND, (face.y1 - face.y0) * AROUND);
        let along = |from: f32, to: f32, most: u32, step: usize| {
            let place = from + (to - from) * (step as f32 + 0.5) / SIDE as f32;
            (place.max(0.0) as usize).min(most.saturating_sub(1) as usize)
        };
        let places: Vec<usize> = (0..SIDE * SIDE)
            .map(|sample| {
                let x = along(face.x0 - wide, face.x1 + wide, width, sample % SIDE);
                let y = along(face.y0 - high, face.y1 + high, height, sample / SIDE);
                y * stride + x
            })
            .collect();
        let values = sampled(luma, &places);
        let shades = spread(&values).max(FEWEST_SHADES);
        Self { places, values, shades }
    }

    /// How much has changed since: 0 for nothing.
    pub(crate) fn change(&self, frame: &VideoFrame<'_>) -> f32 {
        let (luma, _) = frame.luma();
        let mut parts = [0_u32; PARTS * PARTS];
        for (sample, (now, then)) in sampled(luma, &self.places).iter().zip(&self.values).enumerate() {
            let part = sample / SIDE / PART * PARTS + sample % SIDE / PART;
            if let Some(sum) = parts.get_mut(part) {
                *sum += u32::from(now.abs_diff(*then));
            }
        }
        let most = parts.into_iter().max().unwrap_or(0);
        most as f32 / (PART * PART) as f32 / self.shades
    }
}

fn sampled(luma: &[u8], places: &[usize]) -> Vec<u8> {
    places.iter().map(|place| luma.get(*place).copied().unwrap_or(0)).collect()
}

/// Standard deviation.
fn spread(values: &[u8]) -> f32 {
    let count = values.len().max(1) as f32;
    let mean = values.iter().map(|value| f32::from(*value)).sum::<f32>() / count;
    (values.iter().map(|value| (f32::from(*value) - mean).powi(2)).sum::<f32>() / count).sqrt()
}
