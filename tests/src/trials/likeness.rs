//! Whose pension it is: what the register holds of the two men. They are compared by the service's own rule
//! (`jianzai-examiner`).

use anyhow::{Context as _, Result};
use image::RgbImage;
use jianzai_examiner::{RegisterFace, embedding_network, is_poor};
use jianzai_face::{Embedding, FaceError, Models, Portrait, PortraitReader, SamePerson};

use super::material::{Clip, Material};

/// Whose pension it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Register {
    /// The man who follows instructions; his portrait is from his other recording.
    Man,
    /// The other man.
    Franck,
}

/// [`Register::Man`], whatever the seed.
pub fn man(_: u64) -> Register {
    Register::Man
}

/// [`Register::Franck`], whatever the seed.
pub fn franck(_: u64) -> Register {
    Register::Franck
}

/// Reads faces, and holds the two portraits.
pub struct Matcher {
    reader: PortraitReader,
    network: String,
    man: Portrait,
    franck: Portrait,
}

impl Matcher {
    /// Reads the portraits.
    pub fn new(models: &Models, material: &Material) -> Result<Self> {
        let mut reader = PortraitReader::new(models)?;
        let mut portrait = |clip: &Clip| -> Result<Portrait> {
            let number = clip.pick(clip.frontal.len() as u64 / 2)?;
            Ok(reader.read(&clip.frame(number)?)?)
        };
        let (man, franck) = (portrait(&material.cap13)?, portrait(&material.franck)?);
        Ok(Self { reader, network: embedding_network(models), man, franck })
    }

    /// What the register holds of a man who was certified before.
    pub fn face_of(&self, register: Register) -> RegisterFace {
        let portrait = match register {
            Register::Man => &self.man,
            Register::Franck => &self.franck,
        };
        let print = Some((portrait.embedding.clone(), self.network.clone()));
        RegisterFace { print, portrait: None, poor: is_poor(portrait), first: false }
    }

    /// The face in a picture, and whether a register would call the picture poor; none if there is no face, or several.
    pub fn read(&mut self, picture: &RgbImage) -> Result<Option<(Embedding, bool)>> {
        match self.reader.read(picture) {
            Ok(portrait) => Ok(Some((portrait.embedding.clone(), is_poor(&portrait)))),
            Err(FaceError::NoFace | FaceError::SeveralFaces | FaceError::Points | FaceError::Frame { .. }) => Ok(None),
            Err(error) => Err(error).context("a network failed"),
        }
    }

    /// What the manifest's thresholds say of a cosine.
    pub fn same(&mut self, cosine: f32) -> SamePerson {
        self.reader.embedder().same_person(cosine)
    }
}
