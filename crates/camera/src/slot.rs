//! A place for one frame, between the thread that has frames and the one that wants them. Putting a frame replaces the
//! one that lies there; taking waits for one that has not been taken. An error stays for good.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::{CameraError, Frame};

#[derive(Default)]
struct State {
    /// The latest frame; kept after it was taken, for the preview.
    latest: Option<Arc<Frame>>,
    taken: bool,
    overwritten: u64,
    ended: Option<CameraError>,
    unwanted: bool,
}

#[derive(Default)]
pub(crate) struct Slot {
    state: Mutex<State>,
    changed: Condvar,
}

impl Slot {
    pub(crate) fn put(&self, frame: Frame) {
        let mut state = self.lock();
        if state.latest.is_some() && !state.taken {
            state.overwritten += 1;
        }
        state.latest = Some(Arc::new(frame));
        state.taken = false;
        self.changed.notify_all();
    }

    /// The next frame not yet taken; an error once the source ended (a frame that lies there is still given first).
    pub(crate) fn take(&self, patience: Duration) -> Result<Arc<Frame>, CameraError> {
        let deadline = Instant::now() + patience;
        let mut state = self.lock();
        loop {
            if let (Some(frame), false) = (&state.latest, state.taken) {
                let frame = Arc::clone(frame);
                state.taken = true;
                return Ok(frame);
            }
            if let Some(error) = &state.ended {
                return Err(error.clone());
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(CameraError::Stopped(format!("no frame for {} ms", patience.as_millis())));
            }
            state = self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    pub(crate) fn peek(&self) -> Option<Arc<Frame>> {
        self.lock().latest.clone()
    }

    pub(crate) fn overwritten(&self) -> u64 {
        self.lock().overwritten
    }

    /// Says that no more frames come. The first error stays.
    pub(crate) fn end(&self, error: CameraError) {
        self.lock().ended.get_or_insert(error);
        self.changed.notify_all();
    }

    pub(crate) fn ended(&self) -> bool {
        self.lock().ended.is_some()
    }

    /// Says that nobody wants more frames, and lets go of the one that lies there.
    pub(crate) fn refuse_more(&self) {
        let mut state = self.lock();
        state.unwanted = true;
        state.latest = None;
        state.ended.get_or_insert(CameraError::Stopped("closed".to_owned()));
        self.changed.notify_all();
    }

    pub(crate) fn unwanted(&self) -> bool {
        self.lock().unwanted
    }

    /// A panic in another thread leaves the state whole: every change is a few assignments.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
