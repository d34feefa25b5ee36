//! Bundles that must not be accepted, made by whoever holds the wire (bytes) and by whoever holds the phone (a doctored app
//! with the right keys): each is named.

use serde_bytes::{ByteArray, ByteBuf};
use zeroize::Zeroizing;

use super::*;
use crate::chain::{self, digest};
use crate::error::EvidenceError as E;
use crate::record::{CaptureRecord, Manifest, Payload};
use crate::seal;

impl Attempt {
    /// What lies under the seal.
    fn payload(&self, sent: &Sent) -> Payload {
        let header = crate::SealedHeader::parse(&sent.bytes).expect("a header");
        let plan = jianzai_wire::plan::plan_hash(self.config.attempt, &self.config.nonce, &self.steps);
        let plain = seal::unseal(&sent.bytes, &header, &plan, &self.secret).expect("unsealed");
        ciborium::from_reader(plain.as_slice()).expect("a payload")
    }

    /// Seals a payload again, as a doctored phone would.
    fn reseal(&self, payload: &Payload) -> Vec<u8> {
        let mut plain = Vec::new();
        ciborium::into_writer(payload, &mut plain).expect("written");
        let plan = jianzai_wire::plan::plan_hash(self.config.attempt, &self.config.nonce, &self.steps);
        let bundle = seal::seal(Zeroizing::new(plain), self.config.attempt, &plan, &self.recipient()).expect("sealed");
        bundle.into_bytes()
    }

    /// A bundle with something changed by a doctored phone, signed and sealed as it should be; and `committed` to the
    /// changed content if `recommit`.
    fn doctored(&self, sent: &Sent, recommit: bool, change: impl FnOnce(&mut CaptureRecord, &mut Payload)) -> Sent {
        let mut payload = self.payload(sent);
        let mut manifest: Manifest = ciborium::from_reader(payload.manifest.as_slice()).expect("a manifest");
        let mut record: CaptureRecord = ciborium::from_reader(manifest.capture.as_slice()).expect("a record");
        change(&mut record, &mut payload);
        let mut capture = Vec::new();
        ciborium::into_writer(&record, &mut capture).expect("written");
        let mut changed = sent.clone();
        if recommit {
            let mut head = chain::genesis(self.config.attempt, &self.config.nonce);
            let mut start = 0;
            for (index, frame) in record.frames.iter().enumerate() {
                let end = start + frame.bytes as usize;
                head = chain::link(&head, index as u32, frame, &digest(&payload.video[start..end]));
                start = end;
            }
            let (first, last) = (record.frames.first().expect("a frame"), record.frames.last().expect("a frame"));
            changed.committed = CommitRequest {
                chain_head: chain::close(&head, &capture),
                frames: record.frames.len() as u32,
                duration_ms: last.at.since(first.at) as u32,
            };
            changed.step_heads.truncate(1);
            manifest.chain_head = changed.committed.chain_head;
        }
        manifest.capture = ByteBuf::from(capture);
        self.sign(&mut payload, &manifest);
        changed.bytes = self.reseal(&payload);
        changed
    }

    fn sign(&self, payload: &mut Payload, manifest: &Manifest) {
        let mut bytes = Vec::new();
        ciborium::into_writer(manifest, &mut bytes).expect("written");
        payload.signature = ByteArray::new(seal::sign(&bytes, &self.device));
        payload.manifest = ByteBuf::from(bytes);
    }

    fn refused(&self, sent: &Sent) -> E {
        self.open(sent).map(|_| "opened").expect_err("must be refused")
    }
}

fn short() -> &'static Sent {
    static SENT: OnceLock<Sent> = OnceLock::new();
    SENT.get_or_init(|| Attempt::new().bundle(&clip()[..60]))
}

/// The bytes of frame `index` in the video.
fn unit(record: &CaptureRecord, index: usize) -> std::ops::Range<usize> {
    let start: u32 = record.frames[..index].iter().map(|frame| frame.bytes).sum();
    start as usize..(start + record.frames[index].bytes) as usize
}

#[test]
fn the_unchanged_bundle_survives_the_doctor() {
    let (attempt, sent) = (Attempt::new(), short());
    attempt.open(&attempt.doctored(sent, false, |_, _| ())).expect("nothing was changed");
    attempt.open(&attempt.doctored(sent, true, |_, _| ())).expect("nothing was changed");
}

#[test]
fn on_the_wire() {
    let (attempt, sent) = (Attempt::new(), short());
    let changed = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut sent = sent.clone();
        change(&mut sent.bytes);
        attempt.refused(&sent)
    };
    let middle = sent.bytes.len() / 2;
    assert_eq!(changed(&|b| b[middle] ^= 1), E::Tampered("the seal is broken"));
    assert_eq!(changed(&|b| *b.last_mut().expect("bytes") ^= 1), E::Tampered("the seal is broken"));
    assert_eq!(changed(&|b| b[40] ^= 1), E::Tampered("the seal is broken"), "the encapsulated key");
    assert_eq!(changed(&|b| b.push(0)), E::Tampered("bytes after the end"));
    assert_eq!(changed(&|b| b[0] = b'X'), E::Tampered("not a bundle"));
    assert_eq!(changed(&|b| b[4] = 9), E::UnknownVersion(9));
    assert_eq!(changed(&|b| b[5] ^= 1), E::Foreign, "another attempt");
    assert_eq!(changed(&|b| b[22] ^= 1), E::WrongRecipient, "another key's name");
    assert!(matches!(changed(&|b| b.truncate(middle)), E::Truncated(_)));
    assert!(matches!(changed(&|b| b.truncate(30)), E::Truncated(_)));
    assert!(matches!(changed(&|b| b.clear()), E::Truncated(_)));
    assert_eq!(changed(&|b| b.resize(1_000_001, 0)), E::Oversized("bytes"));
}

#[test]
fn of_another_attempt_plan_recipient_or_device() {
    let (attempt, sent) = (Attempt::new(), short());
    let mut other = Attempt::new();
    other.config.attempt = Uuid::from_u128(99);
    assert_eq!(other.refused(sent), E::Foreign);

    let mut other = Attempt::new();
    other.steps[1].action = Action::TurnRight;
    assert_eq!(other.refused(sent), E::Tampered("the seal is broken"), "sealed to another plan");

    let mut other = Attempt::new();
    other.secret = RecipientSecret::from_bytes("evidence-2", [5; 32]);
    assert_eq!(other.refused(sent), E::WrongRecipient);
    other.secret = RecipientSecret::generate("evidence-1");
    assert_eq!(other.refused(sent), E::Tampered("the seal is broken"), "the same name for another key");

    let mut other = Attempt::new();
    other.device = SigningKey::from_bytes(&[4; 32]);
    assert_eq!(other.refused(sent), E::BadSignature);

    let mut payload = attempt.payload(sent);
    payload.manifest[100] ^= 1;
    let changed = Sent { bytes: attempt.reseal(&payload), ..sent.clone() };
    assert_eq!(attempt.refused(&changed), E::BadSignature);
}

#[test]
fn a_manifest_that_names_something_else() {
    let (attempt, sent) = (Attempt::new(), short());
    let named = |change: &dyn Fn(&mut Manifest)| {
        let mut payload = attempt.payload(sent);
        let mut manifest: Manifest = ciborium::from_reader(payload.manifest.as_slice()).expect("a manifest");
        change(&mut manifest);
        attempt.sign(&mut payload, &manifest);
        attempt.refused(&Sent { bytes: attempt.reseal(&payload), ..sent.clone() })
    };
    assert_eq!(named(&|m| m.version = 2), E::UnknownVersion(2));
    assert_eq!(named(&|m| m.attempt = Uuid::from_u128(5)), E::Foreign);
    assert_eq!(named(&|m| m.plan_hash.0[0] ^= 1), E::Foreign);
    assert_eq!(named(&|m| m.steps.truncate(2)), E::Foreign);
    assert_eq!(named(&|m| m.recipient = "evidence-9".into()), E::WrongRecipient);
    assert_eq!(named(&|m| m.device_key.0[0] ^= 1), E::BadSignature);
    assert_eq!(named(&|m| m.chain_head.0[0] ^= 1), E::NotAsCommitted("the chain"));
    assert_eq!(named(&|m| m.capture = ByteBuf::from(vec![0xff])), E::Undecodable("the capture record"));
}

#[test]
fn frames_changed_moved_or_missing() {
    let (attempt, sent) = (Attempt::new(), short());
    let doctored =
        |change: &dyn Fn(&mut CaptureRecord, &mut Payload)| attempt.refused(&attempt.doctored(sent, false, change));
    assert_eq!(
        doctored(&|record, payload| {
            let at = unit(record, 20).start + 10;
            payload.video[at] ^= 1;
        }),
        E::Tampered("the video")
    );
    // Two neighbours change places, with their lengths, so that the units still part where they should.
    let swapped = |record: &mut CaptureRecord, payload: &mut Payload| {
        let (a, b) = (unit(record, 20), unit(record, 21));
        let moved = [&payload.video[b.clone()], &payload.video[a.clone()]].concat();
        payload.video[a.start..b.end].copy_from_slice(&moved);
        let bytes = record.frames[20].bytes;
        record.frames[20].bytes = record.frames[21].bytes;
        record.frames[21].bytes = bytes;
    };
    assert_eq!(doctored(&swapped), E::Reordered { index: 20 });
    assert_eq!(
        doctored(&|record, payload| {
            swapped(record, payload);
            let tag = record.frames[20].tag;
            record.frames[20].tag = record.frames[21].tag;
            record.frames[21].tag = tag;
        }),
        E::NotAsCommitted("the chain at a step")
    );
    assert!(matches!(
        doctored(&|record, payload| {
            let last = unit(record, 59);
            payload.video.truncate(last.start);
        }),
        E::Truncated(_)
    ));
    assert_eq!(
        doctored(&|record, payload| {
            let last = unit(record, 59);
            payload.video.truncate(last.start);
            record.frames.pop();
        }),
        E::NotAsCommitted("the number of frames")
    );
    assert_eq!(doctored(&|_, payload| payload.video.push(0)), E::Tampered("more video than frames"));
    assert_eq!(doctored(&|_, payload| payload.log.push(0)), E::Tampered("the log"));
    assert_eq!(doctored(&|record, _| record.app_version = "9".into()), E::NotAsCommitted("the chain"));
    assert_eq!(doctored(&|record, _| record.source = Source::Camera), E::NotAsCommitted("the chain"));
}

#[test]
fn frames_altered_after_a_step_was_revealed() {
    let (attempt, sent) = (Attempt::new(), short());
    let mut changed = attempt.doctored(sent, true, |record, _| record.frames[3].seen = record.frames[4].seen);
    changed.step_heads = sent.step_heads.clone();
    assert_eq!(attempt.refused(&changed), E::NotAsCommitted("the chain at a step"));
}

#[test]
fn times_that_no_camera_has() {
    let (attempt, sent) = (Attempt::new(), short());
    let doctored = |change: &dyn Fn(&mut CaptureRecord)| {
        attempt.refused(&attempt.doctored(sent, true, |record, _| change(record)))
    };
    let at_fault = |error: E| matches!(error, E::BadTimes { .. });
    assert!(at_fault(doctored(&|record| record.frames[10].at = record.frames[9].at)));
    assert!(at_fault(doctored(&|record| record.frames[59].at = FrameTime(u64::MAX))));
    assert!(at_fault(doctored(&|record| {
        for frame in &mut record.frames[30..] {
            frame.at = frame.at.plus(500);
        }
    })));

    // As long as the policy allows, but longer than lay between issue and commit.
    let mut expected = attempt.expected(sent);
    expected.limits.max_duration_ms = sent.committed.duration_ms - 1;
    let opened = crate::open(&sent.bytes, std::slice::from_ref(&attempt.secret), &expected);
    assert_eq!(opened.map(|_| ()), Err(E::Oversized("milliseconds")));
}

#[test]
fn crops_of_something_else() {
    let (attempt, sent) = (Attempt::new(), short());
    // Another man's face in the video's place: same background, same region.
    let swapped = attempt.doctored(sent, true, |record, payload| {
        let crop = &mut record.crops[1];
        let mut picture = crate::picture::decode_jpeg(&payload.crops[1], 360).expect("a crop");
        let (w, h) = picture.dimensions();
        let face = image::imageops::crop_imm(&other_clip()[40], 110, 60, 140, 160).to_image();
        let face = image::imageops::resize(&face, w * 2 / 5, h / 2, image::imageops::FilterType::Triangle);
        image::imageops::overlay(&mut picture, &face, i64::from(w * 3 / 10), i64::from(h / 4));
        let jpeg = crate::picture::jpeg(&picture, 13_000).expect("written");
        crop.sha256 = digest(&jpeg);
        record.frames[crop.frame as usize].crop = Some(crop.sha256);
        payload.crops[1] = ByteBuf::from(jpeg);
    });
    assert!(matches!(attempt.refused(&swapped), E::CropMismatch { what: "the video shows something else", .. }));

    let moved = attempt.doctored(sent, true, |record, _| record.crops[1].region[0] = 0);
    assert!(matches!(attempt.refused(&moved), E::CropMismatch { what: "the video shows something else", .. }));

    let outside = attempt.doctored(sent, true, |record, _| record.crops[1].region = [u32::MAX, 0, 40, 40]);
    assert!(matches!(attempt.refused(&outside), E::CropMismatch { what: "it lies outside the frame", .. }));

    let chosen = attempt.doctored(sent, true, |record, _| {
        let at = record.crops[1].frame as usize;
        let crop = record.frames[at].crop.take();
        let to = if at % 15 == 14 { at - 1 } else { at + 1 };
        record.frames[to].crop = crop;
        record.crops[1].frame = to as u32;
    });
    assert!(matches!(attempt.refused(&chosen), E::CropMismatch { .. }));

    let left_out = attempt.doctored(sent, true, |record, payload| {
        record.crops.remove(1);
        payload.crops.remove(1);
    });
    assert!(matches!(attempt.refused(&left_out), E::CropMismatch { what: "others are asked for", .. }));

    let missing = attempt.doctored(sent, true, |_, payload| drop(payload.crops.pop()));
    assert!(matches!(attempt.refused(&missing), E::Truncated(_)));

    let rotten = attempt.doctored(sent, true, |record, payload| {
        let junk = vec![0xff; 300];
        record.crops[1].sha256 = digest(&junk);
        record.frames[record.crops[1].frame as usize].crop = Some(digest(&junk));
        payload.crops[1] = ByteBuf::from(junk);
    });
    assert_eq!(attempt.refused(&rotten), E::Undecodable("a picture"));
}

#[test]
fn video_that_is_none_or_too_much() {
    let (attempt, sent) = (Attempt::new(), short());
    let replace = |index: usize, with: &dyn Fn(&[u8]) -> Vec<u8>| {
        attempt.refused(&attempt.doctored(sent, true, |record, payload| {
            let place = unit(record, index);
            let new = with(&payload.video[place.clone()]);
            record.frames[index].bytes = new.len() as u32;
            record.frames[index].tag.copy_from_slice(&digest(&new).0[..8]);
            let mut video = payload.video.to_vec();
            video.splice(place, new);
            payload.video = ByteBuf::from(video);
        }))
    };
    let bad = E::Undecodable("the video");
    assert_eq!(replace(30, &|_| Vec::new()), bad);
    assert_eq!(replace(30, &|_| vec![0, 0, 0, 1]), bad);
    assert_eq!(replace(30, &|unit| [unit, unit].concat()), bad, "two frames in one");
    assert_eq!(replace(0, &|unit| unit[..40].to_vec()), bad);
    // A sequence parameter set of 4096x4096: the decoder must never see it.
    let huge = [0, 0, 0, 1, 0x67, 0x42, 0xc0, 0x33, 0xda, 0x00, 0x40, 0x00, 0x40, 0x1b, 0x80];
    assert_eq!(replace(0, &|unit| [&huge[..], unit].concat()), bad);
    assert_eq!(replace(30, &|unit| [&huge[..], unit].concat()), bad);

    let many = attempt.doctored(sent, true, |record, _| {
        let last = record.frames[59].clone();
        for index in 0..2_000 {
            record.frames.push(crate::FrameRecord { at: last.at.plus(index + 1), bytes: 0, ..last.clone() });
        }
    });
    assert_eq!(attempt.refused(&many), E::Oversized("frames"));
    let wide = attempt.doctored(sent, true, |record, _| record.video_size = (481, 300));
    assert_eq!(attempt.refused(&wide), E::Oversized("pixels"));
    let none = attempt.doctored(sent, false, |record, _| record.frames.clear());
    assert_eq!(attempt.refused(&none), E::Truncated("no frame"));
}
