//! `cargo xtask bench …`: figures, each beside a peer, a limit or a snapshot. Never part of the tests.

mod postgres;
mod silent;

use std::path::Path;
use std::process::Command;

use anyhow::{Result, bail};

use crate::stages::Stages;
use crate::{process, setup};

/// `words` are handed to the benchmark as they are.
pub(crate) fn bench(root: &Path, stages: &mut Stages, what: &str, words: &[&str]) -> Result<()> {
    if let ("service", ["silent", words @ ..]) = (what, words) {
        return silent::run(root, stages, words);
    }
    let (package, kind, name, purpose) = match what {
        "face" => ("jianzai-face", "--example", "bench", setup::Purpose::Run),
        "liveness" => ("jianzai-tests", "--bin", "bench_liveness", setup::Purpose::Tests),
        "judge" => ("jianzai-tests", "--bin", "bench_judge", setup::Purpose::Tests),
        _ => bail!("there is no bench called {what:?}; there are: face, liveness, judge, service silent"),
    };
    setup::everything(root, stages, purpose)?;
    stages.stage(what, || {
        process::run(
            Command::new("cargo")
                .args(["run", "--locked", "--release", "--package", package, kind, name, "--"])
                .args(words)
                .current_dir(root),
        )
    })
}
