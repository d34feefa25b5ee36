//! Portraits of a register: from a picture file to a face print.

use std::io::{Cursor, Read as _};
use std::path::{Path, PathBuf};

use image::{ImageReader, Limits, RgbImage};
use jianzai_face::{ModelError, Models, Portrait, PortraitReader, Slot};
use zeroize::Zeroizing;

/// No portrait file is larger.
const MAX_BYTES: u64 = 8 << 20;
const MAX_SIDE: u32 = 6_000;
/// A face of fewer pixels from forehead to chin is hard to tell from another.
const MIN_FACE: f32 = 64.0;
/// Below this variance of the Laplacian a face is blurred.
const MIN_SHARPNESS: f32 = 15.0;
/// Degrees that a head may be turned.
const MAX_TURN: f32 = 25.0;

/// How good a portrait is for telling people apart. The first match with a poor one goes to a person's review.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Quality {
    Good,
    Poor,
    NoFace,
    Missing,
}

impl Quality {
    /// As it stands in the register.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Poor => "poor",
            Self::NoFace => "no_face",
            Self::Missing => "missing",
        }
    }
}

/// A face print as it is kept: little-endian floats.
pub(super) struct FacePrint {
    pub(super) quality: Quality,
    pub(super) values: Option<Zeroizing<Vec<u8>>>,
}

/// Reads portraits; the networks are opened at the first one.
pub(super) struct Portraits {
    folder: PathBuf,
    open: Option<(PortraitReader, String)>,
}

impl Portraits {
    pub(super) fn new(models: &Path) -> Self {
        Self { folder: models.to_owned(), open: None }
    }

    /// SHA-256 of the network that makes the face prints, in hex.
    pub(super) fn network(&mut self) -> Result<String, ModelError> {
        self.ready().map(|(_, network)| network.clone())
    }

    /// The face print of a picture file.
    pub(super) fn read(&mut self, file: &[u8]) -> Result<FacePrint, ModelError> {
        let (reader, _) = self.ready()?;
        let nothing = FacePrint { quality: Quality::NoFace, values: None };
        let Some(picture) = decode(file) else { return Ok(nothing) };
        Ok(match reader.read(&picture) {
            Ok(portrait) => FacePrint {
                quality: quality(&portrait),
                values: Some(Zeroizing::new(
                    portrait.embedding.values().iter().flat_map(|value| value.to_le_bytes()).collect(),
                )),
            },
            Err(_) => nothing,
        })
    }

    fn ready(&mut self) -> Result<&mut (PortraitReader, String), ModelError> {
        match &mut self.open {
            Some(open) => Ok(open),
            empty => {
                let models = Models::open(&self.folder)?;
                let reader = PortraitReader::new(&models)?;
                Ok(empty.insert((reader, embedding_network(&models))))
            }
        }
    }
}

/// SHA-256 of the network in the embedding slot, in hex: prints of different networks can't be compared.
pub(crate) fn embedding_network(models: &Models) -> String {
    let found = models.identities().into_iter().find(|network| network.slot == Slot::Embedding);
    found.map(|network| network.sha256).unwrap_or_default()
}

/// The bytes of a portrait file; `None` if there is none, or it is too large to be a portrait.
pub(super) fn load(path: &Path) -> Option<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(Vec::new());
    let read = std::fs::File::open(path).ok()?.take(MAX_BYTES + 1).read_to_end(&mut bytes).ok()?;
    (read as u64 <= MAX_BYTES).then_some(bytes)
}

/// The pixels of a portrait file.
pub(crate) fn decode(file: &[u8]) -> Option<RgbImage> {
    let mut reader = ImageReader::new(Cursor::new(file)).with_guessed_format().ok()?;
    let mut limits = Limits::default();
    (limits.max_image_width, limits.max_image_height) = (Some(MAX_SIDE), Some(MAX_SIDE));
    reader.limits(limits);
    Some(reader.decode().ok()?.into_rgb8())
}

fn quality(portrait: &Portrait) -> Quality {
    let face = &portrait.face;
    let large = face.bbox.y1 - face.bbox.y0 >= MIN_FACE;
    let sharp = face.sharpness >= MIN_SHARPNESS;
    let straight = face.pose.yaw.abs() <= MAX_TURN && face.pose.pitch.abs() <= MAX_TURN;
    let lit = (0.12..=0.93).contains(&face.brightness);
    if large && sharp && straight && lit { Quality::Good } else { Quality::Poor }
}
