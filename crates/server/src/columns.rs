//! Personal columns, sealed one by one.
//!
//! **In**: a value and the place it will lie in (table, column, row). **Out**: bytes that open only there. **What can go
//! wrong**: a key that is gone, or bytes that were altered or moved from another place; both are [`NotOpened`], and
//! nothing else is said.
//!
//! XChaCha20-Poly1305: its 24-byte nonces may be drawn at random for as many rows as there will ever be.
//! Form: version 1, length of the key id, key id, nonce, ciphertext with tag.

use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use hmac::{Hmac, Mac as _};
use sha2::Sha256;
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::keys::{KeyRing, Role};

const VERSION: u8 = 1;
const NONCE: usize = 24;

/// Where a value lies; part of its seal.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    /// The table.
    pub table: &'static str,
    /// The column.
    pub column: &'static str,
    /// The row.
    pub row: Uuid,
}

/// The value could not be sealed: no key, or no randomness.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a personal column could not be sealed")]
pub struct NotSealed;

/// The value could not be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a personal column could not be opened")]
pub struct NotOpened;

/// Seals a value with the key in use.
pub fn seal(keys: &KeyRing, place: Place, value: &[u8]) -> Result<Vec<u8>, NotSealed> {
    let mut nonce = [0; NONCE];
    getrandom::fill(&mut nonce).map_err(|_| NotSealed)?;
    seal_with(keys, place, value, nonce)
}

/// The same bytes each time for the same value under the same name: the nonce follows from both, by a key, so that no two values
/// share one.
pub(crate) fn seal_same(keys: &KeyRing, place: Place, value: &[u8], name: Uuid) -> Result<Vec<u8>, NotSealed> {
    let key = keys.current(Role::Column).ok_or(NotSealed)?;
    let mut mac = Hmac::<Sha256>::new_from_slice(key.expose()).map_err(|_| NotSealed)?;
    mac.update(b"jianzai seal_same v1");
    mac.update(&associated(place, &key.id));
    mac.update(name.as_bytes());
    mac.update(value);
    let digest = mac.finalize().into_bytes();
    seal_with(keys, place, value, *digest.first_chunk().ok_or(NotSealed)?)
}

fn seal_with(keys: &KeyRing, place: Place, value: &[u8], nonce: [u8; NONCE]) -> Result<Vec<u8>, NotSealed> {
    let key = keys.current(Role::Column).ok_or(NotSealed)?;
    let payload = Payload { msg: value, aad: &associated(place, &key.id) };
    let sealed =
        XChaCha20Poly1305::new(key.expose().into()).encrypt(&XNonce::from(nonce), payload).map_err(|_| NotSealed)?;
    let mut out = vec![VERSION, u8::try_from(key.id.len()).map_err(|_| NotSealed)?];
    out.extend_from_slice(key.id.as_bytes());
    out.extend_from_slice(&nonce);
    out.extend_from_slice(&sealed);
    Ok(out)
}

/// Opens a value with the key that it names.
pub fn open(keys: &KeyRing, place: Place, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, NotOpened> {
    let (&[version, id_length], rest) = sealed.split_first_chunk().ok_or(NotOpened)?;
    let (id, rest) = rest.split_at_checked(usize::from(id_length)).ok_or(NotOpened)?;
    let (nonce, ciphertext) = rest.split_first_chunk::<NONCE>().ok_or(NotOpened)?;
    let id = std::str::from_utf8(id).map_err(|_| NotOpened)?;
    let key = keys.named(Role::Column, id).filter(|_| version == VERSION).ok_or(NotOpened)?;
    let payload = Payload { msg: ciphertext, aad: &associated(place, id) };
    XChaCha20Poly1305::new(key.expose().into())
        .decrypt(&XNonce::from(*nonce), payload)
        .map(Zeroizing::new)
        .map_err(|_| NotOpened)
}

fn associated(place: Place, key_id: &str) -> Vec<u8> {
    let mut out = Vec::new();
    for part in [place.table.as_bytes(), place.column.as_bytes(), place.row.as_bytes(), key_id.as_bytes()] {
        out.extend_from_slice(&(part.len() as u64).to_be_bytes());
        out.extend_from_slice(part);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    #[test]
    fn a_value_opens_only_where_it_was_sealed() {
        let folder = tempfile::tempdir().unwrap();
        let keys = KeyRing::of(&Config::new(folder.path()), "20260101").unwrap();
        let place = Place { table: "beneficiary", column: "name", row: Uuid::from_u128(7) };
        let sealed = seal(&keys, place, "李明".as_bytes()).unwrap();
        assert_eq!(open(&keys, place, &sealed).unwrap().as_slice(), "李明".as_bytes());
        for elsewhere in [
            Place { table: "certificate", ..place },
            Place { column: "phones", ..place },
            Place { row: Uuid::from_u128(8), ..place },
        ] {
            assert_eq!(open(&keys, elsewhere, &sealed), Err(NotOpened));
        }
        for length in 0..sealed.len() {
            assert_eq!(open(&keys, place, &sealed[..length]), Err(NotOpened));
            let mut altered = sealed.clone();
            altered[length] ^= 1;
            assert_eq!(open(&keys, place, &altered), Err(NotOpened));
        }
        let elsewhere = tempfile::tempdir().unwrap();
        let other = KeyRing::of(&Config::new(elsewhere.path()), "20260101").unwrap();
        assert_eq!(open(&other, place, &sealed), Err(NotOpened));
    }
}
