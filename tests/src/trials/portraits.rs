//! Portrait against live face: how often one person is taken for two, and two for one.
//!
//! Portraits are frames of one recording, faces frames of the other recording of the same man (genuine), or of the other man
//! (impostor). The register's portraits are often small, grey or old; those are drawn from the same frames. Pairs share
//! pictures, and there are two men: a bound over pairs holds for these men and says nothing about people.

use anyhow::Result;
use image::RgbImage;
use image::imageops::{FilterType, fast_blur, resize};
use jianzai_examiner::decide;
use jianzai_face::Embedding;
use jianzai_liveness::Decision;
use rand::SeedableRng as _;
use rand::rngs::StdRng;

use super::conditions::recompressed;
use super::figures::{Table, rate};
use super::likeness::Matcher;
use super::material::{Clip, Material};
use super::pictures::{change, luma, noise};

/// Pictures of each clip.
const PICTURES: usize = 10;

type Aged = fn(RgbImage) -> RgbImage;

/// What a register's portrait may be like.
const KINDS: [(&str, Aged); 4] = [("as filmed", |picture| picture), ("grey", grey), ("small", small), ("old", old)];

fn grey(mut picture: RgbImage) -> RgbImage {
    change(&mut picture, |_, _, colour| [luma(colour); 3]);
    picture
}

/// A face of about 45 pixels, compressed.
fn small(picture: RgbImage) -> RgbImage {
    let reduced = resize(&picture, picture.width() / 3, picture.height() / 3, FilterType::Triangle);
    recompressed(&reduced, 60).unwrap_or(reduced)
}

/// Faded, brown, soft, scanned.
fn old(picture: RgbImage) -> RgbImage {
    let mut picture = fast_blur(&picture, 1.2);
    change(&mut picture, |_, _, colour| {
        let faded = 70.0 + luma(colour) * 0.5;
        [faded * 1.08, faded, faded * 0.82]
    });
    noise(&mut picture, 6.0, &mut StdRng::seed_from_u64(1));
    picture
}

fn pictures(clip: &Clip) -> Result<Vec<RgbImage>> {
    let step = (clip.frontal.len() / PICTURES).max(1);
    clip.frontal.iter().step_by(step).take(PICTURES).map(|number| clip.frame(*number)).collect()
}

/// The table of errors; and whether no genuine pair was refused and no impostor pair accepted.
pub fn portraits(material: &Material) -> Result<(String, bool)> {
    let mut matcher = Matcher::new(&material.models, material)?;
    let clips = [pictures(&material.cap12)?, pictures(&material.cap13)?, pictures(&material.franck)?];
    let mut live = Vec::new();
    for clip in &clips {
        live.push(faces(&mut matcher, clip.iter().cloned())?);
    }
    let mut table = Table::headed(&[
        "portrait",
        "called poor",
        "genuine: same",
        "review",
        "refused (FNMR, 95 % bound)",
        "least cosine",
        "impostor: refused",
        "review",
        "accepted (FMR, 95 % bound)",
        "most",
    ]);
    let mut good = true;
    for (name, aged) in KINDS {
        let (mut genuine, mut impostor) = (Pairs::default(), Pairs::default());
        let (mut read, mut poor) = (0, 0);
        for (place, clip) in clips.iter().enumerate() {
            let portraits = faces(&mut matcher, clip.iter().cloned().map(aged))?;
            read += portraits.len();
            poor += portraits.iter().filter(|(_, poor)| *poor).count();
            for (other, faces) in live.iter().enumerate().filter(|(other, _)| *other != place) {
                // The first two clips show the same man.
                let pairs = if place < 2 && other < 2 { &mut genuine } else { &mut impostor };
                for (portrait, is_poor) in &portraits {
                    faces.iter().for_each(|(face, _)| pairs.add(&mut matcher, portrait.cosine(face), *is_poor));
                }
            }
        }
        good &= genuine.refused == 0 && impostor.accepted == 0;
        table.line(vec![
            name.into(),
            format!("{poor} of {read}"),
            genuine.accepted.to_string(),
            genuine.review.to_string(),
            rate(genuine.refused, genuine.cosines.len()),
            format!("{:.2}", genuine.cosines.iter().copied().fold(1.0, f32::min)),
            impostor.refused.to_string(),
            impostor.review.to_string(),
            rate(impostor.accepted, impostor.cosines.len()),
            format!("{:.2}", impostor.cosines.iter().copied().fold(-1.0, f32::max)),
        ]);
    }
    Ok((table.to_string(), good))
}

/// What the service would say of pairs of a portrait and a face, were every picture of the attempt like this one and the
/// person certified before.
#[derive(Default)]
struct Pairs {
    accepted: usize,
    review: usize,
    refused: usize,
    cosines: Vec<f32>,
}

impl Pairs {
    fn add(&mut self, matcher: &mut Matcher, cosine: f32, poor: bool) {
        let same = matcher.same(cosine);
        match decide(same, same, poor, false).map(|(_, decision)| decision) {
            None | Some(Decision::Pass) => self.accepted += 1,
            Some(Decision::Review) => self.review += 1,
            Some(Decision::Refuse) => self.refused += 1,
        }
        self.cosines.push(cosine);
    }
}

fn faces(matcher: &mut Matcher, pictures: impl Iterator<Item = RgbImage>) -> Result<Vec<(Embedding, bool)>> {
    let mut found = Vec::new();
    for picture in pictures {
        found.extend(matcher.read(&picture)?);
    }
    Ok(found)
}
