//! A synthetic person: a head of 13 points in space, turned, nodded and projected, with noise; and a picture of one.

use jianzai_liveness::signals::points;
use jianzai_liveness::{Blendshape, Blendshapes, FaceSeen, Observation, Placement, Pose, Rect};
use jianzai_wire::{Action, FrameTime};

/// A small generator of numbers that look random; the same seed gives the same numbers.
#[derive(Debug, Clone)]
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    /// The next number (splitmix64).
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// Between `low` and `high`.
    pub(crate) fn between(&mut self, low: f32, high: f32) -> f32 {
        low + (high - low) * (self.next() >> 40) as f32 / (1u64 << 24) as f32
    }

    /// One of these.
    pub(crate) fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        all[(self.next() % all.len() as u64) as usize]
    }
}

/// What a person's body does at one moment.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Body {
    /// To the subject's own left, degrees.
    pub(crate) yaw: f32,
    /// Up, degrees.
    pub(crate) pitch: f32,
    /// 0 closed to 1 wide open.
    pub(crate) mouth: f32,
    /// 0 open to 1 closed.
    pub(crate) lids: f32,
}

/// Someone before the camera.
#[derive(Debug, Clone)]
pub(crate) struct Person {
    dice: Dice,
    rest: Body,
    /// Half the width of the face in pixels.
    half: f32,
    middle: [f32; 2],
    /// Depth of the head: 1 for a head, 0 for a picture.
    pub(crate) depth: f32,
    /// Of a picture on a sheet bent round an upright cylinder: its radius, over half the width of the face.
    sheet: Option<f32>,
    /// Of the landmarks, pixels.
    pub(crate) noise: f32,
    /// What the passive network says.
    pub(crate) passive: f32,
    next_blink: u64,
    /// Whether the eyes blink now and then.
    pub(crate) blinks: bool,
    /// How far the head leans, clockwise in the frame, in degrees: 90 for somebody on their side.
    pub(crate) lean: f32,
}

/// Points of a head whose half width is 1: to the subject's left, down, and towards the camera.
const HEAD: [(usize, [f32; 3]); points::USED.len()] = [
    (points::NOSE, [0.0, 0.12, 1.45]),
    (points::NOSE_BASE, [0.0, 0.35, 1.2]),
    (points::FOREHEAD, [0.0, -0.9, 0.9]),
    (points::LIP_UPPER, [0.0, 0.6, 1.1]),
    (points::LIP_LOWER, [0.0, 0.61, 1.1]),
    (points::EYE_RIGHT_OUTER, [-0.62, -0.2, 0.65]),
    (points::EYE_RIGHT_INNER, [-0.22, -0.18, 0.85]),
    (points::CHIN, [0.0, 1.3, 0.9]),
    (points::BRIDGE, [0.0, -0.25, 1.05]),
    (points::SIDE_RIGHT, [-1.0, 0.0, 0.0]),
    (points::EYE_LEFT_OUTER, [0.62, -0.2, 0.65]),
    (points::EYE_LEFT_INNER, [0.22, -0.18, 0.85]),
    (points::SIDE_LEFT, [1.0, 0.0, 0.0]),
];

impl Person {
    /// Someone, decided by the seed.
    pub(crate) fn new(seed: u64) -> Self {
        let mut dice = Dice(seed);
        let rest = Body {
            yaw: dice.between(-5.0, 5.0),
            pitch: dice.between(-3.0, 9.0),
            mouth: dice.between(0.0, 0.05),
            lids: dice.between(0.05, 0.2),
        };
        let middle = [320.0 + dice.between(-25.0, 25.0), 240.0 + dice.between(-25.0, 25.0)];
        let half = dice.between(80.0, 120.0);
        Self {
            dice,
            rest,
            half,
            middle,
            depth: 1.0,
            sheet: None,
            noise: 0.25,
            passive: 0.99,
            next_blink: 1_500,
            blinks: true,
            lean: 0.0,
        }
    }

    /// A print of someone.
    pub(crate) fn print(seed: u64) -> Self {
        Self { depth: 0.0, passive: 0.02, blinks: false, ..Self::new(seed) }
    }

    /// A print of someone on a sheet bent to this radius. The mesh takes it for a head, with the depth of one.
    pub(crate) fn sheet(seed: u64, radius: f32) -> Self {
        Self { sheet: Some(radius), ..Self::new(seed) }
    }

    /// The frame at `at`, while the person does `body` beyond their rest.
    pub(crate) fn frame(&mut self, at: FrameTime, body: Body) -> Observation {
        let wobble = |period: f32, size: f32| (at.0 as f32 / period).sin() * size;
        let yaw = self.rest.yaw + body.yaw + wobble(900.0, 0.8);
        let pitch = self.rest.pitch + body.pitch + wobble(700.0, 0.8);
        let mouth = (self.rest.mouth + body.mouth).clamp(0.0, 1.0);
        let lids = if self.is_blinking(at) { 0.8 } else { self.rest.lids }.max(body.lids);
        let middle = [self.middle[0] + wobble(1_300.0, 3.0), self.middle[1] + wobble(1_100.0, 2.0)];
        let mut landmarks = vec![[f32::NAN; 3]; 478];
        for (index, point) in HEAD {
            let [x, mut y, z] = point;
            if matches!(index, points::LIP_LOWER | points::CHIN) {
                y += mouth * 0.55;
            }
            let head = turned([x, y, z * self.depth], yaw, pitch);
            let on_sheet = |radius: f32| [radius * (x / radius).sin(), y, radius * (x / radius).cos()];
            let [x, y, _] = self.sheet.map_or(head, |radius| turned(on_sheet(radius), yaw, pitch));
            let z = head[2];
            let noise = self.noise;
            landmarks[index] = [
                middle[0] + x * self.half + self.dice.between(-noise, noise),
                middle[1] + y * self.half + self.dice.between(-noise, noise),
                -z * self.half,
            ];
        }
        let height = landmarks[points::CHIN][1] - landmarks[points::FOREHEAD][1];
        let (sin, cos) = self.lean.to_radians().sin_cos();
        for point in &mut landmarks {
            let (x, y) = (point[0] - middle[0], point[1] - middle[1]);
            (point[0], point[1]) = (middle[0] + x * cos - y * sin, middle[1] + x * sin + y * cos);
        }
        let mut blendshapes = Blendshapes::default();
        blendshapes.0[Blendshape::JawOpen as usize] = mouth * 0.75 + self.dice.between(0.0, 0.01);
        blendshapes.0[Blendshape::EyeBlinkLeft as usize] = lids;
        blendshapes.0[Blendshape::EyeBlinkRight as usize] = lids;
        // The mesh takes a tilted picture for a head that turns a little.
        let seen = if self.sheet.is_some() { 0.35 } else { 0.1 + 0.85 * self.depth };
        let face = FaceSeen {
            bbox: Rect {
                x0: middle[0] - self.half,
                y0: middle[1] - self.half,
                x1: middle[0] + self.half,
                y1: middle[1] + self.half * 1.3,
            },
            landmarks,
            presence: 0.99,
            pose: Pose {
                yaw: yaw * seen + self.dice.between(-0.3, 0.3),
                pitch: pitch * seen + self.dice.between(-0.3, 0.3),
                roll: self.lean + wobble(1_500.0, 1.0),
            },
            blendshapes,
            brightness: 0.5,
            back_light: 1.0,
            sharpness: 90.0,
            placement: Placement {
                size: height / 336.0,
                dx: (middle[0] - 320.0) / 336.0,
                dy: (middle[1] - 240.0) / 336.0,
            },
            passive: (at.0 / 66).is_multiple_of(5).then_some(self.passive),
        };
        Observation { at, size: (640, 480), faces: 1, frame_brightness: 0.45, face: Some(face) }
    }

    fn is_blinking(&mut self, at: FrameTime) -> bool {
        if self.blinks && at.0 > self.next_blink + 200 {
            self.next_blink = at.0 + 1_500 + self.dice.next() % 3_000;
        }
        self.blinks && at.0 >= self.next_blink
    }
}

fn turned([x, y, z]: [f32; 3], yaw: f32, pitch: f32) -> [f32; 3] {
    let (s, c) = yaw.to_radians().sin_cos();
    let (x, z) = (x * c + z * s, z * c - x * s);
    let (s, c) = pitch.to_radians().sin_cos();
    [x, y * c - z * s, z * c + y * s]
}

/// An action under way.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Doing {
    pub(crate) action: Action,
    pub(crate) began_at: FrameTime,
    /// From rest to rest, ms.
    pub(crate) lasts: u64,
    /// 1 is what people usually do.
    pub(crate) size: f32,
}

impl Doing {
    /// When it is over.
    pub(crate) fn ends_at(&self) -> FrameTime {
        self.began_at.plus(self.lasts)
    }

    /// What the body does for it at `at`.
    pub(crate) fn body(&self, at: FrameTime) -> Body {
        let part = at.since(self.began_at) as f32 / self.lasts.max(1) as f32;
        // Up in the first third, held, back in the last.
        let way = (part * 3.0).min((1.0 - part) * 3.0).clamp(0.0, 1.0);
        let far = way * way * (3.0 - 2.0 * way) * self.size;
        match self.action {
            Action::OpenMouth => Body { mouth: 0.75 * far, ..Body::default() },
            Action::TurnLeft => Body { yaw: 17.0 * far, ..Body::default() },
            Action::TurnRight => Body { yaw: -17.0 * far, ..Body::default() },
            Action::LookUp => Body { pitch: 16.0 * far, ..Body::default() },
            Action::LookDown => Body { pitch: -16.0 * far, ..Body::default() },
        }
    }
}
