//! What was seen in one frame. Made by `jianzai-face`, on the phone and again on the server.
//!
//! Coordinates: pixels of the frame as the camera sees it (never mirrored), x to the right, y down. Left and right in
//! names are the subject's own.

use jianzai_wire::FrameTime;

pub use crate::blendshape::{Blendshape, Blendshapes};

/// One frame, seen.
#[derive(Debug, Clone, PartialEq)]
pub struct Observation {
    /// When the frame entered Rust.
    pub at: FrameTime,
    /// Width and height of the frame in pixels.
    pub size: (u32, u32),
    /// Number of faces at the last look of the detector. The detector sleeps while one face is tracked and looks again
    /// about once a second, so a second person is noticed within a second.
    pub faces: u8,
    /// Mean luma of the whole frame, 0 (black) to 1 (white).
    pub frame_brightness: f32,
    /// The face, if there is one.
    pub face: Option<FaceSeen>,
}

/// A face in a frame.
#[derive(Debug, Clone, PartialEq)]
pub struct FaceSeen {
    /// Tight box around the landmarks, in pixels.
    pub bbox: Rect,
    /// The 478 points of the MediaPipe face mesh (468 of the face, 10 of the irises): x and y in pixels, z in the same
    /// scale, smaller is nearer.
    pub landmarks: Vec<[f32; 3]>,
    /// The mesh network's confidence that this is a face, 0 to 1.
    pub presence: f32,
    /// Which way the head points.
    pub pose: Pose,
    /// The expression.
    pub blendshapes: Blendshapes,
    /// Mean luma of the face, 0 to 1.
    pub brightness: f32,
    /// Mean luma of what surrounds the face divided by that of the face: above about 2 the face is lit from behind.
    pub back_light: f32,
    /// Variance of the Laplacian of the face scaled to 128 pixels of height, on luma 0 to 255: below about 5 it is blurred; a
    /// soft webcam has 10 to 60.
    pub sharpness: f32,
    /// Size and place relative to the oval.
    pub placement: Placement,
    /// The passive network's probability that this is a live face, 0 to 1; present on the frames it looked at.
    pub passive: Option<f32>,
}

/// An axis-aligned box in pixels; `x1`, `y1` lie outside.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rect {
    /// Left edge.
    pub x0: f32,
    /// Upper edge.
    pub y0: f32,
    /// Right edge.
    pub x1: f32,
    /// Lower edge.
    pub y1: f32,
}

/// Head pose in degrees, zero when facing the camera. Yaw and pitch are about the head's own axes: somebody who lies on
/// their side and turns their head turns it, although in the frame the nose moves up or down.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Pose {
    /// Positive when the subject turns to their own left (upright, the nose moves right in the frame).
    pub yaw: f32,
    /// Positive when the subject looks up.
    pub pitch: f32,
    /// Positive when the head leans clockwise in the frame.
    pub roll: f32,
}

/// Where the face is, relative to the oval on the screen: an upright ellipse at the centre of the frame whose height is
/// [`Placement::OVAL_HEIGHT`] of the frame's height.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Placement {
    /// Height of the face (forehead to chin) over the height of the oval: 1 fits.
    pub size: f32,
    /// Offset of the face's centre from the oval's, over the oval's height; positive to the right in the frame.
    pub dx: f32,
    /// The same downwards.
    pub dy: f32,
}

impl Placement {
    /// Height of the oval over the height of the frame.
    pub const OVAL_HEIGHT: f32 = 0.7;
}
