//! Set-up, in the order in which things need one another. Each part first looks whether its work is already done.

mod npm;
mod pages;
mod pinned;
mod system;
mod versions;

use std::path::Path;

use anyhow::Result;

use crate::stages::Stages;

/// All that building, running and testing need.
pub(crate) fn everything(root: &Path, stages: &mut Stages) -> Result<()> {
    stages.stage("Rust and Node", || versions::check(root))?;
    stages.stage("system packages", system::install)?;
    stages.stage("networks, ONNX Runtime and footage", || pinned::stage(root))?;
    stages.stage("pages", || pages::build(root))
}
