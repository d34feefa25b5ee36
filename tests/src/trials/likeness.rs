//! Is it the person of the register? As the service compares them (`crates/server/src/judging/likeness.rs`), with the same
//! network and the same thresholds.

use anyhow::{Context as _, Result};
use image::RgbImage;
use jianzai_face::{Embedding, FaceError, Models, PortraitReader, SamePerson};
use jianzai_liveness::Decision;
use jianzai_wire::ReasonCode;

use super::material::{Clip, Material};

/// Whose pension it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Register {
    /// The man who follows instructions; his portrait is from his other recording.
    Man,
    /// The other man.
    Franck,
}

/// Compares faces with the two portraits.
pub struct Matcher {
    reader: PortraitReader,
    man: Embedding,
    franck: Embedding,
}

impl Matcher {
    /// Reads the portraits.
    pub fn new(models: &Models, material: &Material) -> Result<Self> {
        let mut reader = PortraitReader::new(models)?;
        let mut portrait = |clip: &Clip| -> Result<Embedding> {
            let number = clip.pick(clip.frontal.len() as u64 / 2)?;
            Ok(reader.read(&clip.frame(number)?)?.embedding)
        };
        let (man, franck) = (portrait(&material.cap13)?, portrait(&material.franck)?);
        Ok(Self { reader, man, franck })
    }

    /// What follows from the pictures of an attempt; none where they clearly are of this person.
    pub fn compare(&mut self, register: Register, pictures: &[RgbImage]) -> Result<Option<(Decision, ReasonCode)>> {
        let mut cosines = Vec::new();
        for picture in pictures {
            match self.embedding(picture)? {
                Some(face) => cosines.push(self.portrait(register).cosine(&face)),
                None => continue,
            }
        }
        cosines.sort_by(f32::total_cmp);
        let (Some(least), Some(middle)) = (cosines.first(), cosines.get(cosines.len().saturating_sub(1) / 2)) else {
            return Ok(Some((Decision::Review, ReasonCode::MatchUnsure)));
        };
        Ok(match (self.same(*middle), self.same(*least)) {
            (SamePerson::Different, _) => Some((Decision::Refuse, ReasonCode::MatchNotSame)),
            (SamePerson::Unsure, _) | (SamePerson::Same, SamePerson::Different) => {
                Some((Decision::Review, ReasonCode::MatchUnsure))
            }
            (SamePerson::Same, _) if cosines.len() < 2 => Some((Decision::Review, ReasonCode::MatchUnsure)),
            (SamePerson::Same, _) => None,
        })
    }

    /// The face in a picture; none if there is none, or several.
    pub fn embedding(&mut self, picture: &RgbImage) -> Result<Option<Embedding>> {
        match self.reader.read(picture) {
            Ok(portrait) => Ok(Some(portrait.embedding)),
            Err(FaceError::NoFace | FaceError::SeveralFaces | FaceError::Points | FaceError::Frame { .. }) => Ok(None),
            Err(error) => Err(error).context("a network failed"),
        }
    }

    /// What the manifest's thresholds say of a cosine.
    pub fn same(&mut self, cosine: f32) -> SamePerson {
        self.reader.embedder().same_person(cosine)
    }

    fn portrait(&self, register: Register) -> &Embedding {
        match register {
            Register::Man => &self.man,
            Register::Franck => &self.franck,
        }
    }
}
