//! A still portrait, as registers hold it: one face, often cut tight.

use image::RgbImage;
use jianzai_liveness::FaceSeen;
use jianzai_wire::FrameTime;

use crate::geometry::Quarters;
use crate::light::{self, Texture};
use crate::{Embedder, Embedding, EngineOptions, FaceEngine, FaceError, ModelError, Models};

/// The longest side that is looked at; larger pictures are reduced.
const LONGEST: u32 = 1280;
/// A second face with less than this part of the first one's area is a picture in the picture, not a person.
pub(crate) const NEGLIGIBLE: f32 = 0.15;

/// A face in a still portrait.
#[derive(Debug, Clone)]
pub struct Portrait {
    /// The face; pixels of the portrait as given.
    pub face: FaceSeen,
    /// Whose it is.
    pub embedding: Embedding,
    /// How much there is to see in it.
    pub texture: Texture,
}

/// Reads still portraits.
pub struct PortraitReader {
    engine: FaceEngine,
    embedder: Embedder,
}

impl PortraitReader {
    /// Makes the networks ready.
    ///
    /// # Errors
    /// A network does not fit its entry in the manifest.
    pub fn new(models: &Models) -> Result<Self, ModelError> {
        let engine = FaceEngine::new(models, EngineOptions { passive_every: 0, ..EngineOptions::default() })?;
        Ok(Self { engine, embedder: Embedder::new(models)? })
    }

    /// Finds the one face and embeds it. A picture cut so tight that the detector finds nothing is tried again with a margin.
    ///
    /// # Errors
    /// [`FaceError::NoFace`], [`FaceError::SeveralFaces`]; the picture is too small; the runtime failed.
    pub fn read(&mut self, picture: &RgbImage) -> Result<Portrait, FaceError> {
        let longest = picture.width().max(picture.height());
        let scale = (longest as f32 / LONGEST as f32).max(1.0);
        let reduced = (scale > 1.0).then(|| {
            let size = |side: u32| ((side as f32 / scale) as u32).max(1);
            image::imageops::thumbnail(picture, size(picture.width()), size(picture.height()))
        });
        let picture = reduced.as_ref().unwrap_or(picture);
        for margin in [0, longest * 3 / 10, longest * 6 / 10] {
            let margin = (margin as f32 / scale) as u32;
            let padded = (margin > 0).then(|| pad(picture, margin));
            let view = padded.as_ref().unwrap_or(picture);
            match self.read_view(view) {
                Ok(mut portrait) => {
                    restore(&mut portrait.face, margin as f32, scale);
                    return Ok(portrait);
                }
                Err(FaceError::NoFace) => {}
                Err(error) => return Err(error),
            }
        }
        Err(FaceError::NoFace)
    }

    /// The embedder, for frames of a capture.
    pub fn embedder(&mut self) -> &mut Embedder {
        &mut self.embedder
    }

    fn read_view(&mut self, view: &RgbImage) -> Result<Portrait, FaceError> {
        self.engine.reset();
        let seen = self.engine.observe(view, FrameTime(0))?;
        if seen.faces > 1 {
            return Err(FaceError::SeveralFaces);
        }
        let face = seen.face.ok_or(FaceError::NoFace)?;
        let embedding = self.embedder.embed(view, &face.landmarks)?;
        let texture = light::texture(view, &face.bbox, Quarters::of_lean(face.pose.roll));
        Ok(Portrait { face, embedding, texture })
    }
}

/// The picture with its edge repeated `margin` pixels outwards.
fn pad(picture: &RgbImage, margin: u32) -> RgbImage {
    let (right, bottom) = (picture.width().saturating_sub(1), picture.height().saturating_sub(1));
    RgbImage::from_fn(picture.width() + 2 * margin, picture.height() + 2 * margin, |x, y| {
        *picture.get_pixel(x.saturating_sub(margin).min(right), y.saturating_sub(margin).min(bottom))
    })
}

/// Back to pixels of the portrait as given.
fn restore(face: &mut FaceSeen, margin: f32, scale: f32) {
    let place = |value: f32| (value - margin) * scale;
    for [x, y, z] in &mut face.landmarks {
        (*x, *y, *z) = (place(*x), place(*y), *z * scale);
    }
    let rect = &mut face.bbox;
    (rect.x0, rect.y0, rect.x1, rect.y1) = (place(rect.x0), place(rect.y0), place(rect.x1), place(rect.y1));
}
