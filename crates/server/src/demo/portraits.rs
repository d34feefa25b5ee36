//! Pictures that are handed round as portraits.
//!
//! **In**: a folder with JPEG and PNG files. **Out**: copies beside the register, `portraits/0001.jpg` and so on in the order of their
//! names; person after person is given the next, and after the last the first again. **What can go wrong**: the folder can't be
//! read or holds no picture.

use std::io;
use std::path::{Path, PathBuf};

/// Beside the register.
const FOLDER: &str = "portraits";

/// As the register names them, in the order in which they are handed round; without a folder, nothing.
pub(super) struct Portraits(Vec<String>);

impl Portraits {
    /// Copies what is in `from` to the register's folder.
    pub(super) fn copy(from: Option<&Path>, register: &Path) -> io::Result<Self> {
        let Some(from) = from else { return Ok(Self(Vec::new())) };
        let pictures = pictures(from)?;
        if pictures.is_empty() {
            return Err(io::Error::new(io::ErrorKind::NotFound, "there is no .jpg, .jpeg or .png file"));
        }
        std::fs::create_dir_all(register.join(FOLDER))?;
        let names = pictures.iter().enumerate().map(|(place, (picture, kind))| {
            let name = format!("{FOLDER}/{:04}.{kind}", place + 1);
            std::fs::copy(picture, register.join(&name))?;
            Ok(name)
        });
        names.collect::<io::Result<_>>().map(Self)
    }

    /// Of the person with this number, as the register's column has it.
    pub(super) fn of(&self, number: usize) -> &str {
        match self.0.len() {
            0 => "",
            count => &self.0[number % count],
        }
    }
}

/// With their kind, by name.
fn pictures(folder: &Path) -> io::Result<Vec<(PathBuf, &'static str)>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        match path.extension().and_then(|kind| kind.to_str()).map(str::to_ascii_lowercase).as_deref() {
            Some("jpg" | "jpeg") => found.push((path, "jpg")),
            Some("png") => found.push((path, "png")),
            _ => {}
        }
    }
    found.sort();
    Ok(found)
}
