//! Screens held before the camera: another scene, shown by a display and filmed again. Drawn are what filming a display
//! does: moire of the two grids, its light's colour and contrast, a band that wanders with its rate, a reflection, softness,
//! and (for those with a bezel) the frame around it.

use anyhow::Result;
use image::RgbImage;
use image::imageops::fast_blur;
use jianzai_camera::actor;
use jianzai_wire::FrameTime;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

use super::feeds;
use super::material::{Material, SIZE};
use super::pictures::{change, mix, painted, ramp, sample};
use crate::rehearsal::Scene;

/// How a screen stands before the camera.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Framing {
    /// Its bezel and the room behind are seen.
    Bezel,
    /// Only what it shows.
    Full,
}

struct Screen {
    shows: Box<dyn Scene>,
    at: FrameTime,
    framing: Framing,
    /// Waves of the moire: frequency along x and y, phase, strength.
    moire: [[f32; 4]; 3],
    softness: f32,
    gamma: f32,
    glare: [f32; 3],
    tilt: f32,
}

impl Screen {
    fn new(shows: Box<dyn Scene>, framing: Framing, seed: u64) -> Self {
        let mut dice = StdRng::seed_from_u64(seed ^ 0x5c6ee4);
        let strength = dice.random_range(0.015..0.06);
        let turn: f32 = dice.random_range(-0.3..0.3);
        let pitch: f32 = dice.random_range(0.5..2.2);
        // Each colour's grid beats with the camera's at a slightly different pitch.
        let moire = std::array::from_fn(|colour| {
            let (s, c) = (turn + colour as f32 * 0.05).sin_cos();
            [pitch * c, pitch * s, dice.random_range(0.0..6.0), strength]
        });
        Self {
            shows,
            at: FrameTime(0),
            framing,
            moire,
            softness: dice.random_range(0.4..0.9),
            gamma: dice.random_range(1.05..1.3),
            glare: [dice.random_range(60.0..340.0), dice.random_range(20.0..120.0), dice.random_range(0.0..0.5)],
            tilt: dice.random_range(-0.05..0.05),
        }
    }

    fn filmed(&self, at: FrameTime, shown: &RgbImage) -> RgbImage {
        let soft = fast_blur(shown, self.softness);
        let t = at.0 as f32 / 1_000.0;
        let sway = [2.0 * (t * 1.7).sin(), 1.5 * (t * 2.3).cos()];
        let (w, h) = (SIZE.0 as f32, SIZE.1 as f32);
        let fill = if self.framing == Framing::Bezel { 0.8 } else { 1.12 };
        let mut picture = painted(SIZE, |x, y| {
            let (u, v) = (x - w / 2.0 - sway[0], y - h / 2.0 - sway[1]);
            let (u, v) = ((u - self.tilt * v) / fill, (v + self.tilt * u) / fill);
            let edge = (u.abs() - w / 2.0).max(v.abs() - h / 2.0);
            let room = [105.0 + x * 0.1, 100.0 + x * 0.08, 95.0];
            if edge > 0.0 {
                return mix([14.0; 3], room, ramp(edge, 17.0, 18.5));
            }
            let light =
                sample(&soft, u + w / 2.0, v + h / 2.0).map(|value| 8.0 + 247.0 * (value / 255.0).powf(self.gamma));
            // Displays are bluer than the light of rooms.
            let cold = [light[0] * 0.95, light[1], light[2] * 1.05];
            let beat = self.moire.map(|[fx, fy, phase, strength]| 1.0 + strength * (fx * x + fy * y + phase).sin());
            std::array::from_fn(|c| cold[c] * beat[c])
        });
        let band = (t * 47.0).rem_euclid(h + 80.0) - 40.0;
        let [gx, gy, glare] = self.glare;
        change(&mut picture, |x, y, colour| {
            let dim = 1.0 - 0.05 * (1.0 - ramp((y - band).abs(), 15.0, 35.0));
            let shine = glare * (1.0 - ramp((x - gx).hypot((y - gy) * 1.6), 4.0, 26.0));
            mix(colour.map(|value| value * dim), [255.0; 3], shine)
        });
        picture
    }
}

impl Scene for Screen {
    fn tick(&mut self) -> Result<FrameTime> {
        self.at = self.shows.tick()?;
        Ok(self.at)
    }

    fn picture(&mut self) -> Result<RgbImage> {
        let shown = self.shows.picture()?;
        Ok(self.filmed(self.at, &shown))
    }

    fn hear(&mut self, at: FrameTime, said: actor::Instruction) {
        self.shows.hear(at, said);
    }
}

/// Every other screen with its bezel.
fn screen(shows: Box<dyn Scene>, seed: u64) -> Box<dyn Scene> {
    let framing = if seed.is_multiple_of(2) { Framing::Bezel } else { Framing::Full };
    Box::new(Screen::new(shows, framing, seed))
}

/// A recorded attempt that plays on, on a screen.
pub fn replay(material: &Material, seed: u64) -> Result<Box<dyn Scene>> {
    Ok(screen(feeds::replay(material, seed)?, seed))
}

/// A screen on which somebody plays a fitting clip for every instruction, with no cut that could be seen.
pub fn on_cue(material: &Material, seed: u64) -> Result<Box<dyn Scene>> {
    Ok(screen(Box::new(material.person(seed)?), seed))
}

/// A screen with a still picture.
pub fn still(material: &Material, seed: u64) -> Result<Box<dyn Scene>> {
    Ok(screen(feeds::still(material, seed)?, seed))
}
