//! `cargo xtask bench …`: figures, each beside a peer, a limit or a snapshot. Never part of the tests.

use std::path::Path;
use std::process::Command;

use anyhow::{Result, bail};

use crate::stages::Stages;
use crate::{process, setup};

/// `words` are handed to the benchmark as they are.
pub(crate) fn bench(root: &Path, stages: &mut Stages, what: &str, words: &[&str]) -> Result<()> {
    let (package, kind, name, purpose) = match what {
        "face" => ("jianzai-face", "--example", "bench", setup::Purpose::Run),
        "liveness" => ("jianzai-tests", "--bin", "bench_liveness", setup::Purpose::Tests),
        "judge" => ("jianzai-tests", "--bin", "bench_judge", setup::Purpose::Tests),
        "service" => return service(root, stages, words),
        "year" => return with_programs(root, stages, "bench_year", words),
        _ => bail!("there is no bench called {what:?}; there are: face, liveness, judge, service, year"),
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

/// The parts of `bench service`; without a name, all of them, each whatever came of those before it. Ten million people take
/// sixty gigabytes of the disk for half an hour.
fn service(root: &Path, stages: &mut Stages, words: &[&str]) -> Result<()> {
    match words {
        [] => {
            let parts = [
                submissions(root, stages),
                with_programs(root, stages, "bench_silent", &[]),
                with_programs(root, stages, "bench_silent", &["--large"]),
            ];
            parts.into_iter().collect()
        }
        ["submissions"] => submissions(root, stages),
        ["silent", words @ ..] => with_programs(root, stages, "bench_silent", words),
        [part, ..] => bail!("`bench service` has no part called {part:?}; there are: submissions, silent"),
    }
}

/// The peer's packages lie beside it, as its lock file says.
fn submissions(root: &Path, stages: &mut Stages) -> Result<()> {
    let peer = root.join("tests/bench/submissions");
    stages.stage("the peer's packages", || {
        let mut install = Command::new("npm");
        process::run(install.args(["ci", "--no-fund", "--no-audit", "--loglevel=error"]).current_dir(&peer))
    })?;
    with_programs(root, stages, "bench_submissions", &[])
}

/// A benchmark that drives the programs as they are shipped, beside which it is built.
fn with_programs(root: &Path, stages: &mut Stages, name: &str, words: &[&str]) -> Result<()> {
    setup::everything(root, stages, setup::Purpose::Tests)?;
    stages.stage("compile", || {
        let mut build = Command::new("cargo");
        build.args(["build", "--locked", "--release"]);
        build.args(["--package", "jianzai-server", "--package", "jianzai-journey", "--package", "jianzai-tests"]);
        process::run(build.args(["--bin", "jianzai-server", "--bin", "jianzai", "--bin", name]).current_dir(root))
    })?;
    let program = root.join("target/release").join(name);
    stages.stage(name, || process::run(Command::new(program).args(words).current_dir(root)))
}
