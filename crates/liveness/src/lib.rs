//! Is it a living person, doing what was asked?
//!
//! **In**: [`Observation`]s (what was seen in a frame, and when), the steps revealed so far, "prompt ended". **Out**: from
//! the [`coach`] what to tell the person and the capture log; from the [`judge`] a verdict with reasons. No I/O, no clock,
//! no network, no ONNX Runtime, no Tauri: the same input always gives the same output.

mod blendshape;
pub mod observation;

pub use observation::{Blendshape, Blendshapes, FaceSeen, Observation, Placement, Pose, Rect};
