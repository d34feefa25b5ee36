//! Which frame of the clip to show next. Knows neither pixels nor the clock.

use jianzai_wire::{Action, FrameTime};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

use super::route::Route;
use super::{ActorError, ActorIndex, Instruction};

/// How long a person hesitates between being told and moving, in milliseconds.
const REACTION_MS: std::ops::RangeInclusive<u64> = 400..=900;
/// Of several recordings of an action, those at most this many frames farther than the nearest are chosen among.
const DETOUR: u32 = 12;
/// In stretches of fewer frames a person only passes through rest; nobody stays there.
const LONG_REST: u32 = 12;

#[derive(Debug)]
pub(super) struct Playback {
    actions: Vec<Playable>,
    rests: Vec<[u32; 2]>,
    /// The way to the longest stretch of rest.
    home: Route,
    frame_ms: u64,
    rng: StdRng,
    position: u32,
    /// Whether rest is played backwards at the moment.
    backwards: bool,
    wish: Option<Wish>,
    /// What is being done: which action, and how many of its frames were shown.
    acting: Option<(usize, usize)>,
}

#[derive(Debug)]
struct Playable {
    action: Action,
    frames: Vec<u32>,
    route: Route,
}

/// What was asked and has not begun.
#[derive(Debug, Clone, Copy)]
struct Wish {
    action: Action,
    /// Not before this.
    due: FrameTime,
    /// Which recording of it, once the way there was taken.
    chosen: Option<usize>,
}

impl Playback {
    pub(super) fn new(index: &ActorIndex, seed: u64) -> Result<Self, ActorError> {
        index.check()?;
        let mut actions = Vec::new();
        for indexed in &index.actions {
            let frames = indexed.frames();
            let start = frames.first().copied().unwrap_or_default();
            let route = Route::to(start, index);
            for [from, _] in &index.rests {
                if route.distance(*from).is_none() {
                    return Err(ActorError::Index(format!("no way from {from} to {start}")));
                }
            }
            actions.push(Playable { action: indexed.action, frames, route });
        }
        let mut rng = StdRng::seed_from_u64(seed);
        let longest = index.rests.iter().max_by_key(|[from, to]| to - from).copied();
        let [from, to] = longest.ok_or_else(|| ActorError::Index("no rest".to_owned()))?;
        let position = rng.random_range(from..to);
        Ok(Self {
            actions,
            rests: index.rests.clone(),
            home: Route::to(from + (to - from) / 2, index),
            frame_ms: u64::from(index.clip.frame_ms),
            rng,
            position,
            backwards: false,
            wish: None,
            acting: None,
        })
    }

    /// The frame to show now.
    pub(super) fn position(&self) -> u32 {
        self.position
    }

    /// Takes an instruction given at `at`. What is about to be done or being done is not begun anew because it is said
    /// again.
    pub(super) fn hear(&mut self, at: FrameTime, instruction: Instruction) {
        self.wish = match instruction {
            Instruction::Rest => None,
            Instruction::Do(action) if self.is_at(action) => self.wish,
            Instruction::Do(action) => {
                // Drawn even if nothing comes of it, so that the seed alone decides what follows.
                let due = at.plus(self.rng.random_range(REACTION_MS));
                let can = self.actions.iter().any(|playable| playable.action == action);
                can.then_some(Wish { action, due, chosen: None })
            }
        };
    }

    /// Whether `action` is about to be done, or being done with nothing else to follow.
    fn is_at(&self, action: Action) -> bool {
        let doing = self.acting.and_then(|(which, _)| self.actions.get(which)).map(|playable| playable.action);
        self.wish.map(|wish| wish.action).or(doing) == Some(action)
    }

    /// Goes on by one frame, to be shown at `now`.
    pub(super) fn advance(&mut self, now: FrameTime) {
        if self.act() {
            return;
        }
        if let Some(chosen) = self.set_out(now) {
            let Some(playable) = self.actions.get(chosen) else { return };
            match playable.route.next(self.position) {
                Some(next) if next != self.position => {
                    self.position = next;
                    return;
                }
                _ if self.wish.is_some_and(|wish| wish.due <= now) => {
                    self.wish = None;
                    self.acting = Some((chosen, 0));
                    self.act();
                    return;
                }
                _ => {}
            }
        }
        self.rest();
    }

    /// Shows the next frame of the action under way; `false` if there is none.
    fn act(&mut self) -> bool {
        let Some((which, shown)) = self.acting else { return false };
        match self.actions.get(which).and_then(|playable| playable.frames.get(shown + 1)) {
            Some(next) => {
                self.position = *next;
                self.acting = Some((which, shown + 1));
                true
            }
            None => {
                self.acting = None;
                false
            }
        }
    }

    /// The recording to go to, once it is time to leave so as to be there when the hesitation is over.
    fn set_out(&mut self, now: FrameTime) -> Option<usize> {
        let wish = self.wish?;
        if let Some(chosen) = wish.chosen {
            return Some(chosen);
        }
        let distances = self.actions.iter().enumerate().filter(|(_, playable)| playable.action == wish.action);
        let distances: Vec<(usize, u32)> =
            distances.filter_map(|(which, playable)| Some((which, playable.route.distance(self.position)?))).collect();
        let nearest = distances.iter().map(|(_, frames)| *frames).min()?;
        if now.plus(u64::from(nearest + 1) * self.frame_ms) < wish.due {
            return None;
        }
        let near: Vec<usize> =
            distances.into_iter().filter(|(_, frames)| *frames <= nearest + DETOUR).map(|(which, _)| which).collect();
        let chosen = near.get(self.rng.random_range(0..near.len())).copied();
        self.wish = Some(Wish { chosen, ..wish });
        chosen
    }

    /// Rests: to and fro within a stretch that is long enough.
    fn rest(&mut self) {
        let Some([from, to]) = self.rests.iter().find(|[from, to]| (from..to).contains(&&self.position)) else {
            return;
        };
        if to - from < LONG_REST
            && let Some(next) = self.home.next(self.position)
        {
            self.position = next;
            return;
        }
        if self.position <= *from {
            self.backwards = false;
        } else if self.position + 1 >= *to {
            self.backwards = true;
        }
        match self.backwards {
            true if self.position > *from => self.position -= 1,
            false if self.position + 1 < *to => self.position += 1,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::index::tests::small;
    use super::*;

    /// The frames shown in `frames` steps of 40 ms, with instructions given at the times (in steps) they name.
    fn play(seed: u64, frames: u64, said: &[(u64, Instruction)]) -> Vec<u32> {
        let mut playback = Playback::new(&small(), seed).expect("holds together");
        let mut shown = Vec::new();
        for step in 0..frames {
            for (when, instruction) in said {
                if *when == step {
                    playback.hear(FrameTime(step * 40), *instruction);
                }
            }
            playback.advance(FrameTime((step + 1) * 40));
            shown.push(playback.position());
        }
        shown
    }

    const MOUTH: Instruction = Instruction::Do(Action::OpenMouth);

    #[test]
    fn an_action_is_done_once_wholly_and_after_a_human_delay() {
        for seed in 0..50 {
            let shown = play(seed, 400, &[(100, MOUTH)]);
            let began = shown.iter().position(|frame| *frame == 30).expect("begins") as u64;
            // Shown at (step + 1) * 40 ms, asked at 4000 ms. The way there is at most 30 frames in this index.
            let reaction = (began + 1) * 40 - 4_000;
            assert!((400..=900 + 31 * 40).contains(&reaction), "seed {seed}: {reaction} ms");
            let began = began as usize;
            assert_eq!(shown[began..began + 31], (30..=60).collect::<Vec<_>>()[..], "seed {seed}");
            assert_eq!(shown.iter().filter(|frame| **frame == 45).count(), 1);
        }
    }

    #[test]
    fn what_is_taken_back_in_time_or_not_recorded_is_not_done() {
        let rest_only = |shown: &[u32]| shown.iter().all(|frame| small().is_rest(*frame));
        assert!(rest_only(&play(3, 400, &[])));
        assert!(rest_only(&play(3, 400, &[(100, MOUTH), (105, Instruction::Rest)])));
        assert!(rest_only(&play(3, 400, &[(100, Instruction::Do(Action::LookUp))])));
    }

    #[test]
    fn what_is_said_again_is_not_done_twice() {
        for again in [105, 118, 130, 140] {
            let shown = play(5, 500, &[(100, MOUTH), (again, MOUTH)]);
            assert_eq!(shown.iter().filter(|frame| **frame == 45).count(), 1, "said again {again}");
        }
        let shown = play(5, 500, &[(100, MOUTH), (300, MOUTH)]);
        assert_eq!(shown.iter().filter(|frame| **frame == 45).count(), 2);
    }

    #[test]
    fn an_action_that_has_begun_is_finished_before_the_next() {
        let turn = Instruction::Do(Action::TurnLeft);
        let shown = play(5, 600, &[(100, MOUTH), (160, turn)]);
        let mouth_ends = shown.iter().rposition(|frame| *frame == 59).expect("mouth was opened and closed");
        let turn_begins = shown.iter().position(|frame| *frame == 90).expect("turned");
        assert!(mouth_ends < turn_begins);
        assert!(shown.contains(&120));
    }

    proptest! {
        #[test]
        fn the_film_never_leaps(seed: u64, said in proptest::collection::vec((0_u64..500, 0_usize..6), 0..8)) {
            let mut said: Vec<(u64, Instruction)> = said
                .into_iter()
                .map(|(when, what)| (when, Action::ALL.get(what).map_or(Instruction::Rest, |a| Instruction::Do(*a))))
                .collect();
            said.sort_by_key(|(when, _)| *when);
            let shown = play(seed, 700, &said);
            for pair in shown.windows(2) {
                let beside = pair[0].abs_diff(pair[1]) <= 1;
                let jump = [[20, 70], [70, 20]].contains(&[pair[0], pair[1]]);
                prop_assert!(beside || jump, "{} -> {}", pair[0], pair[1]);
            }
            prop_assert_eq!(&play(seed, 700, &said), &shown);
        }
    }
}
