//! The actor: a recorded person who follows instructions, for demonstrations and tests on machines without a camera.
//!
//! In comes a folder with `actor.json` ([`ActorIndex`]): which clip, where in it the person is at rest, which stretches
//! show which action, and between which frames of rest the film may jump unseen. Out come frames at the clip's own rate,
//! of a person who rests until told otherwise, hesitates for 0.4 to 0.9 s as people do, does what was asked once, and
//! rests again. What the recording does not show the actor does not do. Every pixel is recorded footage: rest and actions
//! may be played backwards, nothing is blended or drawn.
//!
//! Frames are those of a demonstration ([`FrameSource::is_demo`]): evidence made from them says so, and a service refuses
//! it unless it was started for demonstrations.
//!
//! What can go wrong is found when the actor is opened ([`ActorError`]); after that it never fails.

mod error;
mod index;
mod likeness;
mod playback;
mod recording;
mod route;

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use jianzai_wire::{Action, FrameTime};

pub use error::ActorError;
pub use index::{ActorIndex, ClipFile, IndexedAction, Jump, Nearness};
pub use likeness::HalfLuma;
pub use recording::{Recording, visit_frames};

use crate::{CameraError, CaptureClock, Frame, FrameSource};
use playback::Playback;

/// What the actor is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Instruction {
    /// Do nothing. Takes back an action that has not begun; one that has is finished.
    Rest,
    /// Do this once.
    Do(Action),
}

/// Tells the actor what to do, from any thread. Clones speak to the same actor.
#[derive(Clone)]
pub struct ActorCue {
    said: Arc<Mutex<Vec<(FrameTime, Instruction)>>>,
    clock: CaptureClock,
    actions: Arc<[Action]>,
}

impl ActorCue {
    /// Says what is to be done now. An action that the recording does not show is not done.
    pub fn ask(&self, instruction: Instruction) {
        self.said.lock().unwrap_or_else(PoisonError::into_inner).push((self.clock.now(), instruction));
    }

    /// The actions that the recording shows.
    pub fn actions(&self) -> &[Action] {
        &self.actions
    }
}

/// A recorded person as a camera.
pub struct Actor {
    recording: Arc<Recording>,
    index: Arc<ActorIndex>,
    playback: Playback,
    cue: ActorCue,
    frame_ms: u64,
    /// When the first frame was due, and how many frames were due since.
    started: Option<(FrameTime, u64)>,
    label: String,
}

impl Actor {
    /// Opens the actor in `folder`. The same `seed` and instructions at the same times give the same frames.
    ///
    /// Takes a second or two: the clip is checked against its sha256 and the frames that the index names are decoded and
    /// kept (I420, about 100 MB for a minute of 400x300).
    ///
    /// # Errors
    /// [`ActorError`]: what about the folder is not as it should be.
    pub fn open(folder: &Path, seed: u64, clock: CaptureClock) -> Result<Self, ActorError> {
        let index = ActorIndex::read(&folder.join("actor.json"))?;
        let plays = index.frames_played();
        let clip = folder.join(&index.clip.file);
        let recording = Recording::open(&clip, Some(&index.clip.sha256), |number| plays.contains(&number))?;
        if recording.total() != index.clip.frames {
            return Err(ActorError::Index(format!(
                "the index counts {} frames and the clip has {}",
                index.clip.frames,
                recording.total()
            )));
        }
        let label = format!("actor {}", folder.file_name().unwrap_or_default().to_string_lossy());
        Self::play(Arc::new(recording), Arc::new(index), label, seed, clock)
    }

    /// The same person again, in another attempt: shares the decoded frames, and begins at the beginning.
    ///
    /// # Errors
    /// None that opening did not meet.
    pub fn again(&self, seed: u64, clock: CaptureClock) -> Result<Self, ActorError> {
        Self::play(Arc::clone(&self.recording), Arc::clone(&self.index), self.label.clone(), seed, clock)
    }

    fn play(
        recording: Arc<Recording>,
        index: Arc<ActorIndex>,
        label: String,
        seed: u64,
        clock: CaptureClock,
    ) -> Result<Self, ActorError> {
        Ok(Self {
            recording,
            frame_ms: u64::from(index.clip.frame_ms),
            playback: Playback::new(&index, seed)?,
            cue: ActorCue { said: Arc::default(), clock, actions: index.actions_shown().into() },
            index,
            started: None,
            label,
        })
    }

    /// With what to tell it what to do.
    pub fn cue(&self) -> ActorCue {
        self.cue.clone()
    }

    /// The actions that the recording shows.
    pub fn actions(&self) -> &[Action] {
        self.cue.actions()
    }

    /// Which frame of the clip was shown last.
    pub fn position(&self) -> u32 {
        self.playback.position()
    }
}

impl FrameSource for Actor {
    /// Like a camera's, frames come at their own rate; those that nobody was there to take are gone.
    fn next(&mut self) -> Result<Frame, CameraError> {
        let (start, number) = match self.started {
            None => (self.cue.clock.now(), 0),
            Some((start, last)) => {
                let elapsed = self.cue.clock.now().since(start) / self.frame_ms;
                (start, elapsed.max(last + 1))
            }
        };
        let last = self.started.map_or(0, |(_, last)| last);
        let at = self.cue.clock.wait_until(start.plus(number * self.frame_ms));
        self.started = Some((start, number));
        for (said_at, instruction) in self.cue.said.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            self.playback.hear(said_at, instruction);
        }
        for due in last..number {
            self.playback.advance(start.plus((due + 1) * self.frame_ms));
        }
        let image = self
            .recording
            .frame(self.playback.position())
            .ok_or_else(|| CameraError::Stopped("the actor's clip lacks a frame".to_owned()))?;
        Ok(Frame { at, number, image })
    }

    fn is_demo(&self) -> bool {
        true
    }

    fn label(&self) -> String {
        self.label.clone()
    }
}
