//! Every number that decides, in one place, each with its reason.
//!
//! "Footage" means the two clips of one man at a webcam that the fixtures come from (`tests/traces`); "print" means a still
//! of him on a plane tilted by up to 50 degrees in every direction and seen by the same networks. Where a person is held
//! against a limit, the limit lies well outside what people do by accident; where a forgery is, well inside what it can't.

use jianzai_wire::Action;

/// What a full action takes, per kind: how far its two cues must leave the baseline. Both must; the weaker one counts.
///
/// A turn or nod is measured by the pose and by how far the nose stands out against the edges of the face, because a
/// picture has no nose to stand out: print moves the pose by up to 6 degrees and the nose by up to 0.09 either way (swung
/// from one extreme to the other, twice that: see [`FLAT_RANGE`]). The man's turns and nods reach 11 to 18 degrees and 0.13
/// to 0.24, both cues in step; his leaning about reaches 9.9 and 0.11 once, else 7 and 0.09.
/// An open mouth is measured by the expression and by the gap between the lips: a print tilted by 50 degrees is taken for
/// `jawOpen` 0.79, but its lips stay closed. The man's openings reach 0.42 to 0.67 and 0.10 to 0.17; showing his teeth 0.28
/// and 0.09.
pub fn full(action: Action) -> FullAction {
    let (first, second) = match action {
        Action::OpenMouth => (0.35, 0.085),
        Action::TurnLeft => (10.0, 0.12),
        Action::TurnRight => (-10.0, -0.12),
        Action::LookUp => (9.0, -0.11),
        Action::LookDown => (-9.0, 0.11),
    };
    FullAction { first, second }
}

/// The two cues of an action, see [`full`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FullAction {
    /// Degrees of yaw or pitch; for the mouth, `jawOpen`.
    pub first: f32,
    /// Offset of the nose over the width of the face; for the mouth, gap of the lips over the height of the face.
    pub second: f32,
}

/// A person is at rest while every action is weaker than this (1 is full). Half: the man's wobble at rest stays below
/// 0.4, and old people shake more than he does.
pub const REST: f32 = 0.5;

/// Back at rest counts once it has lasted this long, in ms: a mouth opened twice quickly is one opening.
pub const REST_HOLD_MS: u64 = 300;

/// Weaker movements than this are never spoken of. A print tilted by 50 degrees reaches 0.68.
pub const NOTICED: f32 = 0.7;

/// From here on the coach takes a movement for a full action.
pub const COACH_FULL: f32 = 1.0;

/// The judge finds an asked action already from here on: compression moved the man's baseline by up to 0.16 and his peaks
/// by up to a tenth.
pub const JUDGE_ASKED: f32 = 0.75;

/// The judge speaks of an unasked action only from here on, so that it refuses no one whom the coach had no reason to
/// stop.
pub const JUDGE_UNASKED: f32 = 1.25;

/// So many kinds of action that nobody asked for, each strong enough to count had it been asked for ([`JUDGE_ASKED`])...
pub const RESTLESS_KINDS: usize = 2;
/// ...around so many steps that are called done: a person looks at it. Coach and judge may differ on one; the man of the
/// footage and the fidgeting people of the tests do so around none.
pub const RESTLESS_STEPS: usize = 2;

/// The baseline follows the person's posture while every action is weaker than this...
pub const ADAPT_BELOW: f32 = 0.8;
/// ...and nothing has moved by more than this (in full actions) within [`STEADY_MS`]...
pub const STEADY: f32 = 0.2;
/// ...in ms...
pub const STEADY_MS: u64 = 600;
/// ...with this time constant in ms: quick enough that someone who has sat back is at rest again in a second...
pub const ADAPT_MS: f32 = 1_500.0;
/// ...and never further from the first baseline than this (in full actions), so that nobody is led away by small steps.
pub const ADAPT_AT_MOST: f32 = 0.6;

/// The baseline is the median over at least this time, in ms, and...
pub const BASELINE_MS: u64 = 700;
/// ...at least this many frames. Fewer are at the mercy of a blink.
pub const BASELINE_FRAMES: usize = 5;

/// Whoever can do nothing that is asked is recorded for this long at least, in ms, after the first rest: long enough for whoever
/// looks at it later to see somebody breathe and blink...
pub const WATCHED_MS: u64 = 6_000;
/// ...and until something has moved or blinked, but no longer than this: old people at rest may blink four times a minute.
pub const WATCHED_AT_MOST_MS: u64 = 20_000;

/// Largest gap between two recorded frames, in ms; set by the evidence's rules. As far as a head can be followed: the
/// slack of a jump grows with the time up to here.
pub const GAP_MS: u64 = 500;
/// The coach ends a recording in which the face has been away for this long, in ms: long enough for a sneeze or a turn too
/// far, too short to bring another face unseen.
pub const LOST_MS: u64 = 1_000;
/// The judge, who may lose sight of a face in the compressed video a little longer.
pub const JUDGE_LOST_MS: u64 = 1_300;
/// The judge wants to see the face in at least this part of the frames.
pub const FACE_SEEN: f64 = 0.9;

/// A second face in more than this part of the frames: a person looks at it. A helper may pass by.
pub const SEVERAL_FACES: f64 = 0.5;

/// From one frame to the next a face moves by at most this part of its width...
pub const JUMP_MOVE: f32 = 0.5;
/// ...and its size changes by at most this factor...
pub const JUMP_SCALE: f32 = 1.3;
/// ...and its rigid points by at most this part of the distance of the eyes (root mean square).
pub const JUMP_SHAPE: f32 = 0.16;

/// A head that turns so far that its nose stands out by `n` looks narrower by the cosine of that turn; this is the nose's
/// distance from the axis it turns about, over the width of the face (fits both men of the footage).
pub const NOSE_LEVER: f32 = 0.75;
/// One that nods so far that its nose stands out downwards by `n` looks lower or higher by this part of `n`.
pub const NOD_STRETCH: f32 = 0.45;
/// Beyond this the nose itself is proof enough of depth, and the two above are not tried.
pub const FLAT_NOSE: f32 = 0.25;
/// What is left of the face's proportion, over that at rest, once turn and nod are taken out. A print has nothing to take
/// out: from 40 degrees on it is narrower than this...
pub const FLAT_NARROW: f32 = 0.83;
/// ...or wider than this. Over 45 s the men stay within 0.91 and 1.20, and over the minute that is allowed they are not called flat.
pub const FLAT_WIDE: f32 = 1.25;
/// The widest over the narrowest. The men: 1.25 at most. A print swung far enough (40 degrees one way, 50 the other) to
/// pass for a turn: 1.39.
pub const FLAT_RANGE: f32 = 1.33;
/// So many frames may be slips of the mesh at either end.
pub const FLAT_SLIPS: usize = 2;

/// A head that turns is as long along the turn as across it, both over their length at rest, once its depth is counted
/// ([`crate::signals::Solid`]). The median over a turn of the man is 0.958 at least, against rests up to 20 s before, and
/// 0.967 where he does what he is asked. A sheet that is tilted until its nose stands out as far gets shorter: to
/// 0.85 at most if the radius of its bend is three widths of the face, 0.935 if it is one, 0.953 if it is 0.7.
/// Shorter than this over one turn, and it is a picture...
pub const SHORTENED_TURN: f32 = 0.92;
/// ...and shorter than this, and a person looks.
pub const SHORTENED_TURN_DOUBTED: f32 = 0.95;
/// The same of nods, in which the man gets shorter to 0.944.
pub const SHORTENED_NOD: f32 = 0.89;
/// ...and shorter than this, and a person looks.
pub const SHORTENED_NOD_DOUBTED: f32 = 0.93;
/// A movement of fewer frames than this may be a slip of the mesh.
pub const SHORTENED_FRAMES: usize = 2;
/// A movement of fewer frames than this refuses nobody; a person looks. What is doubted is looked at in every frame, and then a
/// whole movement has twice as many at least.
pub const SHORTENED_SURE: usize = 4;

/// A face in which nothing moved by more than this (in full actions, 5th to 95th percentile) is a still.
pub const STILL: f32 = 0.3;
/// ...over the whole or within any stretch of this length, in ms: the actions of somebody who takes a minute for them fill less
/// of it than the percentiles leave out, and are no less movements.
pub const MOVES_WITHIN_MS: u64 = 3_000;
/// Blinking moves the eyelids by at least this; a face that blinks is not still.
pub const BLINK: f32 = 0.35;
/// A picture that is the same to this part of the distance of the eyes...
pub const FROZEN: f32 = 1e-4;
/// ...for this long, in ms, is not a face.
pub const FROZEN_MS: u64 = 3_000;

/// Claimed times may be off by this much, in ms: one or two frames, lost or blurred by compression.
pub const CLAIM_SLACK_MS: u64 = 200;

/// The judge lets a reaction be this much quicker than the rule, in ms: two frames at 15 a second, for the same reason.
pub const REACTION_SLACK_MS: f64 = 134.0;

/// Median passive score below which a person looks at it: genuine clips scored 0.99 and more, a real print 0.00, a tablet
/// 0.04. It refuses nobody: noise of 1 of 255 over a living man brought him to 0.13 (docs/LIVENESS.md).
pub const PASSIVE_REVIEW: f32 = 0.8;
/// Turned further than this the passive network has not been shown to work, in degrees.
pub const PASSIVE_FRONTAL: f32 = 12.0;

/// A spoken prompt lasts at most this long; after that it counts as ended even without word of it, in ms. The longest
/// recorded prompt takes about 4 s.
pub const PROMPT_MS: u64 = 8_000;
/// Nothing is said for this long, in ms, after the camera starts: a person who is in place already need not be told to be.
pub const FIRST_WORD_MS: u64 = 700;
/// A prompt that nothing followed is said again after this time of silence, in ms.
pub const REPEAT_MS: u64 = 6_000;
/// Someone who holds an action or does not come to rest is asked to look straight ahead after this time, in ms.
pub const HELD_MS: u64 = 2_500;
/// Back at rest after that, or after a movement too small to count: the cue is said again after this time of silence, ms.
pub const REPEAT_SOON_MS: u64 = 1_500;
/// In place and at rest for this long before the recording begins, in ms.
pub const IN_PLACE_MS: u64 = 500;
/// At rest for this long from the beginning of the recording before the first step is asked for, in ms: whoever is just
/// being told to look straight ahead, and does, has done so by then. Whoever was in place unasked is told nothing that
/// they could move at, and [`BASELINE_MS`] are enough if they are as quiet as [`SURE_REST`].
pub const FIRST_REST_MS: u64 = 1_200;
/// Somebody in whom every action stays weaker than this is surely at rest, and not on the way back from a half movement.
pub const SURE_REST: f32 = 0.25;

/// Rest before a cue, in ms, drawn anew for each step: nobody can know when it comes. It begins when the service is asked for
/// the step, with all frames until then; more than the most is only waiting, and so is what the network takes beyond it.
pub const WAIT_MS: std::ops::RangeInclusive<u32> = 150..=650;

/// A hint appears once it has held for this long, in ms...
pub const HINT_AFTER_MS: u64 = 400;
/// ...and stays at least this long, in ms: an old person reads slowly, and flicker is worse than nothing.
pub const HINT_STAYS_MS: u64 = 1_500;

/// Judged frames a second below which the phone is called slow.
pub const SLOW_FPS: f32 = 8.0;

/// Face over oval: smaller is too far. The man sits at 0.42 to 0.8; below this the crops show too little to match.
pub const TOO_FAR: f32 = 0.40;
/// Face height in pixels below which it is too far, whatever the oval says: the portrait match needs about 112.
pub const TOO_FEW_PIXELS: f32 = 80.0;
/// Face over oval: larger is too near, the forehead leaves the frame.
pub const TOO_NEAR: f32 = 1.20;
/// Offset from the centre of the oval, over its height.
pub const OFF_CENTRE: f32 = 0.28;
/// Degrees from the camera within which a face counts as looking at it: people hold phones below their faces.
pub const TURNED_YAW: f32 = 13.0;
/// The same for nodding; the pose of a face seen from slightly below reads as 5 to 13.
pub const TURNED_PITCH: f32 = 20.0;
/// An open mouth at the start would make a useless baseline.
pub const MOUTH_CLOSED: f32 = 0.2;
/// Mean luma of the face: darker is too dark...
pub const TOO_DARK: f32 = 0.15;
/// Below this more light is asked for, but never waited for. Half the light of the footage (0.39 on the man's face, 0.33 in
/// its darkest frame) is 0.2; there, with the noise that comes with it, the passive network doubts the living and sends
/// them all to review (docs/LIVENESS.md).
pub const DIM: f32 = 0.25;
/// Mean luma of the face: brighter is too bright.
pub const TOO_BRIGHT: f32 = 0.90;
/// Surroundings over face: lit from behind.
pub const BACK_LIT: f32 = 2.2;
/// Variance of the Laplacian: blurred. The footage, small and compressed as it is, reads 7 to 64.
pub const BLURRED: f32 = 5.0;
/// Once shown, a hint about size, place or light goes only when the value is better than its limit by this part.
pub const HINT_EASE: f32 = 0.06;
