//! What is asked of the person in one attempt, revealed one step at a time.
//!
//! The server draws each [`Step`] at the moment it reveals it. The phone sends with every request how many frames it has
//! recorded and the chain head over them, so that no frame from before a reveal can be altered after it.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

use crate::{Bytes32, FrameTime};

/// Who holds the phone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// The beneficiary, alone, with the front camera.
    #[serde(rename = "self")]
    OwnPhone,
    /// Someone else (a child, a volunteer), with the rear camera.
    Assisted,
}

/// One thing a person can be asked to do. Left and right are the subject's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Open the mouth wide and close it again.
    OpenMouth,
    /// Turn the head to the subject's own left and back.
    TurnLeft,
    /// Turn the head to the subject's own right and back.
    TurnRight,
    /// Raise the chin and lower it again.
    LookUp,
    /// Lower the chin and raise it again.
    LookDown,
}

impl Action {
    /// Every action, in a fixed order.
    pub const ALL: [Self; 5] = [Self::OpenMouth, Self::TurnLeft, Self::TurnRight, Self::LookUp, Self::LookDown];

    /// The stable name, as on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::OpenMouth => "open_mouth",
            Self::TurnLeft => "turn_left",
            Self::TurnRight => "turn_right",
            Self::LookUp => "look_up",
            Self::LookDown => "look_down",
        }
    }
}

/// A step of the plan: after `wait_ms` at rest, ask for `action`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Step {
    /// Counts from 0 over all steps revealed in this attempt, ended ones included.
    pub index: u32,
    /// What is asked.
    pub action: Action,
    /// How long the person rests before the cue, in milliseconds; random.
    pub wait_ms: u32,
}

/// How a step ended, as the phone saw it. Advice to the server, which finds the actions itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case", tag = "ended", content = "did")]
pub enum StepOutcome {
    /// The asked action was done from rest, after its cue.
    Done,
    /// Another action was done instead.
    Wrong(Action),
    /// The asked action began before its cue or too soon after it.
    TooEarly,
}

/// The phone's report on a step that ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StepReport {
    /// The step's index.
    pub index: u32,
    /// How it ended.
    pub outcome: StepOutcome,
    /// When the cue was given (shown, and its spoken form begun).
    pub cue_at: FrameTime,
    /// When the action left rest.
    pub began_at: FrameTime,
    /// When the person was back at rest (for `Wrong` and `TooEarly`: when it was noticed).
    pub ended_at: FrameTime,
}

/// The rules of one attempt, set by the server for mode and abilities.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CapturePolicy {
    /// Actions that may be asked.
    pub actions: Vec<Action>,
    /// Steps that must end as `Done` one after another: a failed step sets the count back to none.
    pub steps_needed: u32,
    /// Steps that may end otherwise before the attempt ends with `action.wrong`.
    pub failures_allowed: u32,
    /// An action counts only if it begins at least this long after its cue, in milliseconds.
    pub min_reaction_ms: u32,
    /// Longest recording, in milliseconds.
    pub max_capture_ms: u32,
    /// Judged frames per second aimed at.
    pub frames_per_second: u32,
    /// Largest sealed bundle, in bytes.
    pub max_bundle_bytes: u64,
}

impl CapturePolicy {
    /// The standing rules for the actions that a person can do: as many steps as make at least 100 equally likely plans,
    /// and never fewer than three. With one failure allowed, after which the count starts again, a recording made for
    /// another plan then fits by luck in at most two of a hundred attempts. `None` where fewer than two actions are left: such a person is not certified by
    /// actions, and the attempt goes to a person's review.
    pub fn for_actions(actions: &[Action]) -> Option<Self> {
        let kinds = u32::try_from(actions.len()).ok().filter(|kinds| *kinds >= 2)?;
        let steps_needed = (3..).find(|steps| kinds.saturating_pow(*steps) >= 100)?;
        Some(Self {
            actions: actions.to_vec(),
            steps_needed,
            failures_allowed: 1,
            min_reaction_ms: 250,
            max_capture_ms: 45_000,
            frames_per_second: 15,
            max_bundle_bytes: 1_000_000,
        })
    }
}

/// Digest of an attempt's identity and of every step revealed in it, in order. Both sides compute it; it is bound into the
/// seal of the evidence.
pub fn plan_hash(attempt: uuid::Uuid, nonce: &Bytes32, steps: &[Step]) -> Bytes32 {
    let mut hash = Sha256::new();
    hash.update(b"jianzai plan v1");
    hash.update(attempt.as_bytes());
    hash.update(nonce.as_bytes());
    for step in steps {
        hash.update(step.index.to_be_bytes());
        hash.update([step.action as u8]);
        hash.update(step.wait_ms.to_be_bytes());
    }
    Bytes32(hash.finalize().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fewer_actions_mean_more_steps_and_never_fewer_plans() {
        for (kinds, steps) in [(5, 3), (4, 4), (3, 5), (2, 7)] {
            let policy = CapturePolicy::for_actions(&Action::ALL[..kinds]).expect("two or more actions");
            assert_eq!(policy.steps_needed, steps);
        }
        assert_eq!(CapturePolicy::for_actions(&[Action::OpenMouth]), None);
    }

    #[test]
    fn the_plan_hash_depends_on_every_part() {
        let step = Step { index: 0, action: Action::OpenMouth, wait_ms: 700 };
        let (id, nonce) = (uuid::Uuid::from_u128(1), Bytes32([1; 32]));
        let base = plan_hash(id, &nonce, &[step]);
        let others = [
            plan_hash(uuid::Uuid::from_u128(2), &nonce, &[step]),
            plan_hash(id, &Bytes32([2; 32]), &[step]),
            plan_hash(id, &nonce, &[Step { index: 1, ..step }]),
            plan_hash(id, &nonce, &[Step { action: Action::LookUp, ..step }]),
            plan_hash(id, &nonce, &[Step { wait_ms: 701, ..step }]),
            plan_hash(id, &nonce, &[step, step]),
            plan_hash(id, &nonce, &[]),
        ];
        assert!(others.iter().all(|other| *other != base));
    }
}
