//! `cargo xtask run | test | bench | setup`: everything a newcomer types.
//!
//! **In**: a checkout on Debian or Ubuntu with Rust and Node. **Out**: the running app, the test result, the figures. Each
//! command does its own set-up first and does nothing twice. **What can go wrong**: a tool too old, a package that may not
//! be installed, a file whose hash isn't the pinned one; each stops with one sentence and the remedy.
//!
//! This program needs no system library, so that it can install those that the rest needs.

mod bench;
mod build;
mod process;
mod run;
mod setup;
mod stages;
mod test;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};

use crate::stages::Stages;

const USAGE: &str = "\
cargo xtask run [--headless]     set up, start the service with a demo register, open the app
                                 (--headless: go the whole way by itself in a virtual display)
cargo xtask test [NAME]          set up and run everything that CI runs (NAME: only tests whose name contains it)
cargo xtask bench face           measure a tracked frame, beside a peer
cargo xtask bench liveness       labelled trials of genuine people and attacks, held against a snapshot
                                 (--quick, --only SPECIES, --pictures FOLDER, --accept)
cargo xtask bench judge          measure what judging an attempt costs
cargo xtask bench service silent  certification by data for 2 million people, beside a bare COPY, join and insert
                                 (--large: 10 million, --people N)
cargo xtask bench service submissions  what takes submissions in, beside Node, fastify and pg on the same database
cargo xtask bench year           a year of 100,000 people, in peace and with everything killed, row by row
                                 (--people N, --seed N, --postgres)
cargo xtask setup                only the set-up";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match dispatch(&words) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\n✗ {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(words: &[&str]) -> Result<()> {
    let root = workspace_root()?;
    let mut stages = Stages::new();
    let done = match words {
        ["run"] => run::run(&root, &mut stages, false),
        ["run", "--headless"] => run::run(&root, &mut stages, true),
        ["test"] => test::test(&root, &mut stages, None),
        ["test", name] => test::test(&root, &mut stages, Some(name)),
        ["bench", what, words @ ..] => bench::bench(&root, &mut stages, what, words),
        ["setup"] => setup::everything(&root, &mut stages, setup::Purpose::Tests),
        _ => bail!("that is not a command I know.\n\n{USAGE}"),
    };
    stages.summary();
    done
}

/// The folder with the top-level `Cargo.toml`.
fn workspace_root() -> Result<PathBuf> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).map(Path::to_path_buf).context("this program is not inside its workspace")
}
