use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use jianzai_wire::Action;
use serde::{Deserialize, Serialize};

use super::ActorError;

/// What a clip shows and how it may be played: the contents of `actor.json`. Frames are numbered from 0 in the order of
/// display. Made by the tool `actor-index` of the tests package, which looks at every frame with the face networks.
///
/// ```json
/// {
///   "version": 1,
///   "clip": { "file": "../../footage/clip.mp4", "sha256": "17ab...", "frames": 1337, "frame_ms": 40 },
///   "near": { "pixels": 2.2, "landmarks": 0.012 },
///   "rests": [[0, 100], [249, 281]],
///   "actions": [
///     { "action": "open_mouth", "path": [275, 315] },
///     { "action": "turn_right", "path": [480, 497, 480] }
///   ],
///   "jumps": [{ "between": [52, 260], "pixels": 1.3, "landmarks": 0.004 }]
/// }
/// ```
///
/// * `rests`: stretches `[from, to)` in which the person looks into the camera and does nothing. Within one the film runs
///   forwards and backwards.
/// * `actions`: way-points that the film walks frame by frame, forwards or backwards: it begins and ends at rest. Out and
///   back on the same frames is used where the person went on to something else without resting.
/// * `jumps`: pairs of resting frames so alike that going from one to the other (either way) is not seen: they differ by
///   no more than `near`, which is less than neighbouring frames of the same clip often do.
///
/// From every resting frame every action can be reached by walking in rests and jumping.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ActorIndex {
    /// Form of this file; 1.
    pub version: u32,
    /// The recording.
    pub clip: ClipFile,
    /// How alike the two frames of a jump are at least.
    pub near: Nearness,
    /// Stretches `[from, to)` of rest, in order, without overlap.
    pub rests: Vec<[u32; 2]>,
    /// What can be asked.
    pub actions: Vec<IndexedAction>,
    /// Where the film may be cut.
    pub jumps: Vec<Jump>,
}

/// The recording that an index is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClipFile {
    /// Where it is, relative to the index: MP4 with H.264.
    pub file: PathBuf,
    /// Of the whole file, in hex.
    pub sha256: String,
    /// Number of frames.
    pub frames: u32,
    /// Milliseconds from one frame to the next.
    pub frame_ms: u32,
}

/// How far two frames are apart.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Nearness {
    /// Mean absolute difference of luma (0 to 255) over the picture at half its size.
    pub pixels: f32,
    /// Mean distance between corresponding landmarks, over the height of the face.
    pub landmarks: f32,
}

/// One recorded action.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IndexedAction {
    /// What is done.
    pub action: Action,
    /// Way-points; the first and the last are resting frames.
    pub path: Vec<u32>,
}

/// Two resting frames that are nearly the same.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Jump {
    /// The frames.
    pub between: [u32; 2],
    /// As in [`Nearness`].
    pub pixels: f32,
    /// As in [`Nearness`].
    pub landmarks: f32,
}

impl ActorIndex {
    /// The present form.
    pub const VERSION: u32 = 1;

    /// Reads and checks `actor.json`.
    ///
    /// # Errors
    /// [`ActorError::Unreadable`], [`ActorError::Index`].
    pub fn read(path: &Path) -> Result<Self, ActorError> {
        let text =
            std::fs::read_to_string(path).map_err(|error| ActorError::Unreadable { path: path.to_owned(), error })?;
        let index: Self = serde_json::from_str(&text).map_err(|error| ActorError::Index(error.to_string()))?;
        index.check()?;
        Ok(index)
    }

    /// Whether all that this says holds together. Whether every action can be reached is checked by the player.
    ///
    /// # Errors
    /// [`ActorError::Index`] with what does not.
    pub fn check(&self) -> Result<(), ActorError> {
        let wrong = |what: String| Err(ActorError::Index(what));
        if self.version != Self::VERSION {
            return wrong(format!("form {} is not known", self.version));
        }
        if !(10..=200).contains(&self.clip.frame_ms) {
            return wrong(format!("a frame every {} ms", self.clip.frame_ms));
        }
        let mut free = 0;
        for [from, to] in &self.rests {
            if *from < free || from >= to || *to > self.clip.frames {
                return wrong(format!("rest {from} to {to}"));
            }
            free = *to;
        }
        if self.rests.is_empty() {
            return wrong("no rest".to_owned());
        }
        for jump in &self.jumps {
            let [a, b] = jump.between;
            // Written so that what is not a number is not near.
            let near = jump.pixels <= self.near.pixels && jump.landmarks <= self.near.landmarks;
            if !near || !self.is_rest(a) || !self.is_rest(b) {
                return wrong(format!("jump between {a} and {b}"));
            }
        }
        for action in &self.actions {
            let ends = [action.path.first(), action.path.last()];
            let rests = ends.into_iter().all(|end| end.is_some_and(|end| self.is_rest(*end)));
            let exists = action.path.iter().all(|point| *point < self.clip.frames);
            let moves = action.path.windows(2).all(|pair| pair.first() != pair.last());
            if action.path.len() < 2 || !rests || !exists || !moves {
                return wrong(format!("{} along {:?}", action.action.name(), action.path));
            }
        }
        Ok(())
    }

    /// The actions shown, each once.
    pub fn actions_shown(&self) -> Vec<Action> {
        self.actions.iter().map(|indexed| indexed.action).collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// Whether the person is at rest in frame `number`.
    pub fn is_rest(&self, number: u32) -> bool {
        self.rests.iter().any(|[from, to]| (from..to).contains(&&number))
    }

    /// Every frame that may ever be shown.
    pub(super) fn frames_played(&self) -> BTreeSet<u32> {
        let rests = self.rests.iter().flat_map(|[from, to]| *from..*to);
        rests.chain(self.actions.iter().flat_map(IndexedAction::frames)).collect()
    }
}

impl IndexedAction {
    /// The frames in the order in which they are shown, the resting ones at both ends included.
    pub fn frames(&self) -> Vec<u32> {
        let mut frames: Vec<u32> = self.path.first().copied().into_iter().collect();
        for pair in self.path.windows(2) {
            if let [from, to] = *pair {
                if from < to {
                    frames.extend(from + 1..=to);
                } else {
                    frames.extend((to..from).rev());
                }
            }
        }
        frames
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Two rests, joined by one jump; an action out of each.
    pub(in crate::actor) fn small() -> ActorIndex {
        ActorIndex {
            version: 1,
            clip: ClipFile { file: "clip.mp4".into(), sha256: String::new(), frames: 200, frame_ms: 40 },
            near: Nearness { pixels: 2.0, landmarks: 0.01 },
            rests: vec![[10, 30], [60, 90]],
            actions: vec![
                IndexedAction { action: Action::OpenMouth, path: vec![29, 60] },
                IndexedAction { action: Action::TurnLeft, path: vec![88, 120, 88] },
            ],
            jumps: vec![Jump { between: [20, 70], pixels: 1.0, landmarks: 0.004 }],
        }
    }

    #[test]
    fn paths_are_walked_frame_by_frame_both_ways() {
        let action = IndexedAction { action: Action::OpenMouth, path: vec![3, 6, 2] };
        assert_eq!(action.frames(), [3, 4, 5, 6, 5, 4, 3, 2]);
    }

    #[test]
    fn an_index_that_does_not_hold_together_is_refused() {
        assert!(small().check().is_ok());
        type Spoil = fn(&mut ActorIndex);
        let spoil: [(&str, Spoil); 9] = [
            ("version", |index| index.version = 2),
            ("rests overlap", |index| index.rests = vec![[10, 30], [20, 90]]),
            ("rest beyond the clip", |index| index.clip.frames = 80),
            ("no rest", |index| index.rests.clear()),
            ("far jump", |index| index.jumps[0].pixels = 2.1),
            ("far landmarks", |index| index.jumps[0].landmarks = f32::NAN),
            ("jump from an action", |index| index.jumps[0].between = [40, 70]),
            ("action that does not end at rest", |index| index.actions[0].path = vec![29, 59]),
            ("action beyond the clip", |index| index.actions[1].path = vec![88, 200, 88]),
        ];
        for (what, spoil) in spoil {
            let mut index = small();
            spoil(&mut index);
            assert!(index.check().is_err(), "{what}");
        }
    }
}
