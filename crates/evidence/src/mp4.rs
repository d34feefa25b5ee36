//! The video as an MP4 file, for the eyes of a person. Made when it is asked for, always the same for the same bundle.

use jianzai_wire::FrameTime;
use muxide::api::{MuxerBuilder, VideoCodec};

use crate::error::EvidenceError;

/// Writes access units with their times, the first at 0.
pub(crate) fn mp4<'a>(
    size: (u32, u32),
    units: impl Iterator<Item = (FrameTime, &'a [u8])>,
) -> Result<Vec<u8>, EvidenceError> {
    let bad = EvidenceError::Undecodable("the video");
    let mut units = units.peekable();
    let start = units.peek().map(|(at, _)| *at).ok_or(bad.clone())?;
    // The rate only fills in the length of the last frame where there is but one.
    let mut muxer = MuxerBuilder::new(Vec::new())
        .video(VideoCodec::H264, size.0, size.1, 15.0)
        .with_fast_start(true)
        .build()
        .map_err(|_| bad.clone())?;
    for (index, (at, unit)) in units.enumerate() {
        let seconds = at.since(start) as f64 / 1000.0;
        muxer.write_video(seconds, unit, index == 0).map_err(|_| bad.clone())?;
    }
    muxer.finish_in_place().map_err(|_| bad)?;
    Ok(muxer.into_writer())
}
