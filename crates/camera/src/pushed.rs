//! Frames handed in from outside: by the page of the WebView path, later by a phone's native camera plugin.
//!
//! In comes whatever a page sends: RGBA pixels with their size, or a JPEG. Everything about it is checked before memory is
//! spent on it, and nothing in it can panic. Out go [`Frame`]s, stamped as they are pushed. A refused push is told to the
//! page and does no harm to the frames before and after it.

use std::io::Cursor;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use image::{ImageFormat, ImageReader, Limits, RgbImage};
use jianzai_wire::FrameTime;

use crate::slot::Slot;
use crate::{CameraError, CaptureClock, Frame, FrameSource};

/// How long the page may be silent between two frames.
const SILENCE: Duration = Duration::from_secs(4);
/// How long its first frame may take: the system may be asking the person for the camera.
const FIRST_FRAME: Duration = Duration::from_secs(120);
/// Longer JPEGs are no camera frames.
const LONGEST_JPEG: usize = 4 * 1024 * 1024;

/// Why a pushed frame was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PushError {
    /// Smaller than 64 or larger than 1920 pixels on one side, or more than 1920x1080 in all.
    #[error("a frame of {width}x{height} is outside 64x64 to 1920x1080")]
    Size {
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
    },
    /// Not four bytes for each pixel.
    #[error("{got} bytes where {width}x{height} RGBA has {expected}")]
    Length {
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
        /// Bytes given.
        got: usize,
        /// Bytes that the size asks for.
        expected: usize,
    },
    /// No JPEG that can be read.
    #[error("no readable JPEG: {0}")]
    Jpeg(String),
    /// The capture has ended: nobody takes frames any more.
    #[error("the capture has ended")]
    Closed,
}

impl PushError {
    /// What the person is told, if it goes on.
    pub fn reason(&self) -> jianzai_wire::ReasonCode {
        jianzai_wire::ReasonCode::CameraStopped
    }
}

/// The end that takes pushed frames in. Clones push into the same source.
#[derive(Clone)]
pub struct FramePusher {
    slot: Arc<Slot>,
    clock: CaptureClock,
    count: Arc<AtomicU64>,
}

impl FramePusher {
    /// Takes a frame of `width` x `height` pixels, rows from the top, 4 bytes each: red, green, blue, alpha (ignored).
    ///
    /// # Errors
    /// [`PushError`], and nothing was taken.
    pub fn push_rgba(&self, width: u32, height: u32, pixels: &[u8]) -> Result<FrameTime, PushError> {
        let at = self.clock.now();
        check_size(width, height)?;
        let expected = width as usize * height as usize * 4;
        if pixels.len() != expected {
            return Err(PushError::Length { width, height, got: pixels.len(), expected });
        }
        let mut rgb = Vec::with_capacity(expected / 4 * 3);
        for pixel in pixels.chunks_exact(4) {
            rgb.extend_from_slice(pixel.get(..3).unwrap_or_default());
        }
        let image = RgbImage::from_raw(width, height, rgb).ok_or(PushError::Size { width, height })?;
        self.put(at, image)
    }

    /// Takes a frame as baseline or progressive JPEG. Its orientation tag is not looked at: a canvas writes none.
    ///
    /// # Errors
    /// [`PushError`], and nothing was taken.
    pub fn push_jpeg(&self, jpeg: &[u8]) -> Result<FrameTime, PushError> {
        let at = self.clock.now();
        if jpeg.len() > LONGEST_JPEG {
            return Err(PushError::Jpeg(format!("{} bytes", jpeg.len())));
        }
        let reader = || ImageReader::with_format(Cursor::new(jpeg), ImageFormat::Jpeg);
        // The size is checked from the header, before anything is unpacked.
        let (width, height) = reader().into_dimensions().map_err(|error| PushError::Jpeg(error.to_string()))?;
        check_size(width, height)?;
        let mut reader = reader();
        let mut limits = Limits::default();
        limits.max_alloc = Some(64 * 1024 * 1024);
        reader.limits(limits);
        let image = reader.decode().map_err(|error| PushError::Jpeg(error.to_string()))?;
        self.put(at, image.into_rgb8())
    }

    /// Ends the source: the page says that its camera is lost, refused, or closed.
    pub fn end(&self, error: CameraError) {
        self.slot.end(error);
    }

    fn put(&self, at: FrameTime, image: RgbImage) -> Result<FrameTime, PushError> {
        if self.slot.ended() {
            return Err(PushError::Closed);
        }
        let number = self.count.fetch_add(1, Ordering::Relaxed);
        self.slot.put(Frame { at, number, image });
        Ok(at)
    }
}

/// Gives the frames that are pushed; the latest wins.
pub struct PushedSource {
    slot: Arc<Slot>,
    began: bool,
}

impl PushedSource {
    /// A source, and what to push its frames with.
    pub fn new(clock: CaptureClock) -> (FramePusher, Self) {
        let slot = Arc::new(Slot::default());
        let pusher = FramePusher { slot: Arc::clone(&slot), clock, count: Arc::new(AtomicU64::new(0)) };
        (pusher, Self { slot, began: false })
    }
}

impl FrameSource for PushedSource {
    fn next(&mut self) -> Result<Frame, CameraError> {
        let patience = if self.began { SILENCE } else { FIRST_FRAME };
        let frame = self.slot.take(patience).inspect_err(|error| self.slot.end(error.clone()))?;
        self.began = true;
        Ok(Frame::clone(&frame))
    }

    fn label(&self) -> String {
        "pushed frames".to_owned()
    }
}

impl Drop for PushedSource {
    fn drop(&mut self) {
        self.slot.refuse_more();
    }
}

fn check_size(width: u32, height: u32) -> Result<(), PushError> {
    let sides = 64..=1920;
    // Upright phones give 1080x1920, so the limit is on the area.
    let fits = sides.contains(&width) && sides.contains(&height) && width * height <= 1920 * 1080;
    if fits { Ok(()) } else { Err(PushError::Size { width, height }) }
}

#[cfg(test)]
mod tests {
    use image::codecs::jpeg::JpegEncoder;
    use proptest::prelude::*;

    use super::*;

    fn jpeg(width: u32, height: u32) -> Vec<u8> {
        let image = RgbImage::from_fn(width, height, |x, y| image::Rgb([x as u8, y as u8, 99]));
        let mut bytes = Vec::new();
        JpegEncoder::new_with_quality(&mut bytes, 90).encode_image(&image).expect("encodes");
        bytes
    }

    #[test]
    fn pixels_arrive_in_order_without_alpha() {
        let (pusher, mut source) = PushedSource::new(CaptureClock::virtual_at_zero());
        let mut rgba = vec![0; 64 * 80 * 4];
        rgba[..8].copy_from_slice(&[10, 20, 30, 255, 40, 50, 60, 0]);
        pusher.push_rgba(64, 80, &rgba).expect("fits");
        let frame = source.next().expect("a frame");
        assert_eq!(frame.image.dimensions(), (64, 80));
        assert_eq!(frame.image.as_raw()[..6], [10, 20, 30, 40, 50, 60]);
    }

    #[test]
    fn a_jpeg_arrives_and_is_stamped_when_pushed() {
        let clock = CaptureClock::virtual_at_zero();
        let (pusher, mut source) = PushedSource::new(clock.clone());
        clock.wait_until(FrameTime(1_234));
        pusher.push_jpeg(&jpeg(640, 480)).expect("fits");
        clock.wait_until(FrameTime(2_000));
        let frame = source.next().expect("a frame");
        assert_eq!((frame.at, frame.number), (FrameTime(1_234), 0));
        assert_eq!(frame.image.dimensions(), (640, 480));
        let pixel = frame.image.get_pixel(100, 50);
        assert!(pixel.0.iter().zip([100_u8, 50, 99]).all(|(got, meant)| got.abs_diff(meant) < 12), "{pixel:?}");
    }

    #[test]
    fn the_largest_upright_frame_fits_and_a_larger_one_does_not() {
        let (pusher, _source) = PushedSource::new(CaptureClock::virtual_at_zero());
        assert!(pusher.push_rgba(1080, 1920, &vec![7; 1080 * 1920 * 4]).is_ok());
        assert_eq!(pusher.push_rgba(1088, 1920, &[]), Err(PushError::Size { width: 1088, height: 1920 }));
        assert_eq!(pusher.push_jpeg(&jpeg(1088, 1920)), Err(PushError::Size { width: 1088, height: 1920 }));
    }

    #[test]
    fn a_page_that_lost_its_camera_ends_the_source_with_its_reason() {
        let (pusher, mut source) = PushedSource::new(CaptureClock::virtual_at_zero());
        pusher.end(CameraError::Refused("NotAllowedError".to_owned()));
        let reason = jianzai_wire::ReasonCode::CameraRefused;
        assert_eq!(source.next().expect_err("ended").reason(), reason);
        assert_eq!(source.next().expect_err("ended").reason(), reason);
        assert_eq!(pusher.push_jpeg(&jpeg(64, 64)), Err(PushError::Closed));
        drop(source);
    }

    #[test]
    fn nobody_takes_frames_after_the_source_is_gone() {
        let (pusher, source) = PushedSource::new(CaptureClock::virtual_at_zero());
        drop(source);
        assert_eq!(pusher.push_rgba(64, 64, &[0; 64 * 64 * 4]), Err(PushError::Closed));
    }

    proptest! {
        #[test]
        fn rgba_is_taken_exactly_if_size_and_length_agree(
            width in 0_u32..200, height in 0_u32..200, off in -5_i64..5,
        ) {
            let (pusher, mut source) = PushedSource::new(CaptureClock::virtual_at_zero());
            let exact = i64::from(width) * i64::from(height) * 4;
            let length = usize::try_from((exact + off).max(0)).expect("small");
            let result = pusher.push_rgba(width, height, &vec![1; length]);
            let fits = width >= 64 && height >= 64 && length as i64 == exact;
            prop_assert_eq!(result.is_ok(), fits);
            if fits {
                prop_assert_eq!(source.next().expect("pushed").image.dimensions(), (width, height));
            }
        }

        #[test]
        fn no_size_overflows(width: u32, height: u32) {
            let (pusher, _source) = PushedSource::new(CaptureClock::virtual_at_zero());
            prop_assert!(pusher.push_rgba(width, height, &[]).is_err());
        }

        #[test]
        fn a_spoilt_jpeg_is_an_error_or_a_picture_and_never_a_panic(
            cut in 0_usize..4_000, flips in proptest::collection::vec((0_usize..4_000, any::<u8>()), 0..12),
        ) {
            let (pusher, _source) = PushedSource::new(CaptureClock::virtual_at_zero());
            let mut bytes = jpeg(96, 64);
            for (place, value) in flips {
                if let Some(byte) = bytes.get_mut(place) {
                    *byte = value;
                }
            }
            bytes.truncate(cut);
            let _ = pusher.push_jpeg(&bytes);
        }

        #[test]
        fn noise_is_no_jpeg(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let (pusher, _source) = PushedSource::new(CaptureClock::virtual_at_zero());
            prop_assert!(matches!(pusher.push_jpeg(&bytes), Err(PushError::Jpeg(_))));
        }
    }
}
