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
    /// The rigid points relative to the middle of the eyes, along and across their line, and the mesh's depth of them, over
    /// the distance of the eyes.
    pub shape: [[f32; 3]; RIGID.len()],
}

/// Points that no expression moves much; last the corners of the eyes.
pub(super) const RIGID: [usize; 10] = [
    points::NOSE,
    points::NOSE_BASE,
    points::FOREHEAD,
    points::BRIDGE,
    points::SIDE_LEFT,
    points::SIDE_RIGHT,
    points::EYE_RIGHT_OUTER,
    points::EYE_RIGHT_INNER,
    points::EYE_LEFT_OUTER,
    points::EYE_LEFT_INNER,
];
/// The first so many are held against the eyes, which give the axes and so hardly move in them.
const BESIDE_THE_EYES: usize = 6;

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
        let mut shape = [[0.0; 3]; RIGID.len()];
        for (place, index) in shape.iter_mut().zip(RIGID) {
            let [along, across] = axes.point(face, index)?;
            *place = [along, across, face.landmarks.get(index)?[2] / axes.eyes];
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
        let points = self.shape.iter().zip(&earlier.shape).take(BESIDE_THE_EYES);
        let squares = points.map(|(a, b)| (a[0] - b[0]).powi(2) + (a[1] - b[1]).powi(2));
        (squares.sum::<f32>() / BESIDE_THE_EYES as f32).sqrt()
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Blendshapes, Placement, Pose, Rect};

    /// A face looking ahead, whose points are turned in the picture by `roll` degrees and whose nose lies off by `nose`.
    fn face(roll: f32, nose: [f32; 2]) -> Observation {
        let mut landmarks = vec![[0.0; 3]; 478];
        for (index, x, y) in [
            (points::NOSE, nose[0], 20.0 + nose[1]),
            (points::NOSE_BASE, 0.0, 35.0),
            (points::FOREHEAD, 0.0, -70.0),
            (points::LIP_UPPER, 0.0, 50.0),
            (points::LIP_LOWER, 0.0, 54.0),
            (points::EYE_RIGHT_OUTER, -45.0, -15.0),
            (points::EYE_RIGHT_INNER, -15.0, -15.0),
            (points::CHIN, 0.0, 90.0),
            (points::BRIDGE, 0.0, -15.0),
            (points::SIDE_RIGHT, -70.0, 0.0),
            (points::EYE_LEFT_OUTER, 45.0, -15.0),
            (points::EYE_LEFT_INNER, 15.0, -15.0),
            (points::SIDE_LEFT, 70.0, 0.0),
        ] {
            let (s, c) = roll.to_radians().sin_cos();
            landmarks[index] = [320.0 + x * c - y * s, 240.0 + x * s + y * c, 0.0];
        }
        let face = FaceSeen {
            bbox: Rect { x0: 250.0, y0: 170.0, x1: 390.0, y1: 330.0 },
            landmarks,
            presence: 1.0,
            pose: Pose::default(),
            blendshapes: Blendshapes::default(),
            brightness: 0.5,
            back_light: 1.0,
            sharpness: 50.0,
            placement: Placement::default(),
            passive: None,
        };
        Observation { at: FrameTime(7), size: (640, 480), faces: 1, frame_brightness: 0.5, face: Some(face) }
    }

    fn read(seen: &Observation) -> Reading {
        Reading::of(seen).expect("a face")
    }

    #[test]
    fn a_head_that_only_leans_reads_the_same() {
        let upright = read(&face(0.0, [0.0; 2]));
        for roll in [-40.0, -10.0, 25.0, 60.0] {
            let leaning = read(&face(roll, [0.0; 2]));
            for (a, b) in [
                (leaning.nose_x, upright.nose_x),
                (leaning.nose_y, upright.nose_y),
                (leaning.lips, upright.lips),
                (leaning.proportion, upright.proportion),
                (leaning.scale / 100.0, upright.scale / 100.0),
                (leaning.shape_change(&upright), 0.0),
            ] {
                assert!((a - b).abs() < 1e-3, "{roll}: {a} {b}");
            }
        }
    }

    #[test]
    fn the_nose_goes_where_the_subject_turns_to() {
        let rest = read(&face(0.0, [0.0; 2]));
        let (left, down) = (read(&face(0.0, [20.0, 0.0])), read(&face(0.0, [0.0, 20.0])));
        assert!((left.nose_x - rest.nose_x - 20.0 / 140.0).abs() < 1e-4 && left.nose_y == rest.nose_y);
        assert!((down.nose_y - rest.nose_y - 20.0 / 140.0).abs() < 1e-4 && down.nose_x == rest.nose_x);
    }

    #[test]
    fn what_is_no_face_is_not_read() {
        let good = face(0.0, [0.0; 2]);
        let with = |change: fn(&mut FaceSeen)| {
            let mut seen = good.clone();
            seen.face.iter_mut().for_each(change);
            Reading::of(&seen)
        };
        assert!(with(|_| ()).is_some());
        assert_eq!(with(|face| face.landmarks.clear()), None);
        assert_eq!(with(|face| face.landmarks.fill([f32::NAN; 3])), None);
        assert_eq!(with(|face| face.landmarks.fill([100.0; 3])), None);
        assert_eq!(with(|face| face.pose.yaw = f32::INFINITY), None);
        assert_eq!(with(|face| face.landmarks[points::CHIN] = [f32::NAN; 3]), None);
        assert_eq!(Reading::of(&Observation { face: None, ..good.clone() }), None);
    }
}
