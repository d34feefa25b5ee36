//! Has anything moved since a face was last looked at? A glance at some thousand pixels says so, where the networks would
//! take a thousand times as long to see that nothing has.
//!
//! **In**: the brightness of a frame that is looked at, and where its face is; then that of frames after it. **Out**: how
//! much the face and what is around it have changed, in the part of it that has changed most, over how much light and
//! dark there is in it at all: a dark picture moves as much as a bright one. The parts around the eyes are left out: a blink
//! is no movement that anybody asks for, and where a head moves, the other parts do too. **What can go wrong**: nothing;
//! where no face was seen, there is no glance, and everything is looked at.

use jianzai_liveness::signals::points;
use jianzai_liveness::{FaceSeen, Rect};

/// Samples on each side, and on each side of a part.
const SIDE: usize = 48;
const PART: usize = 8;
const PARTS: usize = SIDE / PART;
/// The face's box is widened by this part of its size to each side, so that a face that goes is missed.
const AROUND: f32 = 0.15;
/// A blink moves what lies within this part of the distance of the eyes from the line through the eye.
const LIDS: f32 = 0.16;
/// A picture of fewer shades than this (standard deviation, of 255) has no face in it that could be read.
const FEWEST_SHADES: f32 = 4.0;

/// The brightness of a frame.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Luma<'a> {
    /// Rows, each `stride` after the one before.
    pub(crate) values: &'a [u8],
    pub(crate) stride: usize,
    /// Width and height.
    pub(crate) size: (u32, u32),
}

/// What a face looked like.
#[derive(Debug, Clone)]
pub(crate) struct Glance {
    places: Vec<usize>,
    values: Vec<u8>,
    shades: f32,
    /// Whether the lids lie in a part.
    lids: [bool; PARTS * PARTS],
}

impl Glance {
    /// Remembers a face.
    pub(crate) fn of(frame: Luma<'_>, face: &FaceSeen) -> Self {
        Self::at(frame, &face.bbox, &lids(face))
    }

    /// Remembers the face in a box, with the points around which its lids move.
    fn at(frame: Luma<'_>, face: &Rect, lids: &[[f32; 2]]) -> Self {
        let (width, height) = frame.size;
        let (wide, high) = ((face.x1 - face.x0) * AROUND, (face.y1 - face.y0) * AROUND);
        let along = |from: f32, to: f32, most: u32, step: usize| {
            let place = from + (to - from) * (step as f32 + 0.5) / SIDE as f32;
            (place.max(0.0) as usize).min(most.saturating_sub(1) as usize)
        };
        let places: Vec<usize> = (0..SIDE * SIDE)
            .map(|sample| {
                let x = along(face.x0 - wide, face.x1 + wide, width, sample % SIDE);
                let y = along(face.y0 - high, face.y1 + high, height, sample / SIDE);
                y * frame.stride + x
            })
            .collect();
        let values = sampled(frame.values, &places);
        let shades = spread(&values).max(FEWEST_SHADES);
        let part = |from: f32, to: f32, at: f32| ((at - from) / (to - from) * PARTS as f32) as usize;
        let mut blinks = [false; PARTS * PARTS];
        for [x, y] in lids {
            let (column, row) = (part(face.x0 - wide, face.x1 + wide, *x), part(face.y0 - high, face.y1 + high, *y));
            if let Some(blinks) = blinks.get_mut(row.min(PARTS) * PARTS + column).filter(|_| column < PARTS) {
                *blinks = true;
            }
        }
        Self { places, values, shades, lids: blinks }
    }

    /// How much has changed since: 0 for nothing.
    pub(crate) fn change(&self, frame: Luma<'_>) -> f32 {
        let mut parts = [0_u32; PARTS * PARTS];
        for (sample, (now, then)) in sampled(frame.values, &self.places).iter().zip(&self.values).enumerate() {
            let part = sample / SIDE / PART * PARTS + sample % SIDE / PART;
            if let Some(sum) = parts.get_mut(part) {
                *sum += u32::from(now.abs_diff(*then));
            }
        }
        let most = parts.iter().zip(self.lids).filter(|(_, lids)| !lids).map(|(part, _)| *part).max().unwrap_or(0);
        most as f32 / (PART * PART) as f32 / self.shades
    }
}

/// Points along each eye, and to both sides of it.
fn lids(face: &FaceSeen) -> Vec<[f32; 2]> {
    let point = |index: usize| face.landmarks.get(index).map(|[x, y, _]| [*x, *y]);
    let corners = [points::EYE_RIGHT_OUTER, points::EYE_RIGHT_INNER, points::EYE_LEFT_INNER, points::EYE_LEFT_OUTER];
    let [Some(first), Some(second), Some(third), Some(last)] = corners.map(point) else { return Vec::new() };
    // Across the line of the eyes, as far as lids move.
    let across = [(first[1] - last[1]) * LIDS, (last[0] - first[0]) * LIDS];
    let mut places = Vec::new();
    for (from, to) in [(first, second), (third, last)] {
        for (along, aside) in [0.0, 0.5, 1.0].into_iter().flat_map(|along| [-1.0, 0.0, 1.0].map(|aside| (along, aside)))
        {
            let place = |axis: usize| from[axis] + (to[axis] - from[axis]) * along + across[axis] * aside;
            places.push([place(0), place(1)]);
        }
    }
    places
}

fn sampled(luma: &[u8], places: &[usize]) -> Vec<u8> {
    places.iter().map(|place| luma.get(*place).copied().unwrap_or(0)).collect()
}

/// Standard deviation.
fn spread(values: &[u8]) -> f32 {
    let count = values.len().max(1) as f32;
    let mean = values.iter().map(|value| f32::from(*value)).sum::<f32>() / count;
    (values.iter().map(|value| (f32::from(*value) - mean).powi(2)).sum::<f32>() / count).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    const FACE: Rect = Rect { x0: 120.0, y0: 60.0, x1: 240.0, y1: 220.0 };

    /// A picture of 400 x 300 in stripes, in so much light, with the patch at `x`, `y` of 30 x 12 pixels turned round.
    fn picture(light: f32, patch: Option<(usize, usize)>) -> Vec<u8> {
        (0..400 * 300)
            .map(|at| {
                let (x, y) = (at % 400, at / 400);
                let inside = patch.is_some_and(|(px, py)| (px..px + 30).contains(&x) && (py..py + 12).contains(&y));
                let bright = (x / 10 + y / 10) % 2 == usize::from(!inside);
                (if bright { 200.0 * light } else { 60.0 * light }) as u8
            })
            .collect()
    }

    fn change(before: &[u8], after: &[u8]) -> f32 {
        let luma = |values| Luma { values, stride: 400, size: (400, 300) };
        Glance::at(luma(before), &FACE, &[]).change(luma(after))
    }

    #[test]
    fn what_moves_around_the_eyes_alone_is_no_movement() {
        let (open, shut) = (picture(1.0, None), picture(1.0, Some((135, 105))));
        let luma = |values| Luma { values, stride: 400, size: (400, 300) };
        let lids: Vec<_> = (130..=170).step_by(10).map(|x| [x as f32, 110.0]).collect();
        assert!(change(&open, &shut) > 0.4);
        let glance = Glance::at(luma(&open), &FACE, &lids);
        assert_eq!(glance.change(luma(&shut)), 0.0);
        assert!(glance.change(luma(&picture(1.0, Some((165, 180))))) > 0.4, "a mouth still is one");
    }

    #[test]
    fn nothing_moves_where_nothing_changes_or_only_far_from_the_face() {
        let still = picture(1.0, None);
        assert_eq!(change(&still, &still), 0.0);
        assert_eq!(change(&still, &picture(1.0, Some((350, 280)))), 0.0);
    }

    #[test]
    fn a_mouth_is_enough_and_in_the_dark_as_much_as_in_the_light() {
        let [light, dark] = [1.0, 0.3].map(|light| change(&picture(light, None), &picture(light, Some((165, 180)))));
        assert!(light > 0.4 && (light - dark).abs() < 0.1, "{light} {dark}");
    }

    #[test]
    fn a_black_picture_and_a_face_beyond_the_edge_are_harmless() {
        let black = vec![0; 400 * 300];
        assert_eq!(change(&black, &black), 0.0);
        let luma = Luma { values: &black, stride: 400, size: (400, 300) };
        let beyond = Rect { x0: -500.0, y0: f32::NAN, x1: 9_000.0, y1: 9_000.0 };
        assert_eq!(Glance::at(luma, &beyond, &[[f32::NAN; 2], [-9e9, 9e9]]).change(luma), 0.0);
    }
}
