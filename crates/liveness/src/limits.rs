//! Every number that decides, in one place, each with its reason.

/// A spoken prompt lasts at most this long; after that it counts as ended even without word of it, in milliseconds. The
/// longest recorded prompt takes about 4 s.
pub const PROMPT_MS: u64 = 8_000;
