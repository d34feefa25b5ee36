//! What somebody cannot do, as they or their helper say before an attempt.
//!
//! **In**: a closed list, chosen on the screen or in the terminal program. **Out**: which actions are not asked, and how the
//! rest is presented. **What can go wrong**: somebody says it who could do better, hoping for an easier plan. It never is:
//! fewer actions mean more steps ([`CapturePolicy`](crate::CapturePolicy)), and where no head movement is left a person decides.
//!
//! | limitation | plan | presentation |
//! |---|---|---|
//! | `cannot_open_mouth` | no open mouth; one step more | - |
//! | `cannot_turn_head` | neither turns nor nods; what is left, be it nothing, goes to a person's review | - |
//! | `lying_down` | the same, in the head's own directions, however it lies | how to hold the phone |
//! | `one_eye` | the same: nothing is asked of the eyes, and no layer needs two | - |
//! | `cannot_hear` | the same | nothing waits for speech; a flash and a vibration with each instruction |
//! | `cannot_see` | the same | everything is spoken, hints again and again; nothing has to be found to go on |
//!
//! It is about somebody's health. So it is used for the one attempt, sealed beside it, shown to the clerk who has to decide
//! about it, and gone when the attempt is decided (`crates/server`).

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Action;

/// Something that a person cannot do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Limitation {
    /// Open the mouth: a jaw that is stiff or wired, a tube, a mask for oxygen.
    CannotOpenMouth,
    /// Turn the head or nod.
    CannotTurnHead,
    /// Sit up: the head lies on its side, or anywhere between.
    LyingDown,
    /// See with, or open, both eyes.
    OneEye,
    /// Hear what is said.
    CannotHear,
    /// See what is shown.
    CannotSee,
}

impl Limitation {
    /// Every limitation, in a fixed order.
    pub const ALL: [Self; 6] =
        [Self::CannotOpenMouth, Self::CannotTurnHead, Self::LyingDown, Self::OneEye, Self::CannotHear, Self::CannotSee];

    /// The stable name, as on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::CannotOpenMouth => "cannot_open_mouth",
            Self::CannotTurnHead => "cannot_turn_head",
            Self::LyingDown => "lying_down",
            Self::OneEye => "one_eye",
            Self::CannotHear => "cannot_hear",
            Self::CannotSee => "cannot_see",
        }
    }

    /// Whether somebody so limited is not asked for `action`.
    pub fn rules_out(self, action: Action) -> bool {
        match self {
            Self::CannotOpenMouth => !action.moves_head(),
            Self::CannotTurnHead => action.moves_head(),
            Self::LyingDown | Self::OneEye | Self::CannotHear | Self::CannotSee => false,
        }
    }

    /// The actions that are left to somebody with all of `limitations` who cannot do `cannot` either.
    pub fn leave(limitations: &[Self], cannot: &[Action]) -> Vec<Action> {
        let left = |action: &Action| !cannot.contains(action) && !limitations.iter().any(|l| l.rules_out(*action));
        Action::ALL.into_iter().filter(left).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::CapturePolicy;

    /// Every set of limitations.
    fn sets() -> impl Iterator<Item = Vec<Limitation>> {
        (0_u32..1 << Limitation::ALL.len()).map(|bits| {
            let all = Limitation::ALL.into_iter().enumerate();
            all.filter(|(place, _)| bits & (1 << place) != 0).map(|(_, limitation)| limitation).collect()
        })
    }

    #[test]
    fn names_are_those_on_the_wire() {
        for limitation in Limitation::ALL {
            assert_eq!(serde_json::to_value(limitation).expect("serialises"), limitation.name());
        }
        assert!(serde_json::from_str::<Limitation>("\"cannot_fly\"").is_err(), "the list is closed");
    }

    #[test]
    fn only_mouth_and_head_change_what_is_asked_and_nobody_gets_an_easier_plan() {
        let usual = CapturePolicy::for_actions(&Action::ALL);
        for set in sets() {
            let actions = Limitation::leave(&set, &[]);
            let (mouth, head) = (set.contains(&Limitation::CannotOpenMouth), set.contains(&Limitation::CannotTurnHead));
            assert_eq!(actions.contains(&Action::OpenMouth), !mouth, "{set:?}");
            assert_eq!(
                actions.iter().filter(|action| action.moves_head()).count(),
                if head { 0 } else { 4 },
                "{set:?}"
            );
            let policy = CapturePolicy::for_actions(&actions);
            assert_eq!(policy.asks_nothing(), mouth && head, "{set:?}");
            assert!(!policy.is_enough() || policy.plans() >= usual.plans(), "{set:?}");
            assert_eq!(policy.is_enough(), !head, "{set:?}: without a head movement a person decides");
        }
    }

    #[test]
    fn single_actions_can_be_left_out_besides() {
        let left = Limitation::leave(&[Limitation::CannotOpenMouth], &[Action::LookUp]);
        assert_eq!(left, [Action::TurnLeft, Action::TurnRight, Action::LookDown]);
    }
}
