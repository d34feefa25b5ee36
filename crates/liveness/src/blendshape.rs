//! The expression scores by name.

use serde::{Deserialize, Serialize};

/// The 52 expression scores of MediaPipe's blendshape network, each 0 to 1. Read one with [`Blendshapes::get`].
#[derive(Debug, Clone, PartialEq)]
pub struct Blendshapes(pub [f32; 52]);

impl Blendshapes {
    /// The score of one expression.
    pub fn get(&self, shape: Blendshape) -> f32 {
        self.0[shape as usize]
    }
}

impl Default for Blendshapes {
    fn default() -> Self {
        Self([0.0; 52])
    }
}

/// One expression, in the network's order. Left and right are the subject's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names are the documentation")]
pub enum Blendshape {
    Neutral,
    BrowDownLeft,
    BrowDownRight,
    BrowInnerUp,
    BrowOuterUpLeft,
    BrowOuterUpRight,
    CheekPuff,
    CheekSquintLeft,
    CheekSquintRight,
    EyeBlinkLeft,
    EyeBlinkRight,
    EyeLookDownLeft,
    EyeLookDownRight,
    EyeLookInLeft,
    EyeLookInRight,
    EyeLookOutLeft,
    EyeLookOutRight,
    EyeLookUpLeft,
    EyeLookUpRight,
    EyeSquintLeft,
    EyeSquintRight,
    EyeWideLeft,
    EyeWideRight,
    JawForward,
    JawLeft,
    JawOpen,
    JawRight,
    MouthClose,
    MouthDimpleLeft,
    MouthDimpleRight,
    MouthFrownLeft,
    MouthFrownRight,
    MouthFunnel,
    MouthLeft,
    MouthLowerDownLeft,
    MouthLowerDownRight,
    MouthPressLeft,
    MouthPressRight,
    MouthPucker,
    MouthRight,
    MouthRollLower,
    MouthRollUpper,
    MouthShrugLower,
    MouthShrugUpper,
    MouthSmileLeft,
    MouthSmileRight,
    MouthStretchLeft,
    MouthStretchRight,
    MouthUpperUpLeft,
    MouthUpperUpRight,
    NoseSneerLeft,
    NoseSneerRight,
}

impl Blendshape {
    /// Every expression, in the network's order.
    pub const ALL: [Self; 52] = [
        Self::Neutral,
        Self::BrowDownLeft,
        Self::BrowDownRight,
        Self::BrowInnerUp,
        Self::BrowOuterUpLeft,
        Self::BrowOuterUpRight,
        Self::CheekPuff,
        Self::CheekSquintLeft,
        Self::CheekSquintRight,
        Self::EyeBlinkLeft,
        Self::EyeBlinkRight,
        Self::EyeLookDownLeft,
        Self::EyeLookDownRight,
        Self::EyeLookInLeft,
        Self::EyeLookInRight,
        Self::EyeLookOutLeft,
        Self::EyeLookOutRight,
        Self::EyeLookUpLeft,
        Self::EyeLookUpRight,
        Self::EyeSquintLeft,
        Self::EyeSquintRight,
        Self::EyeWideLeft,
        Self::EyeWideRight,
        Self::JawForward,
        Self::JawLeft,
        Self::JawOpen,
        Self::JawRight,
        Self::MouthClose,
        Self::MouthDimpleLeft,
        Self::MouthDimpleRight,
        Self::MouthFrownLeft,
        Self::MouthFrownRight,
        Self::MouthFunnel,
        Self::MouthLeft,
        Self::MouthLowerDownLeft,
        Self::MouthLowerDownRight,
        Self::MouthPressLeft,
        Self::MouthPressRight,
        Self::MouthPucker,
        Self::MouthRight,
        Self::MouthRollLower,
        Self::MouthRollUpper,
        Self::MouthShrugLower,
        Self::MouthShrugUpper,
        Self::MouthSmileLeft,
        Self::MouthSmileRight,
        Self::MouthStretchLeft,
        Self::MouthStretchRight,
        Self::MouthUpperUpLeft,
        Self::MouthUpperUpRight,
        Self::NoseSneerLeft,
        Self::NoseSneerRight,
    ];
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_places_agree() {
        for (place, shape) in Blendshape::ALL.into_iter().enumerate() {
            assert_eq!(shape as usize, place);
        }
        let mut scores = Blendshapes::default();
        scores.0[25] = 0.5;
        assert_eq!(scores.get(Blendshape::JawOpen), 0.5);
    }
}
