use std::collections::VecDeque;

use jianzai_wire::{Action, FrameTime};

use super::{Baseline, Reading};
use crate::limits;

const KINDS: usize = Action::ALL.len();

/// A movement from rest to rest that reached at least [`limits::NOTICED`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Episode {
    /// What it was: the strongest action in it.
    pub action: Action,
    /// How strong: the second highest strength over its frames, so that one slip of the mesh makes no action.
    pub peak: f32,
    /// The strongest other action in it, and how strong: someone may do two things at once.
    pub other: Option<(Action, f32)>,
    /// When the action left rest for its peak.
    pub began_at: FrameTime,
    /// When it was strongest.
    pub peak_at: FrameTime,
    /// First frame back at rest.
    pub ended_at: FrameTime,
}

impl Episode {
    /// Another full action in it than `asked`, if there is one of at least strength `full`.
    pub fn other_than(&self, asked: Action, full: f32) -> Option<Action> {
        if self.action != asked && self.peak >= full {
            return Some(self.action);
        }
        self.other.filter(|(action, peak)| *action != asked && *peak >= full).map(|(action, _)| action)
    }
}

/// Follows one person's readings through time.
#[derive(Debug, Clone)]
pub struct Tracker {
    first: Baseline,
    baseline: Baseline,
    recent: VecDeque<Reading>,
    rest_since: Option<FrameTime>,
    movement: Option<Movement>,
}

/// A movement under way.
#[derive(Debug, Clone)]
struct Movement {
    since: FrameTime,
    kinds: [Kind; KINDS],
    /// First frame of the rest that may end it.
    quiet_since: Option<FrameTime>,
}

/// One kind of action within a movement.
#[derive(Debug, Clone, Copy, Default)]
struct Kind {
    /// When it last rose above rest.
    rose_at: Option<FrameTime>,
    /// When it rose for the first full strength, or the strongest so far.
    began_at: Option<FrameTime>,
    highest: f32,
    second: f32,
    peak_at: FrameTime,
}

impl Kind {
    fn add(&mut self, at: FrameTime, strength: f32) {
        if strength < limits::REST {
            self.rose_at = None;
            return;
        }
        let rose_at = *self.rose_at.get_or_insert(at);
        if strength > self.highest {
            // Once full, a stronger repetition within the same movement doesn't move the beginning.
            if self.highest < limits::NOTICED {
                self.began_at = Some(rose_at);
            }
            self.second = self.highest;
            self.highest = strength;
            self.peak_at = at;
        } else {
            self.second = self.second.max(strength);
        }
    }
}

impl Tracker {
    /// Begins with a person at rest.
    pub fn new(baseline: Baseline) -> Self {
        Self { first: baseline, baseline, recent: VecDeque::new(), rest_since: None, movement: None }
    }

    /// Takes in the next reading; gives the movement that ended with it, once its rest has lasted.
    pub fn push(&mut self, reading: &Reading) -> Option<Episode> {
        let strengths = self.baseline.strengths(reading);
        let strongest = strengths.iter().copied().fold(0.0, f32::max);
        let ended = self.follow(reading.at, &strengths, strongest < limits::REST);
        self.adapt(reading, strongest);
        ended
    }

    /// The movement under way when the recording ends, if it has come back to rest, however briefly, or not at all.
    pub fn finish(&mut self) -> Option<Episode> {
        let movement = self.movement.take()?;
        let last = self.recent.back().map_or(movement.since, |reading| reading.at);
        movement.episode(movement.quiet_since.unwrap_or(last))
    }

    /// The movement under way if it is back at rest, though not yet for long enough to be over.
    pub fn returned(&self) -> Option<Episode> {
        let movement = self.movement.as_ref()?;
        movement.episode(movement.quiet_since?)
    }

    /// Since when the person has been at rest; none while they move.
    pub fn rest_since(&self) -> Option<FrameTime> {
        self.rest_since
    }

    /// Since when they have been moving; none while at rest.
    pub fn moving_since(&self) -> Option<FrameTime> {
        self.movement.as_ref().map(|movement| movement.since)
    }

    /// The person at rest, as of now.
    pub fn baseline(&self) -> &Baseline {
        &self.baseline
    }

    fn follow(&mut self, at: FrameTime, strengths: &[f32; KINDS], quiet: bool) -> Option<Episode> {
        if quiet && self.movement.is_none() {
            self.rest_since.get_or_insert(at);
            return None;
        }
        let movement = self.movement.get_or_insert_with(|| Movement {
            since: at,
            kinds: [Kind::default(); KINDS],
            quiet_since: None,
        });
        self.rest_since = None;
        for (kind, strength) in movement.kinds.iter_mut().zip(strengths) {
            kind.add(at, *strength);
        }
        if !quiet {
            movement.quiet_since = None;
            return None;
        }
        let quiet_since = *movement.quiet_since.get_or_insert(at);
        if at.since(quiet_since) < limits::REST_HOLD_MS {
            return None;
        }
        let episode = movement.episode(quiet_since);
        self.movement = None;
        self.rest_since = Some(quiet_since);
        episode
    }

    /// Lets the baseline follow the posture of someone who keeps still.
    fn adapt(&mut self, reading: &Reading, strongest: f32) {
        let elapsed = self.recent.back().map_or(0, |last| reading.at.since(last.at));
        self.recent.push_back(*reading);
        while self.recent.front().is_some_and(|r| reading.at.since(r.at) > limits::STEADY_MS) {
            self.recent.pop_front();
        }
        let Some(oldest) = self.recent.front() else { return };
        let covered = reading.at.since(oldest.at) + limits::GAP_MS > limits::STEADY_MS;
        if strongest < limits::ADAPT_BELOW && covered && self.is_steady() {
            let part = 1.0 - (-(elapsed as f32) / limits::ADAPT_MS).exp();
            let first = self.first;
            self.baseline.follow(reading, part, &first);
        }
    }

    fn is_steady(&self) -> bool {
        let mut low = [f32::INFINITY; KINDS];
        let mut high = [f32::NEG_INFINITY; KINDS];
        for reading in &self.recent {
            for ((low, high), strength) in low.iter_mut().zip(&mut high).zip(self.baseline.strengths(reading)) {
                *low = low.min(strength);
                *high = high.max(strength);
            }
        }
        low.iter().zip(&high).all(|(low, high)| high - low <= limits::STEADY)
    }
}

impl Movement {
    fn episode(&self, ended_at: FrameTime) -> Option<Episode> {
        let mut kinds: Vec<_> =
            Action::ALL.into_iter().zip(&self.kinds).filter(|(_, kind)| kind.second > 0.0).collect();
        kinds.sort_by(|(_, a), (_, b)| b.second.total_cmp(&a.second));
        let (action, kind) = kinds.first().filter(|(_, kind)| kind.second >= limits::NOTICED)?;
        Some(Episode {
            action: *action,
            peak: kind.second,
            other: kinds.get(1).map(|(action, kind)| (*action, kind.second)),
            began_at: kind.began_at.unwrap_or(self.since),
            peak_at: kind.peak_at,
            ended_at,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REST: Reading = Reading {
        at: FrameTime(0),
        yaw: 2.0,
        pitch: 4.0,
        nose_x: 0.03,
        nose_y: 0.01,
        jaw: 0.01,
        lips: 0.01,
        blink: 0.1,
        proportion: 0.93,
        centre: [320.0, 240.0],
        scale: 200.0,
        shape: [[0.0; 3]; 10],
    };

    /// A reading in which the head is turned by so many full turns to the left and the mouth open by so many openings.
    fn reading(at: u64, turned: f32, open: f32) -> Reading {
        let (turn, mouth) = (limits::full(Action::TurnLeft), limits::full(Action::OpenMouth));
        Reading {
            at: FrameTime(at),
            yaw: REST.yaw + turned * turn.first,
            nose_x: REST.nose_x + turned * turn.second,
            jaw: REST.jaw + open * mouth.first,
            lips: REST.lips + open * mouth.second,
            ..REST
        }
    }

    fn tracker() -> Tracker {
        Tracker::new(Baseline::learn(&[REST; 5]).expect("five readings"))
    }

    /// Episodes of `turned` and `open`, one value a frame of 50 ms.
    fn episodes(turned: &[f32], open: &[f32]) -> Vec<Episode> {
        let mut tracker = tracker();
        let frames = turned.iter().zip(open).enumerate();
        frames.filter_map(|(i, (turned, open))| tracker.push(&reading(i as u64 * 50, *turned, *open))).collect()
    }

    fn with_rest(values: &[f32]) -> Vec<f32> {
        [&[0.0; 10], values, &[0.0; 10]].concat()
    }

    #[test]
    fn an_action_is_found_from_rest_to_rest() {
        let turned = with_rest(&[0.3, 0.6, 1.0, 1.4, 1.3, 0.9, 0.4]);
        let found = episodes(&turned, &vec![0.0; turned.len()]);
        let [turn] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!((turn.action, turn.other), (Action::TurnLeft, None));
        assert_eq!((turn.began_at, turn.peak_at, turn.ended_at), (FrameTime(550), FrameTime(650), FrameTime(800)));
        assert!((turn.peak - 1.3).abs() < 1e-3, "the second highest: {}", turn.peak);
    }

    #[test]
    fn one_slip_of_the_mesh_is_no_action() {
        let turned = with_rest(&[3.0]);
        assert_eq!(episodes(&turned, &vec![0.0; turned.len()]), []);
    }

    #[test]
    fn a_mouth_opened_twice_quickly_is_one_opening_and_with_a_rest_between_two() {
        let quickly = with_rest(&[1.2, 1.2, 0.0, 0.0, 1.2, 1.2]);
        let slowly = with_rest(&[1.2, 1.2, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.2, 1.2]);
        for (open, count) in [(quickly, 1), (slowly, 2)] {
            assert_eq!(episodes(&vec![0.0; open.len()], &open).len(), count, "{open:?}");
        }
    }

    #[test]
    fn a_movement_that_has_returned_is_known_before_it_is_over() {
        let mut tracker = tracker();
        for (at, open) in [(0, 0.0), (50, 1.2), (100, 1.2)] {
            assert_eq!((tracker.push(&reading(at, 0.0, open)), tracker.returned()), (None, None), "not back yet");
        }
        assert_eq!(tracker.push(&reading(150, 0.0, 0.2)), None);
        let returned = tracker.returned().expect("back at rest");
        assert_eq!((returned.action, returned.ended_at), (Action::OpenMouth, FrameTime(150)));
        let over = (200..=500).step_by(50).find_map(|at| tracker.push(&reading(at, 0.0, 0.0)));
        assert_eq!((over, tracker.returned()), (Some(returned), None));
    }

    #[test]
    fn left_and_right_in_one_swing_are_one_movement_with_two_actions() {
        let turned = with_rest(&[0.7, 1.5, 1.5, 0.2, -0.9, -1.2, -1.2, -0.6]);
        let found = episodes(&turned, &vec![0.0; turned.len()]);
        let [swing] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!(swing.other_than(Action::TurnLeft, 1.0), Some(Action::TurnRight));
        assert_eq!(swing.other_than(Action::TurnRight, 1.0), Some(Action::TurnLeft));
    }

    #[test]
    fn one_cue_without_the_other_is_no_action() {
        let mut tracker = tracker();
        for at in 0..40 {
            // Yaw without the nose, as a tilted print; an open jaw without lips, as one tilted further.
            let print = Reading { yaw: REST.yaw + 20.0, jaw: 0.74, ..reading(at * 50, 0.0, 0.0) };
            assert_eq!(tracker.push(if at % 10 < 5 { &print } else { &REST }), None);
        }
        assert_eq!(tracker.finish(), None);
    }

    #[test]
    fn the_baseline_follows_posture_but_not_far_and_not_a_smile() {
        let mut tracker = tracker();
        for at in 0..400 {
            tracker.push(&reading(at * 50, 0.75, 0.4));
        }
        let turn = limits::full(Action::TurnLeft);
        assert!((tracker.baseline().yaw - REST.yaw - limits::ADAPT_AT_MOST * turn.first).abs() < 0.1);
        assert_eq!(tracker.baseline().jaw, REST.jaw);
        assert!(tracker.rest_since().is_some());
    }
}
