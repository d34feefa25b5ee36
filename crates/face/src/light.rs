//! Brightness, back light and sharpness.

use image::RgbImage;
use jianzai_liveness::Rect;

use crate::geometry::{Affine, Quarters};
use crate::warp::luma;

/// Mean luma of the whole frame, 0 to 1, from a grid of about 64 x 48 samples.
pub(crate) fn of_frame(frame: &RgbImage) -> f32 {
    let whole = Rect { x0: 0.0, y0: 0.0, x1: frame.width() as f32, y1: frame.height() as f32 };
    mean(&luma(frame, &Affine::of_box(&whole, 64, 48), 64, 48)) / 255.0
}

/// Light on a face.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Light {
    /// Mean luma of the face, 0 to 1.
    pub(crate) face: f32,
    /// Mean luma of what surrounds it over that of the face.
    pub(crate) back: f32,
}

/// The ellipse inside the box is the face. Its surroundings are what lies left, right and above of it within twice the box:
/// below are clothes, which say nothing about where the light comes from. Left, right and above are those of the head.
pub(crate) fn of_face(frame: &RgbImage, face: &Rect, lies: Quarters) -> Light {
    const SIZE: usize = 48;
    let (w, h) = (face.x1 - face.x0, face.y1 - face.y0);
    let around = Rect { x0: face.x0 - w / 2.0, y0: face.y0 - h / 2.0, x1: face.x1 + w / 2.0, y1: face.y1 + h / 2.0 };
    let map = Affine::of_turned_box(&around, SIZE as u32, SIZE as u32, lies);
    let values = luma(frame, &map, SIZE, SIZE);
    let (mut inner, mut outer) = (Sum::default(), Sum::default());
    for (index, value) in values.into_iter().enumerate() {
        let (column, line) = (index % SIZE, index / SIZE);
        // From -1 to 1 across the doubled box; the face itself reaches to a half.
        let place = |at: usize| (at as f32 + 0.5) / SIZE as f32 * 2.0 - 1.0;
        let (x, y) = (place(column), place(line));
        let distance = (x * x + y * y) * 4.0;
        let (fx, fy) = map.apply(column as f32, line as f32);
        let in_frame = fx >= 0.0 && fy >= 0.0 && fx < frame.width() as f32 && fy < frame.height() as f32;
        if distance <= 1.0 {
            inner.add(value);
        } else if distance > 1.5 && y < 0.4 && in_frame {
            outer.add(value);
        }
    }
    let face = inner.mean();
    // A face that fills the frame has no surroundings.
    let back = if outer.count < 16 { 1.0 } else { outer.mean() / face.max(1.0) };
    Light { face: face / 255.0, back }
}

#[derive(Default)]
struct Sum {
    total: f32,
    count: u32,
}

impl Sum {
    fn add(&mut self, value: f32) {
        self.total += value;
        self.count += 1;
    }

    fn mean(&self) -> f32 {
        self.total / self.count.max(1) as f32
    }
}

/// Variance of the Laplacian of the face scaled to 128 pixels of height.
pub(crate) fn sharpness(frame: &RgbImage, face: &Rect, lies: Quarters) -> f32 {
    let Some(face) = Scaled::of(frame, face, lies) else { return 0.0 };
    let edges: Vec<f32> = face
        .inner(|[[_, up, _], [left, middle, right], [_, down, _]]| left + right + up + down - 4.0 * middle)
        .collect();
    variance(&edges)
}

/// What there is to see in a face, whatever its light.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Texture {
    /// Standard deviation of the luma over its mean: what has faded has less. The men of the footage have 0.21 to 0.29.
    pub contrast: f32,
    /// Standard deviation of the noise over that of the luma: that of film, paper and sensors. The footage has up to 0.014.
    pub grain: f32,
}

/// Contrast and grain of the face scaled to 128 pixels of height.
pub(crate) fn texture(frame: &RgbImage, face: &Rect, lies: Quarters) -> Texture {
    let Some(face) = Scaled::of(frame, face, lies) else { return Texture::default() };
    let spread = variance(&face.luma).sqrt().max(1e-3);
    // What is left of it where edges and slopes along both axes cancel out is mostly noise; the median passes over the rest.
    let mut left: Vec<f32> = face
        .inner(|[[a, b, c], [d, e, f], [g, h, i]]| (a + c + g + i + 4.0 * e - 2.0 * (b + d + f + h)).abs())
        .collect();
    left.sort_by(f32::total_cmp);
    let typical = left.get(left.len() / 2).copied().unwrap_or_default();
    // Noise of 1 in every pixel becomes 6; the median of its size is 0.6745 of its standard deviation.
    let noise = typical / (6.0 * 0.6745);
    Texture { contrast: spread / mean(&face.luma).max(1.0), grain: noise / spread }
}

/// The luma of a face, [`HEIGHT`] pixels high.
struct Scaled {
    luma: Vec<f32>,
    width: usize,
}

const HEIGHT: usize = 128;

impl Scaled {
    fn of(frame: &RgbImage, face: &Rect, lies: Quarters) -> Option<Self> {
        let (w, h) = lies.swapped(face.x1 - face.x0, face.y1 - face.y0);
        if w < 1.0 || h < 1.0 || !(w / h).is_finite() {
            return None;
        }
        let width = ((HEIGHT as f32 * w / h) as usize).clamp(16, 2 * HEIGHT);
        // A large face is averaged down, or the samples that were skipped would look like detail.
        let fold = ((h / HEIGHT as f32).round() as usize).clamp(1, 6);
        let map = Affine::of_turned_box(face, (width * fold) as u32, (HEIGHT * fold) as u32, lies);
        let luma = reduce(&luma(frame, &map, width * fold, HEIGHT * fold), width, HEIGHT, fold);
        Some(Self { luma, width })
    }

    /// Something made of every pixel and those around it, row above row.
    fn inner(&self, make: impl Fn([[f32; 3]; 3]) -> f32) -> impl Iterator<Item = f32> {
        let at = |x: usize, y: usize| self.luma.get(y * self.width + x).copied().unwrap_or_default();
        let around =
            move |x: usize, y: usize| [y - 1, y, y + 1].map(|line| [at(x - 1, line), at(x, line), at(x + 1, line)]);
        (1..HEIGHT - 1)
            .flat_map(move |y| (1..self.width - 1).map(move |x| (x, y)))
            .map(move |(x, y)| make(around(x, y)))
    }
}

fn variance(values: &[f32]) -> f32 {
    let middle = mean(values);
    values.iter().map(|value| (value - middle).powi(2)).sum::<f32>() / values.len().max(1) as f32
}

/// Averages squares of `fold` x `fold`.
fn reduce(values: &[f32], width: usize, height: usize, fold: usize) -> Vec<f32> {
    if fold == 1 {
        return values.to_vec();
    }
    let mut out = vec![0.0; width * height];
    let share = 1.0 / (fold * fold) as f32;
    for (line, row) in values.chunks_exact(width * fold).enumerate() {
        let start = line / fold * width;
        let target = out.get_mut(start..start + width).unwrap_or_default();
        for (out, group) in target.iter_mut().zip(row.chunks_exact(fold)) {
            *out += group.iter().sum::<f32>() * share;
        }
    }
    out
}

fn mean(values: &[f32]) -> f32 {
    values.iter().sum::<f32>() / values.len().max(1) as f32
}

#[cfg(test)]
mod tests {
    use image::Rgb;

    use super::*;

    const FACE: Rect = Rect { x0: 120.0, y0: 80.0, x1: 200.0, y1: 180.0 };

    fn scene(face: u8, around: u8) -> RgbImage {
        RgbImage::from_fn(320, 240, |x, y| {
            let inside = (120..200).contains(&x) && (80..180).contains(&y);
            Rgb([if inside { face } else { around }; 3])
        })
    }

    #[test]
    fn a_window_behind_the_face_is_back_light() {
        let light = of_face(&scene(60, 240), &FACE, Quarters::None);
        assert!((light.face - 60.0 / 255.0).abs() < 0.02, "{light:?}");
        assert!((light.back - 4.0).abs() < 0.4, "{light:?}");
        assert!((of_face(&scene(120, 120), &FACE, Quarters::None).back - 1.0).abs() < 0.01);
        assert!((of_frame(&scene(100, 100)) - 100.0 / 255.0).abs() < 0.01);
    }

    #[test]
    fn what_lies_beside_the_body_counts_and_what_lies_under_the_chin_does_not() {
        // Somebody whose chin points to the left, with a white sheet there; then with a window over their head.
        let bed = |bright: std::ops::Range<u32>| {
            let picture = RgbImage::from_fn(320, 240, |x, y| {
                let inside = (120..200).contains(&x) && (80..180).contains(&y);
                Rgb([if inside {
                    60
                } else if bright.contains(&x) {
                    240
                } else {
                    60
                }; 3])
            });
            of_face(&picture, &FACE, Quarters::One).back
        };
        assert!((bed(0..125) - 1.0).abs() < 0.05, "{}", bed(0..125));
        assert!(bed(195..320) > 1.5, "{}", bed(195..320));
    }

    #[test]
    fn a_blurred_face_is_less_sharp_at_every_size() {
        for scale in [1, 2, 4] {
            let grain = |x: u32, y: u32| ((x / scale * 37 + y / scale * 91).wrapping_mul(2_654_435_761) >> 24) as u8;
            let sharp = RgbImage::from_fn(320 * scale, 240 * scale, |x, y| Rgb([grain(x, y); 3]));
            let blurred = image::imageops::fast_blur(&sharp, 3.0 * scale as f32);
            let face = Rect {
                x0: FACE.x0 * scale as f32,
                y0: FACE.y0 * scale as f32,
                x1: FACE.x1 * scale as f32,
                y1: FACE.y1 * scale as f32,
            };
            let (high, low) = (sharpness(&sharp, &face, Quarters::None), sharpness(&blurred, &face, Quarters::None));
            assert!(high > 20.0 * low, "{scale}: {high} {low}");
        }
        assert_eq!(sharpness(&scene(9, 9), &FACE, Quarters::None), 0.0);
    }

    #[test]
    fn what_has_faded_has_less_contrast_in_any_light_and_grain_is_told_from_lines() {
        // Soft stripes, in so much light, around so high a level, with so much grain.
        let picture = |light: f32, level: f32, grain: f32| {
            let mut state = 1_u32;
            RgbImage::from_fn(320, 240, |x, y| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let wave = (x as f32 / 9.0).sin() * (y as f32 / 13.0).cos() * 60.0;
                let noise = (state >> 16) as f32 / 32_768.0 - 1.0;
                Rgb([((level + wave + noise * grain) * light).round().clamp(0.0, 255.0) as u8; 3])
            })
        };
        let [plain, dim, faded, grainy] = [(1.0, 110.0, 0.0), (0.5, 110.0, 0.0), (1.0, 180.0, 0.0), (1.0, 110.0, 12.0)]
            .map(|(light, level, grain)| texture(&picture(light, level, grain), &FACE, Quarters::None));
        assert!((plain.contrast - dim.contrast).abs() < 0.02 && faded.contrast < 0.7 * plain.contrast, "{faded:?}");
        assert!(plain.grain < 0.005 && grainy.grain > 0.03, "{plain:?} {grainy:?}");
        assert_eq!(
            texture(&picture(1.0, 110.0, 0.0), &Rect { x1: FACE.x0, ..FACE }, Quarters::None),
            Texture::default()
        );
    }
}
