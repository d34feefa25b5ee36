//! The written form. If one of these changes, so does [`crate::VERSION`].

use serde_bytes::ByteBuf;

use super::*;
use crate::record::{CaptureRecord, Manifest, Payload};
use crate::{FrameRecord, PictureRecord, Seen, VERSION, chain};

fn record() -> CaptureRecord {
    let attempt = Attempt::new();
    let frame = |index: usize, crop| FrameRecord {
        at: time_of(index),
        bytes: 900 + index as u32,
        tag: [index as u8; 8],
        seen: Seen::of(&observation(index, (640, 480))),
        crop,
    };
    let picture = |frame| PictureRecord { frame, region: [100, 20, 300, 280], sha256: Bytes32([0xcc; 32]) };
    CaptureRecord {
        source: attempt.config.source,
        app_version: attempt.config.app_version,
        models: attempt.config.models,
        policy: attempt.config.policy,
        frame_size: (640, 480),
        video_size: (480, 360),
        frames: vec![frame(0, None), frame(1, Some(Bytes32([0xcc; 32])))],
        crops: vec![picture(1)],
        best_photo: Some(picture(0)),
        log_sha256: Bytes32([0xdd; 32]),
    }
}

fn cbor(value: &impl serde::Serialize) -> Vec<u8> {
    let mut bytes = Vec::new();
    ciborium::into_writer(value, &mut bytes).expect("written");
    bytes
}

/// CBOR as it reads, one line per value of the outer map.
fn shown(bytes: &[u8]) -> String {
    let value: ciborium::Value = ciborium::from_reader(bytes).expect("CBOR");
    let mut text = String::new();
    show(&value, 0, &mut text);
    text
}

fn show(value: &ciborium::Value, depth: usize, text: &mut String) {
    use ciborium::Value;
    match value {
        Value::Map(pairs) if depth < 2 => {
            for (key, value) in pairs {
                text.push_str(&format!("\n{}{}: ", "  ".repeat(depth), key.as_text().expect("named by text")));
                show(value, depth + 1, text);
            }
        }
        Value::Array(items) => {
            text.push('[');
            for item in items {
                show(item, depth + 1, text);
                text.push(' ');
            }
            text.push(']');
        }
        Value::Bytes(bytes) => {
            text.push_str("h'");
            text.extend(bytes.iter().map(|byte| format!("{byte:02x}")));
            text.push('\'');
        }
        Value::Integer(number) => text.push_str(&i128::from(*number).to_string()),
        other => text.push_str(&format!("{other:?}")),
    }
}

#[test]
fn the_manifest_and_the_record_keep_their_form() {
    let attempt = Attempt::new();
    let record = record();
    let manifest = Manifest {
        version: VERSION,
        attempt: attempt.config.attempt,
        steps: attempt.steps.clone(),
        plan_hash: Bytes32([0xaa; 32]),
        recipient: "evidence-1".into(),
        device_key: Bytes32([0xbb; 32]),
        chain_head: Bytes32([0xee; 32]),
        capture: ByteBuf::from(vec![1, 2, 3]),
    };
    insta::assert_snapshot!("record", shown(&cbor(&record)));
    insta::assert_snapshot!("manifest", shown(&cbor(&manifest)));
    let payload = Payload {
        manifest: ByteBuf::from(vec![1]),
        signature: serde_bytes::ByteArray::new([2; 64]),
        video: ByteBuf::from(vec![3]),
        crops: vec![ByteBuf::from(vec![4])],
        best_photo: Some(ByteBuf::from(vec![5])),
        log: ByteBuf::from(vec![6]),
    };
    insta::assert_snapshot!("payload", shown(&cbor(&payload)));
    let again: CaptureRecord = ciborium::from_reader(cbor(&record).as_slice()).expect("read");
    assert_eq!(again, record);
}

#[test]
fn the_chain_keeps_its_values() {
    let attempt = Attempt::new();
    let record = record();
    let start = chain::genesis(attempt.config.attempt, &attempt.config.nonce);
    let unit = chain::digest(b"unit");
    let first = chain::link(&start, 0, &record.frames[0], &unit);
    let second = chain::link(&first, 1, &record.frames[1], &unit);
    let end = chain::close(&second, b"record");
    let picks: Vec<_> = (0..8).map(|window| chain::candidate(&attempt.config.nonce, window)).collect();
    insta::assert_snapshot!(
        "chain",
        format!("start {start}\nfirst {first}\nsecond {second}\nend {end}\ncrops {picks:?}")
    );
}

#[test]
fn what_was_seen_survives_fifteen_bytes() {
    let mut observation = observation(3, (400, 300));
    let seen = Seen::of(&observation);
    assert!(seen.has_face());
    assert_eq!((seen.faces(), seen.pose(), seen.passive()), (1, [-17, 2, -1], None));
    let face = observation.face.as_mut().expect("a face");
    face.pose = Pose { yaw: f32::NAN, pitch: 1e9, roll: -1e9 };
    face.passive = Some(f32::NAN);
    face.blendshapes.0 = [f32::INFINITY; 52];
    assert_eq!(Seen::of(&observation).pose(), [0, 127, -128]);
    face_box(&mut observation, f32::NAN);
    assert!(!Seen::of(&observation).has_face(), "a box that is no box can't be cut");
    face_box(&mut observation, 158.0);
    assert!(!Seen::of(&observation).has_face(), "two pixels are no face");
    observation.face = None;
    assert!(!Seen::of(&observation).has_face());
}

fn face_box(observation: &mut Observation, x1: f32) {
    observation.face.as_mut().expect("a face").bbox = Rect { x0: 156.0, y0: 99.0, x1, y1: 240.0 };
}
