//! `jianzai lease`: a volunteer takes a plan along.
//!
//! The file that it writes holds the plan and the token of one attempt, and nothing about the person but an identifier. It is
//! readable by its owner only, and worth nothing after the lease or on another device.

use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;
use jianzai_journey::{Client, ClientError, Said, TakenPlan, device_key};
use jianzai_wire::lease::LeaseRequest;
use jianzai_wire::{Action, Bytes32, Language, Mode, Secret};
use time::OffsetDateTime;
use uuid::Uuid;

use super::certify::Doing;
use super::talk::Teller;
use super::{Ended, Place, runtime};

/// A token has 43 characters.
const LONGEST_TOKEN: u64 = 1_024;

#[derive(Args)]
pub(crate) struct TakeAlong {
    /// Address of the service.
    #[arg(long, value_name = "URL", env = "JIANZAI_SERVER")]
    server: String,
    /// File with the token of the volunteer's session; `-` reads standard input.
    #[arg(long, value_name = "FILE|-")]
    session: PathBuf,
    /// The person, as the volunteer's list names them.
    #[arg(long, value_name = "ID")]
    person: Uuid,
    /// An action that the person cannot do; may be given several times.
    #[arg(long, value_enum, value_name = "ACTION")]
    cannot: Vec<Doing>,
    /// For a recorded person in place of the camera.
    #[cfg(feature = "demo")]
    #[arg(long)]
    demo: bool,
    /// Where to write it.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    #[command(flatten)]
    place: Place,
}

impl TakeAlong {
    pub(crate) fn run(self, language: Language) -> anyhow::Result<Ended> {
        let teller = Teller::new(language, Mode::Assisted, false);
        let key = device_key(&self.place.data)?;
        let request = LeaseRequest {
            person: self.person,
            device_key: Bytes32(key.verifying_key().to_bytes()),
            cannot: self.cannot.iter().map(|doing| doing.action()).collect::<Vec<Action>>(),
            limitations: Vec::new(),
            demo: self.demo(),
        };
        let client = Client::new(&self.server, language)?;
        let session = session(&self.session)?;
        match runtime()?.block_on(client.lease(&session, &request)) {
            Ok(lease) => {
                let until = lease.attempt.commit_by;
                let taken = TakenPlan { server: self.server, lease, taken_at: OffsetDateTime::now_utc() };
                taken.write(&self.out).with_context(|| self.out.display().to_string())?;
                teller.remark(&format!("已取好，{until} 之前有效。"), &format!("Taken along; good until {until}."))?;
                Ok(Ended::Good)
            }
            Err(ClientError::Refused(problem)) => {
                let said = Said::new(problem.code, language);
                teller.line(&format!("✘ [{}] {} {}", said.code, said.sentence, said.next_step))?;
                Ok(Ended::Refused)
            }
            Err(error) => Err(error.into()),
        }
    }

    #[cfg(feature = "demo")]
    fn demo(&self) -> bool {
        self.demo
    }

    #[cfg(not(feature = "demo"))]
    fn demo(&self) -> bool {
        false
    }
}

/// The token of a session, from a file or standard input.
pub(super) fn session(path: &Path) -> anyhow::Result<Secret> {
    let mut token = String::new();
    if path.as_os_str() == "-" {
        io::stdin().take(LONGEST_TOKEN).read_to_string(&mut token).context("standard input cannot be read")?;
    } else {
        let file = fs::File::open(path).with_context(|| path.display().to_string())?;
        file.take(LONGEST_TOKEN).read_to_string(&mut token)?;
    }
    Ok(Secret::new(token.trim().to_owned()))
}
