use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ciborium::Value;
use coset::iana::Algorithm;
use coset::{
    CborSerializable as _, CoseSign1, CoseSign1Builder, HeaderBuilder, RegisteredLabelWithPrivate,
    TaggedCborSerializable as _,
};
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use jianzai_wire::api::CertificateKey;
use time::OffsetDateTime;

use crate::{CertificateError, Claims, reading};

/// What the text form begins with, so that a scanner or a person knows what it is. The 1 is the version.
pub(crate) const PREFIX: &str = "JZ1:";

/// Longest COSE_Sign1 made or read, in bytes: 700 base64 characters, a QR code of 89 modules a side at most.
const MAX_BYTES: usize = 525;

/// A certificate as it is sent, stored and printed. It was not necessarily checked.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct SignedCertificate(Vec<u8>);

impl SignedCertificate {
    /// The text form: `JZ1:` and the bytes as base64url without padding. This is what the QR code holds.
    pub fn text(&self) -> String {
        to_text(PREFIX, &self.0)
    }

    /// The bytes: COSE_Sign1 with its tag (18).
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// Finds the certificate in its text (line breaks and spaces allowed), its bytes, a picture of its QR code (PNG, JPEG)
    /// or its PDF. Error: [`CertificateError::Unreadable`].
    pub fn find(input: &[u8]) -> Result<Self, CertificateError> {
        reading::find(input).filter(|bytes| bytes.len() <= MAX_BYTES).map(Self).ok_or(CertificateError::Unreadable)
    }

    /// What it says, whether or not it is genuine. `None` if that can't be read.
    pub fn claims_unchecked(&self) -> Option<Claims> {
        let payload = parsed(&self.0)?.payload?;
        Claims::from_cbor(ciborium::from_reader(payload.as_slice()).ok()?)
    }

    pub(crate) fn from_text(text: &str) -> Option<Vec<u8>> {
        from_text(PREFIX, text)
    }
}

impl fmt::Debug for SignedCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SignedCertificate({} bytes)", self.0.len())
    }
}

/// Signs the claims. `key_id` names the key in [`jianzai_wire::api::Keys`]. Error: [`CertificateError::TooLong`].
pub fn issue(claims: &Claims, key: &SigningKey, key_id: &str) -> Result<SignedCertificate, CertificateError> {
    let bytes = sign(&claims.to_cbor(), key, key_id).ok_or(CertificateError::TooLong)?;
    if bytes.len() > MAX_BYTES { Err(CertificateError::TooLong) } else { Ok(SignedCertificate(bytes)) }
}

/// Checks whatever [`SignedCertificate::find`] can read against known keys, at the time `now`, without asking anyone.
/// The claims returned are true as far as the issuer is trusted; `demo` among them must be looked at. Whether the issuer
/// revoked the certificate since, [`crate::RevokedList`] says.
pub fn verify(input: &[u8], keys: &[CertificateKey], now: OffsetDateTime) -> Result<Claims, CertificateError> {
    let certificate = SignedCertificate::find(input)?;
    let (payload, key) = signed_by(certificate.bytes(), keys)?;
    let claims = Claims::from_cbor(payload).ok_or(CertificateError::Unreadable)?;
    if claims.issuer != key.issuer {
        return Err(CertificateError::UnknownKey);
    }
    if now >= claims.expires_at() { Err(CertificateError::Expired(Box::new(claims))) } else { Ok(claims) }
}

/// COSE_Sign1 with its tag over a payload. `None` if it can't be written.
pub(crate) fn sign(payload: &Value, key: &SigningKey, key_id: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    ciborium::into_writer(payload, &mut bytes).ok()?;
    let header = HeaderBuilder::new().algorithm(Algorithm::EdDSA).key_id(key_id.as_bytes().to_vec()).build();
    CoseSign1Builder::new()
        .protected(header)
        .payload(bytes)
        .create_signature(b"", |to_sign| key.sign(to_sign).to_vec())
        .build()
        .to_tagged_vec()
        .ok()
}

/// What was signed, and the known key with which it was.
pub(crate) fn signed_by<'a>(
    bytes: &[u8],
    keys: &'a [CertificateKey],
) -> Result<(Value, &'a CertificateKey), CertificateError> {
    let sign1 = parsed(bytes).ok_or(CertificateError::Unreadable)?;
    let header = &sign1.protected.header;
    if header.alg != Some(RegisteredLabelWithPrivate::Assigned(Algorithm::EdDSA)) || !header.crit.is_empty() {
        return Err(CertificateError::Unreadable);
    }
    let key = keys.iter().find(|key| key.key_id.as_bytes() == header.key_id).ok_or(CertificateError::UnknownKey)?;
    let public = VerifyingKey::from_bytes(key.public_key.as_bytes()).map_err(|_| CertificateError::UnknownKey)?;
    sign1
        .verify_signature(b"", |signature, signed| public.verify_strict(signed, &Signature::from_slice(signature)?))
        .map_err(|_| CertificateError::BadSignature)?;
    let payload = sign1.payload.unwrap_or_default();
    let value = ciborium::from_reader(payload.as_slice()).map_err(|_| CertificateError::Unreadable)?;
    Ok((value, key))
}

/// Tagged, as this crate writes it, or bare, as some scanners hand it on.
fn parsed(bytes: &[u8]) -> Option<CoseSign1> {
    let sign1 = CoseSign1::from_tagged_slice(bytes).or_else(|_| CoseSign1::from_slice(bytes)).ok()?;
    sign1.payload.is_some().then_some(sign1)
}

/// Reads a text form: its prefix, and base64url without padding; line breaks and spaces are passed over.
pub(crate) fn from_text(prefix: &str, text: &str) -> Option<Vec<u8>> {
    let tidy: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    URL_SAFE_NO_PAD.decode(tidy.strip_prefix(prefix)?).ok()
}

/// Writes a text form.
pub(crate) fn to_text(prefix: &str, bytes: &[u8]) -> String {
    prefix.to_owned() + &URL_SAFE_NO_PAD.encode(bytes)
}
