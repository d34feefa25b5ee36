//! When to try again: pauses that double from a quarter of a second to half a minute, each shortened at random by up to a
//! half, so that thousands of phones that lost the same service don't all come back in the same second.

use std::time::Duration;

use rand::RngExt;
use tokio::time::{Instant, sleep_until};

use crate::client::ClientError;

const FIRST: Duration = Duration::from_millis(250);
const LONGEST: Duration = Duration::from_secs(30);

/// Calls again and again while failures are passing ones, until `deadline`. `before_retry` hears of each failure that is
/// followed by another try. Error: the last failure.
pub async fn persist<T, F: Future<Output = Result<T, ClientError>>>(
    deadline: Instant,
    mut before_retry: impl FnMut(&ClientError),
    mut call: impl FnMut() -> F,
) -> Result<T, ClientError> {
    let mut backoff = Backoff::default();
    loop {
        let failure = match call().await {
            Ok(answer) => return Ok(answer),
            Err(failure) if !failure.is_passing() => return Err(failure),
            Err(failure) => failure,
        };
        let next = Instant::now() + backoff.pause(failure.retry_after());
        if next >= deadline {
            return Err(failure);
        }
        before_retry(&failure);
        sleep_until(next).await;
    }
}

/// The pauses of one task.
#[derive(Debug, Default)]
pub struct Backoff {
    tries: u32,
}

impl Backoff {
    /// The next pause; never shorter than what the other side asked for.
    pub fn pause(&mut self, asked: Option<Duration>) -> Duration {
        let longest = FIRST.saturating_mul(1 << self.tries.min(16)).min(LONGEST);
        self.tries = self.tries.saturating_add(1);
        longest.mul_f64(rand::rng().random_range(0.5..=1.0)).max(asked.unwrap_or_default())
    }

    /// Something got through: begin with short pauses again.
    pub fn reset(&mut self) {
        self.tries = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_a_bound_and_heed_what_is_asked() {
        let mut backoff = Backoff::default();
        let pauses: Vec<_> = (0..20).map(|_| backoff.pause(None)).collect();
        assert!(pauses[0] <= FIRST && pauses[0] >= FIRST / 2);
        assert!(pauses.iter().all(|pause| *pause <= LONGEST));
        assert!(pauses[19] >= LONGEST / 2);
        assert_eq!(backoff.pause(Some(Duration::from_secs(90))), Duration::from_secs(90));
        backoff.reset();
        assert!(backoff.pause(None) <= FIRST);
    }
}
