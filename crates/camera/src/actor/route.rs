//! The shortest way from any resting frame to where an action begins.

use std::collections::{BTreeMap, VecDeque};

use super::ActorIndex;

/// For one goal: from each resting frame the number of frames to it, and the next frame on the way.
#[derive(Debug)]
pub(super) struct Route(BTreeMap<u32, Leg>);

#[derive(Debug, Clone, Copy)]
struct Leg {
    frames: u32,
    next: u32,
}

impl Route {
    /// Ways to `goal` from wherever there is one.
    pub(super) fn to(goal: u32, index: &ActorIndex) -> Self {
        let mut legs = BTreeMap::from([(goal, Leg { frames: 0, next: goal })]);
        let mut reached = VecDeque::from([goal]);
        while let Some(place) = reached.pop_front() {
            let frames = legs.get(&place).map_or(0, |leg| leg.frames) + 1;
            for from in neighbours(place, index) {
                legs.entry(from).or_insert_with(|| {
                    reached.push_back(from);
                    Leg { frames, next: place }
                });
            }
        }
        Self(legs)
    }

    /// Frames to the goal; `None` if it can't be reached.
    pub(super) fn distance(&self, from: u32) -> Option<u32> {
        self.0.get(&from).map(|leg| leg.frames)
    }

    /// The next frame on the way; the goal itself at the goal.
    pub(super) fn next(&self, from: u32) -> Option<u32> {
        self.0.get(&from).map(|leg| leg.next)
    }
}

/// Resting frames that may be shown after (or before) `place`. All ways lead both ways.
fn neighbours(place: u32, index: &ActorIndex) -> Vec<u32> {
    let stretch = index.rests.iter().find(|[from, to]| (from..to).contains(&&place));
    let beside = stretch.into_iter().flat_map(|[from, to]| {
        let before = place.checked_sub(1).filter(|before| before >= from);
        let after = Some(place + 1).filter(|after| after < to);
        [before, after].into_iter().flatten()
    });
    let across = index.jumps.iter().filter_map(|jump| match jump.between {
        [a, b] if a == place => Some(b),
        [a, b] if b == place => Some(a),
        _ => None,
    });
    beside.chain(across).collect()
}

#[cfg(test)]
mod tests {
    use super::super::index::tests::small;
    use super::*;

    #[test]
    fn the_shortest_way_uses_the_jump() {
        let route = Route::to(88, &small());
        // 25 -> 20 is 5 frames, the jump 1, 70 -> 88 is 18.
        assert_eq!(route.distance(25), Some(24));
        assert_eq!(route.next(20), Some(70));
        assert_eq!(route.next(88), Some(88));
        assert_eq!(route.distance(40), None);
    }
}
