//! Is it the person of the register?
//!
//! **In**: the pictures of an attempt, and what the register holds: the print of a portrait, or the portrait itself where the
//! print was made with another network. **Out**: a reason, unless it clearly is the person; figures for the clerk. **What
//! can go wrong**: a picture shows no face, or several: it does not count; fewer than two count: a person looks, because one
//! may be the phone's own choice.

use std::io::Cursor;

use image::{ImageReader, Limits, RgbImage};
use jianzai_face::{Embedding, FaceError, Models, Portrait, PortraitReader, SamePerson, Slot};
use jianzai_liveness::Decision;
use jianzai_liveness::judge::{Figure, Layer, Reason};
use jianzai_wire::ReasonCode;
use zeroize::Zeroizing;

/// No portrait is larger, in pixels a side.
const MAX_SIDE: u32 = 6_000;
/// A face of fewer pixels from forehead to chin is hard to tell from another.
const MIN_FACE: f32 = 64.0;
/// Below this variance of the Laplacian a face is blurred.
const MIN_SHARPNESS: f32 = 15.0;
/// Degrees that a head may be turned.
const MAX_TURN: f32 = 25.0;
/// A face of less contrast has faded: the footage has 0.21 to 0.29, its faded portraits 0.08 to 0.14.
const MIN_CONTRAST: f32 = 0.17;
/// Of a face with more grain the network knows the grain: the footage has up to 0.014, its grained portraits 0.07 to 0.3.
const MAX_GRAIN: f32 = 0.06;

/// What there is to compare a face with.
pub struct RegisterFace {
    /// The portrait's face print and the sha256 of the network that made it.
    pub print: Option<(Embedding, String)>,
    /// The portrait file, for another network than the print's.
    pub portrait: Option<Zeroizing<Vec<u8>>>,
    /// Whether the portrait is too poor to refuse anybody by it, or to trust it the first time.
    pub poor: bool,
    /// Whether this person was never certified before.
    pub first: bool,
}

/// SHA-256 of the network in the embedding slot, in hex: prints of different networks can't be compared.
pub fn embedding_network(models: &Models) -> String {
    let found = models.identities().into_iter().find(|network| network.slot == Slot::Embedding);
    found.map(|network| network.sha256).unwrap_or_default()
}

/// The pixels of a portrait file; none if it is no picture, or too large to be a portrait.
pub fn decode_portrait(file: &[u8]) -> Option<RgbImage> {
    let mut reader = ImageReader::new(Cursor::new(file)).with_guessed_format().ok()?;
    let mut limits = Limits::default();
    (limits.max_image_width, limits.max_image_height) = (Some(MAX_SIDE), Some(MAX_SIDE));
    reader.limits(limits);
    Some(reader.decode().ok()?.into_rgb8())
}

/// Whether a portrait says little about who it is: then it refuses nobody, and the first match with it goes to review.
pub fn is_poor(portrait: &Portrait) -> bool {
    let face = &portrait.face;
    let large = face.bbox.y1 - face.bbox.y0 >= MIN_FACE;
    let sharp = face.sharpness >= MIN_SHARPNESS;
    let straight = face.pose.yaw.abs() <= MAX_TURN && face.pose.pitch.abs() <= MAX_TURN;
    let lit = (0.12..=0.93).contains(&face.brightness);
    let clear = portrait.texture.contrast >= MIN_CONTRAST && portrait.texture.grain <= MAX_GRAIN;
    !(large && sharp && straight && lit && clear)
}

/// Compares; the reason is absent where it clearly is the person.
pub(crate) fn compare(
    reader: &mut PortraitReader,
    network: &str,
    register: &RegisterFace,
    pictures: &[&RgbImage],
) -> Result<(Option<Reason>, Vec<Figure>), FaceError> {
    let Some(face) = register_face(reader, network, register)? else {
        return Ok((Some(reason(ReasonCode::MatchNoPortrait, Decision::Review, Vec::new())), Vec::new()));
    };
    let mut cosines = Vec::new();
    for picture in pictures {
        cosines.extend(read(reader, picture)?.map(|live| face.cosine(&live)));
    }
    cosines.sort_by(f32::total_cmp);
    // One picture may be the phone's own choice.
    let middle = cosines.get(cosines.len().saturating_sub(1) / 2).filter(|_| cosines.len() >= 2);
    let (Some(least), Some(middle)) = (cosines.first().copied(), middle.copied()) else {
        return Ok((Some(reason(ReasonCode::MatchUnsure, Decision::Review, Vec::new())), Vec::new()));
    };
    let figures = vec![
        Figure::new("match_median_cosine", middle.into(), None),
        Figure::new("match_least_cosine", least.into(), None),
        Figure::new("match_pictures", cosines.len() as f64, None),
    ];
    let embedder = reader.embedder();
    let found = decide(embedder.same_person(middle), embedder.same_person(least), register.poor, register.first);
    Ok((found.map(|(code, leads_to)| reason(code, leads_to, figures.clone())), figures))
}

/// What follows from the typical picture and the least like one. `poor`: the portrait says little; `first`: nobody was
/// certified by it before.
pub fn decide(middle: SamePerson, least: SamePerson, poor: bool, first: bool) -> Option<(ReasonCode, Decision)> {
    let review = Some((ReasonCode::MatchUnsure, Decision::Review));
    match (middle, least) {
        // A third of the faded portraits of the benchmark call a man another: that is doubt, not an answer.
        (SamePerson::Different, _) if poor => review,
        (SamePerson::Different, _) => Some((ReasonCode::MatchNotSame, Decision::Refuse)),
        // One picture that is somebody else among others that are not: two people before one camera?
        (SamePerson::Unsure, _) | (SamePerson::Same, SamePerson::Different) => review,
        (SamePerson::Same, _) if first && poor => review,
        (SamePerson::Same, _) => None,
    }
}

fn reason(code: ReasonCode, leads_to: Decision, figures: Vec<Figure>) -> Reason {
    Reason { code, layer: Layer::Match, leads_to, figures }
}

/// The face of the register: its print, or, where that was made with another network, the portrait read again.
fn register_face(
    reader: &mut PortraitReader,
    network: &str,
    register: &RegisterFace,
) -> Result<Option<Embedding>, FaceError> {
    match (&register.print, &register.portrait) {
        (Some((print, made_with)), _) if made_with == network => Ok(Some(print.clone())),
        (_, Some(file)) => match decode_portrait(file) {
            Some(picture) => read(reader, &picture),
            None => Ok(None),
        },
        _ => Ok(None),
    }
}

/// The one face in a picture; none if there is none, or several.
fn read(reader: &mut PortraitReader, picture: &RgbImage) -> Result<Option<Embedding>, FaceError> {
    match reader.read(picture) {
        Ok(portrait) => Ok(Some(portrait.embedding)),
        Err(FaceError::NoFace | FaceError::SeveralFaces | FaceError::Points | FaceError::Frame { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use SamePerson::{Different, Same, Unsure};

    use super::*;

    #[test]
    fn doubt_goes_to_a_person_and_a_poor_portrait_refuses_nobody() {
        let decided = |middle, least, poor, first| decide(middle, least, poor, first).map(|(_, decision)| decision);
        for (middle, least, poor, first, expected) in [
            (Same, Same, false, true, None),
            (Same, Unsure, false, false, None),
            (Same, Different, false, false, Some(Decision::Review)),
            (Unsure, Different, false, false, Some(Decision::Review)),
            (Different, Different, false, false, Some(Decision::Refuse)),
            (Different, Different, true, false, Some(Decision::Review)),
            (Same, Same, true, true, Some(Decision::Review)),
            (Same, Same, true, false, None),
        ] {
            assert_eq!(decided(middle, least, poor, first), expected, "{middle:?} {least:?} {poor} {first}");
        }
    }
}
