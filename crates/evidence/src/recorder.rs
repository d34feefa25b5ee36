//! The phone's side: records every judged frame.

use std::collections::BTreeMap;

use ed25519_dalek::SigningKey;
use image::RgbImage;
use jianzai_liveness::{CaptureLog, FaceSeen, Observation};
use jianzai_wire::api::Recipient;
use jianzai_wire::plan::plan_hash;
use jianzai_wire::{Bytes32, CapturePolicy, FrameTime, Step};
use serde::Serialize;
use serde_bytes::{ByteArray, ByteBuf};
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::chain::{self, WINDOW, candidate, digest, kept};
use crate::error::RecordError;
use crate::photo::BestPhoto;
use crate::picture::{CROP_BYTES, CROP_SIDE, cut, jpeg};
use crate::record::{
    CaptureRecord, FrameRecord, Manifest, Payload, PictureRecord, Seen, Source, TAG_BYTES, VERSION, crop_region,
};
use crate::seal::{self, SealedBundle};
use crate::video::{VideoEncoder, video_size};

/// Longest time between two frames, in milliseconds. A longer gap could hide a cut; within this one a head can be followed
/// (`jianzai_liveness::continuity`). A page on a busy machine of two cores was seen to stand still for up to 0.41 s.
pub const MAX_GAP_MS: u64 = 500;

/// What a recorder has to know. Fixed for one attempt.
#[derive(Debug, Clone)]
pub struct RecorderConfig {
    /// The attempt.
    pub attempt: Uuid,
    /// Its nonce.
    pub nonce: Bytes32,
    /// Its rules.
    pub policy: CapturePolicy,
    /// Where the frames come from.
    pub source: Source,
    /// Version of the app.
    pub app_version: String,
    /// The networks by slot, with the sha256 of their files.
    pub models: BTreeMap<String, Bytes32>,
}

/// Records frames as they are judged; everything stays in memory until it is sealed.
pub struct Recorder {
    config: RecorderConfig,
    /// Made at the first frame, when its size is known.
    encoder: Option<VideoEncoder>,
    frame_size: (u32, u32),
    head: Bytes32,
    video: Zeroizing<Vec<u8>>,
    frames: Vec<FrameRecord>,
    crops: Vec<Crop>,
    photo: BestPhoto,
}

struct Crop {
    record: PictureRecord,
    jpeg: Zeroizing<Vec<u8>>,
}

impl Recorder {
    /// An empty recorder.
    pub fn new(config: RecorderConfig) -> Self {
        let head = chain::genesis(config.attempt, &config.nonce);
        Self {
            config,
            encoder: None,
            frame_size: (0, 0),
            head,
            video: Zeroizing::default(),
            frames: Vec::new(),
            crops: Vec::new(),
            photo: BestPhoto::default(),
        }
    }

    /// Records a frame, with what was seen in it, and gives the new chain head. After an error the frame is not part of
    /// the recording; errors of the encoder, of size and of gaps are only helped by [`Recorder::restart`].
    pub fn push(&mut self, frame: &RgbImage, at: FrameTime, seen: &Observation) -> Result<Bytes32, RecordError> {
        self.check_time(at)?;
        let index = self.frames();
        let crop = self.crop(index, frame, seen)?;
        let encoder = match &mut self.encoder {
            Some(encoder) if frame.dimensions() == self.frame_size => encoder,
            Some(_) => {
                let (width, height) = frame.dimensions();
                return Err(RecordError::Size { width, height });
            }
            empty => {
                let size = video_size(frame.dimensions())?;
                self.frame_size = frame.dimensions();
                empty.insert(VideoEncoder::new(
                    size,
                    bit_rate(&self.config.policy),
                    self.config.policy.frames_per_second,
                )?)
            }
        };
        let unit = Zeroizing::new(encoder.encode(frame)?);
        let carried = self.carried_bytes() + unit.len() + crop.as_ref().map_or(0, |crop| crop.jpeg.len());
        if carried as u64 > self.config.policy.max_bundle_bytes {
            return Err(RecordError::TooLarge);
        }
        let bytes = u32::try_from(unit.len()).map_err(|_| RecordError::TooLarge)?;
        let unit_digest = digest(&unit);
        let mut tag = [0; TAG_BYTES];
        tag.copy_from_slice(&unit_digest.0[..TAG_BYTES]);
        let sha256 = crop.as_ref().map(|crop| crop.record.sha256);
        let record = FrameRecord { at, bytes, tag, seen: Seen::of(seen), crop: sha256 };
        self.head = chain::link(&self.head, index, &record, &unit_digest);
        self.video.extend_from_slice(&unit);
        self.frames.push(record);
        self.crops.extend(crop);
        self.photo.consider(index, frame, seen);
        Ok(self.head)
    }

    /// Says that the first rest is over (the first cue is being given): the best photo is chosen from the frames before.
    pub fn first_rest_over(&mut self) {
        self.photo.close();
    }

    /// Number of recorded frames.
    pub fn frames(&self) -> u32 {
        u32::try_from(self.frames.len()).unwrap_or(u32::MAX)
    }

    /// Chain head over the recorded frames.
    pub fn chain_head(&self) -> Bytes32 {
        self.head
    }

    /// Milliseconds from the first frame to the last.
    pub fn duration_ms(&self) -> u32 {
        let span = self.frames.first().zip(self.frames.last()).map_or(0, |(first, last)| last.at.since(first.at));
        u32::try_from(span).unwrap_or(u32::MAX)
    }

    /// Forgets every frame. Heads that were sent to the server before are void: a capture that was restarted after a step
    /// was revealed is refused with `evidence.not_as_committed`.
    pub fn restart(&mut self) {
        *self = Self::new(self.config.clone());
    }

    /// Ends the recording. `log` is the coach's capture log. After this not one byte of the capture changes.
    pub fn finish(self, log: &CaptureLog) -> Result<Capture, RecordError> {
        let video_size = self.encoder.as_ref().map(VideoEncoder::size).ok_or(RecordError::Empty)?;
        let (frames, duration_ms) = (self.frames(), self.duration_ms());
        let candidates: Vec<u32> = self.crops.iter().map(|crop| crop.record.frame).collect();
        let keep = kept(&self.config.nonce, frames, &candidates);
        let crops: Vec<Crop> = self.crops.into_iter().filter(|crop| keep.contains(&crop.record.frame)).collect();
        let photo = self.photo.finish()?;
        let log = encoded(log)?;
        let record = CaptureRecord {
            source: self.config.source,
            app_version: self.config.app_version.clone(),
            models: self.config.models.clone(),
            policy: self.config.policy.clone(),
            frame_size: self.frame_size,
            video_size,
            frames: self.frames,
            crops: crops.iter().map(|crop| crop.record.clone()).collect(),
            best_photo: photo.as_ref().map(|(record, _)| record.clone()),
            log_sha256: digest(&log),
        };
        let record = encoded(&record)?;
        Ok(Capture {
            chain_head: chain::close(&self.head, &record),
            frames,
            duration_ms,
            config: self.config,
            record,
            video: self.video,
            crops: crops.into_iter().map(|crop| crop.jpeg).collect(),
            best_photo: photo.map(|(_, jpeg)| jpeg),
            log,
        })
    }

    fn check_time(&self, at: FrameTime) -> Result<(), RecordError> {
        let Some((first, last)) = self.frames.first().zip(self.frames.last()) else { return Ok(()) };
        if at <= last.at {
            return Err(RecordError::Time { at_ms: at.0, last_ms: last.at.0 });
        }
        let gap_ms = at.since(last.at);
        if gap_ms > MAX_GAP_MS {
            return Err(RecordError::Gap { gap_ms });
        }
        if at.since(first.at) > u64::from(self.config.policy.max_capture_ms) {
            return Err(RecordError::TooLong);
        }
        Ok(())
    }

    /// The crop of this frame, if it is the candidate of its window: the frame that the nonce picks, or the next with a face.
    fn crop(&self, index: u32, frame: &RgbImage, seen: &Observation) -> Result<Option<Crop>, RecordError> {
        let window = index / WINDOW;
        let taken = self.crops.last().is_some_and(|crop| crop.record.frame / WINDOW == window);
        if taken || index < candidate(&self.config.nonce, window) {
            return Ok(None);
        }
        let region = seen.face.as_ref().and_then(|face: &FaceSeen| crop_region(face.bbox, frame.dimensions()));
        let Some(region) = region else { return Ok(None) };
        let jpeg = Zeroizing::new(jpeg(&cut(frame, region, CROP_SIDE), CROP_BYTES)?);
        let record = PictureRecord { frame: index, region, sha256: digest(&jpeg) };
        Ok(Some(Crop { record, jpeg }))
    }

    /// What the bundle would hold if it ended here, roughly and never less.
    fn carried_bytes(&self) -> usize {
        const FIXED: usize = 48_000;
        const ROW: usize = 80;
        let mut crops: Vec<usize> = self.crops.iter().map(|crop| crop.jpeg.len()).collect();
        crops.sort_unstable_by(|a, b| b.cmp(a));
        let crops: usize = crops.iter().take(chain::MAX_CROPS).sum();
        FIXED + self.frames.len() * ROW + self.video.len() + crops
    }
}

/// Bits per second so that the longest recording fits the largest bundle with room for pictures and records.
fn bit_rate(policy: &CapturePolicy) -> u32 {
    const PICTURES_AND_RECORDS: u64 = 250_000;
    const MOST: u64 = 108_000;
    const LEAST: u64 = 32_000;
    let bits = policy.max_bundle_bytes.saturating_sub(PICTURES_AND_RECORDS).saturating_mul(8);
    let rate = bits.saturating_mul(1000) / u64::from(policy.max_capture_ms.max(1));
    rate.clamp(LEAST, MOST) as u32
}

/// A finished capture, not yet sealed. Holds personal data: seal it at once.
pub struct Capture {
    /// The head to commit.
    pub chain_head: Bytes32,
    /// Number of recorded frames.
    pub frames: u32,
    /// Milliseconds from the first frame to the last.
    pub duration_ms: u32,
    config: RecorderConfig,
    record: Zeroizing<Vec<u8>>,
    video: Zeroizing<Vec<u8>>,
    crops: Vec<Zeroizing<Vec<u8>>>,
    best_photo: Option<Zeroizing<Vec<u8>>>,
    log: Zeroizing<Vec<u8>>,
}

impl Capture {
    /// Signs and seals. `steps` are those revealed in this attempt, in order.
    pub fn seal(
        self,
        steps: &[Step],
        recipient: &Recipient,
        device_key: &SigningKey,
    ) -> Result<SealedBundle, RecordError> {
        let plan_hash = plan_hash(self.config.attempt, &self.config.nonce, steps);
        let manifest = Manifest {
            version: VERSION,
            attempt: self.config.attempt,
            steps: steps.to_vec(),
            plan_hash,
            recipient: recipient.key_id.clone(),
            device_key: Bytes32(device_key.verifying_key().to_bytes()),
            chain_head: self.chain_head,
            capture: ByteBuf::from(self.record.to_vec()),
        };
        let manifest = encoded(&manifest)?;
        let mut payload = Payload {
            signature: ByteArray::new(seal::sign(&manifest, device_key)),
            manifest: ByteBuf::from(manifest.to_vec()),
            video: ByteBuf::from(self.video.to_vec()),
            crops: self.crops.iter().map(|crop| ByteBuf::from(crop.to_vec())).collect(),
            best_photo: self.best_photo.as_ref().map(|photo| ByteBuf::from(photo.to_vec())),
            log: ByteBuf::from(self.log.to_vec()),
        };
        let plain = encoded(&payload);
        payload.wipe();
        let bundle = seal::seal(plain?, self.config.attempt, &plan_hash, recipient)?;
        if bundle.as_bytes().len() as u64 > self.config.policy.max_bundle_bytes {
            return Err(RecordError::TooLarge);
        }
        Ok(bundle)
    }
}

/// CBOR, in a buffer that is wiped. Room is made at once, so that growing leaves no copies behind.
fn encoded(value: &impl Serialize) -> Result<Zeroizing<Vec<u8>>, RecordError> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(1 << 20));
    ciborium::into_writer(value, &mut *bytes).map_err(|_| RecordError::Seal("the capture could not be written"))?;
    Ok(bytes)
}
