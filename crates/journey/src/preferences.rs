//! How people want the app on this device: size of text, language, sound. Nothing about a person.
//!
//! **In**: [`Preferences`] as somebody set them. **Out**: the same at the next start. **What can go wrong**: the disk does not
//! take them, then they last as long as the window; the file cannot be read, then everything is as for the first time.

use std::io;
use std::path::Path;

use jianzai_wire::Language;
use serde::{Deserialize, Serialize};

use crate::durable;

const FILE: &str = "preferences.json";

/// How people want the app.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Preferences {
    /// How large the words are.
    pub text_size: TextSize,
    /// The language that was chosen; none: the system's.
    pub language: Option<Language>,
    /// Whether the voice is off.
    pub muted: bool,
}

/// How large the words are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TextSize {
    /// As designed.
    #[default]
    Normal,
    /// Larger.
    Large,
    /// About double.
    Huge,
}

impl Preferences {
    /// What was kept in the app's own folder.
    pub fn kept(data: &Path) -> Self {
        let kept = std::fs::read(data.join(FILE)).ok();
        kept.and_then(|text| serde_json::from_slice(&text).ok()).unwrap_or_default()
    }

    /// Keeps them in the app's own folder.
    ///
    /// # Errors
    /// The disk does not take them.
    pub fn keep(&self, data: &Path) -> io::Result<()> {
        durable::private_folder(data)?;
        durable::write(data, FILE, &serde_json::to_vec(self)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_set_is_there_at_the_next_start_and_a_spoilt_file_is_none() {
        let folder = tempfile::tempdir().expect("a folder");
        assert_eq!(Preferences::kept(folder.path()), Preferences::default());
        let set = Preferences { text_size: TextSize::Huge, language: Some(Language::En), muted: true };
        set.keep(folder.path()).expect("kept");
        assert_eq!(Preferences::kept(folder.path()), set);
        std::fs::write(folder.path().join(FILE), "{\"textSize\":\"gigantic\"}").expect("written");
        assert_eq!(Preferences::kept(folder.path()), Preferences::default());
    }
}
