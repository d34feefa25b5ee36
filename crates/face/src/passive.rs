//! Tells a live face from a print or a screen, from one picture.

use image::RgbImage;
use jianzai_liveness::Rect;

use crate::geometry::{Affine, Quarters};
use crate::manifest::{Crop, Layout, Output, Slot};
use crate::network::Network;
use crate::warp::{Beyond, warp};
use crate::{FaceError, ModelError, Models, denoise};

/// The network in the slot `passive`. Its score leads to review at most: synthetic prints reach 1.00, so it must never
/// decide alone.
pub struct PassiveScorer {
    network: Network,
    factor: f32,
    live: usize,
    softmax: bool,
}

impl PassiveScorer {
    /// Makes the network ready.
    ///
    /// # Errors
    /// The network does not fit its entry in the manifest.
    pub fn new(models: &Models) -> Result<Self, ModelError> {
        let network = models.network(Slot::Passive)?;
        let factor = match network.entry().input.crop {
            Crop::Box { factor } => factor,
            _ => 1.0,
        };
        let (live, softmax) = match network.entry().output {
            Output::Classes { live, softmax, .. } => (live as usize, softmax),
            _ => (0, true),
        };
        Ok(Self { network, factor, live, softmax })
    }

    /// The probability, 0 to 1, that the face in `bbox` ([`FaceSeen::bbox`](jianzai_liveness::FaceSeen::bbox), pixels of
    /// `image`), leaning by `roll` ([`Pose::roll`](jianzai_liveness::Pose::roll)), is a live one. The network wants
    /// surroundings: a picture that ends at the face makes it guess. It knows upright faces, so one that lies is set upright.
    ///
    /// # Errors
    /// The box is empty or outside the picture; the runtime failed.
    pub fn score(&mut self, image: &RgbImage, bbox: Rect, roll: f32) -> Result<f32, FaceError> {
        self.load(image, bbox, roll)?;
        self.answer()
    }

    /// The same of a picture that a sensor's noise is taken out of, where there is any: the network takes it for a forgery.
    ///
    /// # Errors
    /// As for [`Self::score`].
    pub fn score_without_noise(&mut self, image: &RgbImage, bbox: Rect, roll: f32) -> Result<f32, FaceError> {
        self.load(image, bbox, roll)?;
        let (buffer, input) = self.network.input();
        let planar = input.layout == Layout::Nchw;
        if planar && denoise::is_noisy(buffer, input.width as usize, 1.0 / input.std) {
            self.load(&denoise::cleaned(image), bbox, roll)?;
        }
        self.answer()
    }

    fn load(&mut self, image: &RgbImage, bbox: Rect, roll: f32) -> Result<(), FaceError> {
        let crop = enlarge(&bbox, self.factor, image.width() as f32, image.height() as f32).ok_or(FaceError::Points)?;
        let (buffer, input) = self.network.input();
        let map = Affine::of_turned_box(&crop, input.width, input.height, Quarters::of_lean(roll));
        warp(image, &map, Beyond::Edge, input, buffer);
        Ok(())
    }

    fn answer(&mut self) -> Result<f32, FaceError> {
        let answers = self.network.run()?;
        let values = answers.first().ok_or(FaceError::Points)?;
        let live = *values.get(self.live).ok_or(FaceError::Points)?;
        if !self.softmax {
            return Ok(live.clamp(0.0, 1.0));
        }
        let most = values.iter().copied().fold(f32::MIN, f32::max);
        let total: f32 = values.iter().map(|value| (value - most).exp()).sum();
        Ok((live - most).exp() / total)
    }
}

/// The box made `factor` times as large, less where the picture is smaller, and moved inside it: this keeps its proportions,
/// which the network was trained with.
fn enlarge(bbox: &Rect, factor: f32, width: f32, height: f32) -> Option<Rect> {
    let (w, h) = (bbox.x1 - bbox.x0, bbox.y1 - bbox.y0);
    let (cx, cy) = ((bbox.x0 + bbox.x1) / 2.0, (bbox.y0 + bbox.y1) / 2.0);
    let sound = w >= 8.0 && h >= 8.0 && (0.0..width).contains(&cx) && (0.0..height).contains(&cy);
    if !sound {
        return None;
    }
    let scale = factor.min(width / w).min(height / h);
    let (w, h) = (w * scale, h * scale);
    let x0 = (cx - w / 2.0).clamp(0.0, (width - w).max(0.0));
    let y0 = (cy - h / 2.0).clamp(0.0, (height - h).max(0.0));
    Some(Rect { x0, y0, x1: x0 + w, y1: y0 + h })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_enlarged_box_stays_inside_and_keeps_its_proportions() {
        for (x, y) in [(0.0, 0.0), (300.0, 100.0), (590.0, 400.0)] {
            let face = Rect { x0: x, y0: y, x1: x + 50.0, y1: y + 80.0 };
            let crop = enlarge(&face, 2.7, 640.0, 480.0).unwrap();
            assert!(crop.x0 >= 0.0 && crop.y0 >= 0.0 && crop.x1 <= 640.0 && crop.y1 <= 480.0, "{crop:?}");
            assert!(((crop.x1 - crop.x0) / (crop.y1 - crop.y0) - 50.0 / 80.0).abs() < 1e-4);
        }
        let large = enlarge(&Rect { x0: 100.0, y0: 40.0, x1: 400.0, y1: 440.0 }, 2.7, 640.0, 480.0).unwrap();
        assert!((large.y1 - large.y0 - 480.0).abs() < 1e-3, "{large:?}");
        assert_eq!(enlarge(&Rect { x0: 9.0, y0: 9.0, x1: 9.0, y1: 9.0 }, 2.7, 640.0, 480.0), None);
        assert_eq!(enlarge(&Rect { x0: f32::NAN, y0: 9.0, x1: 99.0, y1: 99.0 }, 2.7, 640.0, 480.0), None);
    }
}
