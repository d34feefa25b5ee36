//! Is it a living person, doing what was asked?
//!
//! **In**: [`Observation`]s (what was seen in a frame, and when), the steps revealed so far, "prompt ended". **Out**: from
//! the [`coach`] what to tell the person and the capture log; from the [`judge`](judge()) a verdict with reasons. No I/O, no
//! clock, no network, no ONNX Runtime, no Tauri: the same input always gives the same output.

mod blendshape;
pub mod chance;
pub mod coach;
pub mod continuity;
pub mod draw;
pub mod judge;
pub mod limits;
mod log;
pub mod motion;
pub mod observation;
pub mod rules;
pub mod signals;
pub mod trace;

pub use coach::{CaptureEnd, Coach, CoachInput, CoachOutput, Instruction, PromptId};
pub use judge::{Decision, Evidence, Judgement, StepReveal, judge};
pub use log::{CaptureLog, Cue, StepLog};
pub use observation::{Blendshape, Blendshapes, FaceSeen, Observation, Placement, Pose, Rect};
pub use rules::{NextStep, needed};
