//! What was captured and not yet judged, kept until it is.
//!
//! **In**: a sealed bundle and its [`Header`]. **Out**: the same, after any crash. **What can go wrong**: the disk is full
//! or unwritable ([`OutboxError`]), and the person is told so instead of "saved".
//!
//! An item is two files: `<attempt>.bundle`, sealed to the service and never changed, and `<attempt>.json`, the header,
//! rewritten as the item moves on. The header is written after the bundle and removed before it, so that an item exists
//! exactly when its header does; a bundle without one is what a crash left of an item that nobody was told about, and is
//! removed when the outbox is next opened. Neither file says whose item it is: the header holds the attempt's token,
//! which speaks for this one attempt, and no fact about a person.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use jianzai_wire::api::CommitRequest;
use jianzai_wire::lease::LeaseReturn;
use jianzai_wire::{Bytes32, ReasonCode, Secret};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::durable;

/// How far an item has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Sealed; the service does not know of it yet.
    Uncommitted,
    /// Committed; the bundle is to be delivered.
    Committed,
    /// The whole bundle is durable on the other side; the outcome is awaited.
    Delivered,
}

/// What is known of an item without opening its seal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// Version of this format.
    pub version: u32,
    /// The attempt.
    pub attempt: Uuid,
    /// Authorises everything about the attempt.
    pub token: Secret,
    /// Address of the service.
    pub server: String,
    /// The plan that the seal is bound to.
    pub plan_hash: Bytes32,
    /// When the capture ended, by this machine's clock.
    #[serde(with = "time::serde::rfc3339")]
    pub captured_at: OffsetDateTime,
    /// Size of the bundle in bytes.
    pub bytes: u64,
    /// How far it has come.
    pub stage: Stage,
    /// What to commit.
    pub commit: CommitRequest,
    /// Until when the service takes the commitment.
    #[serde(with = "time::serde::rfc3339")]
    pub commit_by: OffsetDateTime,
    /// Until when the service takes the bundle; known once committed.
    #[serde(with = "time::serde::rfc3339::option")]
    pub deliver_by: Option<OffsetDateTime>,
    /// Where the upload was begun.
    pub upload: Option<String>,
    /// What goes back with the commitment, where the plan had been taken along.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leased: Option<LeaseReturn>,
}

impl Header {
    /// The version that is written.
    pub const VERSION: u32 = 1;
}

/// The outbox cannot do what it is there for.
#[derive(Debug, thiserror::Error)]
pub enum OutboxError {
    /// The disk does not take, give or drop a file.
    #[error("the outbox cannot be read or written")]
    Disk(#[from] io::Error),
    /// A header is not one of ours, or of a newer version.
    #[error("an outbox header cannot be understood")]
    Header(#[from] serde_json::Error),
}

impl OutboxError {
    /// The reason, as told to a person.
    pub fn reason(&self) -> ReasonCode {
        ReasonCode::DeviceStorageFull
    }
}

/// The outbox of one installation: a folder.
#[derive(Debug, Clone)]
pub struct Outbox {
    folder: PathBuf,
}

impl Outbox {
    /// Opens the outbox below `data`, the app's own folder, and clears away what a crash left half written.
    pub fn open(data: &Path) -> Result<Self, OutboxError> {
        let folder = data.join("outbox");
        durable::private_folder(&folder)?;
        let outbox = Self { folder };
        outbox.clear_leftovers()?;
        Ok(outbox)
    }

    /// Keeps a new item. When this returns, the item survives whatever happens to app or machine.
    pub fn keep(&self, header: &Header, bundle: &[u8]) -> Result<(), OutboxError> {
        durable::write(&self.folder, &bundle_name(header.attempt), bundle)?;
        self.write(header)
    }

    /// Writes down how far an item has come. One that was removed meanwhile stays removed.
    pub fn update(&self, header: &Header) -> Result<(), OutboxError> {
        let _alone = alone();
        if self.folder.join(header_name(header.attempt)).is_file() { self.write(header) } else { Ok(()) }
    }

    fn write(&self, header: &Header) -> Result<(), OutboxError> {
        Ok(durable::write(&self.folder, &header_name(header.attempt), &serde_json::to_vec_pretty(header)?)?)
    }

    /// Everything that waits, the oldest first. A header that cannot be read is skipped and stays where it is.
    pub fn waiting(&self) -> Result<Vec<Header>, OutboxError> {
        let mut headers = Vec::new();
        for name in self.names()? {
            let Some(attempt) = attempt_of(&name, "json") else { continue };
            match self.header(attempt) {
                Ok(header) => headers.push(header),
                Err(error) => tracing::warn!(%attempt, %error, "an outbox item cannot be read"),
            }
        }
        headers.sort_by_key(|header| (header.captured_at, header.attempt));
        Ok(headers)
    }

    /// The header of one item.
    pub fn header(&self, attempt: Uuid) -> Result<Header, OutboxError> {
        let header: Header = serde_json::from_slice(&fs::read(self.folder.join(header_name(attempt)))?)?;
        if header.version == Header::VERSION && header.attempt == attempt {
            Ok(header)
        } else {
            Err(OutboxError::Disk(io::Error::new(io::ErrorKind::InvalidData, "a header of another version or attempt")))
        }
    }

    /// The sealed bundle of one item.
    pub fn bundle(&self, attempt: Uuid) -> Result<Vec<u8>, OutboxError> {
        Ok(fs::read(self.folder.join(bundle_name(attempt)))?)
    }

    /// Drops an item whose outcome the person has been told.
    pub fn remove(&self, attempt: Uuid) -> Result<(), OutboxError> {
        let _alone = alone();
        durable::remove(&self.folder, &header_name(attempt))?;
        Ok(durable::remove(&self.folder, &bundle_name(attempt))?)
    }

    fn clear_leftovers(&self) -> Result<(), OutboxError> {
        let names = self.names()?;
        for name in &names {
            let orphan = attempt_of(name, "bundle").is_some_and(|attempt| !names.contains(&header_name(attempt)));
            // Another process of this installation may be writing at this moment; what it writes is younger than this.
            if (orphan || name.ends_with(durable::TEMPORARY)) && self.is_older_than_a_minute(name) {
                durable::remove(&self.folder, name)?;
            }
        }
        Ok(())
    }

    fn is_older_than_a_minute(&self, name: &str) -> bool {
        let modified = fs::metadata(self.folder.join(name)).and_then(|data| data.modified()).ok();
        modified.and_then(|at| at.elapsed().ok()).is_some_and(|age| age.as_secs() > 60)
    }

    fn names(&self) -> Result<Vec<String>, OutboxError> {
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            names.extend(entry?.file_name().into_string());
        }
        Ok(names)
    }
}

fn bundle_name(attempt: Uuid) -> String {
    format!("{attempt}.bundle")
}

fn header_name(attempt: Uuid) -> String {
    format!("{attempt}.json")
}

fn attempt_of(name: &str, ending: &str) -> Option<Uuid> {
    name.strip_suffix(ending)?.strip_suffix('.')?.parse().ok()
}

/// Delivery in the background and a certification taken up again may hold the same item: what one removes, the other must
/// not write again between its look and its writing.
fn alone() -> MutexGuard<'static, ()> {
    static CHANGING: Mutex<()> = Mutex::new(());
    CHANGING.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(attempt: u128) -> Header {
        Header {
            version: Header::VERSION,
            attempt: Uuid::from_u128(attempt),
            token: Secret::new("a token".into()),
            server: "https://pension.example/".into(),
            plan_hash: Bytes32([3; 32]),
            captured_at: OffsetDateTime::UNIX_EPOCH + time::Duration::days(20_000 + attempt as i64),
            bytes: 3,
            stage: Stage::Uncommitted,
            commit: CommitRequest { chain_head: Bytes32([4; 32]), frames: 180, duration_ms: 12_000 },
            commit_by: OffsetDateTime::UNIX_EPOCH + time::Duration::days(20_001),
            deliver_by: None,
            upload: None,
            leased: None,
        }
    }

    #[test]
    fn an_item_is_there_after_the_outbox_is_opened_again_until_it_is_removed() {
        let data = tempfile::tempdir().expect("a folder");
        let outbox = Outbox::open(data.path()).expect("opens");
        let (late, early) = (header(2), header(1));
        outbox.keep(&late, b"two").expect("kept");
        outbox.keep(&early, b"one").expect("kept");

        let again = Outbox::open(data.path()).expect("opens");
        assert_eq!(again.waiting().expect("lists"), [early.clone(), late.clone()]);
        assert_eq!(again.bundle(late.attempt).expect("reads"), b"two");

        let moved_on = Header { stage: Stage::Delivered, ..early.clone() };
        again.update(&moved_on).expect("updates");
        assert_eq!(again.header(early.attempt).expect("reads"), moved_on);

        again.remove(early.attempt).expect("removes");
        again.remove(late.attempt).expect("removes");
        again.update(&late).expect("nothing to do");
        assert_eq!(fs::read_dir(data.path().join("outbox")).expect("lists").count(), 0);
    }

    #[test]
    fn what_a_crash_left_half_written_is_no_item_and_goes() {
        let data = tempfile::tempdir().expect("a folder");
        let outbox = Outbox::open(data.path()).expect("opens");
        outbox.keep(&header(1), b"one").expect("kept");
        let folder = data.path().join("outbox");
        let orphan = folder.join(bundle_name(Uuid::from_u128(9)));
        let half = folder.join(format!("{}.part", header_name(Uuid::from_u128(1))));
        for path in [&orphan, &half] {
            let file = fs::File::create(path).expect("creates");
            let before = std::time::SystemTime::now() - std::time::Duration::from_secs(3600);
            file.set_modified(before).expect("sets the time");
        }
        let young = folder.join(bundle_name(Uuid::from_u128(8)));
        fs::write(&young, b"being written by another process").expect("writes");

        assert_eq!(Outbox::open(data.path()).expect("opens").waiting().expect("lists"), [header(1)]);
        assert!(!orphan.exists() && !half.exists() && young.exists());
        assert_eq!(outbox.bundle(Uuid::from_u128(1)).expect("reads"), b"one");
    }

    #[test]
    fn a_broken_header_hides_no_other_item() {
        let data = tempfile::tempdir().expect("a folder");
        let outbox = Outbox::open(data.path()).expect("opens");
        outbox.keep(&header(1), b"one").expect("kept");
        fs::write(data.path().join("outbox").join(header_name(Uuid::from_u128(7))), b"{").expect("writes");
        assert_eq!(outbox.waiting().expect("lists"), [header(1)]);
    }

    #[cfg(unix)]
    #[test]
    fn only_this_user_may_read_it() {
        use std::os::unix::fs::PermissionsExt as _;
        let data = tempfile::tempdir().expect("a folder");
        let outbox = Outbox::open(&data.path().join("new")).expect("opens");
        outbox.keep(&header(1), b"one").expect("kept");
        let folder = data.path().join("new").join("outbox");
        assert_eq!(fs::metadata(&folder).expect("is there").permissions().mode() & 0o777, 0o700);
        for entry in fs::read_dir(&folder).expect("lists") {
            assert_eq!(entry.expect("an entry").metadata().expect("is there").permissions().mode() & 0o777, 0o600);
        }
    }

    /// What is persisted keeps its form: an app of next year reads the outbox of this one.
    #[test]
    fn the_header_has_this_form() {
        insta::assert_json_snapshot!(header(1));
    }
}
