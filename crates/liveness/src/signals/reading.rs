use jianzai_wire::FrameTime;

use super::points;
use crate::{Blendshape, FaceSeen, Observation};

/// What the actions are measured by, from one frame. All values are finite.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reading {
    /// When.
    pub at: FrameTime,
    /// Degrees, see [`crate::Pose`].
    pub yaw: f32,
    /// Degrees, see [`crate::Pose`].
    pub pitch: f32,
    /// How far the tip of the nose lies to the subject's left of the middle between the edges of the face, over the width
    /// of the face, along the line of the eyes. A tilted picture hardly changes it.
    pub nose_x: f32,
    /// The same at right angles to the line of the eyes; positive towards the chin.
    pub nose_y: f32,
    /// The expression `jawOpen`, 0 to 1.
    pub jaw: f32,
    /// Gap between the lips over the height of the face.
    pub lips: f32,
    /// The more closed of the two eyes, 0 open to 1 closed.
    pub blink: f32,
    /// Distance of the outer corners of the eyes over that from forehead to the base of the nose: the face's proportion,
    /// whatever the mouth does.
    pub proportion: f32,
    /// Middle of the face in pixels.
    pub centre: [f32; 2],
    /// Size of the face in pixels.
    pub scale: f32,
    /// The rigid points relative to the middle of the eyes, along and across their line, over their distance.
    pub shape: [[f32; 2]; RIGID.len()],
}

/// Points that no expression moves much.
const RIGID: [usize; 6] =
    [points::NOSE, points::NOSE_BASE, points::FOREHEAD, points::BRIDGE, points::SIDE_LEFT, points::SIDE_RIGHT];

impl Reading {
    /// Reads a frame; none if there is no face, or if its points or scores make no sense.
    pub fn of(observation: &Observation) -> Option<Self> {
        let face = observation.face.as_ref()?;
        let axes = Axes::of(face)?;
        let [left, right] = [axes.point(face, points::SIDE_LEFT)?, axes.point(face, points::SIDE_RIGHT)?];
        let nose = axes.point(face, points::NOSE)?;
        let width = distance(left, right);
        let height = distance(axes.point(face, points::FOREHEAD)?, axes.point(face, points::CHIN)?);
        let upper = distance(axes.point(face, points::FOREHEAD)?, axes.point(face, points::NOSE_BASE)?);
        let gap = distance(axes.point(face, points::LIP_UPPER)?, axes.point(face, points::LIP_LOWER)?);
        let mut shape = [[0.0; 2]; RIGID.len()];
        for (place, index) in shape.iter_mut().zip(RIGID) {
            *place = axes.point(face, index)?;
        }
        let shapes = &face.blendshapes;
        let reading = Self {
            at: observation.at,
            yaw: face.pose.yaw,
            pitch: face.pose.pitch,
            nose_x: (nose[0] - (left[0] + right[0]) / 2.0) / width,
            nose_y: (nose[1] - (left[1] + right[1]) / 2.0) / width,
            jaw: shapes.get(Blendshape::JawOpen),
            lips: gap / height,
            blink: shapes.get(Blendshape::EyeBlinkLeft).max(shapes.get(Blendshape::EyeBlinkRight)),
            proportion: 1.0 / upper,
            centre: axes.middle,
            scale: axes.eyes * (1.0 + upper),
            shape,
        };
        reading.is_finite().then_some(reading)
    }

    /// The most that any rigid point has moved relative to the eyes since `earlier`, root mean square over the points, over
    /// the distance of the eyes.
    pub fn shape_change(&self, earlier: &Self) -> f32 {
        let squares = self.shape.iter().zip(&earlier.shape).map(|(a, b)| (a[0] - b[0]).powi(2) + (a[1] - b[1]).powi(2));
        (squares.sum::<f32>() / RIGID.len() as f32).sqrt()
    }

    fn is_finite(&self) -> bool {
        let Self { at: _, yaw, pitch, nose_x, nose_y, jaw, lips, blink, proportion, centre, scale, shape } = self;
        [yaw, pitch, nose_x, nose_y, jaw, lips, blink, proportion, scale]
            .into_iter()
            .chain(centre)
            .chain(shape.as_flattened())
            .all(|value| value.is_finite())
    }
}

/// The face's own axes in the picture: along the line of the eyes and at right angles to it.
struct Axes {
    middle: [f32; 2],
    along: [f32; 2],
    eyes: f32,
}

impl Axes {
    fn of(face: &FaceSeen) -> Option<Self> {
        let at = |index: usize| face.landmarks.get(index).map(|p| [p[0], p[1]]);
        let (right, left) = (at(points::EYE_RIGHT_OUTER)?, at(points::EYE_LEFT_OUTER)?);
        let eyes = distance(left, right);
        // Smaller than this there is nothing to read; it also keeps every division below in range.
        if !(eyes.is_finite() && eyes > 4.0) {
            return None;
        }
        let middle = [(left[0] + right[0]) / 2.0, (left[1] + right[1]) / 2.0];
        Some(Self { middle, along: [(left[0] - right[0]) / eyes, (left[1] - right[1]) / eyes], eyes })
    }

    /// A landmark in these axes, over the distance of the eyes.
    fn point(&self, face: &FaceSeen, index: usize) -> Option<[f32; 2]> {
        let p = face.landmarks.get(index)?;
        let (x, y) = ((p[0] - self.middle[0]) / self.eyes, (p[1] - self.middle[1]) / self.eyes);
        Some([x * self.along[0] + y * self.along[1], y * self.along[0] - x * self.along[1]])
    }
}

fn distance(p: [f32; 2], q: [f32; 2]) -> f32 {
    (p[0] - q[0]).hypot(p[1] - q[1])
}
