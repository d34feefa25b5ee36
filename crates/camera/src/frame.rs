use image::RgbImage;
use jianzai_wire::FrameTime;

use crate::CameraError;

/// One picture of the camera.
#[derive(Clone)]
pub struct Frame {
    /// When it entered Rust, on the source's [`CaptureClock`](crate::CaptureClock).
    pub at: FrameTime,
    /// Counts the frames of this source from 0. A gap means that frames were overwritten before anyone took them.
    pub number: u64,
    /// 8-bit RGB, upright, not mirrored.
    pub image: RgbImage,
}

impl std::fmt::Debug for Frame {
    /// Says time, number and size: a face is never printed.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (width, height) = self.image.dimensions();
        write!(f, "Frame({} ms, number {}, {width}x{height})", self.at.0, self.number)
    }
}

/// Gives frames, one after another. Times never go backwards.
pub trait FrameSource: Send {
    /// Waits for the next frame and gives it. Blocks for as long as the camera takes, up to a few seconds; a camera that
    /// is silent for longer has stopped. After an error every further call is an error too.
    fn next(&mut self) -> Result<Frame, CameraError>;

    /// Whether these are recorded people of a demonstration and not whoever sits before the camera.
    fn is_demo(&self) -> bool {
        false
    }

    /// What to call the source in a list or a log; says nothing about a person.
    fn label(&self) -> String;
}

impl<S: FrameSource + ?Sized> FrameSource for Box<S> {
    fn next(&mut self) -> Result<Frame, CameraError> {
        (**self).next()
    }

    fn is_demo(&self) -> bool {
        (**self).is_demo()
    }

    fn label(&self) -> String {
        (**self).label()
    }
}
