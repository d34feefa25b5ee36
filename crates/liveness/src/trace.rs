//! Traces: the little of an observation that this crate looks at, small enough to keep as a fixture.
//!
//! **In**: [`Observation`]s of real footage. **Out**: [`Trace`], a JSON document of rounded whole numbers, and observations
//! again, in which every landmark and expression that is not kept is NaN: whoever comes to rely on one finds out at once.
//! **What can go wrong**: a document that isn't a trace ([`serde_json::Error`]).

use jianzai_wire::FrameTime;
use serde::{Deserialize, Serialize};

use crate::signals::points;
use crate::{Blendshape, Blendshapes, FaceSeen, Observation, Placement, Pose, Rect};

/// What was seen in a clip.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trace {
    /// The clip: package, version, path.
    pub source: String,
    /// How it was made: program, networks, frame rate.
    pub made_by: String,
    /// The frames, in order.
    pub frames: Vec<TraceFrame>,
}

/// One frame: `t` time in ms, `size`, `faces`, `light` of the frame in thousandths, and the face.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TraceFrame {
    t: u64,
    size: (u32, u32),
    faces: u8,
    light: i32,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    face: Option<TraceFace>,
}

/// A face; all but `bbox`, `points` (tenths of a pixel) and `pose` (hundredths of a degree) in thousandths.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct TraceFace {
    bbox: [i32; 4],
    /// In the order of [`points::USED`].
    points: Vec<[i32; 3]>,
    pose: [i32; 3],
    /// In the order of [`EXPRESSIONS`].
    shapes: Vec<i32>,
    presence: i32,
    /// Brightness, back light, sharpness.
    light: [i32; 3],
    /// Size, dx, dy.
    placement: [i32; 3],
    #[serde(skip_serializing_if = "Option::is_none", default)]
    passive: Option<i32>,
}

/// The expressions that are kept.
const EXPRESSIONS: [Blendshape; 3] = [Blendshape::JawOpen, Blendshape::EyeBlinkLeft, Blendshape::EyeBlinkRight];

/// Landmarks of the mesh, irises included.
const MESH: usize = 478;

impl Trace {
    /// A trace of these observations.
    pub fn of(source: &str, made_by: &str, observations: &[Observation]) -> Self {
        let frames = observations.iter().map(TraceFrame::from).collect();
        Self { source: source.to_owned(), made_by: made_by.to_owned(), frames }
    }

    /// The observations, as far as they were kept.
    pub fn observations(&self) -> Vec<Observation> {
        self.frames.iter().map(Observation::from).collect()
    }

    /// Reads a JSON document.
    pub fn from_json(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }

    /// A JSON document, one frame a line.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        let head = (serde_json::to_string(&self.source)?, serde_json::to_string(&self.made_by)?);
        let frames: Vec<_> = self.frames.iter().map(serde_json::to_string).collect::<Result<_, _>>()?;
        Ok(format!("{{\"source\":{},\"made_by\":{},\"frames\":[\n{}\n]}}\n", head.0, head.1, frames.join(",\n")))
    }
}

/// Rounds `value * scale`; what is not finite becomes 0.
fn whole(value: f32, scale: f32) -> i32 {
    (value * scale).round() as i32
}

fn fraction(value: i32, scale: f32) -> f32 {
    value as f32 / scale
}

impl From<&Observation> for TraceFrame {
    fn from(seen: &Observation) -> Self {
        Self {
            t: seen.at.0,
            size: seen.size,
            faces: seen.faces,
            light: whole(seen.frame_brightness, 1000.0),
            face: seen.face.as_ref().map(TraceFace::from),
        }
    }
}

impl From<&FaceSeen> for TraceFace {
    fn from(face: &FaceSeen) -> Self {
        let point = |index: &usize| face.landmarks.get(*index).map_or([0; 3], |p| p.map(|v| whole(v, 10.0)));
        let Rect { x0, y0, x1, y1 } = face.bbox;
        let Placement { size, dx, dy } = face.placement;
        Self {
            bbox: [x0, y0, x1, y1].map(|v| whole(v, 10.0)),
            points: points::USED.iter().map(point).collect(),
            pose: [face.pose.yaw, face.pose.pitch, face.pose.roll].map(|v| whole(v, 100.0)),
            shapes: EXPRESSIONS.iter().map(|shape| whole(face.blendshapes.get(*shape), 1000.0)).collect(),
            presence: whole(face.presence, 1000.0),
            light: [face.brightness, face.back_light, face.sharpness].map(|v| whole(v, 1000.0)),
            placement: [size, dx, dy].map(|v| whole(v, 1000.0)),
            passive: face.passive.map(|v| whole(v, 1000.0)),
        }
    }
}

impl From<&TraceFrame> for Observation {
    fn from(frame: &TraceFrame) -> Self {
        Self {
            at: FrameTime(frame.t),
            size: frame.size,
            faces: frame.faces,
            frame_brightness: fraction(frame.light, 1000.0),
            face: frame.face.as_ref().map(FaceSeen::from),
        }
    }
}

impl From<&TraceFace> for FaceSeen {
    fn from(face: &TraceFace) -> Self {
        let mut landmarks = vec![[f32::NAN; 3]; MESH];
        for (index, point) in points::USED.iter().zip(&face.points) {
            if let Some(landmark) = landmarks.get_mut(*index) {
                *landmark = point.map(|v| fraction(v, 10.0));
            }
        }
        let mut blendshapes = Blendshapes([f32::NAN; 52]);
        for (shape, score) in EXPRESSIONS.iter().zip(&face.shapes) {
            blendshapes.0[*shape as usize] = fraction(*score, 1000.0);
        }
        let [x0, y0, x1, y1] = face.bbox.map(|v| fraction(v, 10.0));
        let [yaw, pitch, roll] = face.pose.map(|v| fraction(v, 100.0));
        let [brightness, back_light, sharpness] = face.light.map(|v| fraction(v, 1000.0));
        let [size, dx, dy] = face.placement.map(|v| fraction(v, 1000.0));
        Self {
            bbox: Rect { x0, y0, x1, y1 },
            landmarks,
            presence: fraction(face.presence, 1000.0),
            pose: Pose { yaw, pitch, roll },
            blendshapes,
            brightness,
            back_light,
            sharpness,
            placement: Placement { size, dx, dy },
            passive: face.passive.map(|v| fraction(v, 1000.0)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_comes_back_and_the_rest_is_nan() {
        let landmarks: Vec<_> = (0..MESH).map(|i| [i as f32 * 0.5, 300.2 - i as f32 * 0.1, -2.5]).collect();
        let mut blendshapes = Blendshapes::default();
        blendshapes.0[Blendshape::JawOpen as usize] = 0.437;
        let face = FaceSeen {
            bbox: Rect { x0: 10.5, y0: 20.0, x1: 110.0, y1: 160.0 },
            landmarks: landmarks.clone(),
            presence: 0.998,
            pose: Pose { yaw: -12.25, pitch: 3.5, roll: 0.01 },
            blendshapes,
            brightness: 0.5,
            back_light: 1.25,
            sharpness: 80.125,
            placement: Placement { size: 0.6, dx: -0.05, dy: 0.1 },
            passive: Some(0.991),
        };
        let seen =
            Observation { at: FrameTime(67), size: (400, 300), faces: 1, frame_brightness: 0.4, face: Some(face) };
        let none = Observation { at: FrameTime(133), face: None, faces: 0, ..seen.clone() };
        let json = Trace::of("a clip", "a test", &[seen.clone(), none.clone()]).to_json().expect("serialises");
        let back = Trace::from_json(&json).expect("parses").observations();
        assert_eq!(back[1], none);
        let (before, after) = (seen.face.expect("a face"), back[0].face.clone().expect("a face"));
        for (index, point) in after.landmarks.iter().enumerate() {
            if points::USED.contains(&index) {
                assert!(point.iter().zip(landmarks[index]).all(|(a, b)| (a - b).abs() <= 0.051), "{index}");
            } else {
                assert!(point.iter().all(|v| v.is_nan()), "{index}");
            }
        }
        assert_eq!(after.blendshapes.get(Blendshape::JawOpen), 0.437);
        assert!(after.blendshapes.get(Blendshape::MouthPucker).is_nan());
        assert_eq!((after.pose, after.passive, after.placement), (before.pose, before.passive, before.placement));
    }
}
