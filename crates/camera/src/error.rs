use jianzai_wire::ReasonCode;

/// Why a camera gives no frames.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CameraError {
    /// The person or the system does not let the app use the camera.
    #[error("the camera may not be used: {0}")]
    Refused(String),
    /// There is no such camera, or no such recording for the actor.
    #[error("no such camera: {0}")]
    Missing(String),
    /// Another program holds the camera.
    #[error("the camera is in use by another program: {0}")]
    Busy(String),
    /// The camera opened and then stopped giving frames, gives what is no picture, or was closed.
    #[error("the camera stopped: {0}")]
    Stopped(String),
}

impl CameraError {
    /// What the person is told.
    pub fn reason(&self) -> ReasonCode {
        match self {
            Self::Refused(_) => ReasonCode::CameraRefused,
            Self::Missing(_) => ReasonCode::CameraMissing,
            Self::Busy(_) => ReasonCode::CameraBusy,
            Self::Stopped(_) => ReasonCode::CameraStopped,
        }
    }
}
