//! The terminal program `jianzai`, as a process of its own.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, Result, bail, ensure};
use jianzai_wire::Action;
use serde_json::Value;

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
    pub events: Vec<Value>,
}

impl Run {
    /// The actions that were asked for, in order.
    pub fn asked(&self) -> Vec<&str> {
        let told = self.events.iter().filter(|event| event["event"] == "tell");
        let told = told.filter_map(|event| event["instruction"].as_str());
        told.filter(|name| Action::ALL.iter().any(|action| action.name() == *name)).collect()
    }

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

    /// Runs it to its end.
    pub fn run(&self) -> Result<Run> {
        self.run_hearing(|_, _| Ok(()))
    }

    /// Runs it to its end; `hear` gets every event as it is told, and the process.
    pub fn run_hearing(&self, hear: impl FnMut(&Value, &mut Child) -> Result<()>) -> Result<Run> {
        self.run_with(&self.person.toml(), hear)
    }

    /// Runs it until the service has the bundle, and then kills it: whoever judges has the time for it.
    pub fn deliver(&self) -> Result<()> {
        let mut waits = false;
        follow(self.command()?, &self.person.toml(), |event, program| {
            if event["event"] == "judging" {
                waits = true;
                program.kill()?;
            }
            Ok(())
        })?;
        ensure!(waits, "attempt {} of {} was not delivered", self.seed, self.mode);
        Ok(())
    }

    /// Runs it to its end with more in the file of facts: lines of TOML.
    pub fn run_saying(&self, more: &str) -> Result<Run> {
        self.run_with(&(self.person.toml() + more), |_, _| Ok(()))
    }

    fn run_with(&self, facts: &str, hear: impl FnMut(&Value, &mut Child) -> Result<()>) -> Result<Run> {
        let (events, status) = follow(self.command()?, facts, hear)?;
        let ended = match status {
            Some(0) => Ended::Certified,
            Some(2) => Ended::Refused,
            Some(3) => Ended::InReview,
            other => bail!("jianzai certify ended with {other:?}: {:?}", events.last()),
        };
        Ok(Run { ended, events })
    }
}

/// Runs a program that prints an event on every line, to its end or until `hear` kills it. Gives the events and the exit
/// status, if it had one.
pub fn follow(
    mut command: Command,
    input: &str,
    mut hear: impl FnMut(&Value, &mut Child) -> Result<()>,
) -> Result<(Vec<Value>, Option<i32>)> {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    child.stdin.take().context("its input is piped")?.write_all(input.as_bytes())?;
    let output = child.stdout.take().context("its output is piped")?;
    let mut events = Vec::new();
    for line in BufReader::new(output).lines() {
        let event: Value = serde_json::from_str(&line?).context("every line is an event")?;
        hear(&event, &mut child)?;
        events.push(event);
    }
    Ok((events, child.wait()?.code()))
}

/// Fetches the keys of a service into a file, and the list of revoked certificates into one beside it, as somebody who wants
/// to check certificates does beforehand.
pub fn fetch_keys(service: &Service, to: &Path) -> Result<()> {
    let mut keys = jianzai()?;
    keys.args(["keys", "--server", service.url(), "--out"]).arg(to).arg("--revoked").arg(revoked_beside(to));
    let output = keys.output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}

fn revoked_beside(keys: &Path) -> PathBuf {
    keys.with_file_name("revoked.txt")
}

/// `jianzai verify`: what it printed, and whether the certificate is good.
pub fn verify(certificate: &Path, keys: &Path) -> Result<(String, bool)> {
    let mut verify = jianzai()?;
    verify.arg("verify").arg(certificate).arg("--keys").arg(keys).arg("--revoked").arg(revoked_beside(keys));
    let output = verify.output()?;
    Ok((String::from_utf8_lossy(&output.stdout).into_owned(), output.status.success()))
}

/// The program with the networks of this checkout.
pub fn jianzai() -> Result<Command> {
    let mut command = Command::new(places::built("jianzai")?);
    command.env("JIANZAI_MODELS", places::models());
    Ok(command)
}
