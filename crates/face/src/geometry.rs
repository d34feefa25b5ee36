//! Plane geometry: maps between a crop and the frame.

use jianzai_liveness::Rect;

/// x' = a x + b y + c, y' = d x + e y + f.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Affine {
    pub(crate) a: f32,
    pub(crate) b: f32,
    pub(crate) c: f32,
    pub(crate) d: f32,
    pub(crate) e: f32,
    pub(crate) f: f32,
}

impl Affine {
    /// Where a point goes.
    pub(crate) fn apply(&self, x: f32, y: f32) -> (f32, f32) {
        (self.a * x + self.b * y + self.c, self.d * x + self.e * y + self.f)
    }

    /// Maps pixel centres of a crop of `width` x `height` to the box `rect` of the frame.
    pub(crate) fn of_box(rect: &Rect, width: u32, height: u32) -> Self {
        let (sx, sy) = ((rect.x1 - rect.x0) / width as f32, (rect.y1 - rect.y0) / height as f32);
        Self { a: sx, b: 0.0, c: rect.x0 + 0.5 * sx - 0.5, d: 0.0, e: sy, f: rect.y0 + 0.5 * sy - 0.5 }
    }

    /// The same for a box whose content is turned: the crop shows it upright.
    pub(crate) fn of_turned_box(rect: &Rect, width: u32, height: u32, quarters: Quarters) -> Self {
        let (cx, cy) = ((rect.x0 + rect.x1) / 2.0, (rect.y0 + rect.y1) / 2.0);
        let (across, down) = quarters.swapped(rect.x1 - rect.x0, rect.y1 - rect.y0);
        let (sx, sy) = (across / width as f32, down / height as f32);
        // The crop's right and down, in the frame.
        let ((rx, ry), (dx, dy)) = (quarters.turned(1.0, 0.0), quarters.turned(0.0, 1.0));
        let (x0, y0) = (0.5 * sx - across / 2.0, 0.5 * sy - down / 2.0);
        Self {
            a: rx * sx,
            b: dx * sy,
            c: cx + rx * x0 + dx * y0 - 0.5,
            d: ry * sx,
            e: dy * sy,
            f: cy + ry * x0 + dy * y0 - 0.5,
        }
    }

    /// The similarity (turn, scale, shift) that brings `from` as near as possible to `to`, in the sense of least squares.
    /// None if the points of `from` coincide.
    pub(crate) fn similarity<const N: usize>(from: &[[f32; 2]; N], to: &[[f32; 2]; N]) -> Option<Self> {
        let mean = |points: &[[f32; 2]; N], axis: usize| points.iter().map(|p| p[axis]).sum::<f32>() / N as f32;
        let (fx, fy, tx, ty) = (mean(from, 0), mean(from, 1), mean(to, 0), mean(to, 1));
        let (mut along, mut across, mut spread) = (0.0, 0.0, 0.0);
        for (p, q) in from.iter().zip(to) {
            let (px, py, qx, qy) = (p[0] - fx, p[1] - fy, q[0] - tx, q[1] - ty);
            along += px * qx + py * qy;
            across += px * qy - py * qx;
            spread += px * px + py * py;
        }
        if spread <= f32::EPSILON || !spread.is_finite() {
            return None;
        }
        let (cos, sin) = (along / spread, across / spread);
        Some(Self { a: cos, b: -sin, c: tx - cos * fx + sin * fy, d: sin, e: cos, f: ty - sin * fx - cos * fy })
    }
}

/// How something lies in the frame, to the nearest quarter of a turn, clockwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Quarters {
    /// Upright.
    None,
    /// Its top points to the right.
    One,
    /// Upside down.
    Two,
    /// Its top points to the left.
    Three,
}

impl Quarters {
    /// Of a head that leans by so many degrees.
    pub(crate) fn of_lean(degrees: f32) -> Self {
        match ((degrees / 90.0).round() as i32).rem_euclid(4) {
            1 => Self::One,
            2 => Self::Two,
            3 => Self::Three,
            _ => Self::None,
        }
    }

    /// A direction of what is upright, as it lies in the frame.
    pub(crate) fn turned(self, x: f32, y: f32) -> (f32, f32) {
        match self {
            Self::None => (x, y),
            Self::One => (-y, x),
            Self::Two => (-x, -y),
            Self::Three => (y, -x),
        }
    }

    /// A direction of the frame, as whoever lies there has it.
    pub(crate) fn upright(self, x: f32, y: f32) -> (f32, f32) {
        match self {
            Self::One => Self::Three.turned(x, y),
            Self::Three => Self::One.turned(x, y),
            Self::None | Self::Two => self.turned(x, y),
        }
    }

    /// Width and height, exchanged where what lies there is on its side.
    pub(crate) fn swapped<T>(self, width: T, height: T) -> (T, T) {
        match self {
            Self::None | Self::Two => (width, height),
            Self::One | Self::Three => (height, width),
        }
    }
}

/// A square of the frame, turned.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Region {
    /// Centre, pixels.
    pub(crate) cx: f32,
    /// Centre, pixels.
    pub(crate) cy: f32,
    /// Side, pixels.
    pub(crate) side: f32,
    /// Clockwise in the frame, radians.
    pub(crate) turn: f32,
}

impl Region {
    /// The square around a box, `factor` times its longer side, turned so that the line from `p` to `q` is level.
    pub(crate) fn around(rect: &Rect, factor: f32, p: (f32, f32), q: (f32, f32)) -> Self {
        Self {
            cx: (rect.x0 + rect.x1) / 2.0,
            cy: (rect.y0 + rect.y1) / 2.0,
            side: (rect.x1 - rect.x0).max(rect.y1 - rect.y0) * factor,
            turn: (q.1 - p.1).atan2(q.0 - p.0),
        }
    }

    /// Maps pixels of a crop of `size` x `size` to the frame. The crop's (0, 0) is the square's corner.
    pub(crate) fn to_frame(self, size: u32) -> Affine {
        let scale = self.side / size as f32;
        let (sin, cos) = self.turn.sin_cos();
        let (sin, cos) = (sin * scale, cos * scale);
        let half = size as f32 / 2.0;
        Affine { a: cos, b: -sin, c: self.cx - half * (cos - sin), d: sin, e: cos, f: self.cy - half * (sin + cos) }
    }
}

/// What two boxes share, over their union.
pub(crate) fn overlap(p: &Rect, q: &Rect) -> f32 {
    let width = (p.x1.min(q.x1) - p.x0.max(q.x0)).max(0.0);
    let height = (p.y1.min(q.y1) - p.y0.max(q.y0)).max(0.0);
    let area = |r: &Rect| (r.x1 - r.x0) * (r.y1 - r.y0);
    let shared = width * height;
    shared / (area(p) + area(q) - shared).max(1e-9)
}

/// The tight box around points.
pub(crate) fn bounds(points: &[[f32; 3]]) -> Rect {
    let start = Rect { x0: f32::MAX, y0: f32::MAX, x1: f32::MIN, y1: f32::MIN };
    points.iter().fold(start, |r, p| Rect {
        x0: r.x0.min(p[0]),
        y0: r.y0.min(p[1]),
        x1: r.x1.max(p[0]),
        y1: r.y1.max(p[1]),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_similarity_is_found_again() {
        let truth = Affine { a: 0.8, b: -0.6, c: 12.0, d: 0.6, e: 0.8, f: -3.0 };
        let from = [[0.0, 0.0], [10.0, 2.0], [4.0, 9.0], [7.0, -5.0]];
        let to = from.map(|[x, y]| <[f32; 2]>::from(truth.apply(x, y)));
        let found = Affine::similarity(&from, &to).unwrap();
        for [x, y] in [[1.0, 2.0], [-30.0, 44.0]] {
            let ((ax, ay), (bx, by)) = (truth.apply(x, y), found.apply(x, y));
            assert!((ax - bx).abs() < 1e-3 && (ay - by).abs() < 1e-3, "{found:?}");
        }
        assert_eq!(Affine::similarity(&[[3.0, 3.0]; 2], &[[0.0, 0.0], [1.0, 1.0]]), None);
    }

    #[test]
    fn a_turned_box_is_shown_upright() {
        let rect = Rect { x0: 10.0, y0: 20.0, x1: 50.0, y1: 80.0 };
        assert_eq!(Affine::of_turned_box(&rect, 32, 48, Quarters::None), Affine::of_box(&rect, 32, 48));
        // Where the crop's upper left corner lies in the frame.
        for (lean, corner) in
            [(95.0, (50.0, 20.0)), (-80.0, (10.0, 80.0)), (180.0, (50.0, 80.0)), (-44.0, (10.0, 20.0))]
        {
            let map = Affine::of_turned_box(&rect, 32, 48, Quarters::of_lean(lean));
            let (x, y) = map.apply(-0.5, -0.5);
            assert!((x + 0.5 - corner.0).abs() < 1e-3 && (y + 0.5 - corner.1).abs() < 1e-3, "{lean}: {x} {y}");
            let (x, y) = map.apply(15.5, 23.5);
            assert!((x - 29.5).abs() < 1e-3 && (y - 49.5).abs() < 1e-3, "{lean}: the middle stays, {x} {y}");
        }
        for lean in [0.0, 90.0, 180.0, 270.0] {
            let quarters = Quarters::of_lean(lean);
            let (x, y) = quarters.turned(3.0, -2.0);
            assert_eq!(quarters.upright(x, y), (3.0, -2.0));
        }
    }

    #[test]
    fn a_region_maps_its_centre_and_corners() {
        let region = Region { cx: 50.0, cy: 40.0, side: 20.0, turn: std::f32::consts::FRAC_PI_2 };
        let map = region.to_frame(256);
        let (x, y) = map.apply(128.0, 128.0);
        assert!((x - 50.0).abs() < 1e-4 && (y - 40.0).abs() < 1e-4);
        // Turned clockwise by a quarter, the crop's upper left corner is the frame's upper right.
        let (x, y) = map.apply(0.0, 0.0);
        assert!((x - 60.0).abs() < 1e-4 && (y - 30.0).abs() < 1e-4, "{x} {y}");
    }
}
