//! Is it the person of the portrait?
//!
//! Compared are the best photo and those crops in which the face looks into the camera. The crops are at frames that the
//! nonce picked; the phone chose only the photo.

use image::RgbImage;
use jianzai_evidence::Opened;
use jianzai_face::{Embedding, FaceError, PortraitReader, SamePerson};
use jianzai_liveness::judge::{Figure, Layer, Reason};
use jianzai_liveness::{Decision, Observation};
use jianzai_wire::ReasonCode;

use super::case::Likeness;
use crate::import::portrait;

/// Degrees that a head may be turned for its face to be compared.
const FRONTAL: f32 = 15.0;

/// Compares; the reason is absent where it clearly is the person.
pub(super) fn compare(
    reader: &mut PortraitReader,
    network: &str,
    likeness: &Likeness,
    opened: &Opened,
    seen: &[Observation],
) -> Result<(Option<Reason>, Vec<Figure>), FaceError> {
    let Some(register) = register_face(reader, network, likeness)? else {
        return Ok((Some(reason(ReasonCode::MatchNoPortrait, Decision::Review, Vec::new())), Vec::new()));
    };
    let mut cosines = Vec::new();
    let frontal = opened.crops().iter().filter(|crop| is_frontal(seen.get(crop.frame as usize)));
    for picture in opened.best_photo().into_iter().chain(frontal) {
        match reader.read(&picture.pixels) {
            Ok(face) => cosines.push(register.cosine(&face.embedding)),
            Err(FaceError::NoFace | FaceError::SeveralFaces | FaceError::Points | FaceError::Frame { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    cosines.sort_by(f32::total_cmp);
    // One picture may be the phone's own choice.
    if cosines.len() < 2 {
        return Ok((Some(reason(ReasonCode::MatchUnsure, Decision::Review, Vec::new())), Vec::new()));
    }
    let (Some(least), Some(middle)) =
        (cosines.first().copied(), cosines.get(cosines.len().saturating_sub(1) / 2).copied())
    else {
        return Ok((Some(reason(ReasonCode::MatchUnsure, Decision::Review, Vec::new())), Vec::new()));
    };
    let figures = vec![
        Figure::new("match_median_cosine", middle.into(), None),
        Figure::new("match_least_cosine", least.into(), None),
        Figure::new("match_pictures", cosines.len() as f64, None),
    ];
    let embedder = reader.embedder();
    let found = decide(embedder.same_person(middle), embedder.same_person(least), likeness.poor, likeness.first);
    Ok((found.map(|(code, leads_to)| reason(code, leads_to, figures.clone())), figures))
}

/// What follows from the typical picture and the least like one. `poor`: the portrait says little; `first`: nobody was
/// certified by it before.
fn decide(middle: SamePerson, least: SamePerson, poor: bool, first: bool) -> Option<(ReasonCode, Decision)> {
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
    likeness: &Likeness,
) -> Result<Option<Embedding>, FaceError> {
    match (&likeness.print, &likeness.portrait) {
        (Some((print, made_with)), _) if made_with == network => Ok(Some(print.clone())),
        (_, Some(file)) => {
            let Some(picture): Option<RgbImage> = portrait::decode(file) else { return Ok(None) };
            match reader.read(&picture) {
                Ok(portrait) => Ok(Some(portrait.embedding)),
                Err(FaceError::NoFace | FaceError::SeveralFaces | FaceError::Points | FaceError::Frame { .. }) => {
                    Ok(None)
                }
                Err(error) => Err(error),
            }
        }
        _ => Ok(None),
    }
}

fn is_frontal(seen: Option<&Observation>) -> bool {
    let pose = seen.and_then(|seen| seen.face.as_ref()).map(|face| face.pose);
    pose.is_some_and(|pose| pose.yaw.abs() <= FRONTAL && pose.pitch.abs() <= FRONTAL)
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
