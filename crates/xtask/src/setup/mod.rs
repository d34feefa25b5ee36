//! Set-up, in the order in which things need one another. Each part first looks whether its work is already done.

mod npm;
mod pages;
mod pinned;
mod system;
mod versions;

use std::path::Path;

use anyhow::Result;

use crate::stages::Stages;

/// What the set-up is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// To build and run.
    Run,
    /// To test besides.
    Tests,
}

/// All that building, running and testing need.
pub(crate) fn everything(root: &Path, stages: &mut Stages, purpose: Purpose) -> Result<()> {
    stages.stage("Rust and Node", || versions::check(root))?;
    if purpose == Purpose::Tests {
        versions::check_lint_tools()?;
    }
    stages.stage("system packages", || system::install(purpose))?;
    stages.stage("networks, ONNX Runtime and footage", || pinned::stage(root))?;
    stages.stage("pages", || pages::build(root))
}
