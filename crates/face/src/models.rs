//! The networks on disk, verified.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use ort::environment::Environment;
use sha2::{Digest, Sha256};

use crate::manifest::{Manifest, NetworkEntry, Slot};
use crate::network::Network;
use crate::{ModelError, prelu, runtime, tiny};

/// The networks in the slots, each read once and found to be the one the manifest names. Cheap to clone; engines are built
/// from the bytes that were verified, not from the disk again.
#[derive(Clone)]
pub struct Models {
    inner: Arc<Inner>,
}

struct Inner {
    manifest: Manifest,
    bytes: BTreeMap<Slot, Vec<u8>>,
    environment: Environment,
}

/// Which network was in a slot: goes into the evidence, so that the judge knows what the phone saw with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NetworkId {
    /// The slot.
    pub slot: Slot,
    /// The network's name in the manifest.
    pub name: String,
    /// SHA-256 of its file, hex.
    pub sha256: String,
}

impl Models {
    /// Reads `MODELS.toml` in `folder`, the file of each slot, and ONNX Runtime.
    ///
    /// The runtime is the library named by the environment variable `JIANZAI_ONNXRUNTIME`, else the one in `staged/lib` or
    /// `lib` of `folder`; the first that a process opens stays for all.
    ///
    /// # Errors
    /// A file is missing or altered, the manifest says what cannot be, the runtime is missing or too old. Never panics.
    pub fn open(folder: &Path) -> Result<Self, ModelError> {
        let path = folder.join("MODELS.toml");
        let text = std::fs::read_to_string(&path)
            .map_err(|source| ModelError::ManifestMissing { path: path.clone(), source })?;
        let manifest = Manifest::parse(&text).map_err(|detail| ModelError::ManifestInvalid { path, detail })?;
        let mut bytes = BTreeMap::new();
        for (slot, name) in &manifest.slots {
            if let Some(entry) = manifest.network.get(name) {
                bytes.insert(*slot, read_verified(folder, name, entry)?);
            }
        }
        let environment = runtime::open(folder)?;
        Ok(Self { inner: Arc::new(Inner { manifest, bytes, environment }) })
    }

    /// What the manifest says.
    pub fn manifest(&self) -> &Manifest {
        &self.inner.manifest
    }

    /// The network in each slot.
    pub fn identities(&self) -> Vec<NetworkId> {
        let manifest = &self.inner.manifest;
        let identity = |(slot, name): (&Slot, &String)| {
            let entry = manifest.network.get(name)?;
            Some(NetworkId { slot: *slot, name: name.clone(), sha256: entry.sha256.clone() })
        };
        manifest.slots.iter().filter_map(identity).collect()
    }

    /// Makes the network of a slot ready to run.
    pub(crate) fn network(&self, slot: Slot) -> Result<Network, ModelError> {
        let Inner { manifest, bytes, environment } = &*self.inner;
        let parts = manifest.slots.get(&slot).and_then(|name| {
            let (name, entry) = manifest.network.get_key_value(name)?;
            Some((name, entry, bytes.get(&slot)?))
        });
        match parts {
            Some((name, entry, bytes)) => Network::new(environment, name, entry, bytes),
            None => Err(ModelError::ManifestInvalid {
                path: "MODELS.toml".into(),
                detail: format!("no network is named for the slot {slot:?}"),
            }),
        }
    }
}

impl std::fmt::Debug for Models {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Models").field(&self.inner.manifest.slots).finish()
    }
}

fn read_verified(folder: &Path, name: &str, entry: &NetworkEntry) -> Result<Vec<u8>, ModelError> {
    let path = folder.join(&entry.file);
    let mut bytes = std::fs::read(&path).map_err(|source| ModelError::FileMissing {
        network: name.to_owned(),
        path: path.clone(),
        source,
    })?;
    let found = hex::encode(Sha256::digest(&bytes));
    if found.eq_ignore_ascii_case(&entry.sha256) {
        tiny::flush(&mut bytes);
        Ok(prelu::without(&bytes).unwrap_or(bytes))
    } else {
        Err(ModelError::WrongHash { network: name.to_owned(), path, expected: entry.sha256.clone(), found })
    }
}
