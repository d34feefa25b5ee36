//! What the operator can set. Everything else is a rule of the service and stands in the code beside its reason.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// Settings of `serve`.
#[derive(Debug, Clone)]
pub struct Config {
    /// Holds the database, the evidence, the staged uploads and the keys.
    pub data: PathBuf,
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Where metrics are told, beside health and readiness; nowhere by default. Not for the outside.
    pub metrics: Option<SocketAddr>,
    /// Where the networks and `MODELS.toml` are.
    pub models: PathBuf,
    /// Whether attempts from the actor of a demo build are accepted. Their certificates say so.
    pub demo: bool,
    /// Whether the last address in `X-Forwarded-For` is the client's (behind one's own proxy only).
    pub behind_proxy: bool,
    /// How long evidence is kept after it arrived.
    pub retention: Duration,
    /// Whether this process judges what arrives.
    pub judge: bool,
}

impl Config {
    /// The defaults, on a data folder.
    pub fn new(data: impl Into<PathBuf>) -> Self {
        Self {
            data: data.into(),
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            metrics: None,
            models: PathBuf::from("models"),
            demo: false,
            behind_proxy: false,
            retention: Duration::from_hours(30 * 24),
            judge: true,
        }
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.data.join("jianzai.sqlite3")
    }

    pub(crate) fn evidence(&self) -> PathBuf {
        self.data.join("evidence")
    }

    pub(crate) fn staging(&self) -> PathBuf {
        self.data.join("staging")
    }

    pub(crate) fn keys(&self) -> PathBuf {
        self.data.join("keys")
    }
}
