//! How good the coach is: whether each hint is right on labelled conditions, comes soon, and stays long enough to be read.

use anyhow::Result;
use jianzai_liveness::limits::HINT_STAYS_MS;
use jianzai_wire::{FrameTime, ReasonCode};

use super::figures::{Table, median};
use super::material::Material;
use super::{conditions, feeds};
use crate::rehearsal::{Hint, Rehearsal, Scene};

/// So long each scene is watched.
const WATCHED: FrameTime = FrameTime(8_000);
const TRIALS: u64 = 3;

type Make = fn(&Material, u64) -> Result<Box<dyn Scene>>;

/// What is before the camera, and what should be said; none: nothing.
const LABELLED: [(&str, Make, Option<ReasonCode>); 14] = [
    ("good_light", conditions::good_light, None),
    ("glasses", conditions::glasses, None),
    ("nobody", conditions::nobody, Some(ReasonCode::FaceNone)),
    ("two_people", feeds::together, Some(ReasonCode::FaceSeveral)),
    ("dim", conditions::dim, Some(ReasonCode::FaceDim)),
    ("too_dark", conditions::too_dark, Some(ReasonCode::FaceTooDark)),
    ("too_bright", conditions::too_bright, Some(ReasonCode::FaceTooBright)),
    ("too_back_lit", conditions::too_back_lit, Some(ReasonCode::FaceBackLit)),
    ("too_far", conditions::too_far, Some(ReasonCode::FaceTooFar)),
    ("too_near", conditions::too_near, Some(ReasonCode::FaceTooNear)),
    ("off_centre", conditions::off_centre, Some(ReasonCode::FaceOffCentre)),
    ("turned_away", feeds::turned_away, Some(ReasonCode::FaceTurned)),
    ("too_blurred", conditions::too_blurred, Some(ReasonCode::FaceBlurred)),
    ("five_a_second", conditions::five_a_second, Some(ReasonCode::DeviceSlow)),
];

/// Watches every labelled scene and says how the hints were; and whether all were right, and none flickered.
pub fn hints(material: &Material) -> Result<(String, bool)> {
    let mut rehearsal = Rehearsal::new(&material.models)?;
    let mut table = Table::headed(&[
        "before the camera",
        "n",
        "right",
        "other hints",
        "s until it",
        "changes in 8 s",
        "shortest s",
    ]);
    let mut good = true;
    for (name, make, wanted) in LABELLED {
        let (mut right, mut others, mut delays, mut changes) = (0, Vec::new(), Vec::new(), 0);
        let mut shortest = u64::MAX;
        for seed in 0..TRIALS {
            let shown = rehearsal.hints(make(material, seed)?.as_mut(), WATCHED, seed)?;
            let first = shown.iter().find_map(|(at, hint)| hint.map(|hint| (*at, hint)));
            right += u64::from(first.map(|(_, hint)| hint) == wanted);
            delays.extend(first.map(|(at, _)| at.0 as f64 / 1_000.0));
            others.extend(shown.iter().filter_map(|(_, hint)| *hint).filter(|hint| Some(*hint) != wanted));
            changes += shown.len();
            shortest = shortest.min(shortest_stay(&shown));
        }
        good &= right == TRIALS && shortest >= HINT_STAYS_MS;
        others.sort_unstable_by_key(|code| code.code());
        others.dedup();
        let others = others.iter().map(|code| code.code()).collect::<Vec<_>>().join(" ");
        table.line(vec![
            format!("{name} -> {}", wanted.map_or("nothing", ReasonCode::code)),
            TRIALS.to_string(),
            right.to_string(),
            others,
            if delays.is_empty() { "-".into() } else { format!("{:.1}", median(delays)) },
            format!("{:.1}", changes as f64 / TRIALS as f64),
            if shortest == u64::MAX { "-".into() } else { format!("{:.1}", shortest as f64 / 1_000.0) },
        ]);
    }
    Ok((table.to_string(), good))
}

/// How long the hint stayed that stayed shortest, in ms.
fn shortest_stay(shown: &[Hint]) -> u64 {
    let stays = shown.windows(2).filter_map(|pair| match pair {
        [(from, Some(_)), (to, _)] => Some(to.since(*from)),
        _ => None,
    });
    stays.min().unwrap_or(u64::MAX)
}
