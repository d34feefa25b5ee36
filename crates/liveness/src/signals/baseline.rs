use serde::{Deserialize, Serialize};

/// A person at rest: the typical values of what the actions are measured by.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Baseline {
    /// Degrees, as in [`crate::Pose`].
    pub yaw: f32,
    /// Degrees, as in [`crate::Pose`].
    pub pitch: f32,
    /// How far the nose stands out sideways, see [`crate::signals::Reading::nose_x`].
    pub nose_x: f32,
    /// How far the nose stands out downwards, see [`crate::signals::Reading::nose_y`].
    pub nose_y: f32,
    /// The expression `jawOpen`, 0 to 1.
    pub jaw: f32,
    /// Gap between the lips over the height of the face.
    pub lips: f32,
}
