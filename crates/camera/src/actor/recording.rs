//! An MP4 with H.264, decoded.

use std::collections::BTreeMap;
use std::path::Path;

use image::RgbImage;
use jianzai_wire::FrameTime;
use openh264::decoder::{DecodeOptions, DecodedYUV, Decoder, Flush};
use openh264::formats::YUVSource;
use re_mp4::{Avc1Box, Mp4, StsdBoxContent, Track, TrackKind};
use sha2::{Digest, Sha256};

use super::ActorError;
use crate::Frame;

/// Some frames of a clip, decoded and kept.
pub struct Recording {
    frames: BTreeMap<u32, I420>,
    total: u32,
}

impl Recording {
    /// Decodes the clip at `path` and keeps the frames that are `wanted`; if `sha256` (hex) is given, only that very file.
    ///
    /// # Errors
    /// [`ActorError::Unreadable`], [`ActorError::OtherClip`], [`ActorError::Clip`].
    pub fn open(path: &Path, sha256: Option<&str>, wanted: impl Fn(u32) -> bool) -> Result<Self, ActorError> {
        let bytes = read(path)?;
        if let Some(expected) = sha256 {
            let found = hex::encode(Sha256::digest(&bytes));
            if !found.eq_ignore_ascii_case(expected) {
                return Err(ActorError::OtherClip { path: path.to_owned(), found });
            }
        }
        let mut frames = BTreeMap::new();
        let total = decode(&bytes, |number, picture| {
            if wanted(number)
                && let Some(kept) = I420::from_decoded(picture)
            {
                frames.insert(number, kept);
            }
        })?;
        Ok(Self { frames, total })
    }

    /// Number of frames of the whole clip.
    pub fn total(&self) -> u32 {
        self.total
    }

    /// Frame `number` as RGB, if it was kept. Takes about a millisecond.
    pub fn frame(&self, number: u32) -> Option<RgbImage> {
        self.frames.get(&number).and_then(I420::to_rgb)
    }
}

/// Decodes the clip at `path` and shows its frames in order, numbered from 0 and stamped with the clip's own times, as a
/// camera would have given them; gives their count. Keeps nothing.
///
/// # Errors
/// [`ActorError::Unreadable`], [`ActorError::Clip`].
pub fn visit_frames(path: &Path, mut visit: impl FnMut(Frame)) -> Result<u32, ActorError> {
    let bytes = read(path)?;
    let times = times(&bytes)?;
    decode(&bytes, |number, picture| {
        let at = usize::try_from(number).ok().and_then(|number| times.get(number)).copied();
        let image = I420::from_decoded(picture).and_then(|kept| kept.to_rgb());
        if let (Some(at), Some(image)) = (at, image) {
            visit(Frame { at, number: u64::from(number), image });
        }
    })
}

/// When each frame is shown, in order, from 0.
fn times(mp4: &[u8]) -> Result<Vec<FrameTime>, ActorError> {
    let container = Mp4::read_bytes(mp4).map_err(|error| ActorError::Clip(error.to_string()))?;
    let (track, _) = video(&container).ok_or_else(|| ActorError::Clip("no H.264 track".to_owned()))?;
    let scale = i128::from(track.timescale.max(1));
    let mut ticks: Vec<i64> = track.samples.iter().map(|sample| sample.composition_timestamp).collect();
    ticks.sort_unstable();
    let first = i128::from(ticks.first().copied().unwrap_or_default());
    let ms = ticks.into_iter().map(|tick| (i128::from(tick) - first) * 1_000 / scale);
    Ok(ms.map(|ms| FrameTime(u64::try_from(ms).unwrap_or_default())).collect())
}

fn read(path: &Path) -> Result<Vec<u8>, ActorError> {
    std::fs::read(path).map_err(|error| ActorError::Unreadable { path: path.to_owned(), error })
}

fn decode(mp4: &[u8], mut show: impl FnMut(u32, &DecodedYUV<'_>)) -> Result<u32, ActorError> {
    let wrong = |what: &dyn std::fmt::Display| ActorError::Clip(what.to_string());
    let container = Mp4::read_bytes(mp4).map_err(|error| wrong(&error))?;
    let (track, avc1) = video(&container).ok_or_else(|| wrong(&"no H.264 track"))?;
    let mut decoder = Decoder::new().map_err(|error| wrong(&error))?;
    let mut number = 0;
    let mut packet = parameter_sets(avc1);
    for sample in &track.samples {
        let start = usize::try_from(sample.offset).map_err(|error| wrong(&error))?;
        let length = usize::try_from(sample.size).map_err(|error| wrong(&error))?;
        let end = start.checked_add(length).ok_or_else(|| wrong(&"a sample beyond memory"))?;
        let sample = mp4.get(start..end).ok_or_else(|| wrong(&"the file is cut short"))?;
        append_annex_b(sample, avc1.avcc.contents.length_size_minus_one, &mut packet)
            .ok_or_else(|| wrong(&"a unit is longer than its sample"))?;
        // Pictures come in the order of display by themselves; a flush would hand them out before their turn.
        let options = DecodeOptions::new().flush_after_decode(Flush::NoFlush);
        if let Some(picture) = decoder.decode_with_options(&packet, options).map_err(|error| wrong(&error))? {
            show(number, &picture);
            number += 1;
        }
        packet.clear();
    }
    for picture in decoder.flush_remaining().map_err(|error| wrong(&error))? {
        show(number, &picture);
        number += 1;
    }
    if u32::try_from(track.samples.len()) != Ok(number) {
        return Err(wrong(&format!("{} samples gave {number} pictures", track.samples.len())));
    }
    Ok(number)
}

fn video(container: &Mp4) -> Option<(&Track, &Avc1Box)> {
    let track = container.tracks().values().find(|track| track.kind == Some(TrackKind::Video))?;
    match &track.trak(container).mdia.minf.stbl.stsd.contents {
        StsdBoxContent::Avc1(avc1) => Some((track, avc1)),
        _ => None,
    }
}

const START_CODE: [u8; 4] = [0, 0, 0, 1];

/// MP4 keeps the parameter sets beside the stream; the decoder wants them in it.
fn parameter_sets(avc1: &Avc1Box) -> Vec<u8> {
    let parameters = &avc1.avcc.contents;
    let sets = parameters.sequence_parameter_sets.iter().chain(&parameters.picture_parameter_sets);
    sets.flat_map(|unit| START_CODE.into_iter().chain(unit.bytes.iter().copied())).collect()
}

/// MP4 writes each unit after its length (of 1 to 4 bytes), the decoder wants it after a start code (Annex B). `None` if a
/// length goes beyond the sample.
fn append_annex_b(mut sample: &[u8], length_size_minus_one: u8, packet: &mut Vec<u8>) -> Option<()> {
    let size = usize::from(length_size_minus_one & 3) + 1;
    while !sample.is_empty() {
        let (length, rest) = sample.split_at_checked(size)?;
        let length = length.iter().fold(0_usize, |sum, byte| sum << 8 | usize::from(*byte));
        let (unit, rest) = rest.split_at_checked(length)?;
        packet.extend_from_slice(&START_CODE);
        packet.extend_from_slice(unit);
        sample = rest;
    }
    Some(())
}

/// A picture as the decoder gives it, without padding: half the memory of RGB. BT.601, limited range.
struct I420 {
    width: usize,
    height: usize,
    y: Vec<u8>,
    u: Vec<u8>,
    v: Vec<u8>,
}

impl I420 {
    fn from_decoded(picture: &DecodedYUV<'_>) -> Option<Self> {
        let (width, height) = picture.dimensions();
        let (y_stride, u_stride, v_stride) = picture.strides();
        let plane = |from: &[u8], stride: usize, width: usize, height: usize| -> Option<Vec<u8>> {
            let mut plane = Vec::with_capacity(width * height);
            for row in 0..height {
                plane.extend_from_slice(from.get(row * stride..row * stride + width)?);
            }
            Some(plane)
        };
        let (half_width, half_height) = (width.div_ceil(2), height.div_ceil(2));
        Some(Self {
            width,
            height,
            y: plane(picture.y(), y_stride, width, height)?,
            u: plane(picture.u(), u_stride, half_width, half_height)?,
            v: plane(picture.v(), v_stride, half_width, half_height)?,
        })
    }

    fn to_rgb(&self) -> Option<RgbImage> {
        let half_width = self.width.div_ceil(2);
        let mut rgb = Vec::with_capacity(self.width * self.height * 3);
        for (row, luma) in self.y.chunks_exact(self.width).enumerate() {
            let start = row / 2 * half_width;
            let blue = self.u.get(start..start + half_width)?;
            let red = self.v.get(start..start + half_width)?;
            let chroma = blue.iter().zip(red).flat_map(|pair| [pair, pair]);
            for (y, (u, v)) in luma.iter().zip(chroma) {
                rgb.extend_from_slice(&to_rgb(*y, *u, *v));
            }
        }
        RgbImage::from_raw(u32::try_from(self.width).ok()?, u32::try_from(self.height).ok()?, rgb)
    }
}

/// BT.601 limited range in 16-bit fixed point.
fn to_rgb(y: u8, u: u8, v: u8) -> [u8; 3] {
    let luma = (i32::from(y) - 16) * 76_309 + 32_768;
    let (u, v) = (i32::from(u) - 128, i32::from(v) - 128);
    let clip = |value: i32| u8::try_from((value >> 16).clamp(0, 255)).unwrap_or(0);
    [clip(luma + 104_597 * v), clip(luma - 25_675 * u - 53_279 * v), clip(luma + 132_201 * u)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_those_of_bt_601() {
        for ((y, u, v), expected) in [
            ((16, 128, 128), [0, 0, 0]),
            ((235, 128, 128), [255, 255, 255]),
            ((81, 90, 240), [255, 0, 0]),
            ((145, 54, 34), [0, 255, 0]),
            ((41, 240, 110), [0, 0, 255]),
        ] {
            let got = to_rgb(y, u, v);
            assert!(got.iter().zip(expected).all(|(got, meant): (&u8, u8)| got.abs_diff(meant) <= 3), "{got:?}");
        }
    }

    #[test]
    fn units_get_start_codes_whatever_the_size_of_their_length() {
        for size in 1..=4_u8 {
            let mut sample = vec![0; usize::from(size)];
            *sample.last_mut().expect("one or more") = 2;
            sample.extend([7, 8]);
            let mut packet = Vec::new();
            append_annex_b(&sample, size - 1, &mut packet).expect("whole");
            assert_eq!(packet, [0, 0, 0, 1, 7, 8]);
            sample.pop();
            assert_eq!(append_annex_b(&sample, size - 1, &mut packet), None);
        }
    }

    #[test]
    fn what_is_no_mp4_is_an_error() {
        assert!(matches!(decode(b"not a film at all, not even nearly", |_, _| {}), Err(ActorError::Clip(_))));
        assert!(matches!(decode(&[], |_, _| {}), Err(ActorError::Clip(_))));
    }
}
