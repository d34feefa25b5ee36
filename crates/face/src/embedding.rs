//! Tells one person from another.

use image::RgbImage;

use crate::geometry::Affine;
use crate::manifest::{Output, Slot};
use crate::network::Network;
use crate::warp::{Beyond, warp};
use crate::{FaceError, ModelError, Models};

/// A face as a direction in space: a vector of length 1. Personal data; prints as nothing.
#[derive(Clone, PartialEq)]
pub struct Embedding(Vec<f32>);

/// Whether two faces are one person's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SamePerson {
    /// They are.
    Same,
    /// A person must look.
    Unsure,
    /// They are not.
    Different,
}

impl Embedding {
    /// Cosine of the angle between two faces: near 1 for one person, near 0 for two. 0 if they come from networks of
    /// different length.
    pub fn cosine(&self, other: &Self) -> f32 {
        if self.0.len() != other.0.len() {
            return 0.0;
        }
        self.0.iter().zip(&other.0).map(|(p, q)| p * q).sum()
    }

    /// From values that were kept ([`Self::values`]). `None` unless they are a vector of length 1.
    pub fn from_values(values: Vec<f32>) -> Option<Self> {
        let norm = values.iter().map(|value| value * value).sum::<f32>().sqrt();
        ((norm - 1.0).abs() < 1e-3).then_some(Self(values))
    }

    /// The values.
    pub fn values(&self) -> &[f32] {
        &self.0
    }
}

impl std::fmt::Debug for Embedding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Embedding({} values)", self.0.len())
    }
}

/// The network in the slot `embedding`.
pub struct Embedder {
    network: Network,
    length: usize,
    accept: f32,
    review: f32,
}

impl Embedder {
    /// Makes the network ready.
    ///
    /// # Errors
    /// The network does not fit its entry in the manifest.
    pub fn new(models: &Models) -> Result<Self, ModelError> {
        let network = models.network(Slot::Embedding)?;
        let (length, accept, review) = match network.entry().output {
            Output::Embedding { length, accept, review } => (length as usize, accept, review),
            _ => (0, 1.0, 1.0),
        };
        Ok(Self { network, length, accept, review })
    }

    /// The face with these 478 points ([`FaceSeen::landmarks`](jianzai_liveness::FaceSeen::landmarks), pixels of `image`).
    /// Best from a face that looks into the camera.
    ///
    /// # Errors
    /// The points describe no face; the runtime failed.
    pub fn embed(&mut self, image: &RgbImage, landmarks: &[[f32; 3]]) -> Result<Embedding, FaceError> {
        let face = five_points(landmarks).ok_or(FaceError::Points)?;
        let (buffer, input) = self.network.input();
        let template = TEMPLATE.map(|[x, y]| [x * input.width as f32 / 112.0, y * input.height as f32 / 112.0]);
        // From the crop to the frame: exactly the inverse of what moves the face onto the template.
        let onto = Affine::similarity(&face, &template).and_then(|map| invert(&map)).ok_or(FaceError::Points)?;
        warp(image, &onto, Beyond::Edge, input, buffer);
        let answers = self.network.run()?;
        let values = answers.first().and_then(|values| values.get(..self.length)).ok_or(FaceError::Points)?;
        let norm = values.iter().map(|value| value * value).sum::<f32>().sqrt();
        if norm <= f32::EPSILON || !norm.is_finite() {
            return Err(FaceError::Points);
        }
        Ok(Embedding(values.iter().map(|value| value / norm).collect()))
    }

    /// Judges a cosine by the thresholds that the manifest gives for this network.
    pub fn same_person(&self, cosine: f32) -> SamePerson {
        if cosine >= self.accept {
            SamePerson::Same
        } else if cosine >= self.review {
            SamePerson::Unsure
        } else {
            SamePerson::Different
        }
    }
}

/// Where the middle of each eye, the tip of the nose and the corners of the mouth lie in the 112-pixel ArcFace template;
/// first those on the left of the picture.
const TEMPLATE: [[f32; 2]; 5] =
    [[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]];

fn five_points(landmarks: &[[f32; 3]]) -> Option<[[f32; 2]; 5]> {
    let middle = |p: usize, q: usize| {
        let (p, q) = (landmarks.get(p)?, landmarks.get(q)?);
        Some([(p[0] + q[0]) / 2.0, (p[1] + q[1]) / 2.0])
    };
    Some([middle(33, 133)?, middle(263, 362)?, middle(1, 1)?, middle(61, 61)?, middle(291, 291)?])
}

fn invert(map: &Affine) -> Option<Affine> {
    let det = map.a * map.e - map.b * map.d;
    if det.abs() < 1e-12 || !det.is_finite() {
        return None;
    }
    let (a, b, d, e) = (map.e / det, -map.b / det, -map.d / det, map.a / det);
    Some(Affine { a, b, c: -(a * map.c + b * map.f), d, e, f: -(d * map.c + e * map.f) })
}
