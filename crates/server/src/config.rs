//! What the operator can set. Everything else is a rule of the service and stands in the code beside its reason.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use jianzai_wire::Secret;

use crate::db::Database;
use crate::evidence_store::EvidenceStore;

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
    /// The URL of a PostgreSQL database; none: SQLite in the data folder.
    pub database: Option<Secret>,
    /// Where sealed evidence lies.
    pub evidence: EvidenceStore,
    /// How long evidence of faces is kept at most after it arrived, whatever the policy of the place says.
    pub retention: Option<Duration>,
    /// Whether this process judges what arrives.
    pub judge: bool,
    /// The bearer token with which the gateway says what arrived; none: it can say nothing.
    pub receipts_token: Option<Secret>,
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
            database: None,
            evidence: EvidenceStore::Folder,
            retention: None,
            judge: true,
            receipts_token: None,
        }
    }

    pub(crate) fn database(&self) -> Database {
        match &self.database {
            Some(url) => Database::Postgres(url.clone()),
            None => Database::File(self.data.join("jianzai.sqlite3")),
        }
    }

    /// Where evidence lies that is in no bucket.
    pub(crate) fn evidence_folder(&self) -> PathBuf {
        self.data.join("evidence")
    }

    pub(crate) fn staging(&self) -> PathBuf {
        self.data.join("staging")
    }

    pub(crate) fn keys(&self) -> PathBuf {
        self.data.join("keys")
    }
}
