//! Which certificates their issuer took back before their last day: a list that is signed like a certificate, and fetched
//! beforehand by whoever checks without asking anyone.
//!
//! **In**: the numbers of the certificates and the issuer's key ([`RevokedList::sign`]); or the list's text
//! ([`RevokedList::verify`]). **Out**: the text form, `JZR1:` and base64url over COSE_Sign1; or what the list says of a
//! certificate. **What can go wrong**: the list is another issuer's, was changed, or is older than the day by which it
//! promised the next one; then it clears nobody, but what it revokes stays revoked.
//!
//! A certificate is named by the last eight bytes of its number, 62 of whose bits were drawn at random: whoever does not
//! hold the certificate learns nothing, a list of 10,000 has 80 kB, and of a good certificate it speaks by chance once in
//! 4 * 10^14.

use ciborium::Value;
use ed25519_dalek::SigningKey;
use jianzai_wire::api::CertificateKey;
use time::{Date, OffsetDateTime};
use uuid::Uuid;

use crate::claims::{CHINA, EXPIRY, Fields, ISSUED_AT, ISSUER};
use crate::signed::{from_text, sign, signed_by, to_text};
use crate::{CertificateError, Claims};

const PREFIX: &str = "JZR1:";
const REVOKED: i64 = -65_542;

/// Bytes of a certificate's number that name it.
const NAMED_BY: usize = 8;
/// Longest COSE_Sign1 made or read, in bytes: what names the certificates, and as much more as a certificate has.
const MAX_BYTES: usize = RevokedList::MOST * NAMED_BY + 525;

/// The certificates that an issuer revoked, of those that are not past their last day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevokedList {
    issuer: String,
    issued_at: OffsetDateTime,
    next_update: OffsetDateTime,
    /// In order, each once.
    revoked: Vec<[u8; NAMED_BY]>,
}

impl RevokedList {
    /// The most certificates that a list names. Whoever has to take back more has lost a key, and withdraws that.
    pub const MOST: usize = 100_000;

    /// A list of the certificates with these numbers; both times in whole seconds.
    pub fn new(
        issuer: &str,
        issued_at: OffsetDateTime,
        next_update: OffsetDateTime,
        serials: impl IntoIterator<Item = Uuid>,
    ) -> Self {
        let mut revoked: Vec<_> = serials.into_iter().map(named_by).collect();
        revoked.sort_unstable();
        revoked.dedup();
        Self { issuer: issuer.to_owned(), issued_at, next_update, revoked }
    }

    /// When it was signed.
    pub fn issued_at(&self) -> OffsetDateTime {
        self.issued_at
    }

    /// The day on which it was signed, in China, as certificates name theirs.
    pub fn issued_on(&self) -> Date {
        self.issued_at.to_offset(CHINA).date()
    }

    /// Signs it, and writes its text form. Error: [`CertificateError::TooLong`].
    pub fn sign(&self, key: &SigningKey, key_id: &str) -> Result<String, CertificateError> {
        let signed = sign(&self.to_cbor(), key, key_id).ok_or(CertificateError::TooLong)?;
        let fits = self.revoked.len() <= Self::MOST && signed.len() <= MAX_BYTES;
        if fits { Ok(to_text(PREFIX, &signed)) } else { Err(CertificateError::TooLong) }
    }

    /// Reads the text of a list, and believes it if a known key of its issuer signed it.
    pub fn verify(text: &[u8], keys: &[CertificateKey]) -> Result<Self, CertificateError> {
        let text = std::str::from_utf8(text).map_err(|_| CertificateError::Unreadable)?;
        let bytes = from_text(PREFIX, text).filter(|bytes| bytes.len() <= MAX_BYTES);
        let (payload, key) = signed_by(&bytes.ok_or(CertificateError::Unreadable)?, keys)?;
        let list = Self::from_cbor(payload).ok_or(CertificateError::Unreadable)?;
        if list.issuer == key.issuer { Ok(list) } else { Err(CertificateError::UnknownKey) }
    }

    /// Whether the certificate with these claims, which are known to be true, still stands at the time `now`.
    pub fn check(&self, claims: &Claims, now: OffsetDateTime) -> Result<(), CertificateError> {
        if self.issuer != claims.issuer {
            return Err(CertificateError::ListOutdated);
        }
        if self.revoked.binary_search(&named_by(claims.serial)).is_ok() {
            return Err(CertificateError::Revoked(Box::new(claims.clone())));
        }
        if now < self.next_update { Ok(()) } else { Err(CertificateError::ListOutdated) }
    }

    fn to_cbor(&self) -> Value {
        let entry = |label: i64, value| (Value::from(label), value);
        Value::Map(vec![
            entry(ISSUER, Value::from(self.issuer.as_str())),
            entry(EXPIRY, Value::from(self.next_update.unix_timestamp())),
            entry(ISSUED_AT, Value::from(self.issued_at.unix_timestamp())),
            entry(REVOKED, Value::Bytes(self.revoked.concat())),
        ])
    }

    /// `None` where anything is missing, unknown, or not in order.
    fn from_cbor(value: Value) -> Option<Self> {
        let mut fields = Fields::new(value)?;
        let bytes = fields.take(REVOKED)?.into_bytes().ok()?;
        let (revoked, rest) = bytes.as_chunks::<NAMED_BY>();
        let found = Self {
            issuer: fields.take(ISSUER)?.into_text().ok()?,
            issued_at: OffsetDateTime::from_unix_timestamp(fields.integer(ISSUED_AT)?).ok()?,
            next_update: OffsetDateTime::from_unix_timestamp(fields.integer(EXPIRY)?).ok()?,
            revoked: revoked.to_vec(),
        };
        let in_order = found.revoked.is_sorted_by(|one, next| one < next);
        (fields.none_left() && rest.is_empty() && in_order).then_some(found)
    }
}

/// The last eight bytes of a certificate's number.
fn named_by(serial: Uuid) -> [u8; NAMED_BY] {
    serial.as_u64_pair().1.to_be_bytes()
}
