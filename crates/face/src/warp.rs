//! Cuts a region out of a frame, turned and scaled, and writes it as a network wants it.
//!
//! The frame is sampled bilinearly at the centre of each pixel of the crop. Beyond the edge of the frame lies either black
//! or the nearest pixel again. Written so that the inner loops have no branch and no call: coordinates of a row are affine,
//! hence the part of a row that lies wholly inside the frame is known beforehand and needs no clamping. Fetching pixels and
//! reckoning with them are loops of their own, because a processor can do only the second for several at once.

use image::RgbImage;

use crate::geometry::Affine;
use crate::manifest::{Colour, Input, Layout};

/// What lies beyond the edge of the frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Beyond {
    /// The nearest pixel again.
    Edge,
    /// Black.
    Black,
}

/// Fills `out` (as large as `input` says) from the frame. `map` leads from pixels of the crop to pixels of the frame.
pub(crate) fn warp(frame: &RgbImage, map: &Affine, beyond: Beyond, input: &Input, out: &mut [f32]) {
    let (width, height) = (input.width as usize, input.height as usize);
    let (scale, offset) = (1.0 / input.std, -input.mean / input.std);
    let mut row = Row::new(frame, beyond, width);
    for y in 0..height {
        row.sample(map, y as f32);
        let planes = match input.colour {
            Colour::Rgb => [&row.red, &row.green, &row.blue],
            Colour::Bgr => [&row.blue, &row.green, &row.red],
        };
        for (place, values) in planes.into_iter().enumerate() {
            match input.layout {
                Layout::Nchw => {
                    let start = (place * height + y) * width;
                    let target = out.get_mut(start..start + width).unwrap_or_default();
                    target.iter_mut().zip(values).for_each(|(out, value)| *out = value * scale + offset);
                }
                Layout::Nhwc | Layout::Points => {
                    let start = y * width * 3;
                    let target = out.get_mut(start..start + width * 3).unwrap_or_default();
                    let target = target.iter_mut().skip(place).step_by(3);
                    target.zip(values).for_each(|(out, value)| *out = value * scale + offset);
                }
            }
        }
    }
}

/// Luma (0 to 255) of a region, sampled like [`warp`], row by row.
pub(crate) fn luma(frame: &RgbImage, map: &Affine, width: usize, height: usize) -> Vec<f32> {
    let mut out = Vec::with_capacity(width * height);
    let mut row = Row::new(frame, Beyond::Edge, width);
    for y in 0..height {
        row.sample(map, y as f32);
        let colours = row.red.iter().zip(&row.green).zip(&row.blue);
        out.extend(colours.map(|((r, g), b)| 0.299 * r + 0.587 * g + 0.114 * b));
    }
    out
}

/// One row of a crop, a buffer for each colour.
struct Row<'a> {
    pixels: &'a [u8],
    width: usize,
    height: usize,
    beyond: Beyond,
    red: Vec<f32>,
    green: Vec<f32>,
    blue: Vec<f32>,
    /// Upper left, upper right, lower left, lower right pixel around each sample.
    corners: [Vec<u32>; 4],
    /// How far right and down from the upper left one it lies.
    parts: [Vec<f32>; 2],
}

impl<'a> Row<'a> {
    fn new(frame: &'a RgbImage, beyond: Beyond, length: usize) -> Self {
        let [red, green, blue] = [(); 3].map(|()| vec![0.0; length]);
        let (width, height) = (frame.width() as usize, frame.height() as usize);
        let corners = [(); 4].map(|()| vec![0; length]);
        Self {
            pixels: frame.as_raw(),
            width,
            height,
            beyond,
            red,
            green,
            blue,
            corners,
            parts: [(); 2].map(|()| vec![0.0; length]),
        }
    }

    /// Samples the crop's row `y`.
    fn sample(&mut self, map: &Affine, y: f32) {
        let (x0, y0) = (map.b * y + map.c, map.e * y + map.f);
        let (from, to) = self.inside(map, x0, y0);
        for index in 0..from {
            self.careful(map, x0, y0, index);
        }
        self.swift(map, x0, y0, from, to);
        for index in to..self.red.len() {
            self.careful(map, x0, y0, index);
        }
    }

    /// The part of a row whose samples, with their right and lower neighbours, lie wholly inside the frame.
    fn inside(&self, map: &Affine, x0: f32, y0: f32) -> (usize, usize) {
        let length = self.red.len();
        let (mut low, mut high) = (0.0_f32, length as f32);
        // A margin of a hundredth of a pixel absorbs rounding, so that no sample of this part can leave the frame.
        for (start, step, size) in [(x0, map.a, self.width), (y0, map.d, self.height)] {
            let (least, most) = (0.01, size as f32 - 2.01);
            if step.abs() < 1e-6 {
                if start < least || start > most {
                    return (0, 0);
                }
            } else {
                let (first, last) = ((least - start) / step, (most - start) / step);
                low = low.max(first.min(last));
                high = high.min(first.max(last));
            }
        }
        if low.is_nan() || high.is_nan() || high <= low {
            return (0, 0);
        }
        let (from, to) = (low.ceil() as usize, (high.floor() as usize).min(length));
        if from < to { (from, to) } else { (0, 0) }
    }

    /// Samples `from..to`, all inside the frame.
    fn swift(&mut self, map: &Affine, x0: f32, y0: f32, from: usize, to: usize) {
        self.fetch(map, x0, y0, from, to);
        let [p, q, r, s] = self.corners.each_ref().map(|corner| corner.get(from..to).unwrap_or_default());
        let [right, down] = self.parts.each_ref().map(|part| part.get(from..to).unwrap_or_default());
        for (shift, colour) in [(0, &mut self.red), (8, &mut self.green), (16, &mut self.blue)] {
            let out = colour.get_mut(from..to).unwrap_or_default();
            let corners = p.iter().zip(q).zip(r).zip(s);
            let places = right.iter().zip(down);
            for ((out, (fx, fy)), (((p, q), r), s)) in out.iter_mut().zip(places).zip(corners) {
                // As signed numbers: of these a processor converts several at once.
                let [p, q, r, s] = [p, q, r, s].map(|corner| ((corner >> shift) & 0xff).cast_signed() as f32);
                *out = mix(p, q, r, s, *fx, *fy);
            }
        }
    }

    /// The four pixels around each sample, each as 0x__bbggrr, and where between them it lies.
    fn fetch(&mut self, map: &Affine, x0: f32, y0: f32, from: usize, to: usize) {
        let stride = self.width * 3;
        let pixels = self.pixels;
        let [p, q, r, s] = &mut self.corners;
        let [right, down] = &mut self.parts;
        let corners = p.iter_mut().zip(q).zip(r).zip(s);
        let places = right.iter_mut().zip(down).zip(corners);
        let (mut x, mut y) = (fixed(x0 + map.a * from as f32), fixed(y0 + map.d * from as f32));
        let (step_x, step_y) = (fixed(map.a), fixed(map.d));
        for ((right, down), (((p, q), r), s)) in places.take(to).skip(from) {
            let (column, line) = ((x >> 32) as usize, (y >> 32) as usize);
            (*right, *down) = (part(x), part(y));
            (x, y) = (x.wrapping_add(step_x), y.wrapping_add(step_y));
            let at = line * stride + column * 3;
            let Some([a, b, c, d, e, f]) = pixels.get(at..).and_then(<[u8]>::first_chunk::<6>) else { continue };
            let Some([g, h, i, j, k, l]) = pixels.get(at + stride..).and_then(<[u8]>::first_chunk::<6>) else {
                continue;
            };
            // Four bytes at once, of which the fourth is the neighbour's, or the first.
            (*p, *q) = (u32::from_le_bytes([*a, *b, *c, *d]), u32::from_le_bytes([*c, *d, *e, *f]) >> 8);
            (*r, *s) = (u32::from_le_bytes([*g, *h, *i, *j]), u32::from_le_bytes([*i, *j, *k, *l]) >> 8);
        }
    }

    /// Samples one pixel that may lie anywhere.
    fn careful(&mut self, map: &Affine, x0: f32, y0: f32, index: usize) {
        let (x, y) = (x0 + map.a * index as f32, y0 + map.d * index as f32);
        let (column, line) = (x.floor(), y.floor());
        let (fx, fy) = (x - column, y - line);
        // The cast saturates, so that even a map gone wild stays within reach.
        let (column, line) = (column as i32, line as i32);
        let corners = [(0, 0), (1, 0), (0, 1), (1, 1)]
            .map(|(dx, dy)| self.pixel(column.saturating_add(dx), line.saturating_add(dy)));
        let [p, q, r, s] = corners;
        for (colour, out) in [&mut self.red, &mut self.green, &mut self.blue].into_iter().enumerate() {
            if let Some(out) = out.get_mut(index) {
                *out = blend(p[colour], q[colour], r[colour], s[colour], fx, fy);
            }
        }
    }

    fn pixel(&self, x: i32, y: i32) -> [u8; 3] {
        let (right, bottom) = (self.width as i32 - 1, self.height as i32 - 1);
        if self.beyond == Beyond::Black && (x < 0 || y < 0 || x > right || y > bottom) {
            return [0; 3];
        }
        let at = (y.clamp(0, bottom.max(0)) as usize * self.width + x.clamp(0, right.max(0)) as usize) * 3;
        self.pixels.get(at..).and_then(<[u8]>::first_chunk).copied().unwrap_or_default()
    }
}

/// Whole numbers with 32 bits behind the point: a processor adds them as it addresses memory, and no error grows along a row.
/// Only for places in a frame and the steps between them.
fn fixed(value: f32) -> i64 {
    (f64::from(value) * 4_294_967_296.0) as i64
}

/// What lies behind the point; as a signed number, which is converted sooner.
fn part(value: i64) -> f32 {
    ((value as u32) >> 8).cast_signed() as f32 * (1.0 / 16_777_216.0)
}

/// Bilinear: `p q` above `r s`.
#[inline(always)]
fn blend(p: u8, q: u8, r: u8, s: u8, fx: f32, fy: f32) -> f32 {
    let [p, q, r, s] = [p, q, r, s].map(f32::from);
    mix(p, q, r, s, fx, fy)
}

#[inline(always)]
fn mix(p: f32, q: f32, r: f32, s: f32, fx: f32, fy: f32) -> f32 {
    let (upper, lower) = (p + fx * (q - p), r + fx * (s - r));
    upper + fy * (lower - upper)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::Crop;

    fn input(width: u32, height: u32, layout: Layout, colour: Colour) -> Input {
        Input { layout, width, height, colour, mean: 0.0, std: 1.0, batch: 1, crop: Crop::Letterbox }
    }

    fn frame() -> RgbImage {
        RgbImage::from_fn(40, 30, |x, y| image::Rgb([x as u8 * 3, y as u8 * 5, (x + y) as u8]))
    }

    /// The definition, written as plainly as possible.
    fn plain(frame: &RgbImage, map: &Affine, x: u32, y: u32, colour: usize) -> f32 {
        let (u, v) = map.apply(x as f32, y as f32);
        let at = |u: f32, v: f32| {
            let (u, v) = (u.clamp(0.0, 39.0) as u32, v.clamp(0.0, 29.0) as u32);
            f32::from(frame.get_pixel(u, v)[colour])
        };
        let (iu, iv) = (u.floor(), v.floor());
        let upper = at(iu, iv) * (iu + 1.0 - u) + at(iu + 1.0, iv) * (u - iu);
        let lower = at(iu, iv + 1.0) * (iu + 1.0 - u) + at(iu + 1.0, iv + 1.0) * (u - iu);
        upper * (iv + 1.0 - v) + lower * (v - iv)
    }

    #[test]
    fn agrees_with_the_definition_inside_and_beyond_the_edge() {
        let frame = frame();
        for turn in [0.0_f32, 0.3, 1.6, -2.5] {
            for side in [5.0, 24.0, 90.0] {
                let map = crate::geometry::Region { cx: 18.0, cy: 11.0, side, turn }.to_frame(32);
                let mut out = vec![0.0; 3 * 32 * 32];
                warp(&frame, &map, Beyond::Edge, &input(32, 32, Layout::Nchw, Colour::Rgb), &mut out);
                for (index, value) in out.iter().enumerate() {
                    let (colour, y, x) = (index / 1024, index / 32 % 32, index % 32);
                    let want = plain(&frame, &map, x as u32, y as u32, colour);
                    assert!((value - want).abs() < 0.05, "{turn} {side} {x} {y}: {value} for {want}");
                }
            }
        }
    }

    #[test]
    fn layouts_and_colour_orders_hold_the_same_values() {
        let frame = frame();
        let map = Affine::of_box(&jianzai_liveness::Rect { x0: 3.0, y0: 2.0, x1: 19.0, y1: 12.0 }, 8, 5);
        let mut planar = vec![0.0; 120];
        let mut packed = vec![0.0; 120];
        warp(&frame, &map, Beyond::Edge, &input(8, 5, Layout::Nchw, Colour::Rgb), &mut planar);
        warp(&frame, &map, Beyond::Edge, &input(8, 5, Layout::Nhwc, Colour::Bgr), &mut packed);
        for pixel in 0..40 {
            for colour in 0..3 {
                assert_eq!(planar[colour * 40 + pixel], packed[pixel * 3 + 2 - colour]);
            }
        }
    }

    #[test]
    fn beyond_the_frame_is_black_where_asked_and_wild_maps_are_harmless() {
        let frame = RgbImage::from_pixel(4, 4, image::Rgb([200; 3]));
        let far = Affine { a: 1.0, b: 0.0, c: 1e30, d: 0.0, e: 1.0, f: -1e30 };
        let mut out = vec![1.0; 12];
        warp(&frame, &far, Beyond::Black, &input(2, 2, Layout::Nchw, Colour::Rgb), &mut out);
        assert_eq!(out, [0.0; 12]);
        let nan = Affine { a: f32::NAN, ..far };
        warp(&frame, &nan, Beyond::Edge, &input(2, 2, Layout::Nchw, Colour::Rgb), &mut out);
    }
}
