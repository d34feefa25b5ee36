//! Packages of the operating system: the window's libraries, and what its tests are driven with.

use std::process::Command;

use anyhow::{Result, bail};

use crate::process;
use crate::setup::Purpose;

/// Debian and Ubuntu names, with what each group is for.
const PACKAGES: &[(&str, &[&str])] = &[
    // With `nasm` the video encoder and decoder are built with their assembler.
    ("to compile", &["build-essential", "pkg-config", "libclang-dev", "libssl-dev", "nasm"]),
    ("the window", &["libwebkit2gtk-4.1-dev", "librsvg2-dev", "libxdo-dev", "libayatana-appindicator3-dev"]),
    (
        "sound and pictures in the window",
        &["gstreamer1.0-plugins-base", "gstreamer1.0-plugins-good", "gstreamer1.0-plugins-bad", "gstreamer1.0-libav"],
    ),
    ("Chinese letters, rare ones too", &["fonts-noto-cjk", "fonts-babelstone-han"]),
    ("a window without a screen", &["xvfb", "xauth", "dbus", "dbus-x11", "webkit2gtk-driver"]),
];

/// What only the tests need besides.
const FOR_TESTS: &[&str] = &["chromium", "ffmpeg", "strace", "sqlite3", "postgresql"];

/// Installs what is missing. Where this user may not install, says which command somebody who may has to run.
pub(crate) fn install(purpose: Purpose) -> Result<()> {
    let wanted = || {
        let tests = if purpose == Purpose::Tests { FOR_TESTS } else { &[] };
        PACKAGES.iter().flat_map(|(_, names)| names.iter()).chain(tests).copied()
    };
    if process::output(Command::new("dpkg-query").arg("--version")).is_none() {
        let all: Vec<&str> = wanted().collect();
        println!("  this is not Debian or Ubuntu; if the build fails, install what corresponds to: {}", all.join(" "));
        return Ok(());
    }
    let missing: Vec<&str> = wanted().filter(|name| !installed(name)).collect();
    if missing.is_empty() {
        println!("  all there");
        return Ok(());
    }
    let by_hand = format!("apt-get update && apt-get install -y {}", missing.join(" "));
    let Some(prefix) = may_install() else {
        bail!("{} packages are missing and I may not install them. As root, run:\n  {by_hand}", missing.len());
    };
    println!("  installing {}", missing.join(" "));
    let apt = |arguments: &[&str]| {
        let mut words = prefix.iter().copied().chain(["apt-get", "-qq", "-o", "DPkg::Lock::Timeout=600"]);
        let mut command = Command::new(words.next().unwrap_or("apt-get"));
        command
            .args(words)
            .args(arguments)
            .env("DEBIAN_FRONTEND", "noninteractive")
            .stdout(std::process::Stdio::null());
        process::run(&mut command)
    };
    apt(&["update"])?;
    let mut install = vec!["install", "-y", "--no-install-recommends"];
    install.extend(&missing);
    if let Err(error) = apt(&install) {
        bail!("{error}. Run it by hand to see why:\n  {by_hand}");
    }
    Ok(())
}

fn installed(package: &str) -> bool {
    process::output(Command::new("dpkg-query").args(["-W", "-f", "${db:Status-Status}", package]))
        .is_some_and(|status| status == "installed")
}

/// What to put before a command so that it runs as root, if that is possible without a password.
fn may_install() -> Option<&'static [&'static str]> {
    let user = process::output(Command::new("id").arg("-u"))?;
    if user.trim() == "0" {
        return Some(&["env"]);
    }
    process::output(Command::new("sudo").args(["-n", "true"]))?;
    Some(&["sudo", "-n", "--preserve-env=DEBIAN_FRONTEND"])
}
