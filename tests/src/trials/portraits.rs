//! Portrait against live face: how often one person is taken for two, and two for one.
//!
//! Portraits are frames of one recording, faces frames of the other recording of the same man (genuine), or of the other man
//! (impostor). The register's portraits are often small, grey or old; those are drawn from the same frames. Pairs share
//! pictures, and there are two men: a bound over pairs holds for these men and says nothing about people.

use anyhow::Result;
use image::RgbImage;
use image::imageops::{FilterType, fast_blur, resize};
use jianzai_face::{Embedding, SamePerson};
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
        live.push(embedded(&mut matcher, clip.iter().cloned())?);
    }
    let mut table = Table::headed(&[
        "portrait",
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
        let (mut genuine, mut impostor) = (Vec::new(), Vec::new());
        for (place, clip) in clips.iter().enumerate() {
            let portraits = embedded(&mut matcher, clip.iter().cloned().map(aged))?;
            for (other, faces) in live.iter().enumerate().filter(|(other, _)| *other != place) {
                let pairs = portraits.iter().flat_map(|p| faces.iter().map(|face| p.cosine(face)));
                // The first two clips show the same man.
                if place < 2 && other < 2 { genuine.extend(pairs) } else { impostor.extend(pairs) }
            }
        }
        let mut count = |cosines: &[f32], as_what| cosines.iter().filter(|c| matcher.same(**c) == as_what).count();
        let [mine, unsure, refused] =
            [SamePerson::Same, SamePerson::Unsure, SamePerson::Different].map(|what| count(&genuine, what));
        let [accepted, doubted, strangers] =
            [SamePerson::Same, SamePerson::Unsure, SamePerson::Different].map(|what| count(&impostor, what));
        good &= refused == 0 && accepted == 0;
        table.line(vec![
            name.into(),
            mine.to_string(),
            unsure.to_string(),
            rate(refused, genuine.len()),
            format!("{:.2}", genuine.iter().copied().fold(1.0, f32::min)),
            strangers.to_string(),
            doubted.to_string(),
            rate(accepted, impostor.len()),
            format!("{:.2}", impostor.iter().copied().fold(-1.0, f32::max)),
        ]);
    }
    Ok((table.to_string(), good))
}

fn embedded(matcher: &mut Matcher, pictures: impl Iterator<Item = RgbImage>) -> Result<Vec<Embedding>> {
    let mut found = Vec::new();
    for picture in pictures {
        found.extend(matcher.embedding(&picture)?);
    }
    Ok(found)
}
