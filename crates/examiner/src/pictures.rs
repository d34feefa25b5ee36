//! The pictures that come with the video: crops at frames which the nonce picked, and the photo that the phone chose.

use image::RgbImage;
use jianzai_evidence::{Opened, Picture, crop_region};
use jianzai_face::{FaceError, PassiveScorer};
use jianzai_liveness::judge::{Figure, Layer, Reason};
use jianzai_liveness::{Decision, FaceSeen, Observation, Rect};
use jianzai_wire::ReasonCode;

use crate::watcher::Seen;

/// Frames picked for a crop in which the phone says it saw no face and the judge does; one may be a borderline case.
const PASSED_OVER: usize = 1;
const SURE_OF_A_FACE: f32 = 0.9;
/// The face's box differs between phone and judge by less than this part of its size, at most a third of a crop's margin.
const CROP_SLACK: f32 = 0.35;
/// So many crops are scored; their median counts.
const SCORED: usize = 5;
/// Degrees that a head may be turned for its face to be compared.
const FRONTAL: f32 = 15.0;

/// The passive network's scores of the crops: of [`SCORED`] of those in which the face looks into the camera, which is how
/// the network knows faces; of the others only where those are too few. What is dark is noisy, and freed of it before.
pub(crate) fn crop_scores(passive: &mut PassiveScorer, opened: &Opened, seen: &Seen) -> Result<Vec<f32>, FaceError> {
    let mut scores = Vec::new();
    let mut crops: Vec<&Picture> = opened.crops().iter().collect();
    crops.sort_by_key(|crop| !is_frontal(seen.in_frame(crop.frame)));
    for crop in crops.into_iter().take(SCORED) {
        let Some(face) = face_of(seen, crop) else { continue };
        match passive.score_without_noise(&crop.pixels, face_in(crop, opened, face), face.pose.roll) {
            Ok(score) => scores.push(score),
            Err(FaceError::Points) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(scores)
}

/// What is compared with the register's face: the photo, which the phone chose from the time before the first cue, and of the
/// crops in which the face looks into the camera the one in the middle and the last, so that whoever takes the person's
/// place in between is among them. Without a photo, the first crop as well.
pub(crate) fn to_compare<'a>(opened: &'a Opened, seen: &Seen) -> Vec<&'a RgbImage> {
    let frontal: Vec<&Picture> = opened.crops().iter().filter(|crop| is_frontal(seen.in_frame(crop.frame))).collect();
    let last = frontal.len().saturating_sub(1);
    let first = opened.best_photo().or(frontal.first().copied());
    let mut pictures: Vec<&Picture> = first.into_iter().collect();
    for place in [frontal.len() / 2, last] {
        pictures.extend(frontal.get(place).filter(|crop| pictures.iter().all(|chosen| !std::ptr::eq(*chosen, **crop))));
    }
    pictures.into_iter().map(|picture| &picture.pixels).collect()
}

fn is_frontal(seen: Option<&Observation>) -> bool {
    let pose = seen.and_then(|seen| seen.face.as_ref()).map(|face| face.pose);
    pose.is_some_and(|pose| pose.yaw.abs() <= FRONTAL && pose.pitch.abs() <= FRONTAL)
}

fn face_of<'s>(seen: &'s Seen, picture: &Picture) -> Option<&'s FaceSeen> {
    seen.in_frame(picture.frame).and_then(|seen| seen.face.as_ref())
}

/// Where the face that was seen in the video lies in a crop, in the crop's pixels.
fn face_in(crop: &Picture, opened: &Opened, face: &FaceSeen) -> Rect {
    let b = in_frame(opened, face.bbox);
    let [x, y, width, height] = crop.region.map(|value| value as f32);
    let (wide, high) = (crop.pixels.width() as f32 / width, crop.pixels.height() as f32 / height);
    Rect { x0: (b.x0 - x) * wide, y0: (b.y0 - y) * high, x1: (b.x1 - x) * wide, y1: (b.y1 - y) * high }
}

/// From pixels of the video to pixels of the frame as it was judged.
fn in_frame(opened: &Opened, b: Rect) -> Rect {
    let (frame, video) = (opened.record().frame_size, opened.record().video_size);
    let (across, down) = (frame.0 as f32 / video.0.max(1) as f32, frame.1 as f32 / video.1.max(1) as f32);
    Rect { x0: b.x0 * across, y0: b.y0 * down, x1: b.x1 * across, y1: b.y1 * down }
}

/// The phone says which part of a frame a crop shows. It must be the face and its surroundings, as the judge sees them: a
/// part without the face would be passed over, a part too tight hides the edge of a screen, one too wide hides the face.
pub(crate) fn beside_the_face(opened: &Opened, seen: &Seen) -> Option<Reason> {
    let wrong = |picture: &&Picture| {
        let Some(face) = face_of(seen, picture) else { return false };
        let b = in_frame(opened, face.bbox);
        let Some(wanted) = crop_region(b, opened.record().frame_size) else { return false };
        let ends = |[x, y, width, height]: [u32; 4]| [x, y, x + width, y + height].map(|edge| edge as f32);
        let slack = [b.x1 - b.x0, b.y1 - b.y0, b.x1 - b.x0, b.y1 - b.y0].map(|length| length * CROP_SLACK);
        let off = ends(picture.region).into_iter().zip(ends(wanted)).zip(slack);
        off.into_iter().any(|((claimed, wanted), slack)| (claimed - wanted).abs() > slack)
    };
    let count = opened.crops().iter().filter(wrong).count();
    (count > 0).then(|| review("crops_beside_the_face", count, 0))
}

/// The nonce picks the frames for crops; a phone that says it saw no face there picks for itself.
pub(crate) fn passed_over(opened: &Opened, seen: &Seen) -> Option<Reason> {
    let sees_face = |frame: &u32| {
        let face = seen.in_frame(*frame).and_then(|seen| seen.face.as_ref());
        face.is_some_and(|face| face.presence >= SURE_OF_A_FACE)
    };
    let passed = opened.passed_over().iter().filter(|frame| sees_face(frame)).count();
    (passed > PASSED_OVER).then(|| review("crops_passed_over", passed, PASSED_OVER))
}

fn review(figure: &str, count: usize, most: usize) -> Reason {
    Reason {
        code: ReasonCode::SpoofUnsure,
        layer: Layer::Passive,
        leads_to: Decision::Review,
        figures: vec![Figure::new(figure, count as f64, Some(most as f64))],
    }
}
