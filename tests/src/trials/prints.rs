//! Pictures on paper: held still, tilted, bent or moved about, and with holes through which somebody's eyes and mouth look.
//!
//! The sheet is a plane or part of a cylinder in space, seen by a pinhole camera; its maker knows the instructions, and
//! tilts it to where the person should turn. The picture on it is a frame of one of the two men.

use anyhow::Result;
use image::RgbImage;
use jianzai_camera::actor::Instruction;
use jianzai_wire::{Action, FrameTime};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

use super::likeness::Register;
use super::material::{Clip, Material, Person, SIZE, Shot, Ticks};
use super::pictures::{face_ellipse, mix, painted, ramp, sample};
use crate::rehearsal::Scene;

/// Of the pinhole camera, in pixels.
const FOCAL: f32 = 500.0;

/// How a sheet is held. Angles in radians, lengths in pixels at the sheet's distance, zoom 1 as taken.
#[derive(Debug, Clone, Copy, Default)]
struct Pose {
    yaw: f32,
    pitch: f32,
    roll: f32,
    dx: f32,
    dy: f32,
    nearer: f32,
    /// One over the radius of its bend; 0 is flat.
    bend: f32,
    /// Whether it is bent about a level axis, so that top and bottom bend away; else the sides do.
    level: bool,
}

/// What the holder does with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Handling {
    /// Nothing; hands tremble.
    Still,
    /// Tilts it to where the person should turn; for the mouth, this way or that.
    Tilted,
    /// The same with a bent sheet; for the mouth, bends it.
    Bent,
    /// The same with top and bottom bent away.
    BentLevel,
    /// The same, bending it back as far as it is tilted, so that what tilting narrows gets wider.
    Unbent,
    /// Shifts, turns and nears it, all the time and on cue.
    Moved,
}

/// A sheet in somebody's hands.
struct Sheet {
    still: Shot,
    handling: Handling,
    /// Half width and half height of the paper in its own pixels, about the middle of the face.
    half: [f32; 2],
    zoom: f32,
    angle: f32,
    bend: f32,
    tremble: f32,
    phase: f32,
    sign: f32,
    cue: Option<(FrameTime, Action)>,
    dice: StdRng,
}

impl Sheet {
    fn new(clip: &Clip, handling: Handling, seed: u64) -> Result<Self> {
        let mut dice = StdRng::seed_from_u64(seed ^ 0x9a9e4);
        let still = clip.still(clip.pick(dice.random())?)?;
        let (_, face) = face_ellipse(&still.points);
        // Either the whole frame, printed larger than what the camera sees, or a portrait with the paper's edge in sight.
        let whole = dice.random::<bool>();
        let half = if whole { [220.0, 170.0] } else { [face[0] * 1.9, face[1] * 1.7] };
        Ok(Self {
            zoom: 72.0 / face[1] * dice.random_range(0.9..1.15),
            still,
            handling,
            half,
            angle: dice.random_range(20.0..50.0_f32).to_radians(),
            bend: match handling {
                Handling::Bent => dice.random_range(0.6..1.6) / 200.0,
                Handling::BentLevel | Handling::Unbent => dice.random_range(0.8..2.4) / 200.0,
                Handling::Still | Handling::Tilted | Handling::Moved => 0.0,
            },
            tremble: dice.random_range(0.3..1.5),
            phase: dice.random_range(0.0..6.0),
            // Which way the nose of a bent sheet follows, some holders know, and the others guess.
            sign: match handling {
                Handling::BentLevel | Handling::Unbent => -1.0,
                _ if dice.random() => 1.0,
                _ => -1.0,
            },
            cue: None,
            dice,
        })
    }

    fn hear(&mut self, at: FrameTime, said: Instruction) {
        if let Instruction::Do(action) = said {
            self.cue = Some((at.plus(self.dice.random_range(450..900)), action));
        }
    }

    fn pose(&self, at: FrameTime) -> Pose {
        let t = at.0 as f32 / 1_000.0;
        let shake = |quick: f32| (t * quick + self.phase).sin() * self.tremble;
        let mut pose = Pose {
            dx: shake(7.1) + shake(2.3),
            dy: shake(5.7) + shake(1.9),
            roll: 0.004 * shake(3.3),
            yaw: 0.006 * shake(2.9),
            pitch: 0.006 * shake(4.1),
            nearer: 1.0 + 0.002 * shake(1.3),
            bend: self.bend,
            level: self.handling == Handling::BentLevel,
        };
        // From rest and back within 1.4 s, as a turn of the head.
        let (push, action) = self.cue.map_or((0.0, None), |(from, action)| {
            let part = (t - from.0 as f32 / 1_000.0) / 1.4;
            let push = if (0.0..1.0).contains(&part) { (part * std::f32::consts::PI).sin() } else { 0.0 };
            (push, Some(action))
        });
        match self.handling {
            Handling::Still => {}
            Handling::Tilted | Handling::Bent | Handling::BentLevel | Handling::Unbent => {
                let angle = self.angle * push;
                match action {
                    Some(Action::TurnLeft) => pose.yaw += angle * self.sign,
                    Some(Action::TurnRight) => pose.yaw -= angle * self.sign,
                    Some(Action::LookUp) => pose.pitch += angle * self.sign,
                    Some(Action::LookDown) => pose.pitch -= angle * self.sign,
                    Some(Action::OpenMouth) if self.handling != Handling::Tilted => pose.bend += push * 0.006,
                    Some(Action::OpenMouth) => pose.pitch += angle,
                    None => {}
                }
                if self.handling == Handling::Unbent && action.is_some_and(Action::moves_head) {
                    pose.bend *= 1.0 - 0.7 * push;
                }
            }
            Handling::Moved => {
                pose.dx += 14.0 * (t * 1.1).sin();
                pose.dy += 9.0 * (t * 0.83).sin();
                let (across, down) = match action {
                    Some(Action::TurnLeft) => (60.0, 0.0),
                    Some(Action::TurnRight) => (-60.0, 0.0),
                    Some(Action::LookUp) => (0.0, -40.0),
                    Some(Action::LookDown) => (0.0, 40.0),
                    _ => (0.0, 0.0),
                };
                pose.dx += across * push;
                pose.dy += down * push;
                pose.roll += 0.25 * push * self.sign;
                pose.nearer *= 1.0 + 0.15 * push;
            }
        }
        pose
    }

    /// The sheet before a wall; `through` says what is seen instead of the paper at a place of the still.
    fn seen(&mut self, at: FrameTime, through: impl Fn(f32, f32) -> Option<([f32; 3], f32)>) -> RgbImage {
        let pose = self.pose(at);
        let eye = Eye::looking_at(&pose, self.zoom);
        let (middle, _) = face_ellipse(&self.still.points);
        let half = self.half;
        let shade = 0.8 + 0.2 * pose.yaw.cos() * pose.pitch.cos();
        painted(SIZE, |x, y| {
            let wall = [150.0 - y * 0.1, 145.0 - y * 0.1, 135.0 + x * 0.03];
            let Some([u, v]) = eye.onto_sheet(x, y) else { return wall };
            let edge = (u.abs() - half[0]).max(v.abs() - half[1]);
            if edge > 0.0 {
                return mix([225.0 * shade; 3], wall, ramp(edge, 6.0, 7.0));
            }
            let (sx, sy) = (middle[0] + u, middle[1] + v);
            // Ink is less black and paper less white than the light they are printed from.
            let paper = sample(&self.still.image, sx, sy).map(|value| (18.0 + value * 0.86) * shade);
            through(sx, sy).map_or(paper, |(behind, part)| mix(paper, behind, part))
        })
    }
}

/// From pixels of the camera to places on the sheet.
struct Eye {
    /// Rows of the rotation from the camera's axes to the sheet's.
    rows: [[f32; 3]; 3],
    /// The camera, in the sheet's axes.
    from: [f32; 3],
    bend: f32,
    level: bool,
}

impl Eye {
    fn looking_at(pose: &Pose, zoom: f32) -> Self {
        let (sy, cy) = pose.yaw.sin_cos();
        let (sp, cp) = pose.pitch.sin_cos();
        let (sr, cr) = pose.roll.sin_cos();
        // Roll, then pitch, then yaw.
        let about_y = [[cy, 0.0, sy], [0.0, 1.0, 0.0], [-sy, 0.0, cy]];
        let about_x = [[1.0, 0.0, 0.0], [0.0, cp, -sp], [0.0, sp, cp]];
        let about_z = [[cr, -sr, 0.0], [sr, cr, 0.0], [0.0, 0.0, 1.0]];
        let times = |a: [[f32; 3]; 3], b: [[f32; 3]; 3]| -> [[f32; 3]; 3] {
            std::array::from_fn(|i| std::array::from_fn(|j| (0..3).map(|k| a[i][k] * b[k][j]).sum()))
        };
        let turned = times(about_y, times(about_x, about_z));
        let rows: [[f32; 3]; 3] = std::array::from_fn(|i| std::array::from_fn(|j| turned[j][i]));
        let away = FOCAL / (zoom * pose.nearer);
        let sheet = [pose.dx * away / FOCAL, pose.dy * away / FOCAL, away];
        let from = rows.map(|row| -(row[0] * sheet[0] + row[1] * sheet[1] + row[2] * sheet[2]));
        Self { rows, from, bend: pose.bend, level: pose.level }
    }

    /// Where on the sheet, about its middle, a pixel looks; none beside it.
    fn onto_sheet(&self, x: f32, y: f32) -> Option<[f32; 2]> {
        let ray = [x - SIZE.0 as f32 / 2.0, y - SIZE.1 as f32 / 2.0, FOCAL];
        let d = self.rows.map(|row| row[0] * ray[0] + row[1] * ray[1] + row[2] * ray[2]);
        let o = self.from;
        if self.bend.abs() < 1e-5 {
            let along = -o[2] / d[2];
            return (along > 0.0).then(|| [o[0] + along * d[0], o[1] + along * d[1]]);
        }
        // The cylinder through the sheet's middle whose axis lies `radius` behind it: its edges bend away.
        let radius = 1.0 / self.bend;
        let (axis, round) = if self.level { (0, 1) } else { (1, 0) };
        let (or, oz) = (o[round], o[2] - radius);
        let (a, b, c) =
            (d[round] * d[round] + d[2] * d[2], or * d[round] + oz * d[2], or * or + oz * oz - radius * radius);
        let root = (b * b - a * c).max(-1.0);
        if root < 0.0 {
            return None;
        }
        let along = (-b - root.sqrt()) / a;
        let (pr, pz) = (or + along * d[round], oz + along * d[2]);
        let angle = pr.atan2(-pz);
        let mut place = [0.0; 2];
        place[round] = radius * angle;
        place[axis] = o[axis] + along * d[axis];
        (along > 0.0 && angle.abs() < 1.5).then_some(place)
    }
}

/// A sheet without holes.
struct Held {
    sheet: Sheet,
    ticks: Ticks,
}

impl Scene for Held {
    fn tick(&mut self) -> Result<FrameTime> {
        Ok(self.ticks.advance())
    }

    fn picture(&mut self) -> Result<RgbImage> {
        Ok(self.sheet.seen(self.ticks.now(), |_, _| None))
    }

    fn hear(&mut self, at: FrameTime, said: Instruction) {
        self.sheet.hear(at, said);
    }
}

fn held(material: &Material, handling: Handling, seed: u64) -> Result<Box<dyn Scene>> {
    let sheet = Sheet::new(pictured(material, seed), handling, seed)?;
    Ok(Box::new(Held { sheet, ticks: Ticks::default() }))
}

/// Where the picture is from: either recording of the man, or the other man's.
fn pictured(material: &Material, seed: u64) -> &Clip {
    match seed % 3 {
        0 => &material.cap12,
        1 => &material.cap13,
        _ => &material.franck,
    }
}

/// Whose picture it is, and so whose pension.
pub fn victim(seed: u64) -> Register {
    if seed % 3 < 2 { Register::Man } else { Register::Franck }
}

/// A print in trembling hands.
pub fn still(material: &Material, seed: u64) -> Result<Box<dyn Scene>> {
    held(material, Handling::Still, seed)
}

/// A print tilted by 20 to 50 degrees on cue.
pub fn tilted(material: &Material, seed: u64) -> Result<Box<dyn Scene>> {
    held(material, Handling::Tilted, seed)
}

/// A bent print, tilted and bent on cue.
pub fn bent(material: &Material, seed: u64) -> Result<Box<dyn Scene>> {
    held(material, Handling::Bent, seed)
}

/// A print with top and bottom bent away, tilted and bent on cue.
pub fn bent_level(material: &Material, seed: u64) -> Result<Box<dyn Scene>> {
    held(material, Handling::BentLevel, seed)
}

/// A bent print that is bent back while it is tilted on cue.
pub fn unbent(material: &Material, seed: u64) -> Result<Box<dyn Scene>> {
    held(material, Handling::Unbent, seed)
}

/// A print shifted, turned and neared on cue.
pub fn moved(material: &Material, seed: u64) -> Result<Box<dyn Scene>> {
    held(material, Handling::Moved, seed)
}

/// A print with holes at eyes and mouth, somebody behind who opens their mouth when told and tilts the sheet for the rest.
struct Holed {
    sheet: Sheet,
    behind: Person,
    at: FrameTime,
    eyes_too: bool,
}

/// Middles that a similarity is made from: of the eyes, and of the mouth.
fn eyes_and_mouth(points: &[[f32; 3]]) -> [[f32; 2]; 3] {
    let place = |index: usize| points.get(index).map_or([0.0; 2], |p| [p[0], p[1]]);
    let middle = |p: usize, q: usize| {
        let (p, q) = (place(p), place(q));
        [(p[0] + q[0]) / 2.0, (p[1] + q[1]) / 2.0]
    };
    [middle(33, 133), middle(263, 362), middle(61, 291)]
}

impl Scene for Holed {
    fn tick(&mut self) -> Result<FrameTime> {
        self.at = self.behind.tick()?;
        Ok(self.at)
    }

    fn picture(&mut self) -> Result<RgbImage> {
        let live = self.behind.shot()?;
        let on_paper = eyes_and_mouth(&self.sheet.still.points);
        let below = eyes_and_mouth(&live.points);
        let wide = |[right, left, _]: [[f32; 2]; 3]| (left[0] - right[0]).hypot(left[1] - right[1]).max(1.0);
        let (scale, eyes) = (wide(below) / wide(on_paper), wide(on_paper));
        // The face lies against the paper, so each hole shows what is right behind it.
        let holes = [(0, [0.27, 0.15]), (1, [0.27, 0.15]), (2, [0.48, 0.36])].map(|(which, size)| {
            (on_paper[which], below[which], size.map(|part: f32| part * eyes), which == 2 || self.eyes_too)
        });
        let image = self.sheet.seen(self.at, |x, y| {
            holes.iter().filter(|(.., cut)| *cut).find_map(|(here, there, size, _)| {
                let away = ((x - here[0]) / size[0]).hypot((y - here[1]) / size[1]);
                let colour = || sample(&live.image, there[0] + (x - here[0]) * scale, there[1] + (y - here[1]) * scale);
                (away < 1.04).then(|| (colour(), 1.0 - ramp(away, 0.99, 1.04)))
            })
        });
        Ok(image)
    }

    fn hear(&mut self, at: FrameTime, said: Instruction) {
        match said {
            Instruction::Do(Action::OpenMouth) | Instruction::Rest => self.behind.hear(at, said),
            Instruction::Do(_) => self.sheet.hear(at, said),
        }
    }
}

/// A print with a hole for the mouth, every other one also for the eyes.
pub fn with_holes(material: &Material, seed: u64) -> Result<Box<dyn Scene>> {
    let sheet = Sheet::new(pictured(material, seed), Handling::Tilted, seed)?;
    Ok(Box::new(Holed { sheet, behind: material.person(seed)?, at: FrameTime(0), eyes_too: seed.is_multiple_of(2) }))
}
