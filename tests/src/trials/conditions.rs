//! Genuine people under conditions: dark, lit from behind or from the side, blurred, far, coarse, slow, with glasses, in bed, with one
//! eye. The
//! person is the recorded man who follows instructions; a condition changes his picture as the world would, but drawn. How
//! strong it is comes from the trial's seed, within what the species' doc says.

use anyhow::Result;
use image::RgbImage;
use image::codecs::jpeg::JpegEncoder;
use image::imageops::{FilterType, fast_blur, resize, rotate90, rotate270};
use jianzai_camera::actor;
use jianzai_wire::FrameTime;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

use super::material::{FRAME_MS, Material, Person, SIZE, Shot};
use super::pictures::{change, face_ellipse, from_face, luma, mix, noise, painted, ramp, sample};
use crate::rehearsal::Scene;

type Change = Box<dyn FnMut(FrameTime, Shot) -> RgbImage + Send>;

/// The man, seen through a change.
pub struct Conditioned {
    person: Person,
    at: FrameTime,
    change: Change,
}

impl Scene for Conditioned {
    fn tick(&mut self) -> Result<FrameTime> {
        self.at = self.person.tick()?;
        Ok(self.at)
    }

    fn picture(&mut self) -> Result<RgbImage> {
        let shot = self.person.shot()?;
        Ok((self.change)(self.at, shot))
    }

    fn hear(&mut self, at: FrameTime, said: actor::Instruction) {
        self.person.hear(at, said);
    }
}

fn seen(
    material: &Material,
    seed: u64,
    mut change: impl FnMut(Shot) -> RgbImage + Send + 'static,
) -> Result<Box<dyn Scene>> {
    seen_at(material, seed, move |_, shot| change(shot))
}

fn seen_at(
    material: &Material,
    seed: u64,
    change: impl FnMut(FrameTime, Shot) -> RgbImage + Send + 'static,
) -> Result<Box<dyn Scene>> {
    Ok(Box::new(Conditioned { person: material.person(seed)?, at: FrameTime(0), change: Box::new(change) }))
}

fn dice(seed: u64) -> StdRng {
    StdRng::seed_from_u64(seed ^ 0xc0_0d17)
}

/// As recorded.
pub fn good_light(material: &Material, seed: u64) -> Result<Box<dyn Scene>> {
    Ok(Box::new(material.person(seed)?))
}

/// A third to half of the light, with the sensor's noise that comes with it.
pub fn dark(material: &Material, seed: u64) -> Result<Box<dyn Scene>> {
    let mut dice = dice(seed);
    let light = dice.random_range(0.33..0.5);
    darkened(material, seed, light)
}

/// Half of the light or a little more: it can be judged, and more would be better.
pub fn dim(material: &Material, seed: u64) -> Result<Box<dyn Scene>> {
    let mut dice = dice(seed);
    let light = dice.random_range(0.48..0.58);
    darkened(material, seed, light)
}

/// So dark that it cannot be judged.
pub fn too_dark(material: &Material, seed: u64) -> Result<Box<dyn Scene>> {
    darkened(material, seed, 0.15)
}

fn darkened(material: &Material, seed: u64, light: f32) -> Result<Box<dyn Scene>> {
    let mut dice = dice(seed ^ 1);
    seen(material, seed, move |mut shot| {
        change(&mut shot.image, |_, _, colour| colour.map(|value| value * light));
        noise(&mut shot.image, 5.0, &mut dice);
        shot.image
    })
}

/// Surroundings towards white, the face in their shadow.
pub fn back_lit(material: &Material, seed: u64) -> Result<Box<dyn Scene>> {
    let mut dice = dice(seed);
    against_light(material, seed, dice.random_range(0.2..0.45), dice.random_range(0.6..0.75))
}

/// A face before a bright window, almost black.
pub fn too_back_lit(material: &Material, seed: u64) -> Result<Box<dyn Scene>> {
    against_light(material, seed, 1.0, 0.4)
}

fn against_light(material: &Material, seed: u64, window: f32, face: f32) -> Result<Box<dyn Scene>> {
    let mut dice = dice(seed ^ 1);
    seen(material, seed, move |mut shot| {
        let (middle, half) = face_ellipse(&shot.points);
        change(&mut shot.image, |x, y, colour| {
            // The head's hair and the body below belong to the shadow.
            let away = from_face((middle, half.map(|half| half * 1.3)), x, y);
            let body = ramp(y, middle[1] + half[1], middle[1] + half[1] * 1.4);
            let open = ramp(away, 1.0, 1.35) * (1.0 - body);
            let shadow = colour.map(|value| value * face);
            mix(shadow, mix(colour, [245.0; 3], window), open)
        });
        noise(&mut shot.image, 3.0, &mut dice);
        shot.image
    })
}

/// A lamp on one side: the other side of the face gets a quarter to under half of the light.
pub fn side_lit(material: &Material, seed: u64) -> Result<Box<dyn Scene>> {
    let mut dice = dice(seed);
    let least = dice.random_range(0.25..0.45);
    let side = if dice.random() { 1.0 } else { -1.0 };
    seen(material, seed, move |mut shot| {
        let (middle, half) = face_ellipse(&shot.points);
        change(&mut shot.image, |x, _, colour| {
            let light = least + (1.15 - least) * ramp((x - middle[0]) * side / half[0], -0.9, 0.9);
            colour.map(|value| value * light)
        });
        noise(&mut shot.image, 3.0, &mut dice);
        shot.image
    })
}

/// Out of focus: a spread of 1.2 to 2 pixels in a face about 140 pixels high.
pub fn blurred(material: &Material, seed: u64) -> Result<Box<dyn Scene>> {
    let spread = dice(seed).random_range(1.2..2.0);
    seen(material, seed, move |shot| fast_blur(&shot.image, spread))
}

/// Nothing is sharp.
pub fn too_blurred(material: &Material, seed: u64) -> Result<Box<dyn Scene>> {
    seen(material, seed, move |shot| fast_blur(&shot.image, 6.0))
}

/// Further away: the face at 0.65 to 0.8 of its size.
pub fn far(material: &Material, seed: u64) -> Result<Box<dyn Scene>> {
    let scale = dice(seed).random_range(0.65..0.8);
    scaled(material, seed, scale)
}

/// At the other end of the room.
pub fn too_far(material: &Material, seed: u64) -> Result<Box<dyn Scene>> {
    scaled(material, seed, 0.4)
}

/// With the nose at the glass.
pub fn too_near(material: &Material, seed: u64) -> Result<Box<dyn Scene>> {
    scaled(material, seed, 2.1)
}

/// The frame seen `scale` times as large about the middle of the face; beyond its edge lies a wall of its own colour.
fn scaled(material: &Material, seed: u64, scale: f32) -> Result<Box<dyn Scene>> {
    let mut anchor = None;
    seen(material, seed, move |shot| {
        let [cx, cy] = *anchor.get_or_insert(face_ellipse(&shot.points).0);
        let (w, h) = (SIZE.0 as f32, SIZE.1 as f32);
        painted(SIZE, |x, y| sample(&shot.image, cx + (x - w / 2.0) / scale, cy + (y - h / 2.0) / scale))
    })
}

/// Held so that the face is at the edge.
pub fn off_centre(material: &Material, seed: u64) -> Result<Box<dyn Scene>> {
    let aside = if dice(seed).random() { 90.0 } else { -90.0 };
    seen(material, seed, move |shot| painted(SIZE, |x, y| sample(&shot.image, x - aside, y)))
}

/// A camera of 240 x 180 pixels.
pub fn coarse(material: &Material, seed: u64) -> Result<Box<dyn Scene>> {
    seen(material, seed, |shot| resize(&shot.image, 240, 180, FilterType::Triangle))
}

/// A camera that compresses hard.
pub fn compressed(material: &Material, seed: u64) -> Result<Box<dyn Scene>> {
    let quality = dice(seed).random_range(12..25);
    seen(material, seed, move |shot| recompressed(&shot.image, quality).unwrap_or(shot.image))
}

/// What is left of a picture after JPEG.
pub fn recompressed(picture: &RgbImage, quality: u8) -> Option<RgbImage> {
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(&mut bytes, quality).encode_image(picture).ok()?;
    image::load_from_memory(&bytes).ok().map(|picture| picture.to_rgb8())
}

/// Reading glasses with dark rims, a reflection in one glass.
pub fn glasses(material: &Material, seed: u64) -> Result<Box<dyn Scene>> {
    let mut dice = dice(seed);
    let (rim, width) = (dice.random_range(15.0..80.0), dice.random_range(1.6..3.0));
    seen(material, seed, move |mut shot| {
        wear(&mut shot, rim, width);
        shot.image
    })
}

/// Corners of the eyes, outer and inner; of the right eye, then the left.
const EYES: [(usize, usize); 2] = [(33, 133), (263, 362)];

pub(super) fn wear(shot: &mut Shot, rim: f32, width: f32) {
    let place = |index: usize| shot.points.get(index).map_or([0.0; 2], |p| [p[0], p[1]]);
    let lenses = EYES.map(|(outer, inner)| {
        let (p, q) = (place(outer), place(inner));
        ([(p[0] + q[0]) / 2.0, (p[1] + q[1]) / 2.0 + 2.0], (p[0] - q[0]).hypot(p[1] - q[1]) * 0.78)
    });
    let ([right, r], [left, l]) = ([lenses[0].0, [lenses[0].1; 2]], [lenses[1].0, [lenses[1].1; 2]]);
    change(&mut shot.image, |x, y, colour| {
        let mut colour = colour;
        for (middle, radius) in [(right, r[0]), (left, l[0])] {
            let away = ((x - middle[0]) / radius).hypot((y - middle[1]) / (radius * 0.82));
            let on_rim = 1.0 - ramp((away - 1.0).abs() * radius, width / 2.0, width / 2.0 + 1.0);
            let glare =
                if away < 0.9 && (x - middle[0] + y - middle[1] + radius * 0.5).abs() < 2.0 { 0.35 } else { 0.0 };
            colour = mix(mix(colour, [235.0; 3], glare), [rim, rim * 0.9, rim * 0.8], on_rim * 0.9);
        }
        // The bridge between the glasses.
        let along = (x - right[0]) / (left[0] - right[0]).max(1.0);
        let line = right[1] + along * (left[1] - right[1]);
        let between = x > right[0] + r[0] && x < left[0] - l[0];
        if between && (y - line).abs() < width { [rim, rim * 0.9, rim * 0.8] } else { colour }
    });
}

/// In bed, on the left side or the right: the head lies, and the phone does not.
pub fn lying(material: &Material, seed: u64) -> Result<Box<dyn Scene>> {
    seen(
        material,
        seed,
        move |shot| if seed.is_multiple_of(2) { rotate90(&shot.image) } else { rotate270(&shot.image) },
    )
}

/// A dark patch over one eye.
pub fn one_eye(material: &Material, seed: u64) -> Result<Box<dyn Scene>> {
    let (outer, inner) = EYES[usize::from(seed.is_multiple_of(2))];
    seen(material, seed, move |mut shot| {
        let place = |index: usize| shot.points.get(index).map_or([0.0; 2], |p| [p[0], p[1]]);
        let (p, q) = (place(outer), place(inner));
        let (cx, cy) = ((p[0] + q[0]) / 2.0, (p[1] + q[1]) / 2.0);
        let radius = (p[0] - q[0]).hypot(p[1] - q[1]) * 0.8;
        change(&mut shot.image, |x, y, colour| {
            let away = ((x - cx) / radius).hypot((y - cy) / (radius * 0.8));
            mix([38.0, 36.0, 34.0], colour, ramp(away, 0.92, 1.05))
        });
        shot.image
    })
}

/// A hand that shakes: up to 4 pixels at 3 to 6 a second.
pub fn shaky(material: &Material, seed: u64) -> Result<Box<dyn Scene>> {
    let mut dice = dice(seed);
    let (far, quick) = (dice.random_range(2.0..4.0_f32), dice.random_range(3.0..6.0_f32));
    seen_at(material, seed, move |at, shot| {
        let t = at.0 as f32 / 1_000.0 * quick * std::f32::consts::TAU;
        let (dx, dy) = (far * t.sin(), far * (t * 0.73 + 1.0).cos());
        painted(SIZE, |x, y| sample(&shot.image, x + dx, y + dy))
    })
}

/// So bright that the skin is white.
pub fn too_bright(material: &Material, seed: u64) -> Result<Box<dyn Scene>> {
    seen(material, seed, |mut shot| {
        change(&mut shot.image, |_, _, colour| mix(colour.map(|value| value * 2.2 + 60.0), [255.0; 3], 0.2));
        shot.image
    })
}

/// Nobody there: the wall of the room, in the colours of the clip's edge.
pub fn nobody(material: &Material, seed: u64) -> Result<Box<dyn Scene>> {
    seen(material, seed, |shot| {
        let wall = sample(&shot.image, 5.0, 5.0);
        let light = luma(wall).max(60.0);
        painted(SIZE, |x, y| mix(wall, [light; 3], 0.5).map(|value| value * (0.9 + 0.2 * x * y / 120_000.0)))
    })
}

/// A camera of so many frames a second.
struct Clocked {
    person: Person,
    /// When the man's present frame was filmed.
    filmed_at: Option<FrameTime>,
    every_us: u64,
    count: u64,
}

impl Scene for Clocked {
    fn tick(&mut self) -> Result<FrameTime> {
        let at = FrameTime(self.count * self.every_us / 1_000);
        self.count += 1;
        // What the man does goes on between the camera's frames, at the clip's own rate.
        while self.filmed_at.is_none_or(|filmed| filmed.plus(FRAME_MS) <= at) {
            self.filmed_at = Some(self.person.tick()?);
        }
        Ok(at)
    }

    fn picture(&mut self) -> Result<RgbImage> {
        self.person.picture()
    }

    fn hear(&mut self, at: FrameTime, said: actor::Instruction) {
        self.person.hear(at, said);
    }
}

fn clocked(material: &Material, seed: u64, per_second: u64) -> Result<Box<dyn Scene>> {
    debug_assert!(1_000 / per_second + FRAME_MS <= 300, "longer gaps are no recording");
    let every_us = 1_000_000 / per_second;
    Ok(Box::new(Clocked { person: material.person(seed)?, filmed_at: None, every_us, count: 0 }))
}

/// 5 frames a second.
pub fn five_a_second(material: &Material, seed: u64) -> Result<Box<dyn Scene>> {
    clocked(material, seed, 5)
}

/// 10 frames a second.
pub fn ten_a_second(material: &Material, seed: u64) -> Result<Box<dyn Scene>> {
    clocked(material, seed, 10)
}

/// 30 frames a second.
pub fn thirty_a_second(material: &Material, seed: u64) -> Result<Box<dyn Scene>> {
    clocked(material, seed, 30)
}
