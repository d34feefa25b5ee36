use jianzai_wire::ReasonCode;

use crate::Claims;

/// Why there is no valid certificate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    /// What was given holds no certificate, or one of a kind not known here.
    #[error("no certificate can be read from this")]
    Unreadable,
    /// It is signed with a key that was not given, or by another issuer than the key's.
    #[error("the certificate is signed with a key that is not known")]
    UnknownKey,
    /// Its content is not what was signed.
    #[error("the signature does not fit the certificate")]
    BadSignature,
    /// It is genuine, but its last day has passed.
    #[error("the certificate is genuine but its last day, {}, has passed", .0.valid_until)]
    Expired(Box<Claims>),
    /// It is genuine, but its issuer took it back.
    #[error("the certificate is genuine but was revoked by its issuer")]
    Revoked(Box<Claims>),
    /// The list of revoked certificates is too old, or another issuer's: whether this one was revoked is not known.
    #[error("the list of revoked certificates is out of date, or another issuer's")]
    ListOutdated,
    /// The claims don't fit a QR code: issuer, masked name or key id is too long. Or a list names too many.
    #[error("too long for a certificate, or for a list of them")]
    TooLong,
}

impl CertificateError {
    /// The stable code.
    pub fn reason(&self) -> ReasonCode {
        match self {
            Self::Unreadable => ReasonCode::CertificateUnreadable,
            Self::UnknownKey => ReasonCode::CertificateUnknownKey,
            Self::BadSignature => ReasonCode::CertificateBadSignature,
            Self::Expired(_) => ReasonCode::CertificateExpired,
            Self::Revoked(_) => ReasonCode::CertificateRevoked,
            Self::ListOutdated => ReasonCode::CertificateListOutdated,
            Self::TooLong => ReasonCode::ServerInternal,
        }
    }
}
