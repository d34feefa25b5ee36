//! What every handler and the worker share.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use jianzai_evidence::RecipientSecret;
use jianzai_wire::api::{CertificateKey, Keys, Recipient};
use jianzai_wire::{Bytes32, ReasonCode};
use object_store::ObjectStore;
use sha2::{Digest as _, Sha256};
use tokio::sync::{Mutex, MutexGuard, Notify};
use uuid::Uuid;

use crate::chronicle::policies::{Policies, Rules};
use crate::clock::{Clock, to_time};
use crate::config::Config;
use crate::db::Datastore;
use crate::evidence_store::EvidenceStore;
use crate::keys::{KeyRing, Role};
use crate::metrics::Metrics;
use crate::office::Office;
use crate::problem::Refusal;
use crate::register::Nobody;
use crate::{StartError, durable, installation, revoked};

/// Who signs the certificates.
pub(crate) const ISSUER: &str = "健在 Jianzai";

/// The service, open.
pub(crate) struct App {
    pub(crate) config: Config,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) store: Datastore,
    pub(crate) keys: Arc<KeyRing>,
    /// Where sealed evidence lies.
    pub(crate) objects: Arc<dyn ObjectStore>,
    pub(crate) nobody: Nobody,
    /// What is counted.
    pub(crate) metrics: Metrics,
    pub(crate) policies: Arc<Policies>,
    /// Rung when there is something to judge.
    pub(crate) work: Notify,
    /// The list of revoked certificates, as it is handed out.
    pub(crate) revoked: revoked::Kept,
    uploads: [Slot; 64],
}

impl App {
    /// Opens everything in the data folder, making what is missing.
    pub(crate) async fn open(config: Config, clock: Arc<dyn Clock>) -> Result<Self, StartError> {
        let mut folders = vec![config.data.clone(), config.staging()];
        if matches!(config.evidence, EvidenceStore::Folder) {
            folders.push(config.evidence_folder());
        }
        for folder in &folders {
            durable::private_folder(folder).map_err(|source| StartError::Folder { path: folder.clone(), source })?;
        }
        let (store, keys) = installation::open::<StartError>(&config, &*clock).await?;
        let keys = Arc::new(keys);
        let objects = config.evidence.open(&config.evidence_folder()).await?;
        let nobody = Nobody::new(&keys).map_err(|_| StartError::NoKey)?;
        let uploads = std::array::from_fn(|_| Slot::default());
        Ok(Self {
            config,
            clock,
            store,
            keys,
            objects,
            nobody,
            metrics: Metrics::new(),
            policies: Arc::default(),
            work: Notify::new(),
            revoked: revoked::Kept::default(),
            uploads,
        })
    }

    fn slot(&self, upload: Uuid) -> &Slot {
        // Uploads may share a slot; they then wait for each other for a moment.
        let slot = Sha256::digest(upload).first().map_or(0, |byte| usize::from(*byte) % self.uploads.len());
        self.uploads.get(slot).unwrap_or(&self.uploads[0])
    }

    /// Lets one caller at a time work on an upload.
    pub(crate) async fn alone_with(&self, upload: Uuid) -> Alone<'_> {
        let slot = self.slot(upload);
        let guard = slot.lock.lock().await;
        Alone { before: slot.turns.fetch_add(1, Ordering::SeqCst), slot, _guard: guard }
    }

    /// What [`Alone::changes_before`] says later, if nobody is alone with the upload now or until then.
    pub(crate) fn changes_of(&self, upload: Uuid) -> u64 {
        self.slot(upload).turns.load(Ordering::SeqCst)
    }

    /// The same tables and keys, for what clerks do.
    pub(crate) fn office(&self) -> Office {
        Office { store: self.store.clone(), keys: self.keys.clone(), policies: self.policies.clone(), links: None }
    }

    /// The rules that somebody lives by.
    pub(crate) async fn rules(&self, beneficiary: Uuid) -> Result<Rules, Refusal> {
        let rules = Rules::of(&self.policies, self.store.reads(), &self.keys, beneficiary).await;
        let rules = rules.map_err(|error| Refusal::internal(&error))?;
        rules.ok_or_else(|| {
            tracing::error!(%beneficiary, "no policy for the place and the benefit");
            ReasonCode::ServerInternal.into()
        })
    }

    /// To whom new evidence is sealed.
    pub(crate) fn recipient(&self) -> Result<Recipient, Refusal> {
        let key = self.keys.current(Role::Evidence).ok_or(ReasonCode::ServerInternal)?;
        let secret = RecipientSecret::from_bytes(&key.id, *key.expose());
        secret.recipient().map_err(|error| Refusal::internal(&error))
    }
}

/// Uploads of which one at a time is worked on.
#[derive(Debug, Default)]
struct Slot {
    lock: Mutex<()>,
    /// How often somebody began or ended to be alone here: odd while somebody is.
    turns: AtomicU64,
}

/// Nobody else works on the upload in this process.
pub(crate) struct Alone<'a> {
    before: u64,
    slot: &'a Slot,
    _guard: MutexGuard<'a, ()>,
}

impl Alone<'_> {
    /// How often the uploads of the slot may have changed before.
    pub(crate) fn changes_before(&self) -> u64 {
        self.before
    }
}

impl Drop for Alone<'_> {
    fn drop(&mut self) {
        self.slot.turns.fetch_add(1, Ordering::SeqCst);
    }
}

/// The public keys of a key ring, as published.
pub fn public_keys(keys: &KeyRing) -> Keys {
    let certificate_keys = keys.all(Role::Certificate).iter().map(|key| CertificateKey {
        key_id: key.id.clone(),
        issuer: ISSUER.to_owned(),
        public_key: Bytes32(ed25519_dalek::SigningKey::from_bytes(key.expose()).verifying_key().to_bytes()),
    });
    Keys { certificate_keys: certificate_keys.collect() }
}

/// The day, as it begins the names of keys.
pub fn today(now: i64) -> String {
    let date = to_time(now).date();
    format!("{:04}{:02}{:02}", date.year(), u8::from(date.month()), date.day())
}
