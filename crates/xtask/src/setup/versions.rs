//! Are Rust and Node there, and new enough?

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::process;

const NODE: u32 = 20;

pub(crate) fn check(root: &Path) -> Result<()> {
    let manifest: toml::Table = std::fs::read_to_string(root.join("Cargo.toml"))?.parse()?;
    let wanted = manifest
        .get("workspace")
        .and_then(|workspace| workspace.get("package")?.get("rust-version")?.as_str())
        .context("Cargo.toml states no rust-version")?;
    let rust = process::output(Command::new("rustc").arg("--version")).context("`rustc` is not there: install Rust")?;
    let found = rust.split_whitespace().nth(1).unwrap_or_default();
    if version(found) < version(wanted) {
        bail!("Rust {found} is too old: this project needs {wanted}. Run `rustup update stable`");
    }
    let node = process::output(Command::new("node").arg("--version"))
        .with_context(|| format!("`node` is not there: install Node {NODE} or newer, with npm"))?;
    let node = node.trim().trim_start_matches('v');
    if version(node) < [NODE, 0] {
        bail!("Node {node} is too old: this project needs {NODE} or newer");
    }
    process::output(Command::new("npm").arg("--version")).context("`npm` is not there: install it beside Node")?;
    println!("  Rust {found}, Node {node}");
    Ok(())
}

/// Major and minor number; what can't be read counts as zero.
fn version(text: &str) -> [u32; 2] {
    let mut parts = text.split(['.', '-']).map(|part| part.parse().unwrap_or(0));
    [parts.next().unwrap_or(0), parts.next().unwrap_or(0)]
}

#[cfg(test)]
mod tests {
    use super::version;

    #[test]
    fn versions_compare_by_number() {
        assert!(version("1.100.0") > version("1.94"));
        assert!(version("20.2.1") >= [20, 0]);
        assert!(version("1.95.0-nightly") > version("1.94.1"));
        assert!(version("nonsense") < version("1.0"));
    }
}
