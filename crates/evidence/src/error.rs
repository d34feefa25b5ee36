//! What can go wrong, on the phone while recording and on the server while opening.

use jianzai_wire::ReasonCode;

/// The recording could not go on. Nothing of the refused frame was kept: [`crate::Recorder::restart`] and begin again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// The frame is not later than the one before it.
    #[error("the frame at {at_ms} ms is not later than the one at {last_ms} ms")]
    Time {
        /// Time of the refused frame.
        at_ms: u64,
        /// Time of the last recorded frame.
        last_ms: u64,
    },
    /// Too long a gap since the frame before: the server would refuse the recording.
    #[error("{gap_ms} ms passed since the last frame")]
    Gap {
        /// Length of the gap.
        gap_ms: u64,
    },
    /// The recording is as long as the policy allows.
    #[error("the recording is as long as the policy allows")]
    TooLong,
    /// The recording is as large as the policy allows.
    #[error("the recording is as large as the policy allows")]
    TooLarge,
    /// The frames changed size, or are of a size that can't be recorded.
    #[error("a frame of {width}x{height} can't be recorded here")]
    Size {
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
    },
    /// The encoder failed, or gave back a frame that is not one.
    #[error("the video encoder failed: {0}")]
    Encoder(String),
    /// A picture could not be written as JPEG.
    #[error("a face crop could not be written: {0}")]
    Jpeg(String),
    /// There is nothing to finish.
    #[error("nothing was recorded")]
    Empty,
    /// The capture could not be written or sealed.
    #[error("the capture could not be sealed: {0}")]
    Seal(&'static str),
}

impl RecordError {
    /// The reason, for a person.
    pub fn reason(&self) -> ReasonCode {
        match self {
            Self::Time { .. } | Self::Size { .. } | Self::Empty => ReasonCode::CameraStopped,
            Self::Gap { .. } => ReasonCode::DeviceStalled,
            Self::TooLong | Self::TooLarge => ReasonCode::EvidenceOversized,
            Self::Encoder(_) | Self::Jpeg(_) => ReasonCode::EvidenceUndecodable,
            Self::Seal(_) => ReasonCode::EvidenceWrongRecipient,
        }
    }
}

/// A bundle was not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EvidenceError {
    /// Bytes were changed after sealing, or are no bundle at all.
    #[error("the bundle was changed: {0}")]
    Tampered(&'static str),
    /// Bytes or frames are missing.
    #[error("the bundle is incomplete: {0}")]
    Truncated(&'static str),
    /// The frames are not in the order in which they were recorded.
    #[error("frame {index} is not where it was recorded")]
    Reordered {
        /// The first frame out of place.
        index: u32,
    },
    /// The bundle belongs to another attempt.
    #[error("the bundle belongs to another attempt")]
    Foreign,
    /// The bundle is sealed to a key that this server does not hold.
    #[error("the bundle is sealed to another recipient")]
    WrongRecipient,
    /// More bytes, frames, pixels or milliseconds than allowed.
    #[error("the bundle is too large: {0}")]
    Oversized(&'static str),
    /// Not signed by the device that activated.
    #[error("the manifest is not signed by the device of this attempt")]
    BadSignature,
    /// Video or picture does not decode.
    #[error("{0} does not decode")]
    Undecodable(&'static str),
    /// The times are not those of a recording.
    #[error("bad times at frame {index}: {what}")]
    BadTimes {
        /// The first frame at fault.
        index: u32,
        /// What is wrong with it.
        what: &'static str,
    },
    /// A face crop is not what the video shows at that frame, or not the one that the nonce asks for.
    #[error("the crop of frame {index} does not belong there: {what}")]
    CropMismatch {
        /// The frame that the crop claims.
        index: u32,
        /// What is wrong with it.
        what: &'static str,
    },
    /// The content is whole but is not what was committed during the capture.
    #[error("not as committed: {0}")]
    NotAsCommitted(&'static str),
    /// Written by a version that this server does not know.
    #[error("version {0} is unknown")]
    UnknownVersion(u32),
}

impl EvidenceError {
    /// The stable reason.
    pub fn reason(&self) -> ReasonCode {
        match self {
            Self::Tampered(_) => ReasonCode::EvidenceTampered,
            Self::Truncated(_) => ReasonCode::EvidenceTruncated,
            Self::Reordered { .. } => ReasonCode::EvidenceReordered,
            Self::Foreign => ReasonCode::EvidenceForeign,
            Self::WrongRecipient => ReasonCode::EvidenceWrongRecipient,
            Self::Oversized(_) => ReasonCode::EvidenceOversized,
            Self::BadSignature => ReasonCode::EvidenceBadSignature,
            Self::Undecodable(_) => ReasonCode::EvidenceUndecodable,
            Self::BadTimes { .. } => ReasonCode::EvidenceBadTimes,
            Self::CropMismatch { .. } => ReasonCode::EvidenceCropMismatch,
            Self::NotAsCommitted(_) => ReasonCode::EvidenceNotAsCommitted,
            Self::UnknownVersion(_) => ReasonCode::EvidenceUnknownVersion,
        }
    }
}
