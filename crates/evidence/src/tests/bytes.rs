//! Arbitrary bytes: an error, never a panic.

use proptest::prelude::*;
use serde_bytes::{ByteArray, ByteBuf};
use zeroize::Zeroizing;

use jianzai_wire::FrameTime;

use super::*;
use crate::record::{CaptureRecord, Manifest, Payload};
use crate::video::VideoDecoder;
use crate::{SealedHeader, seal};

fn sealed(attempt: &Attempt, plain: Vec<u8>) -> Vec<u8> {
    let plan = jianzai_wire::plan::plan_hash(attempt.config.attempt, &attempt.config.nonce, &attempt.steps);
    seal::seal(Zeroizing::new(plain), attempt.config.attempt, &plan, &attempt.recipient()).expect("sealed").into_bytes()
}

fn plain(attempt: &Attempt, sent: &Sent) -> Vec<u8> {
    let header = SealedHeader::parse(&sent.bytes).expect("a header");
    let plan = jianzai_wire::plan::plan_hash(attempt.config.attempt, &attempt.config.nonce, &attempt.steps);
    seal::unseal(&sent.bytes, &header, &plan, &attempt.secret).expect("unsealed").to_vec()
}

fn small() -> &'static Sent {
    static SENT: OnceLock<Sent> = OnceLock::new();
    SENT.get_or_init(|| Attempt::new().bundle(&clip()[..20]))
}

/// Replaces, removes or inserts bytes.
fn mutate(bytes: &mut Vec<u8>, edits: &[(prop::sample::Index, u8, u8)]) {
    for (place, kind, byte) in edits {
        if bytes.is_empty() {
            return;
        }
        let place = place.index(bytes.len());
        match kind % 4 {
            0 | 1 => bytes[place] = *byte,
            2 => bytes.truncate(place),
            _ => bytes.insert(place, *byte),
        }
    }
}

fn edits() -> impl Strategy<Value = Vec<(prop::sample::Index, u8, u8)>> {
    prop::collection::vec(any::<(prop::sample::Index, u8, u8)>(), 1..6)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn any_bytes_are_no_bundle(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let attempt = Attempt::new();
        let mut sent = small().clone();
        sent.bytes = bytes.clone();
        prop_assert!(attempt.open(&sent).is_err());
        sent.bytes = [b"JZEV\x01".as_slice(), &bytes].concat();
        prop_assert!(attempt.open(&sent).is_err());
        sent.bytes = sealed(&attempt, bytes);
        prop_assert!(attempt.open(&sent).is_err());
    }

    #[test]
    fn a_changed_bundle_is_refused(edits in edits()) {
        let attempt = Attempt::new();
        let mut sent = small().clone();
        mutate(&mut sent.bytes, &edits);
        prop_assume!(sent.bytes != small().bytes);
        prop_assert!(attempt.open(&sent).is_err());
    }

    #[test]
    fn a_changed_payload_is_refused(edits in edits()) {
        let attempt = Attempt::new();
        let mut bytes = plain(&attempt, small());
        mutate(&mut bytes, &edits);
        prop_assume!(bytes != plain(&attempt, small()));
        let sent = Sent { bytes: sealed(&attempt, bytes), ..small().clone() };
        prop_assert!(attempt.open(&sent).is_err());
    }

    #[test]
    fn a_changed_record_never_panics_even_if_signed(edits in edits()) {
        let attempt = Attempt::new();
        let mut payload: Payload = ciborium::from_reader(plain(&attempt, small()).as_slice()).expect("a payload");
        let mut manifest: Manifest = ciborium::from_reader(payload.manifest.as_slice()).expect("a manifest");
        let mut record = manifest.capture.to_vec();
        mutate(&mut record, &edits);
        prop_assume!(record != manifest.capture.as_slice());
        let _ = ciborium::from_reader::<CaptureRecord, _>(record.as_slice());
        manifest.capture = ByteBuf::from(record);
        let mut bytes = Vec::new();
        ciborium::into_writer(&manifest, &mut bytes).expect("written");
        payload.signature = ByteArray::new(seal::sign(&bytes, &attempt.device));
        payload.manifest = ByteBuf::from(bytes);
        let mut bytes = Vec::new();
        ciborium::into_writer(&payload, &mut bytes).expect("written");
        let sent = Sent { bytes: sealed(&attempt, bytes), ..small().clone() };
        prop_assert!(attempt.open(&sent).is_err());
    }

    #[test]
    fn changed_video_never_panics(edits in edits(), which in 0_usize..20) {
        let attempt = Attempt::new();
        let payload: Payload = ciborium::from_reader(plain(&attempt, small()).as_slice()).expect("a payload");
        let opened = attempt.open(small()).expect("opened");
        let mut decoder = VideoDecoder::new((400, 300)).expect("a decoder");
        let mut start = 0;
        for (index, frame) in opened.record().frames.iter().enumerate() {
            let end = start + frame.bytes as usize;
            let mut unit = payload.video[start..end].to_vec();
            if index >= which {
                // Headers lie in front: that is where a change goes deepest.
                let tail = unit.split_off(unit.len().min(64));
                mutate(&mut unit, &edits);
                unit.extend_from_slice(&tail);
            }
            let _ = decoder.decode(&unit, 0, FrameTime(0));
            start = end;
        }
    }
}
