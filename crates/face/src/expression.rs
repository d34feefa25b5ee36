//! Reads the expression from the mesh with MediaPipe's blendshape network.

use jianzai_liveness::Blendshapes;

use crate::geometry::Quarters;
use crate::manifest::Slot;
use crate::network::Network;
use crate::{FaceError, ModelError, Models};

/// The points of the mesh that the network reads.
const POINTS: [u16; 146] = [
    0, 1, 4, 5, 6, 7, 8, 10, 13, 14, 17, 21, 33, 37, 39, 40, 46, 52, 53, 54, 55, 58, 61, 63, 65, 66, 67, 70, 78, 80,
    81, 82, 84, 87, 88, 91, 93, 95, 103, 105, 107, 109, 127, 132, 133, 136, 144, 145, 146, 148, 149, 150, 152, 153,
    154, 155, 157, 158, 159, 160, 161, 162, 163, 168, 172, 173, 176, 178, 181, 185, 191, 195, 197, 234, 246, 249, 251,
    263, 267, 269, 270, 276, 282, 283, 284, 285, 288, 291, 293, 295, 296, 297, 300, 308, 310, 311, 312, 314, 317, 318,
    321, 323, 324, 332, 334, 336, 338, 356, 361, 362, 365, 373, 374, 375, 377, 378, 379, 380, 381, 382, 384, 385, 386,
    387, 388, 389, 390, 397, 398, 400, 402, 405, 409, 415, 454, 466, 468, 469, 470, 471, 472, 473, 474, 475, 476, 477,
];

pub(crate) struct ExpressionReader {
    network: Network,
}

impl ExpressionReader {
    pub(crate) fn new(models: &Models) -> Result<Self, ModelError> {
        Ok(Self { network: models.network(Slot::Blendshapes)? })
    }

    /// The 52 scores for a mesh in pixels. The network knows upright faces: one that lies is set upright.
    pub(crate) fn read(&mut self, points: &[[f32; 3]], lies: Quarters) -> Result<Blendshapes, FaceError> {
        let (buffer, input) = self.network.input();
        let (scale, mean) = (1.0 / input.std, input.mean);
        for (out, index) in buffer.as_chunks_mut::<2>().0.iter_mut().zip(POINTS) {
            let [x, y, _] = points.get(usize::from(index)).copied().ok_or(FaceError::Points)?;
            let (x, y) = lies.upright(x, y);
            *out = [(x - mean) * scale, (y - mean) * scale];
        }
        let scores = self.network.run()?;
        scores
            .first()
            .and_then(|scores| scores.first_chunk())
            .map(|scores| Blendshapes(*scores))
            .ok_or(FaceError::Points)
    }
}
