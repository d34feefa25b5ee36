//! Which way the head points.
//!
//! The points of the mesh that no muscle moves (forehead, bridge and tip of the nose, corners of the eyes, temples, edges of
//! the cheeks) are compared with a mean head that faces the camera; the rotation between the two is the pose. Chin, mouth
//! and brows are left out, so that an open mouth is no nod.
//!
//! The mean head: the mesh network's answers for 18 people, brought together by generalised Procrustes analysis, made
//! symmetric, and turned so that the edge of the forehead and the chin are equally far away. Pitch is zero in that position;
//! a person's own rest differs from it by up to ten degrees, which is why the liveness signals are relative to the person's
//! baseline.

use jianzai_liveness::Pose;

/// The pose of a head from its 478 points; none if they are no face.
pub(crate) fn of(points: &[[f32; 3]]) -> Option<Pose> {
    let [[right_x, ..], [right_y, ..], [right_z, down_z, back_z]] = rotation_from_mean(points)?;
    // Where the camera is, seen from the head: this is what turning and nodding change, however the head lies in the
    // picture. What is left is the lean.
    Some(Pose {
        yaw: right_z.clamp(-1.0, 1.0).asin().to_degrees(),
        pitch: (-down_z).atan2(back_z).to_degrees(),
        roll: right_y.atan2(right_x).to_degrees(),
    })
}

/// The rotation that brings the mean head nearest to the points: the orthogonal part of their covariance (Kabsch), found by
/// Newton's iteration, which converges quadratically for anything as far from flat as a face.
fn rotation_from_mean(points: &[[f32; 3]]) -> Option<Matrix> {
    let mut seen = [[0.0; 3]; MEAN_HEAD.len()];
    for (seen, (index, _)) in seen.iter_mut().zip(MEAN_HEAD) {
        *seen = *points.get(usize::from(index))?;
    }
    let count = MEAN_HEAD.len() as f32;
    let centre: [f32; 3] = std::array::from_fn(|axis| seen.iter().map(|p| p[axis]).sum::<f32>() / count);
    let mut matrix = [[0.0; 3]; 3];
    for (seen, (_, mean)) in seen.iter().zip(MEAN_HEAD) {
        for (row, sum) in matrix.iter_mut().enumerate() {
            for (column, sum) in sum.iter_mut().enumerate() {
                *sum += (seen[row] - centre[row]) * mean[column];
            }
        }
    }
    let size = matrix.iter().flatten().map(|v| v * v).sum::<f32>().sqrt();
    matrix = matrix.map(|row| row.map(|v| v / size));
    for _ in 0..STEPS {
        let inverse = inverse_transposed(&matrix)?;
        for (row, other) in matrix.iter_mut().zip(inverse) {
            row.iter_mut().zip(other).for_each(|(v, other)| *v = (*v + other) / 2.0);
        }
    }
    matrix.iter().flatten().all(|v| v.is_finite()).then_some(matrix)
}

const STEPS: usize = 16;

type Matrix = [[f32; 3]; 3];

/// None if the points lie in a plane or are mirrored: then they are no face.
fn inverse_transposed(m: &Matrix) -> Option<Matrix> {
    let cofactors = [cross(m[1], m[2]), cross(m[2], m[0]), cross(m[0], m[1])];
    let determinant = dot(m[0], cofactors[0]);
    (determinant > 1e-7).then(|| cofactors.map(|row| row.map(|v| v / determinant)))
}

fn dot(p: [f32; 3], q: [f32; 3]) -> f32 {
    p[0] * q[0] + p[1] * q[1] + p[2] * q[2]
}

fn cross(p: [f32; 3], q: [f32; 3]) -> [f32; 3] {
    [p[1] * q[2] - p[2] * q[1], p[2] * q[0] - p[0] * q[2], p[0] * q[1] - p[1] * q[0]]
}

/// Points of the mesh and where they lie on the mean head: x to the right in the frame, y down, z away from the camera; the
/// root of their mean square distance from their centre is 1.
const MEAN_HEAD: [(u16, [f32; 3]); 37] = [
    (10, [0.000, -0.756, -0.284]),
    (151, [0.000, -0.527, -0.360]),
    (9, [0.000, -0.282, -0.425]),
    (8, [0.000, -0.145, -0.413]),
    (168, [0.000, -0.009, -0.417]),
    (6, [0.000, 0.110, -0.500]),
    (197, [0.000, 0.214, -0.591]),
    (195, [0.000, 0.306, -0.687]),
    (5, [0.000, 0.405, -0.788]),
    (4, [0.000, 0.532, -0.838]),
    (1, [0.000, 0.637, -0.811]),
    (33, [-0.695, 0.062, -0.058]),
    (263, [0.695, 0.062, -0.058]),
    (133, [-0.270, 0.077, -0.144]),
    (362, [0.270, 0.077, -0.144]),
    (127, [-1.110, 0.224, 0.742]),
    (356, [1.110, 0.224, 0.742]),
    (234, [-1.101, 0.459, 0.800]),
    (454, [1.101, 0.459, 0.800]),
    (93, [-1.086, 0.696, 0.791]),
    (323, [1.086, 0.696, 0.791]),
    (54, [-0.947, -0.441, 0.211]),
    (284, [0.947, -0.441, 0.211]),
    (103, [-0.766, -0.530, -0.063]),
    (333, [0.766, -0.530, -0.063]),
    (67, [-0.560, -0.696, -0.157]),
    (297, [0.560, -0.696, -0.157]),
    (109, [-0.301, -0.746, -0.258]),
    (338, [0.301, -0.746, -0.258]),
    (21, [-1.042, -0.248, 0.397]),
    (251, [1.042, -0.248, 0.397]),
    (162, [-1.092, -0.033, 0.594]),
    (389, [1.092, -0.033, 0.594]),
    (116, [-1.002, 0.361, 0.121]),
    (345, [1.002, 0.361, 0.121]),
    (123, [-0.986, 0.573, 0.081]),
    (352, [0.986, 0.573, 0.081]),
];

#[cfg(test)]
mod tests {
    use super::*;

    /// The mean head, turned: first nodding, then turning, then leaning, each as [`Pose`] has it.
    fn head(yaw: f32, pitch: f32, roll: f32) -> Vec<[f32; 3]> {
        let spin = |p: f32, q: f32, degrees: f32| {
            let (sin, cos) = degrees.to_radians().sin_cos();
            (p * cos - q * sin, p * sin + q * cos)
        };
        let mut points = vec![[0.0; 3]; 478];
        for (index, [x, y, z]) in MEAN_HEAD {
            let (y, z) = spin(y, z, -pitch);
            let (x, z) = spin(x, z, yaw);
            let (x, y) = spin(x, y, roll);
            points[usize::from(index)] = [x * 90.0 + 200.0, y * 90.0 + 140.0, z * 90.0 - 20.0];
        }
        points
    }

    #[test]
    fn turns_nods_and_leans_are_read_with_their_signs() {
        for yaw in [-40.0, -21.0, 0.0, 8.0, 35.0] {
            for pitch in [-25.0, 0.0, 18.0] {
                for roll in [-90.0, -20.0, 0.0, 33.0, 90.0, 170.0] {
                    let pose = of(&head(yaw, pitch, roll)).unwrap();
                    let near = |p: f32, q: f32| (p - q).abs() < 0.05;
                    assert!(near(pose.yaw, yaw) && near(pose.pitch, pitch) && near(pose.roll, roll), "{pose:?}");
                }
            }
        }
    }

    #[test]
    fn the_signs_are_those_of_the_frame() {
        let tip = |points: &[[f32; 3]]| points[4];
        let rest = head(0.0, 0.0, 0.0);
        assert!(tip(&head(20.0, 0.0, 0.0))[0] > tip(&rest)[0] + 5.0, "turned left, the nose moves right in the frame");
        assert!(tip(&head(0.0, 20.0, 0.0))[1] < tip(&rest)[1] - 5.0, "looking up, the nose moves up");
        assert!(head(0.0, 0.0, 20.0)[10][0] > rest[10][0] + 5.0, "leaning clockwise, the forehead moves right");
    }

    #[test]
    fn what_is_no_face_has_no_pose() {
        assert!(of(&[]).is_none());
        assert!(of(&[[1.0, 2.0, 3.0]; 478]).is_none());
        let mirrored: Vec<_> = head(5.0, 0.0, 0.0).into_iter().map(|[x, y, z]| [x, y, -z]).collect();
        assert!(of(&mirrored).is_none());
        assert!(of(&[[f32::NAN; 3]; 478]).is_none());
    }
}
