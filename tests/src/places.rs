//! Where things lie.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};

/// The folder with the top-level `Cargo.toml`.
pub fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map(Path::to_path_buf).unwrap_or_default()
}

/// A program of this workspace, built by the same cargo command as the one that runs.
pub fn built(name: &str) -> Result<PathBuf> {
    let here = std::env::current_exe()?;
    // Tests lie in target/debug/deps, programs in target/debug.
    let path = here
        .ancestors()
        .map(|folder| folder.join(name))
        .take(4)
        .find(|path| path.is_file())
        .with_context(|| format!("the program {name} is not built: run `cargo xtask test`"))?;
    Ok(path)
}

/// A clip staged at set-up.
pub fn footage(name: &str) -> Result<PathBuf> {
    let path = workspace().join("tests/footage").join(name);
    ensure!(path.is_file(), "{} is not there: `cargo xtask setup` fetches it", path.display());
    Ok(path)
}

/// The folder of networks.
pub fn models() -> PathBuf {
    workspace().join("models")
}

/// The folder of the recorded person who follows instructions.
pub fn actor() -> PathBuf {
    workspace().join("tests/actor/cap12")
}
