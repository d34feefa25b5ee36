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

/// Points above and below each opening of a face: the mouth, the right eye, the left eye; and across the face.
const ABOVE_AND_BELOW: [(usize, usize); 3] = [(13, 14), (159, 145), (386, 374)];
const FOREHEAD_AND_CHIN: (usize, usize) = (10, 152);
/// Openings that differ by less than this part of the face's height are alike. A mouth opened in full differs by 0.1, an eye
/// that closes by 0.04.
const ALIKE: f32 = 0.006;

/// How far mouth and eyes are open, over the height of the face.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Openings {
    gaps: [f32; ABOVE_AND_BELOW.len()],
}

impl Openings {
    pub(crate) fn of(points: &[[f32; 3]]) -> Self {
        let at = |index: usize| points.get(index).copied().unwrap_or_default();
        let apart = |(above, below): (usize, usize)| {
            let ([x, y, _], [u, v, _]) = (at(above), at(below));
            (x - u).hypot(y - v)
        };
        let height = apart(FOREHEAD_AND_CHIN).max(1.0);
        Self { gaps: ABOVE_AND_BELOW.map(|pair| apart(pair) / height) }
    }

    /// Whether nothing has opened or closed. What is no number is like nothing.
    pub(crate) fn are_like(&self, other: &Self) -> bool {
        self.gaps.iter().zip(other.gaps).all(|(gap, other)| (gap - other).abs() < ALIKE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A face 200 pixels high, its mouth open by so many pixels and its right eye by so many.
    fn openings(mouth: f32, eye: f32) -> Openings {
        let mut points = [[0.0; 3]; 478];
        for ((above, below), gap) in ABOVE_AND_BELOW.into_iter().zip([mouth, eye, 12.0]) {
            (points[above], points[below]) = ([100.0, 100.0, 0.0], [100.0, 100.0 + gap, 0.0]);
        }
        (points[FOREHEAD_AND_CHIN.0], points[FOREHEAD_AND_CHIN.1]) = ([100.0, 0.0, 0.0], [100.0, 200.0, 0.0]);
        Openings::of(&points)
    }

    #[test]
    fn lips_that_part_and_lids_that_fall_are_seen() {
        let rest = openings(1.0, 12.0);
        assert!(openings(1.5, 11.5).are_like(&rest));
        assert!(!openings(3.0, 12.0).are_like(&rest) && !openings(1.0, 9.0).are_like(&rest));
        assert!(!openings(f32::NAN, 12.0).are_like(&rest));
        assert!(Openings::of(&[]).are_like(&Openings::of(&[])));
    }
}
