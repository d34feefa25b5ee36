//! The checks that need no decoder: binding, sizes, times, digests, chain, and which pictures there must be. Each names its
//! own fault; [`crate::open`] says in what order.

use std::ops::Range;

use jianzai_wire::Bytes32;

use crate::chain::{self, WINDOW, candidate, digest, kept};
use crate::error::EvidenceError;
use crate::open::{Expected, Limits};
use crate::record::{CaptureRecord, FrameRecord, Manifest, Payload, PictureRecord, TAG_BYTES, VERSION};
use crate::seal::SealedHeader;
use crate::video::MAX_SIDE;

/// Largest side of a judged frame that a record may name.
const MAX_FRAME_SIDE: u32 = 4096;
const MIN_REGION: u32 = 16;

pub(crate) fn check_binding(
    manifest: &Manifest,
    header: &SealedHeader,
    plan_hash: &Bytes32,
    expected: &Expected<'_>,
) -> Result<(), EvidenceError> {
    if manifest.version != VERSION {
        return Err(EvidenceError::UnknownVersion(manifest.version.into()));
    }
    if manifest.attempt != expected.attempt || manifest.plan_hash != *plan_hash || manifest.steps != expected.steps {
        return Err(EvidenceError::Foreign);
    }
    if manifest.recipient != header.key_id {
        return Err(EvidenceError::WrongRecipient);
    }
    if manifest.device_key != expected.device_key {
        return Err(EvidenceError::BadSignature);
    }
    Ok(())
}

pub(crate) fn check_sizes(record: &CaptureRecord, limits: &Limits) -> Result<(), EvidenceError> {
    let within = |(width, height): (u32, u32), most: u32| (1..=most).contains(&width) && (1..=most).contains(&height);
    if record.frames.len() as u64 > u64::from(limits.max_frames) {
        return Err(EvidenceError::Oversized("frames"));
    }
    if !within(record.frame_size, MAX_FRAME_SIDE) || !within(record.video_size, MAX_SIDE) {
        return Err(EvidenceError::Oversized("pixels"));
    }
    if record.frames.is_empty() {
        return Err(EvidenceError::Truncated("no frame"));
    }
    Ok(())
}

pub(crate) fn check_times(frames: &[FrameRecord], limits: &Limits) -> Result<(), EvidenceError> {
    for (index, (before, after)) in frames.iter().zip(frames.iter().skip(1)).enumerate() {
        let at_fault = |what| EvidenceError::BadTimes { index: index as u32 + 1, what };
        if after.at <= before.at {
            return Err(at_fault("not later than the frame before"));
        }
        if after.at.since(before.at) > limits.max_gap_ms {
            return Err(at_fault("too long after the frame before"));
        }
    }
    if duration(frames) > u64::from(limits.max_duration_ms) {
        return Err(EvidenceError::Oversized("milliseconds"));
    }
    Ok(())
}

fn duration(frames: &[FrameRecord]) -> u64 {
    frames.first().zip(frames.last()).map_or(0, |(first, last)| last.at.since(first.at))
}

/// Where each access unit lies in the video.
pub(crate) fn split_units(frames: &[FrameRecord], video: &[u8]) -> Result<Vec<Range<usize>>, EvidenceError> {
    let mut units = Vec::with_capacity(frames.len());
    let mut start = 0_usize;
    for frame in frames {
        let end = start.saturating_add(frame.bytes as usize);
        if end > video.len() {
            return Err(EvidenceError::Truncated("the video"));
        }
        units.push(start..end);
        start = end;
    }
    if start == video.len() { Ok(units) } else { Err(EvidenceError::Tampered("more video than frames")) }
}

/// Digests of the access units; each must be the one that was recorded at its place.
pub(crate) fn check_units(
    frames: &[FrameRecord],
    video: &[u8],
    units: &[Range<usize>],
) -> Result<Vec<Bytes32>, EvidenceError> {
    let digests: Vec<_> = units.iter().map(|unit| digest(video.get(unit.clone()).unwrap_or_default())).collect();
    for (index, (frame, digest)) in frames.iter().zip(&digests).enumerate() {
        let tag = digest.0.first_chunk::<TAG_BYTES>().copied().unwrap_or_default();
        if tag == frame.tag {
            continue;
        }
        return Err(if frames.iter().any(|other| other.tag == tag) {
            EvidenceError::Reordered { index: index as u32 }
        } else {
            EvidenceError::Tampered("the video")
        });
    }
    Ok(digests)
}

pub(crate) fn check_chain(
    record: &CaptureRecord,
    manifest: &Manifest,
    digests: &[Bytes32],
    expected: &Expected<'_>,
) -> Result<(), EvidenceError> {
    let committed = expected.committed;
    if record.frames.len() as u64 != u64::from(committed.frames) {
        return Err(EvidenceError::NotAsCommitted("the number of frames"));
    }
    if duration(&record.frames) != u64::from(committed.duration_ms) {
        return Err(EvidenceError::NotAsCommitted("the duration"));
    }
    let mut heads = vec![chain::genesis(expected.attempt, &expected.nonce)];
    let mut head = heads[0];
    for (index, (frame, digest)) in record.frames.iter().zip(digests).enumerate() {
        head = chain::link(&head, index as u32, frame, digest);
        heads.push(head);
    }
    for (frames, head) in expected.step_heads {
        if heads.get(*frames as usize) != Some(head) {
            return Err(EvidenceError::NotAsCommitted("the chain at a step"));
        }
    }
    let end = chain::close(&head, &manifest.capture);
    if end != committed.chain_head || end != manifest.chain_head {
        return Err(EvidenceError::NotAsCommitted("the chain"));
    }
    Ok(())
}

/// Whether the pictures carried are those that the nonce asks for, and those that were recorded.
pub(crate) fn check_pictures(
    record: &CaptureRecord,
    payload: &Payload,
    expected: &Expected<'_>,
) -> Result<(), EvidenceError> {
    let candidates = check_candidates(&record.frames, &expected.nonce)?;
    let keep = kept(&expected.nonce, record.frames.len() as u32, &candidates);
    if !record.crops.iter().map(|crop| crop.frame).eq(keep) {
        let index = record.crops.first().map_or(0, |crop| crop.frame);
        return Err(EvidenceError::CropMismatch { index, what: "others are asked for" });
    }
    if record.crops.len() != payload.crops.len() || record.best_photo.is_some() != payload.best_photo.is_some() {
        return Err(EvidenceError::Truncated("the pictures"));
    }
    for (crop, jpeg) in record.crops.iter().zip(&payload.crops) {
        let linked = record.frames.get(crop.frame as usize).and_then(|frame| frame.crop);
        check_picture(crop, jpeg, record)?;
        if linked != Some(crop.sha256) {
            return Err(EvidenceError::CropMismatch { index: crop.frame, what: "another one was recorded" });
        }
    }
    if let Some((photo, jpeg)) = record.best_photo.as_ref().zip(payload.best_photo.as_ref()) {
        check_picture(photo, jpeg, record)?;
    }
    Ok(())
}

fn check_picture(picture: &PictureRecord, jpeg: &[u8], record: &CaptureRecord) -> Result<(), EvidenceError> {
    let fault = |what| EvidenceError::CropMismatch { index: picture.frame, what };
    let [x, y, width, height] = picture.region;
    let fits = |start: u32, length: u32, side: u32| {
        length >= MIN_REGION && start.checked_add(length).is_some_and(|end| end <= side)
    };
    if picture.frame as usize >= record.frames.len() {
        return Err(fault("there is no such frame"));
    }
    if !fits(x, width, record.frame_size.0) || !fits(y, height, record.frame_size.1) {
        return Err(fault("it lies outside the frame"));
    }
    if digest(jpeg) != picture.sha256 {
        return Err(EvidenceError::Tampered("a picture"));
    }
    Ok(())
}

/// The frames that have a crop: in each window the one that the nonce picks, or the next in which the phone saw a face.
fn check_candidates(frames: &[FrameRecord], nonce: &Bytes32) -> Result<Vec<u32>, EvidenceError> {
    let mut candidates = Vec::new();
    for (window, inside) in frames.chunks(WINDOW as usize).enumerate() {
        let start = window as u32 * WINDOW;
        let from = candidate(nonce, window as u32) - start;
        let due = inside.iter().enumerate().skip(from as usize).find(|(_, frame)| frame.seen.has_face());
        let due = due.map(|(place, _)| place);
        for (place, frame) in inside.iter().enumerate() {
            let index = start + place as u32;
            match (frame.crop.is_some(), due == Some(place)) {
                (true, true) => candidates.push(index),
                (false, false) => {}
                (true, false) => return Err(EvidenceError::CropMismatch { index, what: "another one is asked for" }),
                (false, true) => return Err(EvidenceError::CropMismatch { index, what: "it was not recorded" }),
            }
        }
    }
    Ok(candidates)
}
