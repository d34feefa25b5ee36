//! The pages that the window shows: `npm ci` and `npm run build` in `ui/`, each only when what it depends on has changed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};
use sha2::{Digest, Sha256};

use crate::process;

const INPUTS: [&str; 7] =
    ["svelte.config.js", "src", "public", "index.html", "package.json", "vite.config.ts", "tsconfig.json"];

pub(crate) fn build(root: &Path) -> Result<()> {
    let ui = root.join("ui");
    let lock = digest(&[ui.join("package-lock.json")])?;
    once(&ui.join("node_modules/.jianzai-installed"), &lock, || {
        process::run(Command::new("npm").args(["ci", "--no-fund", "--no-audit", "--loglevel=error"]).current_dir(&ui))
            .context("npm could not install the pages' packages: is the npm registry reachable? (`npm ping`)")
    })?;
    let inputs: Vec<PathBuf> = INPUTS.iter().map(|name| ui.join(name)).collect();
    let source = lock + &digest(&inputs)?;
    once(&ui.join("dist/.jianzai-built"), &source, || {
        process::run(Command::new("npm").args(["run", "--silent", "build"]).current_dir(&ui))
    })
}

/// Does the work unless `stamp` already holds `state`; then writes it.
fn once(stamp: &Path, state: &str, work: impl FnOnce() -> Result<()>) -> Result<()> {
    if fs::read_to_string(stamp).is_ok_and(|found| found == state) {
        return Ok(());
    }
    work()?;
    fs::write(stamp, state).with_context(|| format!("{} can't be written", stamp.display()))
}

/// One digest over files and folders, names included. What isn't there counts as empty.
fn digest(paths: &[PathBuf]) -> Result<String> {
    let mut hash = Sha256::new();
    let mut waiting: Vec<PathBuf> = paths.iter().rev().cloned().collect();
    while let Some(path) = waiting.pop() {
        if path.is_dir() {
            let mut inside: Vec<PathBuf> =
                fs::read_dir(&path)?.map(|entry| Ok(entry?.path())).collect::<Result<_>>()?;
            inside.sort_unstable_by(|a, b| b.cmp(a));
            waiting.extend(inside);
        } else if path.is_file() {
            let content = fs::read(&path)?;
            hash.update(path.to_string_lossy().as_bytes());
            hash.update((content.len() as u64).to_le_bytes());
            hash.update(content);
        }
    }
    Ok(hex::encode(hash.finalize()))
}
