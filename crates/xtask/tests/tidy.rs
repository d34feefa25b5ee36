//! The invariants of docs/ARCHITECTURE.md, kept by reading the source. Each test names the invariant it keeps.

#![allow(clippy::expect_used, clippy::panic, reason = "a test says that it failed by panicking")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("the workspace is there")
}

/// Every file that the project keeps, relative to its root.
fn files(endings: &[&str]) -> Vec<PathBuf> {
    let list = Command::new("git").args(["ls-files", "-z"]).current_dir(root()).output().expect("git lists the files");
    assert!(list.status.success() && !list.stdout.is_empty(), "{}", String::from_utf8_lossy(&list.stderr));
    let names = String::from_utf8(list.stdout).expect("file names are UTF-8");
    names
        .split('\0')
        .filter(|name| endings.iter().any(|ending| name.ends_with(ending)))
        .map(PathBuf::from)
        .filter(|path| root().join(path).is_file())
        .collect()
}

fn text(path: &Path) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// What comes before the tests of a source file.
fn shipped(source: &str) -> &str {
    source.split("#[cfg(test)]").next().unwrap_or_default()
}

fn is_shipped(path: &Path) -> bool {
    let name = path.to_string_lossy();
    !["tests/", "/tests/", "/examples/", "/benches/", "/tests.rs"]
        .iter()
        .any(|part| name.contains(part) || name.starts_with(part))
}

fn dependencies(package: &str) -> BTreeSet<String> {
    let tree = Command::new(env!("CARGO"))
        .args([
            "tree",
            "--locked",
            "--offline",
            "--edges",
            "normal",
            "--prefix",
            "none",
            "--format",
            "{p}",
            "--package",
            package,
        ])
        .current_dir(root())
        .output()
        .expect("cargo draws the tree");
    assert!(tree.status.success(), "{}", String::from_utf8_lossy(&tree.stderr));
    let text = String::from_utf8_lossy(&tree.stdout).into_owned();
    text.lines().filter_map(|line| line.split_whitespace().next().map(str::to_owned)).collect()
}

fn manifest(folder: &str) -> toml::Table {
    text(&Path::new(folder).join("Cargo.toml")).parse().expect("a manifest is TOML")
}

#[test]
fn liveness_does_no_input_or_output() {
    let found = dependencies("jianzai-liveness");
    for foreign in ["ort", "tokio", "tauri", "reqwest", "axum", "ndarray", "image", "rand"] {
        assert!(!found.contains(foreign), "jianzai-liveness depends on {foreign}");
    }
    for path in files(&[".rs"]).into_iter().filter(|path| path.starts_with("crates/liveness/src")) {
        for call in ["std::fs", "std::net", "SystemTime", "Instant::now", "thread::spawn"] {
            assert!(!shipped(&text(&path)).contains(call), "{} uses {call}", path.display());
        }
    }
}

#[test]
fn the_window_holds_no_rules() {
    let manifest = manifest("src-tauri");
    let direct = manifest["dependencies"].as_table().expect("a table");
    for rules in ["jianzai-liveness", "jianzai-evidence", "jianzai-face", "reqwest", "ort"] {
        assert!(!direct.contains_key(rules), "src-tauri depends on {rules}: such things belong in crates/journey");
    }
}

#[test]
fn the_core_knows_neither_window_nor_server() {
    for package in [
        "jianzai-wire",
        "jianzai-liveness",
        "jianzai-face",
        "jianzai-evidence",
        "jianzai-examiner",
        "jianzai-certificate",
    ] {
        let found = dependencies(package);
        for foreign in ["tauri", "axum", "reqwest", "sea-orm", "nokhwa"] {
            assert!(!found.contains(foreign), "{package} depends on {foreign}");
        }
    }
    assert!(!dependencies("jianzai-server").contains("jianzai-camera"), "the server has no camera, and no actor");
}

#[test]
fn personal_values_cannot_print_themselves() {
    let personal = ["Name", "IdNumber", "PersonFacts", "Secret", "Division"];
    for path in files(&[".rs"]).into_iter().filter(|path| path.starts_with("crates/wire/src")) {
        let source = text(&path);
        for name in personal {
            let display =
                [format!("Display for {name} "), format!("Display for {name}\n"), format!("LowerHex for {name}")];
            assert!(!display.iter().any(|text| source.contains(text)), "{}: {name} prints itself", path.display());
            let Some(at) = source.find(&format!("pub struct {name}")) else { continue };
            let attributes = source[..at].rsplit("\n\n").next().unwrap_or_default();
            assert!(!attributes.contains("Debug"), "{}: {name} derives Debug", path.display());
        }
    }
}

#[test]
fn what_writes_to_disk_is_known() {
    // A new place that writes files is looked at by a person first: is everything personal in it sealed?
    let known: BTreeSet<&str> =
        include_str!("writes_to_disk.txt").lines().filter(|line| !line.starts_with('#')).collect();
    let calls = ["fs::write", "File::create", "File::options", "OpenOptions", "create_new", "fs::rename", "fs::copy"];
    let mut found = BTreeSet::new();
    for path in files(&[".rs"]).into_iter().filter(|path| is_shipped(path)) {
        let name = path.to_string_lossy().into_owned();
        if !name.starts_with("crates/xtask") && calls.iter().any(|call| shipped(&text(&path)).contains(call)) {
            found.insert(name);
        }
    }
    let found: BTreeSet<&str> = found.iter().map(String::as_str).collect();
    assert_eq!(found, known, "left: what writes; right: crates/xtask/tests/writes_to_disk.txt");
}

#[test]
fn the_server_never_relies_on_the_phones_verdict() {
    let judging = |path: &PathBuf| path.starts_with("crates/server/src") || path.starts_with("crates/examiner/src");
    for path in files(&[".rs"]).into_iter().filter(judging) {
        let source = text(&path);
        assert!(!source.contains("liveness::coach"), "{}: the Coach is the phone's", path.display());
        if path.to_string_lossy().contains("judging") || path.starts_with("crates/examiner") {
            assert!(
                !shipped(&source).contains("CaptureEnd"),
                "{}: the phone's own end decides nothing",
                path.display()
            );
        }
    }
}

#[test]
fn each_dependency_has_one_version_stated_in_one_place() {
    for path in files(&["Cargo.toml"]).into_iter().filter(|path| path != Path::new("Cargo.toml")) {
        let manifest: toml::Table = text(&path).parse().expect("a manifest is TOML");
        for section in ["dependencies", "dev-dependencies", "build-dependencies"] {
            for (name, value) in manifest.get(section).and_then(toml::Value::as_table).into_iter().flatten() {
                let shared = value.get("workspace").and_then(toml::Value::as_bool) == Some(true);
                assert!(shared, "{}: {name} states its own version", path.display());
            }
        }
    }
}

#[test]
fn files_are_short_and_finished() {
    for path in files(&[".rs", ".ts", ".svelte", ".css", ".mjs", ".py"]) {
        let source = text(&path);
        let name = path.display();
        assert!(source.lines().count() <= 500, "{name} has {} lines: it wants to be two files", source.lines().count());
        if path.ends_with("tidy.rs") {
            continue;
        }
        for word in
            ["TODO", "FIXME", "XXX", "todo!(", "unimplemented!(", "dbg!(", concat!("/wo", "rk/"), "/home/", "/root/"]
        {
            assert!(!source.contains(word), "{name} contains {word}");
        }
    }
}

#[test]
fn every_crate_says_what_it_is_for() {
    for folder in ["wire", "camera", "face", "liveness", "evidence", "examiner", "certificate", "journey", "server"] {
        let source = text(&Path::new("crates").join(folder).join("src/lib.rs"));
        let docs: Vec<&str> = source.lines().take_while(|line| line.starts_with("//!")).collect();
        assert!(docs.len() >= 5, "crates/{folder}/src/lib.rs: say what comes in, what goes out and what can go wrong");
    }
}

#[test]
fn libraries_print_nothing() {
    let programs = ["src/main.rs", "src/bin/", "program", "crates/xtask/", "src-tauri/build.rs"];
    for path in files(&[".rs"]).into_iter().filter(|path| is_shipped(path)) {
        let name = path.to_string_lossy().into_owned();
        if programs.iter().any(|part| name.contains(part)) {
            continue;
        }
        for call in ["println!", "eprintln!", "print!(", "dbg!("] {
            let prints =
                shipped(&text(&path)).lines().any(|line| !line.trim_start().starts_with("//") && line.contains(call));
            assert!(!prints, "{name} uses {call}");
        }
    }
}
