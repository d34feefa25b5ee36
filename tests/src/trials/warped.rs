//! A still that is made to do what is asked: lids are painted down over its eyes, its points are turned in space, the jaw
//! lowered, and the picture follows its points. What an attacker can do with our own mesh and an afternoon; injected, never filmed.

use anyhow::Result;
use image::RgbImage;
use jianzai_camera::actor::Instruction;
use jianzai_wire::{Action, FrameTime};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

use super::material::{Material, SIZE, Shot, Ticks};
use super::pictures::{change, face_ellipse, mix, painted, ramp, sample};
use crate::rehearsal::Scene;

/// Pixels from node to node of the field of shifts.
const STEP: usize = 4;
const COLUMNS: usize = SIZE.0 as usize / STEP + 2;
const LINES: usize = SIZE.1 as usize / STEP + 2;
/// How far a point takes its surroundings with it, in pixels: skin, and (a few points, weakly) hair and neck.
const NEAR: f32 = 6.0;
const WIDE: f32 = 26.0;

/// Inner edge of the lips, upper then lower, from the subject's right corner to the left.
const LIPS_UPPER: [usize; 9] = [191, 80, 81, 82, 13, 312, 311, 310, 415];
const LIPS_LOWER: [usize; 9] = [95, 88, 178, 87, 14, 317, 402, 318, 324];
/// The rims of the eyes from corner to corner: upper and lower, point over point.
const EYES: [[(usize, usize); 7]; 2] = [
    [(33, 33), (161, 163), (160, 144), (159, 145), (158, 153), (157, 154), (133, 133)],
    [(362, 362), (384, 381), (385, 380), (386, 374), (387, 373), (388, 390), (263, 263)],
];

/// How the face is held at a moment: radians, and 0 to 1.
#[derive(Debug, Clone, Copy, Default)]
struct Mien {
    yaw: f32,
    pitch: f32,
    jaw: f32,
    lids: f32,
}

struct Animated {
    still: Shot,
    cue: Option<(FrameTime, Action)>,
    /// How far it turns and nods, in radians, and opens its mouth.
    reach: [f32; 3],
    blinks_every: f32,
    ticks: Ticks,
    dice: StdRng,
}

impl Animated {
    fn mien(&self, at: FrameTime) -> Mien {
        let t = at.0 as f32 / 1_000.0;
        let mut mien = Mien {
            yaw: 0.02 * (t * 0.9).sin() + 0.01 * (t * 2.1).sin(),
            pitch: 0.015 * (t * 0.7).cos(),
            jaw: 0.0,
            lids: 1.0 - ramp(((t % self.blinks_every) - 0.15).abs(), 0.04, 0.15),
        };
        if let Some((from, action)) = self.cue {
            let part = (t - from.0 as f32 / 1_000.0) / 1.5;
            let push = if (0.0..1.0).contains(&part) { (part * std::f32::consts::PI).sin() } else { 0.0 };
            let [turn, nod, open] = self.reach.map(|reach| reach * push);
            match action {
                Action::TurnLeft => mien.yaw += turn,
                Action::TurnRight => mien.yaw -= turn,
                Action::LookUp => mien.pitch += nod,
                Action::LookDown => mien.pitch -= nod,
                Action::OpenMouth => mien.jaw += open,
            }
        }
        mien
    }

    /// Where every point of the still goes.
    fn moved(&self, mien: Mien) -> Vec<[f32; 2]> {
        let points = &self.still.points;
        let at = |index: usize| points.get(index).copied().unwrap_or_default();
        let ([cx, _], [half_w, half_h]) = face_ellipse(points);
        let neck = at(152)[1] - half_h * 0.6;
        let depth = (at(234)[2] + at(454)[2]) / 2.0;
        let mouth = (at(13)[1] + at(14)[1]) / 2.0;
        let (corner_r, corner_l) = (at(61), at(291));
        let middle = (corner_r[0] + corner_l[0]) / 2.0;
        let reach = ((corner_l[0] - corner_r[0]) / 2.0).abs().max(1.0);
        let (sy, cy) = mien.yaw.sin_cos();
        let (sp, cp) = mien.pitch.sin_cos();
        points
            .iter()
            .enumerate()
            .map(|(index, &[x, y, z])| {
                let (mut x, mut y) = (x, y);
                let lower_lip = LIPS_LOWER.contains(&index);
                let below = if lower_lip { 1.0 } else { ramp(y, mouth + 1.0, mouth + half_h * 0.08) };
                if !LIPS_UPPER.contains(&index) {
                    let wide = if lower_lip || y < mouth + half_h * 0.2 { reach } else { half_w };
                    let aside = (1.0 - ((x - middle) / wide).powi(2)).max(0.0);
                    y += mien.jaw * half_h * 0.34 * below * aside;
                }
                let (px, pz) = (x - cx, z - depth);
                let (tx, tz) = (px * cy - pz * sy, px * sy + pz * cy);
                let py = y - neck;
                (x, y) = (cx + tx, neck + py * cp + tz * sp);
                [x, y]
            })
            .collect()
    }

    fn drawn(&self, mien: Mien) -> RgbImage {
        let moved = self.moved(mien);
        let field = Field::between(&self.still.points, &moved);
        let mouth: Vec<[f32; 2]> =
            LIPS_UPPER.iter().chain(LIPS_LOWER.iter().rev()).filter_map(|index| moved.get(*index).copied()).collect();
        let blinking = (mien.lids > 0.05).then(|| with_lids(&self.still, mien.lids));
        let still = blinking.as_ref().unwrap_or(&self.still.image);
        let open = mien.jaw > 0.05;
        painted(SIZE, |x, y| {
            let [dx, dy] = field.at(x, y);
            let skin = sample(still, x + dx, y + dy);
            // What is behind the lips the still does not show.
            if open && within(&mouth, x, y) { mix(skin, [48.0, 18.0, 18.0], 0.9) } else { skin }
        })
    }
}

impl Scene for Animated {
    fn tick(&mut self) -> Result<FrameTime> {
        Ok(self.ticks.advance())
    }

    fn picture(&mut self) -> Result<RgbImage> {
        let mien = self.mien(self.ticks.now());
        Ok(self.drawn(mien))
    }

    fn hear(&mut self, at: FrameTime, said: Instruction) {
        if let Instruction::Do(action) = said {
            self.cue = Some((at.plus(self.dice.random_range(450..900)), action));
        }
    }
}

/// Whether a point lies in a polygon.
fn within(polygon: &[[f32; 2]], x: f32, y: f32) -> bool {
    let edges = polygon.iter().zip(polygon.iter().cycle().skip(1));
    let crossed = |(p, q): &(&[f32; 2], &[f32; 2])| {
        (p[1] > y) != (q[1] > y) && x < p[0] + (y - p[1]) / (q[1] - p[1]) * (q[0] - p[0])
    };
    edges.filter(crossed).count() % 2 == 1
}

/// For every place of the new picture, how far away its colour lies in the still.
struct Field(Vec<[f32; 2]>);

impl Field {
    fn between(still: &[[f32; 3]], moved: &[[f32; 2]]) -> Self {
        let mut sums = vec![[0.0_f32; 3]; COLUMNS * LINES];
        for (index, (from, to)) in still.iter().zip(moved).enumerate() {
            let shift = [from[0] - to[0], from[1] - to[1]];
            spread(&mut sums, *to, shift, NEAR, 1.0);
            if index % 6 == 0 {
                spread(&mut sums, *to, shift, WIDE, 0.02);
            }
        }
        // Far from every point nothing moves.
        Self(sums.into_iter().map(|[x, y, weight]| [x, y].map(|sum| sum / (weight + 0.004))).collect())
    }

    fn at(&self, x: f32, y: f32) -> [f32; 2] {
        let (u, v) = (x / STEP as f32, y / STEP as f32);
        let (column, line) = (u as usize, v as usize);
        let (fx, fy) = (u - column as f32, v - line as f32);
        let node = |dx: usize, dy: usize| self.0.get((line + dy) * COLUMNS + column + dx).copied().unwrap_or_default();
        let [p, q, r, s] = [node(0, 0), node(1, 0), node(0, 1), node(1, 1)];
        std::array::from_fn(|axis| {
            let (upper, lower) = (p[axis] + fx * (q[axis] - p[axis]), r[axis] + fx * (s[axis] - r[axis]));
            upper + fy * (lower - upper)
        })
    }
}

/// Adds a point's shift to the nodes around it, the less the further they are.
fn spread(sums: &mut [[f32; 3]], to: [f32; 2], shift: [f32; 2], reach: f32, strength: f32) {
    let nodes = |centre: f32, count: usize| {
        let from = ((centre - 3.0 * reach) / STEP as f32).max(0.0) as usize;
        let until = (((centre + 3.0 * reach) / STEP as f32).max(0.0) as usize + 2).min(count);
        from..until
    };
    for line in nodes(to[1], LINES) {
        for column in nodes(to[0], COLUMNS) {
            let (dx, dy) = ((column * STEP) as f32 - to[0], (line * STEP) as f32 - to[1]);
            let weight = strength * (-(dx * dx + dy * dy) / (2.0 * reach * reach)).exp();
            if let Some(sum) = sums.get_mut(line * COLUMNS + column) {
                sum[0] += shift[0] * weight;
                sum[1] += shift[1] * weight;
                sum[2] += weight;
            }
        }
    }
}

/// A still whose eyes are shut by so much, 0 to 1: the skin above each eye is drawn down over it, and ends in the lashes.
pub(super) fn with_lids(still: &Shot, lids: f32) -> RgbImage {
    let mut image = still.image.clone();
    let at = |index: usize| still.points.get(index).copied().unwrap_or_default();
    for eye in EYES {
        let rims = eye.map(|(upper, lower)| (at(upper)[0], at(upper)[1], at(lower)[1]));
        change(&mut image, |x, y, colour| {
            let between = rims.windows(2).find_map(|pair| {
                let [(x0, u0, l0), (x1, u1, l1)] = *pair else { return None };
                let part = (x - x0) / (x1 - x0);
                (0.0..1.0).contains(&part).then_some((u0 + (u1 - u0) * part, l0 + (l1 - l0) * part))
            });
            let Some((upper, lower)) = between else { return colour };
            let edge = upper + (lower + 1.0 - upper) * lids;
            // The upper lashes go down with the lid; what they leave is skin.
            let covered = ramp(y, upper - 4.0, upper - 2.0) * ramp(edge + 0.75 - y, 0.0, 1.5);
            let skin = sample(&still.image, x, upper - 4.0 - 0.3 * (y - upper + 4.0).max(0.0));
            let lash = (1.0 - ramp((y - edge).abs(), 0.0, 1.5)) * lids;
            mix(mix(colour, skin, covered), [50.0, 36.0, 32.0], 0.5 * lash)
        });
    }
    image
}

/// A frame of the man, animated on cue: turns of 20 to 30 degrees, nods of 14 to 22, a mouth wide open.
pub fn animated(material: &Material, seed: u64) -> Result<Box<dyn Scene>> {
    let mut dice = StdRng::seed_from_u64(seed ^ 0x3a39);
    let clip = if seed.is_multiple_of(2) { &*material.cap12 } else { &material.cap13 };
    let still = clip.still(clip.pick(dice.random())?)?;
    let turn = dice.random_range(20.0..30.0_f32).to_radians();
    let nod = dice.random_range(14.0..22.0_f32).to_radians();
    let reach = [turn, nod, dice.random_range(0.8..1.2)];
    let blinks_every = dice.random_range(2.5..4.5);
    Ok(Box::new(Animated { still, cue: None, reach, blinks_every, ticks: Ticks::default(), dice }))
}
