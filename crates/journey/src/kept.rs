//! Certificates that were told of and perhaps saved nowhere yet.
//!
//! **In**: the text of a certificate, before its item leaves the outbox. **Out**: a file below the app's own folder, named by
//! the attempt, until the person has saved the certificate elsewhere, or for [`KEPT`]. The name in it is masked, and there is
//! neither ID number nor face. **What can go wrong**: the disk is full; the certificate is still shown, and the service still
//! has it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use uuid::Uuid;

use crate::durable;

/// Longer than anybody needs to notice that the app was killed; shorter than a round of visits becomes a list of people.
const KEPT: Duration = Duration::from_hours(14 * 24);

/// Keeps one.
pub(crate) fn keep(data: &Path, attempt: Uuid, text: &str) {
    let folder = folder(data);
    let kept = durable::private_folder(&folder)
        .and_then(|()| durable::write(&folder, &format!("{attempt}.txt"), text.as_bytes()));
    if let Err(error) = kept {
        tracing::warn!(%error, "the certificate could not be kept; it is still shown");
    }
}

/// Forgets one that is saved elsewhere.
pub(crate) fn forget(data: &Path, attempt: Uuid) {
    if let Err(error) = durable::remove(&folder(data), &format!("{attempt}.txt")) {
        tracing::warn!(%error, "a certificate saved elsewhere stays in the app's folder for a while");
    }
}

/// Forgets those of long ago.
pub(crate) fn forget_old(data: &Path) {
    // No folder yet: nothing to forget.
    let Ok(entries) = std::fs::read_dir(folder(data)) else { return };
    for entry in entries.flatten() {
        let age = entry.metadata().and_then(|data| data.modified()).ok().and_then(|at| at.elapsed().ok());
        if age.is_some_and(|age| age > KEPT)
            && let Err(error) = std::fs::remove_file(entry.path())
        {
            tracing::warn!(%error, "an old certificate stays in the app's folder");
        }
    }
}

fn folder(data: &Path) -> PathBuf {
    data.join("certificates")
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;

    #[test]
    fn what_is_saved_elsewhere_or_old_is_forgotten_and_nothing_else() {
        let data = tempfile::tempdir().expect("a folder");
        forget_old(data.path());
        let [saved, old, fresh] = [1, 2, 3].map(Uuid::from_u128);
        for attempt in [saved, old, fresh] {
            keep(data.path(), attempt, "JZ1:a-certificate");
        }
        let file = std::fs::File::options().write(true).open(folder(data.path()).join(format!("{old}.txt")));
        file.and_then(|file| file.set_modified(SystemTime::now() - KEPT - Duration::from_secs(60))).expect("aged");
        forget(data.path(), saved);
        forget_old(data.path());
        let left: Vec<_> = std::fs::read_dir(folder(data.path())).expect("a folder").flatten().collect();
        assert_eq!(left.len(), 1);
        assert_eq!(left[0].file_name().to_string_lossy(), format!("{fresh}.txt"));
    }
}
