//! Places 478 points on a face with MediaPipe's face mesh.

use image::RgbImage;
use jianzai_liveness::Rect;

use crate::detector::{Found, sigmoid};
use crate::geometry::{Region, bounds};
use crate::manifest::{Crop, Output, Slot};
use crate::network::Network;
use crate::warp::{Beyond, warp};
use crate::{FaceError, ModelError, Models};

/// Outer corners of the right and the left eye (the subject's own): the line that is made level.
const EYE_CORNERS: (usize, usize) = (33, 263);

/// The points of a face.
#[derive(Debug, Clone)]
pub(crate) struct Mesh {
    /// x, y in pixels of the frame, z in the same scale.
    pub(crate) points: Vec<[f32; 3]>,
    /// Confidence that this is a face, 0 to 1.
    pub(crate) presence: f32,
    /// Tight box around the points.
    pub(crate) rect: Rect,
}

pub(crate) struct Mesher {
    network: Network,
    factor: f32,
    presence: f32,
}

impl Mesher {
    pub(crate) fn new(models: &Models) -> Result<Self, ModelError> {
        let network = models.network(Slot::Mesh)?;
        let factor = match network.entry().input.crop {
            Crop::Region { factor } => factor,
            _ => 1.5,
        };
        let presence = match network.entry().output {
            Output::Landmarks { presence, .. } => presence,
            _ => 0.5,
        };
        Ok(Self { network, factor, presence })
    }

    /// Where to look for the points of a face that was found.
    pub(crate) fn region_of(&self, found: &Found) -> Region {
        Region::around(&found.rect, self.factor, found.right_eye, found.left_eye)
    }

    /// Where to look in the next frame.
    pub(crate) fn next_region(&self, mesh: &Mesh) -> Region {
        let eye = |index: usize| mesh.points.get(index).map_or((0.0, 0.0), |p| (p[0], p[1]));
        Region::around(&mesh.rect, self.factor, eye(EYE_CORNERS.0), eye(EYE_CORNERS.1))
    }

    /// Cuts the region out of the frame into the network's input.
    pub(crate) fn load(&mut self, frame: &RgbImage, region: Region) {
        let (buffer, input) = self.network.input();
        warp(frame, &region.to_frame(input.width), Beyond::Edge, input, buffer);
    }

    /// The points in the loaded region; none if it holds no face.
    pub(crate) fn place(&mut self, region: Region) -> Result<Option<Mesh>, FaceError> {
        let size = self.network.entry().input.width;
        let answers = self.network.run()?;
        let presence = answers.get(1).and_then(|values| values.first()).map_or(0.0, |logit| sigmoid(*logit));
        let (Some(values), true) = (answers.first(), presence >= self.presence) else { return Ok(None) };
        let (map, scale) = (region.to_frame(size), region.side / size as f32);
        let (points, _) = values.as_chunks::<3>();
        let place = |&[x, y, z]: &[f32; 3]| {
            let (x, y) = map.apply(x, y);
            [x, y, z * scale]
        };
        let points: Vec<[f32; 3]> = points.iter().map(place).collect();
        let rect = bounds(&points);
        // Points that have collapsed or run away would lead the next frame astray.
        let sound =
            rect.x1 - rect.x0 >= 8.0 && rect.y1 - rect.y0 >= 8.0 && points.iter().flatten().all(|v| v.is_finite());
        Ok(sound.then_some(Mesh { points, presence, rect }))
    }
}
