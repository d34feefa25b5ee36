//! Files that survive a power cut: written, flushed to the disk, and their folder with them.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

/// Works where waiting for the disk, or for a long calculation, keeps no call waiting.
pub(crate) async fn off_thread<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(io::Error::other)?
}

/// Makes a folder (and those above it) that only this user can look into.
pub(crate) fn private_folder(path: &Path) -> io::Result<()> {
    fs::create_dir_all(path)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(path, fs::Permissions::from_mode(0o700))?;
    }
    sync_folder(path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new(".")))
}

/// Makes a new file that only this user can read, with all of `content` on the disk before it has its name.
pub(crate) fn create_private(path: &Path, content: &[u8]) -> io::Result<()> {
    let folder = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
    let draft = draft_of(path);
    let mut file = private().truncate(true).open(&draft)?;
    file.write_all(content)?;
    file.sync_all()?;
    fs::rename(&draft, path)?;
    sync_folder(folder)
}

/// Where a file that is being made lies until all of it is on the disk; left there if the power goes meanwhile.
pub(crate) fn draft_of(path: &Path) -> PathBuf {
    path.with_extension("draft")
}

/// Makes an empty file that only this user can read; its name is on the disk before this returns.
pub(crate) fn create_empty(path: &Path) -> io::Result<()> {
    private().truncate(true).open(path)?.sync_all()?;
    sync_folder(path.parent().ok_or(io::ErrorKind::InvalidInput)?)
}

/// Writes `piece` at `offset` of an existing file, whatever lay there before, and waits for the disk.
pub(crate) fn write_at(path: &Path, offset: u64, piece: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).open(path)?;
    file.set_len(offset)?;
    file.seek(SeekFrom::Start(offset))?;
    file.write_all(piece)?;
    file.sync_all()
}

fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).create(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    options
}

fn sync_folder(folder: &Path) -> io::Result<()> {
    // Windows can't open a folder as a file; there, renames are ordered by the file system's journal.
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_piece_replaces_whatever_lay_behind_its_offset() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("staged");
        create_empty(&path).unwrap();
        write_at(&path, 0, b"abcdef").unwrap();
        write_at(&path, 3, b"x").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"abcx");
    }

    #[cfg(unix)]
    #[test]
    fn nobody_else_can_read_it() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let (keys, path) = (folder.path().join("keys"), folder.path().join("keys/a.key"));
        private_folder(&keys).unwrap();
        create_private(&path, b"secret").unwrap();
        assert_eq!(fs::metadata(&keys).unwrap().permissions().mode() & 0o777, 0o700);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(&keys).unwrap().count(), 1, "no draft stays behind");
    }
}
