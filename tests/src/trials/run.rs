//! Plays trials and says what came of each, two at a time; the result does not depend on how many.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context as _, Result};
use jianzai_liveness::judge::{Figure, Layer};
use jianzai_liveness::{CaptureEnd, Decision, Judgement};
use jianzai_wire::{Action, FrameTime, Mode, ReasonCode};

use super::Species;
use super::likeness::Matcher;
use super::material::Material;
use crate::rehearsal::{Outcome, Rehearsal};

/// Whoever cannot be put in place within this time is told why, and that is the outcome.
const PATIENCE: FrameTime = FrameTime(15_000);
const WORKERS: usize = 2;

/// What came of a trial.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// A certificate.
    Accepted,
    /// A person looks at it.
    Review,
    /// Refused.
    Refused,
    /// Nobody was judged: the person was told what stands in the way.
    Hinted,
}

/// One trial and what came of it.
#[derive(Debug, Clone)]
pub struct Trial {
    /// Its species' name.
    pub species: &'static str,
    /// Its number within the species.
    pub number: u32,
    /// What came of it.
    pub verdict: Verdict,
    /// The code that the person gets; none where it was accepted.
    pub code: Option<ReasonCode>,
    /// The layer that decided.
    pub layer: Option<Layer>,
    /// Whether the phone ended it, so that nothing was sent.
    pub ended_by_coach: bool,
    /// What each layer says for itself, on all of what was recorded.
    pub layers: Vec<(Layer, Decision, ReasonCode)>,
    /// What the judge would have said of every frame, where some were not looked at.
    pub of_all: Option<Vec<ReasonCode>>,
    /// The judge's figures.
    pub figures: Vec<Figure>,
    /// Where the time went; for those that were completed.
    pub times: Option<Times>,
}

/// Where the time of a completed attempt went, in ms.
#[derive(Debug, Clone, Copy)]
pub struct Times {
    /// From the face in place to the last frame.
    pub whole: u64,
    /// Saying "look straight ahead".
    pub told: u64,
    /// Learning the face at rest, and the first answer of the service.
    pub settled: u64,
    /// From each step's answer to its cue: praise for the last one, and the wait that nobody can foresee.
    pub waited: u64,
    /// From each cue to the beginning of the movement.
    pub reacted: u64,
    /// The movements themselves, from rest to rest.
    pub moved: u64,
    /// From the end of each movement to the next answer: being sure of the rest, and the network.
    pub answered: u64,
    /// Whether a step had to be done again.
    pub stumbled: bool,
}

impl Trial {
    /// A figure of the judge's, by its name.
    pub fn figure(&self, name: &str) -> Option<f64> {
        self.figures.iter().find(|figure| figure.name == name).map(|figure| figure.value)
    }

    /// Whether a layer alone refuses.
    pub fn refused_by(&self, layer: Layer) -> bool {
        self.layers.iter().any(|(spoke, decision, _)| *spoke == layer && *decision == Decision::Refuse)
    }

    /// Whether a layer alone says anything against it.
    pub fn doubted_by(&self, layer: Layer) -> bool {
        self.layers.iter().any(|(spoke, ..)| *spoke == layer)
    }
}

/// The seed of a trial: its species' name and its number.
pub fn seed(species: &Species, number: u32) -> u64 {
    let name = species
        .name
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    (name << 16) | u64::from(number)
}

/// Plays trials of these species, in their order; `share` of each one's number (at least 2).
pub fn trials(material: &Material, species: &[Species], share: f64) -> Result<Vec<Trial>> {
    let count = |species: &Species| ((f64::from(species.trials) * share).ceil() as u32).max(2);
    let jobs: Vec<(&Species, u32)> =
        species.iter().flat_map(|species| (0..count(species)).map(move |number| (species, number))).collect();
    let (next, done) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..WORKERS).map(|_| scope.spawn(|| work(material, &jobs, &next, &done))).collect();
        workers.into_iter().try_for_each(|worker| worker.join().map_err(|_| anyhow::anyhow!("a trial panicked"))?)
    })?;
    let mut done = done.into_inner().map_err(|_| anyhow::anyhow!("a trial panicked"))?;
    done.sort_by_key(|(place, _)| *place);
    Ok(done.into_iter().map(|(_, trial)| trial).collect())
}

fn work(
    material: &Material,
    jobs: &[(&Species, u32)],
    next: &AtomicUsize,
    done: &Mutex<Vec<(usize, Trial)>>,
) -> Result<()> {
    let mut rehearsal = Rehearsal::new(&material.models)?;
    rehearsal.patience = PATIENCE;
    rehearsal.thorough = true;
    let matcher = Matcher::new(&material.models, material)?;
    loop {
        let place = next.fetch_add(1, Ordering::Relaxed);
        let Some((species, number)) = jobs.get(place).copied() else { return Ok(()) };
        rehearsal.register = Some(matcher.face_of((species.register)(seed(species, number))));
        let trial =
            one(material, &mut rehearsal, species, number).with_context(|| format!("{} {number}", species.name))?;
        let mut done = done.lock().map_err(|_| anyhow::anyhow!("another worker panicked"))?;
        let code = trial.code.map_or("", |code| code.code());
        eprintln!("  {} of {}: {} {number} {:?} {code}", done.len() + 1, jobs.len(), species.name, trial.verdict);
        done.push((place, trial));
    }
}

fn one(material: &Material, rehearsal: &mut Rehearsal, species: &Species, number: u32) -> Result<Trial> {
    let seed = seed(species, number);
    let mut scene = (species.scene)(material, seed)?;
    let outcome = rehearsal.run(scene.as_mut(), Mode::OwnPhone, &Action::ALL, seed)?;
    let judgement = outcome.judgement.clone().unwrap_or_else(|| outcome.judged_as_recorded());
    let mut trial = Trial {
        species: species.name,
        number,
        verdict: Verdict::Accepted,
        code: None,
        layer: None,
        ended_by_coach: outcome.judgement.is_none(),
        of_all: outcome.of_all.as_ref().map(codes),
        layers: judgement.reasons.iter().map(|reason| (reason.layer, reason.leads_to, reason.code)).collect(),
        figures: judgement.figures.clone(),
        times: times(&outcome),
    };
    conclude(&mut trial, &outcome, &judgement);
    Ok(trial)
}

/// What a judgement says, the match aside.
fn codes(judgement: &Judgement) -> Vec<ReasonCode> {
    judgement.reasons.iter().filter(|reason| reason.layer != Layer::Match).map(|reason| reason.code).collect()
}

fn conclude(trial: &mut Trial, outcome: &Outcome, judgement: &Judgement) {
    match outcome.capture {
        None => {
            trial.verdict = Verdict::Hinted;
            trial.code = outcome.hints.iter().rev().find_map(|(_, hint)| *hint);
            trial.layers.clear();
        }
        Some(CaptureEnd::Refused(code)) => {
            let layer = layer_of(code);
            trial.verdict = Verdict::Refused;
            (trial.code, trial.layer) = (Some(code), Some(layer));
            // What was not finished lacks actions; that alone is no finding of the judge's.
            trial.layers.retain(|(spoke, ..)| *spoke != Layer::Actions);
            trial.layers.push((layer, Decision::Refuse, code));
        }
        Some(CaptureEnd::Complete) => {
            let worst = judgement.decision;
            let decided = trial.layers.iter().find(|(_, decision, _)| *decision == worst).copied();
            (trial.code, trial.layer) = (decided.map(|(_, _, code)| code), decided.map(|(layer, ..)| layer));
            trial.verdict = match worst {
                Decision::Pass => Verdict::Accepted,
                Decision::Review => Verdict::Review,
                Decision::Refuse => Verdict::Refused,
            };
        }
    }
}

/// Which layer the coach spoke for.
fn layer_of(code: ReasonCode) -> Layer {
    match code {
        ReasonCode::FaceChanged | ReasonCode::FaceLost | ReasonCode::FaceNone => Layer::Continuity,
        ReasonCode::CameraStopped | ReasonCode::DeviceStalled => Layer::Times,
        ReasonCode::LivenessNoMotion => Layer::Motion,
        ReasonCode::LivenessFlat => Layer::Depth,
        _ => Layer::Actions,
    }
}

fn times(outcome: &Outcome) -> Option<Times> {
    if outcome.capture != Some(CaptureEnd::Complete) {
        return None;
    }
    let (in_place, recording) = (outcome.in_place_at?, outcome.recording_since?);
    let first = outcome.log.steps.first()?;
    let mut times = Times {
        whole: outcome.ended_at.since(in_place),
        told: recording.since(in_place),
        settled: first.revealed_at.since(recording),
        waited: 0,
        reacted: 0,
        moved: 0,
        answered: 0,
        stumbled: outcome.stumbled(),
    };
    for (place, step) in outcome.log.steps.iter().enumerate() {
        let (Some(cue), Some(report)) = (step.cue, step.report) else { continue };
        let next = outcome.log.steps.get(place + 1).map_or(outcome.ended_at, |next| next.revealed_at);
        times.waited += cue.shown_at.since(step.revealed_at);
        times.reacted += report.began_at.since(cue.shown_at);
        times.moved += report.ended_at.since(report.began_at);
        times.answered += next.since(report.ended_at);
    }
    Some(times)
}
