//! The server's side: opens a bundle and believes none of it.
//!
//! The order of the checks decides which fault is named: size, header, attempt, recipient, seal, signature, binding, times,
//! frames against their digests, chain against what was committed, pictures against the nonce, and last the pictures
//! against the decoded video.

use std::ops::Range;

use image::RgbImage;
use jianzai_liveness::CaptureLog;
use jianzai_wire::api::CommitRequest;
use jianzai_wire::plan::plan_hash;
use jianzai_wire::{Bytes32, CapturePolicy, FrameTime, Step};
use serde::de::DeserializeOwned;
use serde_bytes::ByteBuf;
use uuid::Uuid;
use zeroize::{Zeroize, Zeroizing};

use crate::chain::{WINDOW, candidate, digest};
use crate::checks::{check_binding, check_chain, check_pictures, check_sizes, check_times, check_units, split_units};
use crate::error::EvidenceError;
use crate::mp4::mp4;
use crate::picture::{CROP_SIDE, Likeness, PHOTO_SIDE, decode_jpeg};
use crate::record::{CaptureRecord, Manifest, Payload, PictureRecord};
use crate::recorder::MAX_GAP_MS;
use crate::seal::{self, RecipientSecret, SealedHeader};
use crate::video::{VideoDecoder, VideoFrame};

/// How large a bundle may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the sealed bundle.
    pub max_bytes: u64,
    /// Milliseconds from first to last frame: no more than the policy's, and no more than lay between issue and commit.
    pub max_duration_ms: u32,
    /// Frames.
    pub max_frames: u32,
    /// Milliseconds between two frames.
    pub max_gap_ms: u64,
}

impl Limits {
    /// The limits of a policy: half as many frames again as it aims at.
    pub fn of(policy: &CapturePolicy) -> Self {
        let frames = u64::from(policy.max_capture_ms) * u64::from(policy.frames_per_second) * 3 / 2000;
        Self {
            max_bytes: policy.max_bundle_bytes,
            max_duration_ms: policy.max_capture_ms,
            max_frames: u32::try_from(frames).unwrap_or(u32::MAX),
            max_gap_ms: MAX_GAP_MS,
        }
    }
}

/// What the server knows about the attempt.
#[derive(Debug, Clone)]
pub struct Expected<'a> {
    /// The attempt.
    pub attempt: Uuid,
    /// Its nonce.
    pub nonce: Bytes32,
    /// The steps revealed, in order.
    pub steps: &'a [Step],
    /// The device key of the activation.
    pub device_key: Bytes32,
    /// The commitment.
    pub committed: &'a CommitRequest,
    /// Number of frames and chain head sent with each step request.
    pub step_heads: &'a [(u32, Bytes32)],
    /// How large the bundle may be.
    pub limits: Limits,
}

/// A picture that was compared with the video.
#[derive(Debug, Clone, PartialEq)]
pub struct Picture {
    /// The frame it was cut from.
    pub frame: u32,
    /// When that frame was taken.
    pub at: FrameTime,
    /// What was cut: x, y, width, height in pixels of the judged frame.
    pub region: [u32; 4],
    /// The pixels, RGB, perhaps scaled down.
    pub pixels: RgbImage,
}

/// A bundle that is whole, of this attempt, as committed, and whose pictures show what the video shows. Whether that is a
/// living person doing what was asked is for the judge.
pub struct Opened {
    nonce: Bytes32,
    manifest: Manifest,
    record: CaptureRecord,
    video: Zeroizing<Vec<u8>>,
    units: Vec<Range<usize>>,
    crops: Vec<Picture>,
    best_photo: Option<Picture>,
    log: CaptureLog,
}

/// A bundle that is whole, of this attempt and as committed. Whether its pictures show what the video shows is found out when
/// the video is watched.
pub struct Unwatched(Opened);

/// Opens a bundle with the secret that its header names, and watches it with closed eyes. Decodes the whole video once.
pub fn open(bytes: &[u8], secrets: &[RecipientSecret], expected: &Expected<'_>) -> Result<Opened, EvidenceError> {
    unseal(bytes, secrets, expected)?.watch(&mut |_| ())
}

/// Opens a bundle with the secret that its header names; decodes the pictures, and nothing of the video yet.
pub fn unseal(bytes: &[u8], secrets: &[RecipientSecret], expected: &Expected<'_>) -> Result<Unwatched, EvidenceError> {
    if bytes.len() as u64 > expected.limits.max_bytes {
        return Err(EvidenceError::Oversized("bytes"));
    }
    let header = SealedHeader::parse(bytes)?;
    if header.attempt != expected.attempt {
        return Err(EvidenceError::Foreign);
    }
    let secret = secrets.iter().find(|secret| secret.key_id() == header.key_id);
    let secret = secret.ok_or(EvidenceError::WrongRecipient)?;
    let plan_hash = plan_hash(expected.attempt, &expected.nonce, expected.steps);
    let plain = seal::unseal(bytes, &header, &plan_hash, secret)?;
    let mut payload: Payload = decoded(&plain, "the payload")?;
    drop(plain);
    let opened = check(&payload, &header, &plan_hash, expected);
    payload.wipe();
    opened
}

fn check(
    payload: &Payload,
    header: &SealedHeader,
    plan_hash: &Bytes32,
    expected: &Expected<'_>,
) -> Result<Unwatched, EvidenceError> {
    seal::verify(&payload.manifest, &payload.signature, &expected.device_key)?;
    let manifest: Manifest = decoded(&payload.manifest, "the manifest")?;
    check_binding(&manifest, header, plan_hash, expected)?;
    let record: CaptureRecord = decoded(&manifest.capture, "the capture record")?;
    check_sizes(&record, &expected.limits)?;
    check_times(&record.frames, &expected.limits)?;
    let units = split_units(&record.frames, &payload.video)?;
    let digests = check_units(&record.frames, &payload.video, &units)?;
    check_chain(&record, &manifest, &digests, expected)?;
    check_pictures(&record, payload, expected)?;
    if digest(&payload.log) != record.log_sha256 {
        return Err(EvidenceError::Tampered("the log"));
    }
    let mut opened = Opened {
        nonce: expected.nonce,
        manifest,
        record,
        video: Zeroizing::new(payload.video.to_vec()),
        units,
        crops: Vec::new(),
        best_photo: None,
        log: decoded(&payload.log, "the log")?,
    };
    opened.decode_pictures(&payload.crops, payload.best_photo.as_ref())?;
    Ok(Unwatched(opened))
}

fn decoded<T: DeserializeOwned>(bytes: &[u8], what: &'static str) -> Result<T, EvidenceError> {
    ciborium::from_reader(bytes).map_err(|_| EvidenceError::Undecodable(what))
}

impl Unwatched {
    /// What was recorded: source, versions, sizes, every frame and picture.
    pub fn record(&self) -> &CaptureRecord {
        &self.0.record
    }

    /// As [`Opened::passed_over`].
    pub fn passed_over(&self) -> Vec<u32> {
        self.0.passed_over()
    }

    /// Decodes the video once and hands every frame to `eye`, in order: every frame must come out, and every picture must be
    /// what its frame shows.
    pub fn watch(self, eye: &mut dyn FnMut(&VideoFrame<'_>)) -> Result<Opened, EvidenceError> {
        let Self(opened) = self;
        let pictures: Vec<&Picture> = opened.crops.iter().chain(&opened.best_photo).collect();
        let mut decoder = VideoDecoder::new(opened.record.video_size)?;
        for (index, (frame, unit)) in opened.record.frames.iter().zip(&opened.units).enumerate() {
            let unit = opened.video.get(unit.clone()).unwrap_or_default();
            let frame = decoder.decode(unit, index as u32, frame.at)?;
            let mut shown = pictures.iter().filter(|picture| picture.frame as usize == index).peekable();
            let pixels = shown.peek().is_some().then(|| frame.rgb());
            for (picture, pixels) in shown.zip(pixels.iter().cycle()) {
                let likeness = Likeness::of(&picture.pixels, pixels, picture.region, opened.record.frame_size);
                if !likeness.same() {
                    let index = picture.frame;
                    return Err(EvidenceError::CropMismatch { index, what: "the video shows something else" });
                }
            }
            eye(&frame);
        }
        drop(pictures);
        Ok(opened)
    }
}

impl Opened {
    /// What the device signed.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// What was recorded: source, versions, sizes, every frame.
    pub fn record(&self) -> &CaptureRecord {
        &self.record
    }

    /// The crops, in order.
    pub fn crops(&self) -> &[Picture] {
        &self.crops
    }

    /// The best photo.
    pub fn best_photo(&self) -> Option<&Picture> {
        self.best_photo.as_ref()
    }

    /// The capture log, as the phone kept it. Advice.
    pub fn log(&self) -> &CaptureLog {
        &self.log
    }

    /// Frames that the nonce picked for a crop and in which the phone says it saw no face. If the judge sees one there, the
    /// phone chose its crops.
    pub fn passed_over(&self) -> Vec<u32> {
        let frames = &self.record.frames;
        let mut passed = Vec::new();
        for (window, inside) in frames.chunks(WINDOW as usize).enumerate() {
            let from = candidate(&self.nonce, window as u32);
            let start = window as u32 * WINDOW;
            let blank =
                inside.iter().zip(start..).skip((from - start) as usize).take_while(|(frame, _)| frame.crop.is_none());
            passed.extend(blank.map(|(_, index)| index));
        }
        passed
    }

    /// Decodes the video, frame by frame; one frame is in memory at a time.
    pub fn frames(&self) -> Frames<'_> {
        Frames { opened: self, decoder: None, next: 0 }
    }

    /// The video as an MP4 file, for a clerk who is allowed to look.
    pub fn mp4(&self) -> Result<Vec<u8>, EvidenceError> {
        let units = self.units.iter().map(|unit| self.video.get(unit.clone()).unwrap_or_default());
        mp4(self.record.video_size, self.record.frames.iter().map(|frame| frame.at).zip(units))
    }
}

impl Opened {
    fn decode_pictures(&mut self, crops: &[ByteBuf], photo: Option<&ByteBuf>) -> Result<(), EvidenceError> {
        for (record, jpeg) in self.record.crops.iter().zip(crops) {
            let picture = self.picture(record, jpeg, CROP_SIDE)?;
            self.crops.push(picture);
        }
        let photo = self.record.best_photo.as_ref().zip(photo);
        self.best_photo = photo.map(|(record, jpeg)| self.picture(record, jpeg, PHOTO_SIDE)).transpose()?;
        Ok(())
    }

    fn picture(&self, record: &PictureRecord, jpeg: &[u8], side: u32) -> Result<Picture, EvidenceError> {
        let at = self.record.frames.get(record.frame as usize).map(|frame| frame.at).unwrap_or_default();
        Ok(Picture { frame: record.frame, at, region: record.region, pixels: decode_jpeg(jpeg, side)? })
    }
}

impl Drop for Opened {
    fn drop(&mut self) {
        for picture in self.crops.iter_mut().chain(&mut self.best_photo) {
            picture.pixels.as_flat_samples_mut().samples.zeroize();
        }
    }
}

impl std::fmt::Debug for Opened {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Opened({}, {} frames)", self.manifest.attempt, self.units.len())
    }
}

/// The frames of a video, in order; ends after the first error. See [`Opened::frames`].
pub struct Frames<'a> {
    opened: &'a Opened,
    decoder: Option<VideoDecoder>,
    next: usize,
}

impl Iterator for Frames<'_> {
    type Item = Result<(RgbImage, FrameTime), EvidenceError>;

    fn next(&mut self) -> Option<Self::Item> {
        let at = self.opened.record.frames.get(self.next)?.at;
        let unit = self.opened.video.get(self.opened.units.get(self.next)?.clone())?;
        let size = self.opened.record.video_size;
        let index = self.next as u32;
        let decoded = match &mut self.decoder {
            Some(decoder) => decoder.decode(unit, index, at).map(|frame| frame.rgb()),
            empty => VideoDecoder::new(size)
                .and_then(|decoder| empty.insert(decoder).decode(unit, index, at).map(|frame| frame.rgb())),
        };
        self.next = if decoded.is_ok() { self.next + 1 } else { usize::MAX };
        Some(decoded.map(|frame| (frame, at)))
    }
}
