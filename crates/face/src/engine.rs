//! A frame seen: detector only while nothing is tracked, mesh, expression, light, placement.

use std::time::{Duration, Instant};

use image::RgbImage;
use jianzai_liveness::{Blendshapes, FaceSeen, Observation, Placement, Rect};
use jianzai_wire::FrameTime;

use crate::detector::{Detector, Found};
use crate::expression::{ExpressionReader, Openings};
use crate::geometry::{Quarters, Region, overlap};
use crate::light::Light;
use crate::mesh::{Mesh, Mesher};
use crate::portrait::NEGLIGIBLE;
use crate::{FaceError, ModelError, Models, PassiveScorer, light, pose};

/// How an engine works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EngineOptions {
    /// The passive network looks at every n-th frame with a face; 0 for only when asked with [`FaceEngine::want_passive`].
    pub passive_every: u32,
    /// While a face is tracked, the detector looks for further ones after so many milliseconds of frame time.
    pub look_around_ms: u64,
    /// Light and sharpness are measured again after so many milliseconds of frame time, and stand as they were in between.
    pub measure_ms: u64,
    /// While mouth and eyes keep as they are, the expression is read again after so many milliseconds of frame time.
    pub expression_ms: u64,
}

impl Default for EngineOptions {
    fn default() -> Self {
        Self { passive_every: 5, look_around_ms: 1_000, measure_ms: 0, expression_ms: 0 }
    }
}

/// What the last frame cost, part by part.
#[derive(Debug, Clone, Copy, Default)]
pub struct StageTimes {
    /// Detector; zero while it slept.
    pub detector: Duration,
    /// Cutting the face out of the frame.
    pub warp: Duration,
    /// Mesh network.
    pub mesh: Duration,
    /// Blendshape network.
    pub blendshapes: Duration,
    /// Pose, light, sharpness, placement.
    pub measures: Duration,
    /// Passive network; zero on the frames it did not look at.
    pub passive: Duration,
}

/// Sees one face through a stream of frames.
///
/// Frames are upright 8-bit RGB as the camera sees them, never mirrored, at least 64 pixels on each side. It remembers
/// nothing of a frame but where the face was. One thread; may be sent to another.
pub struct FaceEngine {
    options: EngineOptions,
    detector: Detector,
    mesher: Mesher,
    expression: ExpressionReader,
    passive: PassiveScorer,
    region: Option<Region>,
    looked_at: Option<FrameTime>,
    faces: u8,
    seen: u32,
    passive_wanted: bool,
    /// When light and sharpness were measured, of a frame and of a face, and what they were.
    frame_light: Option<(FrameTime, f32)>,
    face_light: Option<(FrameTime, Light, f32)>,
    /// When the expression was read, of which openings, and what it was.
    expression_read: Option<(FrameTime, Openings, Blendshapes)>,
    times: StageTimes,
}

impl FaceEngine {
    /// Makes the networks ready.
    ///
    /// # Errors
    /// A network does not fit its entry in the manifest.
    pub fn new(models: &Models, options: EngineOptions) -> Result<Self, ModelError> {
        Ok(Self {
            options,
            detector: Detector::new(models)?,
            mesher: Mesher::new(models)?,
            expression: ExpressionReader::new(models)?,
            passive: PassiveScorer::new(models)?,
            region: None,
            looked_at: None,
            faces: 0,
            seen: 0,
            passive_wanted: false,
            frame_light: None,
            face_light: None,
            expression_read: None,
            times: StageTimes::default(),
        })
    }

    /// Sees a frame that entered at `at`. No face is an observation, not an error.
    ///
    /// # Errors
    /// The frame is too small or too narrow; the runtime failed.
    pub fn observe(&mut self, frame: &RgbImage, at: FrameTime) -> Result<Observation, FaceError> {
        let (width, height) = frame.dimensions();
        if width < 64 || height < 64 || width / height >= 4 || height / width >= 4 {
            return Err(FaceError::Frame { width, height });
        }
        self.times = StageTimes::default();
        let mesh = self.track(frame, at)?;
        let face = mesh.map(|mesh| self.describe(frame, at, mesh)).transpose()?;
        let frame_brightness = match self.frame_light {
            Some((measured, brightness)) if self.holds(measured, at) => brightness,
            _ => self.frame_light.insert((at, light::of_frame(frame))).1,
        };
        Ok(Observation { at, size: (width, height), faces: self.faces, frame_brightness, face })
    }

    /// Forgets where the face was: for a new person, a new source, a gap in the frames.
    pub fn reset(&mut self) {
        self.region = None;
        self.looked_at = None;
        self.faces = 0;
        self.seen = 0;
        self.passive_wanted = false;
        self.frame_light = None;
        self.face_light = None;
        self.expression_read = None;
    }

    /// Lets the passive network look at the next frame with a face, whatever its turn.
    pub fn want_passive(&mut self) {
        self.passive_wanted = true;
    }

    /// What the last frame cost.
    pub fn times(&self) -> StageTimes {
        self.times
    }

    /// The face's points: where it was in the last frame, else where the detector finds one.
    fn track(&mut self, frame: &RgbImage, at: FrameTime) -> Result<Option<Mesh>, FaceError> {
        let mut found = None;
        let mut mesh = match self.region {
            Some(region) => self.place(frame, region)?,
            None => None,
        };
        if let Some(tracked) = &mesh {
            // The detector misses a face that is turned far; only a face seen elsewhere speaks against the one tracked.
            if self.is_time_to_look_around(at) {
                let faces = self.look(frame, at)?;
                self.faces = self.faces.max(1);
                let elsewhere = !faces.is_empty() && faces.iter().all(|face| overlap(&face.rect, &tracked.rect) < 0.1);
                if elsewhere {
                    mesh = None;
                    found = faces.first().copied();
                }
            }
        } else {
            found = self.look(frame, at)?.first().copied();
        }
        if let Some(found) = found {
            mesh = self.place(frame, self.mesher.region_of(&found))?;
        }
        self.region = mesh.as_ref().map(|mesh| self.mesher.next_region(mesh));
        Ok(mesh)
    }

    fn is_time_to_look_around(&self, at: FrameTime) -> bool {
        // Frames that go back in time are a new stream.
        self.looked_at.is_none_or(|looked| at < looked || at.since(looked) >= self.options.look_around_ms)
    }

    /// Whether what was measured then still stands.
    fn holds(&self, measured: FrameTime, at: FrameTime) -> bool {
        stands(measured, at, self.options.measure_ms)
    }

    /// The expression: what it was, while mouth and eyes are as they were.
    fn expression(&mut self, at: FrameTime, points: &[[f32; 3]], lies: Quarters) -> Result<Blendshapes, FaceError> {
        let openings = Openings::of(points);
        if let Some((read, then, shapes)) = &self.expression_read
            && stands(*read, at, self.options.expression_ms)
            && openings.are_like(then)
        {
            return Ok(shapes.clone());
        }
        let shapes = self.expression.read(points, lies)?;
        self.expression_read = Some((at, openings, shapes.clone()));
        Ok(shapes)
    }

    /// Counts the faces in the frame, the largest first; leaves out what is far smaller than the largest.
    fn look(&mut self, frame: &RgbImage, at: FrameTime) -> Result<Vec<Found>, FaceError> {
        let start = Instant::now();
        let mut faces = self.detector.find(frame)?;
        let largest = faces.first().map_or(0.0, Found::area);
        faces.retain(|face| face.area() >= largest * NEGLIGIBLE);
        self.faces = u8::try_from(faces.len()).unwrap_or(u8::MAX);
        self.looked_at = Some(at);
        self.times.detector += start.elapsed();
        Ok(faces)
    }

    fn place(&mut self, frame: &RgbImage, region: Region) -> Result<Option<Mesh>, FaceError> {
        let start = Instant::now();
        self.mesher.load(frame, region);
        let loaded = Instant::now();
        let mesh = self.mesher.place(region)?;
        self.times.warp += loaded - start;
        self.times.mesh += loaded.elapsed();
        // A region that has slid out of the frame holds nothing but the repeated edge.
        let (width, height) = (frame.width() as f32, frame.height() as f32);
        let inside = |r: &Rect| {
            let (cx, cy) = ((r.x0 + r.x1) / 2.0, (r.y0 + r.y1) / 2.0);
            (0.0..width).contains(&cx) && (0.0..height).contains(&cy)
        };
        Ok(mesh.filter(|mesh| inside(&mesh.rect)))
    }

    fn describe(&mut self, frame: &RgbImage, at: FrameTime, mesh: Mesh) -> Result<FaceSeen, FaceError> {
        let start = Instant::now();
        let pose = pose::of(&mesh.points).ok_or(FaceError::Points)?;
        let lies = Quarters::of_lean(pose.roll);
        let posed = Instant::now();
        let blendshapes = self.expression(at, &mesh.points, lies)?;
        let read = Instant::now();
        let (_, light, sharpness) = match self.face_light {
            Some(known) if self.holds(known.0, at) => known,
            _ => {
                let measured = (at, light::of_face(frame, &mesh.rect, lies), light::sharpness(frame, &mesh.rect, lies));
                *self.face_light.insert(measured)
            }
        };
        let placement = placement(&mesh, frame.width() as f32, frame.height() as f32);
        let measured = Instant::now();
        let passive = self.passive(frame, mesh.rect, pose.roll)?;
        self.times.blendshapes += read - posed;
        self.times.measures += (measured - read) + (posed - start);
        if passive.is_some() {
            self.times.passive += measured.elapsed();
        }
        Ok(FaceSeen {
            bbox: mesh.rect,
            landmarks: mesh.points,
            presence: mesh.presence,
            pose,
            blendshapes,
            brightness: light.face,
            back_light: light.back,
            sharpness,
            placement,
            passive,
        })
    }

    /// The first frame with a face, then every n-th, and whenever asked.
    fn passive(&mut self, frame: &RgbImage, rect: Rect, roll: f32) -> Result<Option<f32>, FaceError> {
        let turn = self.options.passive_every > 0 && self.seen.is_multiple_of(self.options.passive_every);
        self.seen = self.seen.wrapping_add(1);
        if turn || std::mem::take(&mut self.passive_wanted) {
            self.passive_wanted = false;
            return self.passive.score(frame, rect, roll).map(Some);
        }
        Ok(None)
    }
}

/// Whether what was found at a time still stands at another, if it does so for less than `ms`.
fn stands(found: FrameTime, at: FrameTime, ms: u64) -> bool {
    found <= at && at.since(found) < ms
}

/// Middle of the forehead's edge and the chin.
const FOREHEAD_AND_CHIN: (usize, usize) = (10, 152);

/// The face's height is measured in space, so that a nod does not look like a step back.
fn placement(mesh: &Mesh, width: f32, height: f32) -> Placement {
    let oval = height * Placement::OVAL_HEIGHT;
    let point = |index: usize| mesh.points.get(index).copied().unwrap_or_default();
    let (p, q) = (point(FOREHEAD_AND_CHIN.0), point(FOREHEAD_AND_CHIN.1));
    let length = p.iter().zip(q).map(|(p, q)| (p - q).powi(2)).sum::<f32>().sqrt();
    let (cx, cy) = ((mesh.rect.x0 + mesh.rect.x1) / 2.0, (mesh.rect.y0 + mesh.rect.y1) / 2.0);
    Placement { size: length / oval, dx: (cx - width / 2.0) / oval, dy: (cy - height / 2.0) / oval }
}
