//! `cargo xtask test`: all that CI runs.

use std::path::Path;
use std::process::Command;

use anyhow::Result;

use crate::stages::Stages;
use crate::{build, process, setup};

pub(crate) fn test(root: &Path, stages: &mut Stages, name: Option<&str>) -> Result<()> {
    setup::everything(root, stages, setup::Purpose::Tests)?;
    stages.stage("compile", || build::programs(root))?;
    if name.is_none() {
        stages.stage("format and lints", || lints(root))?;
        stages.stage("pages: types and tests", || pages(root))?;
    }
    stages.stage("tests", || {
        let mut command = build::cargo(root, "test");
        command.args(name.map(|name| ["--", name]).into_iter().flatten());
        process::run(&mut command)
    })
}

fn lints(root: &Path) -> Result<()> {
    process::run(Command::new("cargo").args(["fmt", "--all", "--check"]).current_dir(root))?;
    process::run(build::cargo(root, "clippy").args(["--all-targets", "--", "-D", "warnings"]))
}

fn pages(root: &Path) -> Result<()> {
    for script in ["check", "test", "test:browser"] {
        process::run(Command::new("npm").args(["run", "--silent", script]).current_dir(root.join("ui")))?;
    }
    Ok(())
}
