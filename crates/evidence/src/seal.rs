//! The sealed bundle: a header that anyone can read, and HPKE ciphertext.
//!
//! ```text
//! "JZEV"  version u8  attempt [16]  length u8, key id (UTF-8)  enc [32]  length u32  ciphertext  tag [16]
//! ```
//! Integers are big-endian; the last length is that of ciphertext and tag. HPKE base mode (RFC 9180): DHKEM(X25519,
//! HKDF-SHA256), HKDF-SHA256, ChaCha20-Poly1305. `info` is a domain, the attempt, the plan hash and the key id; the header
//! is associated data. So a bundle opens only for the attempt, the plan and the key that it was made for.

use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use hpke::aead::{AeadTag, ChaCha20Poly1305};
use hpke::inout::InOutBuf;
use hpke::kdf::HkdfSha256;
use hpke::kem::X25519HkdfSha256;
use hpke::{Deserializable, Kem, OpModeR, OpModeS, Serializable};
use jianzai_wire::Bytes32;
use jianzai_wire::api::Recipient;
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::error::{EvidenceError, RecordError};
use crate::record::VERSION;

const MAGIC: &[u8; 4] = b"JZEV";
const TAG: usize = 16;

/// The start of a sealed bundle, readable without any key: what an outbox or a server needs in order to file it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedHeader {
    /// The attempt.
    pub attempt: Uuid,
    /// Key id of the recipient.
    pub key_id: String,
    /// Length of the whole bundle in bytes.
    pub length: u64,
    enc: [u8; 32],
    /// Length of the header.
    end: usize,
}

impl SealedHeader {
    /// Reads a header. Only the first 310 bytes of a bundle are needed; whether the rest is there is not looked at.
    pub fn parse(bytes: &[u8]) -> Result<Self, EvidenceError> {
        let mut rest = bytes;
        if take(&mut rest, 4)? != MAGIC {
            return Err(EvidenceError::Tampered("not a bundle"));
        }
        let version: [u8; 1] = take_array(&mut rest)?;
        if version != [VERSION] {
            return Err(EvidenceError::UnknownVersion(version[0].into()));
        }
        let attempt = Uuid::from_bytes(take_array(&mut rest)?);
        let [length] = take_array(&mut rest)?;
        let key_id = std::str::from_utf8(take(&mut rest, length.into())?)
            .map_err(|_| EvidenceError::Tampered("the key id is no text"))?
            .to_owned();
        let enc = take_array(&mut rest)?;
        let sealed = u32::from_be_bytes(take_array(&mut rest)?);
        let end = bytes.len() - rest.len();
        Ok(Self { attempt, key_id, length: end as u64 + u64::from(sealed), enc, end })
    }
}

fn take<'a>(rest: &mut &'a [u8], length: usize) -> Result<&'a [u8], EvidenceError> {
    let (head, tail) = rest.split_at_checked(length).ok_or(EvidenceError::Truncated("the header"))?;
    *rest = tail;
    Ok(head)
}

fn take_array<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N], EvidenceError> {
    take(rest, N)?.try_into().map_err(|_| EvidenceError::Truncated("the header"))
}

/// A sealed bundle. Safe to store and to send.
#[derive(Clone, PartialEq, Eq)]
pub struct SealedBundle(Vec<u8>);

impl SealedBundle {
    /// The bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The bytes.
    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }
}

impl std::fmt::Debug for SealedBundle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SealedBundle({} bytes)", self.0.len())
    }
}

/// The secret half of a key that evidence is sealed to. Wiped when dropped; never prints.
pub struct RecipientSecret {
    key_id: String,
    secret: Zeroizing<[u8; 32]>,
}

impl RecipientSecret {
    /// A fresh key. Names may have up to 255 bytes.
    pub fn generate(key_id: &str) -> Self {
        let (secret, _) = X25519HkdfSha256::gen_keypair();
        let secret = Zeroizing::new(secret.to_bytes().into());
        Self { key_id: key_id.to_owned(), secret }
    }

    /// From the 32 bytes of [`RecipientSecret::to_bytes`].
    pub fn from_bytes(key_id: &str, secret: [u8; 32]) -> Self {
        Self { key_id: key_id.to_owned(), secret: Zeroizing::new(secret) }
    }

    /// The 32 secret bytes, for a file that only the server reads.
    pub fn to_bytes(&self) -> Zeroizing<[u8; 32]> {
        self.secret.clone()
    }

    /// Names the key.
    pub fn key_id(&self) -> &str {
        &self.key_id
    }

    /// The public half, as handed to phones.
    pub fn recipient(&self) -> Result<Recipient, EvidenceError> {
        let public = X25519HkdfSha256::sk_to_pk(&self.private()?).to_bytes();
        Ok(Recipient { key_id: self.key_id.clone(), public_key: Bytes32(public.into()) })
    }

    fn private(&self) -> Result<<X25519HkdfSha256 as Kem>::PrivateKey, EvidenceError> {
        <X25519HkdfSha256 as Kem>::PrivateKey::from_bytes(self.secret.as_slice())
            .map_err(|_| EvidenceError::WrongRecipient)
    }
}

impl std::fmt::Debug for RecipientSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "RecipientSecret({})", self.key_id)
    }
}

/// Seals a payload, in place: the plaintext does not outlive the call.
pub(crate) fn seal(
    mut payload: Zeroizing<Vec<u8>>,
    attempt: Uuid,
    plan_hash: &Bytes32,
    recipient: &Recipient,
) -> Result<SealedBundle, RecordError> {
    let public = <X25519HkdfSha256 as Kem>::PublicKey::from_bytes(recipient.public_key.as_bytes())
        .map_err(|_| RecordError::Seal("the recipient's key is no key"))?;
    let id_length = u8::try_from(recipient.key_id.len()).map_err(|_| RecordError::Seal("the key id is too long"))?;
    let length = payload.len().checked_add(TAG).and_then(|length| u32::try_from(length).ok());
    let length = length.ok_or(RecordError::TooLarge)?;
    let info = info(attempt, plan_hash, &recipient.key_id);
    let (enc, mut context) =
        hpke::setup_sender::<ChaCha20Poly1305, HkdfSha256, X25519HkdfSha256>(&OpModeS::Base, &public, &info)
            .map_err(|_| RecordError::Seal("the recipient's key is no key"))?;

    let mut bundle = Vec::with_capacity(payload.len() + 512);
    bundle.extend_from_slice(MAGIC);
    bundle.push(VERSION);
    bundle.extend_from_slice(attempt.as_bytes());
    bundle.push(id_length);
    bundle.extend_from_slice(recipient.key_id.as_bytes());
    bundle.extend_from_slice(&enc.to_bytes());
    bundle.extend_from_slice(&length.to_be_bytes());
    let tag = context
        .seal_inout_detached(InOutBuf::from(payload.as_mut_slice()), &bundle)
        .map_err(|_| RecordError::Seal("encryption failed"))?;
    bundle.extend_from_slice(&payload);
    bundle.extend_from_slice(&tag.to_bytes());
    Ok(SealedBundle(bundle))
}

/// Opens a bundle whose header was read from the same bytes.
pub(crate) fn unseal(
    bytes: &[u8],
    header: &SealedHeader,
    plan_hash: &Bytes32,
    secret: &RecipientSecret,
) -> Result<Zeroizing<Vec<u8>>, EvidenceError> {
    match (bytes.len() as u64).cmp(&header.length) {
        std::cmp::Ordering::Less => return Err(EvidenceError::Truncated("the sealed part")),
        std::cmp::Ordering::Greater => return Err(EvidenceError::Tampered("bytes after the end")),
        std::cmp::Ordering::Equal => {}
    }
    let tampered = || EvidenceError::Tampered("the seal is broken");
    let (associated, sealed) = bytes.split_at_checked(header.end).ok_or_else(tampered)?;
    let (ciphertext, tag) = sealed.split_last_chunk::<TAG>().ok_or_else(tampered)?;
    let enc = <X25519HkdfSha256 as Kem>::EncappedKey::from_bytes(&header.enc).map_err(|_| tampered())?;
    let tag = AeadTag::<ChaCha20Poly1305>::from_bytes(tag).map_err(|_| tampered())?;
    let info = info(header.attempt, plan_hash, &header.key_id);
    let mut context = hpke::setup_receiver::<ChaCha20Poly1305, HkdfSha256, X25519HkdfSha256>(
        &OpModeR::Base,
        &secret.private()?,
        &enc,
        &info,
    )
    .map_err(|_| tampered())?;
    let mut payload = Zeroizing::new(ciphertext.to_vec());
    context.open_inout_detached(InOutBuf::from(payload.as_mut_slice()), associated, &tag).map_err(|_| tampered())?;
    Ok(payload)
}

fn info(attempt: Uuid, plan_hash: &Bytes32, key_id: &str) -> Vec<u8> {
    let mut info = b"jianzai evidence v1".to_vec();
    info.extend_from_slice(attempt.as_bytes());
    info.extend_from_slice(plan_hash.as_bytes());
    info.extend_from_slice(key_id.as_bytes());
    info
}

const SIGNED: &[u8] = b"jianzai evidence manifest v1";

/// The device's signature over a manifest.
pub(crate) fn sign(manifest: &[u8], key: &SigningKey) -> [u8; 64] {
    key.sign(&signed_bytes(manifest)).to_bytes()
}

/// Whether the device signed the manifest.
pub(crate) fn verify(manifest: &[u8], signature: &[u8; 64], device: &Bytes32) -> Result<(), EvidenceError> {
    let key = VerifyingKey::from_bytes(device.as_bytes()).map_err(|_| EvidenceError::BadSignature)?;
    key.verify_strict(&signed_bytes(manifest), &Signature::from_bytes(signature))
        .map_err(|_| EvidenceError::BadSignature)
}

fn signed_bytes(manifest: &[u8]) -> Zeroizing<Vec<u8>> {
    Zeroizing::new([SIGNED, manifest].concat())
}
