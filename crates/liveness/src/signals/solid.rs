//! Is what turns a head, or a sheet with a face on it?
//!
//! **In**: the [`Reading`]s of a face at rest, then one of a movement. **Out**: how long the face has become along the way that
//! its depth comes to light, over what it has become across. The mesh gives the face at rest in space, and the map from there
//! to the picture that fits its points best says what became of length, height and depth. Of a body that turns, what gets
//! shorter comes back as depth: 1, whichever way it turns. A sheet has next to no depth: to make its nose stand out it must
//! be bent, and tilted by far more, and so gets shorter along the tilt. **What can go wrong**: a mesh without depth, nothing
//! that turns, or points that make no sense: none.

use super::median;
use super::reading::{RIGID, Reading};

/// Less of its size than this in its thinnest direction, and points lie in a plane (as a part of the volume that they would
/// fill if they went as far in every direction). The mesh of a face has about 0.2.
const THICK: f32 = 0.01;

/// A face at rest, as a body in space.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Solid {
    /// Its points about their middle, each through the inverse of their moments: with the points of another view, summed,
    /// they give the map from here to there.
    weights: [[f32; 3]; RIGID.len()],
}

impl Solid {
    /// The median of what was read at rest; none if that is nothing, or flat.
    pub fn learn(readings: &[Reading]) -> Option<Self> {
        let mut points = [[0.0; 3]; RIGID.len()];
        for (place, point) in points.iter_mut().enumerate() {
            for (axis, value) in point.iter_mut().enumerate() {
                let known = |reading: &Reading| reading.shape.get(place).and_then(|point| point.get(axis)).copied();
                *value = median(readings.iter().filter_map(known))?;
            }
        }
        let points = centred(points);
        let inverse = inverse(moments(&points))?;
        Some(Self { weights: points.map(|point| inverse.map(|row| dot(row, point))) })
    }

    /// How long the face is along the way that its depth comes to light, over across it, both over their length at rest.
    pub fn stretch(&self, seen: &Reading) -> Option<f32> {
        let points = centred(seen.shape);
        // How what lies along a direction of the picture draws on the body's length, height and depth.
        let drawn = |direction: [f32; 2]| {
            let mut from = [0.0_f32; 3];
            for (weight, point) in self.weights.iter().zip(&points) {
                let length = point[0] * direction[0] + point[1] * direction[1];
                from.iter_mut().zip(weight).for_each(|(sum, weight)| *sum += weight * length);
            }
            from
        };
        let depth = [drawn([1.0, 0.0])[2], drawn([0.0, 1.0])[2]];
        let far = depth[0].hypot(depth[1]);
        let (x, y) = (depth[0] / far, depth[1] / far);
        let size = |from: [f32; 3]| dot(from, from).sqrt();
        Some(size(drawn([x, y])) / size(drawn([-y, x]))).filter(|stretch| stretch.is_finite())
    }
}

fn dot(p: [f32; 3], q: [f32; 3]) -> f32 {
    p[0] * q[0] + p[1] * q[1] + p[2] * q[2]
}

fn cross(p: [f32; 3], q: [f32; 3]) -> [f32; 3] {
    [p[1] * q[2] - p[2] * q[1], p[2] * q[0] - p[0] * q[2], p[0] * q[1] - p[1] * q[0]]
}

/// Points about their middle.
fn centred(points: [[f32; 3]; RIGID.len()]) -> [[f32; 3]; RIGID.len()] {
    let middle = |axis: fn(&[f32; 3]) -> f32| points.iter().map(axis).sum::<f32>() / points.len() as f32;
    let middle = [middle(|point| point[0]), middle(|point| point[1]), middle(|point| point[2])];
    points.map(|point| [point[0] - middle[0], point[1] - middle[1], point[2] - middle[2]])
}

/// The sums of the products of their coordinates.
fn moments(points: &[[f32; 3]; RIGID.len()]) -> [[f32; 3]; 3] {
    let sum = |row: fn(&[f32; 3]) -> f32| {
        points.iter().fold([0.0; 3], |sum, point| {
            let part = row(point);
            [sum[0] + part * point[0], sum[1] + part * point[1], sum[2] + part * point[2]]
        })
    };
    [sum(|point| point[0]), sum(|point| point[1]), sum(|point| point[2])]
}

/// The inverse of moments; none of points in a plane.
fn inverse([p, q, r]: [[f32; 3]; 3]) -> Option<[[f32; 3]; 3]> {
    let volume = dot(p, cross(q, r));
    let size = (p[0] + q[1] + r[2]) / 3.0;
    // Written so that what is no number is flat as well.
    let solid = volume > THICK * size.powi(3);
    solid.then(|| [cross(q, r), cross(r, p), cross(p, q)].map(|row| row.map(|value| value / volume)))
}

#[cfg(test)]
mod tests {
    use jianzai_wire::FrameTime;
    use proptest::prelude::*;

    use super::*;
    use crate::limits;

    /// A head in the order of [`RIGID`], in half widths: to the left, down, towards the camera.
    const HEAD: [[f32; 3]; RIGID.len()] = [
        [0.0, 0.12, 1.45],
        [0.0, 0.35, 1.2],
        [0.0, -0.9, 0.9],
        [0.0, -0.25, 1.05],
        [1.0, 0.0, 0.0],
        [-1.0, 0.0, 0.0],
        [-0.62, -0.2, 0.65],
        [-0.22, -0.18, 0.85],
        [0.62, -0.2, 0.65],
        [0.22, -0.18, 0.85],
    ];

    /// Turned to the left by `yaw`, then up by `pitch`, in degrees.
    fn turned([x, y, z]: [f32; 3], yaw: f32, pitch: f32) -> [f32; 3] {
        let (s, c) = yaw.to_radians().sin_cos();
        let (x, z) = (x * c + z * s, z * c - x * s);
        let (s, c) = pitch.to_radians().sin_cos();
        [x, y * c - z * s, z * c + y * s]
    }

    /// A picture of the head on a sheet round a cylinder of this radius, upright or lying.
    fn on_a_sheet([x, y, _]: [f32; 3], radius: f32, upright: bool) -> [f32; 3] {
        let round = |u: f32| (radius * (u / radius).sin(), radius * (u / radius).cos());
        if upright {
            let (x, z) = round(x);
            [x, y, z]
        } else {
            let (y, z) = round(y);
            [x, y, z]
        }
    }

    /// What is read of points in space, along the eyes; the mesh takes whatever it sees for a head, so depth is the head's.
    fn read(points: [[f32; 3]; RIGID.len()]) -> Reading {
        let (right, left) = (points[6], points[8]);
        let eyes = (left[0] - right[0]).hypot(left[1] - right[1]);
        let along = [(left[0] - right[0]) / eyes, (left[1] - right[1]) / eyes];
        let mut shape = [[0.0; 3]; RIGID.len()];
        for ((place, point), head) in shape.iter_mut().zip(points).zip(HEAD) {
            let (x, y) = (point[0] / eyes, point[1] / eyes);
            *place = [x * along[0] + y * along[1], y * along[0] - x * along[1], -head[2] / eyes];
        }
        let (l, r, nose) = (shape[4], shape[5], shape[0]);
        let width = (l[0] - r[0]).hypot(l[1] - r[1]);
        Reading {
            at: FrameTime(0),
            yaw: 0.0,
            pitch: 0.0,
            nose_x: (nose[0] - (l[0] + r[0]) / 2.0) / width,
            nose_y: (nose[1] - (l[1] + r[1]) / 2.0) / width,
            jaw: 0.0,
            lips: 0.0,
            blink: 0.0,
            proportion: 1.0,
            centre: [0.0; 2],
            scale: 1.0,
            shape,
        }
    }

    fn stretch(rest: &Reading, moved: &Reading) -> f32 {
        Solid::learn(&[*rest; 5]).and_then(|solid| solid.stretch(moved)).expect("a stretch")
    }

    proptest! {
        #[test]
        fn a_head_keeps_its_length_whichever_way_it_turns(
            yaw in -25.0_f32..25.0, pitch in -20.0_f32..20.0, rest_yaw in -8.0_f32..8.0, rest_pitch in -8.0_f32..8.0,
        ) {
            prop_assume!(yaw.hypot(pitch) > 8.0);
            let rest = HEAD.map(|point| turned(point, rest_yaw, rest_pitch));
            // What the mesh says of its depth is right at rest.
            let mut at_rest = read(rest);
            let eyes = (rest[8][0] - rest[6][0]).hypot(rest[8][1] - rest[6][1]);
            at_rest.shape.iter_mut().zip(rest).for_each(|(place, point)| place[2] = -point[2] / eyes);
            let moved = read(rest.map(|point| turned(point, yaw, pitch)));
            let stretch = stretch(&at_rest, &moved);
            prop_assert!((stretch - 1.0).abs() < 0.01, "{stretch}");
        }

        #[test]
        fn any_numbers_are_borne(values in prop::array::uniform10(prop::array::uniform3(any::<f32>()))) {
            let odd = Reading { shape: values, ..read(HEAD) };
            let _ = Solid::learn(&[odd; 3]).map(|solid| solid.stretch(&odd));
            let solid = Solid::learn(&[read(HEAD)]).expect("a body");
            prop_assert!(solid.stretch(&odd).is_none_or(f32::is_finite));
        }
    }

    /// The greatest length that is left of a sheet when its nose first stands out as in a full movement, tilted any way; and how
    /// many ways of tilting got so far.
    fn longest(radius: f32, upright: bool) -> (f32, usize) {
        let sheet = HEAD.map(|point| on_a_sheet(point, radius, upright));
        let rest = read(sheet);
        let lengths = (0..360).step_by(5).filter_map(|way| {
            let (sin, cos) = (way as f32).to_radians().sin_cos();
            let tilted = |degrees: i32| {
                let tilt = degrees as f32;
                read(sheet.map(|point| turned(point, tilt * cos, tilt * sin)))
            };
            let stands_out = |moved: &Reading| {
                (moved.nose_x - rest.nose_x).abs() > 0.12 || (moved.nose_y - rest.nose_y).abs() > 0.11
            };
            let moved = (2..60).map(tilted).find(stands_out)?;
            Some(stretch(&rest, &moved))
        });
        let lengths: Vec<f32> = lengths.collect();
        (lengths.iter().copied().fold(0.0, f32::max), lengths.len())
    }

    #[test]
    fn a_sheet_gets_shorter_before_its_nose_stands_out() {
        for radius in [1.5, 2.0, 3.0] {
            let (length, reached) = longest(radius, true);
            assert!(reached > 0 && length < limits::SHORTENED_NOD_DOUBTED, "{radius}: {length}, {reached} ways");
        }
        // Rolled closer, and only nodded, it is as long as a head.
        let (length, _) = longest(1.2, true);
        assert!((limits::SHORTENED_NOD_DOUBTED..limits::SHORTENED_TURN_DOUBTED).contains(&length), "{length}");
        // Flatter, or bent about a level axis, it never gets so far by tilting.
        for (radius, upright) in [(5.0, true), (20.0, true), (1.2, false), (3.0, false)] {
            assert_eq!(longest(radius, upright).1, 0, "{radius} {upright}");
        }
    }

    #[test]
    fn what_is_flat_or_nothing_is_no_body() {
        let mut flat = read(HEAD);
        flat.shape.iter_mut().for_each(|point| point[2] = 0.3);
        assert_eq!((Solid::learn(&[flat; 5]), Solid::learn(&[])), (None, None));
    }
}
