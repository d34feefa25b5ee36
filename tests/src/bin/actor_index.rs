//! Makes an actor of a clip: `cargo run -p jianzai-tests --bin actor_index -- tests/footage/CLIP tests/actor/NAME`
//!
//! Looks at every frame with the face networks, finds where the person rests, where they do something and come back, and
//! between which resting frames the film may jump, and writes `actor.json` ([`ActorIndex`]) into the folder, which must
//! exist. Prints what it found, so that a person can look at those frames.
//!
//! * The **rest posture** is the frame that most others are like. A frame is at rest if it is like that one and the person
//!   holds still with a closed mouth.
//! * An **action** is a peak of one signal alone that is reached from rest. If the person came back to rest, the film runs
//!   on to there; if they went on to something else, it turns at the peak and runs back.
//! * A **jump** joins resting frames of two stretches that are nearer to each other than [`NEAR`].

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use jianzai_camera::CaptureClock;
use jianzai_camera::actor::{Actor, ActorIndex, ClipFile, HalfLuma, IndexedAction, Jump, Nearness};
use jianzai_liveness::{Blendshape, FaceSeen};
use jianzai_tests::footage::look;
use jianzai_wire::{Action, FrameTime};
use sha2::{Digest as _, Sha256};

/// Less than neighbouring frames of a moving person differ (in these clips about 1.5 and 0.018 at the 95th percentile).
const NEAR: Nearness = Nearness { pixels: 2.2, landmarks: 0.012 };
/// How like the rest posture a resting frame is.
const AT_REST: Nearness = Nearness { pixels: 3.0, landmarks: 0.022 };
/// Mean way of the landmarks from the frame before, over the height of the face. Faster than this a person is not at rest
/// but on the way through it.
const STILL: f32 = 0.020;
/// Fewer resting frames are no stretch.
const SHORTEST_REST: usize = 2;
/// An action's peak is reached and left within so many frames.
const LONGEST_WAY: usize = 60;
/// Jumps kept between two stretches.
const JUMPS_PER_PAIR: usize = 4;

/// What is looked at of a frame.
struct Seen {
    at: FrameTime,
    luma: HalfLuma,
    yaw: f32,
    pitch: f32,
    jaw: f32,
    blink: f32,
    points: Vec<[f32; 2]>,
    height: f32,
}

fn main() -> Result<()> {
    let arguments: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let [clip, folder] = arguments.as_slice() else { bail!("actor_index CLIP FOLDER") };
    let frames = see(clip)?;
    let posture = rest_posture(&frames).context("the clip shows no face at rest")?;
    let rests = rests(&frames, posture);
    let actions = actions(&frames, posture, &rests);
    let jumps = jumps(&frames, &rests);
    let index = ActorIndex {
        version: ActorIndex::VERSION,
        clip: clip_file(clip, folder, &frames)?,
        near: NEAR,
        rests,
        actions,
        jumps,
    };
    let index = reachable(index)?;
    describe(&index, &frames, posture);
    std::fs::write(folder.join("actor.json"), to_json(&index)?)?;
    // The player checks all of it again, and that every action can be reached.
    Actor::open(folder, 0, CaptureClock::virtual_at_zero())?;
    Ok(())
}

fn see(clip: &Path) -> Result<Vec<Option<Seen>>> {
    let mut frames = Vec::new();
    look(clip, u32::MAX, 0, |frame, seen| {
        let face = seen.face.filter(|_| seen.faces == 1);
        frames.push(face.map(|face| Seen::of(seen.at, HalfLuma::of(&frame.image), &face)));
    })?;
    Ok(frames)
}

impl Seen {
    fn of(at: FrameTime, luma: HalfLuma, face: &FaceSeen) -> Self {
        let blink = [Blendshape::EyeBlinkLeft, Blendshape::EyeBlinkRight].map(|eye| face.blendshapes.get(eye));
        Self {
            at,
            luma,
            yaw: face.pose.yaw,
            pitch: face.pose.pitch,
            jaw: face.blendshapes.get(Blendshape::JawOpen),
            blink: blink[0].min(blink[1]),
            points: face.landmarks.iter().map(|[x, y, _]| [*x, *y]).collect(),
            height: face.bbox.y1 - face.bbox.y0,
        }
    }

    /// Mean way between corresponding landmarks, over the height of the face.
    fn landmark_distance(&self, other: &Self) -> f32 {
        let ways = self.points.iter().zip(&other.points).map(|(a, b)| (a[0] - b[0]).hypot(a[1] - b[1]));
        ways.sum::<f32>() / self.points.len().max(1) as f32 / self.height
    }

    fn is_like(&self, other: &Self, near: Nearness) -> bool {
        self.landmark_distance(other) <= near.landmarks && self.luma.distance(&other.luma) <= near.pixels
    }
}

/// The frame with a closed mouth that most others are like.
fn rest_posture(frames: &[Option<Seen>]) -> Option<&Seen> {
    let candidates: Vec<&Seen> = frames.iter().step_by(5).flatten().filter(|seen| seen.jaw < 0.06).collect();
    candidates.iter().copied().max_by_key(|seen| candidates.iter().filter(|other| seen.is_like(other, AT_REST)).count())
}

fn rests(frames: &[Option<Seen>], posture: &Seen) -> Vec<[u32; 2]> {
    let mut before: Option<&Seen> = None;
    let mut resting = Vec::with_capacity(frames.len() + 1);
    for frame in frames {
        let seen = frame.as_ref();
        let is_rest = seen.is_some_and(|seen| {
            let still = before.is_none_or(|before| seen.landmark_distance(before) <= STILL);
            still && seen.jaw < 0.06 && seen.blink < 0.4 && seen.is_like(posture, AT_REST)
        });
        resting.push(is_rest);
        before = seen;
    }
    resting.push(false);
    let mut rests = Vec::new();
    let mut start = None;
    for (number, is_rest) in resting.into_iter().enumerate() {
        match (start, is_rest) {
            (None, true) => start = Some(number),
            (Some(from), false) => {
                if number - from >= SHORTEST_REST {
                    rests.push([from as u32, number as u32]);
                }
                start = None;
            }
            _ => {}
        }
    }
    rests
}

/// How strongly each action shows in a frame: 1 is a clear one.
fn signals(seen: &Seen, rest: &Seen) -> [(Action, f32); 5] {
    [
        (Action::OpenMouth, (seen.jaw - rest.jaw) / 0.45),
        (Action::TurnLeft, (seen.yaw - rest.yaw) / 11.0),
        (Action::TurnRight, (rest.yaw - seen.yaw) / 11.0),
        (Action::LookUp, (seen.pitch - rest.pitch) / 10.0),
        (Action::LookDown, (rest.pitch - seen.pitch) / 10.0),
    ]
}

fn actions(frames: &[Option<Seen>], posture: &Seen, rests: &[[u32; 2]]) -> Vec<IndexedAction> {
    let strength = |number: usize, action: Action| {
        let seen = frames.get(number).and_then(Option::as_ref)?;
        signals(seen, posture).into_iter().find(|(kind, _)| *kind == action).map(|(_, strength)| strength)
    };
    let is_rest = |number: usize| rests.iter().any(|[from, to]| (*from as usize..*to as usize).contains(&number));
    let mut found = Vec::new();
    for action in Action::ALL {
        let mut number = 0;
        while number < frames.len() {
            let strong = |number: &usize| strength(*number, action).is_some_and(|strength| strength >= 1.0);
            let run: Vec<usize> = (number..frames.len()).take_while(strong).collect();
            number += run.len().max(1);
            let strongest = |a: &usize, b: &usize| {
                strength(*a, action).unwrap_or(0.0).total_cmp(&strength(*b, action).unwrap_or(0.0))
            };
            let Some(peak) = run.into_iter().max_by(strongest) else { continue };
            // Out to the nearest rest on either side, as long as nothing else is done on the way.
            let pure = |number: usize| {
                let seen = frames.get(number).and_then(Option::as_ref)?;
                let mut others = signals(seen, posture).into_iter().filter(|(kind, _)| *kind != action);
                others.all(|(_, strength)| strength < 0.7).then_some(number)
            };
            let way = |mut numbers: Box<dyn Iterator<Item = usize>>| {
                numbers.by_ref().take(LONGEST_WAY).map_while(pure).find(|number| is_rest(*number))
            };
            let before = way(Box::new((0..peak).rev())).map(|number| number as u32);
            let after = way(Box::new(peak + 1..frames.len())).map(|number| number as u32);
            let peak = peak as u32;
            let path = match (before, after) {
                (Some(before), Some(after)) => vec![before, after],
                (Some(end), None) | (None, Some(end)) => vec![end, peak, end],
                (None, None) => continue,
            };
            if !found.iter().any(|known: &IndexedAction| known.path == path) {
                found.push(IndexedAction { action, path });
            }
        }
    }
    found
}

fn jumps(frames: &[Option<Seen>], rests: &[[u32; 2]]) -> Vec<Jump> {
    let seen = |number: u32| frames.get(number as usize).and_then(Option::as_ref);
    let mut jumps = Vec::new();
    for (which, [from, to]) in rests.iter().enumerate() {
        for [other_from, other_to] in rests.iter().skip(which + 1) {
            let mut pairs = Vec::new();
            for a in (*from..*to).step_by(2) {
                for b in (*other_from..*other_to).step_by(2) {
                    let (Some(one), Some(other)) = (seen(a), seen(b)) else { continue };
                    let landmarks = one.landmark_distance(other);
                    // Pixels take longer to compare, and are not if the landmarks already say no.
                    let pixels =
                        if landmarks <= NEAR.landmarks { one.luma.distance(&other.luma) } else { f32::INFINITY };
                    if pixels <= NEAR.pixels {
                        pairs.push(Jump { between: [a, b], pixels, landmarks });
                    }
                }
            }
            pairs.sort_by(|a, b| apart(a).total_cmp(&apart(b)));
            // Spread over the stretches, so that one is always at hand.
            let mut kept: Vec<Jump> = Vec::new();
            for pair in pairs {
                let fresh = kept.iter().all(|known| known.between[0].abs_diff(pair.between[0]) >= 8);
                if kept.len() < JUMPS_PER_PAIR && fresh {
                    kept.push(pair);
                }
            }
            jumps.extend(kept);
        }
    }
    jumps
}

/// Pixels and landmarks as shares of what is allowed.
fn apart(jump: &Jump) -> f32 {
    jump.pixels / NEAR.pixels + jump.landmarks / NEAR.landmarks
}

/// Keeps the rests that hang together by jumps with the most frames among them, and the actions and jumps within.
fn reachable(index: ActorIndex) -> Result<ActorIndex> {
    let mut groups: Vec<Vec<[u32; 2]>> = Vec::new();
    for rest in &index.rests {
        let joins = |group: &Vec<[u32; 2]>| {
            group.iter().any(|other| {
                index.jumps.iter().any(|jump| {
                    let [a, b] = jump.between;
                    let within = |number: u32, [from, to]: &[u32; 2]| (*from..*to).contains(&number);
                    (within(a, rest) && within(b, other)) || (within(b, rest) && within(a, other))
                })
            })
        };
        let (mut joined, apart): (Vec<_>, Vec<_>) = groups.into_iter().partition(joins);
        let mut group: Vec<[u32; 2]> = joined.drain(..).flatten().collect();
        group.push(*rest);
        groups = apart;
        groups.push(group);
    }
    let size = |group: &Vec<[u32; 2]>| group.iter().map(|[from, to]| to - from).sum::<u32>();
    let mut rests = groups.into_iter().max_by_key(size).context("no rest")?;
    rests.sort_unstable();
    let mut kept = ActorIndex { rests, ..index };
    let (actions, jumps) = (std::mem::take(&mut kept.actions), std::mem::take(&mut kept.jumps));
    kept.jumps = jumps.into_iter().filter(|jump| jump.between.iter().all(|end| kept.is_rest(*end))).collect();
    // An action of which only one end is within turns at its peak; that is left to the clip's next index.
    let inside = |action: &IndexedAction| {
        let ends = [action.path.first(), action.path.last()];
        ends.into_iter().flatten().all(|end| kept.is_rest(*end))
    };
    kept.actions = actions.into_iter().filter(|action| inside(action)).collect();
    Ok(kept)
}

fn clip_file(clip: &Path, folder: &Path, frames: &[Option<Seen>]) -> Result<ClipFile> {
    let [clip, folder] = [clip.canonicalize()?, folder.canonicalize()?];
    let common = folder.ancestors().find(|above| clip.starts_with(above)).context("no common folder")?;
    let ups = folder.strip_prefix(common)?.components().map(|_| "..");
    let times: Vec<u64> = frames.iter().flatten().map(|seen| seen.at.0).take(2).collect();
    let frame_ms = times.windows(2).map(|pair| pair[1] - pair[0]).next().context("fewer than two faces")?;
    Ok(ClipFile {
        file: ups.collect::<PathBuf>().join(clip.strip_prefix(common)?),
        sha256: Sha256::digest(std::fs::read(&clip)?).iter().map(|byte| format!("{byte:02x}")).collect(),
        frames: u32::try_from(frames.len())?,
        frame_ms: u32::try_from(frame_ms)?,
    })
}

fn describe(index: &ActorIndex, frames: &[Option<Seen>], posture: &Seen) {
    println!("rest posture at {} ms; rests {:?}", posture.at.0, index.rests);
    println!("{} jumps", index.jumps.len());
    for indexed in &index.actions {
        let numbers = indexed.frames();
        let strengths = numbers.iter().filter_map(|number| {
            let seen = frames.get(*number as usize).and_then(Option::as_ref)?;
            signals(seen, posture).into_iter().find(|(kind, _)| *kind == indexed.action).map(|(_, strength)| strength)
        });
        let peak = strengths.fold(0.0, f32::max);
        println!("{} along {:?}: {} frames, strength {peak:.2}", indexed.action.name(), indexed.path, numbers.len());
    }
}

/// JSON that is short and can be read: one action or jump a line.
fn to_json(index: &ActorIndex) -> Result<String> {
    let lines = |items: Vec<Result<String, serde_json::Error>>| -> Result<String> {
        Ok(items.into_iter().collect::<Result<Vec<_>, _>>()?.join(",\n    "))
    };
    let round = |value: f32, places: f32| (value * places).ceil() / places;
    let jumps = index.jumps.iter().map(|jump| {
        let (pixels, landmarks) = (round(jump.pixels, 100.0), round(jump.landmarks, 10_000.0));
        serde_json::to_string(&Jump { pixels, landmarks, ..*jump })
    });
    let actions = index.actions.iter().map(serde_json::to_string);
    Ok(format!(
        "{{\n  \"version\": {},\n  \"clip\": {},\n  \"near\": {},\n  \"rests\": {},\n  \"actions\": [\n    {}\n  ],\n  \"jumps\": [\n    {}\n  ]\n}}\n",
        index.version,
        serde_json::to_string(&index.clip)?,
        serde_json::to_string(&index.near)?,
        serde_json::to_string(&index.rests)?,
        lines(actions.collect())?,
        lines(jumps.collect())?,
    ))
}
