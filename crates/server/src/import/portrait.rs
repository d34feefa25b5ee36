//! Portraits of a register: from a picture file to a face print.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use jianzai_examiner::{decode_portrait, embedding_network, is_poor};
use jianzai_face::{ModelError, Models, PortraitReader};
use zeroize::Zeroizing;

/// No portrait file is larger.
const MAX_BYTES: u64 = 8 << 20;

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
        let Some(picture) = decode_portrait(file) else { return Ok(nothing) };
        Ok(match reader.read(&picture) {
            Ok(portrait) => FacePrint {
                quality: if is_poor(&portrait) { Quality::Poor } else { Quality::Good },
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

/// The bytes of a portrait file; `None` if there is none, or it is too large to be a portrait.
pub(super) fn load(path: &Path) -> Option<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(Vec::new());
    let read = std::fs::File::open(path).ok()?.take(MAX_BYTES + 1).read_to_end(&mut bytes).ok()?;
    (read as u64 <= MAX_BYTES).then_some(bytes)
}
