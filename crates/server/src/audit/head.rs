//! Where the log ends, signed: what was logged up to there can't be changed or cut off unseen any more.

use std::io;
use std::path::PathBuf;

use ed25519_dalek::{Signature, Signer as _, SigningKey, Verifier as _};
use jianzai_wire::Bytes32;
use sea_orm::{ConnectionTrait, DbErr, EntityTrait as _};
use serde::{Deserialize, Serialize};

use super::verify::{Walk, following};
use super::{HEAD, NOTHING};
use crate::app::App;
use crate::config::Config;
use crate::db::Datastore;
use crate::db::desk_entity::{audit_entry, audit_head};
use crate::durable;
use crate::keys::{KeyRing, Role};

/// The end of the log at some time, signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignedHead {
    /// The last entry; 0 before the first.
    pub seq: i64,
    /// Its hash.
    pub hash: Bytes32,
    /// When it was signed, milliseconds since 1970.
    pub at: i64,
    /// The key.
    pub key_id: String,
    /// The key's Ed25519 public key, for whoever has no key folder.
    pub public_key: Bytes32,
    /// The signature, hex.
    pub signature: String,
}

/// Why a head could not be kept or read.
#[derive(Debug, thiserror::Error)]
pub enum HeadError {
    /// The file can't be read or written.
    #[error("{path}: {source}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file is no signed head.
    #[error("{0}: not a signed head of the log")]
    NotAHead(PathBuf),
    /// There is no key to sign with.
    #[error("there is no key to sign the log with")]
    NoKey,
    /// The database failed.
    #[error("the database failed: {0}")]
    Database(#[from] DbErr),
    /// The log is not what was signed before, so it is not signed again.
    #[error(
        "the log does not follow from what was signed at entry {0}; it is not signed any more: run `jianzai-server audit verify`"
    )]
    Broken(i64),
}

impl SignedHead {
    fn sign(keys: &KeyRing, seq: i64, hash: [u8; 32], at: i64) -> Result<Self, HeadError> {
        let key = keys.current(Role::Audit).ok_or(HeadError::NoKey)?;
        let signing = SigningKey::from_bytes(key.expose());
        let signature = signing.sign(&message(seq, &hash, at));
        Ok(Self {
            seq,
            hash: Bytes32(hash),
            at,
            key_id: key.id.clone(),
            public_key: Bytes32(signing.verifying_key().to_bytes()),
            signature: hex::encode(signature.to_bytes()),
        })
    }

    /// Whether a key of this service signed it.
    pub(super) fn is_signed(&self, keys: &KeyRing) -> bool {
        let Some(key) = keys.named(Role::Audit, &self.key_id) else { return false };
        let mut bytes = [0; 64];
        hex::decode_to_slice(&self.signature, &mut bytes).is_ok()
            && SigningKey::from_bytes(key.expose())
                .verifying_key()
                .verify(&message(self.seq, self.hash.as_bytes(), self.at), &Signature::from_bytes(&bytes))
                .is_ok()
    }

    /// Reads one from a file.
    pub fn read(path: &std::path::Path) -> Result<Self, HeadError> {
        let bytes = std::fs::read(path).map_err(|source| HeadError::File { path: path.into(), source })?;
        serde_json::from_slice(&bytes).map_err(|_| HeadError::NotAHead(path.into()))
    }
}

fn message(seq: i64, hash: &[u8; 32], at: i64) -> Vec<u8> {
    [b"jianzai audit head v1".as_slice(), &seq.to_be_bytes(), hash, &at.to_be_bytes()].concat()
}

fn path(config: &Config) -> PathBuf {
    config.data.join("audit-head.json")
}

/// The head that the service signed last; none before the first.
pub(super) fn kept_head(config: &Config) -> Result<Option<SignedHead>, HeadError> {
    match SignedHead::read(&path(config)) {
        Ok(head) => Ok(Some(head)),
        Err(HeadError::File { source, .. }) if source.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Signs the end of the log and keeps it beside the database. A log that no longer holds the head of before, or does not
/// follow from it link by link, is not signed: what shows the tampering stays.
pub(crate) async fn keep_head(app: &App) -> Result<(), HeadError> {
    keep(&app.config, &app.keys, app.store.reads(), app.clock.now()).await.map(drop)
}

/// Signs the end of the log of a data folder, keeps it there, and hands it out.
pub async fn signed_head(config: &Config, keys: &KeyRing, now: i64) -> Result<SignedHead, HeadError> {
    let store = Datastore::open(&config.database()).await?;
    let head = keep(config, keys, store.reads(), now).await;
    store.close().await?;
    head
}

async fn keep(config: &Config, keys: &KeyRing, db: &impl ConnectionTrait, now: i64) -> Result<SignedHead, HeadError> {
    let kept = kept_head(config)?;
    let ends = audit_head::Entity::find_by_id(HEAD).one(db).await?;
    let (seq, hash) = ends.map_or((0, NOTHING.to_vec()), |head| (head.seq, head.hash));
    let hash: [u8; 32] = hash.try_into().map_err(|_| HeadError::Broken(seq))?;
    if let Some(kept) = kept {
        if !kept.is_signed(keys) || !follows(db, &kept, seq, &hash).await? {
            return Err(HeadError::Broken(kept.seq));
        }
        if kept.seq == seq {
            return Ok(kept);
        }
    }
    let head = SignedHead::sign(keys, seq, hash, now)?;
    let file = path(config);
    let text = serde_json::to_vec_pretty(&head).map_err(|_| HeadError::NotAHead(file.clone()))?;
    let at = file.clone();
    let written = durable::off_thread(move || durable::create_private(&at, &text)).await;
    written.map_err(|source| HeadError::File { path: file, source })?;
    Ok(head)
}

/// Whether the log still holds the head of before, and goes on from there without a break to its present end.
async fn follows(db: &impl ConnectionTrait, kept: &SignedHead, seq: i64, hash: &[u8; 32]) -> Result<bool, DbErr> {
    let held = match kept.seq {
        0 => NOTHING.to_vec(),
        _ => {
            let row = audit_entry::Entity::find_by_id(kept.seq).one(db).await?;
            row.map(|row| row.hash).unwrap_or_default()
        }
    };
    if held != kept.hash.as_bytes() || seq < kept.seq {
        return Ok(false);
    }
    let mut walk = Walk::new(kept.seq, held);
    let mut end = kept.hash.as_bytes().to_vec();
    while walk.last < seq {
        let page = following(db, walk.last).await?;
        if page.is_empty() {
            break;
        }
        // Entries behind the end that is signed now are the next signature's matter.
        for row in page.iter().take_while(|row| row.seq <= seq) {
            walk.step(row);
            end.clone_from(&row.hash);
        }
        if page.first().is_some_and(|row| row.seq > seq) {
            break;
        }
    }
    Ok(walk.faults.is_empty() && walk.last == seq && end == hash)
}
