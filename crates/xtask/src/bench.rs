//! `cargo xtask bench …`: figures, always beside a peer in the same run. Never part of the tests.

use std::path::Path;
use std::process::Command;

use anyhow::{Result, bail};

use crate::stages::Stages;
use crate::{process, setup};

pub(crate) fn bench(root: &Path, stages: &mut Stages, what: &str) -> Result<()> {
    let (package, example) = match what {
        "face" => ("jianzai-face", "bench"),
        _ => bail!("there is no bench called {what:?}; there is: face"),
    };
    setup::everything(root, stages, setup::Purpose::Run)?;
    stages.stage(what, || {
        process::run(
            Command::new("cargo")
                .args(["run", "--locked", "--release", "--package", package, "--example", example])
                .current_dir(root),
        )
    })
}
