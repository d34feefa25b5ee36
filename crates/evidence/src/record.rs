//! The written form of a capture. CBOR, versioned; changing it means a new [`VERSION`].

use std::collections::BTreeMap;

use jianzai_liveness::{Blendshape, Observation, Rect};
use jianzai_wire::{Bytes32, CapturePolicy, FrameTime, Step};
use serde::{Deserialize, Serialize};
use serde_bytes::{ByteArray, ByteBuf};
use uuid::Uuid;
use zeroize::Zeroize;

/// Version of header, payload and manifest.
pub const VERSION: u8 = 1;

/// Where the frames came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// A camera that Rust reads.
    Camera,
    /// A camera that the WebView reads and pushes.
    Webview,
    /// The actor of a demo build. Only a server started with `--demo` takes these.
    Actor,
}

/// What is signed by the device: everything by which a bundle is bound to person, place and time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// [`VERSION`].
    pub version: u8,
    /// The attempt.
    pub attempt: Uuid,
    /// The steps as they were revealed to this device, in order.
    pub steps: Vec<Step>,
    /// `jianzai_wire::plan::plan_hash` over attempt, nonce and steps.
    pub plan_hash: Bytes32,
    /// Key id of the recipient.
    pub recipient: String,
    /// The device's Ed25519 public key.
    pub device_key: Bytes32,
    /// The head as committed.
    pub chain_head: Bytes32,
    /// The [`CaptureRecord`], as hashed into `chain_head`.
    pub capture: ByteBuf,
}

/// What was recorded.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CaptureRecord {
    /// Where the frames came from.
    pub source: Source,
    /// Version of the app.
    pub app_version: String,
    /// The networks by slot, with the sha256 of their files.
    pub models: BTreeMap<String, Bytes32>,
    /// The rules as the phone knew them.
    pub policy: CapturePolicy,
    /// Width and height of the judged frames.
    pub frame_size: (u32, u32),
    /// Width and height of the video: the same, or smaller.
    pub video_size: (u32, u32),
    /// Every frame, in order.
    pub frames: Vec<FrameRecord>,
    /// The crops, in order.
    pub crops: Vec<PictureRecord>,
    /// The best photo.
    pub best_photo: Option<PictureRecord>,
    /// sha256 of the log as carried.
    pub log_sha256: Bytes32,
}

/// One recorded frame.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "FrameRow", into = "FrameRow")]
pub struct FrameRecord {
    /// When it entered Rust.
    pub at: FrameTime,
    /// Length of its access unit in bytes.
    pub bytes: u32,
    /// First eight bytes of the unit's sha256: names the fault (tampered, re-ordered) where the chain only says that there
    /// is one.
    pub tag: [u8; TAG_BYTES],
    /// What the phone saw.
    pub seen: Seen,
    /// sha256 of the crop's JPEG, if the nonce picks this frame for its window; crops that are not kept included.
    pub crop: Option<Bytes32>,
}

/// Length of [`FrameRecord::tag`].
pub const TAG_BYTES: usize = 8;

/// On the wire a frame is a row without names, since there are hundreds.
type FrameRow = (FrameTime, u32, ByteArray<TAG_BYTES>, ByteArray<SEEN_BYTES>, Option<ByteArray<32>>);

impl From<FrameRow> for FrameRecord {
    fn from((at, bytes, tag, seen, crop): FrameRow) -> Self {
        let crop = crop.map(|crop| Bytes32(crop.into_array()));
        Self { at, bytes, tag: tag.into_array(), seen: Seen(seen.into_array()), crop }
    }
}

impl From<FrameRecord> for FrameRow {
    fn from(frame: FrameRecord) -> Self {
        let crop = frame.crop.map(|crop| ByteArray::new(crop.0));
        (frame.at, frame.bytes, ByteArray::new(frame.tag), ByteArray::new(frame.seen.0), crop)
    }
}

/// A picture cut from a frame.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PictureRecord {
    /// The frame.
    pub frame: u32,
    /// What was cut: x, y, width, height in pixels of the judged frame; the JPEG may be scaled down.
    pub region: [u32; 4],
    /// sha256 of the JPEG.
    pub sha256: Bytes32,
}

/// Length of [`Seen`].
pub const SEEN_BYTES: usize = 15;

/// What the phone saw in a frame, in fifteen bytes: number of faces; whether one is tracked; its box (x, y, width, height
/// in 1/10000 of the frame, big-endian); yaw, pitch, roll in degrees; `jawOpen` in 1/255; the passive score in 1/254, or
/// 255 where the network did not look. Advice, like all that a phone says; it shows where phone and server disagree.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Seen([u8; SEEN_BYTES]);

const PASSIVE_UNSEEN: u8 = 255;

impl Seen {
    /// From an observation.
    pub fn of(observation: &Observation) -> Self {
        let mut seen = [0; SEEN_BYTES];
        seen[0] = observation.faces;
        seen[14] = PASSIVE_UNSEEN;
        if let Some(face) = observation.face.as_ref().filter(|face| crop_region(face.bbox, observation.size).is_some())
        {
            seen[1] = 1;
            let (width, height) = (observation.size.0 as f32, observation.size.1 as f32);
            let bbox = face.bbox;
            let shares = [bbox.x0 / width, bbox.y0 / height, (bbox.x1 - bbox.x0) / width, (bbox.y1 - bbox.y0) / height];
            for (place, share) in seen[2..10].chunks_exact_mut(2).zip(shares) {
                place.copy_from_slice(&((share * 10_000.0) as u16).to_be_bytes());
            }
            // A float that doesn't fit saturates, and NaN becomes 0.
            for (place, degrees) in seen[10..13].iter_mut().zip([face.pose.yaw, face.pose.pitch, face.pose.roll]) {
                *place = (degrees.round() as i8).to_be_bytes()[0];
            }
            seen[13] = (face.blendshapes.get(Blendshape::JawOpen) * 255.0) as u8;
            if let Some(passive) = face.passive {
                seen[14] = (passive.clamp(0.0, 1.0) * 254.0).round() as u8;
            }
        }
        Self(seen)
    }

    /// The canonical form.
    pub fn as_bytes(&self) -> &[u8; SEEN_BYTES] {
        &self.0
    }

    /// Whether the phone tracked a face that is large enough to be cut out.
    pub fn has_face(&self) -> bool {
        self.0[1] == 1
    }

    /// Number of faces at the detector's last look.
    pub fn faces(&self) -> u8 {
        self.0[0]
    }

    /// Yaw, pitch and roll in whole degrees.
    pub fn pose(&self) -> [i8; 3] {
        [10, 11, 12].map(|place| i8::from_be_bytes([self.0[place]]))
    }

    /// The passive score, where the network looked.
    pub fn passive(&self) -> Option<f32> {
        let byte = self.0[14];
        (byte != PASSIVE_UNSEEN).then(|| f32::from(byte) / 254.0)
    }
}

impl std::fmt::Debug for Seen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Seen(faces {}, tracked {}, pose {:?})", self.faces(), self.has_face(), self.pose())
    }
}

/// Region that the passive network and the matcher need: the face's box 2.7 times as large, moved inside the frame.
pub fn crop_region(face: Rect, frame: (u32, u32)) -> Option<[u32; 4]> {
    let side = |low: f32, high: f32, length: u32| {
        if !low.is_finite() || !high.is_finite() {
            return None;
        }
        let limit = length as f32;
        let size = ((high - low) * 2.7).clamp(0.0, limit);
        let start = ((low + high - size) / 2.0).clamp(0.0, limit - size);
        let (start, end) = (start.floor() as u32, (start + size).ceil().min(limit) as u32);
        // Of a face of a few pixels there is nothing to be seen.
        (end > start + 15).then(|| (start, end - start))
    };
    let (x, width) = side(face.x0, face.x1, frame.0)?;
    let (y, height) = side(face.y0, face.y1, frame.1)?;
    Some([x, y, width, height])
}

/// What lies under the seal.
#[derive(Serialize, Deserialize)]
pub(crate) struct Payload {
    /// The [`Manifest`], as signed.
    pub(crate) manifest: ByteBuf,
    /// Ed25519 over the manifest.
    pub(crate) signature: ByteArray<64>,
    /// The access units, one after another.
    pub(crate) video: ByteBuf,
    /// The crops' JPEGs, in order.
    pub(crate) crops: Vec<ByteBuf>,
    /// The best photo's JPEG.
    pub(crate) best_photo: Option<ByteBuf>,
    /// The capture log: CBOR.
    pub(crate) log: ByteBuf,
}

impl Payload {
    /// Wipes every plaintext buffer.
    pub(crate) fn wipe(&mut self) {
        let singles = [&mut self.manifest, &mut self.video, &mut self.log];
        for bytes in singles.into_iter().chain(&mut self.crops).chain(&mut self.best_photo) {
            bytes.as_mut_slice().zeroize();
        }
    }
}
