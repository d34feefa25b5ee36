//! Looks for anything personal in clear in the files that app and service leave behind.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::people::Person;

/// Something personal that lies in a file in clear.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The file.
    pub file: PathBuf,
    /// What it is: a kind of thing, never the thing itself.
    pub what: String,
}

/// Searches every file below `folder`. ID number and name are looked for as UTF-8, UTF-16 (both orders) and base64 at each
/// of its three alignments; pictures and films by the bytes they begin with, at any place.
pub fn search(folder: &Path, person: &Person) -> Result<Vec<Found>> {
    let mut needles = Vec::new();
    for (what, text) in [("ID number", person.id_number), ("name", person.name)] {
        needles.extend(forms(text).into_iter().map(|(form, bytes)| (format!("{what}, {form}"), bytes)));
    }
    needles.push(("JPEG".into(), vec![0xFF, 0xD8, 0xFF, 0xE0]));
    needles.push(("JPEG".into(), vec![0xFF, 0xD8, 0xFF, 0xDB]));
    needles.push(("JPEG".into(), vec![0xFF, 0xD8, 0xFF, 0xE1]));
    // The video as the encoder makes it, before any container: the first parameter set of the baseline profile.
    needles.push(("H.264".into(), vec![0, 0, 0, 1, 0x67, 0x42]));
    needles.push(("MP4".into(), b"ftypisom".to_vec()));
    needles.push(("MP4".into(), b"ftypmp4".to_vec()));
    needles.push(("MP4".into(), b"ftypavc1".to_vec()));
    let mut found = Vec::new();
    for file in files(folder)? {
        let Some(content) = unless_gone(fs::read(&file))? else { continue };
        for (what, needle) in &needles {
            if contains(&content, needle) {
                found.push(Found { file: file.clone(), what: what.clone() });
            }
        }
    }
    Ok(found)
}

/// Every file below a folder.
pub fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let (mut waiting, mut files) = (vec![folder.to_path_buf()], Vec::new());
    while let Some(next) = waiting.pop() {
        for entry in unless_gone(fs::read_dir(next))?.into_iter().flatten() {
            let entry = entry?;
            let Some(kind) = unless_gone(entry.file_type())? else { continue };
            if kind.is_dir() {
                waiting.push(entry.path());
            } else if kind.is_file() {
                files.push(entry.path());
            }
        }
    }
    Ok(files)
}

/// What a program removes while it ends is not left behind.
fn unless_gone<T>(result: std::io::Result<T>) -> Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn forms(text: &str) -> Vec<(&'static str, Vec<u8>)> {
    let utf16 = |order: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(order).collect::<Vec<u8>>();
    let mut forms = vec![
        ("UTF-8", text.as_bytes().to_vec()),
        ("UTF-16 little-endian", utf16(u16::to_le_bytes)),
        ("UTF-16 big-endian", utf16(u16::to_be_bytes)),
    ];
    // In base64 the same bytes look different at each alignment; the letters that depend on neighbours are left out.
    for skip in 0..3 {
        let whole = text.as_bytes().get(skip..).unwrap_or_default();
        let whole = whole.get(..whole.len() / 3 * 3).unwrap_or_default();
        forms.push(("base64", base64(whole)));
    }
    forms
}

fn base64(bytes: &[u8]) -> Vec<u8> {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let three = |group: &[u8]| group.iter().fold(0_u32, |sum, byte| sum << 8 | u32::from(*byte));
    let letters = |sum: u32| [18, 12, 6, 0].map(|shift| LETTERS[(sum >> shift & 63) as usize]);
    bytes.chunks_exact(3).flat_map(|group| letters(three(group))).collect()
}

fn contains(content: &[u8], needle: &[u8]) -> bool {
    let Some(first) = needle.first() else { return false };
    content.iter().enumerate().any(|(at, byte)| byte == first && content[at..].starts_with(needle))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::people::AT_HOME;

    #[test]
    fn the_search_finds_each_form() {
        let folder = tempfile::tempdir().expect("a folder");
        let number = AT_HOME.id_number;
        let hidden: [(&str, Vec<u8>); 6] = [
            ("utf8", number.as_bytes().to_vec()),
            ("utf16", number.encode_utf16().flat_map(u16::to_le_bytes).collect()),
            ("base64-0", base64(format!("abc{number}").as_bytes())),
            ("base64-1", base64(format!("a{number}").as_bytes())),
            ("base64-2", base64(format!("ab{number}").as_bytes())),
            ("jpeg", [&[0; 9][..], &[0xFF, 0xD8, 0xFF, 0xE0, 0, 16]].concat()),
        ];
        for (name, content) in &hidden {
            fs::write(folder.path().join(name), content).expect("written");
        }
        fs::write(folder.path().join("clean"), [7; 5000]).expect("written");
        let found = search(folder.path(), &AT_HOME).expect("searched");
        for (name, _) in &hidden {
            assert!(found.iter().any(|found| found.file.ends_with(name)), "{name}");
        }
        assert!(!found.iter().any(|found| found.file.ends_with("clean")));
    }
}
