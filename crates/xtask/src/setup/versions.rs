//! Are Rust and Node there, and new enough?

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::process;

/// What the pages' packages ask for: 20.19 or newer in that line, else 22.12 or newer.
fn node_is_new_enough(node: [u32; 2]) -> bool {
    ([20, 19]..[21, 0]).contains(&node) || node >= [22, 12]
}

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
        .context("`node` is not there: install Node 22.12 or newer (or 20.19), with npm")?;
    let node = node.trim().trim_start_matches('v');
    if !node_is_new_enough(version(node)) {
        bail!("Node {node} won't do: the pages' packages need 20.19 or newer of that line, or 22.12 or newer");
    }
    process::output(Command::new("npm").arg("--version")).context("`npm` is not there: install it beside Node")?;
    process::output(Command::new("git").arg("--version")).context("`git` is not there: install it")?;
    println!("  Rust {found}, Node {node}");
    Ok(())
}

/// What only `cargo xtask test` needs: that it is missing is said before anything is compiled.
pub(crate) fn check_lint_tools() -> Result<()> {
    for (tool, component) in [("fmt", "rustfmt"), ("clippy", "clippy")] {
        process::output(Command::new("cargo").args([tool, "--version"]))
            .with_context(|| format!("`cargo {tool}` is not there: run `rustup component add {component}`"))?;
    }
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
        assert!(super::node_is_new_enough(version("20.20.2")) && super::node_is_new_enough(version("24.0.0")));
        assert!(!super::node_is_new_enough(version("20.2.1")) && !super::node_is_new_enough(version("21.7.0")));
        assert!(version("1.95.0-nightly") > version("1.94.1"));
        assert!(version("nonsense") < version("1.0"));
    }
}
