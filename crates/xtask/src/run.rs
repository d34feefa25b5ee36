//! `cargo xtask run`: the service with a demo register, and the app before it.

use std::path::Path;
use std::process::Command;

use anyhow::Result;

use crate::stages::Stages;
use crate::{build, process, setup};

/// With a display the app opens for a person to use; without one (or `headless`) it is driven the whole way, twice.
pub(crate) fn run(root: &Path, stages: &mut Stages, headless: bool) -> Result<()> {
    setup::everything(root, stages, setup::Purpose::Run)?;
    stages.stage("compile", || build::programs(root))?;
    let display =
        ["DISPLAY", "WAYLAND_DISPLAY"].iter().any(|name| std::env::var_os(name).is_some_and(|v| !v.is_empty()));
    let mut demo = Command::new(root.join("target/debug/demo"));
    demo.current_dir(root);
    if headless || !display {
        demo.arg("--headless");
    }
    stages.stage("demo", || process::run(&mut demo))
}
