//! `cargo xtask bench judge`: what judging an attempt costs, in processor time, and where it goes.
//!
//! **In**: attempts of the recorded man, made and sealed as in life. **Out**: the cost of judging each part, for 12 s of
//! recording, and which network looked at how many frames. Ends with status 1 if it is more than [`TARGET`].

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Result, ensure};
use jianzai_examiner::Cost;
use jianzai_tests::rehearsal::{Rehearsal, Spent};
use jianzai_tests::trials::conditions;
use jianzai_tests::trials::figures::{Table, median};
use jianzai_tests::trials::likeness::{Matcher, Register};
use jianzai_tests::trials::material::Material;
use jianzai_wire::{Action, Mode};

const ATTEMPTS: u64 = 9;
/// The length of recording that costs are stated for, in ms.
const LENGTH: f64 = 12_000.0;
/// For judging such a recording.
const TARGET: Duration = Duration::from_millis(500);

/// One attempt judged.
struct Judged {
    spent: Spent,
    cost: Cost,
    /// 12 s over the length of the recording.
    share: f64,
}

fn main() -> Result<ExitCode> {
    let material = Material::open()?;
    let mut rehearsal = Rehearsal::new(&material.models)?;
    rehearsal.register = Some(Matcher::new(&material.models, &material)?.face_of(Register::Man));
    let mut judged = Vec::new();
    for seed in 0..ATTEMPTS {
        let mut scene = conditions::good_light(&material, seed)?;
        let outcome = rehearsal.run(scene.as_mut(), Mode::OwnPhone, &Action::ALL, seed)?;
        ensure!(outcome.judgement.is_some(), "attempt {seed} was not completed");
        let share = LENGTH / f64::from(outcome.duration_ms.max(1));
        judged.push(Judged { spent: outcome.spent, cost: outcome.cost, share });
    }
    ensure!(judged.iter().all(|judged| !judged.spent.whole().is_zero()), "this machine does not count processor time");
    Ok(report(&judged))
}

fn report(judged: &[Judged]) -> ExitCode {
    let of = |part: &dyn Fn(&Judged) -> f64| median(judged.iter().map(part).collect());
    let ms = |time: Duration| time.as_secs_f64() * 1_000.0;
    // The examiner tells its parts by the wall; their shares are those of the processor's time.
    let examining = |judged: &Judged, part: Duration| {
        let wall = judged.cost.watching + judged.cost.looking() + judged.cost.crops + judged.cost.deciding;
        ms(part) * judged.spent.examining.as_secs_f64() / wall.as_secs_f64().max(1e-9)
    };
    let mut table = Table::headed(&["judging 12 s of recording", "frames or pictures", "ms of processor time"]);
    let mut row = |name: &str, count: f64, ms: f64| {
        table.line(vec![name.into(), format!("{count:.0}"), format!("{ms:.0}")]);
    };
    // What grows with the length is stated for 12 s of it.
    let mut part = |name: &str, count: fn(&Cost) -> u32, part: fn(&Cost) -> Duration| {
        let count = of(&|j| f64::from(count(&j.cost)) * j.share);
        row(name, count, of(&|j| examining(j, part(&j.cost)) * j.share));
    };
    part("decoding, glancing", |cost| cost.frames, |cost| cost.watching);
    part("detector", |cost| cost.detector_frames, |cost| cost.parts.detector);
    part("cutting the face out", |cost| cost.looked_at, |cost| cost.parts.warp);
    part("mesh", |cost| cost.looked_at, |cost| cost.parts.mesh);
    part("blendshapes", |cost| cost.looked_at, |cost| cost.parts.blendshapes);
    part("pose, light, sharpness, place", |cost| cost.looked_at, |cost| cost.parts.measures);
    part("the judge's layers", |cost| cost.looked_at, |cost| cost.deciding);
    row("unsealing, checking, pictures", 0.0, of(&|j| ms(j.spent.opening)));
    row("passive, crops", 8.0, of(&|j| examining(j, j.cost.crops)));
    row("match with the portrait", of(&|j| j.cost.pictures as f64), of(&|j| ms(j.spent.matching)));
    let whole = |j: &Judged| {
        let fixed = ms(j.spent.opening) + examining(j, j.cost.crops) + ms(j.spent.matching);
        let growing = ms(j.spent.examining) - examining(j, j.cost.crops);
        growing * j.share + fixed
    };
    row("all", of(&|j| f64::from(j.cost.frames) * j.share), of(&whole));
    println!("{table}");
    println!("every frame had to be looked at in {} of {}", judged.iter().filter(|j| j.cost.all).count(), judged.len());
    let good = of(&whole) <= ms(TARGET);
    println!("target: {} ms: {}", TARGET.as_millis(), if good { "met" } else { "MISSED" });
    if good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
