//! A capture from frame to judge.

use super::*;
use crate::picture::Likeness;
use crate::{RecordError, SealedHeader, chain};

fn psnr(a: &RgbImage, b: &RgbImage) -> f64 {
    assert_eq!(a.dimensions(), b.dimensions());
    let squares: f64 = a.iter().zip(b.iter()).map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2)).sum();
    10.0 * (255.0 * 255.0 / (squares / a.len() as f64)).log10()
}

#[test]
fn twelve_seconds_fit_into_300_kb_and_every_frame_comes_back_in_time() {
    let (attempt, sent) = (Attempt::new(), twelve_seconds());
    assert!(sent.committed.duration_ms >= 11_900, "{}", sent.committed.duration_ms);
    eprintln!("twelve seconds: {} bytes", sent.bytes.len());
    assert!(sent.bytes.len() <= 300_000, "{} bytes", sent.bytes.len());
    let opened = attempt.open(sent).expect("opened");
    let mut count = 0;
    let mut worst = f64::MAX;
    for (index, frame) in opened.frames().enumerate() {
        let (pixels, at) = frame.expect("decoded");
        assert_eq!(at, time_of(index));
        worst = worst.min(psnr(&pixels, &clip()[index]));
        count += 1;
    }
    assert_eq!(count, 178);
    eprintln!("worst frame: {worst:.1} dB");
    assert!(worst > 28.0, "the judge must see what the phone saw: {worst} dB");
    assert_eq!(opened.log(), &log());
    assert_eq!(opened.record().source, Source::Actor);
}

#[test]
fn crops_are_those_that_the_nonce_picks_and_better_than_the_video() {
    let (attempt, sent) = (Attempt::new(), twelve_seconds());
    let opened = attempt.open(sent).expect("opened");
    assert_eq!(opened.crops().len(), chain::MAX_CROPS);
    assert_eq!(opened.passed_over(), Vec::<u32>::new());
    let decoded: Vec<_> = opened.frames().map(|frame| frame.expect("decoded").0).collect();
    for crop in opened.crops().iter().chain(opened.best_photo()) {
        let index = crop.frame as usize;
        let cut = crate::picture::cut(&clip()[index], crop.region, 360);
        let video = crate::picture::cut(&decoded[index], crop.region, 360);
        let (better, worse) = (psnr(&crop.pixels, &cut), psnr(&video, &cut));
        eprintln!("frame {index}: crop {better:.1} dB, video {worse:.1} dB");
        assert!(better > 33.0 && better > worse + 1.0, "frame {index}: crop {better} dB, video {worse} dB");
    }
    let photo = opened.best_photo().expect("a photo");
    assert!(photo.frame <= 40, "from the first rest: frame {}", photo.frame);
    assert_eq!(photo.frame, 20, "the most frontal");
}

#[test]
fn the_longest_recording_fits_into_one_megabyte() {
    for actions in [&Action::ALL[..], &Action::ALL[1..]] {
        let mut attempt = Attempt::new();
        attempt.config.policy = CapturePolicy::for_actions(actions);
        let most = u64::from(attempt.config.policy.max_capture_ms);
        // To and fro: the clip is shorter.
        let frames: Vec<_> = clip().iter().chain(clip().iter().rev()).cloned().collect();
        let last = (0..frames.len()).rfind(|index| time_of(*index).since(time_of(0)) <= most).expect("some");
        let sent = attempt.bundle(&frames[..=last]);
        eprintln!("{} ms: {} bytes", sent.committed.duration_ms, sent.bytes.len());
        assert!(u64::from(sent.committed.duration_ms) > most - 1_000);
        assert!(sent.bytes.len() <= 1_000_000, "{} bytes", sent.bytes.len());
        let opened = attempt.open(&sent).expect("opened");
        assert_eq!(opened.frames().filter(Result::is_ok).count(), last + 1);
    }
}

#[test]
fn noise_cannot_make_a_bundle_too_large() {
    let mut config = Attempt::new().config;
    config.policy.max_bundle_bytes = 150_000;
    let mut recorder = Recorder::new(config);
    let mut state = 1_u32;
    let mut noise = RgbImage::new(400, 300);
    let refused = (0..600).find_map(|index| {
        for byte in noise.iter_mut() {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            *byte = (state >> 24) as u8;
        }
        recorder.push(&noise, time_of(index), &observation(index, (400, 300))).err()
    });
    assert_eq!(refused, Some(RecordError::TooLarge));
    let capture = recorder.finish(&log()).expect("what was recorded is whole");
    let attempt = Attempt::new();
    let bundle = capture.seal(&attempt.steps, &attempt.recipient(), &attempt.device).expect("sealed");
    assert!(bundle.as_bytes().len() <= 150_000, "{}", bundle.as_bytes().len());
}

#[test]
fn a_poor_camera_in_the_dark_still_fits() {
    let attempt = Attempt::new();
    let mut state = 7_u32;
    let mut grain = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 26) as i16 - 32
    };
    let dark: Vec<_> = clip()[..178]
        .iter()
        .map(|frame| {
            let mut frame = frame.clone();
            for byte in frame.iter_mut() {
                *byte = (i16::from(*byte) / 3 + grain() / 2).clamp(0, 255) as u8;
            }
            frame
        })
        .collect();
    let sent = attempt.bundle(&dark);
    eprintln!("twelve seconds of grain: {} bytes", sent.bytes.len());
    assert!(sent.bytes.len() <= 300_000, "{} bytes", sent.bytes.len());
    attempt.open(&sent).expect("grain is no reason to doubt a crop");
}

#[test]
fn larger_frames_are_scaled_down_and_crops_are_cut_from_the_original() {
    let attempt = Attempt::new();
    let large: Vec<_> = clip()[..45]
        .iter()
        .map(|frame| image::imageops::resize(frame, 1280, 720, image::imageops::FilterType::CatmullRom))
        .collect();
    let sent = attempt.bundle(&large);
    let opened = attempt.open(&sent).expect("opened");
    assert_eq!(opened.record().frame_size, (1280, 720));
    assert_eq!(opened.record().video_size, (480, 270));
    assert_eq!(opened.crops().len(), 3);
}

#[test]
fn a_face_at_the_edge_is_cut_inside_the_frame_and_none_gives_no_crop() {
    let attempt = Attempt::new();
    let mut recorder = Recorder::new(attempt.config.clone());
    let frames = &clip()[..60];
    for (index, frame) in frames.iter().enumerate() {
        let mut seen = observation(index, frame.dimensions());
        match index / 15 {
            // No face in the whole of the first window, nor before the eleventh frame of the second.
            0 => seen.face = None,
            1 if index < 26 => seen.face = None,
            2 => seen.face.as_mut().expect("a face").bbox = Rect { x0: -40.0, y0: -30.0, x1: 60.0, y1: 90.0 },
            _ => {}
        }
        recorder.push(frame, time_of(index), &seen).expect("recorded");
    }
    let capture = recorder.finish(&log()).expect("finished");
    let committed =
        CommitRequest { chain_head: capture.chain_head, frames: capture.frames, duration_ms: capture.duration_ms };
    let bundle = capture.seal(&attempt.steps, &attempt.recipient(), &attempt.device).expect("sealed");
    let opened = attempt.open(&Sent { bytes: bundle.into_bytes(), committed, step_heads: Vec::new() }).expect("opened");
    let crops: Vec<_> = opened.crops().iter().map(|crop| (crop.frame, crop.region)).collect();
    assert_eq!(crops.len(), 3, "{crops:?}");
    assert_eq!(crops[0].0, 26.max(chain::candidate(&attempt.config.nonce, 1)));
    assert_eq!(&crops[1].1[..2], [0, 0]);
    let passed = opened.passed_over();
    assert!(passed.iter().all(|index| *index < 26), "{passed:?}");
    assert_eq!(passed.contains(&25), chain::candidate(&attempt.config.nonce, 1) < 26);
}

#[test]
fn a_recording_that_begins_again_leaves_nothing_behind() {
    let attempt = Attempt::new();
    let (capture, _) = attempt.record(&clip()[..50]);
    let mut recorder = Recorder::new(attempt.config.clone());
    for (index, frame) in clip()[100..160].iter().enumerate() {
        recorder.push(frame, time_of(index), &observation(index, frame.dimensions())).expect("recorded");
    }
    recorder.restart();
    assert_eq!(recorder.frames(), 0);
    for (index, frame) in clip()[..50].iter().enumerate() {
        recorder.push(frame, time_of(index), &observation(index, frame.dimensions())).expect("recorded");
        if index == 40 {
            recorder.first_rest_over();
        }
    }
    assert_eq!(recorder.finish(&log()).expect("finished").chain_head, capture.chain_head);
}

#[test]
fn what_cannot_be_part_of_a_recording_is_refused_and_leaves_it_as_it_was() {
    let attempt = Attempt::new();
    let mut recorder = Recorder::new(attempt.config.clone());
    let frame = &clip()[0];
    let seen = observation(0, frame.dimensions());
    let head = recorder.push(frame, FrameTime(1_000), &seen).expect("recorded");
    let small = RgbImage::new(200, 150);
    assert!(matches!(recorder.push(frame, FrameTime(1_000), &seen), Err(RecordError::Time { .. })));
    assert_eq!(recorder.push(frame, FrameTime(1_501), &seen), Err(RecordError::Gap { gap_ms: 501 }));
    assert!(matches!(recorder.push(&small, FrameTime(1_060), &seen), Err(RecordError::Size { .. })));
    assert_eq!((recorder.frames(), recorder.chain_head()), (1, head));
    let most = u64::from(attempt.config.policy.max_capture_ms);
    for step in 1..=most / 300 {
        recorder.push(frame, FrameTime(1_000 + step * 300), &seen).expect("recorded");
    }
    assert_eq!(recorder.push(frame, FrameTime(1_001 + most), &seen), Err(RecordError::TooLong));
    assert!(matches!(Recorder::new(attempt.config).finish(&log()), Err(RecordError::Empty)));
}

#[test]
fn the_header_is_read_without_a_key() {
    let sent = twelve_seconds();
    let header = SealedHeader::parse(&sent.bytes[..200]).expect("a header");
    assert_eq!(header.attempt, Attempt::new().config.attempt);
    assert_eq!(header.key_id, "evidence-1");
    assert_eq!(header.length, sent.bytes.len() as u64);
}

#[test]
fn nothing_of_the_person_is_in_clear_under_the_seal() {
    let bytes = &twelve_seconds().bytes;
    // Of sealed bytes any three in a row are found in one bundle out of fifty: what is looked for is longer.
    let jpeg = b"\xff\xd8\xff\xe0\0\x10JFIF";
    for magic in [&jpeg[..], b"JFIF\0", b"ftypisom", b"ftypmp42", &[0, 0, 0, 1, 0x67], b"app_version"] {
        assert!(!bytes.windows(magic.len()).any(|window| window == magic), "{magic:?}");
    }
}

#[test]
fn the_mp4_has_every_frame_at_its_time() {
    let opened = Attempt::new().open(twelve_seconds()).expect("opened");
    let bytes = opened.mp4().expect("muxed");
    if let Some(folder) = std::env::var_os("JIANZAI_KEEP_MP4") {
        std::fs::write(PathBuf::from(folder).join("evidence.mp4"), &bytes).expect("written");
    }
    let file = re_mp4::Mp4::read_bytes(&bytes).expect("an MP4");
    let track = file.tracks().values().next().expect("a track");
    assert_eq!((track.width, track.height), (400, 300));
    let times: Vec<_> = track.samples.iter().map(|s| s.composition_timestamp as u64 * 1000 / track.timescale).collect();
    let expected: Vec<_> = (0..178).map(|index| time_of(index).since(time_of(0))).collect();
    assert_eq!(times, expected);
}

#[test]
fn a_crop_of_the_right_moment_is_told_from_others() {
    let opened = Attempt::new().open(twelve_seconds()).expect("opened");
    let decoded: Vec<_> = opened.frames().map(|frame| frame.expect("decoded").0).collect();
    let size = (400, 300);
    let mut worst: f64 = 0.0;
    for crop in opened.crops() {
        let own = Likeness::of(&crop.pixels, &decoded[crop.frame as usize], crop.region, size);
        assert!(own.same(), "{own:?}");
        worst = worst.max(own.worst_tile);
        for (index, other) in other_clip().iter().step_by(20).enumerate() {
            let other = image::imageops::resize(other, 400, 300, image::imageops::FilterType::Triangle);
            let theirs = Likeness::of(&crop.pixels, &other, crop.region, size);
            assert!(!theirs.same(), "frame {index} of another man: {theirs:?}");
        }
    }
    eprintln!("worst tile of a true crop: {worst:.1}");
    assert!(worst < 12.0, "the limit has room: {worst}");
}
