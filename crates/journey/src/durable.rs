//! Files that survive a crash: written aside, flushed to the disk, renamed into place, the folder flushed as well. Whoever
//! returns from [`write()`] may say "saved". Readable by this user alone.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

static TURN: AtomicU64 = AtomicU64::new(0);

/// Replaces or creates the file `name` in `folder`. After an error the former content, if any, is untouched.
pub(crate) fn write(folder: &Path, name: &str, content: &[u8]) -> io::Result<()> {
    // Unlike any other writer's, in this process or another: none may write into another's file.
    let turn = TURN.fetch_add(1, Ordering::Relaxed);
    let aside = folder.join(format!("{name}.{}-{turn}.{TEMPORARY}", std::process::id()));
    let mut file = private_file(&aside)?;
    file.write_all(content)?;
    file.sync_all()?;
    drop(file);
    fs::rename(&aside, folder.join(name))?;
    sync_folder(folder)
}

/// Removes a file, durably. It is no error if there is none.
pub(crate) fn remove(folder: &Path, name: &str) -> io::Result<()> {
    match fs::remove_file(folder.join(name)) {
        Ok(()) => sync_folder(folder),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

/// Creates a folder that only this user may enter, with its parents.
pub(crate) fn private_folder(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)?;
    // A relative name of one part lies in the present folder.
    match folder.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => sync_folder(parent),
        _ => sync_folder(Path::new(".")),
    }
}

/// The ending of files that were being written when the machine stopped.
pub(crate) const TEMPORARY: &str = "part";

fn private_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

#[cfg(unix)]
fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Elsewhere a folder cannot be opened as a file; the file system orders the rename itself.
#[cfg(not(unix))]
fn sync_folder(_folder: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_may_be_named_relative_to_the_present_one() {
        let name = format!("target-durable-test-{}", std::process::id());
        private_folder(Path::new(&name)).expect("made");
        fs::remove_dir(&name).expect("removed");
    }
}
