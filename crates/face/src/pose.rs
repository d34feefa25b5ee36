//! Which way the head points.

use jianzai_liveness::Pose;

/// The pose of a head from its 478 points; none if they do not span a face.
pub(crate) fn of(points: &[[f32; 3]]) -> Option<Pose> {
    let between = |p: usize, q: usize| -> Option<[f32; 3]> {
        let (p, q) = (points.get(p)?, points.get(q)?);
        Some([q[0] - p[0], q[1] - p[1], q[2] - p[2]])
    };
    let x = unit(between(234, 454)?)?;
    let y = between(10, 152)?;
    let along = dot(x, y);
    let y = unit([y[0] - x[0] * along, y[1] - x[1] * along, y[2] - x[2] * along])?;
    let forward = cross(y, x);
    Some(Pose {
        yaw: forward[0].atan2(-forward[2]).to_degrees(),
        pitch: (-forward[1]).clamp(-1.0, 1.0).asin().to_degrees(),
        roll: x[1].atan2(x[0]).to_degrees(),
    })
}

fn dot(p: [f32; 3], q: [f32; 3]) -> f32 {
    p[0] * q[0] + p[1] * q[1] + p[2] * q[2]
}

fn cross(p: [f32; 3], q: [f32; 3]) -> [f32; 3] {
    [p[1] * q[2] - p[2] * q[1], p[2] * q[0] - p[0] * q[2], p[0] * q[1] - p[1] * q[0]]
}

fn unit(p: [f32; 3]) -> Option<[f32; 3]> {
    let norm = dot(p, p).sqrt();
    (norm > 1e-6 && norm.is_finite()).then(|| [p[0] / norm, p[1] / norm, p[2] / norm])
}
