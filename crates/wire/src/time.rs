use serde::{Deserialize, Serialize};

/// Capture time in milliseconds on the phone's monotonic clock, stamped when a frame enters Rust. Zero is the start of the
/// camera. It says nothing about the time of day.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FrameTime(pub u64);

impl FrameTime {
    /// Milliseconds from `earlier` to `self`; zero if `earlier` is later.
    pub fn since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }

    /// `self` plus `ms` milliseconds.
    pub fn plus(self, ms: u64) -> Self {
        Self(self.0.saturating_add(ms))
    }
}

::time::serde::format_description!(pub(crate) day, Date, "[year]-[month]-[day]");

/// A day that may be missing.
pub(crate) use day::option as maybe_day;
