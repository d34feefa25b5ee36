//! `cargo xtask bench judge`: what judging an attempt costs, in processor time, and where it goes.
//!
//! **In**: attempts of the recorded man, made and sealed as in life. **Out**: the cost of judging each part, for 12 s of
//! recording, and which network looked at how many frames. Ends with status 1 if it is more than [`TARGET`].

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use jianzai_tests::rehearsal::{Cost, CpuClock, Rehearsal};
use jianzai_tests::trials::conditions;
use jianzai_tests::trials::figures::{Table, median};
use jianzai_tests::trials::likeness::{Matcher, Register};
use jianzai_tests::trials::material::Material;
use jianzai_wire::{Action, Mode};

const ATTEMPTS: u64 = 5;
/// The length of recording that costs are stated for, in ms.
const LENGTH: f64 = 12_000.0;
/// For judging such a recording.
const TARGET: Duration = Duration::from_millis(500);

/// One attempt judged.
struct Judged {
    cost: Cost,
    matching: Duration,
    pictures: usize,
    crops: usize,
    /// 12 s over the length of the recording.
    share: f64,
}

fn main() -> Result<ExitCode> {
    let material = Material::open()?;
    let mut rehearsal = Rehearsal::new(&material.models)?;
    let mut matcher = Matcher::new(&material.models, &material)?;
    let mut judged = Vec::new();
    for seed in 0..ATTEMPTS {
        let mut scene = conditions::good_light(&material, seed)?;
        let outcome = rehearsal.run(scene.as_mut(), Mode::OwnPhone, &Action::ALL, seed)?;
        ensure!(outcome.judgement.is_some(), "attempt {seed} was not completed");
        let mut clock = CpuClock::start();
        matcher.compare(Register::Man, &outcome.portraits)?;
        judged.push(Judged {
            cost: outcome.cost,
            matching: clock.lap(),
            pictures: outcome.portraits.len(),
            crops: outcome.crop_scores.len(),
            share: LENGTH / f64::from(outcome.duration_ms.max(1)),
        });
    }
    ensure!(judged.iter().all(|judged| !judged.cost.whole().is_zero()), "this machine does not count processor time");
    report(&judged)
}

fn report(judged: &[Judged]) -> Result<ExitCode> {
    let first = judged.first().context("an attempt")?;
    // What grows with the length is stated for 12 s of it.
    let of = |part: fn(&Judged) -> f64| median(judged.iter().map(part).collect());
    let seen = |part: fn(&Cost) -> Duration| {
        median(judged.iter().map(|j| part(&j.cost).as_secs_f64() * 1_000.0 * j.share).collect())
    };
    let wall = seen(|cost| {
        let parts = cost.parts;
        parts.detector + parts.warp + parts.mesh + parts.blendshapes + parts.measures + parts.passive
    });
    let seeing = seen(|cost| cost.seeing);
    // The engine tells its parts by the wall; their shares are those of the processor's time.
    let part = |part: fn(&Cost) -> Duration| seen(part) * seeing / wall.max(1e-9);
    let frames = of(|j| f64::from(j.cost.frames) * j.share);
    let mut table = Table::headed(&["judging 12 s of recording", "frames or pictures", "ms of processor time"]);
    let mut row = |name: &str, count: f64, ms: f64| {
        table.line(vec![name.into(), format!("{count:.0}"), format!("{ms:.0}")]);
    };
    row("open, check, first decoding", frames, seen(|cost| cost.opening));
    row("second decoding", frames, seen(|cost| cost.decoding));
    row("detector", of(|j| f64::from(j.cost.detector_frames) * j.share), part(|cost| cost.parts.detector));
    row("cutting the face out", frames, part(|cost| cost.parts.warp));
    row("mesh", frames, part(|cost| cost.parts.mesh));
    row("blendshapes", frames, part(|cost| cost.parts.blendshapes));
    row("pose, light, sharpness, place", frames, part(|cost| cost.parts.measures));
    row("passive, frames", of(|j| f64::from(j.cost.passive_frames) * j.share), part(|cost| cost.parts.passive));
    let crops = of(|j| j.cost.crops.as_secs_f64() * 1_000.0);
    row("passive, crops", first.crops as f64, crops);
    let deciding = of(|j| j.cost.deciding.as_secs_f64() * 1_000.0);
    row("the judge's layers", frames, deciding);
    let matching = of(|j| j.matching.as_secs_f64() * 1_000.0);
    row("match with the portrait", first.pictures as f64, matching);
    let whole = seen(|cost| cost.opening) + seen(|cost| cost.decoding) + seeing + crops + deciding + matching;
    row("all", frames, whole);
    println!("{table}");
    let good = whole <= TARGET.as_secs_f64() * 1_000.0;
    println!("target: {} ms: {}", TARGET.as_millis(), if good { "met" } else { "MISSED" });
    Ok(if good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
