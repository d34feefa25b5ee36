//! The landmarks of the MediaPipe face mesh that the signals are made of. Left and right are the subject's own.

/// Tip of the nose.
pub const NOSE: usize = 1;
/// Top of the forehead.
pub const FOREHEAD: usize = 10;
/// Upper lip, inner edge.
pub const LIP_UPPER: usize = 13;
/// Lower lip, inner edge.
pub const LIP_LOWER: usize = 14;
/// Right eye, outer corner.
pub const EYE_RIGHT_OUTER: usize = 33;
/// Right eye, inner corner.
pub const EYE_RIGHT_INNER: usize = 133;
/// Chin.
pub const CHIN: usize = 152;
/// Between the eyes.
pub const BRIDGE: usize = 168;
/// Right edge of the face, before the ear.
pub const SIDE_RIGHT: usize = 234;
/// Left eye, outer corner.
pub const EYE_LEFT_OUTER: usize = 263;
/// Left eye, inner corner.
pub const EYE_LEFT_INNER: usize = 362;
/// Left edge of the face, before the ear.
pub const SIDE_LEFT: usize = 454;
/// Below the nose.
pub const NOSE_BASE: usize = 2;

/// All of them: what a trace keeps.
pub const USED: [usize; 13] = [
    NOSE,
    NOSE_BASE,
    FOREHEAD,
    LIP_UPPER,
    LIP_LOWER,
    EYE_RIGHT_OUTER,
    EYE_RIGHT_INNER,
    CHIN,
    BRIDGE,
    SIDE_RIGHT,
    EYE_LEFT_OUTER,
    EYE_LEFT_INNER,
    SIDE_LEFT,
];
