//! What is done to pictures: sampling, mixing, noise. Coordinates are pixels, the centre of the first is (0, 0).

use image::{Rgb, RgbImage};
use rand::RngExt as _;
use rand::rngs::StdRng;

/// Bilinear sample; beyond the edge lies the nearest pixel.
pub fn sample(picture: &RgbImage, x: f32, y: f32) -> [f32; 3] {
    let (right, bottom) = (picture.width() as f32 - 1.0, picture.height() as f32 - 1.0);
    let (x, y) = (x.clamp(0.0, right), y.clamp(0.0, bottom));
    let (x0, y0) = (x as u32, y as u32);
    let (x1, y1) = ((x0 + 1).min(picture.width() - 1), (y0 + 1).min(picture.height() - 1));
    let (fx, fy) = (x - x0 as f32, y - y0 as f32);
    let [p, q, r, s] = [(x0, y0), (x1, y0), (x0, y1), (x1, y1)].map(|(x, y)| picture.get_pixel(x, y).0.map(f32::from));
    std::array::from_fn(|c| {
        let (upper, lower) = (p[c] + fx * (q[c] - p[c]), r[c] + fx * (s[c] - r[c]));
        upper + fy * (lower - upper)
    })
}

/// A new picture, pixel by pixel.
pub fn painted(size: (u32, u32), mut colour: impl FnMut(f32, f32) -> [f32; 3]) -> RgbImage {
    RgbImage::from_fn(size.0, size.1, |x, y| Rgb(bytes(colour(x as f32, y as f32))))
}

/// Changes every pixel in place.
pub fn change(picture: &mut RgbImage, mut colour: impl FnMut(f32, f32, [f32; 3]) -> [f32; 3]) {
    for (x, y, pixel) in picture.enumerate_pixels_mut() {
        pixel.0 = bytes(colour(x as f32, y as f32, pixel.0.map(f32::from)));
    }
}

fn bytes(colour: [f32; 3]) -> [u8; 3] {
    colour.map(|value| value.round().clamp(0.0, 255.0) as u8)
}

/// Adds a sensor's noise of standard deviation `sigma` (0 to 255).
pub fn noise(picture: &mut RgbImage, sigma: f32, dice: &mut StdRng) {
    // The sum of two even ones has a standard deviation of 1 / sqrt(6).
    let scale = sigma * 6.0_f32.sqrt() / 65_536.0;
    for pixel in picture.pixels_mut() {
        let bits: u64 = dice.random();
        let draw = |shift: u32| ((bits >> shift) & 0xffff) as f32 - ((bits >> (shift + 16)) & 0xffff) as f32;
        // One draw for brightness, one for colour, as a sensor's noise mostly is in both.
        let (luma, chroma) = (draw(0) * scale, draw(32) * scale * 0.5);
        let [r, g, b] = pixel.0.map(f32::from);
        pixel.0 = bytes([r + luma + chroma, g + luma, b + luma - chroma]);
    }
}

/// 0 up to `from`, 1 from `to` on, smooth between.
pub fn ramp(value: f32, from: f32, to: f32) -> f32 {
    let part = ((value - from) / (to - from)).clamp(0.0, 1.0);
    part * part * (3.0 - 2.0 * part)
}

/// Mixes `part` of `other` into `one`.
pub fn mix(one: [f32; 3], other: [f32; 3], part: f32) -> [f32; 3] {
    std::array::from_fn(|c| one[c] + (other[c] - one[c]) * part)
}

/// The luma of a colour.
pub fn luma([r, g, b]: [f32; 3]) -> f32 {
    0.299 * r + 0.587 * g + 0.114 * b
}

/// Where a face is: middle of its points, half its width, half its height.
pub fn face_ellipse(points: &[[f32; 3]]) -> ([f32; 2], [f32; 2]) {
    let (mut low, mut high) = ([f32::INFINITY; 2], [f32::NEG_INFINITY; 2]);
    for point in points {
        for axis in 0..2 {
            low[axis] = low[axis].min(point[axis]);
            high[axis] = high[axis].max(point[axis]);
        }
    }
    let middle = std::array::from_fn(|axis| (low[axis] + high[axis]) / 2.0);
    (middle, std::array::from_fn(|axis| ((high[axis] - low[axis]) / 2.0).max(1.0)))
}

/// How far a pixel lies from the middle of a face: 1 at the edge of its ellipse.
pub fn from_face(([cx, cy], [w, h]): ([f32; 2], [f32; 2]), x: f32, y: f32) -> f32 {
    ((x - cx) / w).hypot((y - cy) / h)
}
