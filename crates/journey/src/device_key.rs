//! The key of this installation, with which evidence is signed.
//!
//! It makes a device accountable for what it sends and authorises nothing: whoever loses it enrols again without
//! ceremony. On a desktop it lies in a file that only this user may read; whoever can read this user's files can copy it.
//! A phone keeps it in the system's keystore instead, where that can be done.

use std::fs;
use std::path::Path;

use ed25519_dalek::SigningKey;
use zeroize::Zeroizing;

use crate::durable;
use crate::outbox::OutboxError;

const NAME: &str = "device.key";

/// Reads the key kept below `data`, or makes and keeps one where there is none, or none that can be read.
pub fn device_key(data: &Path) -> Result<SigningKey, OutboxError> {
    durable::private_folder(data)?;
    let kept = Zeroizing::new(fs::read(data.join(NAME)).unwrap_or_default());
    if let Ok(seed) = <[u8; 32]>::try_from(kept.as_slice()) {
        return Ok(SigningKey::from_bytes(&Zeroizing::new(seed)));
    }
    if !kept.is_empty() {
        tracing::warn!("the device key is damaged; a new one takes its place");
    }
    let seed = Zeroizing::new(rand::random::<[u8; 32]>());
    durable::write(data, NAME, seed.as_slice())?;
    Ok(SigningKey::from_bytes(&seed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_stays_and_a_damaged_one_is_replaced() {
        let data = tempfile::tempdir().expect("a folder");
        let first = device_key(data.path()).expect("made");
        assert_eq!(device_key(data.path()).expect("read").to_bytes(), first.to_bytes());
        fs::write(data.path().join(NAME), b"short").expect("writes");
        assert_ne!(device_key(data.path()).expect("made").to_bytes(), first.to_bytes());
    }
}
