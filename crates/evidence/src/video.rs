//! H.264: frames to access units, and back.
//!
//! **In**: RGB frames, 8 bits, top row first. **Out**: one access unit per frame (Annex B, constrained baseline: the first
//! opens with the parameter sets, and there is no other key frame), never fewer. Back: access units that nobody has vouched
//! for to RGB frames. **What can go wrong**: a unit that is no such unit. Types and size are checked before a byte reaches
//! the decoder, so that a crafted stream can't make it allocate more than the limits allow.

use h264_reader::nal::sps::{FrameMbsFlags, SeqParameterSet};
use h264_reader::rbsp::{BitReader, decode_nal};
use image::RgbImage;
use jianzai_wire::FrameTime;
use openh264::OpenH264API;
use openh264::decoder::{DecodedYUV, Decoder, DecoderConfig, Flush};
use openh264::encoder::{
    BitRate, Complexity, Encoder, EncoderConfig, FrameRate, FrameType, IntraFramePeriod, Profile, RateControlMode,
    UsageType, VuiConfig,
};
use openh264::formats::{RgbSliceU8, YUVBuffer, YUVSource};
use openh264::nal_units;

use crate::error::{EvidenceError, RecordError};

/// Longest side of the video in pixels; larger frames are scaled down, smaller ones never up.
pub const MAX_SIDE: u32 = 480;
const MIN_SIDE: u32 = 64;

const SLICE: u8 = 1;
const KEY_SLICE: u8 = 5;
const SEQUENCE_SET: u8 = 7;
const PICTURE_SET: u8 = 8;
const BASELINE: u8 = 66;

/// Size of the video for frames of a size: even, at most [`MAX_SIDE`].
pub(crate) fn video_size((width, height): (u32, u32)) -> Result<(u32, u32), RecordError> {
    let longest = width.max(height);
    let even = |side: u32| {
        let side =
            if longest > MAX_SIDE { (u64::from(side) * u64::from(MAX_SIDE) / u64::from(longest)) as u32 } else { side };
        side & !1
    };
    let size = (even(width), even(height));
    if size.0 < MIN_SIDE || size.1 < MIN_SIDE {
        return Err(RecordError::Size { width, height });
    }
    Ok(size)
}

/// Encodes frames of one size.
pub(crate) struct VideoEncoder {
    encoder: Encoder,
    size: (u32, u32),
    planes: YUVBuffer,
    frames: u32,
}

impl VideoEncoder {
    /// `bits_per_second` is what is aimed at when `frames_per_second` come.
    pub(crate) fn new(size: (u32, u32), bits_per_second: u32, frames_per_second: u32) -> Result<Self, RecordError> {
        let config = EncoderConfig::new()
            .skip_frames(false)
            .bitrate(BitRate::from_bps(bits_per_second))
            .max_frame_rate(FrameRate::from_hz(frames_per_second as f32))
            .rate_control_mode(RateControlMode::Bitrate)
            .usage_type(UsageType::CameraVideoRealTime)
            .profile(Profile::Baseline)
            .complexity(Complexity::Medium)
            // A key frame in the middle costs as much as a second of video and nobody seeks here.
            .scene_change_detect(false)
            .intra_frame_period(IntraFramePeriod::auto())
            .num_threads(1)
            .vui(VuiConfig::bt601());
        let mut encoder = Encoder::with_api_config(OpenH264API::from_source(), config).map_err(failed)?;
        silence(&mut encoder);
        let planes = YUVBuffer::new(size.0 as usize, size.1 as usize);
        Ok(Self { encoder, size, planes, frames: 0 })
    }

    /// Size of the video.
    pub(crate) fn size(&self) -> (u32, u32) {
        self.size
    }

    /// The access unit of a frame; the frame is scaled to the video's size if it has another.
    pub(crate) fn encode(&mut self, frame: &RgbImage) -> Result<Vec<u8>, RecordError> {
        let (width, height) = (self.size.0 as usize, self.size.1 as usize);
        let scaled;
        let frame = if frame.dimensions() == self.size {
            frame
        } else {
            scaled = image::imageops::resize(frame, self.size.0, self.size.1, image::imageops::FilterType::Triangle);
            &scaled
        };
        self.planes.read_rgb8(RgbSliceU8::new(frame.as_raw(), (width, height)));
        let stream = self.encoder.encode(&self.planes).map_err(failed)?;
        let expected = if self.frames == 0 { FrameType::IDR } else { FrameType::P };
        if stream.frame_type() != expected {
            return Err(RecordError::Encoder(format!("frame {} became {:?}", self.frames, stream.frame_type())));
        }
        self.frames += 1;
        Ok(stream.to_vec())
    }
}

/// Keeps the encoder from writing to standard error that frames are not to be skipped, which is what we ask for.
#[expect(unsafe_code, reason = "the encoder's level of tracing can be set before its first frame by no safe call")]
fn silence(encoder: &mut Encoder) {
    let mut level: std::ffi::c_int = openh264_sys2::WELS_LOG_QUIET;
    // Sound: the encoder exists, this option is allowed before initialisation, and it only reads the integer.
    // That it can fail is of no matter.
    let _ = unsafe {
        encoder.raw_api().set_option(openh264_sys2::ENCODER_OPTION_TRACE_LEVEL, std::ptr::addr_of_mut!(level).cast())
    };
}

fn failed(error: openh264::Error) -> RecordError {
    RecordError::Encoder(error.to_string())
}

/// Decodes access units one by one.
pub(crate) struct VideoDecoder {
    decoder: Decoder,
    size: (u32, u32),
    frames: u32,
}

impl VideoDecoder {
    /// For a video of this size, which the caller has checked against its limits.
    pub(crate) fn new(size: (u32, u32)) -> Result<Self, EvidenceError> {
        let config = DecoderConfig::new().flush_after_decode(Flush::NoFlush);
        let decoder = Decoder::with_api_config(OpenH264API::from_source(), config)
            .map_err(|_| EvidenceError::Undecodable("the video"))?;
        Ok(Self { decoder, size, frames: 0 })
    }

    /// The next frame. Exactly one comes out of each unit.
    pub(crate) fn decode(&mut self, unit: &[u8], index: u32, at: FrameTime) -> Result<VideoFrame<'_>, EvidenceError> {
        let bad = EvidenceError::Undecodable("the video");
        check_unit(unit, self.frames == 0, self.size)?;
        let Ok(Some(planes)) = self.decoder.decode(unit) else { return Err(bad) };
        let (width, height) = planes.dimensions();
        if (width, height) != (self.size.0 as usize, self.size.1 as usize) {
            return Err(bad);
        }
        self.frames += 1;
        Ok(VideoFrame { index, at, planes })
    }
}

/// A decoded frame of a video, as the decoder holds it: its colours are worked out only where somebody looks.
pub struct VideoFrame<'a> {
    /// Its place in the video, from 0.
    pub index: u32,
    /// When it was taken.
    pub at: FrameTime,
    planes: DecodedYUV<'a>,
}

impl VideoFrame<'_> {
    /// Width and height in pixels.
    pub fn size(&self) -> (u32, u32) {
        let (width, height) = self.planes.dimensions();
        (width as u32, height as u32)
    }

    /// Its pixels.
    pub fn rgb(&self) -> RgbImage {
        let (width, height) = self.size();
        let mut frame = RgbImage::new(width, height);
        self.planes.write_rgb8(&mut frame);
        frame
    }

    /// Its brightness: rows of at least the frame's width, each so many bytes after the one before.
    pub fn luma(&self) -> (&[u8], usize) {
        (self.planes.y(), self.planes.strides().0)
    }
}

/// Whether a unit is what [`VideoEncoder`] makes: one picture in one slice, the first a key slice after parameter sets of
/// the right size.
fn check_unit(unit: &[u8], first: bool, size: (u32, u32)) -> Result<(), EvidenceError> {
    let bad = EvidenceError::Undecodable("the video");
    if !unit.starts_with(&[0, 0, 0, 1]) && !unit.starts_with(&[0, 0, 1]) {
        return Err(bad);
    }
    let mut kinds = Vec::new();
    for nal in nal_units(unit) {
        // The start code is three bytes here, whatever stood before it.
        let body = nal.get(3..).filter(|body| !body.is_empty()).ok_or(bad.clone())?;
        let kind = body.first().map_or(0, |header| header & 0x1f);
        if kind == SEQUENCE_SET {
            check_sequence_set(body, size)?;
        }
        kinds.push(kind);
    }
    let as_made: &[u8] = if first { &[SEQUENCE_SET, PICTURE_SET, KEY_SLICE] } else { &[SLICE] };
    if kinds == as_made { Ok(()) } else { Err(bad) }
}

fn check_sequence_set(nal: &[u8], size: (u32, u32)) -> Result<(), EvidenceError> {
    let bad = EvidenceError::Undecodable("the video");
    let bits = decode_nal(nal).map_err(|_| bad.clone())?;
    let set = SeqParameterSet::from_bits(BitReader::new(bits.as_ref())).map_err(|_| bad.clone())?;
    // The coded size comes first: cropping could hide a huge picture, and the sum below must not overflow.
    let blocks = |side: u32| side.div_ceil(16).checked_sub(1);
    let coded_as_needed = Some(set.pic_width_in_mbs_minus1) == blocks(size.0)
        && Some(set.pic_height_in_map_units_minus1) == blocks(size.1);
    if set.profile_idc != BASELINE.into()
        || set.frame_mbs_flags != FrameMbsFlags::Frames
        || set.max_num_ref_frames > 16
        || !coded_as_needed
        || set.pixel_dimensions().ok() != Some(size)
    {
        return Err(bad);
    }
    Ok(())
}
