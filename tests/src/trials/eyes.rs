//! Could "close your eyes until I tell you" be an action? An experiment.
//!
//! **In**: frames of both men with open eyes, looking up and down, and with shut eyes: those at the height of a blink, and
//! stills with lids painted over the eyes. **Out**: what the expression network makes of the lids, as filmed
//! and under conditions, relative to the same person's open eyes. **What can go wrong**: there is no footage of eyes that are
//! kept shut; the height of a blink is found by the very score that is measured, as filmed. So the first line of shut eyes is
//! kinder than life, the others are compared with it.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context as _, Result};
use image::RgbImage;
use image::imageops::{FilterType, fast_blur, resize};
use jianzai_face::{EngineOptions, FaceEngine};
use jianzai_liveness::Blendshape;
use jianzai_wire::{Action, FrameTime};
use rand::SeedableRng as _;
use rand::rngs::StdRng;

use super::conditions::{recompressed, wear};
use super::material::{Clip, Material, Shot};
use super::pictures::{change, noise};
use super::warped::with_lids;

/// Frames of each kind and person, at most.
const FRAMES: usize = 40;
/// The height of a blink, as filmed.
const SHUT: f32 = 0.5;
/// Beyond the person's open eyes by this much, eyes would be called shut.
const CALLED_SHUT: f32 = 0.3;

/// How a frame is seen.
type Condition = (&'static str, fn(Shot, &mut StdRng) -> RgbImage);

const CONDITIONS: [Condition; 7] = [
    ("as filmed", |shot, _| shot.image),
    ("glasses", |mut shot, _| {
        wear(&mut shot, 40.0, 2.4);
        shot.image
    }),
    ("half the size", |shot, _| resize(&shot.image, 200, 150, FilterType::Triangle)),
    ("blurred", |shot, _| fast_blur(&shot.image, 1.6)),
    ("compressed (JPEG 15)", |shot, _| recompressed(&shot.image, 15).unwrap_or(shot.image)),
    ("dark, noisy", |mut shot, dice| {
        change(&mut shot.image, |_, _, colour| colour.map(|value| value * 0.4));
        noise(&mut shot.image, 5.0, dice);
        shot.image
    }),
    ("glasses, half the size, dark", |mut shot, dice| {
        wear(&mut shot, 40.0, 2.4);
        change(&mut shot.image, |_, _, colour| colour.map(|value| value * 0.4));
        noise(&mut shot.image, 5.0, dice);
        resize(&shot.image, 200, 150, FilterType::Triangle)
    }),
];

/// What the eyes of a frame do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Eyes {
    Open,
    LookingDown,
    LookingUp,
    Blinking,
    Drawn,
}

impl Eyes {
    const ALL: [Self; 5] = [Self::Open, Self::LookingDown, Self::LookingUp, Self::Blinking, Self::Drawn];

    fn name(self) -> &'static str {
        match self {
            Self::Open => "open, looking ahead",
            Self::LookingDown => "open, chin down",
            Self::LookingUp => "open, chin up",
            Self::Blinking => "height of a blink",
            Self::Drawn => "drawn shut on a still",
        }
    }

    fn are_shut(self) -> bool {
        matches!(self, Self::Blinking | Self::Drawn)
    }
}

/// Makes the tables.
///
/// # Errors
/// A frame or network is not there.
pub fn report(material: &Material) -> Result<String> {
    let mut engine = FaceEngine::new(&material.models, EngineOptions { passive_every: 0, ..EngineOptions::default() })?;
    let people = [("first man", frames(material, &mut engine)?), ("other man", others(&material.franck, &mut engine)?)];
    let mut dice = StdRng::seed_from_u64(7);
    let mut out = String::new();
    for (who, frames) in &people {
        for (condition, seen_as) in CONDITIONS {
            let mut rows = Vec::new();
            for eyes in Eyes::ALL {
                let mut scores = Vec::new();
                for (_, shot) in frames.iter().filter(|(kind, _)| *kind == eyes) {
                    scores.push(lids(&mut engine, &seen_as(shot.clone(), &mut dice))?);
                }
                rows.push((eyes, scores));
            }
            table(&mut out, who, condition, &rows)?;
        }
    }
    Ok(out)
}

/// Leaves a frame of each kind and person in a folder.
///
/// # Errors
/// A frame is not there, or cannot be written.
pub fn pictures(material: &Material, folder: &Path) -> Result<String> {
    let mut engine = FaceEngine::new(&material.models, EngineOptions { passive_every: 0, ..EngineOptions::default() })?;
    let all = [("first", frames(material, &mut engine)?), ("other", others(&material.franck, &mut engine)?)];
    for (who, frames) in all {
        for eyes in Eyes::ALL {
            if let Some((_, shot)) = frames.iter().find(|(kind, _)| *kind == eyes) {
                shot.image.save(folder.join(format!("{who} {}.png", eyes.name())))?;
            }
        }
    }
    Ok(format!("in {}", folder.display()))
}

fn table(out: &mut String, who: &str, condition: &str, rows: &[(Eyes, Vec<Option<f32>>)]) -> Result<()> {
    let open: Vec<f32> = rows.first().map(|(_, scores)| scores.iter().flatten().copied().collect()).unwrap_or_default();
    let rest = quantile(&open, 0.5);
    writeln!(out, "{who}, {condition} (open eyes read {rest:.2})")?;
    for (eyes, scores) in rows.iter().filter(|(_, scores)| !scores.is_empty()) {
        let beyond: Vec<f32> = scores.iter().flatten().map(|score| score - rest).collect();
        let called_shut = beyond.iter().filter(|beyond| **beyond >= CALLED_SHUT).count();
        let wrong = if eyes.are_shut() { beyond.len() - called_shut } else { called_shut };
        let quantiles = [0.05, 0.5, 0.95].map(|part| format!("{:+.2}", quantile(&beyond, part))).join(" ");
        let (name, lost) = (eyes.name(), scores.len() - beyond.len());
        writeln!(out, "  {name:24} n {:3}  no face {lost:2}  5/50/95 %: {quantiles}  wrong {wrong}", scores.len())?;
    }
    Ok(())
}

/// The two lids' score, the more open one: a wink is no shut pair of eyes. None where no face was found.
fn lids(engine: &mut FaceEngine, picture: &RgbImage) -> Result<Option<f32>> {
    engine.reset();
    let face = engine.observe(picture, FrameTime(0))?.face;
    let shape = |face: &jianzai_liveness::FaceSeen, which| face.blendshapes.get(which);
    Ok(face.map(|face| shape(&face, Blendshape::EyeBlinkLeft).min(shape(&face, Blendshape::EyeBlinkRight))))
}

/// Of the man who follows instructions.
fn frames(material: &Material, engine: &mut FaceEngine) -> Result<Vec<(Eyes, Shot)>> {
    let mut frames = stills(&material.cap12)?;
    for (action, eyes) in [(Action::LookDown, Eyes::LookingDown), (Action::LookUp, Eyes::LookingUp)] {
        let of_kind = material.index.actions.iter().filter(|indexed| indexed.action == action);
        let mut numbers: Vec<u32> = of_kind.flat_map(|indexed| indexed.frames()).collect();
        numbers.dedup();
        let step = numbers.len() / FRAMES + 1;
        for number in numbers.into_iter().step_by(step) {
            frames.push((eyes, material.cap12.still(number)?));
        }
    }
    frames.extend(blinks(&material.cap12, engine)?);
    Ok(frames)
}

fn others(clip: &Clip, engine: &mut FaceEngine) -> Result<Vec<(Eyes, Shot)>> {
    Ok([stills(clip)?, blinks(clip, engine)?].concat())
}

/// Open eyes, and the same drawn shut.
fn stills(clip: &Clip) -> Result<Vec<(Eyes, Shot)>> {
    let mut frames = Vec::new();
    for number in clip.frontal.iter().step_by(clip.frontal.len() / FRAMES + 1) {
        let shot = clip.still(*number)?;
        let shut = Shot { image: with_lids(&shot, 1.0), points: shot.points.clone() };
        frames.extend([(Eyes::Open, shot), (Eyes::Drawn, shut)]);
    }
    Ok(frames)
}

/// The heights of blinks while looking ahead.
fn blinks(clip: &Clip, engine: &mut FaceEngine) -> Result<Vec<(Eyes, Shot)>> {
    let mut frames = Vec::new();
    for number in clip.known() {
        let shot = clip.still(number).context("a known frame")?;
        if lids(engine, &shot.image)?.is_some_and(|score| score >= SHUT) {
            frames.push((Eyes::Blinking, shot));
        }
    }
    let step = frames.len() / FRAMES + 1;
    Ok(frames.into_iter().step_by(step).collect())
}

fn quantile(values: &[f32], part: f32) -> f32 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f32::total_cmp);
    let place = (sorted.len().saturating_sub(1) as f32 * part).round() as usize;
    sorted.get(place).copied().unwrap_or(f32::NAN)
}
