//! Pixels to observations, through ONNX Runtime.
//!
//! **In**: the folder of the networks ([`Models`]) and upright 8-bit RGB frames as the camera sees them, never mirrored.
//! **Out**: from [`FaceEngine`] an [`Observation`](jianzai_liveness::Observation) of each frame; from [`PassiveScorer`] how
//! live a crop looks; from [`Embedder`] and [`PortraitReader`] whose face it is.
//!
//! **What can go wrong**: a network or the runtime is missing, altered or too old ([`ModelError`], found when the models are
//! opened, with the remedy in the message); a frame is too small, or the runtime fails on it ([`FaceError`]); a portrait
//! shows no face or several. Nothing here panics on what it is given, and nothing is kept: no frame, no face, no file.
//!
//! ```text
//! frame -> detector (only while nothing is tracked, and about once a second) -> region
//!       -> warp -> mesh (478 points) -> pose, expression, light, placement -> Observation
//!                  `-> next frame's region
//! ```
//!
//! Every network runs on one thread. How each is fed stands in `models/MODELS.toml`, so that a slot is swapped there alone.

mod denoise;
mod detector;
mod embedding;
mod engine;
mod error;
mod expression;
mod geometry;
mod light;
pub mod manifest;
mod mesh;
mod models;
mod network;
mod onnx;
mod passive;
mod portrait;
mod pose;
mod prelu;
mod runtime;
mod tiny;
mod warp;

pub use embedding::{Embedder, Embedding, SamePerson};
pub use engine::{EngineOptions, FaceEngine, StageTimes};
pub use error::{FaceError, ModelError};
pub use light::Texture;
pub use manifest::{Manifest, NetworkEntry, Slot, Staged};
pub use models::{Models, NetworkId};
pub use passive::PassiveScorer;
pub use portrait::{Portrait, PortraitReader};
pub use runtime::forbid_telemetry;
