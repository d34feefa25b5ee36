//! Does anything in the pictures tell a still that was animated from a face that moves? An experiment.
//!
//! **In**: the turns and nods of the man in both recordings, and of stills animated along our mesh, frame by frame as a phone sees
//! them. **Out**: three cues. *Gaze*: how far the irises have moved between the corners of the eyes at the height of a movement (a
//! living eye stays on the screen, a painted one turns along). *Light*: how far the brightness of patches of skin has changed,
//! relative to one another (light falls otherwise on a turned face). *Again*: how alike the fine detail of the face at rest is
//! to that of a second and more before (a still is one picture). **What is left out**: whoever animates could paint all three.

use std::fmt::Write as _;

use anyhow::Result;
use image::RgbImage;
use jianzai_camera::actor::Instruction;
use jianzai_face::{EngineOptions, FaceEngine};
use jianzai_liveness::FaceSeen;
use jianzai_wire::{Action, FrameTime};

use super::conditions::recompressed;
use super::material::{Clip, FRAME_MS, Material};
use super::pictures::{luma, sample};
use super::warped::animated;

/// Frames before a movement that count as its rest.
const REST: usize = 20;
/// Frames around the height of a movement that count.
const HEIGHT: usize = 2;
/// Frames between two looks at the face at rest, and the least between two that are compared.
const EVERY: usize = 3;
const APART: usize = 25 / EVERY;
const STILLS: u64 = 8;
/// Nothing moves yet in so many frames of the scene.
const CUED_AT: usize = 120;
/// Frames of a scene: rest, reaction, movement.
const FRAMES: usize = CUED_AT + 65;

/// Outer corner, inner corner and middle of the iris, of either eye.
const EYES: [[usize; 3]; 2] = [[33, 133, 468], [263, 362, 473]];
/// Cheeks, sides of the nose, brow, chin.
const SKIN: [usize; 12] = [50, 280, 205, 425, 108, 337, 151, 4, 199, 116, 345, 6];
/// Edge of the canonical picture of a face, in pixels, and of the surroundings that are taken off a pixel.
const EDGE: usize = 96;
const AROUND: usize = 3;

/// What one frame shows.
struct Look {
    yaw: f32,
    pitch: f32,
    gaze: [f32; 2],
    light: Vec<f32>,
    detail: Vec<f32>,
}

/// Makes the table.
///
/// # Errors
/// A frame or network is not there.
pub fn report(material: &Material) -> Result<String> {
    let mut engine = FaceEngine::new(&material.models, EngineOptions { passive_every: 0, ..EngineOptions::default() })?;
    let mut out = String::new();
    let turns = [Action::TurnLeft, Action::TurnRight, Action::LookUp, Action::LookDown];
    for indexed in material.index.actions.iter().filter(|indexed| indexed.action.moves_head()) {
        let frames = indexed.frames();
        let (Some(first), Some(last)) = (frames.iter().min(), frames.iter().max()) else { continue };
        let looks = film(&mut engine, &material.cap12, first.saturating_sub(REST as u32), *last)?;
        writeln!(out, "the man, {:10} {}", indexed.action.name(), movement(&looks))?;
    }
    // Left, right and left again; found by eye.
    for (first, last) in [(495, 522), (527, 547), (552, 580)] {
        let looks = film(&mut engine, &material.cap13, first - REST as u32, last)?;
        writeln!(out, "the man, another day {}", movement(&looks))?;
    }
    for (who, clip, to) in [("the man", &*material.cap12, 105), ("the other man", &material.franck, 300)] {
        writeln!(out, "{who} at rest {}", again(&film(&mut engine, clip, 5, to)?))?;
    }
    for seed in 0..STILLS {
        for (place, action) in turns.into_iter().enumerate() {
            let looks = still(&mut engine, material, seed, action)?;
            writeln!(
                out,
                "still {seed}, {:10} {}",
                action.name(),
                movement(looks.get(CUED_AT - REST..).unwrap_or_default())
            )?;
            if place == 0 {
                writeln!(out, "still {seed} at rest {}", again(looks.get(..CUED_AT).unwrap_or_default()))?;
            }
        }
    }
    Ok(out)
}

fn film(engine: &mut FaceEngine, clip: &Clip, first: u32, last: u32) -> Result<Vec<Look>> {
    engine.reset();
    let looks = (first..=last).map(|number| look(engine, &clip.frame(number)?, u64::from(number)));
    Ok(looks.collect::<Result<Vec<_>>>()?.into_iter().flatten().collect())
}

fn still(engine: &mut FaceEngine, material: &Material, seed: u64, action: Action) -> Result<Vec<Look>> {
    engine.reset();
    let mut scene = animated(material, seed)?;
    let mut looks = Vec::new();
    for number in 0..FRAMES {
        let at = scene.tick()?;
        if number == CUED_AT {
            scene.hear(at, Instruction::Do(action));
        }
        looks.extend(look(engine, &scene.picture()?, number as u64)?);
    }
    Ok(looks)
}

/// Looks at a frame as a crop of the evidence would show it.
fn look(engine: &mut FaceEngine, picture: &RgbImage, number: u64) -> Result<Option<Look>> {
    let picture = recompressed(picture, 75).unwrap_or_else(|| picture.clone());
    let seen = engine.observe(&picture, FrameTime(number * FRAME_MS))?;
    Ok(seen.face.map(|face| Look {
        yaw: face.pose.yaw,
        pitch: face.pose.pitch,
        gaze: gaze(&face),
        light: SKIN.iter().map(|point| patch(&picture, &face, *point)).collect(),
        detail: detail(&picture, &face),
    }))
}

fn at(face: &FaceSeen, point: usize) -> [f32; 2] {
    face.landmarks.get(point).map_or([0.0; 2], |p| [p[0], p[1]])
}

/// Where the irises lie between the corners of the eyes, along and across, over the width of an eye; the mean of both eyes.
fn gaze(face: &FaceSeen) -> [f32; 2] {
    let of = |[outer, inner, iris]: [usize; 3]| {
        let [a, b, c] = [outer, inner, iris].map(|point| at(face, point));
        // Both from the subject's right to their left.
        let (a, b) = if a[0] <= b[0] { (a, b) } else { (b, a) };
        let (ux, uy) = (b[0] - a[0], b[1] - a[1]);
        let (dx, dy) = (c[0] - (a[0] + b[0]) / 2.0, c[1] - (a[1] + b[1]) / 2.0);
        let square = (ux * ux + uy * uy).max(1.0);
        [(dx * ux + dy * uy) / square, (dy * ux - dx * uy) / square]
    };
    let [right, left] = EYES.map(of);
    [(right[0] + left[0]) / 2.0, (right[1] + left[1]) / 2.0]
}

/// Mean brightness around a point of the skin.
fn patch(picture: &RgbImage, face: &FaceSeen, point: usize) -> f32 {
    let ([x, y], radius) = (at(face, point), (face.bbox.x1 - face.bbox.x0) * 0.06);
    let steps = || (-3..=3).map(|step| step as f32 / 3.0 * radius);
    let values = steps().flat_map(|dy| steps().map(move |dx| luma(sample(picture, x + dx, y + dy))));
    (values.sum::<f32>() / 49.0).max(1.0)
}

/// The face laid over its eyes, without what is coarse in it.
fn detail(picture: &RgbImage, face: &FaceSeen) -> Vec<f32> {
    let (a, b) = (at(face, 33), at(face, 263));
    let (ux, uy) = (b[0] - a[0], b[1] - a[1]);
    let place = |cell: usize, middle: f32| (cell as f32 - middle) / 60.0;
    let cells = (0..EDGE * EDGE).map(|cell| {
        let (x, y) = (place(cell % EDGE, 48.0), place(cell / EDGE, 30.0));
        luma(sample(picture, (a[0] + b[0]) / 2.0 + x * ux - y * uy, (a[1] + b[1]) / 2.0 + x * uy + y * ux))
    });
    let canonical: Vec<f32> = cells.collect();
    let mean = |cell: usize, reach: usize| {
        let (x, y) = (cell % EDGE, cell / EDGE);
        let lines = y.saturating_sub(reach)..(y + reach + 1).min(EDGE);
        let columns = x.saturating_sub(reach)..(x + reach + 1).min(EDGE);
        let count = lines.len() * columns.len();
        let values = lines.flat_map(|y| columns.clone().map(move |x| y * EDGE + x));
        values.filter_map(|cell| canonical.get(cell)).sum::<f32>() / count as f32
    };
    (0..EDGE * EDGE).map(|cell| mean(cell, 1) - mean(cell, AROUND)).collect()
}

/// What the height of a movement has changed, against the rest before it.
fn movement(looks: &[Look]) -> String {
    let rest = looks.get(..REST).unwrap_or_default();
    let at_rest = |value: &dyn Fn(&Look) -> f32| median(rest.iter().map(value));
    let (yaw, pitch) = (at_rest(&|l| l.yaw), at_rest(&|l| l.pitch));
    let far = |look: &Look| (look.yaw - yaw).hypot(look.pitch - pitch);
    let highest =
        looks.iter().enumerate().max_by(|(_, a), (_, b)| far(a).total_cmp(&far(b))).map_or(0, |(place, _)| place);
    let height = looks.get(highest.saturating_sub(HEIGHT)..(highest + HEIGHT + 1).min(looks.len())).unwrap_or_default();
    let change = |value: &dyn Fn(&Look) -> f32| median(height.iter().map(value)) - at_rest(value);
    let gaze = change(&|l| l.gaze[0]).hypot(change(&|l| l.gaze[1]));
    let patches: Vec<f32> =
        (0..SKIN.len()).map(|patch| change(&|l| l.light.get(patch).map_or(0.0, |light| light.ln()))).collect();
    let all = median(patches.iter().copied());
    let light = (patches.iter().map(|patch| (patch - all).powi(2)).sum::<f32>() / patches.len() as f32).sqrt();
    let far = looks.get(highest).map_or(0.0, far);
    format!("{far:4.1} degrees  gaze {gaze:.3}  light {light:.3}")
}

/// How alike the detail of frames a second and more apart is: median, and most.
fn again(looks: &[Look]) -> String {
    let looks: Vec<&Look> = looks.iter().step_by(EVERY).collect();
    let mut alike = Vec::new();
    for (place, one) in looks.iter().enumerate() {
        let later = looks.iter().skip(place + APART);
        let held_alike = |other: &&&Look| (one.yaw - other.yaw).hypot(one.pitch - other.pitch) < 3.0;
        alike.extend(later.filter(held_alike).map(|other| likeness(&one.detail, &other.detail)));
    }
    let most = alike.iter().copied().fold(f32::MIN, f32::max);
    format!("again {:.3}, at most {most:.3}", median(alike.into_iter()))
}

/// Correlation of the middle of two faces, at the best of some small shifts.
fn likeness(one: &[f32], other: &[f32]) -> f32 {
    let shifts = || -2..=2_isize;
    let of = |(dy, dx): (isize, isize)| {
        let (mut both, mut first, mut second) = (0.0_f32, 0.0_f32, 0.0_f32);
        for (y, x) in (40..62_usize).flat_map(|y| (16..80_usize).map(move |x| (y, x))) {
            let shifted = y.wrapping_add_signed(dy) * EDGE + x.wrapping_add_signed(dx);
            let (p, q) = (one.get(y * EDGE + x), other.get(shifted));
            let (p, q) = (p.copied().unwrap_or_default(), q.copied().unwrap_or_default());
            both += p * q;
            first += p * p;
            second += q * q;
        }
        both / (first * second).sqrt().max(1e-6)
    };
    shifts().flat_map(|dy| shifts().map(move |dx| (dy, dx))).map(of).fold(f32::MIN, f32::max)
}

fn median(values: impl Iterator<Item = f32>) -> f32 {
    let mut sorted: Vec<f32> = values.collect();
    sorted.sort_by(f32::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or_default()
}
