use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use jianzai_wire::FrameTime;

/// The one monotonic clock of a capture. Clones tell the same time; zero is when the first was made.
///
/// A real clock follows the machine's. A virtual one stands still until someone waits for a moment or sets it, and then is
/// there at once: with it the actor plays as fast as its frames are taken, and every time in a test is exact.
#[derive(Debug, Clone)]
pub struct CaptureClock(Kind);

#[derive(Debug, Clone)]
enum Kind {
    Real(Instant),
    Virtual(Arc<AtomicU64>),
}

impl CaptureClock {
    /// A clock that follows the machine's monotonic one, starting at zero now.
    pub fn real() -> Self {
        Self(Kind::Real(Instant::now()))
    }

    /// A clock that stands at zero until it is moved.
    pub fn virtual_at_zero() -> Self {
        Self(Kind::Virtual(Arc::new(AtomicU64::new(0))))
    }

    /// Whether time passes only by waiting.
    pub fn is_virtual(&self) -> bool {
        matches!(self.0, Kind::Virtual(_))
    }

    /// The time.
    pub fn now(&self) -> FrameTime {
        match &self.0 {
            Kind::Real(start) => FrameTime(u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX)),
            Kind::Virtual(now) => FrameTime(now.load(Ordering::Acquire)),
        }
    }

    /// Waits until `moment` and gives the time then. A moment that is past is not waited for; virtual time jumps.
    pub fn wait_until(&self, moment: FrameTime) -> FrameTime {
        match &self.0 {
            Kind::Real(_) => {
                let left = moment.since(self.now());
                if left > 0 {
                    std::thread::sleep(Duration::from_millis(left));
                }
            }
            Kind::Virtual(now) => {
                now.fetch_max(moment.0, Ordering::AcqRel);
            }
        }
        self.now()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn virtual_time_moves_by_waiting_only_and_never_back() {
        let clock = CaptureClock::virtual_at_zero();
        let twin = clock.clone();
        assert_eq!(clock.wait_until(FrameTime(5_000)), FrameTime(5_000));
        assert_eq!(twin.wait_until(FrameTime(40)), FrameTime(5_000));
        assert_eq!(twin.now(), FrameTime(5_000));
    }

    #[test]
    fn real_time_is_waited_for() {
        let clock = CaptureClock::real();
        let started = Instant::now();
        assert!(clock.wait_until(FrameTime(30)) >= FrameTime(30));
        assert!(started.elapsed() >= Duration::from_millis(29));
    }
}
