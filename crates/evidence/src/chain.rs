//! The hash chain, and everything that is drawn from the nonce.
//!
//! H is SHA-256 over plain concatenation (every part has a fixed length under its domain); integers are big-endian.
//! - `h0 = H("jianzai evidence start v1", attempt [16], nonce [32])`
//! - each frame: `h = H("jianzai evidence frame v1", h, index u32, milliseconds u64, H(access unit), what was seen [15],
//!   1 and H(crop) if the frame is its window's candidate, else 33 zeros)`
//! - the end: `H("jianzai evidence end v1", h, H(capture record as written))`; the record holds the digests of pictures
//!   and log.
//!
//! Both sides compute all of it, the server from the bytes it received.

use jianzai_wire::Bytes32;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::record::{FrameRecord, SEEN_BYTES};

/// Frames in a window: one of them is kept as a crop.
pub const WINDOW: u32 = 15;

/// Most crops in a bundle.
pub const MAX_CROPS: usize = 8;

/// SHA-256 of some bytes.
pub(crate) fn digest(bytes: &[u8]) -> Bytes32 {
    Bytes32(Sha256::digest(bytes).into())
}

/// Head before the first frame.
pub(crate) fn genesis(attempt: Uuid, nonce: &Bytes32) -> Bytes32 {
    hashed(b"jianzai evidence start v1", &[attempt.as_bytes(), nonce.as_bytes()])
}

/// Head after the frame `index`.
pub(crate) fn link(head: &Bytes32, index: u32, frame: &FrameRecord, unit: &Bytes32) -> Bytes32 {
    let none = [0; 32];
    let (flag, crop) = frame.crop.as_ref().map_or((0, &none), |crop| (1, crop.as_bytes()));
    let seen: &[u8; SEEN_BYTES] = frame.seen.as_bytes();
    let parts: [&[u8]; 7] =
        [head.as_bytes(), &index.to_be_bytes(), &frame.at.0.to_be_bytes(), unit.as_bytes(), seen, &[flag], crop];
    hashed(b"jianzai evidence frame v1", &parts)
}

/// The head that is committed: over all frames and the whole capture record.
pub(crate) fn close(head: &Bytes32, record: &[u8]) -> Bytes32 {
    hashed(b"jianzai evidence end v1", &[head.as_bytes(), digest(record).as_bytes()])
}

/// The frame of window `window` that the nonce picks; where it shows no face, the next of the window that does is taken.
pub fn candidate(nonce: &Bytes32, window: u32) -> u32 {
    let draw = drawn(b"jianzai evidence crop v1", nonce, &[&window.to_be_bytes()]);
    window.saturating_mul(WINDOW).saturating_add((draw % u64::from(WINDOW)) as u32)
}

/// Which of the candidates (indices of frames) are kept, in order: all, or the [`MAX_CROPS`] that nonce and number of
/// frames pick.
pub fn kept(nonce: &Bytes32, frames: u32, candidates: &[u32]) -> Vec<u32> {
    let rank = |index: &u32| drawn(b"jianzai evidence keep v1", nonce, &[&frames.to_be_bytes(), &index.to_be_bytes()]);
    let mut kept = candidates.to_vec();
    kept.sort_by_key(rank);
    kept.truncate(MAX_CROPS);
    kept.sort_unstable();
    kept
}

fn drawn(domain: &[u8], nonce: &Bytes32, parts: &[&[u8]]) -> u64 {
    let mut all: Vec<&[u8]> = vec![nonce.as_bytes()];
    all.extend_from_slice(parts);
    let Bytes32(bytes) = hashed(domain, &all);
    bytes.iter().take(8).fold(0, |draw, byte| draw << 8 | u64::from(*byte))
}

fn hashed(domain: &[u8], parts: &[&[u8]]) -> Bytes32 {
    let mut hash = Sha256::new();
    hash.update(domain);
    for part in parts {
        hash.update(part);
    }
    Bytes32(hash.finalize().into())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_candidate_lies_in_its_window_and_differs_between_nonces() {
        let picks = |nonce| (0..40).map(|w| candidate(&Bytes32([nonce; 32]), w)).collect::<Vec<_>>();
        for (window, index) in picks(1).iter().enumerate() {
            assert_eq!(*index as usize / WINDOW as usize, window);
        }
        assert_ne!(picks(1), picks(2));
        let offsets: BTreeSet<_> = picks(1).iter().map(|index| index % WINDOW).collect();
        assert!(offsets.len() > 8, "{offsets:?}");
    }

    #[test]
    fn at_most_eight_are_kept_in_order_and_the_number_of_frames_decides_which() {
        let candidates: Vec<u32> = (0..45).map(|w| w * 15 + 3).collect();
        let nonce = Bytes32([9; 32]);
        assert_eq!(kept(&nonce, 100, &candidates[..6]), candidates[..6]);
        let some = kept(&nonce, 675, &candidates);
        assert_eq!(some.len(), MAX_CROPS);
        assert!(some.is_sorted() && some.iter().all(|index| candidates.contains(index)));
        assert_ne!(some, kept(&nonce, 674, &candidates));
    }
}
