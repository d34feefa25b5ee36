//! A plan that a volunteer took along: carried out without network, brought back when there is one.
//!
//! **In**: what the service lent ([`Lease`]), the consent, a camera. **Out**: the answers that the service would have given
//! step by step ([`Plan::answer`]), and what goes back ([`Plan::brought_back`]) with the item in the outbox. **What can go
//! wrong**: too many steps fail: `action.wrong`, and the plan can be begun again, since nobody was told of it; the lease is
//! over, or was used before: the service says so when it comes back.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use jianzai_liveness::{NextStep, needed};
use jianzai_wire::api::{CommitRequest, Consent, ConsentBy, StepAnswer, StepRequest};
use jianzai_wire::lease::{Lease, LeaseReturn};
use jianzai_wire::{CapturePolicy, ReasonCode, Step, StepReport};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::booth::CameraChoice;
use crate::capture::ToCapture;
use crate::consent::CONSENT_VERSION;
use crate::durable;

/// A plan has some kilobytes.
const LONGEST: u64 = 64 * 1024;

/// A plan that was taken along, and from where; a file that only its owner can read. It says nothing about the person but an
/// identifier, and is worth nothing after the lease or on another device.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct TakenPlan {
    /// Address of the service.
    pub server: String,
    /// What was lent.
    pub lease: Lease,
    /// When, by this device's clock, which may be wrong.
    #[serde(with = "time::serde::rfc3339")]
    pub taken_at: OffsetDateTime,
}

impl TakenPlan {
    /// Writes it, durably.
    pub fn write(&self, path: &Path) -> io::Result<()> {
        let name = path.file_name().and_then(|name| name.to_str()).ok_or(io::ErrorKind::InvalidFilename)?;
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        durable::write(folder, name, &serde_json::to_vec_pretty(self)?)
    }

    /// Reads it again.
    pub fn read(path: &Path) -> io::Result<Self> {
        let mut text = String::new();
        File::open(path)?.take(LONGEST).read_to_string(&mut text)?;
        Ok(serde_json::from_str(&text)?)
    }
}

/// A plan to be carried out.
#[derive(Debug, Clone)]
pub struct LeasedRequest {
    /// What was lent.
    pub lease: Lease,
    /// When, by this device's clock.
    pub taken_at: OffsetDateTime,
    /// Who agreed to [`crate::consent_text`].
    pub consent: ConsentBy,
    /// Which camera.
    pub camera: CameraChoice,
}

/// A lent plan while it is carried out, in the place of the service.
#[derive(Debug)]
pub(crate) struct Plan {
    steps: Vec<Step>,
    policy: CapturePolicy,
    asked: Vec<StepRequest>,
}

impl Plan {
    pub(crate) fn of(lease: &Lease) -> Self {
        Self { steps: lease.steps.clone(), policy: lease.attempt.policy.clone(), asked: Vec::new() }
    }

    /// What the service would have said.
    pub(crate) fn answer(&mut self, question: StepRequest) -> ToCapture {
        self.asked.push(question);
        let ended: Vec<StepReport> = self.asked.iter().filter_map(|asked| asked.ended).collect();
        match needed(&ended, &self.policy) {
            NextStep::Reveal => match self.steps.get(ended.len()) {
                Some(step) => ToCapture::Answer(StepAnswer::Next(*step)),
                None => ToCapture::Stop(Some(ReasonCode::ActionWrong)),
            },
            NextStep::Complete => ToCapture::Answer(StepAnswer::Complete),
            NextStep::Failed => ToCapture::Stop(Some(ReasonCode::ActionWrong)),
        }
    }

    /// What goes back.
    pub(crate) fn brought_back(self, request: &LeasedRequest, commit: CommitRequest) -> LeaseReturn {
        // This clock may be wrong, but not by how long ago it was.
        let since = OffsetDateTime::now_utc() - request.taken_at;
        LeaseReturn {
            consent: Consent { text_version: CONSENT_VERSION.to_owned(), by: request.consent },
            captured_at: request.lease.attempt.issued_at + since,
            steps: self.asked,
            commit,
        }
    }
}
