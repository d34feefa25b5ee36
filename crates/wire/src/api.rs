//! Requests and answers of the service, version 1. JSON, `snake_case`; binary values as hex ([`Bytes32`]) or base64.
//!
//! | call | body -> answer |
//! |---|---|
//! | `GET  /v1/keys` | -> [`Keys`] |
//! | `GET  /v1/revoked` | -> the signed list of revoked certificates, as text (`JZR1:`) |
//! | `POST /v1/activations` | [`ActivationRequest`] -> 201 [`Activation`] |
//! | `POST /v1/attempts` (bearer: activation) | [`AttemptRequest`] -> 201 [`Attempt`] |
//! | `POST /v1/attempts/{id}/steps` (bearer: attempt) | [`StepRequest`] -> [`StepAnswer`] |
//! | `POST /v1/attempts/{id}/commit` (bearer: attempt) | [`CommitRequest`] -> [`CommitReceipt`] |
//! | `POST /v1/uploads` (bearer: attempt; tus 1.0 creation, `Upload-Length`) | -> 201, `Location` |
//! | `HEAD`, `PATCH /v1/uploads/{id}` (bearer: attempt; tus 1.0 core) | -> `Upload-Offset` |
//! | `GET  /v1/attempts/{id}` (bearer: attempt) | -> [`AttemptState`] |
//! | `POST /v1/desk/leases` (bearer: a volunteer's session) | [`LeaseRequest`](crate::lease::LeaseRequest) -> 201 [`Lease`](crate::lease::Lease) |
//! | `POST /v1/attempts/{id}/return` (bearer: leased attempt) | [`LeaseReturn`](crate::lease::LeaseReturn) -> [`CommitReceipt`] |
//! | `POST /v1/attempts/{id}/appeal` (bearer: attempt) | [`AppealRequest`] -> [`Appeal`] |
//!
//! A refused call is answered with [`Problem`] (RFC 9457, `application/problem+json`). Commit, steps, uploads and appeals may
//! be repeated after a lost answer: the same request has the same answer.

use serde::{Deserialize, Serialize};
use time::{Date, OffsetDateTime};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{Action, Bytes32, CapturePolicy, Limitation, Mode, PersonFacts, ReasonCode, Secret, Step, StepReport};

/// Who agreed to the use of face data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ConsentBy {
    /// The beneficiary, on the screen.
    Beneficiary,
    /// The beneficiary, asked aloud; the answer was entered by whoever holds the phone.
    BeneficiarySpoken,
}

/// Consent to the use of face data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Consent {
    /// Version of the text that was shown or read out.
    pub text_version: String,
    /// Who agreed.
    pub by: ConsentBy,
}

/// Asks to match four facts with the register.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ActivationRequest {
    /// The facts.
    pub person: PersonFacts,
    /// Who holds the phone.
    pub mode: Mode,
    /// The consent given.
    pub consent: Consent,
    /// The device's Ed25519 public key, which signs the evidence.
    pub device_key: Bytes32,
    /// The link that led here, if one did: then the facts must be those of the person whom it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<Secret>,
}

/// The facts match.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Activation {
    /// Lets attempts be started.
    pub token: Secret,
    /// When the token ends.
    #[serde(with = "time::serde::rfc3339")]
    pub expires_at: OffsetDateTime,
}

/// Asks for an attempt.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
pub struct AttemptRequest {
    /// Actions that the person cannot do; they will not be asked.
    #[serde(default)]
    pub cannot: Vec<Action>,
    /// What else the person cannot do. Kept for this attempt only.
    #[serde(default)]
    pub limitations: Vec<Limitation>,
    /// Whether the frames come from the actor of a demo build. A server not started with `--demo` refuses these.
    #[serde(default)]
    pub demo: bool,
}

/// An attempt: single use, short-lived.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Attempt {
    /// Names the attempt.
    pub id: Uuid,
    /// Authorises everything about this attempt.
    pub token: Secret,
    /// Fresh randomness; decides which frames are kept as crops.
    pub nonce: Bytes32,
    /// When the server issued it.
    #[serde(with = "time::serde::rfc3339")]
    pub issued_at: OffsetDateTime,
    /// The capture must be committed before this.
    #[serde(with = "time::serde::rfc3339")]
    pub commit_by: OffsetDateTime,
    /// The rules.
    pub policy: CapturePolicy,
    /// To whom the evidence is sealed.
    pub recipient: Recipient,
}

/// A key that evidence is sealed to: HPKE, DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, ChaCha20-Poly1305.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Recipient {
    /// Names the key; part of the associated data.
    pub key_id: String,
    /// X25519 public key.
    pub public_key: Bytes32,
}

/// Asks for the next step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StepRequest {
    /// The step that has just ended; absent before the first.
    pub ended: Option<StepReport>,
    /// Frames recorded so far.
    pub frames: u32,
    /// Chain head over them.
    pub chain_head: Bytes32,
}

/// The next step, or the end of the plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum StepAnswer {
    /// Do this next.
    Next(Step),
    /// Every step that is needed is done: commit.
    Complete,
}

/// Commits the capture: from now on not one byte of it can change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CommitRequest {
    /// Final chain head.
    pub chain_head: Bytes32,
    /// Number of recorded frames.
    pub frames: u32,
    /// Length of the recording in milliseconds.
    pub duration_ms: u32,
}

/// The commitment is durable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CommitReceipt {
    /// When.
    #[serde(with = "time::serde::rfc3339")]
    pub committed_at: OffsetDateTime,
    /// Until when the sealed bundle may be delivered.
    #[serde(with = "time::serde::rfc3339")]
    pub deliver_by: OffsetDateTime,
    /// Digest of the plan as revealed; must equal the phone's own.
    pub plan_hash: Bytes32,
}

/// Where an attempt stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum AttemptState {
    /// Issued, not yet committed.
    Open,
    /// Committed; the evidence has not wholly arrived.
    Committed,
    /// The evidence is durable and will be judged.
    Accepted,
    /// Certified.
    Certified {
        /// The certificate as in the QR code: `JZ1:` and COSE_Sign1 as base64url without padding.
        certificate: String,
    },
    /// A person will look at it. Nothing changes for the beneficiary meanwhile.
    Review {
        /// Why.
        reasons: Vec<ReasonCode>,
    },
    /// Not certified. Never changes standing; try again or take another way.
    Refused {
        /// Why, the most helpful first.
        reasons: Vec<ReasonCode>,
    },
}

/// Appeals against a refusal.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AppealRequest {
    /// What the person says, if they want to: at most 2,000 characters. Kept sealed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub statement: Option<Secret>,
}

/// An appeal waits for a clerk; meanwhile nothing is withheld. The same appeal again is the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Appeal {
    /// The day by which it is answered.
    #[serde(with = "crate::time::day")]
    pub answer_by: Date,
}

/// The server's public keys.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Keys {
    /// Keys that certificates are signed with.
    pub certificate_keys: Vec<CertificateKey>,
}

/// A key that certificates are signed with (Ed25519).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CertificateKey {
    /// COSE key id, as text.
    pub key_id: String,
    /// Who signs with it.
    pub issuer: String,
    /// Ed25519 public key.
    pub public_key: Bytes32,
}

/// A refused call: RFC 9457, `application/problem+json`.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Problem {
    /// `urn:jianzai:reason:` and the code.
    #[serde(rename = "type")]
    pub kind: String,
    /// HTTP status.
    pub status: u16,
    /// The stable code.
    pub code: ReasonCode,
    /// A sentence a person understands (Chinese, or English where asked for by `Accept-Language`).
    pub title: String,
    /// The next step.
    pub detail: String,
    /// Seconds to wait before another try, where that helps.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u32>,
}
