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

    /// Whether the whole head moves: what shows that it is a head and no picture with a mouth that opens.
    pub fn moves_head(self) -> bool {
        match self {
            Self::OpenMouth => false,
            Self::TurnLeft | Self::TurnRight | Self::LookUp | Self::LookDown => true,
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
    /// How long the person rests before the cue, in milliseconds, since the step was asked for; random.
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
    /// Steps that must end as `Done` one after another. A failed step sets the count back to none, and one more is needed
    /// from then on ([`Self::steps_after`]).
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
    /// The least number of equally likely plans by which anybody is certified without a person's look.
    pub const LEAST_PLANS: u64 = 600;
    /// The most steps that these take: whoever can do so little that it would be more is asked for fewer, and looked at.
    const MOST_STEPS: u32 = 6;
    const LEAST_STEPS: u32 = 3;

    /// The standing rules for the actions that a person can do: as many steps as make at least [`Self::LEAST_PLANS`] plans.
    /// With one failure allowed, after which the count starts again, a recording made for
    /// another plan then fits by luck in fewer than two of a thousand attempts. Where six steps don't make so many, of one
    /// action or two, it is three steps, and the capture goes to a person's review ([`Self::is_enough`]). Without any
    /// action there are no steps: whoever can do none of them is recorded as they are, and looked at as well
    /// ([`Self::asks_nothing`]).
    pub fn for_actions(actions: &[Action]) -> Self {
        let mut policy = Self {
            actions: actions.to_vec(),
            steps_needed: if actions.is_empty() { 0 } else { Self::LEAST_STEPS },
            failures_allowed: 1,
            min_reaction_ms: 250,
            max_capture_ms: 45_000,
            frames_per_second: 15,
            max_bundle_bytes: 1_000_000,
        };
        policy.demand(Self::LEAST_PLANS);
        if policy.steps_needed > Self::MOST_STEPS {
            policy.steps_needed = Self::LEAST_STEPS;
            policy.give_time();
        }
        policy
    }

    /// Whether no movement is asked for, because the person can do none.
    pub fn asks_nothing(&self) -> bool {
        self.actions.is_empty()
    }

    /// Asks for as many steps as make at least so many plans; of a single action there is only one plan, however long.
    pub fn demand(&mut self, plans: u64) {
        while self.actions.len() > 1 && self.plans() < plans {
            self.steps_needed = self.steps_needed.saturating_add(1);
        }
        self.give_time();
    }

    /// Time for the longest plan that can come of it, at the pace of an old person: 5 s for a step. No more than a minute:
    /// what is recorded shares one bundle, and the longer it is, the coarser. So whoever can do four actions has 4.5 s for a
    /// step if they fail as late as can be, and of three 3.8 s.
    fn give_time(&mut self) {
        // In the longest every run but the last fails at its last step.
        let longest: u32 = (0..=self.failures_allowed).map(|failed| self.steps_after(failed)).sum();
        self.max_capture_ms = longest.saturating_mul(5_000).saturating_add(10_000).clamp(45_000, 60_000);
    }

    /// Steps that must end as `Done` one after another once so many have failed: each failure was a recording's chance to fit
    /// by luck, and makes the next one smaller.
    pub fn steps_after(&self, failed: u32) -> u32 {
        if self.asks_nothing() { 0 } else { self.steps_needed.saturating_add(failed) }
    }

    /// The number of equally likely plans: sequences of `steps_needed` actions, of which at least one moves the head if any
    /// can.
    pub fn plans(&self) -> u64 {
        self.ways_on(self.steps_needed, false)
    }

    /// In how many ways a plan can go on for `steps` steps, whose beginning has a head movement or not.
    pub fn ways_on(&self, steps: u32, moved: bool) -> u64 {
        let count = |of: usize| u64::try_from(of).unwrap_or(u64::MAX).saturating_pow(steps);
        let still = self.actions.iter().filter(|action| !action.moves_head()).count();
        let all = count(self.actions.len());
        if moved || still == self.actions.len() { all } else { all.saturating_sub(count(still)) }
    }

    /// Whether a capture by these rules can certify without a person's look: enough plans, and a head movement in each.
    pub fn is_enough(&self) -> bool {
        self.plans() >= Self::LEAST_PLANS && self.actions.iter().any(|action| action.moves_head())
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
        let rules = CapturePolicy::for_actions;
        // With an open mouth among them, and head movements alone.
        for (kinds, steps, plans, heads) in [(5, 4, 624, None), (4, 5, 1_023, Some(1_024)), (3, 6, 728, Some(729))] {
            let policy = rules(&Action::ALL[..kinds]);
            assert_eq!((policy.steps_needed, policy.plans(), policy.is_enough()), (steps, plans, true));
            if let Some(plans) = heads {
                let policy = rules(&Action::ALL[1..=kinds]);
                assert_eq!((policy.steps_needed, policy.plans(), policy.is_enough()), (steps, plans, true));
            }
        }
        for single in Action::ALL {
            let policy = rules(&[single]);
            assert_eq!((policy.steps_needed, policy.plans(), policy.is_enough()), (3, 1, false));
        }
        let two = rules(&Action::ALL[1..3]);
        assert_eq!((two.steps_needed, two.plans(), two.is_enough()), (3, 8, false), "ten would be too much to ask");
        let nothing = rules(&[]);
        assert_eq!(
            (nothing.steps_needed, nothing.steps_after(1), nothing.plans(), nothing.is_enough()),
            (0, 0, 1, false)
        );
    }

    #[test]
    fn a_longer_plan_has_more_time() {
        let time = |actions| {
            let policy = CapturePolicy::for_actions(actions);
            (policy.steps_needed, policy.max_capture_ms)
        };
        assert_eq!(time(&Action::ALL[..1]), (3, 45_000));
        assert_eq!(time(&Action::ALL), (4, 55_000));
        assert_eq!(time(&Action::ALL[2..]), (6, 60_000));
        assert_eq!(time(&Action::ALL[3..]), (3, 45_000));
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
