//! Takes a sensor's noise out of a picture, where there is any.
//!
//! **In**: a picture, and for the question whether there is noise in it, a network's input cut out of it. **Out**: the picture;
//! each pixel is a mean over those around it whose own surroundings look alike in brightness (non-local means), which keeps edges
//! and pores and loses what is nowhere twice. **What can go wrong**: nothing; where there is no noise, or something else
//! looks like it, there is none to be taken out.
//!
//! The passive network takes noise of 1 of 255 for a forgery (docs/LIVENESS.md): a living person in the dark scored
//! as a print does. Blurring did not help, because it takes more from the face than from the noise.

use image::{Rgb, RgbImage};

/// Below this noise (standard deviation, of 255) a picture is left as it is. The footage has up to 0.54, and with noise of 2 drawn
/// over it 0.85 and more, because cutting the face out smooths it.
const NOISY: f32 = 0.7;
/// Noise is not like itself a few pixels further on; the grid of a screen is, unless it lies along the rows. The correlation, at most: of noise over the footage
/// 0.04 to 0.11, of the screens that look noisy 0.13 and more.
const LIKE_ITSELF: f32 = 0.12;
/// So far it is looked for, in pixels...
const FAR: usize = 8;
/// ...and not so near, where whatever was sampled between pixels is like itself.
const NEAR: usize = 2;
/// How far from a pixel its like are looked for, in each direction.
const REACH: isize = 3;
/// Surroundings of [`PATCH`] x [`PATCH`] pixels that differ by this many of 255 (root mean square) are not alike.
const UNLIKE: f32 = 16.0;
const PATCH: usize = 5;

/// Whether there is a sensor's noise in `planes`, three of them, whose rows are `width` long; `unit` is what a step of 1 of 255 is
/// in them.
pub(crate) fn is_noisy(planes: &[f32], width: usize, unit: f32) -> bool {
    let area = planes.len() / 3;
    let sound = width > 3 * FAR && area > 3 * FAR * width && area.is_multiple_of(width);
    if !sound {
        return false;
    }
    let at = |place: usize| (0..3).map(|plane| planes.get(plane * area + place).copied().unwrap_or(0.0)).sum::<f32>();
    let grey: Vec<f32> = (0..area).map(|place| at(place) / 3.0).collect();
    let mut left = left_over(&grey, width);
    let typical = median_size(&left) / 0.6745;
    // Noise of 1 in every pixel becomes 6.
    if typical.is_nan() || typical < 6.0 * NOISY * unit {
        return false;
    }
    // Edges stand out of the noise, and are like themselves all along.
    left.iter_mut().for_each(|value| *value = value.clamp(-3.0 * typical, 3.0 * typical));
    like_itself(&left, width - 2) < LIKE_ITSELF
}

/// What is left of a picture where edges and slopes along both axes cancel out; a pixel less on each side.
fn left_over(grey: &[f32], width: usize) -> Vec<f32> {
    let rows: Vec<&[f32]> = grey.chunks_exact(width).collect();
    let mut left = Vec::with_capacity(grey.len());
    for rows in rows.windows(3) {
        let [upper, middle, lower] = rows else { continue };
        let across = upper.windows(3).zip(middle.windows(3)).zip(lower.windows(3));
        left.extend(across.filter_map(|((upper, middle), lower)| {
            let ([a, b, c], [d, e, f], [g, h, i]) = (upper, middle, lower) else { return None };
            Some(a + c + g + i + 4.0 * e - 2.0 * (b + d + f + h))
        }));
    }
    left
}

fn median_size(values: &[f32]) -> f32 {
    let mut sizes: Vec<f32> = values.iter().map(|value| value.abs()).collect();
    sizes.sort_by(f32::total_cmp);
    sizes.get(sizes.len() / 2).copied().unwrap_or(0.0)
}

/// The strongest correlation of a picture with itself, shifted.
fn like_itself(values: &[f32], width: usize) -> f32 {
    let whole: f32 = values.iter().map(|value| value * value).sum();
    let shifts = (0..=FAR).flat_map(|down| (-(FAR as isize)..=FAR as isize).map(move |right| (down, right)));
    let apart = shifts.filter(|(down, right)| *down > NEAR || right.unsigned_abs() > NEAR);
    let correlation = |(down, right): (usize, isize)| {
        let (from, to) = (right.min(0).unsigned_abs(), right.max(0).unsigned_abs());
        let rows = values.chunks_exact(width);
        let pairs = rows.clone().zip(rows.skip(down)).map(|(upper, lower)| {
            let shifted = lower.get(to..).unwrap_or_default();
            upper.get(from..).unwrap_or_default().iter().zip(shifted).map(|(p, q)| p * q).sum::<f32>()
        });
        pairs.sum::<f32>().abs() / whole.max(f32::MIN_POSITIVE)
    };
    apart.map(correlation).fold(0.0, f32::max)
}

/// The picture without its noise.
pub(crate) fn cleaned(picture: &RgbImage) -> RgbImage {
    let width = picture.width() as usize;
    let luma: Vec<f32> = picture
        .pixels()
        .map(|Rgb([r, g, b])| 0.299 * f32::from(*r) + 0.587 * f32::from(*g) + 0.114 * f32::from(*b))
        .collect();
    let given: [Vec<f32>; 3] =
        std::array::from_fn(|colour| picture.pixels().map(|pixel| f32::from(pixel.0[colour])).collect());
    let (mut sums, mut weights) = (given.clone(), vec![1.0; luma.len()]);
    // Every pair of pixels once: from the upper to the lower, in one row from the left to the right.
    let downwards = (1..=REACH).flat_map(|dy| (-REACH..=REACH).map(move |dx| (dx, dy)));
    for (dx, dy) in (1..=REACH).map(|dx| (dx, 0)).chain(downwards) {
        let shift = (dy * width as isize + dx).unsigned_abs();
        let alike = alikeness(&luma, width, dx, shift);
        add(&mut weights, &alike, shift, None);
        sums.iter_mut().zip(&given).for_each(|(sums, given)| add(sums, &alike, shift, Some(given)));
    }
    let mut out = picture.clone();
    let [red, green, blue] = &sums;
    let colours = red.iter().zip(green).zip(blue).zip(&weights);
    for (pixel, (((red, green), blue), weight)) in out.pixels_mut().zip(colours) {
        pixel.0 = [red, green, blue].map(|sum| (sum / weight).round() as u8);
    }
    out
}

/// For each pixel how much its surroundings are like those of the pixel `shift` further on: 1 to 0.
fn alikeness(luma: &[f32], width: usize, dx: isize, shift: usize) -> Vec<f32> {
    let further = luma.get(shift..).unwrap_or_default();
    let apart: Vec<f32> = luma.iter().zip(further).map(|(p, q)| (p - q) * (p - q)).collect();
    let mut alike = around(&around(&apart, 1), width);
    let share = 1.0 / ((PATCH * PATCH) as f32 * UNLIKE * UNLIKE);
    alike.iter_mut().for_each(|apart| {
        let left = (1.0 - *apart * share).max(0.0);
        *apart = left * left;
    });
    // What lies beyond the end of a row is the next one's beginning.
    for row in alike.chunks_mut(width.max(1)) {
        let beyond = if dx > 0 { width.saturating_sub(dx.unsigned_abs())..width } else { 0..dx.unsigned_abs() };
        let end = beyond.end.min(row.len());
        row.get_mut(beyond.start.min(end)..end).unwrap_or_default().fill(0.0);
    }
    alike
}

/// Each value with the two before and the two after it, so many steps apart; at the ends, itself again.
fn around(values: &[f32], step: usize) -> Vec<f32> {
    let mut out = values.to_vec();
    let length = values.len();
    for step in [step, 2 * step] {
        let (step, rest) = (step.min(length), length.saturating_sub(step));
        for (to, from) in
            [(0..rest, step..length), (step..length, 0..rest), (0..step, 0..step), (rest..length, rest..length)]
        {
            let (to, from) = (out.get_mut(to).unwrap_or_default(), values.get(from).unwrap_or_default());
            to.iter_mut().zip(from).for_each(|(sum, value)| *sum += value);
        }
    }
    out
}

/// Adds to each value its partner's, `shift` further on, by their weight, and the other way round; without values, the weight.
fn add(sums: &mut [f32], alike: &[f32], shift: usize, values: Option<&[f32]>) {
    let Some(values) = values else {
        sums.iter_mut().zip(alike).for_each(|(sum, part)| *sum += part);
        let later = sums.get_mut(shift..).unwrap_or_default();
        return later.iter_mut().zip(alike).for_each(|(sum, part)| *sum += part);
    };
    let further = values.get(shift..).unwrap_or_default();
    sums.iter_mut().zip(alike.iter().zip(further)).for_each(|(sum, (part, value))| *sum += part * value);
    let later = sums.get_mut(shift..).unwrap_or_default();
    later.iter_mut().zip(alike.iter().zip(values)).for_each(|(sum, (part, value))| *sum += part * value);
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIDE: u32 = 96;

    /// Soft shades with a hard edge down the middle, with noise of about this standard deviation and a grid of this strength.
    fn picture(noise: f32, grid: f32) -> RgbImage {
        let mut state = 1_u32;
        let mut draw = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 16) as f32 / 65_536.0 - 0.5
        };
        RgbImage::from_fn(SIDE, SIDE, |x, y| {
            let edge = if x >= SIDE / 2 { 80.0 } else { 0.0 };
            // Four even draws come near a sensor's noise.
            let noise = (draw() + draw() + draw() + draw()) * noise * 3.0_f32.sqrt();
            let wave = grid * (x as f32 * 1.9 + y as f32 * 1.4).sin();
            Rgb([(40.0 + x as f32 * 0.3 + y as f32 * 0.2 + edge + noise + wave).round().clamp(0.0, 255.0) as u8; 3])
        })
    }

    /// A network's input of it.
    fn planes(picture: &RgbImage, unit: f32) -> Vec<f32> {
        (0..3).flat_map(|colour| picture.pixels().map(move |pixel| f32::from(pixel.0[colour]) * unit)).collect()
    }

    fn noisy(picture: &RgbImage) -> bool {
        let found = is_noisy(&planes(picture, 1.0), SIDE as usize, 1.0);
        assert_eq!(found, is_noisy(&planes(picture, 1.0 / 128.0), SIDE as usize, 1.0 / 128.0));
        found
    }

    #[test]
    fn noise_is_told_from_a_clear_picture_and_from_the_grid_of_a_screen() {
        assert!(noisy(&picture(2.0, 0.0)) && noisy(&picture(6.0, 0.0)));
        assert!(!noisy(&picture(0.0, 0.0)));
        assert!(!noisy(&picture(0.0, 6.0)) && !noisy(&picture(1.0, 6.0)));
    }

    #[test]
    fn noise_goes_and_the_edge_stays() {
        let apart = |one: &RgbImage, other: &RgbImage| {
            let squares: f32 = one.iter().zip(other.iter()).map(|(p, q)| (f32::from(*p) - f32::from(*q)).powi(2)).sum();
            (squares / one.len() as f32).sqrt()
        };
        let (truth, noisy) = (picture(0.0, 0.0), picture(5.0, 0.0));
        let cleaned = cleaned(&noisy);
        assert!(apart(&cleaned, &truth) < 0.4 * apart(&noisy, &truth), "{}", apart(&cleaned, &truth));
        let [left, right] = [SIDE / 2 - 1, SIDE / 2].map(|x| f32::from(cleaned.get_pixel(x, SIDE / 2).0[0]));
        assert!(right - left > 70.0, "{left} {right}");
    }

    #[test]
    fn odd_inputs_are_harmless() {
        for (width, height) in [(0, 0), (1, 1), (1, 40), (40, 1), (3, 3), (7, 90)] {
            let dotted = RgbImage::from_fn(width, height, |x, y| Rgb([(x * 91 + y * 37) as u8; 3]));
            assert_eq!(cleaned(&dotted).dimensions(), (width, height));
            assert!(!is_noisy(&planes(&dotted, 1.0), width as usize, 1.0));
        }
        assert!(!is_noisy(&vec![f32::NAN; 3 * 64 * 64], 64, 1.0));
        assert!(!is_noisy(&vec![0.0; 3 * 64 * 64], 64, 1.0));
    }
}
