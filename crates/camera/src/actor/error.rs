use std::path::PathBuf;

use jianzai_wire::ReasonCode;

/// Why an actor cannot be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ActorError {
    /// A file is not there or cannot be read. Clips are fetched at set-up.
    #[error("{} cannot be read: {error}; `cargo xtask setup` fetches clips", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// `actor.json` is not an index, or what it says does not hold.
    #[error("the actor's index is wrong: {0}")]
    Index(String),
    /// The clip is another one than the index was made for.
    #[error("{} is not the clip that the index was made for (sha256 {found})", path.display())]
    OtherClip {
        /// The file.
        path: PathBuf,
        /// Its sha256.
        found: String,
    },
    /// The clip cannot be played: not an MP4 with one H.264 track, or damaged.
    #[error("the clip cannot be played: {0}")]
    Clip(String),
}

impl ActorError {
    /// What the person is told.
    pub fn reason(&self) -> ReasonCode {
        ReasonCode::CameraMissing
    }
}

impl From<ActorError> for crate::CameraError {
    fn from(error: ActorError) -> Self {
        Self::Missing(error.to_string())
    }
}
