//! Leases: plans that a signed-in volunteer takes along to where there is no network.
//!
//! **In**: a person on one of the volunteer's lists, and the device that will record. **Out**: an attempt whose steps are known
//! beforehand, good for three days, and what comes back of it. A lease reveals its plan, so what its recording proves is
//! less than that of steps revealed one by one: the volunteer answers for it by name, and people look at a sample.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::api::{Attempt, CommitRequest, Consent, StepRequest};
use crate::{Action, Bytes32, Limitation, Step};

/// Asks for a plan for one person, to be carried out without network.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LeaseRequest {
    /// The person, who stands on one of the volunteer's lists.
    pub person: Uuid,
    /// The Ed25519 public key of the device that will sign the evidence; no other may.
    pub device_key: Bytes32,
    /// Actions that the person cannot do; they will not be asked.
    #[serde(default)]
    pub cannot: Vec<Action>,
    /// What else they cannot do.
    #[serde(default)]
    pub limitations: Vec<Limitation>,
    /// Whether the frames come from the actor of a demo build.
    #[serde(default)]
    pub demo: bool,
}

/// A plan that was lent. `attempt.commit_by` is its end.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Lease {
    /// The attempt; its token authorises the return.
    pub attempt: Attempt,
    /// Every step that it may come to, in order; more than are needed if none fails.
    pub steps: Vec<Step>,
}

/// What comes back of a lease, once there is a network again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LeaseReturn {
    /// The consent that was asked for at the door.
    pub consent: Consent,
    /// When the recording ended, by the device's clock.
    #[serde(with = "time::serde::rfc3339")]
    pub captured_at: OffsetDateTime,
    /// What would have been asked step by step, in order.
    pub steps: Vec<StepRequest>,
    /// The commitment.
    pub commit: CommitRequest,
}
