//! What an attacker holds before the camera, as folders for `--actor`: a still photo, a film that plays on whatever is
//! asked, such as the recording of an earlier attempt.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use image::RgbImage;
use jianzai_camera::actor::{Actor, ActorIndex, ClipFile, IndexedAction, Instruction, Nearness, Recording};
use jianzai_camera::{CaptureClock, FrameSource as _};
use jianzai_wire::Action;

use crate::places;

/// One frame of a clip, shown for ever.
pub fn still(folder: &Path, clip: &str, frame: u32) -> Result<PathBuf> {
    let recording = Recording::open(&places::footage(clip)?, None, |number| number == frame)?;
    let picture = recording.frame(frame).with_context(|| format!("{clip} has no frame {frame}"))?;
    film(folder, &vec![picture; 250], 25)
}

/// The recording of a whole attempt: the person comes to rest and does `actions` one after another, as if asked.
pub fn attempt(folder: &Path, actions: &[Action]) -> Result<PathBuf> {
    const REST_FRAMES: usize = 60;
    const ACTION_FRAMES: usize = 90;
    let mut actor = Actor::open(&places::actor(), 3, CaptureClock::virtual_at_zero())?;
    let cue = actor.cue();
    let mut frames = Vec::new();
    for asked in std::iter::once(None).chain(actions.iter().copied().map(Some)) {
        let (instruction, count) =
            asked.map_or((Instruction::Rest, REST_FRAMES), |action| (Instruction::Do(action), ACTION_FRAMES));
        cue.ask(instruction);
        for _ in 0..count {
            frames.push(actor.next()?.image);
        }
    }
    film(folder, &frames, 25)
}

/// Frames that play forwards, then backwards, and so on, whatever is asked. The index claims every action and shows none
/// on purpose, so that the whole plan is asked for.
pub fn film(folder: &Path, frames: &[RgbImage], per_second: u32) -> Result<PathBuf> {
    std::fs::create_dir_all(folder)?;
    let clip = folder.join("film.mp4");
    encode(frames, per_second, &clip)?;
    index(folder, &clip, per_second)?;
    Ok(folder.to_path_buf())
}

fn index(folder: &Path, clip: &Path, per_second: u32) -> Result<()> {
    let count = Recording::open(clip, None, |_| false)?.total();
    let actions = Action::ALL.map(|action| IndexedAction { action, path: vec![0, 1, 0] }).to_vec();
    let index = ActorIndex {
        version: ActorIndex::VERSION,
        clip: ClipFile { file: "film.mp4".into(), sha256: sha256(clip)?, frames: count, frame_ms: 1000 / per_second },
        near: Nearness { pixels: 255.0, landmarks: 1.0 },
        rests: vec![[0, count]],
        actions,
        jumps: Vec::new(),
    };
    std::fs::write(folder.join("actor.json"), serde_json::to_vec_pretty(&index)?)?;
    Ok(())
}

/// H.264 at a quality at which nothing of the picture is lost to the eye.
fn encode(frames: &[RgbImage], per_second: u32, to: &Path) -> Result<()> {
    use std::io::Write as _;

    let (width, height) = frames.first().context("a film has frames")?.dimensions();
    let mut ffmpeg = Command::new("ffmpeg")
        .args(["-loglevel", "error", "-y", "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", &format!("{width}x{height}")])
        .args(["-r", &per_second.to_string(), "-i", "-", "-c:v", "libx264", "-preset", "veryfast", "-crf", "12"])
        .args(["-pix_fmt", "yuv420p", "-bf", "0"])
        .arg(to)
        .stdin(Stdio::piped())
        .spawn()
        .context("ffmpeg could not be started: `cargo xtask setup` installs it")?;
    let mut input = ffmpeg.stdin.take().context("its input is piped")?;
    for frame in frames {
        input.write_all(frame.as_raw())?;
    }
    drop(input);
    ensure!(ffmpeg.wait()?.success(), "ffmpeg could not encode the film");
    Ok(())
}

fn sha256(path: &Path) -> Result<String> {
    let output = Command::new("sha256sum").arg(path).output()?;
    let text = String::from_utf8(output.stdout)?;
    text.split_whitespace().next().map(str::to_owned).context("sha256sum printed nothing")
}
