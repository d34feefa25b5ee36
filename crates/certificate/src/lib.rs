//! The certificate: that a person was alive and well on a day, signed so that anyone can check it without asking anyone.
//!
//! **In**: [`Claims`] and the issuer's key ([`issue`]); or whatever somebody holds up as a certificate: its text, its
//! bytes, the picture or the PDF ([`verify`]). **Out**: a [`SignedCertificate`] (COSE_Sign1 with EdDSA, RFC 9052; claims
//! as a CBOR Web Token, RFC 8392; 200-350 bytes, so that it fits a QR code); or the claims, once they are known to be
//! true. With the feature `draw`: the sheet of paper, as SVG, PNG and PDF. **What can go wrong**: [`CertificateError`],
//! each with its reason code; with drawing, `DrawError`. No input makes this crate panic.
//!
//! A certificate shows neither ID number nor face, and the name masked. Only what is signed counts: whoever checks a
//! printed sheet must compare it with the claims that [`verify`] returns. That the issuer took a certificate back is not to be
//! seen in it: whoever must know fetches the issuer's signed [`RevokedList`] beforehand, and holds the claims against it.

mod claims;
#[cfg(feature = "draw")]
mod draw;
mod error;
mod reading;
mod revoked;
mod signed;
#[cfg(test)]
mod tests;

pub use claims::{Channel, Claims};
#[cfg(feature = "draw")]
pub use draw::{DrawError, Drawing, Fonts, MailedForm, MailedFormKind, draw, draw_form};
pub use error::CertificateError;
pub use reading::form_codes;
pub use revoked::RevokedList;
pub use signed::{SignedCertificate, issue, verify};
