use std::path::PathBuf;

use jianzai_wire::ReasonCode;

/// The networks or the runtime cannot be used. The message names the remedy.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// `MODELS.toml` cannot be read.
    #[error("{path}: cannot read the list of networks ({source}); point to the project's `models` folder")]
    ManifestMissing {
        /// Where it was looked for.
        path: PathBuf,
        /// Why it cannot be read.
        source: std::io::Error,
    },
    /// `MODELS.toml` does not say what it must.
    #[error("{path}: {detail}; restore the file that belongs to this version")]
    ManifestInvalid {
        /// Which file.
        path: PathBuf,
        /// What is wrong in it.
        detail: String,
    },
    /// A network's file is not there.
    #[error("{path}: the network `{network}` is missing ({source}); `cargo xtask setup` fetches what is not committed")]
    FileMissing {
        /// Its name in the manifest.
        network: String,
        /// Where it should be.
        path: PathBuf,
        /// Why it cannot be read.
        source: std::io::Error,
    },
    /// A network's file is not the one the manifest names.
    #[error(
        "{path}: the network `{network}` has been altered (sha256 {found}, expected {expected}); \
         delete the file and run `cargo xtask setup`, or restore it"
    )]
    WrongHash {
        /// Its name in the manifest.
        network: String,
        /// Which file.
        path: PathBuf,
        /// What the manifest says.
        expected: String,
        /// What the file has.
        found: String,
    },
    /// A network's file is intact but is not what its entry in the manifest describes.
    #[error(
        "the network `{network}` does not fit its entry in MODELS.toml: {detail}; correct the entry or name another network"
    )]
    Unfit {
        /// Its name in the manifest.
        network: String,
        /// What does not fit.
        detail: String,
    },
    /// There is no ONNX Runtime.
    #[error(
        "ONNX Runtime was not found ({}); `cargo xtask setup` fetches it, or set JIANZAI_ONNXRUNTIME to the library's path",
        list(.searched)
    )]
    RuntimeMissing {
        /// Where it was looked for.
        searched: Vec<PathBuf>,
    },
    /// The library is there but cannot be loaded, or is not ONNX Runtime.
    #[error("{path}: this is no ONNX Runtime for this machine ({detail}); delete it and run `cargo xtask setup`")]
    RuntimeUnusable {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        detail: String,
    },
    /// The library is ONNX Runtime, but older than this program needs.
    #[error(
        "{path}: this ONNX Runtime is version {found}, at least 1.{needed} is needed; \
         delete it and run `cargo xtask setup`, or unset JIANZAI_ONNXRUNTIME"
    )]
    RuntimeTooOld {
        /// Which file.
        path: PathBuf,
        /// Its version.
        found: String,
        /// The oldest minor version that will do.
        needed: u32,
    },
}

impl ModelError {
    /// What to tell a person.
    pub fn reason(&self) -> ReasonCode {
        match self {
            Self::ManifestMissing { .. } | Self::FileMissing { .. } => ReasonCode::DeviceModelMissing,
            Self::ManifestInvalid { .. } | Self::WrongHash { .. } | Self::Unfit { .. } => ReasonCode::DeviceModelWrong,
            Self::RuntimeMissing { .. } | Self::RuntimeUnusable { .. } => ReasonCode::DeviceRuntimeMissing,
            Self::RuntimeTooOld { .. } => ReasonCode::DeviceRuntimeTooOld,
        }
    }
}

fn list(paths: &[PathBuf]) -> String {
    let shown: Vec<_> = paths.iter().map(|path| path.display().to_string()).collect();
    format!("looked for {}", shown.join(", "))
}

/// A picture cannot be observed.
#[derive(Debug, thiserror::Error)]
pub enum FaceError {
    /// The picture is too small, or longer than four times its width, to hold a face.
    #[error("a picture of {width} x {height} pixels is no camera frame")]
    Frame {
        /// Pixels.
        width: u32,
        /// Pixels.
        height: u32,
    },
    /// Points or a box that do not describe a face.
    #[error("these points do not describe a face")]
    Points,
    /// The runtime failed on a network.
    #[error("the network `{network}` failed: {detail}")]
    Inference {
        /// Its name in the manifest.
        network: String,
        /// What the runtime said.
        detail: String,
    },
    /// The portrait shows no face.
    #[error("there is no face in the picture")]
    NoFace,
    /// The portrait shows more than one face.
    #[error("there is more than one face in the picture")]
    SeveralFaces,
}

impl FaceError {
    /// What to tell a person.
    pub fn reason(&self) -> ReasonCode {
        match self {
            Self::Frame { .. } | Self::Points | Self::NoFace => ReasonCode::FaceNone,
            Self::SeveralFaces => ReasonCode::FaceSeveral,
            Self::Inference { .. } => ReasonCode::DeviceModelWrong,
        }
    }
}
