//! The best photo: of the frames at rest before the first cue, the most frontal and sharpest, for the match with the
//! portrait and for the eyes of a clerk.

use image::RgbImage;
use jianzai_liveness::{Blendshape, FaceSeen, Observation};
use zeroize::{Zeroize, Zeroizing};

use crate::chain::digest;
use crate::error::RecordError;
use crate::picture::{PHOTO_BYTES, PHOTO_SIDE, cut, jpeg};
use crate::record::{PictureRecord, crop_region};

/// A frame must be better by this much to take the place of the best: it spares most of the copying.
const MARGIN: f32 = 0.02;

/// Record and JPEG.
pub(crate) type FinishedPhoto = (PictureRecord, Zeroizing<Vec<u8>>);

/// The best so far.
#[derive(Default)]
pub(crate) struct BestPhoto {
    best: Option<Photo>,
    closed: bool,
}

struct Photo {
    score: f32,
    frame: u32,
    region: [u32; 4],
    picture: RgbImage,
}

impl BestPhoto {
    /// Looks at a recorded frame.
    pub(crate) fn consider(&mut self, frame: u32, pixels: &RgbImage, seen: &Observation) {
        // Someone who was never at rest still gets a photo.
        if self.closed && self.best.is_some() {
            return;
        }
        let Some(face) = &seen.face else { return };
        let score = score(face);
        if self.best.as_ref().is_some_and(|best| score < best.score + MARGIN) {
            return;
        }
        let Some(region) = crop_region(face.bbox, pixels.dimensions()) else { return };
        self.forget();
        self.best = Some(Photo { score, frame, region, picture: cut(pixels, region, PHOTO_SIDE) });
    }

    /// The first rest is over.
    pub(crate) fn close(&mut self) {
        self.closed = true;
    }

    /// Record and JPEG.
    pub(crate) fn finish(mut self) -> Result<Option<FinishedPhoto>, RecordError> {
        let Some(best) = &self.best else { return Ok(None) };
        let jpeg = Zeroizing::new(jpeg(&best.picture, PHOTO_BYTES)?);
        let record = PictureRecord { frame: best.frame, region: best.region, sha256: digest(&jpeg) };
        self.forget();
        Ok(Some((record, jpeg)))
    }

    fn forget(&mut self) {
        if let Some(best) = &mut self.best {
            best.picture.as_flat_samples_mut().samples.zeroize();
        }
        self.best = None;
    }
}

impl Drop for BestPhoto {
    fn drop(&mut self) {
        self.forget();
    }
}

/// 0 to 1: frontal, sharp, well placed, eyes open, mouth closed.
fn score(face: &FaceSeen) -> f32 {
    let shape = |shape| face.blendshapes.get(shape).clamp(0.0, 1.0);
    let straight = |degrees: f32, most: f32| (1.0 - degrees.abs() / most).clamp(0.0, 1.0);
    // Somebody may lie: a quarter of a turn is no lean.
    let lean = face.pose.roll - 90.0 * (face.pose.roll / 90.0).round();
    let frontal = straight(face.pose.yaw, 30.0) * straight(face.pose.pitch, 40.0) * straight(lean, 40.0);
    let sharp = (face.sharpness / 120.0).clamp(0.05, 1.0).sqrt();
    let eyes_open = 1.0 - shape(Blendshape::EyeBlinkLeft).max(shape(Blendshape::EyeBlinkRight));
    let mouth_closed = 1.0 - shape(Blendshape::JawOpen);
    let placed = 1.0 - (face.placement.dx.hypot(face.placement.dy)).clamp(0.0, 1.0) * 0.5;
    let score = frontal * sharp * eyes_open * mouth_closed * placed;
    if score.is_finite() { score } else { 0.0 }
}
