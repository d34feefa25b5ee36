//! What judging costs, in processor time of the judging thread: how long it took by the wall says more about the machine.

use std::time::Duration;

/// Processor time of the judgement of one attempt.
#[derive(Debug, Clone, Copy, Default)]
pub struct Spent {
    /// Unsealing, checking, decoding the pictures.
    pub opening: Duration,
    /// Watching the video, the passive network, the judge.
    pub examining: Duration,
    /// The match with the register.
    pub matching: Duration,
}

impl Spent {
    /// All of it.
    pub fn whole(&self) -> Duration {
        self.opening + self.examining + self.matching
    }
}

/// Processor time of this thread, as Linux counts it.
#[derive(Debug)]
pub struct CpuClock(Duration);

impl CpuClock {
    /// Starts now.
    pub fn start() -> Self {
        Self(spent())
    }

    /// Processor time since the start or the last lap.
    pub fn lap(&mut self) -> Duration {
        let now = spent();
        now.saturating_sub(std::mem::replace(&mut self.0, now))
    }
}

/// Nothing where it cannot be read: then nothing is counted, and the benchmark says so.
fn spent() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanoseconds = text.split_whitespace().next().and_then(|word| word.parse().ok());
    Duration::from_nanos(nanoseconds.unwrap_or(0))
}
