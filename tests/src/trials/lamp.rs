//! Could the phone's own display light the face in changing colours, and the face's answer show that it is one? An experiment.
//!
//! **In**: the man at rest, filmed; the shape of his face from the mesh; a display of 7 x 15 cm and 400 cd/m2 at arm's length,
//! red, green or blue for half a second each in random order; room light. **Out**: by how much the picture changes, how well
//! the face's colour follows the display's, and how well the change has the shape of a face. The same for a print (as white
//! as skin, flat, tilted) and for film on a display (which shines by itself and throws back 1.5 %, and 4 % as a mirror).
//! **What is left out**: sunlight through a window that moves, skin of other colours, displays that dim to save the battery;
//! the camera's exposure and white balance follow with a time constant of a second, its noise is drawn.

use std::fmt::Write as _;

use anyhow::Result;
use image::RgbImage;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

use super::conditions::recompressed;
use super::material::{Material, Person, SIZE, Shot};
use super::pictures::{face_ellipse, from_face, noise, painted};
use crate::rehearsal::Scene as _;

/// Lux on the face of a display wholly white: luminance, area, distance.
const DISPLAY_LUX: f32 = 400.0 * 0.07 * 0.15 / (0.35 * 0.35);
/// What of the other channels a red, green or blue display still sends out.
const LEAK: f32 = 0.03;
/// Rooms: a lamp in the evening, a living room, an office, beside a window, in the shade outside.
const ROOMS: [f32; 6] = [50.0, 150.0, 300.0, 500.0, 1_000.0, 5_000.0];
/// Frames looked at, 120 ms apart, four to each colour.
const FRAMES: usize = 48;
const TICKS_PER_FRAME: usize = 3;
const FRAMES_PER_COLOUR: usize = 4;
const SERIES: u64 = 4;
/// Luminance of the film's display, and what it throws back: evenly, and as a mirror over a part of the face.
const FILM: (f32, f32, f32) = (200.0, 0.015, 0.04);

/// What is before the camera.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Subject {
    Face,
    Print,
    Film,
}

/// What came of one series.
#[derive(Debug, Clone, Copy, Default)]
struct Answer {
    /// Median change of a lit channel's pixels in the face, of 255.
    levels: f32,
    /// Correlation of the face's colour, against its surroundings', with the display's.
    follows: f32,
    /// Correlation of where it changes with where a face would.
    shape: f32,
}

/// Makes the table.
///
/// # Errors
/// A frame is not there.
pub fn report(material: &Material) -> Result<String> {
    let mut out = String::new();
    writeln!(out, "display: {DISPLAY_LUX:.0} lux on the face; mean (least..most) of {SERIES} series")?;
    for room in ROOMS {
        for subject in [Subject::Face, Subject::Print, Subject::Film] {
            let answers: Vec<Answer> =
                (0..SERIES).map(|seed| series(material, subject, room, seed)).collect::<Result<_>>()?;
            let range = |value: fn(&Answer) -> f32| {
                let values: Vec<f32> = answers.iter().map(value).collect();
                let mean = values.iter().sum::<f32>() / values.len() as f32;
                let (least, most) = values.iter().fold((f32::MAX, f32::MIN), |(l, m), v| (l.min(*v), m.max(*v)));
                format!("{mean:.2} ({least:.2}..{most:.2})")
            };
            let (levels, follows, shape) = (range(|a| a.levels), range(|a| a.follows), range(|a| a.shape));
            writeln!(out, "{room:5} lux  {subject:?}:  levels {levels}  follows {follows}  shape {shape}")?;
        }
    }
    Ok(out)
}

fn series(material: &Material, subject: Subject, room: f32, seed: u64) -> Result<Answer> {
    let mut dice = StdRng::seed_from_u64(seed ^ 0x1a3f);
    let mut person = material.person(seed)?;
    let mut camera = Camera::default();
    let mut colour = 0;
    let tilt = dice.random_range(-0.5..0.5_f32);
    let (mut lit, mut seen, mut levels) = (Vec::new(), Vec::new(), Vec::new());
    let mut map = ChangeMap::default();
    for frame in 0..FRAMES {
        let shot = next(&mut person)?;
        if frame % FRAMES_PER_COLOUR == 0 {
            // Another than before.
            colour = (colour + 1 + dice.random_range(0..2_usize)) % 3;
        }
        let lamp: [f32; 3] = std::array::from_fn(|c| if c == colour { 1.0 } else { LEAK });
        let shape = Shape::of(&shot);
        let tilted = (subject == Subject::Print).then_some(tilt.cos());
        let light = lit_by(&shot, subject, |x, y| tilted.unwrap_or_else(|| shape.at(x, y)), lamp, room);
        levels.push(change_of(&shot, &light, colour));
        let mut picture = camera.take(light);
        noise(&mut picture, 1.5, &mut dice);
        let picture = recompressed(&picture, 85).unwrap_or(picture);
        lit.push(lamp);
        seen.push(colour_of(&shot, &picture));
        map.add(&shot, &shape, &picture, lamp);
    }
    Ok(Answer { levels: median(&mut levels), follows: following(&lit, &seen), shape: map.likeness() })
}

fn next(person: &mut Person) -> Result<Shot> {
    for _ in 0..TICKS_PER_FRAME {
        person.tick()?;
    }
    person.shot()
}

/// How much of the display's light each place takes, 1 where it faces the display at arm's length; from the mesh.
struct Shape {
    columns: usize,
    facing: Vec<f32>,
}

/// Pixels from node to node of the field of depth.
const STEP: usize = 5;
/// How far a point's depth reaches, pixels.
const REACH: f32 = 9.0;

impl Shape {
    fn of(shot: &Shot) -> Self {
        let (columns, lines) = (SIZE.0 as usize / STEP + 1, SIZE.1 as usize / STEP + 1);
        let mut sums = vec![[0.0_f32; 2]; columns * lines];
        let near = |middle: f32, most: usize| {
            let node = |value: f32| (value.max(0.0) as usize / STEP).min(most);
            node(middle - 4.0 * REACH)..node(middle + 4.0 * REACH)
        };
        for [x, y, z] in shot.points.iter() {
            for (line, column) in near(*y, lines).flat_map(|line| near(*x, columns).map(move |column| (line, column))) {
                let (dx, dy) = ((column * STEP) as f32 - x, (line * STEP) as f32 - y);
                let weight = (-(dx * dx + dy * dy) / (2.0 * REACH * REACH)).exp();
                if let Some(sum) = sums.get_mut(line * columns + column) {
                    *sum = [sum[0] + z * weight, sum[1] + weight];
                }
            }
        }
        let depth: Vec<f32> = sums.iter().map(|[z, weight]| z / weight.max(1e-6)).collect();
        let at = |column: usize, line: usize| depth.get(line * columns + column).copied().unwrap_or_default();
        let facing = |place: usize| {
            let (column, line) = (place % columns, place / columns);
            let across = at((column + 1).min(columns - 1), line) - at(column.saturating_sub(1), line);
            let down = at(column, (line + 1).min(lines - 1)) - at(column, line.saturating_sub(1));
            1.0 / (1.0 + (across.powi(2) + down.powi(2)) / (2.0 * STEP as f32).powi(2)).sqrt()
        };
        Self { columns, facing: (0..columns * lines).map(facing).collect() }
    }

    fn at(&self, x: f32, y: f32) -> f32 {
        let (column, line) = (x as usize / STEP, y as usize / STEP);
        self.facing.get(line * self.columns + column).copied().unwrap_or(1.0)
    }
}

/// The scene in linear light, three channels a pixel.
type Light = Vec<[f32; 3]>;

fn lit_by(shot: &Shot, subject: Subject, facing: impl Fn(f32, f32) -> f32, lamp: [f32; 3], room: f32) -> Light {
    let ellipse = face_ellipse(&shot.points);
    let strength = DISPLAY_LUX / room;
    // What lies behind the face is three times as far away.
    let behind = 1.0 / 9.0;
    let pixels = shot.image.enumerate_pixels().map(|(x, y, pixel)| {
        let (x, y) = (x as f32, y as f32);
        let linear = pixel.0.map(|value| (f32::from(value) / 255.0).powf(2.2));
        let on_face = from_face(ellipse, x, y) < 1.0;
        std::array::from_fn(|c| match subject {
            Subject::Face if !on_face => linear[c] * (1.0 + strength * behind * lamp[c]),
            Subject::Face | Subject::Print => linear[c] * (1.0 + strength * facing(x, y) * lamp[c]),
            Subject::Film => {
                let (shines, evenly, mirrored) = FILM;
                let ([cx, cy], [w, _]) = ellipse;
                // The mirror image of the phone covers half the width of the face.
                let mirror = (x - cx).abs() < w * 0.5 && (y - cy).abs() < w * 1.07;
                let thrown_back =
                    evenly * DISPLAY_LUX / std::f32::consts::PI + if mirror { mirrored * 400.0 } else { 0.0 };
                linear[c] + thrown_back * lamp[c] / shines
            }
        })
    });
    pixels.collect()
}

/// Exposure and white balance that follow what the camera sees.
#[derive(Default)]
struct Camera {
    gains: Option<[f32; 3]>,
}

impl Camera {
    fn take(&mut self, light: Light) -> RgbImage {
        let count = light.len().max(1) as f32;
        let mean: [f32; 3] = std::array::from_fn(|c| light.iter().map(|pixel| pixel[c]).sum::<f32>() / count);
        // 120 ms of a time constant of a second.
        let part = 0.113;
        let gains = self.gains.get_or_insert(mean);
        for (gain, mean) in gains.iter_mut().zip(mean) {
            *gain += (mean - *gain) * part;
        }
        let gains = *gains;
        // Settled, a channel's mean is what it was in the clip; white balance corrects half of a tint.
        let middle = gains.iter().sum::<f32>() / 3.0;
        let first = 0.25;
        painted(SIZE, |x, y| {
            let pixel = light.get(y as usize * SIZE.0 as usize + x as usize).copied().unwrap_or_default();
            std::array::from_fn(|c| {
                let balance = (middle / gains[c].max(1e-4)).sqrt();
                255.0 * (pixel[c] * first / middle.max(1e-4) * balance).clamp(0.0, 1.0).powf(1.0 / 2.2)
            })
        })
    }
}

/// Median change of the lit channel in the face, of 255, before the camera follows.
fn change_of(shot: &Shot, light: &Light, channel: usize) -> f32 {
    let ellipse = face_ellipse(&shot.points);
    let before = shot.image.enumerate_pixels();
    let inside = before.zip(light).filter(|((x, y, _), _)| from_face(ellipse, *x as f32, *y as f32) < 0.8);
    let mut changes: Vec<f32> = inside
        .map(|((_, _, pixel), light)| 255.0 * light[channel].powf(1.0 / 2.2) - f32::from(pixel.0[channel]))
        .collect();
    median(&mut changes)
}

/// The share of each channel in the face's colour less that in its surroundings'.
fn colour_of(shot: &Shot, picture: &RgbImage) -> [f32; 3] {
    let ellipse = face_ellipse(&shot.points);
    let mut sums = [[0.0_f32; 3]; 2];
    for (x, y, pixel) in picture.enumerate_pixels() {
        let away = from_face(ellipse, x as f32, y as f32);
        let side = if away < 0.8 { 0 } else { 1 };
        if !(0.8..=1.5).contains(&away) {
            for (sum, value) in sums[side].iter_mut().zip(pixel.0) {
                *sum += f32::from(value);
            }
        }
    }
    let [face, around] = sums.map(|sum| sum.map(|value| value / sum.iter().sum::<f32>().max(1.0)));
    std::array::from_fn(|c| face[c] - around[c])
}

/// Correlation of the steps of the colour seen with those of the display: posture and light of the room change slowly.
fn following(lit: &[[f32; 3]], seen: &[[f32; 3]]) -> f32 {
    let steps = |values: &[[f32; 3]]| -> Vec<f32> {
        values.windows(2).flat_map(|pair| std::array::from_fn::<f32, 3, _>(|c| pair[1][c] - pair[0][c])).collect()
    };
    correlation(&steps(lit), &steps(seen))
}

/// Where the face changes with the display's colour: for each cell of the face, how far its colour follows.
#[derive(Default)]
struct ChangeMap {
    /// Per cell: channel share and lamp, gathered.
    cells: Vec<Vec<([f32; 3], [f32; 3])>>,
    /// How a face of the mesh would take the light.
    expected: Vec<f32>,
}

/// Cells across and down the face.
const CELLS: usize = 8;

impl ChangeMap {
    fn add(&mut self, shot: &Shot, shape: &Shape, picture: &RgbImage, lamp: [f32; 3]) {
        let ([cx, cy], [w, h]) = face_ellipse(&shot.points);
        self.cells.resize(CELLS * CELLS, Vec::new());
        self.expected = vec![0.0; CELLS * CELLS];
        for (place, (cell, expected)) in self.cells.iter_mut().zip(&mut self.expected).enumerate() {
            let middle = |at: usize| (at as f32 + 0.5) / CELLS as f32 * 2.0 - 1.0;
            let (u, v) = (middle(place % CELLS), middle(place / CELLS));
            if u.hypot(v) > 0.95 {
                continue;
            }
            let (x, y) = (cx + u * w, cy + v * h);
            *expected = shape.at(x, y);
            let mut sum = [0.0_f32; 3];
            for (dx, dy) in (0..25).map(|i| ((i % 5) as f32 * 2.0 - 4.0, (i / 5) as f32 * 2.0 - 4.0)) {
                let (px, py) = ((x + dx).clamp(0.0, 399.0) as u32, (y + dy).clamp(0.0, 299.0) as u32);
                picture.get_pixel(px, py).0.iter().zip(&mut sum).for_each(|(value, sum)| *sum += f32::from(*value));
            }
            let all = sum.iter().sum::<f32>().max(1.0);
            cell.push((sum.map(|value| value / all), lamp));
        }
    }

    fn likeness(&self) -> f32 {
        let slope = |cell: &Vec<([f32; 3], [f32; 3])>| {
            let (seen, lit): (Vec<_>, Vec<_>) = cell.iter().copied().unzip();
            let steps = seen
                .windows(2)
                .zip(lit.windows(2))
                .flat_map(|(s, l)| std::array::from_fn::<(f32, f32), 3, _>(|c| (s[1][c] - s[0][c], l[1][c] - l[0][c])));
            let (mut with, mut of) = (0.0, 0.0);
            steps.for_each(|(seen, lit)| (with, of) = (with + seen * lit, of + lit * lit));
            with / of.max(1e-6)
        };
        let known = self.cells.iter().zip(&self.expected).filter(|(cell, _)| !cell.is_empty());
        let (slopes, expected): (Vec<f32>, Vec<f32>) = known.map(|(cell, expected)| (slope(cell), *expected)).unzip();
        correlation(&slopes, &expected)
    }
}

fn correlation(p: &[f32], q: &[f32]) -> f32 {
    let count = p.len().max(1) as f32;
    let (mp, mq) = (p.iter().sum::<f32>() / count, q.iter().sum::<f32>() / count);
    let sum = |f: &dyn Fn(f32, f32) -> f32| p.iter().zip(q).map(|(p, q)| f(p - mp, q - mq)).sum::<f32>();
    sum(&|p, q| p * q) / (sum(&|p, _| p * p) * sum(&|_, q| q * q)).sqrt().max(1e-12)
}

fn median(values: &mut [f32]) -> f32 {
    values.sort_by(f32::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}
