//! The machine's own cameras, through nokhwa: desktops and desk kiosks.
//!
//! nokhwa's camera may not change threads, and opening or reading one may hang in a driver. So it lives on a thread of its
//! own from opening to closing, hands its frames over in a slot, and whoever waits has a deadline.

use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use image::RgbImage;
use nokhwa::pixel_format::RgbFormat;
use nokhwa::utils::{ApiBackend, CameraFormat, CameraIndex, FrameFormat, RequestedFormat, RequestedFormatType};
use nokhwa::{Camera, NokhwaError};

use crate::slot::Slot;
use crate::{CameraError, CaptureClock, Frame, FrameSource};

/// How long a camera may take to open.
const OPENING: Duration = Duration::from_secs(8);
/// A camera in use is tried again for so long.
const LET_GO: Duration = Duration::from_secs(2);
/// How long the person may take to answer the system's question whether the app may use the camera.
const ASKING: Duration = Duration::from_secs(110);
/// How long an open camera may be silent.
const SILENCE: Duration = Duration::from_secs(4);

/// A camera that the machine knows of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CameraListing {
    /// To open it by.
    pub number: u32,
    /// What the system calls it.
    pub name: String,
}

/// The machine's cameras, by number. An empty list is no error.
///
/// # Errors
/// [`CameraError::Refused`] where the person has not allowed the camera; [`CameraError::Missing`] where this system has
/// no way to cameras.
pub fn list_cameras() -> Result<Vec<CameraListing>, CameraError> {
    let mut cameras: Vec<CameraListing> = nokhwa::query(ApiBackend::Auto)
        .map_err(|error| classify(&error))?
        .iter()
        .filter_map(|info| match info.index() {
            CameraIndex::Index(number) => Some(CameraListing { number: *number, name: info.human_name() }),
            CameraIndex::String(_) => None,
        })
        .collect();
    cameras.sort_by_key(|camera| camera.number);
    Ok(cameras)
}

/// One of the machine's cameras, open.
pub struct NativeSource {
    slot: Arc<Slot>,
    label: String,
}

impl NativeSource {
    /// Opens camera `number` in the format nearest to 640x480 at 30 frames a second, and starts it. Where the system
    /// asks the person first (macOS), this waits for the answer.
    ///
    /// # Errors
    /// Why it cannot be used, within about eight seconds of the answer; at once if there is no such camera.
    pub fn open(number: u32, clock: CaptureClock) -> Result<Self, CameraError> {
        allowed()?;
        let camera = list_cameras()?
            .into_iter()
            .find(|camera| camera.number == number)
            .ok_or_else(|| CameraError::Missing(format!("camera {number}")))?;
        let slot = Arc::new(Slot::default());
        let (opened, wait_opened) = channel();
        let theirs = Arc::clone(&slot);
        thread::Builder::new()
            .name(format!("native camera {number}"))
            .spawn(move || {
                let slot = EndsSlot(theirs);
                let ended = run(number, &clock, &slot.0, &opened);
                slot.0.end(ended);
            })
            .map_err(|error| CameraError::Stopped(format!("no thread for the camera: {error}")))?;
        let source = Self { slot, label: camera.name };
        match wait_opened.recv_timeout(OPENING) {
            Ok(()) => Ok(source),
            // Either it failed, and said why in the slot, or it hangs.
            Err(_) => match source.slot.take(Duration::ZERO) {
                Err(error) if source.slot.ended() => Err(error),
                _ => Err(CameraError::Stopped(format!("camera {number} does not open"))),
            },
        }
    }
}

impl FrameSource for NativeSource {
    fn next(&mut self) -> Result<Frame, CameraError> {
        let frame = self.slot.take(SILENCE).inspect_err(|error| self.slot.end(error.clone()))?;
        Ok(Frame::clone(&frame))
    }

    fn label(&self) -> String {
        self.label.clone()
    }
}

impl Drop for NativeSource {
    fn drop(&mut self) {
        self.slot.refuse_more();
    }
}

/// Whether the person lets the app use cameras; asks if they were not asked before. Other systems than macOS say yes here
/// and refuse on opening.
fn allowed() -> Result<(), CameraError> {
    if nokhwa::nokhwa_check() {
        return Ok(());
    }
    let (answer, wait_answer) = channel();
    let answer = Mutex::new(answer);
    nokhwa::nokhwa_initialize(move |yes| {
        let _ = answer.lock().unwrap_or_else(PoisonError::into_inner).send(yes);
    });
    match wait_answer.recv_timeout(ASKING) {
        Ok(true) => Ok(()),
        Ok(false) => Err(CameraError::Refused("the person said no".to_owned())),
        Err(_) => Err(CameraError::Refused("the question was not answered".to_owned())),
    }
}

/// Ends the slot however the camera's thread ends, a panic in a driver's binding included.
struct EndsSlot(Arc<Slot>);

impl Drop for EndsSlot {
    fn drop(&mut self) {
        self.0.end(CameraError::Stopped("the camera's thread ended".to_owned()));
    }
}

/// Opens the camera, says so, and fills the slot until nobody wants more or the camera fails; gives what ended it.
fn run(number: u32, clock: &CaptureClock, slot: &Slot, opened: &Sender<()>) -> CameraError {
    let mut camera = match open_when_free(number) {
        Ok(camera) => camera,
        Err(error) => return classify(&error),
    };
    // Nobody waits any more: opening took too long.
    if opened.send(()).is_err() {
        return CameraError::Stopped("opened too late".to_owned());
    }
    let mut count = 0;
    let mut spoilt = 0;
    while !slot.unwanted() {
        let buffer = match camera.frame() {
            Ok(buffer) => buffer,
            Err(error) => return classify(&error),
        };
        let at = clock.now();
        match buffer.decode_image::<RgbFormat>() {
            Ok(image) => {
                // nokhwa's image type is that of its own dependency on the same crate: carry the bytes over.
                let (width, height) = image.dimensions();
                if let Some(image) = RgbImage::from_raw(width, height, image.into_raw()) {
                    slot.put(Frame { at, number: count, image });
                    spoilt = 0;
                }
            }
            // USB cameras spoil a frame now and then, mostly their first.
            Err(error) => {
                spoilt += 1;
                if spoilt > 30 {
                    return classify(&error);
                }
            }
        }
        count += 1;
    }
    let _ = camera.stop_stream();
    CameraError::Stopped("closed".to_owned())
}

/// A camera that was in use a moment ago is let go a moment later: by our own former capture, too.
fn open_when_free(number: u32) -> Result<Camera, NokhwaError> {
    let until = Instant::now() + LET_GO;
    loop {
        match open(number) {
            Err(error) if matches!(classify(&error), CameraError::Busy(_)) && Instant::now() < until => {
                thread::sleep(Duration::from_millis(200));
            }
            ended => return ended,
        }
    }
}

fn open(number: u32) -> Result<Camera, NokhwaError> {
    let any = RequestedFormat::new::<RgbFormat>(RequestedFormatType::None);
    let mut camera = Camera::new(CameraIndex::Index(number), any)?;
    let formats = camera.compatible_camera_formats()?;
    if let Some(best) = formats.into_iter().min_by_key(unsuitability) {
        camera.set_camera_requset(RequestedFormat::new::<RgbFormat>(RequestedFormatType::Exact(best)))?;
    }
    camera.open_stream()?;
    Ok(camera)
}

/// The smaller, the better: enough frames first, then a size near 640x480 (too small is worse than too large), then what
/// costs least to unpack.
fn unsuitability(format: &CameraFormat) -> (u32, u32, u32) {
    let too_slow = 24_u32.saturating_sub(format.frame_rate());
    let (width, height) = (format.width(), format.height());
    let short = 640_u32.saturating_sub(width) + 480_u32.saturating_sub(height);
    let beyond = width.saturating_sub(640) + height.saturating_sub(480);
    let unpacking = match format.format() {
        FrameFormat::RAWRGB | FrameFormat::RAWBGR => 0,
        FrameFormat::YUYV | FrameFormat::NV12 => 1,
        FrameFormat::MJPEG => 2,
        FrameFormat::GRAY => 1_000,
    };
    (too_slow, short.saturating_mul(4).saturating_add(beyond), unpacking)
}

/// nokhwa says what went wrong in words only, taken from the system's own.
fn classify(error: &NokhwaError) -> CameraError {
    let words = error.to_string();
    let lower = words.to_lowercase();
    let says = |any: &[&str]| any.iter().any(|part| lower.contains(part));
    if says(&["permission denied", "os error 13", "not authorized", "unauthorized", "access is denied"]) {
        CameraError::Refused(words)
    } else if says(&["busy", "os error 16", "in use", "already taken"]) {
        CameraError::Busy(words)
    } else if says(&["no such", "os error 2)", "os error 19", "not found"])
        || matches!(error, NokhwaError::UnsupportedOperationError(_) | NokhwaError::NotImplementedError(_))
    {
        CameraError::Missing(words)
    } else {
        CameraError::Stopped(words)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use jianzai_wire::ReasonCode;
    use nokhwa::utils::Resolution;

    use super::*;

    #[test]
    fn a_camera_that_is_not_there_is_said_to_be_missing_at_once() {
        let started = Instant::now();
        let error = NativeSource::open(4_000, CaptureClock::real()).err().expect("there is no camera 4000");
        assert_eq!(error.reason(), ReasonCode::CameraMissing, "{error}");
        assert!(started.elapsed() < Duration::from_secs(2));
    }

    #[test]
    fn the_systems_words_have_codes() {
        let opening = |words: &str| classify(&NokhwaError::OpenDeviceError("0".to_owned(), words.to_owned())).reason();
        assert_eq!(opening("V4L2 Error: Permission denied (os error 13)"), ReasonCode::CameraRefused);
        assert_eq!(opening("V4L2 Error: Device or resource busy (os error 16)"), ReasonCode::CameraBusy);
        assert_eq!(opening("V4L2 Error: No such file or directory (os error 2)"), ReasonCode::CameraMissing);
        assert_eq!(opening("V4L2 Error: No such device (os error 19)"), ReasonCode::CameraMissing);
        assert_eq!(opening("V4L2 Error: Input/output error (os error 5)"), ReasonCode::CameraStopped);
        // 2x is not 2.
        assert_eq!(opening("V4L2 Error: Too many open files (os error 24)"), ReasonCode::CameraStopped);
    }

    #[test]
    fn of_a_webcams_formats_vga_at_full_rate_is_chosen() {
        let format = |width, height, kind, rate| CameraFormat::new(Resolution::new(width, height), kind, rate);
        let formats = [
            format(1920, 1080, FrameFormat::MJPEG, 30),
            format(1280, 720, FrameFormat::YUYV, 10),
            format(320, 240, FrameFormat::YUYV, 30),
            format(640, 480, FrameFormat::MJPEG, 30),
            format(640, 480, FrameFormat::YUYV, 30),
            format(640, 480, FrameFormat::YUYV, 15),
        ];
        let best = formats.into_iter().min_by_key(unsuitability);
        assert_eq!(best, Some(format(640, 480, FrameFormat::YUYV, 30)));
        let wide = [format(320, 240, FrameFormat::YUYV, 30), format(1280, 720, FrameFormat::MJPEG, 30)];
        assert_eq!(wide.into_iter().min_by_key(unsuitability), Some(format(1280, 720, FrameFormat::MJPEG, 30)));
    }
}
