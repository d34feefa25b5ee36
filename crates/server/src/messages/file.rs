//! Messages as files: for trying the service out, and for post rooms that print letters.
//!
//! **In**: a message. **Out**: `ID.json` in the folder, which only this user can read, durable before it counts as sent.
//! The same message again writes the same file. A phone number is shown by its last four digits alone, and of any other address
//! nothing, since it may be a name: nothing personal is on a disk unsealed. **What can go wrong**: the disk.

use std::path::PathBuf;

use serde_json::json;

use super::{Outgoing, SendError, Sender};
use crate::durable;
use crate::year::names::Named as _;
use crate::year::policy::Medium;

/// Of a number with fewer digits the last four would be half of it.
const SHOWN_FROM: usize = 8;

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
        let shown = message.address.as_ref().and_then(|address| shown(message.medium, address.expose()));
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

/// What a file shows of an address.
fn shown(medium: Medium, address: &str) -> Option<String> {
    let digits: String = address.chars().filter(char::is_ascii_digit).collect();
    let is_number = matches!(medium, Medium::Sms | Medium::Call) && digits.len() >= SHOWN_FROM;
    let hidden = digits.len().saturating_sub(4);
    digits.get(hidden..).filter(|_| is_number).map(|last| "*".repeat(hidden) + last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_an_address_no_more_is_shown_than_the_end_of_a_phone_number() {
        for (medium, address, expected) in [
            (Medium::Sms, "13800001234", Some("*******1234")),
            (Medium::Call, "+86 (755) 2345-6789", Some("*********6789")),
            (Medium::Call, "12345678", Some("****5678")),
            (Medium::Call, "1234567", None),
            (Medium::Call, "12345，王健在", None),
            (Medium::Sms, "13800001234 王", Some("*******1234")),
            (Medium::Wechat, "李安", None),
            (Medium::Wechat, "wang19450915", None),
            (Medium::App, "13800001234", None),
            (Medium::Letter, "朝阳路12345678号", None),
        ] {
            assert_eq!(shown(medium, address).as_deref(), expected, "{address}");
        }
    }
}
