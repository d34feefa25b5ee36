//! A screen that nobody sees, and a message bus for the window on it.

use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, Result};

/// A virtual display with its own session bus. Both end when this is dropped.
pub struct Display {
    name: String,
    bus: String,
    screen: Child,
    daemon: Child,
}

impl Display {
    /// Starts `Xvfb` on a number of its own choosing, and `dbus-daemon`.
    pub fn start(width: u32, height: u32) -> Result<Self> {
        let mut screen = Command::new("Xvfb")
            .args(["-displayfd", "1", "-screen", "0", &format!("{width}x{height}x24"), "-nolisten", "tcp"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .context("Xvfb could not be started: `cargo xtask setup` installs it")?;
        let number = first_line(&mut screen)?;
        let mut daemon = Command::new("dbus-daemon")
            .args(["--session", "--nofork", "--print-address=1"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .context("dbus-daemon could not be started: `cargo xtask setup` installs it")?;
        let bus = first_line(&mut daemon)?;
        Ok(Self { name: format!(":{number}"), bus, screen, daemon })
    }

    /// Lets a program open its windows here.
    pub fn give_to(&self, command: &mut tokio::process::Command) {
        command.env("DISPLAY", &self.name).env("DBUS_SESSION_BUS_ADDRESS", &self.bus);
        command.env("GDK_BACKEND", "x11").env_remove("WAYLAND_DISPLAY");
    }
}

impl Drop for Display {
    fn drop(&mut self) {
        for child in [&mut self.daemon, &mut self.screen] {
            child.kill().ok();
            child.wait().ok();
        }
    }
}

fn first_line(child: &mut Child) -> Result<String> {
    use std::io::{BufRead as _, BufReader};

    let output = child.stdout.take().context("its output is piped")?;
    let mut line = String::new();
    BufReader::new(output).read_line(&mut line)?;
    Ok(line.trim().to_owned())
}
