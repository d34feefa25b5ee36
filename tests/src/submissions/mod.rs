//! What taking in submissions costs, beside the same work done with fastify and pg.
//!
//! **In**: the service and its peer (`tests/bench/submissions`), each on its own copy of one PostgreSQL database that
//! flushes every commit; people of the demo register; attempts whose capture is committed. **Out**: submissions a second,
//! processor time of the server and of PostgreSQL for each request, in rounds ([`load::Load`]) in which the sides take turns.
//! **What can go wrong**: an answer that is none of those expected ends the measurement: nothing is counted that was not
//! accepted.
//!
//! Two kinds of submission:
//! - [`Kind::Activation`]: one request with a JSON body, one row (four facts, consent, device key) after four counters and
//!   the sealed facts of the register were looked at. The peer does it twice: the same questions before the same row, and
//!   the row alone.
//! - [`Kind::Bundle`]: two requests that bring a sealed bundle of [`BUNDLE`] bytes (tus creation, one piece): put
//!   among the evidence (one piece is all), and queued, each step flushed.

pub mod cpu;
pub mod line;
pub mod load;
pub mod seed;
pub mod sides;

/// Bytes of a bundle, as in life.
pub const BUNDLE: usize = 200_000;
/// Connections at once.
pub const LINES: u64 = 32;

/// Rounds in which the sides take turns, so that a machine whose speed changes from minute to minute changes it for all.
pub const ROUNDS: u64 = 10;

/// What is submitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Facts and consent, for a token.
    Activation,
    /// The row of an activation alone; only the peer has it.
    Insert,
    /// A sealed bundle.
    Bundle,
}

impl Kind {
    /// Submissions that are counted, and before them those that are not.
    pub fn counts(self) -> (u64, u64) {
        match self {
            Self::Activation | Self::Insert => (20_000, 1_000),
            Self::Bundle => (2_500, 100),
        }
    }
}
