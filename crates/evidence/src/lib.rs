//! What proves a certification: the judged frames, sealed.
//!
//! **In**, on the phone: every judged frame with its time and [`jianzai_liveness::Observation`] ([`Recorder::push`]), the
//! coach's log ([`Recorder::finish`]), steps, recipient and device key ([`Capture::seal`]). **Out**: a [`SealedBundle`] of at
//! most 1 MB (about 25 KB a second). **In**, on the server: bundle, secret and what was agreed ([`Expected`]). **Out** of
//! [`open`]: an [`Opened`] bundle with video, crops, best photo and log, or an [`EvidenceError`] that names the fault.
//!
//! What a bundle holds:
//! - video: H.264, one access unit per judged frame, never fewer; the times are those of the judgement. Units and times are
//!   kept once, in the record; [`Opened::mp4`] writes them as an MP4 file when a person has to look. So nothing that comes
//!   from outside is ever parsed as MP4, and the file can't show another video than the one that was judged;
//! - up to eight face crops of much better quality, at frames that the nonce picks ([`chain`]), because the encoder smears
//!   what the passive network looks at; each must show what the video shows there;
//! - one best photo; the log; per frame what the phone saw, in fifteen bytes.
//!
//! A hash chain ([`chain`]) runs over all of it. Its head goes to the server with each step request and at the end, so that
//! no frame can be altered once the next step is known, and nothing after the commit. The manifest is signed by the device
//! (which device it was, not whether it may) and everything is sealed with HPKE to the server's key, bound to attempt, plan
//! and key.
//!
//! **What can go wrong**: see [`RecordError`] and [`EvidenceError`]; bytes from outside never cause a panic, and cost at
//! most the decoding of the largest allowed video. What a bundle does *not* prove: that the frames come from a camera. A
//! doctored phone can feed what it likes; crops are bound to the video only at the scale of a few pixels.
//!
//! Patents: openh264 is built from source here. Cisco's licence fee grant for H.264 covers only the binary that Cisco
//! itself distributes; whoever ships this program needs to clear that, or use the platform's encoder.

pub mod chain;
mod checks;
mod error;
mod mp4;
mod open;
mod photo;
mod picture;
mod record;
mod recorder;
mod seal;
#[cfg(test)]
mod tests;
mod video;

pub use error::{EvidenceError, RecordError};
pub use open::{Expected, Frames, Limits, Opened, Picture, Unwatched, open, unseal};
pub use record::{
    CaptureRecord, FrameRecord, Manifest, PictureRecord, SEEN_BYTES, Seen, Source, TAG_BYTES, VERSION, crop_region,
};
pub use recorder::{Capture, MAX_GAP_MS, Recorder, RecorderConfig};
pub use seal::{RecipientSecret, SealedBundle, SealedHeader};
pub use video::{MAX_SIDE, VideoFrame};
