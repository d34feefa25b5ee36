//! Compiling, always with the same features, so that nothing is built twice.

use std::path::Path;
use std::process::Command;

use anyhow::Result;

use crate::process;

/// The demo parts: the actor as a camera. A release for people is built without them.
const FEATURES: &str = "jianzai-journey/demo,jianzai-app/demo";

/// `cargo` with the project's one set of features.
pub(crate) fn cargo(root: &Path, subcommand: &str) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root).arg(subcommand).args(["--locked", "--workspace", "--features", FEATURES]);
    command
}

/// Everything that runs.
pub(crate) fn programs(root: &Path) -> Result<()> {
    process::run(cargo(root, "build").arg("--all-targets"))
}
