//! The terminal program `jianzai`, as a process of its own.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use anyhow::{Context as _, Result, bail, ensure};

use crate::people::Person;
use crate::places;
use crate::service::Service;

/// What a certification ended with: the exit status of `jianzai certify`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// Status 0.
    Certified,
    /// Status 2.
    Refused,
    /// Status 3.
    InReview,
}

/// One run of `jianzai certify --json`.
#[derive(Debug)]
pub struct Run {
    /// How it ended.
    pub ended: Ended,
    /// Its events, in order.
    pub events: Vec<serde_json::Value>,
}

impl Run {
    /// The codes of the last event that gives reasons.
    pub fn codes(&self) -> Vec<&str> {
        let reasons = self.events.iter().rev().find_map(|event| event.get("reasons")?.as_array());
        reasons.into_iter().flatten().filter_map(|reason| reason.get("code")?.as_str()).collect()
    }
}

/// One certification by terminal, told what to be seen by the camera.
pub struct Certify<'a> {
    /// The service.
    pub service: &'a Service,
    /// Who is certified.
    pub person: &'a Person,
    /// `self` or `assisted`.
    pub mode: &'a str,
    /// The recorded person before the camera.
    pub actor: PathBuf,
    /// Seed of the actor's delays.
    pub seed: u64,
    /// The program's own data (device key, outbox).
    pub data: &'a Path,
    /// Where the certificate goes.
    pub out: &'a Path,
}

impl Certify<'_> {
    /// The command, ready to be started; the facts lie in `data` only while it runs, given by standard input.
    pub fn command(&self) -> Result<Command> {
        let mut command = jianzai()?;
        command.args(["certify", "--json", "--consent", "yes", "--language", "zh", "--person", "-"]);
        command.args(["--server", self.service.url(), "--mode", self.mode]);
        command.arg("--actor").arg(&self.actor).args(["--seed", &self.seed.to_string()]);
        command.arg("--data").arg(self.data).arg("--out").arg(self.out);
        Ok(command)
    }

    /// Runs it to its end. A machine that stalls for more than a third of a second in the middle of a recording ends it with
    /// `camera.stopped`, and the person is offered another try; so it is here, twice at most.
    pub fn run(&self) -> Result<Run> {
        let mut stalls = 0;
        loop {
            let output = with_input(&mut self.command()?, &self.person.toml())?;
            let text = String::from_utf8_lossy(&output.stdout);
            let events = text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
            let ended = match output.status.code() {
                Some(0) => Ended::Certified,
                Some(2) => Ended::Refused,
                Some(3) => Ended::InReview,
                Some(1) if stalls < 2 && text.contains("\"camera.stopped\"") => {
                    stalls += 1;
                    continue;
                }
                other => {
                    bail!("jianzai certify ended with {other:?}: {text}{}", String::from_utf8_lossy(&output.stderr))
                }
            };
            return Ok(Run { ended, events });
        }
    }
}

/// Fetches the keys of a service into a file, as somebody who wants to check certificates does beforehand.
pub fn fetch_keys(service: &Service, to: &Path) -> Result<()> {
    let output = jianzai()?.args(["keys", "--server", service.url(), "--out"]).arg(to).output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}

/// `jianzai verify`: what it printed, and whether the certificate is good.
pub fn verify(certificate: &Path, keys: &Path) -> Result<(String, bool)> {
    let output = jianzai()?.arg("verify").arg(certificate).arg("--keys").arg(keys).output()?;
    Ok((String::from_utf8_lossy(&output.stdout).into_owned(), output.status.success()))
}

/// The program with the networks of this checkout.
pub fn jianzai() -> Result<Command> {
    let mut command = Command::new(places::built("jianzai")?);
    command.env("JIANZAI_MODELS", places::models());
    Ok(command)
}

fn with_input(command: &mut Command, input: &str) -> Result<Output> {
    use std::io::Write as _;
    use std::process::Stdio;

    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    child.stdin.take().context("its input is piped")?.write_all(input.as_bytes())?;
    Ok(child.wait_with_output()?)
}
