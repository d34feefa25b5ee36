use jianzai_wire::FrameTime;

/// Picks from a camera's frames those to judge: `per_second` of them on average, at even steps, however many the camera
/// gives. After a pause it does not catch up.
#[derive(Debug, Clone)]
pub struct Pace {
    per_second: u64,
    /// Start of the present count, and how many were admitted since.
    start: Option<FrameTime>,
    admitted: u64,
}

impl Pace {
    /// A pace of `per_second` frames; zero counts as one.
    pub fn new(per_second: u32) -> Self {
        Self { per_second: u64::from(per_second.max(1)), start: None, admitted: 0 }
    }

    /// Whether to judge the frame that came in at `at`.
    pub fn admits(&mut self, at: FrameTime) -> bool {
        let start = *self.start.get_or_insert(at);
        let due = self.admitted.saturating_mul(1_000) / self.per_second;
        let elapsed = at.since(start);
        if elapsed < due {
            return false;
        }
        // More than one step late: what was missed is missed.
        if elapsed > due + 1_000 / self.per_second {
            self.start = Some(at);
            self.admitted = 0;
        }
        self.admitted += 1;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_25_frames_a_second_15_are_judged() {
        let mut pace = Pace::new(15);
        let judged: Vec<u64> = (0..250).map(|n| n * 40).filter(|at| pace.admits(FrameTime(*at))).collect();
        assert!((149..=151).contains(&judged.len()), "{}", judged.len());
        assert!(judged.windows(2).all(|pair| pair[1] - pair[0] <= 80));
    }

    #[test]
    fn a_slow_camera_is_judged_whole_and_a_pause_is_not_caught_up() {
        let mut pace = Pace::new(15);
        assert!((0..50).all(|n| pace.admits(FrameTime(n * 100))));
        let after = (0..25).map(|n| 60_000 + n * 40).filter(|at| pace.admits(FrameTime(*at))).count();
        assert!((14..=16).contains(&after), "{after}");
    }
}
