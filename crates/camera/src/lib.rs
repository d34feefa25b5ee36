//! Where frames come from. One trait, [`FrameSource`], and three sources:
//!
//! | source | where | frames |
//! |---|---|---|
//! | [`NativeSource`] | desktop, desk kiosk | the machine's camera by number, through nokhwa |
//! | [`PushedSource`] | phones, the WebView path | handed in by the page as RGBA or JPEG through a [`FramePusher`] |
//! | [`actor::Actor`] (feature `demo`) | tests, demonstrations | recorded people who follow instructions |
//!
//! What goes out is a [`Frame`]: an upright RGB image, never mirrored, stamped with the time of one monotonic
//! [`CaptureClock`] at the moment it entered Rust. Nobody downstream reads another clock.
//!
//! A camera does not wait, so nothing may queue behind it: [`LatestFrames`] runs a source on its own thread and keeps one
//! frame, the latest. Whoever is slower than the camera sees fewer frames, never older ones. [`Pace`] picks from them the
//! ones to judge.
//!
//! What can go wrong is a [`CameraError`], each with the [`ReasonCode`](jianzai_wire::ReasonCode) that the person is shown.
//! After an error a source is at its end; to go on, open another.

#[cfg(feature = "demo")]
pub mod actor;
mod clock;
mod error;
mod frame;
mod latest;
mod native;
mod pace;
mod pushed;
mod slot;

pub use clock::CaptureClock;
pub use error::CameraError;
pub use frame::{Frame, FrameSource};
pub use latest::LatestFrames;
pub use native::{CameraListing, NativeSource, list_cameras};
pub use pace::Pace;
pub use pushed::{FramePusher, PushError, PushedSource};
