//! Command line and exit status.

mod certify;
mod check;
mod lease;
mod talk;
mod waiting;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use jianzai_journey::{Journey, JourneyConfig, system_language};
use jianzai_wire::Language;
use tracing_subscriber::EnvFilter;

/// 健在: shows once a year that a person who draws a pension is alive and well.
#[derive(Parser)]
#[command(version, after_help = STATUS)]
struct Arguments {
    /// Language of prompts and reasons; by default that of the system.
    #[arg(long, global = true, value_enum)]
    language: Option<Spoken>,
    #[command(subcommand)]
    command: Command,
}

const STATUS: &str = "Exit status: 0 certified or valid, 2 refused or invalid, 3 in review, 1 error.";

#[derive(Subcommand)]
enum Command {
    /// Certify a person before a camera.
    Certify(certify::Certify),
    /// Take a plan along to somebody who lives where there is no network; then `certify --lease`.
    Lease(lease::TakeAlong),
    /// Check a certificate, without asking anyone.
    Verify(check::Verify),
    /// Fetch the keys that certificates are checked with, and the list of those that were revoked.
    Keys(check::FetchKeys),
    /// List what was captured and not yet judged, and deliver it.
    Outbox(waiting::Waiting),
}

#[derive(Clone, Copy, ValueEnum)]
enum Spoken {
    Zh,
    En,
}

/// Where this installation keeps its own things.
#[derive(Args)]
struct Place {
    /// Folder of device key and outbox.
    #[arg(long, value_name = "DIR", env = "JIANZAI_DATA", default_value_os_t = default_data())]
    data: PathBuf,
    /// Folder with MODELS.toml and the networks.
    #[arg(long, value_name = "DIR", env = "JIANZAI_MODELS", default_value = "models")]
    models: PathBuf,
    /// Seconds to go on delivering and waiting for the outcome; after that it stays in the outbox.
    #[arg(long, value_name = "SECONDS", default_value_t = 600)]
    patience: u64,
}

impl Place {
    fn journey(&self, server: &str, language: Language) -> anyhow::Result<Journey> {
        Ok(Journey::new(JourneyConfig {
            server: server.to_owned(),
            data: self.data.clone(),
            models: self.models.clone(),
            language,
            patience: Duration::from_secs(self.patience),
        })?)
    }
}

fn default_data() -> PathBuf {
    dirs::data_local_dir().unwrap_or_else(std::env::temp_dir).join("jianzai")
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ended {
    Good,
    Failed,
    Refused,
    InReview,
}

impl From<Ended> for ExitCode {
    fn from(ended: Ended) -> Self {
        Self::from(match ended {
            Ended::Good => 0,
            Ended::Failed => 1,
            Ended::Refused => 2,
            Ended::InReview => 3,
        })
    }
}

/// Runs the program.
pub(crate) fn run() -> ExitCode {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("error"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    let Arguments { language, command } = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        // Wrong arguments are an error (1), not a refusal (2).
        Err(error) => {
            let ended = if error.use_stderr() { Ended::Failed } else { Ended::Good };
            return error.print().map_or(Ended::Failed, |()| ended).into();
        }
    };
    let language = match language {
        Some(Spoken::Zh) => Language::Zh,
        Some(Spoken::En) => Language::En,
        None => system_language(),
    };
    let ended = match command {
        Command::Certify(certify) => certify.run(language),
        Command::Lease(lease) => lease.run(language),
        Command::Verify(verify) => verify.run(language),
        Command::Keys(keys) => keys.run(language),
        Command::Outbox(waiting) => waiting.run(language),
    };
    let ended = ended.unwrap_or_else(|error| {
        talk::complain(&error);
        Ended::Failed
    });
    jianzai_journey::close_networks();
    ended.into()
}

/// A runtime for calls made from here.
fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_current_thread().enable_all().build()?)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_one_and_takes_a_camera() {
        Arguments::command().debug_assert();
        let certify = |more: &[&str]| {
            let first = ["jianzai", "certify", "--server", "https://x", "--person", "-", "--mode", "self"];
            Arguments::try_parse_from(first.iter().chain(more))
        };
        assert!(certify(&["--camera", "0"]).is_ok());
        assert!(certify(&[]).is_err());
        assert!(certify(&["--camera", "0", "--consent", "no"]).is_err());
    }
}
