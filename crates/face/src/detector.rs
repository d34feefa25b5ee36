//! Finds faces in a frame with MediaPipe's short-range detector.
//!
//! The network sees the whole frame, letterboxed into a square, and answers for 896 anchors with a box, six points (right
//! eye, left eye, nose, mouth, right ear, left ear; the subject's own) and a score. Boxes that overlap are one face: their
//! average weighted by score.

use image::RgbImage;
use jianzai_liveness::Rect;

use crate::geometry::{Affine, overlap};
use crate::manifest::{Output, Slot};
use crate::network::Network;
use crate::warp::{Beyond, warp};
use crate::{FaceError, ModelError, Models};

/// A face found in a frame; pixels.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Found {
    pub(crate) rect: Rect,
    pub(crate) right_eye: (f32, f32),
    pub(crate) left_eye: (f32, f32),
    pub(crate) score: f32,
}

impl Found {
    pub(crate) fn area(&self) -> f32 {
        (self.rect.x1 - self.rect.x0) * (self.rect.y1 - self.rect.y0)
    }
}

pub(crate) struct Detector {
    network: Network,
    anchors: Vec<(f32, f32)>,
    score: f32,
    overlap: f32,
}

impl Detector {
    pub(crate) fn new(models: &Models) -> Result<Self, ModelError> {
        let network = models.network(Slot::Detector)?;
        let (score, overlap) = match network.entry().output {
            Output::Anchors { score, overlap } => (score, overlap),
            _ => (0.5, 0.3),
        };
        Ok(Self { network, anchors: anchors(), score, overlap })
    }

    /// Every face, the largest first.
    pub(crate) fn find(&mut self, frame: &RgbImage) -> Result<Vec<Found>, FaceError> {
        let (width, height) = (frame.width() as f32, frame.height() as f32);
        let side = width.max(height);
        let (left, top) = ((width - side) / 2.0, (height - side) / 2.0);
        let square = Rect { x0: left, y0: top, x1: left + side, y1: top + side };
        let (buffer, input) = self.network.input();
        warp(frame, &Affine::of_box(&square, input.width, input.height), Beyond::Black, input, buffer);
        let size = input.width as f32;
        let answers = self.network.run()?;
        let (Some(regressors), Some(scores)) = (answers.first(), answers.get(1)) else { return Ok(Vec::new()) };
        let candidates = self.anchors.iter().zip(regressors.chunks_exact(16)).zip(scores);
        let candidates = candidates.filter_map(|((anchor, values), logit)| {
            let score = sigmoid(*logit);
            (score >= self.score).then(|| decode(*anchor, values, score, size, &square)).flatten()
        });
        let mut faces = merge(candidates.collect(), self.overlap);
        faces.sort_by(|p, q| q.area().total_cmp(&p.area()));
        Ok(faces)
    }
}

pub(crate) fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + (-x).exp())
}

/// Centres of the anchors in units of the square: two on each cell of a 16 x 16 grid, six on each of an 8 x 8 grid.
fn anchors() -> Vec<(f32, f32)> {
    let mut out = Vec::with_capacity(896);
    for (grid, per_cell) in [(16, 2), (8, 6)] {
        for y in 0..grid {
            for x in 0..grid {
                let centre = ((x as f32 + 0.5) / grid as f32, (y as f32 + 0.5) / grid as f32);
                out.extend(std::iter::repeat_n(centre, per_cell));
            }
        }
    }
    out
}

/// Sixteen values in pixels of the input, relative to the anchor: centre, size, six points.
fn decode(anchor: (f32, f32), values: &[f32], score: f32, size: f32, square: &Rect) -> Option<Found> {
    let side = square.x1 - square.x0;
    let [x, y, w, h, right_x, right_y, left_x, left_y] = values.first_chunk::<8>().map(|v| v.map(|v| v / size))?;
    let place = |dx: f32, dy: f32| (square.x0 + (anchor.0 + dx) * side, square.y0 + (anchor.1 + dy) * side);
    let ((cx, cy), half_w, half_h) = (place(x, y), w * side / 2.0, h * side / 2.0);
    let rect = Rect { x0: cx - half_w, y0: cy - half_h, x1: cx + half_w, y1: cy + half_h };
    // A negative or endless size is no face.
    let sound = half_w > 0.0 && half_h > 0.0 && half_w.is_finite() && half_h.is_finite();
    sound.then(|| Found { rect, right_eye: place(right_x, right_y), left_eye: place(left_x, left_y), score })
}

fn merge(mut candidates: Vec<Found>, limit: f32) -> Vec<Found> {
    candidates.sort_by(|p, q| q.score.total_cmp(&p.score));
    let mut faces = Vec::new();
    while let Some(best) = candidates.first().copied() {
        let (same, rest): (Vec<_>, Vec<_>) =
            candidates.iter().enumerate().partition(|(i, c)| *i == 0 || overlap(&best.rect, &c.rect) > limit);
        let same: Vec<Found> = same.into_iter().map(|(_, c)| *c).collect();
        candidates = rest.into_iter().map(|(_, c)| *c).collect();
        let total: f32 = same.iter().map(|c| c.score).sum();
        let mean = |value: fn(&Found) -> f32| same.iter().map(|c| c.score * value(c)).sum::<f32>() / total;
        faces.push(Found {
            rect: Rect {
                x0: mean(|c| c.rect.x0),
                y0: mean(|c| c.rect.y0),
                x1: mean(|c| c.rect.x1),
                y1: mean(|c| c.rect.y1),
            },
            right_eye: (mean(|c| c.right_eye.0), mean(|c| c.right_eye.1)),
            left_eye: (mean(|c| c.left_eye.0), mean(|c| c.left_eye.1)),
            score: best.score,
        });
    }
    faces
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(x: f32, score: f32) -> Found {
        let rect = Rect { x0: x, y0: 0.0, x1: x + 10.0, y1: 10.0 };
        Found { rect, right_eye: (x + 2.0, 3.0), left_eye: (x + 8.0, 3.0), score }
    }

    #[test]
    fn overlapping_boxes_are_one_face_and_distant_ones_two() {
        let faces = merge(vec![found(0.0, 0.6), found(1.0, 0.9), found(50.0, 0.7)], 0.3);
        assert_eq!(faces.len(), 2);
        assert_eq!(faces[0].score, 0.9);
        assert!((faces[0].rect.x0 - 0.6).abs() < 1e-5, "{:?}", faces[0].rect);
    }

    #[test]
    fn there_are_896_anchors() {
        let anchors = anchors();
        assert_eq!(anchors.len(), 896);
        assert_eq!(anchors[0], (0.5 / 16.0, 0.5 / 16.0));
        assert_eq!(anchors[895], (7.5 / 8.0, 7.5 / 8.0));
    }
}
