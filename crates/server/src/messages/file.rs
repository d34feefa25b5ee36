//! Messages as files: for trying the service out, and for post rooms that print letters.
//!
//! **In**: a message. **Out**: `ID.json` in the folder, which only this user can read, durable before it counts as sent.
//! The same message again writes the same file. A phone number is shown by its last four digits alone: nothing personal is
//! on a disk unsealed. **What can go wrong**: the disk.

use std::path::PathBuf;

use serde_json::json;

use super::{Outgoing, SendError, Sender};
use crate::durable;
use crate::year::names::Named as _;

/// Writes messages into a folder.
#[derive(Debug, Clone)]
pub struct FileSender {
    folder: PathBuf,
}

impl FileSender {
    /// Into this folder, which is made where there is none.
    pub fn new(folder: PathBuf) -> Result<Self, SendError> {
        durable::private_folder(&folder)?;
        Ok(Self { folder })
    }
}

impl Sender for FileSender {
    async fn send(&self, message: &Outgoing) -> Result<String, SendError> {
        let shown = message.address.as_ref().map(|address| {
            let digits: Vec<char> = address.expose().chars().collect();
            let hidden = digits.len().saturating_sub(4);
            "*".repeat(hidden) + &digits.into_iter().skip(hidden).collect::<String>()
        });
        let content = json!({
            "id": message.id,
            "beneficiary": message.beneficiary,
            "recipient": message.recipient.name(),
            "medium": message.medium.name(),
            "address": shown,
            "language": message.language.tag(),
            "text": message.text,
        });
        let path = self.folder.join(format!("{}.json", message.id));
        let written =
            tokio::task::spawn_blocking(move || durable::create_private(&path, content.to_string().as_bytes()));
        written.await.map_err(|_| SendError::Garbled)??;
        Ok(message.id.to_string())
    }
}
